//! Purpose: `POST /webhooks/{source}`: from the bytes of a request to a raw event that may be believed, the same way for every
//! vendor: prove the sender, see that it is JSON, then ask the vendor's file what the event is called.

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::FactChange;
use em_domain::id::EventId;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use crate::proof::Proof;
use crate::rules::Rules;
use crate::trial;

/// Vendors' delivery ids are about 36 characters; longer keys are hashed so that a sender cannot fill an index.
const MAX_DELIVERY_KEY_CHARS: usize = 100;
/// The longest event name so far has 43 characters.
const MAX_EVENT_TYPE_CHARS: usize = 64;

/// One system that sends webhooks.
pub struct Vendor {
    /// As in the path and in the database; in capitals, the beginning of the names of its secrets.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How its deliveries are proven, before anything of them is parsed.
    pub(crate) proof: Proof,
    /// What the event is called, by its headers, its address and its JSON payload, which was proven before.
    pub(crate) read: fn(Delivery<'_>, &[u8]) -> Result<Said, Refused>,
    /// What the event states. Pure.
    pub(crate) changes: fn(&RawEvent, &Rules) -> Result<Vec<FactChange>, String>,
}

/// Whether a delivery comes from somebody who knows one of the secrets.
pub(crate) type Verify<'v> = dyn Fn(Delivery<'_>, &[SecretString], DateTime<Utc>) -> Result<(), Refused> + 'v;

impl Vendor {
    /// The variable that holds its secret: `GITLAB_WEBHOOK_SECRET`.
    pub fn secret_variable(&self) -> String {
        format!("{}_WEBHOOK_SECRET", self.name.to_ascii_uppercase())
    }
}

/// A delivery as it came over HTTP. The caller has limited the size of the body.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The part of the address behind the question mark.
    pub query: Option<&'a str>,
    /// The raw body.
    pub body: &'a [u8],
    /// The certificate that the sender named, where this vendor signs with one and it was fetched: PEM.
    pub certificate: Option<&'a [u8]>,
}

/// Whom to believe.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Any of them may have signed: two of them while one replaces the other.
    pub secrets: &'a [SecretString],
    /// The operator takes in whatever comes. Off unless the configuration says so; `doctor` warns.
    pub takes_unsigned: bool,
}

/// What a vendor's file reads off a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The vendor's name of the event.
    pub event_type: String,
    /// What makes a redelivery recognisable and never merges two changes; the hash of the body without one.
    pub delivery_key: Option<String>,
    /// When it happened, by the vendor's clock.
    pub occurred_at: Option<DateTime<Utc>>,
}

/// Why a delivery was not taken in. The texts are for the sender's operator and hold nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No secret is configured, so nothing can be believed. The variable that is missing.
    #[error("no webhook secret is configured here: set {0}")]
    NotConfigured(String),
    /// The header with the proof is not there.
    #[error("the header {0} is missing: give the webhook a secret")]
    Unsigned(&'static str),
    /// The proof does not fit under any configured secret.
    #[error("{0} does not fit: the secret of the webhook and the one configured here differ")]
    BadSignature(&'static str),
    /// The signed time is too far away from now.
    #[error("{0} is too old, or the clocks differ: the delivery may be a copy that somebody sends again")]
    Stale(&'static str),
    /// The sender is not one of those that the configuration lists.
    #[error("{0} is not one of those that are configured here")]
    NotAllowed(&'static str),
    /// The certificate that the delivery names could not be had now.
    #[error("the certificate that signed it could not be fetched now: send it again")]
    NoCertificate,
    /// The certificate that the delivery names proves nothing; what is wrong with it.
    #[error("the certificate that signed it {0}")]
    Certificate(&'static str),
    /// A header that the vendor always sends is missing or is not what it sends.
    #[error("the header {0} is missing or malformed")]
    MissingHeader(&'static str),
    /// The body, or the form field `payload`, is not a JSON object.
    #[error("the body is not a JSON object")]
    NotJson,
}

impl Refused {
    /// The title of the problem answer (RFC 9457); `to_string` is its detail.
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotConfigured(_) => "Webhooks are not configured",
            Self::Unsigned(_) => "Signature missing",
            Self::BadSignature(_) => "Signature does not match",
            Self::Stale(_) => "Delivery is too old",
            Self::NotAllowed(_) => "Sender is not allowed",
            Self::NoCertificate => "Certificate not fetched",
            Self::Certificate(_) => "Certificate proves nothing",
            Self::MissingHeader(_) => "Header missing",
            Self::NotJson => "Body is not JSON",
        }
    }

    /// The HTTP status of the answer: 401 where the sender is not known, 400 where it is but sent rubbish, 503 where that
    /// cannot be told now: senders give up on any other.
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingHeader(_) | Self::NotJson => 400,
            Self::NoCertificate => 503,
            Self::NotConfigured(_)
            | Self::Unsigned(_)
            | Self::BadSignature(_)
            | Self::Stale(_)
            | Self::NotAllowed(_)
            | Self::Certificate(_) => 401,
        }
    }
}

/// Takes in a delivery of `vendor`.
///
/// # Errors
/// Its sender is not known, or the body is not JSON: [`Refused`].
pub fn receive(
    vendor: &Vendor,
    delivery: Delivery<'_>,
    trust: Trust<'_>,
    now: DateTime<Utc>,
    id: EventId,
) -> Result<RawEvent, Refused> {
    let verify = |delivery: Delivery<'_>, secrets: &[SecretString], now: DateTime<Utc>| {
        vendor.proof.check(delivery, secrets, now)
    };
    receive_by(vendor, &verify, delivery, trust, now, id)
}

/// [`receive`] with another proof than the vendor's usual one.
pub(crate) fn receive_by(
    vendor: &Vendor,
    verify: &Verify<'_>,
    delivery: Delivery<'_>,
    trust: Trust<'_>,
    now: DateTime<Utc>,
    id: EventId,
) -> Result<RawEvent, Refused> {
    let origin = prove(vendor, verify, delivery, trust, now)?;
    let payload = json(delivery)?;
    if let Some(trial) = trial::id(&payload) {
        return trial::event(vendor, &trial, origin, payload, now, id);
    }
    let said = (vendor.read)(delivery, &payload)?;
    Ok(RawEvent {
        id,
        source: Source::parse(vendor.name).ok_or(Refused::MissingHeader("path"))?,
        delivery_key: delivery_key(said.delivery_key.as_deref(), delivery.body),
        event_type: event_type(&said.event_type),
        origin,
        occurred_at: said.occurred_at,
        received_at: now,
        payload,
    })
}

fn prove(
    vendor: &Vendor,
    verify: &Verify<'_>,
    delivery: Delivery<'_>,
    trust: Trust<'_>,
    now: DateTime<Utc>,
) -> Result<Origin, Refused> {
    let secrets: Vec<SecretString> = trust
        .secrets
        .iter()
        .filter(|secret| !secret.expose_secret().is_empty())
        .cloned()
        .collect();
    let proven = if secrets.is_empty() {
        Err(Refused::NotConfigured(vendor.secret_variable()))
    } else {
        verify(delivery, &secrets, now)
    };
    match proven {
        Ok(()) => Ok(Origin::Webhook),
        // A secret that is configured is asked for, whatever else is allowed.
        Err(Refused::NotConfigured(_)) if trust.takes_unsigned => Ok(Origin::Unverified),
        Err(refused) => Err(refused),
    }
}

/// A header's text; `None` where it is absent or empty.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

/// A name that can be stored, shown and counted: what a sender puts into the body can be anything.
pub(crate) fn event_type(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_EVENT_TYPE_CHARS)
        .collect();
    match plain.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
}

/// The vendor's id of a delivery, or the hash of its body; short in any case.
pub(crate) fn delivery_key(id: Option<&str>, body: &[u8]) -> String {
    let hash = |bytes: &[u8]| format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
    match id {
        Some(id) if id.len() <= MAX_DELIVERY_KEY_CHARS && !id.contains('\0') => id.to_owned(),
        Some(id) => hash(id.as_bytes()),
        None => hash(body),
    }
}

/// The JSON object in the body: the body itself, or the form field `payload` of hooks that were set up so.
fn json(delivery: Delivery<'_>) -> Result<Vec<u8>, Refused> {
    #[derive(Deserialize)]
    struct Form {
        payload: String,
    }
    let is_form = header(delivery.headers, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let payload = if is_form && !is_json_object(delivery.body) {
        let form: Form = serde_urlencoded::from_bytes(delivery.body).map_err(|_| Refused::NotJson)?;
        form.payload.into_bytes()
    } else {
        delivery.body.to_vec()
    };
    is_json_object(&payload)
        .then_some(payload)
        .ok_or(Refused::NotJson)
}

/// Whether the bytes are one whole JSON object.
fn is_json_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};
    use ulid::Ulid;

    use super::*;

    pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    pub(crate) fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    const PLAIN: Vendor = Vendor {
        name: "plain",
        title: "Plain",
        proof: Proof::Secret,
        read: |_, _| {
            Ok(Said {
                event_type: "a\u{7}b".to_owned(),
                delivery_key: None,
                occurred_at: None,
            })
        },
        changes: |_, _| Ok(Vec::new()),
    };

    fn take(
        pairs: &[(&str, &str)],
        body: &[u8],
        known: &[&str],
        takes_unsigned: bool,
    ) -> Result<RawEvent, Refused> {
        let (headers, secrets) = (headers(pairs), secrets(known));
        let delivery = Delivery {
            headers: &headers,
            query: None,
            body,
            certificate: None,
        };
        let trust = Trust {
            secrets: &secrets,
            takes_unsigned,
        };
        receive(
            &PLAIN,
            delivery,
            trust,
            DateTime::UNIX_EPOCH,
            EventId::new(Ulid::nil()),
        )
    }

    const WITH: &[(&str, &str)] = &[("x-webhook-secret", "s")];

    #[test]
    fn nothing_is_believed_without_a_secret_unless_the_operator_says_so_and_then_it_is_marked() {
        for known in [&[][..], &[""]] {
            let refused = take(WITH, b"{}", known, false);
            assert_eq!(
                refused,
                Err(Refused::NotConfigured("PLAIN_WEBHOOK_SECRET".to_owned()))
            );
            assert_eq!(take(WITH, b"{}", known, true).unwrap().origin, Origin::Unverified);
        }
        assert_eq!(take(WITH, b"{}", &["s"], true).unwrap().origin, Origin::Webhook);
        let bad = take(WITH, b"{}", &["other"], true);
        assert_eq!(
            bad,
            Err(Refused::BadSignature("X-Webhook-Secret")),
            "a configured secret is asked for"
        );
    }

    #[test]
    fn only_a_json_object_is_a_payload_and_only_after_the_proof() {
        for body in [
            &b""[..],
            b"[]",
            b"null",
            b"{",
            b"{}{}",
            b"{\"a\":\xff}",
            b"\x1f\x8b\x08",
        ] {
            assert_eq!(take(WITH, body, &["s"], false), Err(Refused::NotJson), "{body:?}");
            let unproven = take(&[], body, &["s"], false);
            assert_eq!(unproven, Err(Refused::Unsigned("X-Webhook-Secret")), "{body:?}");
        }
    }

    #[test]
    fn a_form_is_unwrapped_and_names_can_be_stored() {
        let form = [
            ("x-webhook-secret", "s"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let event = take(&form, b"payload=%7B%22a%22%3A%22b+c%22%7D", &["s"], false).unwrap();
        assert_eq!(
            (event.payload.as_slice(), event.event_type.as_str()),
            (&br#"{"a":"b c"}"#[..], "a b")
        );
        assert_eq!(take(&form, b"nothing=1", &["s"], false), Err(Refused::NotJson));
        // Some tools send JSON with the type that their HTTP client puts there by itself.
        assert_eq!(take(&form, b"{}", &["s"], false).unwrap().payload, b"{}");
    }

    proptest! {
        #[test]
        fn names_and_keys_are_short_and_can_be_stored(text in ".{0,200}", body: Vec<u8>) {
            let name = event_type(&text);
            prop_assert!((1..=MAX_EVENT_TYPE_CHARS).contains(&name.chars().count()));
            prop_assert!(!name.chars().any(char::is_control));
            let key = delivery_key(Some(&text), &body);
            prop_assert!(key.len() <= MAX_DELIVERY_KEY_CHARS && !key.contains('\0'));
        }
    }
}
