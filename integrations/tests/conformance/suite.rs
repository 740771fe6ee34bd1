//! Purpose: what every vendor's webhooks must do, given samples and the way in which it signs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::{Origin, RawEvent};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::EventId;
use em_integrations::normalise::normalise_by;
use em_integrations::rules::Rules;
use em_integrations::vendors::vendor;
use em_integrations::webhook::{Delivery, Refused, Trust, Vendor, receive};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;
use ulid::Ulid;

use crate::damage::{apply, damage, pointers};
use crate::merge::merged;

/// The secret that the samples are signed with, and the one that a new secret replaces.
pub(crate) const SECRET: &str = "the secret of these tests";
const PREVIOUS: &str = "the secret before";

/// One delivery as it was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub name: String,
    /// Without those that prove something, which the signer adds.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The headers that prove a delivery under a secret.
pub(crate) struct Signer(pub fn(&Sample, &str) -> Vec<(&'static str, String)>);

/// A vendor under test.
pub(crate) struct Suite {
    pub vendor: &'static str,
    pub sign: Signer,
}

/// When the samples arrive. A vendor whose signed time must be recent is given a time by its signer, or sees its samples
/// changed before they are signed.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-06-04T12:00:00Z".parse().unwrap()
}

pub(crate) fn hmac_hex(secret: &str, pieces: &[&[u8]]) -> String {
    hex::encode(hmac(secret, pieces))
}

pub(crate) fn hmac(secret: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = pieces.iter().fold(mac, Mac::chain_update);
    mac.finalize().into_bytes().to_vec()
}

/// All samples of a vendor, by name.
pub(crate) fn samples(vendor: &str) -> Vec<Sample> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/conformance/samples")
        .join(vendor);
    let mut samples: Vec<Sample> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned();
            (!name.ends_with(".headers")).then_some((path, name))
        })
        .map(|(path, name)| Sample {
            headers: recorded_headers(&path.with_file_name(format!("{name}.headers.json"))),
            body: prepared(vendor, std::fs::read(&path).unwrap()),
            name,
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!samples.is_empty(), "{vendor} has no samples");
    samples
}

/// Where a vendor signs the time of sending within the body, a sample is sent now.
fn prepared(vendor: &str, body: Vec<u8>) -> Vec<u8> {
    match vendor {
        "linear" => crate::linear::sent_now(&body),
        _ => body,
    }
}

fn sample(vendor: &str, name: &str) -> Sample {
    let all = samples(vendor);
    all.into_iter().find(|sample| sample.name == name).unwrap()
}

/// The facts of several events, which must be the same in every order, and however often one comes.
pub(crate) fn merged_in_any_order(said: &[Vec<FactChange>]) -> BTreeMap<String, FactChange> {
    let in_order = merged(said.iter().flatten().cloned());
    let backwards = merged(said.iter().rev().flatten().cloned());
    assert_eq!(in_order, backwards, "the order of arrival matters");
    let twice = merged(said.iter().chain(said).flatten().cloned());
    assert_eq!(in_order, twice, "a repetition matters");
    in_order
}

/// What stands in angle brackets was left out by whoever recorded it, or is to be computed.
fn recorded_headers(path: &std::path::Path) -> Vec<(String, String)> {
    let all: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    all.into_iter()
        .filter(|(_, value)| !value.contains('<'))
        .collect()
}

impl Suite {
    fn vendor(&self) -> &'static Vendor {
        vendor(self.vendor).unwrap()
    }

    /// Takes in `sample`, signed with `signed`, where `known` are configured.
    pub(crate) fn take(
        &self,
        sample: &Sample,
        signed: Option<&str>,
        known: &[&str],
    ) -> Result<RawEvent, Refused> {
        let proof = signed.map_or_else(Vec::new, |secret| (self.sign.0)(sample, secret));
        self.take_with(sample, &proof, known)
    }

    fn take_with(
        &self,
        sample: &Sample,
        proof: &[(&'static str, String)],
        known: &[&str],
    ) -> Result<RawEvent, Refused> {
        let secrets: Vec<SecretString> = known.iter().map(|text| SecretString::from(*text)).collect();
        let mut headers = HeaderMap::new();
        let recorded = sample.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in recorded.chain(proof.iter().map(|(name, value)| (*name, value))) {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let delivery = Delivery {
            headers: &headers,
            query: None,
            body: &sample.body,
            certificate: None,
        };
        let trust = Trust {
            secrets: &secrets,
            takes_unsigned: false,
        };
        receive(self.vendor(), delivery, trust, now(), EventId::new(Ulid::nil()))
    }

    /// The right proof is believed and every other is not; a redelivery is known, and two changes are never one.
    pub(crate) fn check_receipt(&self) {
        self.check_receipt_but(&[]);
    }

    /// As [`Self::check_receipt`], without samples that state what another one does.
    pub(crate) fn check_receipt_but(&self, the_same: &[&str]) {
        let mut keys = BTreeMap::new();
        let distinct = samples(self.vendor).into_iter();
        for sample in distinct.filter(|sample| !the_same.contains(&sample.name.as_str())) {
            let name = &sample.name;
            let event = self
                .take(&sample, Some(SECRET), &[SECRET])
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(event.origin, Origin::Webhook);
            assert_eq!(event.source.as_str(), self.vendor);
            assert_ne!(event.event_type, "unknown", "{name} has a kind");
            let in_rotation = self.take(&sample, Some(PREVIOUS), &[SECRET, PREVIOUS]);
            assert_eq!(
                in_rotation.map(|event| event.delivery_key).as_ref(),
                Ok(&event.delivery_key),
                "{name}"
            );
            self.check_refusals(&sample);
            let clash = keys.insert(event.delivery_key.clone(), name.clone());
            assert_eq!(
                clash, None,
                "{name} has the key of another delivery: {}",
                event.delivery_key
            );
        }
    }

    fn check_refusals(&self, sample: &Sample) {
        let status = |taken: Result<RawEvent, Refused>| {
            taken
                .map_err(|refused| refused.status())
                .map(|event| event.event_type)
        };
        let name = &sample.name;
        assert_eq!(
            status(self.take(sample, Some("wrong"), &[SECRET])),
            Err(401),
            "{name}: a wrong secret"
        );
        assert_eq!(
            status(self.take(sample, None, &[SECRET])),
            Err(401),
            "{name}: no proof"
        );
        assert_eq!(
            status(self.take(sample, Some(SECRET), &[])),
            Err(401),
            "{name}: nothing configured"
        );
        let cut = Sample {
            body: sample.body[..sample.body.len() / 2].to_vec(),
            ..sample.clone()
        };
        let refused = self.take(&cut, Some(SECRET), &[SECRET]);
        assert_eq!(refused, Err(Refused::NotJson), "{name}: cut off, and signed");
    }

    /// What a sample states under `rules`.
    pub(crate) fn changes_by(&self, rules: &Rules, name: &str) -> Vec<FactChange> {
        self.changes_from(rules, &sample(self.vendor, name))
    }

    /// What a sample states when it was changed by `edit`.
    pub(crate) fn changes_of(&self, name: &str, edit: &dyn Fn(&mut Value)) -> Vec<FactChange> {
        let sample = sample(self.vendor, name);
        let mut body: Value = serde_json::from_slice(&sample.body).unwrap();
        edit(&mut body);
        let body = body.to_string().into_bytes();
        self.changes_from(&Rules::default(), &Sample { body, ..sample })
    }

    fn changes_from(&self, rules: &Rules, sample: &Sample) -> Vec<FactChange> {
        let name = &sample.name;
        let event = self.take(sample, Some(SECRET), &[SECRET]).unwrap();
        match normalise_by(rules, &event) {
            Normalised::Changes(changes) => changes,
            Normalised::Unrecognised(reason) => panic!("{name}: {reason}"),
        }
    }

    /// What a sample states.
    pub(crate) fn changes(&self, name: &str) -> Vec<FactChange> {
        self.changes_by(&Rules::default(), name)
    }

    /// The facts of samples, which are the same in every order, and however often one comes.
    pub(crate) fn facts_in_any_order(&self, names: &[&str]) -> BTreeMap<String, FactChange> {
        self.facts_in_any_order_by(&Rules::default(), names)
    }

    /// The same under `rules`.
    pub(crate) fn facts_in_any_order_by(
        &self,
        rules: &Rules,
        names: &[&str],
    ) -> BTreeMap<String, FactChange> {
        let said: Vec<Vec<FactChange>> = names.iter().map(|name| self.changes_by(rules, name)).collect();
        merged_in_any_order(&said)
    }

    /// Fields that are missing, of the wrong kind, huge or hostile: read, or named in one short line; never a panic.
    pub(crate) fn check_damage(&self) {
        self.check_damage_by(&Rules::default());
    }

    /// The same under `rules`.
    pub(crate) fn check_damage_by(&self, rules: &Rules) {
        let all = samples(self.vendor);
        let damaged = (
            select(all),
            prop::collection::vec((any::<Index>(), damage()), 1..6),
        );
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&damaged, |(sample, wounds)| {
            let mut body: Value = serde_json::from_slice(&sample.body).unwrap();
            let mut places = Vec::new();
            pointers(&body, "", &mut places);
            for (which, damage) in &wounds {
                apply(&mut body, which.get::<String>(&places), damage);
            }
            let sample = Sample {
                body: body.to_string().into_bytes(),
                ..sample
            };
            let event = match self.take(&sample, Some(SECRET), &[SECRET]) {
                Ok(event) => event,
                Err(refused) => {
                    prop_assert!(
                        matches!(refused, Refused::Stale(_) | Refused::NotAllowed(_)),
                        "{}",
                        refused
                    );
                    return Ok(());
                }
            };
            prop_assert!(event.delivery_key.len() <= 100 && event.event_type.chars().count() <= 64);
            if let Normalised::Unrecognised(reason) = normalise_by(rules, &event) {
                let is_a_line = reason.chars().count() <= 300 && !reason.contains(char::is_control);
                prop_assert!(!reason.is_empty() && is_a_line, "{}", reason);
            }
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// Some time from [`now`], in milliseconds since 1970.
pub(crate) fn milliseconds_from_now(offset: TimeDelta) -> i64 {
    (now() + offset).timestamp_millis()
}
