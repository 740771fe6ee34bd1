//! Codecov's notifications.

use crate::suite::{Signer, Suite};

const SUITE: Suite = Suite {
    vendor: "codecov",
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
fn a_comparison_is_a_run_that_is_green_red_or_neither() {
    let said: Vec<_> = ["notify.increased", "notify.decreased", "notify.no-base"]
        .iter()
        .flat_map(|name| SUITE.changes(name))
        .collect();
    insta::assert_json_snapshot!(said);
}

#[test]
fn the_order_of_comparisons_of_one_moment_does_not_matter() {
    let facts = SUITE.facts_in_any_order(&["notify.increased", "notify.decreased"]);
    assert_eq!(facts.len(), 1);
}
