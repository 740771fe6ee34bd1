//! Purpose: what the alerts of every monitoring system come to: an incident, with a severity from 1 to 5.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::stamped::Stamped;

use crate::webhook::delivery_key;

/// Longer than any id that a vendor makes. An index of `PostgreSQL` refuses what is longer than 2,700 bytes.
const MAX_ID_CHARS: usize = 300;

/// What is said of an incident by whoever says no more than that it is open since `at`.
pub(crate) fn open(title: String, at: DateTime<Utc>) -> IncidentSnapshot {
    IncidentSnapshot {
        state: IncidentState::Open,
        severity: None,
        assignees: Vec::new(),
        title,
        url: String::new(),
        repository: None,
        opened_at: at,
        acknowledged_at: None,
        resolved_at: None,
        service: None,
        causes: Vec::new(),
    }
}

/// What `source` said at `at` of the incident that it calls `external_id`.
pub(crate) fn incident(
    source: &str,
    external_id: &str,
    at: DateTime<Utc>,
    value: IncidentSnapshot,
) -> Incident {
    let external_id = if external_id.chars().count() > MAX_ID_CHARS {
        delivery_key(Some(external_id), &[])
    } else {
        external_id.to_owned()
    };
    Incident {
        source: source.to_owned(),
        external_id,
        snapshot: Stamped { at, value },
        began_again_at: None,
    }
}

/// As [`incident`], of a source that calls every occurrence by one name, at the moment when it begins.
pub(crate) fn began_again(
    source: &str,
    external_id: &str,
    at: DateTime<Utc>,
    value: IncidentSnapshot,
) -> Incident {
    let mut incident = incident(source, external_id, at, value);
    incident.snapshot.value.opened_at = at;
    incident.began_again_at = Some(at);
    incident
}

/// The change that states it.
pub(crate) fn stated(incident: Incident) -> Vec<FactChange> {
    vec![FactChange::Incident(Box::new(incident))]
}

/// The severity that people write as a word or as a number with something before it: `critical`, `P2`, `SEV-3`, `4`.
pub(crate) fn severity(word: &str) -> Option<u8> {
    let word = word.trim().to_lowercase();
    let level = match word.as_str() {
        "critical" | "crit" | "fatal" | "emergency" | "disaster" | "page" => 1,
        "high" | "error" | "major" => 2,
        "warning" | "warn" | "medium" | "moderate" => 3,
        "low" | "minor" | "notice" => 4,
        "info" | "information" | "informational" | "debug" => 5,
        numbered => {
            let digits = numbered.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.parse().ok().filter(|level| (1..=5).contains(level))?
        }
    };
    Some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_a_word_or_a_number() {
        for (word, expected) in [
            ("critical", Some(1)),
            ("P2", Some(2)),
            ("SEV-3", Some(3)),
            (" Warning ", Some(3)),
            ("low", Some(4)),
            ("5", Some(5)),
            ("info", Some(5)),
            ("p0", None),
            ("sev12", None),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(severity(word), expected, "{word}");
        }
    }

    #[test]
    fn an_id_that_no_index_takes_is_hashed() {
        let said = |id: &str| {
            let at = DateTime::UNIX_EPOCH;
            incident("datadog", id, at, open(String::new(), at)).external_id
        };
        assert_eq!(said("arn:aws:cloudwatch"), "arn:aws:cloudwatch");
        assert_eq!(said(&"x".repeat(301)).len(), 71);
    }
}
