//! Purpose: what delivery metrics are made from: merged changes, what went live, outages, pushes that no pull request
//! made, and what people corrected.
//!
//! They are stored in packs of a day, so they are small: instants are microseconds since 1970, and no type here needs a
//! format that describes itself. A fact may come twice, and in any order: of two statements about one thing the greater
//! one counts, and so the order of fields matters as in [`Snapshot`](crate::pull_request::Snapshot).

use std::fmt;

use chrono::serde::{ts_microseconds, ts_microseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::RepositoryName;
use crate::pull_request::{Account, PullRequestKey, Size};

/// One merged pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Which one.
    pub key: PullRequestKey,
    /// When it was merged.
    #[serde(with = "ts_microseconds")]
    pub merged_at: DateTime<Utc>,
    /// When it was opened.
    #[serde(with = "ts_microseconds")]
    pub opened_at: DateTime<Utc>,
    /// When its earliest commit was authored, by the commits of the pull request and not by what a squash left of them.
    #[serde(with = "ts_microseconds_option", default)]
    pub first_commit_at: Option<DateTime<Utc>>,
    /// When it last left draft; `None` for one that never was a draft.
    #[serde(with = "ts_microseconds_option", default)]
    pub ready_at: Option<DateTime<Utc>>,
    /// The first review or comment by a person other than the author; bots do not count.
    #[serde(with = "ts_microseconds_option", default)]
    pub first_review_at: Option<DateTime<Utc>>,
    /// The first review or comment by anybody other than the author, bots included.
    #[serde(with = "ts_microseconds_option", default)]
    pub first_response_any_at: Option<DateTime<Utc>>,
    /// The last approval before the merge.
    #[serde(with = "ts_microseconds_option", default)]
    pub approved_at: Option<DateTime<Utc>>,
    /// The commit that the merge made on the base branch.
    pub merge_commit_sha: Option<String>,
    /// Who wrote it.
    pub author: Account,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// Label names.
    pub labels: Vec<String>,
    /// The branch it went into.
    pub base_ref: String,
    /// Lines and files changed, where known.
    pub size: Option<Size>,
    /// What its title and text say it takes back: commits, `#12`, `acme/api#12`, or titles.
    pub reverts: Vec<String>,
}

/// By what something counts as having gone live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// A deployment to an environment.
    Deployment,
    /// A published release.
    Release,
    /// A tag.
    Tag,
    /// A run of a workflow.
    WorkflowRun,
    /// The merge of a pull request.
    Merge,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not get there.
    Failure,
    /// It went live.
    Success,
}

/// Something that went live, or was meant to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Deployed {
    /// What it is called everywhere: `acme/api/5`. No two have the same.
    pub id: String,
    /// When it was made.
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    /// When it first went live, or failed. Being replaced later is no end.
    #[serde(with = "ts_microseconds")]
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// `owner/name`.
    pub repository: RepositoryName,
    /// By what it counts.
    pub means: Means,
    /// The environment, workflow or tag, by its means; for a merge the branch.
    pub name: String,
    /// The deployed commit, where known.
    pub sha: Option<String>,
    /// The branch or tag that was asked for; may be empty.
    pub git_ref: String,
    /// The page for people.
    pub url: String,
    /// Labels, where the source has them.
    pub labels: Vec<String>,
    /// What was written about it.
    pub description: Option<String>,
}

impl Deployed {
    /// When it went live or failed. One that ended before it was made (clocks differ) ended when it was made.
    pub fn at(&self) -> DateTime<Utc> {
        self.ended_at.max(self.created_at)
    }

    /// The deployed commit, where one is known.
    pub fn commit(&self) -> Option<&str> {
        self.sha.as_deref().filter(|sha| !sha.is_empty())
    }
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outage {
    /// The system that keeps it: `github`, `pagerduty`.
    pub source: String,
    /// What that system calls it.
    pub external_id: String,
    /// It turned out to be none.
    pub dismissed: bool,
    /// When it was over; `None` while it is not.
    #[serde(with = "ts_microseconds_option", default)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it began.
    #[serde(with = "ts_microseconds")]
    pub opened_at: DateTime<Utc>,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// The repository it belongs to, where it belongs to one.
    pub repository: Option<RepositoryName>,
    /// The service it belongs to, as its source calls it.
    pub service: Option<String>,
    /// 1 is the worst; absent where the source does not say.
    pub severity: Option<u8>,
    /// What is named as its cause: commits, deployments (`acme/api/5`) or pull requests (`#12`, `acme/api#12`).
    pub causes: Vec<String>,
    /// What is named as its fix, in the same form.
    pub fixes: Vec<String>,
}

/// A push to the default branch that is no pull request's merge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DirectPush {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The commit that the branch came to.
    pub head_sha: String,
    /// When it was pushed.
    #[serde(with = "ts_microseconds")]
    pub at: DateTime<Utc>,
    /// When its earliest commit was made, where known.
    #[serde(with = "ts_microseconds_option", default)]
    pub first_commit_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub author: Account,
    /// How many commits it brought; above zero.
    pub commits: u32,
    /// The first line of its newest commit, as written.
    pub title: String,
    /// The page for people.
    pub url: String,
}

/// One thing that metrics are about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A [`Deployed`], by its id.
    Deployment(String),
    /// A [`Change`].
    Change(PullRequestKey),
    /// An [`Outage`].
    Incident {
        /// The system that keeps it.
        source: String,
        /// What that system calls it.
        external_id: String,
    },
    /// A [`DirectPush`].
    Push {
        /// `owner/name`.
        repository: RepositoryName,
        /// The commit that the branch came to.
        head_sha: String,
    },
    /// A run of CI.
    CiRun {
        /// `owner/name`, as it is called now.
        repository: RepositoryName,
        /// The forge's id with its kind: `workflow:30433642`.
        id: String,
    },
    /// A review of a pull request. It does not say whose.
    Review {
        /// The reviewed pull request.
        key: PullRequestKey,
        /// The forge's id of the review.
        id: i64,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment(id) => f.write_str(id),
            Self::Change(key) => key.fmt(f),
            Self::Incident { source, external_id } => write!(f, "{source} {external_id}"),
            Self::Push { repository, head_sha } => write!(f, "{repository}@{head_sha}"),
            Self::CiRun { repository, id } => write!(f, "{repository} {id}"),
            Self::Review { key, id } => write!(f, "{key} review {id}"),
        }
    }
}

/// What somebody says against a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Of an incident: no deployment of ours caused it. Of a deployment: it did not fail.
    NotOurs,
    /// Of an incident: this deployment caused it. Of a change: it mends this deployment.
    CausedBy(String),
    /// Of an incident: it was none.
    NotAnIncident,
    /// Leave it out of everything.
    Exclude,
}

/// What somebody corrected. One that was taken back is not among the facts. Of several about one thing the newest holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Correction {
    /// When it was said.
    #[serde(with = "ts_microseconds")]
    pub at: DateTime<Utc>,
    /// What it is called.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// What it says.
    pub says: Says,
    /// Who said it, as that person is shown.
    pub by: String,
    /// Why; may be empty.
    pub why: String,
}

/// Everything metrics are made from, in any order. For a window they need what happened before it too: the join of
/// changes to deployments begins with the first deployment that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeliveryFacts {
    /// Merged pull requests.
    pub changes: Vec<Change>,
    /// What went live, or was meant to; also what no definition counts.
    pub deployments: Vec<Deployed>,
    /// Incidents.
    pub outages: Vec<Outage>,
    /// Pushes that no pull request made.
    pub pushes: Vec<DirectPush>,
    /// What people corrected.
    pub corrections: Vec<Correction>,
}
