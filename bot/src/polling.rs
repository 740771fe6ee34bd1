//! Purpose: read GitHub on a schedule, for networks without a public address. The loop, the cursor and the waiting
//! are here; what to ask is `em_integrations::github::poller`'s.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use em_integrations::github::client::GithubError;
use em_integrations::github::poller::{Cursor, Poller};
use em_storage::{Appended, Store, StoreError};
use em_telemetry::names;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The cursor of the regular polls.
const REGULAR: &str = "github";

/// What polling needs.
#[derive(Clone)]
pub struct Polling {
    /// Where events and cursors are kept.
    pub store: Store,
    /// Reads GitHub.
    pub poller: Poller,
    /// The time.
    pub clock: SharedClock,
    /// Told after events were stored.
    pub stored: Arc<Notify>,
}

/// What one round brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Events that were new.
    pub stored: u64,
    /// Events that were known.
    pub known: u64,
    /// Repositories or lists that could not be read; the next round tries again.
    pub problems: u64,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// GitHub's side.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// Ours.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PollError {
    /// When GitHub wants to be asked again, if it said so.
    fn retry_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Github(GithubError::RateLimited { retry_at }) => Some(*retry_at),
            Self::Github(_) | Self::Store(_) => None,
        }
    }
}

impl Polling {
    /// Polls everything each `interval` until told to stop.
    pub async fn run(self, interval: Duration, stop: CancellationToken) {
        loop {
            let round = tokio::select! {
                () = stop.cancelled() => return,
                round = self.round(REGULAR, Cursor::default(), |_| {}) => round,
            };
            let not_before = match round {
                Ok(_) => {
                    count("ok");
                    None
                }
                Err(error) => {
                    count("failed");
                    tracing::warn!(%error, "polling GitHub failed; trying again");
                    error.retry_at()
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.pause(interval, not_before) => {}
            }
        }
    }

    /// Waits one interval, and on until `not_before`. Looks at the clock after each interval, because the machine may
    /// have slept meanwhile.
    async fn pause(&self, interval: Duration, not_before: Option<DateTime<Utc>>) {
        loop {
            tokio::time::sleep(interval).await;
            if not_before.is_none_or(|at| at <= self.clock.now()) {
                return;
            }
        }
    }

    /// Reads on from the cursor stored under `name`, or from `start`, until there is nothing more. The cursor moves
    /// only after its events are stored, so a crash repeats requests and loses nothing.
    ///
    /// # Errors
    /// Nothing more can be read, or the store fails. What was read until then is stored.
    pub async fn round(
        &self,
        name: &str,
        start: Cursor,
        progress: impl Fn(Round),
    ) -> Result<Round, PollError> {
        let mut round = Round::default();
        let mut cursor = self
            .store
            .cursors()
            .find(name)
            .await?
            .map_or(start, |stored| stored.value);
        loop {
            let batch = self.poller.poll(cursor, self.clock.now()).await?;
            for problem in &batch.problems {
                tracing::warn!(github.name = %problem.name, error = %problem.error, "could not be read from GitHub");
                round.problems += 1;
            }
            for event in batch.events {
                match self.store.events().append(event).await? {
                    Appended::Stored => round.stored += 1,
                    Appended::Duplicate => round.known += 1,
                }
            }
            cursor = batch.cursor;
            self.store
                .cursors()
                .upsert(name, &cursor, self.clock.now())
                .await?;
            self.stored.notify_one();
            progress(round);
            if !batch.more {
                return Ok(round);
            }
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!(names::POLLS_TOTAL, "source" => "github", "outcome" => outcome).increment(1);
}
