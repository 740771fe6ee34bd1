//! Purpose: what flow metrics are made from: merged changes, pull requests that were open, reviews and runs of CI.
//!
//! A fact may come twice, and in any order: of two statements about one thing the greater one counts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ci_run::CiRun;
use crate::delivery::Change;
use crate::pull_request::{Account, PullRequestKey};

/// A pull request that was open at some time of a window, whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpenChange {
    /// Which one.
    pub key: PullRequestKey,
    /// When it was closed or merged; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When its earliest commit was authored.
    pub first_commit_at: Option<DateTime<Utc>>,
    /// When somebody last pushed to it, where known.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Whether it is a draft, as far as the newest event tells.
    pub is_draft: bool,
    /// Who opened it.
    pub author: Account,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
}

/// A review that somebody gave: a verdict or remarks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reviewed {
    /// The reviewed pull request.
    pub key: PullRequestKey,
    /// The forge's id of the review.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who gave it.
    pub reviewer: Account,
    /// The page for people.
    pub url: String,
}

/// Everything flow metrics of a window are made from, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowFacts {
    /// Pull requests merged in the window; others may be among them and do not count.
    pub changes: Vec<Change>,
    /// Pull requests that were open at some time of the window.
    pub open: Vec<OpenChange>,
    /// Reviews given in the window.
    pub reviews: Vec<Reviewed>,
    /// Runs of CI that were made in the window.
    pub runs: Vec<CiRun>,
}
