//! Purpose: ask systems for news on a schedule, for networks that they cannot reach. The loop, the place and the waiting
//! are here; what to ask is each vendor's, behind `em_integrations::poll::Poll`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_commands::integrations::report_name;
use em_domain::clock::SharedClock;
use em_domain::poll_report::{MAX_PROBLEMS, PollReport};
use em_integrations::poll::{Poll, PollError};
use em_storage::{Appended, Store, StoreError};
use em_telemetry::names;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What polling one system needs.
#[derive(Debug, Clone)]
pub struct Polling {
    /// Where events and places are kept.
    pub store: Store,
    /// Reads the system.
    pub poller: Arc<dyn Poll>,
    /// Time between two rounds.
    pub interval: Duration,
    /// The time.
    pub clock: SharedClock,
    /// Told after events were stored.
    pub stored: Arc<Notify>,
}

/// What one round brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Events that were new.
    pub stored: u64,
    /// Events that were known.
    pub known: u64,
    /// What could not be read, as sentences; the next round tries again.
    pub problems: Vec<String>,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The system's side.
    #[error(transparent)]
    Poll(#[from] PollError),
    /// Ours.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoundError {
    /// When the system wants to be asked again, if it said so.
    fn retry_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Poll(error) => error.retry_at,
            Self::Store(_) => None,
        }
    }
}

impl Polling {
    /// Polls everything each interval until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let source = self.poller.source();
        loop {
            let began_at = self.clock.now();
            let mut round = Round::default();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.round(source, None, &mut round, |_| {}) => ended,
            };
            let outcome = if ended.is_ok() { "ok" } else { "failed" };
            metrics::counter!(names::POLLS_TOTAL, "source" => source, "outcome" => outcome).increment(1);
            if let Err(error) = &ended {
                tracing::warn!(source, %error, "polling failed; trying again");
            }
            if let Err(error) = self.report(began_at, &round, ended.as_ref().err()).await {
                tracing::warn!(source, %error, "how polling went could not be kept");
            }
            let not_before = ended.err().and_then(|error| error.retry_at());
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.pause(not_before) => {}
            }
        }
    }

    /// Waits one interval, and on until `not_before`. Looks at the clock after each interval, because the machine may
    /// have slept meanwhile.
    async fn pause(&self, not_before: Option<DateTime<Utc>>) {
        loop {
            tokio::time::sleep(self.interval).await;
            if not_before.is_none_or(|at| at <= self.clock.now()) {
                return;
            }
        }
    }

    /// Reads on from the place stored under `name`, or from `start`, until there is nothing more. The place moves only
    /// after its events are stored, so a crash repeats requests and loses nothing. `round` says at any time what was done.
    ///
    /// # Errors
    /// Nothing more can be read, or the store fails. What was read until then is stored.
    pub async fn round(
        &self,
        name: &str,
        start: Option<Value>,
        round: &mut Round,
        progress: impl Fn(&Round),
    ) -> Result<(), RoundError> {
        let source = self.poller.source();
        let stored = self.store.cursors().find(name).await?;
        let mut place: Option<Value> = stored.map(|stored| stored.value).or(start);
        loop {
            let step = self.poller.read(place, self.clock.now()).await?;
            for problem in &step.problems {
                tracing::warn!(source, name = %problem.name, why = %problem.why, "could not be polled");
                round.problems.push(format!("{} {}", problem.name, problem.why));
            }
            for event in step.events {
                match self.store.events().append(event).await? {
                    Appended::Stored => round.stored += 1,
                    Appended::Duplicate => round.known += 1,
                }
            }
            let now = self.clock.now();
            self.store.cursors().upsert(name, &step.place, now).await?;
            self.stored.notify_one();
            progress(round);
            if !step.more {
                return Ok(());
            }
            place = Some(step.place);
        }
    }

    /// Keeps how a round went.
    async fn report(
        &self,
        began_at: DateTime<Utc>,
        round: &Round,
        error: Option<&RoundError>,
    ) -> Result<(), StoreError> {
        let name = report_name(self.poller.source());
        let before = self.store.cursors().find::<PollReport>(&name).await?;
        let ended_at = self.clock.now();
        let report = PollReport {
            ended_at,
            took_ms: (ended_at - began_at).max(TimeDelta::zero()).num_milliseconds(),
            stored: round.stored,
            problems: round.problems.iter().take(MAX_PROBLEMS).cloned().collect(),
            failure: error.map(ToString::to_string),
            good_at: match error {
                None => Some(ended_at),
                Some(_) => before.and_then(|before| before.value.good_at),
            },
        };
        self.store.cursors().upsert(&name, &report, ended_at).await
    }
}
