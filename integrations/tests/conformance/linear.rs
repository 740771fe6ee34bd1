//! Linear.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::suite::{Signer, Suite, hmac_hex, milliseconds_from_now};

const SUITE: Suite = Suite {
    vendor: "linear",
    sign: Signer(|sample, secret| vec![("linear-signature", hmac_hex(secret, &[&sample.body]))]),
};

/// The body as it would be if it were sent now.
pub(crate) fn sent_now(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body["webhookTimestamp"] = json!(milliseconds_from_now(TimeDelta::zero()));
    body.to_string().into_bytes()
}

#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt();
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
}

#[test]
fn an_issue_is_opened_and_another_one_closed() {
    insta::assert_json_snapshot!(SUITE.facts_in_any_order(&["Issue.create", "Issue.update-state"]));
}

#[test]
fn comments_and_new_titles_say_nothing() {
    for name in ["Comment.create", "Issue.update-title"] {
        assert_eq!(SUITE.changes(name), [], "{name}");
    }
}

#[test]
fn one_issue_lives_from_opened_to_closed() {
    let life: Vec<_> = [
        ("create", "unstarted", json!(null), "2026-06-01T08:00:00Z"),
        (
            "update",
            "started",
            json!({ "startedAt": "2026-06-02T08:00:00Z" }),
            "2026-06-02T08:00:00Z",
        ),
        (
            "update",
            "completed",
            json!({ "completedAt": "2026-06-03T08:00:00Z" }),
            "2026-06-03T08:00:00Z",
        ),
    ]
    .into_iter()
    .map(|(action, state, times, at)| {
        SUITE.changes_of("Issue.update-state", &|body| {
            body["action"] = json!(action);
            body["createdAt"] = json!(at);
            body["data"]["state"]["type"] = json!(state);
            body["data"]["createdAt"] = json!("2026-06-01T08:00:00Z");
            for (name, time) in times.as_object().into_iter().flatten() {
                body["data"][name] = time.clone();
            }
            if action == "create" {
                body["updatedFrom"] = json!({});
            }
        })
    })
    .collect();
    let facts = crate::suite::merged_in_any_order(&life);
    let keys: Vec<&str> = facts.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "move WEB-44 assigned Satyam Bansal 2026-06-01 08:00:00 UTC",
            "move WEB-44 closed Satyam Bansal 2026-06-03 08:00:00 UTC",
            "move WEB-44 opened Satyam Bansal 2026-06-01 08:00:00 UTC",
            "move WEB-44 started Satyam Bansal 2026-06-02 08:00:00 UTC",
        ]
    );
}
