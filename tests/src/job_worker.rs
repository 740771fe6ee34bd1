//! Purpose: a program that does jobs with visible effects, for tests that kill it.
//!
//! `job-worker-under-test <database address or data folder> <folder of effects> <worker>`. Its jobs are of the kinds
//! `effect` (leaves a file named like the job; what is in it says how often it was begun), `poison` (kills the process) and `hold` (never
//! ends on a worker called `doomed`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use em_domain::clock::SystemClock;
use em_domain::job::{Job, JobError};
use em_jobs::runner::{Handlers, Pace, Runner};
use em_jobs::wake::Wake;
use em_storage::{Store, StoreConfig};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// A dead worker's jobs are free after 1.5 s.
const PACE: Pace = Pace {
    lease: Duration::from_millis(1500),
    look: Duration::from_millis(50),
    at_once: 8,
    grace: Duration::from_millis(500),
};
/// How long an effect takes, so that a kill finds some half done.
const WORK: Duration = Duration::from_millis(30);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, effects, worker] = arguments.as_slice() else {
        return ExitCode::from(2);
    };
    let url = database
        .starts_with("postgres")
        .then(|| SecretString::from(database.as_str()));
    let Ok(store) = Store::open(&StoreConfig::new(url, database, [7; 32])).await else {
        return ExitCode::FAILURE;
    };
    let runner = Runner {
        store,
        clock: Arc::new(SystemClock),
        handlers: handlers(effects.into(), worker == "doomed"),
        worker: worker.clone(),
        pace: PACE,
        wake: Wake::default(),
    };
    runner.run(CancellationToken::new()).await;
    ExitCode::SUCCESS
}

fn handlers(effects: PathBuf, is_doomed: bool) -> Handlers {
    let held = effects.clone();
    Handlers::default()
        .with("effect", move |job| {
            let effects = effects.clone();
            async move {
                tokio::time::sleep(WORK).await;
                leave(&effects, &job)?;
                if job.payload["fails_once"] == true && job.attempts == 1 {
                    return Err(JobError::retry("asked to fail once, after its effect"));
                }
                Ok(())
            }
        })
        .with("poison", |_| async { std::process::abort() })
        .with("hold", move |job| {
            let effects = held.clone();
            async move {
                if is_doomed {
                    std::future::pending::<()>().await;
                }
                leave(&effects, &job)
            }
        })
}

/// The effect: its key is the job's id, so doing it again adds a line and no second effect.
fn leave(effects: &Path, job: &Job) -> Result<(), JobError> {
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .create(true)
        .append(true)
        .open(effects.join(job.id.as_str()));
    file.and_then(|mut file| file.write_all(b"begun\n"))
        .map_err(|error| JobError::retry(error.to_string()))
}
