//! Purpose: a runner with jobs to do, and waiting for what comes of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_domain::clock::{Clock, SystemClock};
use em_domain::id::JobId;
use em_domain::job::{Job, JobState, NewJob};
use em_jobs::runner::{Handlers, Pace, Runner};
use em_jobs::wake::Wake;
use em_storage::Store;
use em_storage::testing::TestDatabase;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Quick enough for a test: a lost job is taken over after 600 ms.
pub(crate) const QUICK: Pace = Pace {
    lease: Duration::from_millis(600),
    look: Duration::from_millis(50),
    at_once: 8,
    grace: Duration::from_millis(200),
};

/// A runner at work.
pub(crate) struct Working {
    pub(crate) wake: Wake,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    pub(crate) fn start(store: &Store, worker: &str, pace: Pace, handlers: Handlers) -> Self {
        let (wake, stop) = (Wake::default(), CancellationToken::new());
        let runner = Runner {
            store: store.clone(),
            clock: Arc::new(SystemClock),
            handlers,
            worker: worker.to_owned(),
            pace,
            wake: wake.clone(),
        };
        let task = tokio::spawn(runner.run(stop.clone()));
        Self { wake, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as a crash does: nothing is reported or handed back.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    SystemClock.now()
}

pub(crate) fn new(number: u64) -> NewJob {
    let id = JobId::new(Ulid::from_parts(number, 1));
    NewJob::new(id, "test", json!({ "number": number }), now())
}

pub(crate) async fn enqueue(db: &TestDatabase, job: &NewJob) {
    assert!(db.store.jobs().enqueue(job, now()).await.unwrap().is_new());
}

/// Waits until job `number` is in `state`.
pub(crate) async fn reached(db: &TestDatabase, number: u64, state: JobState) -> Job {
    until(async || {
        let job = db.store.jobs().find(&new(number).id).await.unwrap().unwrap();
        (job.state == state).then_some(job)
    })
    .await
}

/// Asks until there is an answer.
pub(crate) async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing came of it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn outcomes(db: &TestDatabase, number: u64) -> Vec<String> {
    let attempts = db.store.jobs().list_attempts(&new(number).id).await.unwrap();
    attempts
        .into_iter()
        .map(|attempt| attempt.outcome.unwrap_or_else(|| "runs".to_owned()))
        .collect()
}
