//! Purpose: the fact "an incident", whichever system tells of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::stamped::{Stamped, earliest, latest};

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
    /// When somebody first said that they work on it, where the source tells.
    #[serde(default)]
    pub acknowledged_at: Option<DateTime<Utc>>,
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
    /// When it last began, where its source says so because every occurrence goes by one name: an alarm, an error that comes
    /// back. Then this is when it was opened: what was over before is another story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_again_at: Option<DateTime<Utc>>,
}

impl Incident {
    /// Takes in another statement about the same incident. Commutative, associative, idempotent.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(
            (&self.source, &self.external_id),
            (&other.source, &other.external_id),
            "only statements about one incident merge"
        );
        latest(&mut self.began_again_at, other.began_again_at);
        // Not every statement knows when it began; none says a time before that.
        let earliest_said = self.snapshot.value.opened_at.min(other.snapshot.value.opened_at);
        let opened_at = self.began_again_at.unwrap_or(earliest_said);
        self.snapshot.value.opened_at = opened_at;
        // That it was acknowledged is said once; whatever is said later does not repeat it.
        let mut acknowledged_at = self.snapshot.value.acknowledged_at;
        earliest(&mut acknowledged_at, other.snapshot.value.acknowledged_at);
        self.snapshot.value.acknowledged_at = acknowledged_at;
        let mut said = other.snapshot;
        said.value.opened_at = opened_at;
        said.value.acknowledged_at = acknowledged_at;
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
            any::<bool>(),
        )
            .prop_map(|(at, state, severity, begins)| {
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
                            acknowledged_at: (state == IncidentState::Open).then_some(at),
                            resolved_at: None,
                            service: None,
                            causes: Vec::new(),
                        },
                    },
                    began_again_at: begins.then_some(at),
                }
            })
    }

    #[test]
    fn what_comes_back_under_its_old_name_is_open_since_it_came_back() {
        let at = |hour: i64| DateTime::from_timestamp(1_770_000_000 + hour * 3600, 0).unwrap();
        let said = |hour, state, begins: bool| {
            let value = IncidentSnapshot {
                state,
                severity: None,
                assignees: Vec::new(),
                title: "HighLatency".to_owned(),
                url: String::new(),
                repository: None,
                opened_at: at(hour),
                acknowledged_at: None,
                resolved_at: (state == IncidentState::Resolved).then(|| at(hour)),
                service: None,
                causes: Vec::new(),
            };
            Incident {
                source: "cloudwatch".to_owned(),
                external_id: "arn".to_owned(),
                snapshot: Stamped { at: at(hour), value },
                began_again_at: begins.then(|| at(hour)),
            }
        };
        let mut known = said(1, IncidentState::Open, true);
        known.merge(said(2, IncidentState::Resolved, false));
        let value = &known.snapshot.value;
        assert_eq!((value.opened_at, value.resolved_at), (at(1), Some(at(2))));
        known.merge(said(8, IncidentState::Open, true));
        known.merge(said(9, IncidentState::Resolved, false));
        let value = &known.snapshot.value;
        assert_eq!((value.opened_at, value.resolved_at), (at(8), Some(at(9))));
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
