//! Purpose: what happens by the clock: schedules, posted boards and signals that follow the facts, and purging.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_commands::ctx::{Ctx, ScheduledCommand};
use em_jobs::ticker::{Tick, Ticker};
use em_policy::Reloaded;
use em_telemetry::names;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::working;

/// How often schedules are looked at; a tick starts at most this late.
const LOOK: Duration = Duration::from_secs(1);
/// How long facts are given to settle before boards follow: a burst of events makes one edit.
const SETTLE: Duration = Duration::from_millis(500);
/// Boards are looked at this often even when no fact changed, for what other replicas folded.
const REFRESH_BOARDS: Duration = Duration::from_mins(1);
/// Rules are evaluated this often even when no fact changed: much is found because nothing happens.
const EVALUATE: Duration = Duration::from_mins(1);
/// While facts keep changing, evaluating takes no more than this part of the time.
const EVALUATE_AT_MOST: u32 = 10;
/// What changed is evaluated after this long, however long evaluating takes.
const EVALUATE_WITHIN: Duration = Duration::from_secs(20);
/// How often it is looked whether changed files have to be read; only in its own minute a replica reads any.
const READ_CHANGED_FILES: Duration = Duration::from_mins(1);
/// How long Slack's delivery ids are remembered; Slack retries for about an hour.
const REMEMBER_DELIVERIES: chrono::Duration = chrono::Duration::days(1);
/// How often what waits is looked at.
const SEE_TO_WHAT_WAITS: Duration = Duration::from_mins(1);
/// How often standups are looked at: a few small queries each.
const LOOK_AT_STANDUPS: Duration = Duration::from_secs(2);
/// How often people are linked by e-mail: Slack's list of people is asked for, a page for every 200.
const LINK_PEOPLE: Duration = Duration::from_hours(1);
/// How often the policy's files are read again.
const LOOK_AT_POLICY: Duration = Duration::from_secs(2);
/// How long jobs that were done or called off are kept, for whoever asks what happened.
const REMEMBER_JOBS: chrono::Duration = chrono::Duration::days(7);
/// How long jobs that were given up are kept for somebody to look at.
const REMEMBER_DEAD_JOBS: chrono::Duration = chrono::Duration::days(90);
/// How long it is remembered that a schedule ticked; later than [`em_jobs::schedule::LATEST_START`] nobody asks.
const REMEMBER_TICKS: chrono::Duration = chrono::Duration::days(7);
/// How long forecasts are kept that reports told: reports look back at a few of them.
const REMEMBER_FORECASTS: chrono::Duration = chrono::Duration::days(400);
/// How often old events are purged.
const PURGE: Duration = Duration::from_hours(1);

/// Takes in a job for whatever comes due, by the configuration and by what people keep.
pub async fn run_schedules(ctx: Ctx, commands: Vec<ScheduledCommand>, stop: CancellationToken) {
    let schedules = commands.iter().map(|command| command.schedule.clone()).collect();
    let clock = ctx.clock.clone();
    let make_job = move |tick: &Tick| working::scheduled_job(&commands, tick, clock.now());
    let mut ticker = Ticker::new(
        ctx.store.clone(),
        ctx.clock.clone(),
        schedules,
        Box::new(make_job),
    );
    loop {
        match ticker.claim_due().await {
            Ok(ticks) if ticks.is_empty() => {}
            Ok(_) => ctx.wake_jobs(),
            Err(error) => tracing::warn!(%error, "schedules could not be looked at; trying again"),
        }
        match em_commands::schedule::fire::take_due(&ctx).await {
            Ok(0) => {}
            Ok(_) => ctx.wake_jobs(),
            Err(error) => tracing::warn!(%error, "kept schedules could not be looked at; trying again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Keeps posted boards up to date.
pub async fn run_boards(ctx: Ctx, mut changed: watch::Receiver<()>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changed.changed() => tokio::time::sleep(SETTLE).await,
            () = tokio::time::sleep(REFRESH_BOARDS) => {}
        }
        if let Err(error) = em_commands::triage::post::refresh_boards(&ctx).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "posted boards could not be brought up to date; trying again"
            );
        }
    }
}

/// Keeps the messages about deployments up to date.
pub async fn run_deployment_notices(ctx: Ctx, mut changed: watch::Receiver<()>, stop: CancellationToken) {
    loop {
        if let Err(error) = em_commands::deployment_notice::look(&ctx).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "messages about deployments could not be brought up to date; trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changed.changed() => tokio::time::sleep(SETTLE).await,
            () = tokio::time::sleep(EVALUATE) => {}
        }
    }
}

/// Evaluates the rules, and tells of what they find.
pub async fn run_signals(ctx: Ctx, mut changed: watch::Receiver<()>, stop: CancellationToken) {
    loop {
        let started = Instant::now();
        if let Err(error) = em_commands::signal::evaluate(&ctx).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "signals could not be brought up to date; trying again"
            );
        }
        let took = started.elapsed();
        metrics::histogram!(names::SIGNALS_EVALUATE_SECONDS).record(took.as_secs_f64());
        let rest = (took * EVALUATE_AT_MOST).clamp(SETTLE, EVALUATE_WITHIN);
        let change = async {
            // Nobody who could change anything is left: the stop is near.
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(rest).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = change => {}
            () = tokio::time::sleep(EVALUATE) => {}
        }
    }
}

/// Learns which files pull requests change, where a rule looks at paths, and evaluates the rules by what was learned.
/// Beside [`run_signals`], so that no evaluation waits for GitHub.
pub async fn run_changed_files(ctx: Ctx, stop: CancellationToken) {
    loop {
        let read = async {
            if em_commands::signal::files::read_changed_files(&ctx).await? > 0 {
                em_commands::signal::evaluate(&ctx).await?;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            () = stop.cancelled() => return,
            read = read => if let Err(error) = read {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "changed files could not be read; trying again"
                );
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(READ_CHANGED_FILES) => {}
        }
    }
}

/// Sees to what waits: questions in a quiet period, messages held for a morning, what was agreed to and stands still, what the policy wants
/// done about signals that have grown old, goals whose hour has come; each night a week is counted again.
pub async fn run_approvals(ctx: Ctx, stop: CancellationToken) {
    loop {
        let seen_to = async {
            em_commands::approval::timers::look_after(&ctx).await?;
            em_commands::notice::look_after(&ctx).await?;
            em_commands::signal::reaction::propose_what_is_due(&ctx).await?;
            em_commands::goal::enqueue_due(&ctx).await?;
            em_commands::selfcheck::enqueue_due(&ctx).await?;
            em_commands::docs::enqueue_due_reading(&ctx).await
        };
        if let Err(error) = seen_to.await {
            tracing::warn!(
                error = format!("{error:#}"),
                "what waits could not be seen to; trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SEE_TO_WHAT_WAITS) => {}
        }
    }
}

/// Holds standups: opens their rounds, ends blockers that moved, tells of those that grew old.
pub async fn run_standups(ctx: Ctx, stop: CancellationToken) {
    loop {
        if let Err(error) = em_commands::standup::round::look_after(&ctx).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "standups could not be seen to; trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_AT_STANDUPS) => {}
        }
    }
}

/// Links people by e-mail, so that most never need to say who they are.
pub async fn run_links(ctx: Ctx, stop: CancellationToken) {
    loop {
        if let Err(error) = em_commands::link::link_everybody_by_email(&ctx).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "people could not be linked by e-mail; trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LINK_PEOPLE) => {}
        }
    }
}

/// Puts a changed policy in force.
pub async fn run_policy(ctx: Ctx, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_AT_POLICY) => {}
        }
        match ctx.policy.own.reload(ctx.clock.now()) {
            Reloaded::Unchanged => {}
            Reloaded::Replaced(version) => tracing::info!(policy = version, "another policy is in force"),
            Reloaded::Refused(error) => tracing::error!(
                %error,
                "the changed policy cannot be used; the one before stays in force"
            ),
        }
    }
}

/// Purges raw events past their retention, and what is only kept to recognise repetitions.
pub async fn run_purge(ctx: Ctx, retention_days: u32, stop: CancellationToken) {
    loop {
        let now: DateTime<Utc> = ctx.clock.now();
        let before = now - chrono::Duration::days(i64::from(retention_days));
        if let Err(error) = ctx.store.deliveries().purge(now - REMEMBER_DELIVERIES).await {
            tracing::warn!(%error, "old delivery ids could not be purged; trying again");
        }
        if let Err(error) = ctx.store.decisions().purge(before).await {
            tracing::warn!(%error, "old answers of the policy could not be purged; trying again");
        }
        if let Err(error) = ctx.store.signals().purge(before).await {
            tracing::warn!(%error, "old signals could not be purged; trying again");
        }
        purge_questions(&ctx, before, now).await;
        match ctx.store.events().purge(before).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(events = purged, "purged events past their retention"),
            Err(error) => tracing::warn!(%error, "old events could not be purged; trying again"),
        }
        purge_jobs(&ctx, now).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PURGE) => {}
        }
    }
}

/// Questions are as old as raw events may get; what nobody stands for any longer goes at once.
async fn purge_questions(ctx: &Ctx, before: DateTime<Utc>, now: DateTime<Utc>) {
    if let Err(error) = ctx.store.answers().purge(before).await {
        tracing::warn!(%error, "old questions could not be purged; trying again");
    }
    if let Err(error) = purge_standups(ctx, before).await {
        tracing::warn!(%error, "old standups could not be purged; trying again");
    }
    if let Err(error) = ctx.store.notices().purge(before).await {
        tracing::warn!(%error, "old direct messages could not be forgotten; trying again");
    }
    if let Err(error) = ctx.store.official_answers().purge(now).await {
        tracing::warn!(%error, "expired official answers could not be purged; trying again");
    }
    if let Err(error) = ctx.store.llm_usage().purge(before.date_naive()).await {
        tracing::warn!(%error, "the old use of the language model could not be purged; trying again");
    }
}

/// What was said in standups is as old as raw events may get.
async fn purge_standups(ctx: &Ctx, before: DateTime<Utc>) -> Result<(), em_storage::StoreError> {
    ctx.store.standups().purge(before.date_naive()).await?;
    ctx.store.standups().purge_blockers(before).await?;
    ctx.store.days_off().purge(before.date_naive()).await?;
    Ok(())
}

async fn purge_jobs(ctx: &Ctx, now: DateTime<Utc>) {
    let jobs = ctx.store.jobs();
    if let Err(error) = jobs.purge(now - REMEMBER_JOBS, now - REMEMBER_DEAD_JOBS).await {
        tracing::warn!(%error, "old jobs could not be purged; trying again");
    }
    if let Err(error) = ctx.store.forecasts().purge(now - REMEMBER_FORECASTS).await {
        tracing::warn!(%error, "old forecasts could not be purged; trying again");
    }
    if let Err(error) = ctx.store.schedules().purge(now - REMEMBER_TICKS).await {
        tracing::warn!(%error, "old ticks could not be purged; trying again");
    }
}
