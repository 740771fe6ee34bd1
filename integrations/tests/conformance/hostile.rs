//! What no honest sender sends, to every vendor's reader: other vendors' bodies, bytes of chance, lists without end, arrays
//! within arrays. Each is refused, read, or named in one short line; none makes more facts than it has parts.

use std::collections::BTreeSet;

use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::Normalised;
use em_domain::id::EventId;
use em_integrations::normalise::normalise_by;
use em_integrations::vendors::{VENDORS, vendor};
use em_integrations::webhook::{Delivery, Trust, Vendor, receive};
use proptest::prelude::*;
use proptest::sample::select;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::damage::pointers;
use crate::generic::rules;
use crate::suite::{Sample, now, samples};

/// Stands in a body where something is put that a `Value` could not hold.
const HERE: &str = "\"put it here\"";

/// A delivery that nobody signed, to an operator who takes in whatever comes.
fn delivered(vendor: &Vendor, sample: &Sample) -> Option<RawEvent> {
    let mut headers = HeaderMap::new();
    for (name, value) in &sample.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let delivery = Delivery {
        headers: &headers,
        query: Some("mapping=shipper"),
        body: &sample.body,
        certificate: None,
    };
    let trust = Trust {
        secrets: &[],
        takes_unsigned: true,
    };
    receive(vendor, delivery, trust, now(), EventId::new(Ulid::nil())).ok()
}

/// How many facts it states. What cannot be read is named in one short line.
fn facts(event: &RawEvent) -> usize {
    assert!(event.delivery_key.len() <= 100 && event.event_type.chars().count() <= 64);
    match normalise_by(&rules(), event) {
        Normalised::Changes(changes) => changes.len(),
        Normalised::Unrecognised(reason) => {
            let is_a_line = reason.chars().count() <= 300 && !reason.contains(char::is_control);
            assert!(!reason.is_empty() && is_a_line, "{}: {reason}", event.source);
            0
        }
    }
}

fn all_samples() -> Vec<Sample> {
    VENDORS
        .iter()
        .filter(|vendor| vendor.name != "github")
        .flat_map(|vendor| samples(vendor.name))
        .collect()
}

/// The names of the events that a vendor's samples have.
fn kinds(vendor: &Vendor) -> BTreeSet<String> {
    if vendor.name == "github" {
        return ["pull_request", "issues", "workflow_run", "deployment_status"]
            .map(str::to_owned)
            .into();
    }
    let own = samples(vendor.name);
    own.iter()
        .filter_map(|sample| delivered(vendor, sample))
        .map(|event| event.event_type)
        .collect()
}

fn event(vendor: &Vendor, kind: &str, payload: Vec<u8>) -> RawEvent {
    RawEvent {
        id: EventId::new(Ulid::nil()),
        source: Source::parse(vendor.name).unwrap(),
        delivery_key: "k".to_owned(),
        event_type: kind.to_owned(),
        origin: Origin::Unverified,
        occurred_at: None,
        received_at: now(),
        payload,
    }
}

/// The fields of the vendor's samples, not far from the top; of several with one name the first.
fn fields(vendor: &Vendor) -> Vec<(Sample, String, Value)> {
    let (mut fields, mut seen) = (Vec::new(), BTreeSet::new());
    for sample in samples(vendor.name) {
        let body: Value = serde_json::from_slice(&sample.body).unwrap();
        let mut places = Vec::new();
        pointers(&body, "", &mut places);
        for place in places {
            let steps: Vec<&str> = place.split('/').collect();
            let name: Vec<&str> = steps
                .iter()
                .copied()
                .filter(|step| step.parse::<usize>().is_err())
                .collect();
            if steps.len() <= 4 && seen.insert(name.join("/")) {
                let field = body.pointer(&place).unwrap().clone();
                fields.push((sample.clone(), place, field));
            }
        }
    }
    fields
}

/// How many facts there are when `what` stands in the place of a field.
fn facts_with(vendor: &Vendor, sample: &Sample, place: &str, what: &str) -> usize {
    let mut body: Value = serde_json::from_slice(&sample.body).unwrap();
    *body.pointer_mut(place).unwrap() = json!(HERE.trim_matches('"'));
    let body = body.to_string().replace(HERE, what).into_bytes();
    let spoilt = Sample {
        body,
        ..sample.clone()
    };
    let event = delivered(vendor, &spoilt).unwrap_or_else(|| panic!("{} {place}: it is JSON", vendor.name));
    facts(&event)
}

fn vendors_with_samples() -> impl Iterator<Item = &'static Vendor> {
    // GitHub's payloads have a suite of their own.
    VENDORS.iter().copied().filter(|vendor| vendor.name != "github")
}

#[test]
fn every_vendor_reads_every_other_vendors_bodies_without_harm() {
    let all = all_samples();
    for vendor in VENDORS {
        let kinds = kinds(vendor);
        for sample in &all {
            if let Some(event) = delivered(vendor, sample) {
                facts(&event);
            }
            for kind in &kinds {
                let count = facts(&event(vendor, kind, sample.body.clone()));
                assert!(
                    count <= sample.body.len(),
                    "{} {kind} {}",
                    vendor.name,
                    sample.name
                );
            }
        }
    }
}

#[test]
fn arrays_within_arrays_do_not_exhaust_the_stack() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    for vendor in vendors_with_samples() {
        let fields = fields(vendor);
        for nested in [&deep, &objects] {
            for (sample, place, _) in &fields {
                facts_with(vendor, sample, place, nested);
            }
            for kind in kinds(vendor) {
                facts(&event(vendor, &kind, nested.clone().into_bytes()));
            }
        }
    }
}

#[test]
fn fields_that_stand_there_twice_do_no_harm() {
    for vendor in vendors_with_samples() {
        for sample in samples(vendor.name) {
            let text = String::from_utf8(sample.body.clone()).unwrap();
            let inner = text
                .trim()
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .unwrap();
            let body = format!("{{{inner},{inner}}}").into_bytes();
            let twice = Sample { body, ..sample };
            let event = delivered(vendor, &twice).unwrap_or_else(|| panic!("{}: it is JSON", twice.name));
            facts(&event);
        }
    }
}

#[test]
fn of_a_list_without_end_no_more_is_made_than_it_has_elements() {
    const LENGTH: usize = 5_000_000;
    for vendor in vendors_with_samples() {
        let lists = fields(vendor)
            .into_iter()
            .filter(|(_, _, field)| field.is_array());
        // A body of this size takes a while.
        for (sample, place, list) in lists.take(3) {
            let element = list.get(0).map_or_else(|| "0".to_owned(), Value::to_string);
            let elements = LENGTH / (element.len() + 1);
            let endless = format!("[{}]", vec![element; elements].join(","));
            let count = facts_with(vendor, &sample, &place, &endless);
            assert!(
                count <= 2 * elements + 100,
                "{} {place}: {count} facts",
                vendor.name
            );
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_chance_are_refused_or_named(
        name in select(VENDORS.iter().map(|vendor| vendor.name).collect::<Vec<_>>()),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            r#"\{("[a-z_]{1,8}":("[a-z]{0,4}"|[0-9]{1,20}|\[\]|\{\}|null),?){0,6}\}"#.prop_map(String::into_bytes),
        ],
        kind in "[a-zA-Z_.:]{0,20}",
    ) {
        let vendor = vendor(name).unwrap();
        let sample = Sample {
            name: "of chance".to_owned(),
            headers: vec![("x-github-event".to_owned(), "issues".to_owned())],
            body: bytes.clone(),
        };
        if let Some(event) = delivered(vendor, &sample) {
            facts(&event);
        }
        facts(&event(vendor, &kind, bytes));
    }
}
