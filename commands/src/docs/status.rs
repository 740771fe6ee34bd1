//! Purpose: `/em-agent docs status`: what is being read now, what was read when, what could not be read and why.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use em_blocks::docs::{StatusView, message_status};
use em_domain::id::SourceId;
use em_domain::job::JobState;

use super::add::source_of;
use super::{READ, visible};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "docs status",
    usage: "docs status",
    summary: "Show which documents I am reading, and what I could not read.",
    examples: &["docs status"],
    check_scheduled: None,
};

/// Jobs that are looked at.
const JOBS: u16 = 200;

/// Answers `docs status`.
pub async fn status(ctx: Ctx, invocation: Invocation) -> Outcome {
    let sources = visible(&ctx, &invocation).await?;
    let all = sources.iter().map(|source| source.added.id.clone()).collect();
    let being_read = being_read(&ctx, &all).await?;
    let only_words = ctx.library.why_only_words();
    let now = ctx.clock.now();
    Ok(Reply::private(message_status(&StatusView {
        sources: &sources,
        being_read: &being_read,
        next_at: next_at(&ctx, now),
        only_words: only_words.as_deref(),
        now,
    })))
}

/// Those of `sources` that are being read, or are about to be.
async fn being_read(ctx: &Ctx, sources: &BTreeSet<SourceId>) -> Result<BTreeSet<SourceId>, CommandError> {
    let mut being_read = BTreeSet::new();
    for state in [JobState::Running, JobState::Waiting] {
        for job in ctx.store.jobs().list(state, JOBS).await? {
            if job.kind == READ {
                return Ok(sources.clone());
            }
            being_read.extend(source_of(&job).filter(|source| sources.contains(source)));
        }
    }
    Ok(being_read)
}

/// When all sources are read again by the clock.
fn next_at(ctx: &Ctx, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let every = i64::from(ctx.settings.reread_minutes) * 60;
    (every > 0)
        .then(|| now.timestamp() - now.timestamp().rem_euclid(every) + every)
        .and_then(|at| DateTime::from_timestamp(at, 0))
}
