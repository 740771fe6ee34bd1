//! GitLab: merge requests, notes, pushes, CI, deployments, releases and issues; by the secret token and by the signing token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::suite::{Signer, Suite, hmac, now};

const SUITE: Suite = Suite {
    vendor: "gitlab",
    sign: Signer(|_, secret| vec![("x-gitlab-token", secret.to_owned())]),
};

const SIGNED: Suite = Suite {
    vendor: "gitlab",
    sign: Signer(|sample, secret| {
        let seconds = now().timestamp().to_string();
        let pieces = [
            sample.name.as_bytes(),
            b".",
            seconds.as_bytes(),
            b".",
            &sample.body,
        ];
        let signature = STANDARD.encode(hmac(secret, &pieces));
        vec![
            ("webhook-id", sample.name.clone()),
            ("webhook-timestamp", seconds),
            ("webhook-signature", format!("v1,{signature}")),
        ]
    }),
};

#[test]
fn deliveries_are_believed_by_the_token_and_kept_once() {
    SUITE.check_receipt();
}

#[test]
fn deliveries_are_believed_by_the_signature_and_kept_once() {
    SIGNED.check_receipt();
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn a_merge_request_goes_from_open_over_a_review_to_merged_and_keeps_its_author() {
    let facts = SUITE.facts_in_any_order(&[
        "merge_request.life-1-open",
        "merge_request.life-2-changes",
        "note.merge_request",
        "merge_request.life-3-push",
        "merge_request.life-4-approved",
        "merge_request.life-5-merge",
    ]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn an_older_body_names_the_author_by_number() {
    let facts = SUITE.facts_in_any_order(&["merge_request.close", "merge_request.merge"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn a_deployment_goes_from_running_to_success() {
    let facts = SUITE.facts_in_any_order(&["deployment.running", "deployment.success"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn every_other_sample_states_what_it_says() {
    let names = [
        "build",
        "issue.close",
        "merge_request.open",
        "pipeline.success",
        "push",
        "release.create",
        "work_item.incident",
    ];
    let said: Vec<_> = names.iter().map(|name| (name, SUITE.changes(name))).collect();
    insta::assert_json_snapshot!(said);
}
