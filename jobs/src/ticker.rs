//! Purpose: run what is due, once, however many replicas watch the clock.

use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use em_storage::{Store, StoreError};
use em_telemetry::names;

use crate::schedule::Schedule;

/// A schedule that came due and is this process's to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The schedule's name.
    pub schedule: String,
    /// The instant it was due at.
    pub due_at: DateTime<Utc>,
}

/// Watches the schedules.
#[derive(Debug)]
pub struct Ticker {
    store: Store,
    clock: SharedClock,
    schedules: Vec<Schedule>,
    /// Up to when everything due was looked at.
    looked_until: DateTime<Utc>,
}

impl Ticker {
    /// A ticker that also takes over ticks missed shortly before it started (see [`crate::schedule::LATEST_START`]).
    pub fn new(store: Store, clock: SharedClock, schedules: Vec<Schedule>) -> Self {
        let looked_until = clock.now() - crate::schedule::LATEST_START;
        Self {
            store,
            clock,
            schedules,
            looked_until,
        }
    }

    /// What came due since the last look and no other replica has taken. Every returned tick is claimed: it is run
    /// by the caller or not at all.
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
            match self
                .store
                .schedules()
                .claim_tick(&schedule.name, due_at, now)
                .await
            {
                Ok(true) => {
                    metrics::counter!(names::TICKS_TOTAL, "schedule" => schedule.name.clone()).increment(1);
                    ticks.push(Tick {
                        schedule: schedule.name.clone(),
                        due_at,
                    });
                }
                Ok(false) => {}
                Err(error) if ticks.is_empty() => return Err(error),
                // What is claimed must run; the rest is looked at again next time.
                Err(error) => {
                    tracing::warn!(schedule = %schedule.name, %error, "could not claim a tick; trying again");
                    return Ok(ticks);
                }
            }
        }
        self.looked_until = now;
        Ok(ticks)
    }
}
