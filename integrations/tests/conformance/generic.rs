//! Any other sender, by a mapping of the configuration.

use std::collections::BTreeMap;

use em_domain::fact::Normalised;
use em_integrations::generic::Mapping;
use em_integrations::normalise::normalise_by;
use em_integrations::rules::Rules;
use serde_json::json;

use crate::suite::{SECRET, Signer, Suite, samples};

const SUITE: Suite = Suite {
    vendor: "generic",
    sign: Signer(|_, secret| vec![("x-webhook-secret", secret.to_owned())]),
};

/// As the configuration would say it, except that that is TOML.
pub(crate) fn rules() -> Rules {
    let generic: BTreeMap<String, Mapping> = serde_json::from_value(json!({
        "shipper": {
            "fact": "deployment",
            "id": "/rollout/number",
            "time": "/rollout/changed",
            "state": "/rollout/phase",
            "states": { "queued": "pending", "rolling": "in_progress", "live": "success", "rolled-back": "failure", "preview": "ignore" },
            "repository": "/rollout/source/clone_url",
            "environment": "/rollout/target",
            "sha": "/rollout/source/commits/0",
            "url": "/rollout/link",
            "person": "/rollout/started_by",
        },
        "pager": {
            "fact": "incident",
            "id": "/alarm~1id",
            "time": "/at",
            "state": "/active",
            "states": { "true": "open", "false": "resolved" },
            "title": "/what",
            "severity": "/level",
            "person": "/on_call",
        },
        "builds": {
            "fact": "ci_run",
            "id": "/run",
            "time": "/finished",
            "state": "/result",
            "states": { "passed": "success", "*": "failure" },
            "title": "/suite",
            "sha": "/commit",
        },
        "board": {
            "fact": "work_item",
            "id": "/card",
            "time": "/when",
            "state": "/list",
            "states": { "Doing": "started", "Done": "closed", "*": "ignore" },
            "title": "/name",
            "person": "/who",
        },
    }))
    .unwrap();
    for (name, mapping) in &generic {
        assert_eq!(mapping.check(), Vec::<String>::new(), "{name}");
    }
    Rules {
        generic,
        repositories: [("generic/builds".to_owned(), "acme/api".to_owned())].into(),
        ..Rules::default()
    }
}

#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    SUITE.check_receipt();
}

#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    SUITE.check_damage();
    SUITE.check_damage_by(&rules());
}

#[test]
fn every_body_states_what_its_mapping_says() {
    let names: Vec<String> = samples("generic").into_iter().map(|sample| sample.name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    insta::assert_json_snapshot!(SUITE.facts_in_any_order_by(&rules(), &names));
}

#[test]
fn a_body_that_its_mapping_ignores_says_nothing() {
    assert_eq!(SUITE.changes_by(&rules(), "board.backlog"), []);
}

#[test]
fn what_is_amiss_is_named_with_its_pointer() {
    type Spoil = fn(&mut Rules);
    let cases: [(&str, Spoil); 7] = [
        ("no mapping `shipper` is configured", |rules| {
            rules.generic.clear();
        }),
        ("id: `/no/where` finds nothing in the body", |rules| {
            shipper(rules).id = Some("/no/where".to_owned());
        }),
        ("id: the mapping `shipper` has no pointer", |rules| {
            shipper(rules).id = None;
        }),
        (
            "state: `/rollout/phase` holds `live`, which the table of states lacks",
            |rules| {
                shipper(rules).states.remove("live");
            },
        ),
        (
            "time: `/rollout/target` holds `production`, which is no time",
            |rules| {
                shipper(rules).time = Some("/rollout/target".to_owned());
            },
        ),
        (
            "environment: give a pointer, or `generic/shipper` a line under `deploying`",
            |rules| shipper(rules).environment = None,
        ),
        ("url: `link` is no JSON pointer: it begins with `/`", |rules| {
            shipper(rules).url = Some("link".to_owned());
        }),
    ];
    let all = samples("generic");
    let sample = all.iter().find(|sample| sample.name == "shipper.live").unwrap();
    let event = SUITE.take(sample, Some(SECRET), &[SECRET]).unwrap();
    for (expected, spoil) in cases {
        let mut rules = rules();
        spoil(&mut rules);
        let Normalised::Unrecognised(reason) = normalise_by(&rules, &event) else {
            panic!("{expected}: it was read");
        };
        assert_eq!(reason, expected);
    }
}

fn shipper(rules: &mut Rules) -> &mut Mapping {
    rules.generic.get_mut("shipper").unwrap()
}
