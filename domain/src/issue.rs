//! Purpose: the fact "an issue moved": somebody opened or closed it, or was given it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::pull_request::{Account, PullRequestKey};

/// What happened to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// The account wrote it.
    Opened,
    /// The account was given it.
    Assigned,
    /// The account began to work on it, by the tracker's own word for that.
    Started,
    /// The account closed it.
    Closed,
}

impl Move {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Assigned => "assigned",
            Self::Started => "started",
            Self::Closed => "closed",
        }
    }
}

/// One move of one issue; keyed by the issue, what happened, whose move it was, and when.
///
/// The field order matters: of two statements about one move the later wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IssueMove {
    /// When the statement was true: a title may change later.
    pub seen_at: DateTime<Utc>,
    /// Which issue; issues and pull requests of a repository share their numbers. A tracker's project stands in the place of a
    /// repository: `jira:PAY` and 12 for `PAY-12`.
    pub issue: PullRequestKey,
    /// What happened.
    pub kind: Move,
    /// Whose move it was.
    pub by: Account,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The issue's title, as written: escape it before showing it.
    pub title: String,
    /// Its page.
    pub url: String,
}

impl IssueMove {
    /// Takes in another statement about the same move.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(
            (&self.issue, self.kind, self.at),
            (&other.issue, other.kind, other.at),
            "only statements about one move merge"
        );
        if other > *self {
            *self = other;
        }
    }
}
