//! Jenkins with its Notification plugin.

use em_integrations::rules::Rules;

use crate::suite::{Signer, Suite};

/// The plugin puts the user and password of the address into this header.
const SUITE: Suite = Suite {
    vendor: "jenkins",
    sign: Signer(|_, secret| {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("jenkins:{secret}"));
        vec![("authorization", format!("Basic {pair}"))]
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
fn builds_that_ended_are_runs() {
    let names = [
        "build.completed",
        "build.finalized-success",
        "build.finalized-failure",
    ];
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&names));
}

#[test]
fn a_job_that_deploys_is_a_deployment_too() {
    let rules = Rules {
        deploying: [("jenkins/Synapse".to_owned(), "production".to_owned())].into(),
        ..Rules::default()
    };
    insta::assert_json_snapshot!(SUITE.changes_by(&rules, "build.finalized-success")[1]);
}
