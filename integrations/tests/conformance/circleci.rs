//! CircleCI's outbound webhooks.

use em_integrations::rules::Rules;

use crate::suite::{Signer, Suite, hmac_hex};

const SUITE: Suite = Suite {
    vendor: "circleci",
    sign: Signer(|sample, secret| {
        let digits = hmac_hex(secret, &[&sample.body]);
        vec![("circleci-signature", format!("v2=00,v1={digits}"))]
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
fn workflows_and_jobs_that_ended_are_runs() {
    let facts = SUITE.facts_in_any_order(&[
        "workflow-completed.success",
        "workflow-completed.failed",
        "workflow-completed.canceled",
        "workflow-completed.app",
        "job-completed.success",
    ]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn those_that_deploy_are_deployments_too() {
    let rules = Rules {
        deploying: [
            ("circleci/deploy".to_owned(), "production".to_owned()),
            ("circleci/deploy-production".to_owned(), "production".to_owned()),
        ]
        .into(),
        ..Rules::default()
    };
    let names = ["workflow-completed.app", "job-completed.success"];
    let said: Vec<_> = names
        .iter()
        .flat_map(|name| SUITE.changes_by(&rules, name).into_iter().skip(1))
        .collect();
    insta::assert_json_snapshot!(said);
}
