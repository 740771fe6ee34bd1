//! New Relic: its own template, and that of our documentation.

use std::collections::BTreeMap;

use em_domain::fact::{FactChange, Normalised};

use crate::suite::{SECRET, Sample, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "newrelic",
    // The bearer token of the destination.
    sign: Signer(|_, secret| vec![("authorization", format!("Bearer {secret}"))]),
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
fn an_issue_goes_from_acknowledged_to_closed() {
    let facts = SUITE.facts_in_any_order(&["issue.acknowledged", "issue.acknowledged-then-closed"]);
    insta::assert_json_snapshot!(facts);
}

#[test]
fn what_every_sample_states() {
    let said: BTreeMap<String, Vec<FactChange>> = samples("newrelic")
        .into_iter()
        .map(|sample| (sample.name.clone(), SUITE.changes(&sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}

/// The template of `docs/integrations/newrelic.md`, with the variables filled as New Relic fills them.
#[test]
fn our_own_template_says_who_acknowledged() {
    let page = include_str!("../../../docs/integrations/newrelic.md");
    let (_, rest) = page.split_once("```handlebars\n").unwrap();
    let (template, _) = rest.split_once("```").unwrap();
    let values = [
        ("issueId", r#""13bb""#),
        ("issuePageUrl", r#""https://one.newrelic.com/issues/13bb""#),
        ("issueTitle", r#""Storage is low""#),
        ("priority", r#""CRITICAL""#),
        ("state", r#""ACTIVATED""#),
        ("triggerEvent", r#""USER_ACTION""#),
        ("isAcknowledged", "true"),
        ("acknowledgedBy", r#""Ada""#),
        ("createdAt", "1713769949493"),
        ("updatedAt", "1713770077412"),
        ("entitiesData.names", r#"["checkout"]"#),
    ];
    let body = values.iter().fold(template.to_owned(), |body, (name, value)| {
        body.replace(&format!("{{{{ json {name} }}}}"), value)
    });
    assert!(!body.contains("{{"), "a variable is not filled: {body}");
    let sample = Sample {
        name: "ours".to_owned(),
        headers: Vec::new(),
        body: body.into_bytes(),
    };
    let event = SUITE.take(&sample, Some(SECRET), &[SECRET]).unwrap();
    let Normalised::Changes(changes) = em_integrations::normalise::normalise(&event) else {
        panic!("not read")
    };
    insta::assert_json_snapshot!(changes);
}
