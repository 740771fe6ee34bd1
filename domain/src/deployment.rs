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
    /// When it was asked for; the earliest that any statement gives.
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
        // Some senders say only when something changed; no statement gives a time before it was asked for.
        let mut target = other.target;
        let created_at = self.target.value.created_at.min(target.value.created_at);
        self.target.value.created_at = created_at;
        target.value.created_at = created_at;
        self.target.merge(target);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    prop_compose! {
        fn any_deployment()(said in 0..4i64, asked in 0..4i64, state in 0..4usize, url in "[ab]") -> Deployment {
            let states = [
                DeploymentState::Pending,
                DeploymentState::InProgress,
                DeploymentState::Success,
                DeploymentState::Failure,
            ];
            Deployment {
                repository: "acme/api".into(),
                id: 1,
                target: Stamped {
                    at: at(said),
                    value: DeploymentTarget {
                        environment: "production".to_owned(),
                        sha: String::new(),
                        git_ref: String::new(),
                        creator: None,
                        created_at: at(asked),
                        url,
                    },
                },
                state: Stamped { at: at(said), value: states[state] },
                succeeded_at: (states[state] == DeploymentState::Success).then(|| at(said)),
                log_url: None,
            }
        }
    }

    proptest! {
        #[test]
        fn the_order_of_statements_does_not_matter_and_the_earliest_request_holds(
            said in prop::collection::vec(any_deployment(), 1..6),
        ) {
            let merge_all = |all: &[Deployment]| {
                all.iter().skip(1).fold(all[0].clone(), |mut known, one| {
                    known.merge(one.clone());
                    known
                })
            };
            let in_order = merge_all(&said);
            let backwards: Vec<Deployment> = said.iter().rev().cloned().collect();
            prop_assert_eq!(&in_order, &merge_all(&backwards));
            let mut halves = merge_all(&said[..said.len().div_ceil(2)]);
            halves.merge(merge_all(&said[said.len() / 2..]));
            prop_assert_eq!(&in_order, &halves, "in groups, one of them twice");
            let asked = said.iter().map(|one| one.target.value.created_at).min();
            prop_assert_eq!(Some(in_order.target.value.created_at), asked);
        }
    }
}
