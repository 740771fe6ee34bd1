//! Purpose: what reports on the work are made from.

use chrono::{DateTime, Utc};

use crate::pull_request::PullRequestKey;

/// What is known of a team's work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkFacts {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// Every open pull request.
    pub open: Vec<OpenPull>,
    /// Pull requests that were closed or merged, since [`facts_since`](super::facts_since) at least.
    pub ended: Vec<EndedPull>,
    /// The first reviews that pull requests got, over the same time.
    pub reviews: Vec<FirstReview>,
    /// Deployments that ended, over the same time.
    pub deployments: Vec<EndedDeployment>,
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPull {
    /// Which one.
    pub key: PullRequestKey,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// It is no draft.
    pub is_ready: bool,
}

/// A pull request that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedPull {
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed or merged.
    pub ended_at: DateTime<Utc>,
    /// It was merged.
    pub is_merged: bool,
}

/// The first review that somebody other than the author gave to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstReview {
    /// When the pull request was opened.
    pub opened_at: DateTime<Utc>,
    /// When it last left draft, if it ever did.
    pub ready_at: Option<DateTime<Utc>>,
    /// When it was reviewed.
    pub reviewed_at: DateTime<Utc>,
}

/// A deployment that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedDeployment {
    /// When.
    pub ended_at: DateTime<Utc>,
    /// Where to.
    pub environment: String,
    /// It did not get there.
    pub has_failed: bool,
}
