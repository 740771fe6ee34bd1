//! Datadog: three bodies of templates that are about, and the template of our documentation.

use std::collections::BTreeMap;

use em_domain::fact::FactChange;
use em_domain::incident::IncidentState;

use crate::merge::merged;
use crate::suite::{SECRET, Sample, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "datadog",
    // The custom header of the webhook.
    sign: Signer(|_, secret| vec![("x-webhook-secret", secret.to_owned())]),
};

/// Two of the samples are one event, as two templates show it.
#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt_but(&["monitor.triggered-rich"]);
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn a_monitor_goes_from_triggered_to_recovered() {
    let facts = SUITE.facts_in_any_order(&["monitor.triggered", "monitor.recovered"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn what_every_sample_states() {
    let said: BTreeMap<String, Vec<FactChange>> = samples("datadog")
        .into_iter()
        .map(|sample| (sample.name.clone(), SUITE.changes(&sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}

/// The template of `docs/integrations/datadog.md`, with the variables filled as Datadog fills them.
fn filled(transition: &str, date: &str) -> Sample {
    let page = include_str!("../../../docs/integrations/datadog.md");
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (template, _) = rest.split_once("```").unwrap();
    // Longer names first: one may begin with another.
    let values = [
        ("$INCIDENT_PUBLIC_ID", ""),
        ("$INCIDENT_SEVERITY", ""),
        ("$INCIDENT_STATUS", ""),
        ("$INCIDENT_TITLE", ""),
        ("$INCIDENT_URL", ""),
        ("$ALERT_TRANSITION", transition),
        ("$ALERT_CYCLE_KEY", "7123456789012345678"),
        ("$ALERT_PRIORITY", "P1"),
        ("$ALERT_SCOPE", "host:web-1"),
        ("$ALERT_TYPE", "error"),
        ("$ALERT_ID", "1234"),
        ("$AGGREG_KEY", "9bd4ac313a4d1e8fae2482df7b77628"),
        ("$EVENT_TITLE", "[P1] [State on {host:web-1}] CPU load"),
        ("$EVENT_TYPE", "metric_alert_monitor"),
        ("$HOSTNAME", "web-1"),
        ("$TAGS", "monitor, service:checkout, env:prod"),
        ("$LINK", "https://app.datadoghq.com/event/jump_to?event_id=1"),
        ("$DATE", date),
        ("$ID", date),
    ];
    let body = values.iter().fold(template.to_owned(), |body, (name, value)| {
        body.replace(name, value)
    });
    assert!(!body.contains('$'), "a variable is not filled: {body}");
    Sample {
        name: transition.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.into_bytes(),
    }
}

#[test]
fn our_own_template_says_everything() {
    let said = |sample: Sample| {
        let event = SUITE.take(&sample, Some(SECRET), &[SECRET]).unwrap();
        match em_integrations::normalise::normalise(&event) {
            em_domain::fact::Normalised::Changes(changes) => changes,
            em_domain::fact::Normalised::Unrecognised(reason) => panic!("{reason}"),
        }
    };
    let life = [
        filled("Recovered", "1406663272000"),
        filled("Triggered", "1406662672000"),
    ];
    let facts = merged(life.into_iter().flat_map(said));
    let Some(FactChange::Incident(incident)) = facts.get("incident datadog cycle/7123456789012345678") else {
        panic!("{facts:?}")
    };
    let value = &incident.snapshot.value;
    assert_eq!((value.state, value.severity), (IncidentState::Resolved, Some(1)));
    assert_eq!(
        (value.title.as_str(), value.service.as_deref()),
        ("[State on {host:web-1}] CPU load", Some("checkout"))
    );
    assert_eq!(value.opened_at.timestamp_millis(), 1_406_662_672_000);
    assert_eq!(value.resolved_at.unwrap().timestamp_millis(), 1_406_663_272_000);
}
