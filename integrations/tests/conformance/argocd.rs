//! Argo CD's notifications: our own template, the whole application, and the sync result alone.

use em_domain::fact::Normalised;
use em_integrations::normalise::normalise;

use crate::suite::{SECRET, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "argocd",
    sign: Signer(|_, secret| vec![("x-webhook-secret", secret.to_owned())]),
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
fn a_deployment_goes_from_running_to_success() {
    let facts = SUITE.facts_in_any_order(&["app.sync-running", "app.sync-succeeded-healthy"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn a_deployment_of_a_chart_that_leaves_the_application_degraded_failed() {
    let facts = SUITE.facts_in_any_order(&["app.out-of-sync-missing", "app.sync-succeeded-degraded"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn our_own_template_says_all_that_is_read() {
    insta::assert_json_snapshot!(SUITE.changes("template.deployed"));
}

#[test]
fn an_application_that_is_deleted_states_nothing() {
    assert_eq!(SUITE.changes("app.deleting"), Vec::new());
}

#[test]
fn a_sync_result_alone_is_kept_and_what_is_missing_is_said() {
    let all = samples("argocd");
    let sample = all.iter().find(|sample| sample.name == "sync-result").unwrap();
    let event = SUITE.take(sample, Some(SECRET), &[SECRET]).unwrap();
    let Normalised::Unrecognised(reason) = normalise(&event) else {
        panic!("it names no application")
    };
    insta::assert_snapshot!(reason);
}
