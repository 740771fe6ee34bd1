//! Purpose: `/em-agent docs list`: which documents answers are made from, how many and how fresh; and the job that reads
//! them again. Adding is in [`add`], what is being read now in [`status`], forgetting in [`remove`]; a thread that somebody
//! saves in [`save`].

pub mod add;
pub mod remove;
pub mod save;
pub mod status;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_blocks::docs::{DocsView, message_docs};
use em_domain::id::{JobId, SourceId};
use em_domain::job::{JobError, NewJob};
use em_domain::knowledge::{Audience, NewSource, Source, Visibility};
use em_knowledge::{IndexError, Place, Progress, Upload, located};
use em_storage::{StoreError, Upserted};
use serde_json::json;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "docs list",
    usage: "docs list",
    summary: "Show which documents I answer questions from.",
    examples: &["docs list"],
    check_scheduled: None,
};

/// The job that reads all sources again.
pub const READ: &str = "docs.read";
/// The job that works out what passages mean that were sent to us.
pub const EMBED: &str = "docs.embed";
/// The schedule by which one replica takes that job in.
const TICK: &str = "docs.read";
/// How long the reading may take: at 10 passages a second, 100,000 take three hours.
const TIME_LIMIT: Duration = Duration::from_hours(6);

/// Answers `docs list`: what the asker may see.
pub async fn list(ctx: Ctx, invocation: Invocation) -> Outcome {
    let sources = visible(&ctx, &invocation).await?;
    let only_words = ctx.library.why_only_words();
    Ok(Reply::private(message_docs(&DocsView {
        sources: &sources,
        only_words: only_words.as_deref(),
        now: ctx.clock.now(),
    })))
}

/// The sources that the asker may see.
async fn visible(ctx: &Ctx, invocation: &Invocation) -> Result<Vec<Source>, CommandError> {
    let audience = Audience::Person {
        user: invocation.person()?.clone(),
        channel: invocation.channel.clone(),
    };
    let mut sources = ctx.store.knowledge().list_sources().await?;
    sources.retain(|source| source.added.visibility.admits(&audience));
    Ok(sources)
}

/// Has all sources read now, unless there are none or that is about to happen.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue_reading(ctx: &Ctx) -> anyhow::Result<()> {
    if ctx.settings.documents.is_empty() && ctx.store.knowledge().list_sources().await?.is_empty() {
        return Ok(());
    }
    let job = NewJob::new(JobId::new(Ulid::new()), READ, json!({}), ctx.clock.now()).unique(READ);
    ctx.store
        .jobs()
        .enqueue(
            &NewJob {
                time_limit: TIME_LIMIT,
                ..job
            },
            ctx.clock.now(),
        )
        .await?;
    ctx.wake_jobs();
    Ok(())
}

/// Has all sources read if their time has come; of several replicas one does it.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue_due_reading(ctx: &Ctx) -> anyhow::Result<()> {
    let now = ctx.clock.now();
    let every = i64::from(ctx.settings.reread_minutes) * 60;
    if every == 0 {
        return Ok(());
    }
    let due = now.timestamp() - now.timestamp().rem_euclid(every);
    let Some(due) = DateTime::from_timestamp(due, 0) else {
        return Ok(());
    };
    // At the start everything was read anyway.
    if now - due < TimeDelta::minutes(2) && ctx.store.schedules().claim_tick(TICK, due, now).await? {
        enqueue_reading(ctx).await?;
    }
    Ok(())
}

/// The job: reads what the configuration names and what was added, one source after the other.
///
/// # Errors
/// The database does not answer. A source that cannot be read is noted with it and does not stop the others.
pub async fn read(ctx: Ctx) -> Result<(), JobError> {
    let failed = |error: CommandError| JobError::from(error);
    let now = ctx.clock.now();
    for place in &ctx.settings.documents {
        if let Err(error) = add_configured(&ctx, place, now).await? {
            tracing::warn!(place, error, "configured documents cannot be read");
        }
    }
    let sources = ctx.store.knowledge().list_sources().await;
    for source in sources.map_err(|error| failed(error.into()))? {
        match ctx.library.index(&source, now, &|_| {}).await {
            Ok(progress) => {
                tracing::info!(source = %source.added.id, said = progress.in_words(), "documents were read");
            }
            Err(IndexError::Store(error)) => return Err(failed(error.into())),
            Err(error @ (IndexError::Source(_) | IndexError::Stopped(_))) => {
                tracing::warn!(source = %source.added.id, %error, "documents cannot be read");
            }
        }
    }
    // Also where no source could be read: after a change of model all passages wait for their new meaning.
    let done = async {
        let mut progress = Progress::default();
        ctx.library.embed_missing(&mut progress, &|_| {}).await?;
        ctx.library.forget_former_models().await?;
        ctx.library.tidy().await
    };
    done.await.map_err(|error| failed(error.into()))
}

/// Takes in documents that were sent; what their passages mean is worked out afterwards.
///
/// # Errors
/// The database does not answer, or the source was removed.
pub async fn take(ctx: &Ctx, source: &Source, uploads: Vec<Upload>) -> Result<Upserted, CommandError> {
    let upserted = ctx.library.take(source, uploads, ctx.clock.now()).await;
    let upserted = upserted.map_err(|error| match error {
        IndexError::Store(error) => error.into(),
        error @ (IndexError::Source(_) | IndexError::Stopped(_)) => CommandError::Internal(error.into()),
    })?;
    if upserted.new_chunks > 0 {
        enqueue_embedding(ctx).await?;
    }
    Ok(upserted)
}

/// Has the meaning of new passages worked out, unless somebody is at it: whoever is goes on until none is left.
///
/// # Errors
/// The database does not answer.
async fn enqueue_embedding(ctx: &Ctx) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let job = NewJob::new(JobId::new(Ulid::new()), EMBED, json!({}), now).unique(EMBED);
    let job = NewJob {
        time_limit: TIME_LIMIT,
        ..job
    };
    ctx.store.jobs().enqueue(&job, now).await?;
    ctx.wake_jobs();
    Ok(())
}

/// The job: works out what passages mean until all have a meaning that had none.
///
/// # Errors
/// The database does not answer. A model that fails leaves the words, which are found all the same.
pub async fn embed(ctx: Ctx) -> Result<(), JobError> {
    let failed = |error: StoreError| JobError::from(CommandError::from(error));
    loop {
        let mut progress = Progress::default();
        let embedding = ctx.library.embed_missing(&mut progress, &|_| {});
        embedding.await.map_err(failed)?;
        if let Some(why) = progress.only_words {
            tracing::warn!(why, "what was sent is found by its words only");
            return Ok(());
        }
        // Documents that came meanwhile found this job unfinished and took in no other: look again until there is nothing.
        if progress.embedded == 0 {
            return ctx.library.tidy().await.map_err(failed);
        }
    }
}

/// Adds a place that the configuration names; the inner error says why it cannot be.
async fn add_configured(ctx: &Ctx, place: &str, now: DateTime<Utc>) -> Result<Result<(), String>, JobError> {
    let Place { kind, location } = match located(place) {
        Ok(place) => place,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind,
        location,
        visibility: Visibility::Everyone,
        added_by: None,
        added_at: now,
    };
    ctx.store
        .knowledge()
        .insert_source(&new)
        .await
        .map_err(|error| JobError::from(CommandError::from(error)))?;
    Ok(Ok(()))
}
