//! Purpose: work that must be done although programs die: what a job is, when it is tried again, when it is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::JobId;

/// Who goes first among jobs that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is nothing else to do.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// A person waits for it.
    High,
    /// Something is broken.
    Incident,
}

impl Priority {
    /// The number it is stored as; the greater goes first.
    pub fn as_i64(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 10,
            Self::High => 20,
            Self::Incident => 30,
        }
    }
}

/// Work to be done once, at or after a time.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id; the caller makes it.
    pub id: JobId,
    /// Which handler does it: `execute_approval`.
    pub kind: String,
    /// What the handler needs.
    pub payload: Value,
    /// While a job with this key is unfinished, no second one is taken in.
    pub unique_key: Option<String>,
    /// Who goes first.
    pub priority: Priority,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// How often it is begun at most; a job that kills its process has used up an attempt too.
    pub max_attempts: u32,
    /// After this long an attempt counts as failed.
    pub time_limit: Duration,
}

/// How often a job is begun at most, if nothing else is said.
pub const USUAL_ATTEMPTS: u32 = 5;
/// How long an attempt may take, if nothing else is said.
pub const USUAL_TIME_LIMIT: Duration = Duration::from_mins(1);

impl NewJob {
    /// A job of the usual kind, due at `run_at`.
    pub fn new(id: JobId, kind: impl Into<String>, payload: Value, run_at: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: kind.into(),
            payload,
            unique_key: None,
            priority: Priority::Normal,
            run_at,
            max_attempts: USUAL_ATTEMPTS,
            time_limit: USUAL_TIME_LIMIT,
        }
    }

    /// The same, but only one unfinished job of this key at a time.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }
}
