//! Purpose: what kept schedules do by the clock. A tick is taken and its job taken in together; the job looks once more
//! whether the tick is wanted, and what fails is told to the owner.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_blocks::schedule::told::{message_missed, message_trouble};
use em_domain::id::JobId;
use em_domain::job::{Job, JobError, NewJob};
use em_domain::schedule::{CaughtUp, Definition, Kept, MissedTicks, ScheduleId, catch_up};
use em_integrations::slack::Place;
use em_storage::{Consequences, StoreError};
use em_telemetry::names;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;

use super::define::{permitted, reachable};
use super::{TRIES, entry, when};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Outcome};
use crate::registry::check_scheduled;

/// The job that does what a schedule does.
pub const FIRE: &str = "schedule.fire";
/// The job that tells an owner what is wrong.
pub const TELL: &str = "schedule.tell";
/// The job that tells an owner what was left out.
pub const MISSED: &str = "schedule.missed";
/// How long a command may take: Slack may ask to wait.
const TIME_LIMIT: Duration = Duration::from_mins(5);
/// How long a message to an owner is remembered, to be edited.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);
/// What owners read of a failure of ours.
const OURS: &str = "Slack or my database did not answer, also when I tried again. Whoever runs me finds the reason in my log.";

/// What the job is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Firing {
    id: ScheduleId,
    due_at: DateTime<Utc>,
}

/// What an owner is told was left out.
#[derive(Debug, Serialize, Deserialize)]
struct LeftOut {
    id: ScheduleId,
    ticks: MissedTicks,
}

/// Takes every tick that came due and that nobody has taken; answers how many schedules had one.
///
/// # Errors
/// The database does not answer; the same ticks are taken next time.
pub async fn take_due(ctx: &Ctx) -> Result<usize, StoreError> {
    let now = ctx.clock.now();
    let due = ctx.store.kept_schedules().list_due(now).await?;
    let mut taken = 0;
    for kept in &due {
        // Somebody else has it, or it was changed just now: then it is looked at again in a second.
        taken += usize::from(take(ctx, kept, now).await?);
    }
    Ok(taken)
}

async fn take(ctx: &Ctx, kept: &Kept, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let schedules = ctx.store.kept_schedules();
    let schedule = match when(&kept.definition) {
        Ok(schedule) => schedule,
        Err(why) => {
            let broken = kept.broken(&why, now);
            return schedules.record(&broken, &told(ctx, &broken)).await;
        }
    };
    let due = schedule.between(kept.next_at.unwrap_or(now), now);
    let CaughtUp { run, missed } = catch_up(kept.definition.missed, &due, now);
    let next = kept.ticked(run, schedule.next_after(now), now);
    let follows = Consequences {
        jobs: run
            .map(|due_at| fire_job(&kept.id, due_at, now))
            .into_iter()
            .chain(missed.map(|ticks| missed_job(&kept.id, ticks, now)))
            .collect(),
        ..Consequences::default()
    };
    let is_mine = schedules.record(&next, &follows).await?;
    if is_mine && run.is_some() {
        metrics::counter!(names::TICKS_TOTAL, "schedule" => "kept").increment(1);
    }
    Ok(is_mine)
}

fn fire_job(id: &ScheduleId, due_at: DateTime<Utc>, now: DateTime<Utc>) -> NewJob {
    let payload = json!(Firing {
        id: id.clone(),
        due_at
    });
    let key = format!("{FIRE}:{id}:{}", due_at.timestamp());
    NewJob {
        time_limit: TIME_LIMIT,
        ..NewJob::new(JobId::new(Ulid::new()), FIRE, payload, now).unique(key)
    }
}

fn missed_job(id: &ScheduleId, ticks: MissedTicks, now: DateTime<Utc>) -> NewJob {
    let payload = json!(LeftOut {
        id: id.clone(),
        ticks
    });
    let key = format!("{MISSED}:{id}:{}", ticks.last.timestamp());
    NewJob::new(JobId::new(Ulid::new()), MISSED, payload, now).unique(key)
}

/// What follows from a trouble: its owner is told. A pause is in the log too.
fn told(ctx: &Ctx, kept: &Kept) -> Consequences {
    let now = ctx.clock.now();
    let job = NewJob::new(JobId::new(Ulid::new()), TELL, json!(kept.id), now);
    let pause =
        (!kept.is_active()).then(|| entry(ctx, &format!("schedule:{}", kept.id), "schedule.paused", kept));
    Consequences {
        jobs: vec![job],
        audit: pause.into_iter().collect(),
    }
}

fn read<T: serde::de::DeserializeOwned>(payload: Value) -> Result<T, JobError> {
    serde_json::from_value(payload)
        .map_err(|error| JobError::Fail(format!("not a job of schedules: {error}")))
}

fn failed(error: impl Into<CommandError>) -> JobError {
    JobError::from(error.into())
}

/// The job of a tick: has `type_it` type the command, unless the tick is not wanted any more or comes too late.
///
/// # Errors
/// What trying again may cure. What it cannot is told to the owner, and the job is done.
pub async fn fire<R>(
    ctx: Ctx,
    job: Job,
    type_it: impl FnOnce(String, Definition) -> R + Send,
) -> Result<(), JobError>
where
    R: Future<Output = Outcome> + Send,
{
    let Firing { id, due_at } = read(job.payload)?;
    let found = ctx.store.kept_schedules().find(&id).await.map_err(failed)?;
    let Some(kept) = found.filter(|kept| kept.wants(due_at)) else {
        tracing::info!(schedule = %id, %due_at, "a tick that nobody wants any more; left out");
        return Ok(());
    };
    let now = ctx.clock.now();
    if !kept.definition.missed.allows(due_at, now) {
        let ticks = MissedTicks {
            first: due_at,
            last: due_at,
            count: 1,
            then_ran: false,
        };
        return tell_missed(&ctx, &kept, ticks).await;
    }
    let outcome = match ready(&ctx, &kept).await {
        Ok(()) => type_it(id.to_string(), kept.definition.clone()).await.map(drop),
        Err(error) => Err(error),
    };
    let Err(error) = outcome else {
        return worked(&ctx, &id).await.map_err(failed);
    };
    match JobError::from(error) {
        JobError::Fail(what) | JobError::Unknown(what) => {
            note_failure(&ctx, &id, due_at, &what).await.map_err(failed)
        }
        error @ JobError::Retry { .. } => {
            if job.attempts >= job.max_attempts {
                note_failure(&ctx, &id, due_at, OURS).await.map_err(failed)?;
            }
            Err(error)
        }
        JobError::Stopped => Err(JobError::Stopped),
    }
}

/// Whether the command can be typed now: it is still one, its owner may type it, and the channel takes it.
async fn ready(ctx: &Ctx, kept: &Kept) -> Result<(), CommandError> {
    check_scheduled(&kept.definition.run).map_err(CommandError::User)?;
    permitted(ctx, &kept.owner, &kept.definition.run).await?;
    reachable(ctx, kept.definition.channel.as_str(), None)
        .await
        .map(drop)
}

async fn worked(ctx: &Ctx, id: &ScheduleId) -> Result<(), CommandError> {
    for _ in 0..TRIES {
        let kept = ctx.store.kept_schedules().find(id).await?;
        let Some(next) = kept.and_then(|kept| kept.worked(ctx.clock.now())) else {
            return Ok(());
        };
        if ctx
            .store
            .kept_schedules()
            .record(&next, &Consequences::default())
            .await?
        {
            return Ok(());
        }
    }
    Err(crowded(id))
}

/// Trying again later helps.
fn crowded(id: &ScheduleId) -> CommandError {
    CommandError::Internal(anyhow::anyhow!("many change {id} at once"))
}

/// Notes that a tick failed; the owner is told of what is news.
async fn note_failure(
    ctx: &Ctx,
    id: &ScheduleId,
    due_at: DateTime<Utc>,
    what: &str,
) -> Result<(), CommandError> {
    for _ in 0..TRIES {
        let kept = ctx.store.kept_schedules().find(id).await?;
        let now = ctx.clock.now();
        let wanted = kept.filter(|kept| kept.wants(due_at));
        let Some(next) = wanted.and_then(|kept| kept.failed(due_at, what, now)) else {
            return Ok(());
        };
        tracing::warn!(schedule = %id, failures = next.failures, what, "a schedule did not work");
        let is_new = next.trouble.as_ref().is_some_and(|trouble| trouble.since == now);
        let follows = if is_new || !next.is_active() {
            told(ctx, &next)
        } else {
            Consequences::default()
        };
        if ctx.store.kept_schedules().record(&next, &follows).await? {
            ctx.wake_jobs();
            return Ok(());
        }
    }
    Err(crowded(id))
}

/// The job that tells an owner what is wrong: one message for one trouble, which is edited when the schedule is paused.
///
/// # Errors
/// Slack or the database does not answer.
pub async fn tell(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id: ScheduleId = read(job.payload)?;
    let kept = ctx.store.kept_schedules().find(&id).await.map_err(failed)?;
    let Some(kept) = kept else { return Ok(()) };
    let (Some(trouble), Some(content)) = (&kept.trouble, message_trouble(&kept)) else {
        // It was mended meanwhile.
        return Ok(());
    };
    let purpose = format!("schedule:{id}:{}", trouble.since.timestamp_millis());
    say(&ctx, &kept, purpose, content).await
}

/// The job that tells an owner what was left out.
///
/// # Errors
/// Slack or the database does not answer.
pub async fn missed(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let LeftOut { id, ticks } = read(job.payload)?;
    match ctx.store.kept_schedules().find(&id).await.map_err(failed)? {
        Some(kept) => tell_missed(&ctx, &kept, ticks).await,
        None => Ok(()),
    }
}

async fn tell_missed(ctx: &Ctx, kept: &Kept, ticks: MissedTicks) -> Result<(), JobError> {
    let purpose = format!("schedule:{}:missed:{}", kept.id, ticks.last.timestamp());
    say(ctx, kept, purpose, message_missed(kept, &ticks)).await
}

/// Says something to the owner, once.
async fn say(ctx: &Ctx, kept: &Kept, purpose: String, content: SlackMessageContent) -> Result<(), JobError> {
    let direct = ctx.slack.open_dm(kept.owner.as_str()).await.map_err(failed)?;
    let wanted = Wanted {
        purpose,
        place: Place::channel(direct),
        content,
        version: kept.version,
        until: ctx.clock.now() + REMEMBERED_FOR,
    };
    copy::show(ctx, &wanted, false).await.map(drop).map_err(failed)
}
