//! Purpose: the fact "a pull request": one per repository and number, merged from any number of events.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::stamped::{Stamped, earliest, latest, newest};

/// What identifies a pull request: never the delivery that told of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PullRequestKey {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The number within the repository.
    pub number: i64,
}

impl fmt::Display for PullRequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

impl PullRequestKey {
    /// Reads `owner/name#12`.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, number) = text.rsplit_once('#')?;
        let number = number.parse().ok().filter(|n| *n > 0)?;
        repository.contains('/').then(|| Self {
            repository: repository.into(),
            number,
        })
    }
}

/// Open, or how it ended. The order is the order of life: at one instant the later state wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// Waiting for somebody.
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged.
    Merged,
}

impl PullRequestState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Merged => "merged",
        }
    }
}

/// An account and whether it is a program. Vendors mark bots (`type: Bot`); names ending in `[bot]` are bots too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The login.
    pub login: Login,
    /// A program, not a person.
    pub is_bot: bool,
}

/// What every event about a pull request states in full. Field order matters: GitHub's times have one-second
/// grain, and of two snapshots of one second the greater wins, so the fields that only grow come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Snapshot {
    /// Open, closed or merged.
    pub state: PullRequestState,
    /// Open for review (false: a draft).
    pub is_ready: bool,
    /// People asked for a review who have not given one since.
    pub requested_reviewers: Vec<Login>,
    /// Teams asked for a review, by slug.
    pub requested_teams: Vec<String>,
    /// Label names.
    pub labels: Vec<String>,
    /// Who opened it.
    pub author: Account,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// The branch it goes into.
    pub base_ref: String,
    /// The branch it comes from.
    pub head_ref: String,
    /// The newest commit, where the sender says it.
    pub head_sha: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was closed or merged.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
    /// The commit that the merge made on the base branch.
    pub merge_commit_sha: Option<String>,
    /// Tickets, issues and pages that the title and text name, as written (`PAY-12`, `#7`, an address); at most
    /// [`MAX_REFERENCES`]. `None` where the sender did not give the text.
    #[serde(default)]
    pub references: Option<Vec<String>>,
    /// What its text says that it takes back: commits, `#7`, `acme/api#7`; at most [`MAX_REFERENCES`]. `None` where the
    /// sender did not give the text.
    #[serde(default)]
    pub reverts: Option<Vec<String>>,
}

/// References of one pull request that are kept.
pub const MAX_REFERENCES: usize = 20;

/// Lines and files changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Size {
    /// Lines added.
    pub additions: i64,
    /// Lines removed.
    pub deletions: i64,
    /// Files touched.
    pub changed_files: i64,
}

/// Everything known of one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Which one.
    pub key: PullRequestKey,
    /// The newest full statement; absent while only side events (a commit list, a review request) were seen.
    pub snapshot: Option<Stamped<Snapshot>>,
    /// The newest known size; some events leave it out.
    pub size: Option<Stamped<Size>>,
    /// Whether it conflicts with its base, as far as GitHub has worked it out.
    pub conflicts: Option<Stamped<bool>>,
    /// The earliest authored commit.
    pub first_commit_at: Option<DateTime<Utc>>,
    /// When it last left draft.
    pub ready_at: Option<DateTime<Utc>>,
    /// When commits were last pushed to it after it was opened.
    pub pushed_at: Option<DateTime<Utc>>,
    /// When each person was last asked for a review.
    pub requests: BTreeMap<Login, DateTime<Utc>>,
}

impl PullRequest {
    /// A fact of which nothing is known yet.
    pub fn new(key: PullRequestKey) -> Self {
        Self {
            key,
            snapshot: None,
            size: None,
            conflicts: None,
            first_commit_at: None,
            ready_at: None,
            pushed_at: None,
            requests: BTreeMap::new(),
        }
    }

    /// Takes in what `other` knows. Commutative, associative, idempotent.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(
            self.key, other.key,
            "only statements about one pull request merge"
        );
        newest(&mut self.snapshot, other.snapshot);
        newest(&mut self.size, other.size);
        newest(&mut self.conflicts, other.conflicts);
        earliest(&mut self.first_commit_at, other.first_commit_at);
        latest(&mut self.ready_at, other.ready_at);
        latest(&mut self.pushed_at, other.pushed_at);
        for (login, asked_at) in other.requests {
            let known = self.requests.entry(login).or_insert(asked_at);
            *known = (*known).max(asked_at);
        }
    }

    /// The newest full statement, if it says that the pull request is open.
    pub fn open(&self) -> Option<&Snapshot> {
        self.snapshot
            .as_ref()
            .map(|snapshot| &snapshot.value)
            .filter(|snapshot| snapshot.state == PullRequestState::Open)
    }
}
