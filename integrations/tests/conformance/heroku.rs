//! Heroku's app webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::suite::{Signer, Suite, hmac};

const SUITE: Suite = Suite {
    vendor: "heroku",
    sign: Signer(|sample, secret| {
        let signature = STANDARD.encode(hmac(secret, &[&sample.body]));
        vec![("heroku-webhook-hmac-sha256", signature)]
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
fn a_release_and_a_rollback_are_two_deployments() {
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&["release.update", "release.rollback"]));
}

#[test]
fn dynos_state_nothing() {
    for name in ["dyno.crashed", "dyno.starting"] {
        assert_eq!(SUITE.changes(name), Vec::new(), "{name}");
    }
}
