//! Purpose: the jobs of this process: what does which kind, and the jobs that the program itself takes in. Features
//! list theirs in `em_commands::registry::JOBS`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use em_commands::ctx::{Ctx, ScheduledCommand};
use em_commands::registry;
use em_commands::schedule::fire;
use em_domain::id::JobId;
use em_domain::job::{Job, JobError, NewJob};
use em_domain::schedule::Definition;
use em_jobs::runner::{Handlers, Pace, Runner};
use em_jobs::schedule::LATEST_START;
use em_jobs::ticker::Tick;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::dispatch::Dispatcher;
use crate::polling::Polling;

/// Types a command because a schedule came due.
const SCHEDULED_COMMAND: &str = "schedule.run";
/// How long a scheduled command may take: Slack may ask to wait.
const COMMAND_TIME_LIMIT: Duration = Duration::from_mins(5);
/// Polling has no end, and a replica that dies while it polls is no reason to give it up.
const ENDLESS: Duration = Duration::from_hours(24 * 365);
/// How often it is seen to that somebody polls.
const SEE_TO_POLLING: Duration = Duration::from_secs(30);

/// What a scheduled command needs.
#[derive(Debug, Serialize, Deserialize)]
struct Scheduled {
    schedule: String,
    due_at: DateTime<Utc>,
    run: String,
    channel: String,
}

/// The runner of this process.
pub fn runner(
    ctx: &Ctx,
    dispatcher: &Arc<Dispatcher>,
    polling: Vec<Polling>,
    stop: &CancellationToken,
) -> Runner {
    let mut handlers = Handlers::default();
    for (kind, on_job) in registry::JOBS {
        let ctx = ctx.clone();
        handlers = handlers.with(kind, move |job| on_job(ctx.clone(), job));
    }
    handlers = type_commands(handlers, ctx, dispatcher);
    for polling in polling {
        let stop = stop.clone();
        handlers = handlers.with(&poll_job(polling.poller.source()), move |_job| {
            let polling = polling.clone().run(stop.clone());
            async {
                polling.await;
                Err(JobError::Stopped)
            }
        });
    }
    Runner {
        store: ctx.store.clone(),
        clock: ctx.clock.clone(),
        handlers,
        worker: worker(),
        pace: Pace::default(),
        wake: ctx.jobs.clone(),
    }
}

/// What types commands by the clock: those of the configuration, and those that people keep.
fn type_commands(handlers: Handlers, ctx: &Ctx, dispatcher: &Arc<Dispatcher>) -> Handlers {
    let (context, types) = (ctx.clone(), Arc::clone(dispatcher));
    let handlers = handlers.with(SCHEDULED_COMMAND, move |job| {
        type_command(context.clone(), Arc::clone(&types), job)
    });
    let (context, types) = (ctx.clone(), Arc::clone(dispatcher));
    handlers.with(fire::FIRE, move |job| {
        type_kept(context.clone(), Arc::clone(&types), job)
    })
}

/// A name for this process that no other has: in containers all have the same process id.
fn worker() -> String {
    let ulid = Ulid::new().to_string();
    let unique = ulid.get(ulid.len() - 6..).unwrap_or_default();
    let worker = format!("{}-{}", std::process::id(), unique.to_lowercase());
    tracing::info!(worker, "this is how I sign jobs");
    worker
}

/// The job that a tick makes.
pub fn scheduled_job(commands: &[ScheduledCommand], tick: &Tick, now: DateTime<Utc>) -> NewJob {
    let command = commands
        .iter()
        .find(|command| command.schedule.name == tick.schedule);
    let payload = json!({
        "schedule": tick.schedule,
        "due_at": tick.due_at,
        "run": command.map(|command| &command.run),
        "channel": command.and_then(|command| command.channel.as_ref()),
    });
    let key = format!(
        "{SCHEDULED_COMMAND}:{}:{}",
        tick.schedule,
        tick.due_at.timestamp()
    );
    NewJob {
        time_limit: COMMAND_TIME_LIMIT,
        ..NewJob::new(JobId::new(Ulid::new()), SCHEDULED_COMMAND, payload, now).unique(key)
    }
}

/// Types the command of a schedule, unless that is of no use any more.
async fn type_command(ctx: Ctx, dispatcher: Arc<Dispatcher>, job: Job) -> Result<(), JobError> {
    let Scheduled {
        schedule,
        due_at,
        run,
        channel,
    } = serde_json::from_value(job.payload)
        .map_err(|error| JobError::Fail(format!("not a scheduled command: {error}")))?;
    if ctx.clock.now() - due_at > LATEST_START {
        tracing::warn!(schedule, %due_at, "a schedule comes too late to be of use; skipped");
        return Ok(());
    }
    dispatcher.scheduled(&schedule, &run, &channel).await?;
    Ok(())
}

/// Types the command of a schedule that somebody keeps.
async fn type_kept(ctx: Ctx, dispatcher: Arc<Dispatcher>, job: Job) -> Result<(), JobError> {
    fire::fire(ctx, job, |name, definition| async move {
        let Definition { run, channel, .. } = definition;
        dispatcher.scheduled(&name, &run, channel.as_str()).await
    })
    .await
}

/// The job that polls a system for as long as its holder lives.
fn poll_job(source: &str) -> String {
    format!("{source}.poll")
}

/// Sees to it that one replica polls each of these systems: the one that holds its job. When it stops it hands the job back,
/// and when it dies its lease runs out.
pub async fn keep_polling(ctx: Ctx, sources: Vec<&'static str>, stop: CancellationToken) {
    loop {
        for source in &sources {
            see_to_polling(&ctx, source).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SEE_TO_POLLING) => {}
        }
    }
}

async fn see_to_polling(ctx: &Ctx, source: &str) {
    let now = ctx.clock.now();
    let kind = poll_job(source);
    let job = NewJob {
        max_attempts: u32::MAX,
        time_limit: ENDLESS,
        ..NewJob::new(JobId::new(Ulid::new()), &kind, json!({}), now).unique(kind.clone())
    };
    match ctx.store.jobs().enqueue(&job, now).await {
        Ok(enqueued) if enqueued.is_new() => ctx.wake_jobs(),
        Ok(_) => {}
        Err(error) => tracing::warn!(source, %error, "polling could not be seen to; trying again"),
    }
}
