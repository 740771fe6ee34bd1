//! Purpose: the fact "an incident", whichever system tells of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::stamped::Stamped;

/// How far an incident got. The order is the order of life: at one instant the later state wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// Somebody must act.
    Open,
    /// Over.
    Resolved,
    /// It turned out to be none: the mark was taken off, or the record was removed.
    Dismissed,
}

impl IncidentState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Dismissed => "dismissed",
        }
    }
}

/// What every event about an incident states in full. As with pull requests, of two statements of one instant the
/// greater wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentSnapshot {
    /// How far it got.
    pub state: IncidentState,
    /// 1 is the worst; absent where the source does not say.
    pub severity: Option<u8>,
    /// Who works on it.
    pub assignees: Vec<Login>,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// The repository it belongs to, where it belongs to one.
    pub repository: Option<RepositoryName>,
    /// When it began; the earliest that any statement gives.
    pub opened_at: DateTime<Utc>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// What the source says is broken, in its own words: a PagerDuty service.
    #[serde(default)]
    pub service: Option<String>,
    /// Commits and pull requests that its text names as the cause: `9356736ca16c`, `#7`, `acme/api#7`.
    #[serde(default)]
    pub causes: Vec<String>,
}

/// Everything known of one incident; keyed by source and the source's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The system that keeps it: `github`, `pagerduty`.
    pub source: String,
    /// What that system calls it: `acme/api#12`.
    pub external_id: String,
    /// The newest full statement.
    pub snapshot: Stamped<IncidentSnapshot>,
}

impl Incident {
    /// Takes in another statement about the same incident. Commutative, associative, idempotent.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(
            (&self.source, &self.external_id),
            (&other.source, &other.external_id),
            "only statements about one incident merge"
        );
        // Not every statement knows when it began; none says a time before that.
        let opened_at = self.snapshot.value.opened_at.min(other.snapshot.value.opened_at);
        self.snapshot.value.opened_at = opened_at;
        let mut said = other.snapshot;
        said.value.opened_at = opened_at;
        self.snapshot.merge(said);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_incident() -> impl Strategy<Value = Incident> {
        let states = [
            IncidentState::Open,
            IncidentState::Resolved,
            IncidentState::Dismissed,
        ];
        (
            0i64..4,
            prop::sample::select(states.to_vec()),
            prop::option::of(1u8..4),
        )
            .prop_map(|(at, state, severity)| {
                let at = DateTime::from_timestamp(1_770_000_000 + at, 0).unwrap();
                Incident {
                    source: "github".to_owned(),
                    external_id: "acme/api#1".to_owned(),
                    snapshot: Stamped {
                        at,
                        value: IncidentSnapshot {
                            state,
                            severity,
                            assignees: Vec::new(),
                            title: "Payments are down".to_owned(),
                            url: String::new(),
                            repository: None,
                            opened_at: at,
                            resolved_at: None,
                            service: None,
                            causes: Vec::new(),
                        },
                    },
                }
            })
    }

    proptest! {
        #[test]
        fn statements_merge_to_the_same_in_any_order_and_number(
            said in prop::collection::vec(any_incident(), 1..6).prop_flat_map(|said| {
                let shuffled = Just(said.clone()).prop_shuffle();
                (Just(said), shuffled)
            })
        ) {
            let merged = |said: &[Incident]| {
                let mut all = said.iter().cloned();
                let first = all.next().unwrap();
                all.fold(first, |mut known, next| { known.merge(next); known })
            };
            let (in_order, shuffled) = said;
            let twice: Vec<Incident> = shuffled.iter().chain(&in_order).cloned().collect();
            prop_assert_eq!(merged(&in_order), merged(&shuffled));
            prop_assert_eq!(merged(&in_order), merged(&twice));
        }
    }
}
