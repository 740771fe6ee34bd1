//! Purpose: what reports on the work are made from: the facts, the report, and what was forecast before.

use anyhow::Context;
use em_domain::digest::Digest;
use em_domain::id::SlackChannel;
use em_domain::pull_request::PullRequestKey;
use em_domain::sprint::promise::{LOOK_BACK, Memory, Promise};
use em_domain::sprint::{Sprint, WorkFacts, facts_since};
use em_domain::triage::TeamScope;
use em_storage::WorkOf;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// A report and what it was made from.
pub(crate) struct Work {
    /// The report.
    pub(crate) sprint: Sprint,
    /// The pull requests that its forecast is about.
    pub(crate) ready: Vec<PullRequestKey>,
    /// The last week.
    pub(crate) digest: Digest,
}

/// How the work of a team, or of everybody, went in the last `days` days.
pub(crate) async fn sprint(ctx: &Ctx, team: Option<&TeamScope>, days: u32) -> Result<Work, CommandError> {
    let now = ctx.clock.now();
    let of = WorkOf {
        team,
        with_bots: ctx.settings.triage.include_bots,
    };
    let facts = ctx.store.sprints().facts(of, facts_since(now, days), now).await?;
    let calendar = ctx.settings.calendar.clone();
    // Ten thousand plays and a step for each day of each age: away from the async threads, which have others to answer.
    let work = tokio::task::spawn_blocking(move || Work {
        sprint: Sprint::new(&facts, &calendar, days),
        digest: Digest::new(&facts, &calendar),
        ready: ready(facts),
    });
    Ok(work.await.context("a report was not made")?)
}

fn ready(facts: WorkFacts) -> Vec<PullRequestKey> {
    let ready = facts.open.into_iter().filter(|pull| pull.is_ready);
    ready.map(|pull| pull.key).collect()
}

/// The forecasts that follow on one another: those told to one channel about one team.
pub(crate) fn series(channel: &SlackChannel, team: Option<&str>) -> String {
    format!("{channel}:{}", team.unwrap_or_default().to_lowercase())
}

/// What came true of what other posts of the series said before today.
pub(crate) async fn memory(ctx: &Ctx, series: &str, purpose: &str) -> Result<Memory, CommandError> {
    let (now, calendar) = (ctx.clock.now(), &ctx.settings.calendar);
    let today = calendar.local_date(now);
    let mut former = ctx
        .store
        .forecasts()
        .list_former(series, purpose, 2 * LOOK_BACK)
        .await?;
    former.retain(|promise| calendar.local_date(promise.made_at) < today);
    former.truncate(LOOK_BACK);
    let mut keys: Vec<PullRequestKey> = former
        .iter()
        .flat_map(|promise| promise.pulls.iter().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    let ends = ctx.store.forecasts().list_ends(&keys).await?;
    Ok(Memory::new(&former, &ends, calendar, now))
}

/// Remembers what a post has told.
pub(crate) async fn remember(ctx: &Ctx, series: &str, purpose: &str, work: Work) -> Result<(), CommandError> {
    if let Some(promise) = Promise::of(&work.sprint, work.ready) {
        ctx.store.forecasts().upsert(purpose, series, &promise).await?;
    }
    Ok(())
}
