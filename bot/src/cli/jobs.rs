//! Purpose: `em-agent jobs`: look at jobs, try them again, call them off, without Slack.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::JobId;
use em_domain::job::{Job, JobCancel, JobReplay, JobState};
use em_storage::Store;

use super::{Failure, say};
use crate::config::Config;
use crate::wire;

/// What is done with jobs.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List jobs: those that were given up, that run and that wait.
    List {
        /// Only those of this state.
        state: Option<State>,
    },
    /// Run a job once more that was given up or called off.
    Retry {
        /// The job.
        id: String,
    },
    /// Call a job off.
    Cancel {
        /// The job.
        id: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Running,
    Done,
    Dead,
    Cancelled,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Done => Self::Done,
            State::Dead => Self::Dead,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Jobs that are listed of each state.
const LISTED: u16 = 1000;

pub(crate) async fn execute(options: Options, config: Config) -> Result<ExitCode, Failure> {
    let store = wire::open_store(&config).await?;
    match options.command.unwrap_or(Command::List { state: None }) {
        Command::List { state } => list(&store, state.map(JobState::from), options.json).await,
        Command::Retry { id } => {
            let replayed = store.jobs().replay(&parse(&id)?, SystemClock.now()).await;
            let done = match replayed.context("the job cannot be retried")? {
                JobReplay::Due => Ok("due"),
                JobReplay::Not(state) => Err(format!("{id} is {}", state.as_str())),
                JobReplay::Rivalled => Err(format!("{id}: another job does the same work already")),
                JobReplay::Unknown => Err(format!("there is no job {id}")),
            };
            report(&id, done, options.json)
        }
        Command::Cancel { id } => {
            let cancelled = store.jobs().cancel(&parse(&id)?, SystemClock.now()).await;
            let done = match cancelled.context("the job cannot be called off")? {
                JobCancel::Cancelled => Ok("cancelled"),
                JobCancel::Asked => Ok("asked to stop"),
                JobCancel::Finished(state) => Err(format!("{id} is {} already", state.as_str())),
                JobCancel::Unknown => Err(format!("there is no job {id}")),
            };
            report(&id, done, options.json)
        }
    }
}

fn parse(id: &str) -> Result<JobId, Failure> {
    JobId::parse(id)
        .ok_or_else(|| anyhow!("{id} is not the id of a job; `em-agent jobs list` shows them").into())
}

fn report(id: &str, done: Result<&str, String>, json: bool) -> Result<ExitCode, Failure> {
    let done = done.map_err(|why| anyhow!(why))?;
    if json {
        say(&serde_json::json!({"id": id, "outcome": done}).to_string());
    } else {
        say(&format!("{id}: {done}"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, state: Option<JobState>, json: bool) -> Result<ExitCode, Failure> {
    let states = state.map_or_else(
        || vec![JobState::Dead, JobState::Running, JobState::Waiting],
        |state| vec![state],
    );
    let mut jobs = Vec::new();
    for state in states {
        let some = store.jobs().list(state, LISTED).await;
        jobs.extend(some.context("jobs cannot be read")?);
    }
    if json {
        let text = serde_json::to_string_pretty(&jobs).context("jobs cannot be written as JSON")?;
        say(&text);
    } else if jobs.is_empty() {
        say("There are no such jobs.");
    } else {
        jobs.iter().for_each(print);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(job: &Job) {
    let (state, due) = (job.state.as_str(), job.run_at.format("%Y-%m-%dT%H:%M:%SZ"));
    let (tried, most) = (job.attempts, job.max_attempts);
    say(&format!(
        "{}  {state:<9}  {}  due {due}  attempt {tried} of {most}",
        job.id, job.kind
    ));
    if let Some(error) = &job.last_error {
        say(&format!("    {error}"));
    }
}
