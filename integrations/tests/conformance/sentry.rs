//! Sentry's integration platform.

use std::collections::BTreeMap;

use em_domain::fact::FactChange;

use crate::suite::{Sample, Signer, Suite, hmac_hex, samples};

const SUITE: Suite = Suite {
    vendor: "sentry",
    sign: Signer(|sample, secret| {
        vec![
            ("sentry-hook-signature", hmac_hex(secret, &[&sample.body])),
            ("sentry-hook-timestamp", sent_at(sample)),
            ("request-id", format!("request of {}", sample.name)),
        ]
    }),
};

/// The headers with the time were not recorded: shortly after what the body tells of, or somewhat later where it ends.
fn sent_at(sample: &Sample) -> String {
    let at = match sample.name.as_str() {
        "issue.created" => "2020-04-28T13:56:07Z",
        "event_alert.triggered" => "2020-04-28T14:05:06Z",
        "issue.resolved" => "2020-04-30T06:30:00Z",
        "metric_alert.critical" => "2020-09-13T12:26:41Z",
        "metric_alert.resolved" => "2020-09-13T12:46:40Z",
        other => panic!("when was {other} sent?"),
    };
    let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
    at.timestamp().to_string()
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
fn a_metric_alert_goes_from_critical_to_resolved() {
    let facts = SUITE.facts_in_any_order(&["metric_alert.critical", "metric_alert.resolved"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn what_every_sample_states() {
    let said: BTreeMap<String, Vec<FactChange>> = samples("sentry")
        .into_iter()
        .map(|sample| (sample.name.clone(), SUITE.changes(&sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}
