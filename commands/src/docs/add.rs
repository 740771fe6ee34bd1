//! Purpose: `/em-agent docs add https://github.com/acme/api`: a page or a repository becomes a source of answers. It is looked
//! at first; the reading is a job, so that it survives a restart, and one direct message tells how it goes.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Parser;
use em_blocks::docs::{Reading, message_added, message_reading};
use em_domain::id::{JobId, SlackUser, SourceId};
use em_domain::job::{Job, JobError, NewJob, Priority};
use em_domain::knowledge::{NewSource, Source, Visibility};
use em_integrations::slack::Place;
use em_knowledge::{IndexError, Progress, addressed, is_address};
use em_storage::Added;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use ulid::Ulid;

use super::TIME_LIMIT;
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "docs add",
    usage: "docs add <url> [--only-here]",
    summary: "Answer from a web page, and from what is written on GitHub, in Confluence, Jira, Notion, Linear or PagerDuty, too.",
    examples: &[
        "docs add https://docs.example.com/runbook",
        "docs add https://github.com/acme/api",
        "docs add https://acme.atlassian.net/wiki/spaces/ENG",
        "docs add https://acme.atlassian.net/browse/PAY",
        "docs add https://www.notion.so/Handbook-be633bf1dfa0436db259571129a590e5",
        "docs add https://linear.app/acme/team/PAY",
        "docs add https://acme.pagerduty.com",
        "docs add https://github.com/acme/secret --only-here",
    ],
    check_scheduled: None,
};

/// The job that reads a source for the first time.
pub const READ_ONE: &str = "docs.read_one";
/// How long a place may take until it shows that it can be read: somebody waits.
const LOOK: Duration = Duration::from_secs(40);
/// The shortest time between two edits of the message.
const BETWEEN_EDITS: Duration = Duration::from_secs(3);
/// How long the message is remembered.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(7);
/// More than a reading counts: the last edit comes after all others of its claim.
const LAST: i64 = 1_000_000_000;

#[derive(Debug, Parser)]
struct Args {
    url: String,
    #[arg(long)]
    only_here: bool,
}

/// What the job is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    source: SourceId,
    user: SlackUser,
}

/// Answers `docs add`.
pub async fn add(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args { url, only_here } = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?.clone();
    let url = as_written(&url);
    // A path would be one of the machine that the program runs on.
    if !is_address(url) {
        return Err(CommandError::user(
            "Give me an address that begins with https://. Folders and files are added by whoever runs me, with `em-agent \
             docs add PATH`.",
        ));
    }
    let refused =
        |error: em_knowledge::SourceError| CommandError::user(format!("{error}. I did not add it."));
    let place = addressed(url).map_err(refused)?;
    let looked = tokio::time::timeout(LOOK, ctx.library.check(&place)).await;
    let too_slow = |_| CommandError::user(format!("{url} did not answer in time. I did not add it."));
    looked.map_err(too_slow)?.map_err(refused)?;
    let visibility = match (only_here, invocation.channel) {
        (false, _) => Visibility::Everyone,
        (true, Some(channel)) => Visibility::Channels(BTreeSet::from([channel])),
        (true, None) => Visibility::People(BTreeSet::from([user.clone()])),
    };
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind: place.kind,
        location: place.location,
        visibility,
        added_by: Some(user.clone()),
        added_at: ctx.clock.now(),
    };
    let added = ctx.store.knowledge().insert_source(&new).await?;
    enqueue(&ctx, added.source(), user).await?;
    let is_new = matches!(added, Added::New(_));
    Ok(Reply::private(message_added(&new.location, is_new)))
}

/// Slack turns an address into `<https://example.com|example.com>`.
fn as_written(word: &str) -> &str {
    let inside = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
    let inside = inside.unwrap_or(word);
    inside.split_once('|').map_or(inside, |(address, _)| address)
}

async fn enqueue(ctx: &Ctx, source: &Source, user: SlackUser) -> Result<(), CommandError> {
    let id = &source.added.id;
    let errand = Errand {
        source: id.clone(),
        user,
    };
    let payload = serde_json::to_value(&errand).map_err(anyhow::Error::new)?;
    let now = ctx.clock.now();
    let job = NewJob::new(JobId::new(Ulid::new()), READ_ONE, payload, now).unique(format!("{READ_ONE}:{id}"));
    let job = NewJob {
        time_limit: TIME_LIMIT,
        // Somebody waits for it.
        priority: Priority::High,
        ..job
    };
    ctx.store.jobs().enqueue(&job, now).await?;
    ctx.wake_jobs();
    Ok(())
}

/// Which source a job reads, if it is such a job.
pub(super) fn source_of(job: &Job) -> Option<SourceId> {
    let errand: Errand = serde_json::from_value(job.payload.clone()).ok()?;
    (job.kind == READ_ONE).then_some(errand.source)
}

/// The job: reads one source and tells whoever added it how that goes.
///
/// # Errors
/// The database does not answer. A source that cannot be read is told to the person.
pub async fn read_one(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let errand: Errand =
        serde_json::from_value(job.payload.clone()).map_err(|error| JobError::Fail(error.to_string()))?;
    let failed = |error: em_storage::StoreError| JobError::from(CommandError::from(error));
    let found = ctx.store.knowledge().find_source(&errand.source).await;
    let Some(source) = found.map_err(failed)? else {
        // It was removed again.
        return Ok(());
    };
    let message = Message::open(&ctx, &job, &source, &errand.user).await?;
    let indexed = message.during(&ctx, &source).await;
    let indexed = match indexed {
        Ok(progress) => Ok(progress),
        Err(IndexError::Store(error)) => return Err(failed(error)),
        Err(error @ (IndexError::Source(_) | IndexError::Stopped(_))) => Err(error.to_string()),
    };
    ctx.library.tidy().await.map_err(failed)?;
    let found = ctx.store.knowledge().find_source(&errand.source).await;
    let state = found
        .map_err(failed)?
        .map(|source| source.state)
        .unwrap_or_default();
    let reading = match &indexed {
        Ok(progress) => Reading::Done {
            documents: state.documents,
            passages: state.chunks,
            unreadable: &progress.unreadable,
            unreadable_count: progress.unreadable_count,
        },
        Err(why) => Reading::Failed(why),
    };
    message.show(&ctx, reading, LAST).await?;
    Ok(())
}

/// The one message about the reading.
struct Message {
    purpose: String,
    place: Place,
    location: String,
    /// Counts up with each claim of the job.
    claim: i64,
}

impl Message {
    async fn open(ctx: &Ctx, job: &Job, source: &Source, user: &SlackUser) -> Result<Self, CommandError> {
        let message = Self {
            purpose: format!("docs:{}", job.id),
            place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
            location: source.added.location.clone(),
            claim: job.lease_token,
        };
        message.show(ctx, Reading::At(0), 0).await?;
        Ok(message)
    }

    /// Reads the source while the message follows.
    async fn during(&self, ctx: &Ctx, source: &Source) -> Result<Progress, IndexError> {
        let (told, news) = watch::channel(0);
        let is_over = Notify::new();
        let reading = async {
            let tell = |progress: &Progress| {
                told.send_replace(progress.read);
            };
            let indexed = ctx.library.index(source, ctx.clock.now(), &tell).await;
            is_over.notify_one();
            indexed
        };
        let (indexed, ()) = tokio::join!(reading, self.follow(ctx, news, &is_over));
        indexed
    }

    /// Edits the message now and then until the reading is over.
    async fn follow(&self, ctx: &Ctx, mut news: watch::Receiver<u64>, is_over: &Notify) {
        loop {
            tokio::select! {
                () = is_over.notified() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
            let read = *news.borrow_and_update();
            let version = i64::try_from(read).unwrap_or(LAST).min(LAST - 1);
            if let Err(error) = self.show(ctx, Reading::At(read), version).await {
                // The next edit says more anyway.
                tracing::debug!(%error, "how far the reading is could not be told");
            }
            tokio::select! {
                () = is_over.notified() => return,
                () = tokio::time::sleep(BETWEEN_EDITS) => {}
            }
        }
    }

    async fn show(&self, ctx: &Ctx, reading: Reading<'_>, version: i64) -> Result<(), CommandError> {
        let wanted = Wanted {
            purpose: self.purpose.clone(),
            place: self.place.clone(),
            content: message_reading(&self.location, reading),
            version: self.claim * 2 * LAST + version,
            until: ctx.clock.now() + REMEMBERED_FOR,
        };
        copy::show(ctx, &wanted, false).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_whatever_way_slack_writes_it() {
        for word in [
            "https://a.example/b",
            "<https://a.example/b>",
            "<https://a.example/b|a.example/b>",
        ] {
            assert_eq!(as_written(word), "https://a.example/b");
        }
    }
}
