//! Kubernetes' forwarders: core Events, kubernetes-event-exporter, both handlers of kubewatch.

use std::collections::BTreeMap;

use em_domain::fact::FactChange;
use em_integrations::rules::Rules;

use crate::suite::{SECRET, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "kubernetes",
    sign: Signer(|_, secret| vec![("x-webhook-secret", secret.to_owned())]),
};

/// As `check_receipt`, but one Event came in two forms: as it is, and with what the exporter adds. They are one change.
#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt_but(&["event.BackOff-warning"]);
    let key = |name: &str| {
        let all = samples("kubernetes");
        let sample = all.iter().find(|sample| sample.name == name).unwrap();
        SUITE.take(sample, Some(SECRET), &[SECRET]).unwrap().delivery_key
    };
    assert_eq!(
        key("event.BackOff-warning"),
        key("event-exporter.BackOff-warning")
    );
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn a_rollout_goes_on_and_is_live() {
    let facts = SUITE.facts_in_any_order(&["kubewatch.deployment-update", "kubewatch.deployment-available"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn trouble_is_one_incident_as_long_as_it_repeats() {
    let names = [
        "event-exporter.BackOff-warning",
        "event-exporter.BackOff-repeated",
        "event.BackOff-warning",
    ];
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&names));
}

#[test]
fn what_every_sample_states() {
    let mut rules = Rules::default();
    rules.repositories.insert(
        "kubernetes/default/hello-world".to_owned(),
        "acme/hello-world".to_owned(),
    );
    rules
        .deploying
        .insert("kubernetes/default".to_owned(), "production".to_owned());
    let said: BTreeMap<String, Vec<FactChange>> = samples("kubernetes")
        .into_iter()
        .map(|sample| (sample.name.clone(), SUITE.changes_by(&rules, &sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}
