//! Jira, in the cloud and on one's own machines (webhooks of an administrator).

use crate::suite::{SECRET, Signer, Suite, hmac_hex, samples};

const SUITE: Suite = Suite {
    vendor: "jira",
    sign: Signer(|sample, secret| {
        let digits = hmac_hex(secret, &[&sample.body]);
        vec![("x-hub-signature", format!("sha256={digits}"))]
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
fn in_the_cloud_the_identifier_is_the_key() {
    let mut sample = samples("jira").remove(0);
    sample
        .headers
        .push(("x-atlassian-webhook-identifier".to_owned(), "f3a2d1".to_owned()));
    let event = SUITE.take(&sample, Some(SECRET), &[SECRET]).unwrap();
    assert_eq!(event.delivery_key, "f3a2d1");
}

#[test]
fn an_issue_is_opened_begun_and_closed() {
    let facts = SUITE.facts_in_any_order(&[
        "jira_issue_created",
        "jira_issue_updated.in-progress",
        "jira_issue_updated.done",
        "jira_issue_updated.reopened",
        "jira_issue_updated.server-resolved",
    ]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn comments_sprints_and_the_way_back_say_nothing() {
    for name in [
        "comment_created",
        "jira_issue_updated.sprint",
        "jira_issue_updated.reopened",
    ] {
        assert_eq!(SUITE.changes(name), [], "{name}");
    }
}
