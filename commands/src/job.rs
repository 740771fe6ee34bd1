//! Purpose: `/em-agent jobs`: work that was given up, waits or runs; and trying it again or calling it off.

use clap::Parser;
use em_blocks::job::{
    JobsView, message_cancelled, message_job, message_jobs, message_no_job, message_retried,
};
use em_domain::id::JobId;
use em_domain::job::JobState;

use crate::ctx::Ctx;
use crate::invocation::{Click, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How the list is written.
pub const LIST: Spec = Spec {
    path: "jobs",
    usage: "jobs [dead|waiting]",
    summary: "Show my jobs: what I gave up, what waits, what runs.",
    examples: &["jobs", "jobs dead"],
    check_scheduled: None,
};

/// How one is shown.
pub const SHOW: Spec = Spec {
    path: "jobs show",
    usage: "jobs show <id>",
    summary: "Show one job and every attempt at it.",
    examples: &["jobs show job_01KAKKH2G00000000000000007"],
    check_scheduled: None,
};

/// How one is tried again.
pub const RETRY: Spec = Spec {
    path: "jobs retry",
    usage: "jobs retry <id>",
    summary: "Run a job once more that I gave up.",
    examples: &["jobs retry job_01KAKKH2G00000000000000007"],
    check_scheduled: None,
};

/// How one is called off.
pub const CANCEL: Spec = Spec {
    path: "jobs cancel",
    usage: "jobs cancel <id>",
    summary: "Call a job off.",
    examples: &["jobs cancel job_01KAKKH2G00000000000000007"],
    check_scheduled: None,
};

/// Jobs that are listed of each state.
const LISTED: u16 = 10;

#[derive(Debug, Parser)]
struct Which {
    state: Option<State>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum State {
    Dead,
    Waiting,
}

#[derive(Debug, Parser)]
struct One {
    id: String,
}

/// Answers `jobs`.
pub async fn list(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Which { state } = LIST.parse(&invocation.words)?;
    let states: &[JobState] = match state {
        Some(State::Dead) => &[JobState::Dead],
        Some(State::Waiting) => &[JobState::Waiting],
        None => &[JobState::Dead, JobState::Running, JobState::Waiting],
    };
    let jobs = ctx.store.jobs();
    let counts = jobs.count(ctx.clock.now()).await?;
    let mut groups = Vec::new();
    for state in states {
        groups.push((*state, jobs.list(*state, LISTED).await?));
    }
    Ok(Reply::private(message_jobs(&JobsView {
        counts: &counts,
        groups: &groups,
        zone: ctx.settings.calendar.zone,
    })))
}

/// Answers `jobs show`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let One { id: typed } = SHOW.parse(&invocation.words)?;
    let jobs = ctx.store.jobs();
    let found = match JobId::parse(&typed) {
        Some(id) => jobs.find(&id).await?,
        None => None,
    };
    let Some(job) = found else {
        return Ok(Reply::private(message_no_job(&typed)));
    };
    let attempts = jobs.list_attempts(&job.id).await?;
    let zone = ctx.settings.calendar.zone;
    Ok(Reply::private(message_job(&job, &attempts, zone)))
}

/// Answers `jobs retry`.
pub async fn retry(ctx: Ctx, invocation: Invocation) -> Outcome {
    let One { id } = RETRY.parse(&invocation.words)?;
    retry_job(&ctx, &id).await
}

/// Answers `jobs cancel`.
pub async fn cancel(ctx: Ctx, invocation: Invocation) -> Outcome {
    let One { id } = CANCEL.parse(&invocation.words)?;
    cancel_job(&ctx, &id).await
}

/// The button or entry *Retry*.
pub async fn retry_clicked(ctx: Ctx, click: Click) -> Outcome {
    retry_job(&ctx, id_of(&click)).await
}

/// The button or entry *Cancel*.
pub async fn cancel_clicked(ctx: Ctx, click: Click) -> Outcome {
    cancel_job(&ctx, id_of(&click)).await
}

/// A button carries the id itself, a menu in its row.
fn id_of(click: &Click) -> &str {
    if click.value.is_empty() {
        &click.subject
    } else {
        &click.value
    }
}

async fn retry_job(ctx: &Ctx, typed: &str) -> Outcome {
    let Some(id) = JobId::parse(typed) else {
        return Ok(Reply::private(message_no_job(typed)));
    };
    let replay = ctx.store.jobs().replay(&id, ctx.clock.now()).await?;
    ctx.wake_jobs();
    Ok(Reply::private(message_retried(&id, replay)))
}

async fn cancel_job(ctx: &Ctx, typed: &str) -> Outcome {
    let Some(id) = JobId::parse(typed) else {
        return Ok(Reply::private(message_no_job(typed)));
    };
    let cancel = ctx.store.jobs().cancel(&id, ctx.clock.now()).await?;
    Ok(Reply::private(message_cancelled(&id, cancel)))
}
