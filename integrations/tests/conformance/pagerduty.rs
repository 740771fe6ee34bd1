//! PagerDuty (v3 subscriptions).

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::IncidentState;
use serde_json::json;

use crate::suite::{Signer, Suite, hmac_hex, merged_in_any_order};

const SUITE: Suite = Suite {
    vendor: "pagerduty",
    sign: Signer(|sample, secret| {
        let digits = hmac_hex(secret, &[&sample.body]);
        vec![("x-pagerduty-signature", format!("v1=00,v1={digits}"))]
    }),
};

#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt();
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn an_incident_goes_from_triggered_over_acknowledged_to_resolved() {
    let facts =
        SUITE.facts_in_any_order(&["incident.triggered", "incident.acknowledged", "incident.resolved"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn one_incident_lives_from_triggered_to_reopened() {
    // The samples are of three incidents: here they tell of one.
    let told = |(sample, kind, at): (&str, &str, &str)| {
        SUITE.changes_of(sample, &|body| {
            body["event"]["event_type"] = json!(kind);
            body["event"]["occurred_at"] = json!(at);
            body["event"]["data"]["id"] = json!("P1");
            body["event"]["data"]["created_at"] = json!("2026-06-01T08:00:00Z");
        })
    };
    let triggered = ("incident.triggered", "incident.triggered", "2026-06-01T08:00:00Z");
    let acknowledged = (
        "incident.acknowledged",
        "incident.acknowledged",
        "2026-06-01T08:05:00Z",
    );
    let again = (
        "incident.acknowledged",
        "incident.acknowledged",
        "2026-06-01T08:30:00Z",
    );
    let resolved = ("incident.resolved", "incident.resolved", "2026-06-01T09:00:00Z");
    let reopened = ("incident.triggered", "incident.reopened", "2026-06-01T10:00:00Z");
    for (life, state, is_over) in [
        (&[triggered, acknowledged, again][..], IncidentState::Open, false),
        (
            &[triggered, acknowledged, again, resolved],
            IncidentState::Resolved,
            true,
        ),
        (
            &[triggered, acknowledged, again, resolved, reopened],
            IncidentState::Open,
            false,
        ),
    ] {
        let said: Vec<_> = life.iter().map(|event| told(*event)).collect();
        let facts: Vec<_> = merged_in_any_order(&said).into_values().collect();
        let [FactChange::Incident(incident)] = &facts[..] else {
            panic!("{facts:?}")
        };
        let value = &incident.snapshot.value;
        assert_eq!(value.state, state);
        assert_eq!(value.opened_at, at("2026-06-01T08:00:00Z"));
        assert_eq!(
            value.acknowledged_at,
            Some(at("2026-06-01T08:05:00Z")),
            "the first time"
        );
        assert_eq!(value.resolved_at, is_over.then(|| at("2026-06-01T09:00:00Z")));
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn who_takes_an_incident_over_is_its_only_assignee() {
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&["incident.escalated"]));
}
