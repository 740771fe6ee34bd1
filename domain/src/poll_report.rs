//! Purpose: how the last round of asking a system for news went, as `integrations` and `doctor` show it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Problems that are kept of one round: the first ones tell what is wrong.
pub const MAX_PROBLEMS: usize = 10;

/// One round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollReport {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// Events that were new.
    pub stored: u64,
    /// What could not be read, as sentences; at most [`MAX_PROBLEMS`].
    pub problems: Vec<String>,
    /// Why it ended early, as a sentence; none if it did not.
    pub failure: Option<String>,
    /// When a round last ended as it should.
    pub good_at: Option<DateTime<Utc>>,
}

impl PollReport {
    /// What is wrong, if anything is: why the round ended early, else the first list that could not be read.
    pub fn trouble(&self) -> Option<&str> {
        self.failure
            .as_deref()
            .or_else(|| self.problems.first().map(String::as_str))
    }
}
