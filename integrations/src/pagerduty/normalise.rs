//! Purpose: what a PagerDuty event says, as facts. Pure; serves webhooks and recorded files alike.
//!
//! Source: <https://developer.pagerduty.com/docs/webhooks-overview> (v3). `created_at` is missing from older bodies, so what
//! is told of an incident's beginning is the earliest that any event knows.

use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use crate::payload::{Text, Time, filled, read};

/// What `event` states, or which field could not be read.
pub(crate) fn changes(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        kind if is_about_the_incident(kind) => incident(&event.payload),
        kind if is_aside(kind) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

/// Events that state the incident in full.
fn is_about_the_incident(kind: &str) -> bool {
    matches!(
        kind,
        "incident.triggered"
            | "incident.acknowledged"
            | "incident.unacknowledged"
            | "incident.resolved"
            | "incident.reopened"
            | "incident.escalated"
            | "incident.reassigned"
            | "incident.delegated"
            | "incident.priority_updated"
            // What the poller reads of an incident where no webhook would have told it.
            | "polled.incident"
    )
}

/// Events about something else than how far an incident got.
fn is_aside(kind: &str) -> bool {
    kind == "pagey.ping"
        || kind.starts_with("service.")
        || [
            "annotated",
            "status_update_published",
            "conference_bridge.",
            "responder.",
            "workflow.",
            "incident_type.",
            "custom_field_values.",
        ]
        .iter()
        .any(|aside| {
            kind.strip_prefix("incident.")
                .is_some_and(|kind| kind.starts_with(aside))
        })
}

#[derive(Debug, Deserialize)]
struct Envelope {
    event: Event,
}

#[derive(Debug, Deserialize)]
struct Event {
    occurred_at: Time,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    id: Text,
    status: Text,
    title: Option<Text>,
    html_url: Option<Text>,
    created_at: Option<Time>,
    service: Option<Named>,
    assignees: Option<Vec<Named>>,
    urgency: Option<Text>,
    priority: Option<Named>,
    /// Only the API tells it, and who acknowledged it since when.
    resolved_at: Option<Time>,
    acknowledgements: Option<Vec<Acknowledgement>>,
}

#[derive(Debug, Deserialize)]
struct Acknowledgement {
    at: Option<Time>,
}

/// Anything that PagerDuty refers to: `summary` is its name.
#[derive(Debug, Deserialize)]
struct Named {
    summary: Option<Text>,
}

fn incident(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let Envelope { event } = read(payload)?;
    let at = event.occurred_at.0;
    let data = event.data;
    let state = match data.status.0.as_str() {
        "triggered" | "acknowledged" => IncidentState::Open,
        "resolved" => IncidentState::Resolved,
        other => {
            return Err(format!(
                "event.data.status: `{other}` is no status of an incident"
            ));
        }
    };
    let acknowledgements = data.acknowledgements.unwrap_or_default().into_iter();
    let acknowledged_at = acknowledgements.filter_map(|one| one.at).min();
    let value = IncidentSnapshot {
        state,
        severity: severity(data.priority, data.urgency),
        assignees: data
            .assignees
            .unwrap_or_default()
            .into_iter()
            .filter_map(name)
            .map(Login)
            .collect(),
        title: filled(data.title).unwrap_or_else(|| format!("Incident {}", data.id.0)),
        url: filled(data.html_url).unwrap_or_default(),
        repository: None,
        opened_at: data.created_at.map_or(at, |created| created.0.min(at)),
        acknowledged_at: (data.status.0 == "acknowledged")
            .then(|| acknowledged_at.map_or(at, |first| first.0.min(at))),
        resolved_at: (state == IncidentState::Resolved)
            .then(|| data.resolved_at.map_or(at, |resolved| resolved.0.min(at))),
        service: data.service.and_then(name),
        causes: Vec::new(),
    };
    Ok(vec![FactChange::Incident(Box::new(Incident {
        source: "pagerduty".to_owned(),
        external_id: data.id.0,
        snapshot: Stamped { at, value },
        began_again_at: None,
    }))])
}

fn name(named: Named) -> Option<String> {
    filled(named.summary)
}

/// `P1` to `P5` where priorities are in use; else what the urgency says: high is 2, low is 4.
fn severity(priority: Option<Named>, urgency: Option<Text>) -> Option<u8> {
    let digits = priority.and_then(name).and_then(|name| {
        let digit = name
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .chars()
            .next()?;
        u8::try_from(digit.to_digit(10)?)
            .ok()
            .filter(|level| (1..=5).contains(level))
    });
    let of_urgency = || match filled(urgency)?.as_str() {
        "high" => Some(2),
        "low" => Some(4),
        _ => None,
    };
    digits.or_else(of_urgency)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn event(kind: &str, payload: &Value) -> RawEvent {
        RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::pagerduty(),
            delivery_key: "k".to_owned(),
            event_type: kind.to_owned(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload: payload.to_string().into_bytes(),
        }
    }

    fn body(status: &str, at: &str, created: Option<&str>) -> Value {
        json!({ "event": {
            "id": "01D", "event_type": "incident.x", "resource_type": "incident", "occurred_at": at, "agent": null,
            "data": {
                "id": "PFQZPSY", "type": "incident", "html_url": "https://acme.pagerduty.com/incidents/PFQZPSY",
                "number": 9, "status": status, "title": "Payments are down", "created_at": created,
                "service": { "id": "PA2P440", "type": "service_reference", "summary": "payments" },
                "assignees": [{ "id": "PJ0LVEB", "type": "user_reference", "summary": "Ada" }],
                "priority": { "summary": "P1" }, "urgency": "high", "resolve_reason": null
            }
        }})
    }

    fn said(kind: &str, payload: &Value) -> Incident {
        match changes(&event(kind, payload)).unwrap().pop() {
            Some(FactChange::Incident(incident)) => *incident,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_incident_begins_when_any_event_says_it_did_and_ends_when_it_was_resolved() {
        let triggered = body("triggered", "2026-06-04T13:00:00.250Z", None);
        let resolved = body("resolved", "2026-06-04T14:00:00Z", None);
        let (first, last) = (
            said("incident.triggered", &triggered),
            said("incident.resolved", &resolved),
        );
        for (mut known, other) in [(first.clone(), last.clone()), (last, first)] {
            known.merge(other);
            let value = known.snapshot.value;
            assert_eq!(value.state, IncidentState::Resolved);
            assert_eq!(value.opened_at.to_rfc3339(), "2026-06-04T13:00:00.250+00:00");
            assert_eq!(
                value.resolved_at.unwrap().to_rfc3339(),
                "2026-06-04T14:00:00+00:00"
            );
            assert_eq!(
                (value.severity, value.service.as_deref()),
                (Some(1), Some("payments"))
            );
            assert_eq!(value.assignees, [Login("Ada".to_owned())]);
        }
    }

    #[test]
    fn an_incident_that_is_acknowledged_or_reopened_is_open() {
        let acknowledged = body(
            "acknowledged",
            "2026-06-04T13:00:00Z",
            Some("2026-06-04T12:00:00Z"),
        );
        let value = said("incident.acknowledged", &acknowledged).snapshot.value;
        assert_eq!((value.state, value.resolved_at), (IncidentState::Open, None));
        assert_eq!(value.opened_at.to_rfc3339(), "2026-06-04T12:00:00+00:00");
    }

    #[test]
    fn what_was_read_afterwards_tells_its_own_times() {
        let mut body = body("acknowledged", "2026-06-04T13:30:00Z", None);
        body["event"]["data"]["acknowledgements"] =
            json!([{ "at": "2026-06-04T13:10:00Z" }, { "at": "2026-06-04T13:05:00Z" }, {}]);
        let value = said("polled.incident", &body).snapshot.value;
        assert_eq!(
            value.acknowledged_at.unwrap().to_rfc3339(),
            "2026-06-04T13:05:00+00:00"
        );
        body["event"]["data"]["status"] = json!("resolved");
        body["event"]["data"]["resolved_at"] = json!("2026-06-04T13:20:00Z");
        let value = said("polled.incident", &body).snapshot.value;
        assert_eq!(
            value.resolved_at.unwrap().to_rfc3339(),
            "2026-06-04T13:20:00+00:00"
        );
        assert_eq!(value.acknowledged_at, None);
    }

    #[test]
    fn a_priority_is_enough_without_an_urgency() {
        let mut body = body("triggered", "2026-06-04T13:00:00Z", None);
        body["event"]["data"]["urgency"] = Value::Null;
        assert_eq!(said("incident.triggered", &body).snapshot.value.severity, Some(1));
        body["event"]["data"]["priority"] = Value::Null;
        body["event"]["data"]["urgency"] = json!("low");
        assert_eq!(said("incident.triggered", &body).snapshot.value.severity, Some(4));
    }

    #[test]
    fn notes_say_nothing_and_what_is_unknown_is_said_to_be() {
        let note = json!({ "event": { "occurred_at": "2026-06-04T13:00:00Z", "data": { "content": "hm" } } });
        for kind in [
            "incident.annotated",
            "incident.responder.added",
            "service.updated",
            "pagey.ping",
        ] {
            assert_eq!(changes(&event(kind, &note)), Ok(Vec::new()), "{kind}");
        }
        for (kind, payload) in [
            ("incident.vanished", &note),
            ("incident.triggered", &note),
            ("incident.triggered", &body("gone", "2026-06-04T13:00:00Z", None)),
        ] {
            assert!(changes(&event(kind, payload)).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn a_body_that_lacks_anything_or_is_cut_off_never_panics(cut in 0usize..900, kind in "incident\\.[a-z_]{0,12}") {
            let whole = body("triggered", "2026-06-04T13:00:00Z", None).to_string();
            let mut event = event(&kind, &json!({}));
            event.payload = whole.as_bytes()[..cut.min(whole.len())].to_vec();
            let _ = changes(&event);
        }
    }
}
