//! Purpose: the facts "a deployment" and "a release".

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::stamped::{Stamped, earliest, newest};

/// How far a deployment got. The order is the order of life: GitHub's times have one-second grain, and of two
/// states in one second the later in life wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Asked for.
    Pending,
    /// Under way.
    InProgress,
    /// Live.
    Success,
    /// Did not get there (GitHub: `failure` or `error`).
    Failure,
}

impl DeploymentState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }

    /// The state stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::InProgress, Self::Success, Self::Failure]
            .into_iter()
            .find(|s| s.as_str() == name)
    }
}

/// Whether people use what is deployed to an environment of this name.
pub fn is_production(environment: &str) -> bool {
    let name = environment.to_lowercase();
    name.contains("prod") && !name.contains("preprod") && !name.contains("pre-prod") && !name.contains("non")
}

/// What does not change over a deployment's life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeploymentTarget {
    /// `production`, `staging`, ...
    pub environment: String,
    /// The deployed commit.
    pub sha: String,
    /// The branch or tag that was asked for.
    pub git_ref: String,
    /// Who asked, where known.
    pub creator: Option<Login>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// The page for people.
    pub url: String,
}

/// One deployment; keyed by repository and the forge's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The forge's id.
    pub id: i64,
    /// Where to and what.
    pub target: Stamped<DeploymentTarget>,
    /// The newest state. `inactive` (a newer deployment took over) is not one: it says nothing about this one.
    pub state: Stamped<DeploymentState>,
    /// When it first went live.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// The log of the run that did it, where one was named.
    pub log_url: Option<Stamped<String>>,
}

impl Deployment {
    /// Takes in another statement about the same deployment.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only statements about one deployment merge");
        self.target.merge(other.target);
        self.state.merge(other.state);
        earliest(&mut self.succeeded_at, other.succeeded_at);
        newest(&mut self.log_url, other.log_url);
    }
}

/// One published release; keyed by repository and the forge's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Release {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The forge's id.
    pub id: i64,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// The tag.
    pub tag: String,
    /// The title, where it has one.
    pub name: Option<String>,
    /// Marked as not for general use.
    pub is_prerelease: bool,
    /// Who published it.
    pub author: Option<Login>,
    /// The page for people.
    pub url: String,
}

impl Release {
    /// Takes in another statement about the same release: the greater wins, whichever came first.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only statements about one release merge");
        if other > *self {
            *self = other;
        }
    }
}
