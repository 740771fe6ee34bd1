//! Purpose: reading from a system's API, now and then, what its webhooks would have told: for networks that it cannot reach.
//! What is read becomes raw events for the same normaliser. To poll another system: a file `poller.rs` in the vendor's folder
//! with a `Feed` (`poll/feed.rs`), and a line in [`pollers`](crate::pollers).

pub(crate) mod feed;
pub(crate) mod slice;
mod walk;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::id::EventId;
use futures::future::BoxFuture;
use serde_json::Value;

/// Where the ids of new events come from.
pub type EventIds = Arc<dyn Fn() -> EventId + Send + Sync>;

/// A system that is read step by step: each step is a bounded number of requests, after which the place is kept.
pub trait Poll: fmt::Debug + Send + Sync {
    /// As in the path of its webhooks.
    fn source(&self) -> &'static str;

    /// A place from which the first look at everything goes back to `since`: for `backfill --since`.
    fn start(&self, since: DateTime<Utc>) -> Value;

    /// Reads on from `place`, which a step or [`Poll::start`] gave; none, or one of another version, is a first look.
    ///
    /// Reading the same state twice gives events with the same delivery keys, so a lost place costs requests and no facts.
    ///
    /// # Errors
    /// Nothing at all can be read for now. What one list alone refuses is a [`Problem`] of the step.
    fn read(&self, place: Option<Value>, now: DateTime<Utc>) -> BoxFuture<'_, Result<Step, PollError>>;
}

/// What one step brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Some may be known already, which their keys show.
    pub events: Vec<RawEvent>,
    /// Where to go on. Store it together with the events, or after them.
    pub place: Value,
    /// There is more to read at once.
    pub more: bool,
    /// What could not be read, while the rest could.
    pub problems: Vec<Problem>,
}

/// Something that could not be read; the next round tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What: a repository, a project, a list.
    pub name: String,
    /// Why, as a sentence that goes on after the name.
    pub why: String,
}

/// Why nothing could be read. The text is for the operator and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PollError {
    /// What is wrong, and what to change.
    pub why: String,
    /// When the system wants to be asked again, if it said so.
    pub retry_at: Option<DateTime<Utc>>,
}
