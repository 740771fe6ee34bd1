//! Prometheus Alertmanager.

use std::collections::BTreeMap;

use em_domain::fact::FactChange;
use serde_json::Value;

use crate::suite::{SECRET, Sample, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "alertmanager",
    // As `http_config.authorization` sends it; the recorded header is another one.
    sign: Signer(|_, secret| vec![("authorization", format!("Bearer {secret}"))]),
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
fn each_alert_of_a_group_is_an_incident_that_fires_and_is_resolved() {
    let facts = SUITE.facts_in_any_order(&["alerts.firing", "alerts.partly-resolved", "alerts.resolved"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn what_every_sample_states() {
    let said: BTreeMap<String, Vec<FactChange>> = samples("alertmanager")
        .into_iter()
        .map(|sample| (sample.name.clone(), SUITE.changes(&sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}

/// A group is sent again every `repeat_interval`, and by each Alertmanager of a pair; what changes then is no state.
#[test]
fn a_group_that_is_repeated_is_the_same_delivery() {
    let firing = samples("alertmanager").remove(0);
    let mut repeated: Value = serde_json::from_slice(&firing.body).unwrap();
    repeated["externalURL"] = "http://the-other-alertmanager.example.com".into();
    repeated["alerts"][0]["annotations"]["summary"] = "5xx ratio is 7%".into();
    let swapped = repeated["alerts"].as_array_mut().unwrap();
    swapped.reverse();
    let again = Sample {
        body: repeated.to_string().into_bytes(),
        ..firing.clone()
    };
    let key = |sample: &Sample| {
        let event = SUITE.take(sample, Some(SECRET), &[SECRET]).unwrap();
        event.delivery_key
    };
    assert_ne!(firing.body, again.body);
    assert_eq!(key(&firing), key(&again));
}
