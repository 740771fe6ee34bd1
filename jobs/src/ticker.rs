//! Purpose: make a job of what is due, once, however many replicas watch the clock. The tick is taken and its job taken
//! in together, so that a tick is neither run twice nor lost with the process that took it.

use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use em_domain::job::NewJob;
use em_storage::{Store, StoreError};
use em_telemetry::names;

use crate::schedule::Schedule;

/// A schedule that came due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The schedule's name.
    pub schedule: String,
    /// The instant it was due at.
    pub due_at: DateTime<Utc>,
}

/// Says what is to be done when a schedule ticks.
pub type MakeJob = Box<dyn Fn(&Tick) -> NewJob + Send + Sync>;

/// Watches the schedules.
pub struct Ticker {
    store: Store,
    clock: SharedClock,
    schedules: Vec<Schedule>,
    make_job: MakeJob,
    /// Up to when everything due was looked at.
    looked_until: DateTime<Utc>,
}

impl Ticker {
    /// A ticker that also takes over ticks missed shortly before it started (see [`crate::schedule::LATEST_START`]).
    pub fn new(store: Store, clock: SharedClock, schedules: Vec<Schedule>, make_job: MakeJob) -> Self {
        let looked_until = clock.now() - crate::schedule::LATEST_START;
        Self {
            store,
            clock,
            schedules,
            make_job,
            looked_until,
        }
    }

    /// Takes what came due since the last look and no other replica has taken, and answers with it. There is a job
    /// for each.
    ///
    /// # Errors
    /// The database cannot be reached; the same ticks are looked at again next time.
    pub async fn claim_due(&mut self) -> Result<Vec<Tick>, StoreError> {
        let now = self.clock.now();
        let mut ticks = Vec::new();
        for schedule in &self.schedules {
            let Some(due_at) = schedule.due(self.looked_until, now) else {
                continue;
            };
            let tick = Tick {
                schedule: schedule.name.clone(),
                due_at,
            };
            let job = (self.make_job)(&tick);
            let ticks_taken = self.store.schedules();
            let claimed = ticks_taken.claim_tick_for(&tick.schedule, due_at, &job, now);
            if claimed.await? {
                metrics::counter!(names::TICKS_TOTAL, "schedule" => schedule.name.clone()).increment(1);
                ticks.push(tick);
            }
        }
        self.looked_until = now;
        Ok(ticks)
    }
}
