//! Shortcut.

use crate::suite::{Signer, Suite, hmac_hex};

const SUITE: Suite = Suite {
    vendor: "shortcut",
    sign: Signer(|sample, secret| vec![("payload-signature", hmac_hex(secret, &[&sample.body]))]),
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
fn stories_are_opened_begun_and_given_to_people() {
    let facts = SUITE.facts_in_any_order(&[
        "story.create",
        "story.update-workflow-state",
        "story.update-docs",
        "pull-request.create",
    ]);
    insta::assert_json_snapshot!(facts);
}
