//! Amazon CloudWatch through SNS. There is no secret: AWS signs with the key of a certificate, and the topic is allowed or not.
//! So the checks of the suite are made here in their own way.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::EventId;
use em_integrations::cloudwatch::{VENDOR, certificate_url, subscribe_url};
use em_integrations::normalise::normalise;
use em_integrations::webhook::{Delivery, Refused, Trust, receive};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use reqwest::header::HeaderMap;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::SecretString;
use serde_json::Value;
use ulid::Ulid;

use crate::damage::{apply, damage, pointers};
use crate::merge::merged;
use crate::suite::{Sample, now, samples};

const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:MyTopic";
const KEY: &[u8] = include_bytes!("certificates/signer.pk8");
const CERTIFICATE: &[u8] = include_bytes!("certificates/signer.pem");

fn text<'v>(body: &'v Value, name: &str) -> Option<&'v str> {
    body.get(name).and_then(Value::as_str)
}

/// What AWS signs, by its documentation.
fn signed_lines(body: &Value) -> String {
    let names: &[&str] = if text(body, "Type") == Some("Notification") {
        &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    } else {
        &[
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ]
    };
    let present = names.iter().filter_map(|name| Some((*name, text(body, name)?)));
    let lines = present.flat_map(|(name, value)| [name, "\n", value, "\n"]);
    lines.collect()
}

/// The body as AWS would sign it today (version 2): the samples were printed without their signatures.
fn signed(mut body: Value) -> Vec<u8> {
    let key = RsaKeyPair::from_pkcs8(KEY).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed_lines(&body).as_bytes(),
        &mut signature,
    )
    .unwrap();
    body["SignatureVersion"] = "2".into();
    body["Signature"] = STANDARD.encode(signature).into();
    body.to_string().into_bytes()
}

fn json(sample: &Sample) -> Value {
    serde_json::from_slice(&sample.body).unwrap()
}

fn sample(name: &str) -> Sample {
    let mut all = samples("cloudwatch").into_iter();
    all.find(|sample| sample.name == name).unwrap()
}

struct Take<'a> {
    topics: &'a [&'a str],
    certificate: Option<&'a [u8]>,
    at: DateTime<Utc>,
    takes_unsigned: bool,
}

impl Default for Take<'_> {
    fn default() -> Self {
        Self {
            topics: &[TOPIC],
            certificate: Some(CERTIFICATE),
            at: now(),
            takes_unsigned: false,
        }
    }
}

fn take(body: &[u8], how: &Take<'_>) -> Result<RawEvent, Refused> {
    let topics: Vec<SecretString> = how.topics.iter().map(|text| SecretString::from(*text)).collect();
    let headers = HeaderMap::new();
    let delivery = Delivery {
        headers: &headers,
        query: None,
        body,
        certificate: how.certificate,
    };
    let trust = Trust {
        secrets: &topics,
        takes_unsigned: how.takes_unsigned,
    };
    receive(&VENDOR, delivery, trust, how.at, EventId::new(Ulid::nil()))
}

fn event(name: &str) -> RawEvent {
    take(&signed(json(&sample(name))), &Take::default()).unwrap()
}

fn changes(name: &str) -> Vec<FactChange> {
    match normalise(&event(name)) {
        Normalised::Changes(changes) => changes,
        Normalised::Unrecognised(reason) => panic!("{name}: {reason}"),
    }
}

#[test]
fn deliveries_are_believed_by_their_proof_and_kept_once() {
    let mut keys = BTreeMap::new();
    for sample in samples("cloudwatch") {
        let (name, body) = (&sample.name, signed(json(&sample)));
        let event = take(&body, &Take::default()).unwrap();
        assert_eq!(event.origin, Origin::Webhook, "{name}");
        assert_eq!(event.payload, body, "{name}");
        assert!(certificate_url(&body).is_some(), "{name}");
        let among_others = Take {
            topics: &["arn:aws:sns:us-west-2:1:Other, arn:aws:sns:us-west-2:123456789012:MyTopic"],
            ..Take::default()
        };
        assert_eq!(take(&body, &among_others).as_ref(), Ok(&event), "{name}");
        assert_eq!(keys.insert(event.delivery_key, name.clone()), None, "{name}");
    }
    let key = |message: &str| keys.get(message).map(String::as_str);
    assert_eq!(key("95df01b4-ee98-5cb9-9903-4c221d41eb5e"), Some("alarm.ALARM"));
}

#[test]
fn every_other_proof_is_refused() {
    for sample in samples("cloudwatch") {
        let (name, body) = (&sample.name, signed(json(&sample)));
        let bad = Err(Refused::BadSignature("Signature"));
        let wrong_topic = Take {
            topics: &["arn:aws:sns:us-west-2:123456789012:MyTopic2"],
            ..Take::default()
        };
        assert_eq!(take(&body, &wrong_topic), Err(Refused::NotAllowed("TopicArn")));
        let nothing = Take {
            topics: &[],
            ..Take::default()
        };
        assert_eq!(
            take(&body, &nothing),
            Err(Refused::NotConfigured("CLOUDWATCH_WEBHOOK_SECRET".to_owned()))
        );
        let other: &[u8] = include_bytes!("certificates/other.pem");
        let other = Take {
            certificate: Some(other),
            ..Take::default()
        };
        assert_eq!(take(&body, &other), bad, "{name}: another certificate");
        let unfetched = Take {
            certificate: None,
            ..Take::default()
        };
        assert_eq!(take(&body, &unfetched), Err(Refused::NoCertificate));
    }
}

#[test]
fn a_body_that_is_not_what_was_signed_is_refused() {
    let bad = Err(Refused::BadSignature("Signature"));
    for sample in samples("cloudwatch") {
        let (name, body) = (&sample.name, signed(json(&sample)));
        let refused = |body: &[u8]| take(body, &Take::default());
        // As they were printed, with `EXAMPLE` in the place of the signature.
        let printed = refused(&sample.body);
        assert_eq!(printed, bad, "{name}");
        let cut = refused(&body[..body.len() / 2]);
        assert_eq!(cut, Err(Refused::Unsigned("Signature")), "{name}: cut off");
        for field in ["Message", "MessageId", "Timestamp"] {
            let mut changed: Value = serde_json::from_slice(&body).unwrap();
            changed[field] = format!("{} ", text(&changed, field).unwrap()).into();
            let changed = refused(changed.to_string().as_bytes());
            assert_eq!(changed, bad, "{name}: {field} was changed");
        }
        let mut elsewhere = json(&sample);
        elsewhere["SigningCertURL"] = "https://sns.example.com/a.pem".into();
        assert_eq!(
            refused(&signed(elsewhere)),
            Err(Refused::NotAllowed("SigningCertURL"))
        );
    }
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    let body = signed(json(&sample("alarm.ALARM")));
    let at = |time: &str| Take {
        at: time.parse().unwrap(),
        ..Take::default()
    };
    for (time, is_valid) in [
        ("2025-12-31T23:59:59Z", false),
        ("2026-01-01T00:00:00Z", true),
        ("2027-01-01T00:00:00Z", true),
        ("2027-01-01T00:00:01Z", false),
    ] {
        assert_eq!(take(&body, &at(time)).is_ok(), is_valid, "{time}");
    }
    // The same key, certified for another time.
    let expired: &[u8] = include_bytes!("certificates/expired.pem");
    let not_yet: &[u8] = include_bytes!("certificates/not-yet.pem");
    for (certificate, its_time) in [
        (expired, "2024-06-01T00:00:00Z"),
        (not_yet, "2027-06-01T00:00:00Z"),
    ] {
        let now = Take {
            certificate: Some(certificate),
            ..Take::default()
        };
        assert_eq!(take(&body, &now), Err(Refused::Certificate("is not valid now")));
        let then = Take {
            at: its_time.parse().unwrap(),
            ..now
        };
        assert!(take(&body, &then).is_ok(), "{its_time}");
    }
}

#[test]
fn both_versions_of_the_signature_hold_and_no_other_is_known() {
    let mut body = json(&sample("alarm.ALARM"));
    let with_sha1 = include_str!("certificates/alarm.ALARM.version1.txt").trim();
    body["Signature"] = with_sha1.into();
    assert_eq!(text(&body, "SignatureVersion"), Some("1"));
    let event = take(body.to_string().as_bytes(), &Take::default()).unwrap();
    assert_eq!(event.event_type, "alarm.ALARM");
    for (version, expected) in [
        ("2", Refused::BadSignature("Signature")),
        ("3", Refused::BadSignature("SignatureVersion")),
        ("", Refused::BadSignature("SignatureVersion")),
    ] {
        body["SignatureVersion"] = version.into();
        let refused = take(body.to_string().as_bytes(), &Take::default());
        assert_eq!(refused, Err(expected), "version {version}");
    }
}

/// Raw message delivery has no envelope and so no proof: it comes in only where nothing is asked for.
#[test]
fn an_alarm_without_an_envelope_is_believed_only_where_everything_is() {
    let body = json(&sample("alarm.ALARM"));
    let raw = text(&body, "Message").unwrap().as_bytes();
    assert_eq!(take(raw, &Take::default()), Err(Refused::Unsigned("Signature")));
    let open = Take {
        topics: &[],
        takes_unsigned: true,
        ..Take::default()
    };
    let event = take(raw, &open).unwrap();
    assert_eq!(event.origin, Origin::Unverified);
    assert_eq!(event.event_type, "alarm.ALARM");
    let Normalised::Changes(said) = normalise(&event) else {
        panic!("not read")
    };
    assert_eq!(said, changes("alarm.ALARM"));
}

#[test]
fn an_alarm_goes_off_and_is_over() {
    let life = [changes("alarm.ALARM"), changes("alarm.OK")];
    let in_order = merged(life.iter().flatten().cloned());
    let backwards = merged(life.iter().rev().flatten().cloned());
    assert_eq!(in_order, backwards, "the order of arrival matters");
    let twice = merged(life.iter().chain(&life).flatten().cloned());
    assert_eq!(in_order, twice, "a repetition matters");
    insta::assert_json_snapshot!(in_order);
}

#[test]
fn what_every_sample_states() {
    let said: BTreeMap<String, Vec<FactChange>> = samples("cloudwatch")
        .into_iter()
        .map(|sample| (sample.name.clone(), changes(&sample.name)))
        .collect();
    insta::assert_json_snapshot!(said);
}

#[test]
fn a_subscription_is_confirmed_at_the_address_that_aws_signed() {
    let visited: Vec<String> = samples("cloudwatch")
        .iter()
        .filter_map(|sample| subscribe_url(&event(&sample.name)))
        .map(|url| url.to_string())
        .collect();
    assert_eq!(
        visited,
        [
            "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:123456789012:MyTopic&Token=2336412f37..."
        ]
    );
}

/// Fields that are missing, of the wrong kind, huge or hostile, signed by AWS all the same: refused, read, or named in one
/// short line; never a panic.
#[test]
fn nothing_that_is_done_to_a_payload_does_harm() {
    // One signature each: fewer cases than elsewhere, as RSA without optimisation takes its time.
    let config = Config {
        cases: 100,
        failure_persistence: None,
        ..Config::default()
    };
    let damaged = (
        select(samples("cloudwatch")),
        any::<bool>(),
        prop::collection::vec((any::<Index>(), damage()), 1..6),
    );
    let outcome = TestRunner::new(config).run(&damaged, |(sample, is_inside, wounds)| {
        let mut body = json(&sample);
        let inner = text(&body, "Message").and_then(|message| serde_json::from_str(message).ok());
        match inner.filter(|_| is_inside) {
            Some(mut alarm) => {
                wound(&mut alarm, &wounds);
                body["Message"] = alarm.to_string().into();
            }
            None => wound(&mut body, &wounds),
        }
        let body = signed(body);
        let _ = certificate_url(&body);
        let Ok(event) = take(&body, &Take::default()) else {
            return Ok(());
        };
        prop_assert!(event.delivery_key.len() <= 100 && event.event_type.chars().count() <= 64);
        let _ = subscribe_url(&event);
        if let Normalised::Unrecognised(reason) = normalise(&event) {
            let is_a_line = reason.chars().count() <= 300 && !reason.contains(char::is_control);
            prop_assert!(!reason.is_empty() && is_a_line, "{}", reason);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn wound(body: &mut Value, wounds: &[(Index, crate::damage::Damage)]) {
    let mut places = Vec::new();
    pointers(body, "", &mut places);
    if places.is_empty() {
        return;
    }
    for (which, damage) in wounds {
        apply(body, which.get::<String>(&places), damage);
    }
}
