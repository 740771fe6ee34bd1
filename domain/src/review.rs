//! Purpose: the facts "a review" and "a comment" on a pull request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::pull_request::{Account, PullRequestKey};

/// What a reviewer said. A dismissal comes after whatever it dismisses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Remarks without a verdict.
    Commented,
    /// Good to merge.
    Approved,
    /// Changes are needed first.
    ChangesRequested,
    /// Taken back.
    Dismissed,
    /// Takes back whatever this reviewer said before: for forges that do not say which review it was.
    Withdrawn,
}

impl Verdict {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commented => "commented",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
            Self::Dismissed => "dismissed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The verdict stored under `name`; also GitHub's spelling in either case.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Commented,
            Self::Approved,
            Self::ChangesRequested,
            Self::Dismissed,
            Self::Withdrawn,
        ]
        .into_iter()
        .find(|verdict| verdict.as_str().eq_ignore_ascii_case(name))
    }
}

/// One submitted review; keyed by pull request and the forge's review id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The reviewed pull request.
    pub pull_request: PullRequestKey,
    /// The forge's id of the review.
    pub id: i64,
    /// Who gave it.
    pub reviewer: Account,
    /// What it said.
    pub verdict: Verdict,
    /// When.
    pub submitted_at: DateTime<Utc>,
    /// The page for people.
    pub url: String,
}

impl Review {
    /// Takes in another statement about the same review: the later verdict wins (a dismissal is never undone).
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only statements about one review merge");
        let rank = |r: &Self| {
            (
                r.verdict == Verdict::Dismissed,
                r.submitted_at,
                r.verdict,
                r.reviewer.clone(),
                r.url.clone(),
            )
        };
        if rank(&other) > rank(self) {
            *self = other;
        }
    }
}

/// One remark in a pull request's conversation or on its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The pull request.
    pub pull_request: PullRequestKey,
    /// The forge's id of the comment, with its kind, since the forge numbers the kinds apart: `issue:1`, `review:1`.
    pub id: String,
    /// Who wrote it.
    pub author: Account,
    /// When it was first written.
    pub created_at: DateTime<Utc>,
}

impl Comment {
    /// Takes in another statement about the same comment.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only statements about one comment merge");
        if (other.created_at, &other.author) < (self.created_at, &self.author) {
            *self = other;
        }
    }
}
