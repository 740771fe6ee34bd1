//! SonarQube's webhooks.

use crate::suite::{Signer, Suite, hmac_hex};

const SUITE: Suite = Suite {
    vendor: "sonarqube",
    sign: Signer(|sample, secret| {
        let digits = hmac_hex(secret, &[&sample.body]);
        vec![("x-sonar-webhook-hmac-sha256", digits)]
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
fn a_gate_is_a_run_that_is_green_or_red() {
    let said: Vec<_> = ["quality-gate.ok", "quality-gate.error"]
        .iter()
        .flat_map(|name| SUITE.changes(name))
        .collect();
    insta::assert_json_snapshot!(said);
}

/// The two samples are of one analysis and one moment, which no server sends: the worse of them holds, in either order.
#[test]
fn the_order_of_two_statements_does_not_matter() {
    let facts = SUITE.facts_in_any_order(&["quality-gate.ok", "quality-gate.error"]);
    assert_eq!(facts.len(), 1);
}
