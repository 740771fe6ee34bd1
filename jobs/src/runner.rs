//! Purpose: does the jobs of the store: claims what is due, runs each in a task of its own, keeps its lease, and
//! reports how it ended. It knows no feature: whoever starts it says what does which kind.
//!
//! What a handler may rely on: it is begun at least once, and after a crash again; so what it does must bear
//! repetition, or answer `JobError::Unknown`. It is not run twice at the same time unless its process stands still for
//! longer than a lease, and of two only the newer one may finish the job.

mod attempt;
mod hold;
mod jump;
mod settle;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use em_domain::clock::SharedClock;
use em_domain::job::{Job, JobError, JobState};
use em_storage::{Claimant, Held, Settlement, Store, StoreError};
use em_telemetry::names;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::attempt::Attempt;
use self::hold::{Cut, Holds};
use self::jump::JumpWatch;
use crate::wake::Wake;

/// A handler at work.
pub type Doing = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;
/// Does the jobs of one kind.
pub type Handler = Arc<dyn Fn(Job) -> Doing + Send + Sync>;

/// What does which kind of job.
#[derive(Clone, Default)]
pub struct Handlers(HashMap<String, Handler>);

impl Handlers {
    /// The same, and `handler` does the jobs of `kind`.
    #[must_use]
    pub fn with<F, D>(mut self, kind: &str, handler: F) -> Self
    where
        F: Fn(Job) -> D + Send + Sync + 'static,
        D: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.0
            .insert(kind.to_owned(), Arc::new(move |job| Box::pin(handler(job))));
        self
    }
}

/// How a runner goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a job is this worker's unless it renews it, which it does three times as often. If the worker dies,
    /// another has the job after this long. Clocks of replicas may differ by two thirds of it.
    pub lease: Duration,
    /// How often it looks for jobs that others took in, or that have come due.
    pub look: Duration,
    /// How many jobs it does at one time.
    pub at_once: u16,
    /// How long running jobs may go on after a stop was asked for; the rest is handed back.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            look: Duration::from_secs(1),
            at_once: 16,
            grace: Duration::from_secs(4),
        }
    }
}

/// What a runner needs.
pub struct Runner {
    /// Where the jobs are.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// What does them.
    pub handlers: Handlers,
    /// Its name, for people: unique among replicas.
    pub worker: String,
    /// How it goes about it.
    pub pace: Pace,
    /// Wakes it.
    pub wake: Wake,
}

/// The ends that may wait to be reported.
const SETTLE_QUEUE: usize = 1024;

impl Runner {
    /// Does jobs until told to stop; then takes no more, gives running ones a little time, and hands the rest back.
    /// If it is dropped, all its work ends where it is, as in a crash.
    pub async fn run(self, stop: CancellationToken) {
        let holds = Holds::default();
        let (ends, ended) = mpsc::channel(SETTLE_QUEUE);
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let settling = AbortOnDropHandle::new(tokio::spawn(settle::run(store, clock, ended, holds.clone())));
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let beating = hold::beat(store, clock, holds.clone(), self.pace.lease);
        let _beating = AbortOnDropHandle::new(tokio::spawn(beating));
        let mut attempts = JoinSet::new();
        self.claim_until(&stop, &holds, &ends, &mut attempts).await;
        drop(ends);
        let all_ended = async { while attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(self.pace.grace, all_ended).await.is_err() {
            holds.cut_all(Cut::Stopping);
            while attempts.join_next().await.is_some() {}
        }
        // It ends once everything is reported.
        let _ = settling.await;
    }

    /// Claims and begins jobs until told to stop.
    async fn claim_until(
        &self,
        stop: &CancellationToken,
        holds: &Holds,
        ends: &mpsc::Sender<Settlement>,
        attempts: &mut JoinSet<()>,
    ) {
        let mut jumps = JumpWatch::new(self.pace.lease);
        let mut upkeep = Upkeep::default();
        while !stop.is_cancelled() {
            let takes_lost = jumps.is_trusted(self.clock.now(), Instant::now());
            if takes_lost && upkeep.is_due(self.pace.lease / 3) {
                self.keep_up().await;
            }
            let free = usize::from(self.pace.at_once).saturating_sub(holds.len());
            let free = u16::try_from(free).unwrap_or(u16::MAX);
            let claimed = match self.claim(free, takes_lost).await {
                Ok(jobs) => jobs,
                Err(error) => {
                    tracing::warn!(%error, "jobs could not be claimed; trying again");
                    Vec::new()
                }
            };
            let is_full = claimed.len() >= usize::from(free);
            while attempts.try_join_next().is_some() {}
            for job in claimed {
                attempts.spawn(self.attempt(job, holds, ends.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = holds.freed(), if is_full => {}
                () = self.wake.woken(), if !is_full => {}
                () = tokio::time::sleep(self.pace.look) => {}
            }
        }
    }

    async fn claim(&self, limit: u16, takes_lost: bool) -> Result<Vec<Job>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let claimant = Claimant {
            worker: &self.worker,
            limit,
            lease: to_chrono(self.pace.lease),
            takes_lost,
        };
        self.store.jobs().claim(&claimant, self.clock.now()).await
    }

    /// One job from here to its reported end.
    fn attempt(
        &self,
        job: Job,
        holds: &Holds,
        ends: mpsc::Sender<Settlement>,
    ) -> impl Future<Output = ()> + use<> {
        let held = Held::from(&job);
        let cut = holds.add(&held);
        let span =
            tracing::info_span!("job", job.id = %job.id, job.kind = %job.kind, job.attempt = job.attempts);
        let attempt = Attempt {
            handler: self.handlers.0.get(&job.kind).cloned(),
            job,
            clock: self.clock.clone(),
            cut,
        };
        let holds = holds.clone();
        let settled = async move {
            match attempt.run().await {
                // The reporter is there as long as any attempt is.
                Some(end) => drop(ends.send(Settlement { held, end }).await),
                None => holds.release(&held),
            }
        };
        settled.instrument(span)
    }

    /// Gives up what nobody may try again, and counts what there is.
    async fn keep_up(&self) {
        let now = self.clock.now();
        match self.store.jobs().reap(now).await {
            Ok(reaped) => {
                for job in reaped {
                    tracing::error!(job.id = %job.id, state = job.state.as_str(), "a job was cut off too often");
                    if job.state == JobState::Dead {
                        metrics::counter!(names::ERRORS_TOTAL, "area" => "jobs").increment(1);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "lost jobs could not be given up; trying again"),
        }
        match self.store.jobs().count(now).await {
            Ok(counts) => {
                gauge(names::JOBS_DUE, counts.due);
                gauge(names::JOBS_DEAD, counts.dead);
            }
            Err(error) => tracing::warn!(%error, "jobs could not be counted; trying again"),
        }
    }
}

/// When lost jobs were last looked for.
#[derive(Default)]
struct Upkeep(Option<Instant>);

impl Upkeep {
    fn is_due(&mut self, every: Duration) -> bool {
        let is_due = self.0.is_none_or(|last| last.elapsed() >= every);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}

/// A gauge need not be exact beyond four thousand million.
fn gauge(name: &'static str, count: i64) {
    metrics::gauge!(name).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
}

/// The same span of time; the longest there is, if it is too long.
fn to_chrono(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
