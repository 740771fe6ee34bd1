//! Purpose: `POST /webhooks/github`: from the bytes of a request to a raw event that may be believed.
//!
//! The signature covers the raw body, so it is checked before anything is parsed
//! (docs.github.com, "Validating webhook deliveries").

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::occurred::occurred_at;

/// GitHub's delivery ids are 36 characters; longer keys are hashed so that a sender cannot fill an index.
const MAX_DELIVERY_KEY_CHARS: usize = 100;
/// The longest event name so far has 32 characters.
const MAX_EVENT_TYPE_CHARS: usize = 64;

/// Why a delivery was not taken in. The texts are for the sender's operator and hold nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No secret is configured, so nothing can be believed.
    #[error("no webhook secret is configured here: set GITHUB_WEBHOOK_SECRET")]
    NotConfigured,
    /// There is no `X-Hub-Signature-256`.
    #[error("the header X-Hub-Signature-256 is missing: give the webhook a secret")]
    Unsigned,
    /// The signature does not fit the body under any configured secret.
    #[error(
        "X-Hub-Signature-256 does not fit the body: the webhook's secret and GITHUB_WEBHOOK_SECRET differ"
    )]
    BadSignature,
    /// A header that GitHub always sends is missing or is not what GitHub sends.
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
            Self::NotConfigured => "Webhooks are not configured",
            Self::Unsigned => "Signature missing",
            Self::BadSignature => "Signature does not match",
            Self::MissingHeader(_) => "Header missing",
            Self::NotJson => "Body is not JSON",
        }
    }

    /// The HTTP status of the answer: 401 where the sender is not known, 400 where it is but sent rubbish.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotConfigured | Self::Unsigned | Self::BadSignature => 401,
            Self::MissingHeader(_) | Self::NotJson => 400,
        }
    }
}

/// A delivery as it came over HTTP. The caller has limited the size of the body (GitHub's own limit is 25 MB).
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
}

/// Takes in a delivery that is signed with any of `secrets`: two of them during a rotation.
pub fn receive(
    delivery: Delivery<'_>,
    secrets: &[SecretString],
    now: DateTime<Utc>,
    id: EventId,
) -> Result<RawEvent, Refused> {
    let Delivery { headers, body } = delivery;
    verify(headers, body, secrets)?;
    let event_type = header(headers, "x-github-event")
        .filter(|name| is_event_name(name))
        .ok_or(Refused::MissingHeader("X-GitHub-Event"))?;
    let payload = json(headers, body)?;
    Ok(RawEvent {
        id,
        source: Source::github(),
        delivery_key: delivery_key(header(headers, "x-github-delivery"), body),
        event_type: event_type.to_owned(),
        origin: Origin::Webhook,
        occurred_at: occurred_at(&payload),
        received_at: now,
        payload,
    })
}

fn verify(headers: &HeaderMap, body: &[u8], secrets: &[SecretString]) -> Result<(), Refused> {
    let mut keys = secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| !secret.is_empty())
        .peekable();
    if keys.peek().is_none() {
        return Err(Refused::NotConfigured);
    }
    let signature = headers.get("x-hub-signature-256").ok_or(Refused::Unsigned)?;
    let signature = signature
        .as_bytes()
        .strip_prefix(b"sha256=")
        .and_then(|digits| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(digits, &mut bytes).ok().map(|()| bytes)
        })
        .ok_or(Refused::BadSignature)?;
    let fits = |secret: &str| {
        // A key of any length is fine for HMAC; the error cannot come.
        Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
    };
    keys.any(fits).then_some(()).ok_or(Refused::BadSignature)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

fn is_event_name(name: &str) -> bool {
    name.len() <= MAX_EVENT_TYPE_CHARS
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What makes a redelivery recognisable: GitHub keeps the delivery id. Without one, the body itself.
pub(crate) fn delivery_key(id: Option<&str>, body: &[u8]) -> String {
    let hash = |bytes: &[u8]| format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
    match id {
        Some(id) if id.len() <= MAX_DELIVERY_KEY_CHARS => id.to_owned(),
        Some(id) => hash(id.as_bytes()),
        None => hash(body),
    }
}

/// The JSON object in the body: the body itself, or the form field `payload` of hooks that were set up so.
fn json(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Refused> {
    #[derive(Deserialize)]
    struct Form {
        payload: String,
    }
    let is_form = header(headers, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let payload = if is_form {
        let form: Form = serde_urlencoded::from_bytes(body).map_err(|_| Refused::NotJson)?;
        form.payload.into_bytes()
    } else {
        body.to_vec()
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
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;
    use ulid::Ulid;

    /// GitHub's own test vector (docs.github.com, "Validating webhook deliveries").
    const SECRET: &str = "It's a Secret to Everybody";
    const GREETING: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn signature(secret: &str, body: &[u8]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .unwrap()
            .chain_update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn signed(secret: &str, body: &[u8]) -> HeaderMap {
        let signature = signature(secret, body);
        headers(&[
            ("X-GitHub-Event", "ping"),
            ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("X-Hub-Signature-256", &signature),
        ])
    }

    fn take(headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Result<RawEvent, Refused> {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| SecretString::from(*s)).collect();
        receive(
            Delivery { headers, body },
            &secrets,
            DateTime::UNIX_EPOCH,
            EventId::new(Ulid::nil()),
        )
    }

    #[test]
    fn githubs_test_vector_is_believed_and_then_found_not_to_be_json() {
        assert_eq!(signature(SECRET, GREETING), SIGNATURE);
        assert_eq!(
            take(&signed(SECRET, GREETING), GREETING, &[SECRET]),
            Err(Refused::NotJson)
        );
    }

    #[test]
    fn a_signed_delivery_is_taken_in_byte_for_byte() {
        let body = br#" {"zen": "Keep it logically awesome.", "updated_at": "2026-01-15T10:00:00Z"} "#;
        let event = take(&signed(SECRET, body), body, &[SECRET]).unwrap();
        assert_eq!(event.payload, body);
        assert_eq!(event.delivery_key, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
        assert_eq!(
            (event.event_type.as_str(), event.origin),
            ("ping", Origin::Webhook)
        );
        assert_eq!(
            event.occurred_at.unwrap().to_rfc3339(),
            "2026-01-15T10:00:00+00:00"
        );
    }

    #[test]
    fn during_a_rotation_the_old_and_the_new_secret_both_hold() {
        for secret in ["old", "new"] {
            assert!(take(&signed(secret, b"{}"), b"{}", &["new", "old"]).is_ok());
        }
        assert_eq!(
            take(&signed("older", b"{}"), b"{}", &["new", "old"]),
            Err(Refused::BadSignature)
        );
    }

    #[test]
    fn nothing_is_believed_without_a_secret() {
        for none in [&[][..], &[""][..]] {
            assert_eq!(take(&signed("", b"{}"), b"{}", none), Err(Refused::NotConfigured));
        }
    }

    #[test]
    fn a_delivery_without_a_signature_is_refused() {
        let headers = headers(&[("x-github-event", "ping"), ("x-hub-signature", "sha1=00")]);
        assert_eq!(take(&headers, b"{}", &[SECRET]), Err(Refused::Unsigned));
    }

    #[test]
    fn a_changed_body_or_signature_is_refused() {
        assert_eq!(
            take(&signed(SECRET, b"{}"), b"{ }", &[SECRET]),
            Err(Refused::BadSignature)
        );
        let long = format!("{SIGNATURE}00");
        for bad in [
            "",
            "sha256=",
            "sha256=zz",
            &SIGNATURE[7..],
            &SIGNATURE[..69],
            &long,
        ] {
            let headers = headers(&[("x-github-event", "ping"), ("x-hub-signature-256", bad)]);
            assert_eq!(
                take(&headers, GREETING, &[SECRET]),
                Err(Refused::BadSignature),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_signature_is_checked_before_anything_else() {
        let headers = headers(&[("x-hub-signature-256", SIGNATURE)]);
        assert_eq!(take(&headers, b"not json", &[SECRET]), Err(Refused::BadSignature));
    }

    #[test]
    fn an_event_name_that_github_never_sends_is_refused() {
        for name in ["", "Ping", "ping pong", &"x".repeat(65)] {
            let mut headers = signed(SECRET, b"{}");
            headers.insert("x-github-event", HeaderValue::from_str(name).unwrap());
            assert_eq!(
                take(&headers, b"{}", &[SECRET]),
                Err(Refused::MissingHeader("X-GitHub-Event")),
                "{name}"
            );
        }
    }

    #[test]
    fn a_form_body_is_unwrapped_after_its_signature_was_checked() {
        let body = b"payload=%7B%22zen%22%3A%22a+b%22%7D";
        let mut headers = signed(SECRET, body);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        assert_eq!(
            take(&headers, body, &[SECRET]).unwrap().payload,
            br#"{"zen":"a b"}"#
        );
        let body = b"nothing=1";
        headers.insert(
            "x-hub-signature-256",
            HeaderValue::from_str(&signature(SECRET, body)).unwrap(),
        );
        assert_eq!(take(&headers, body, &[SECRET]), Err(Refused::NotJson));
    }

    #[test]
    fn only_a_json_object_is_a_payload() {
        for body in [&b""[..], b"[]", b"null", b"{", b"{}{}", b"{\"a\":\xff}"] {
            assert_eq!(
                take(&signed(SECRET, body), body, &[SECRET]),
                Err(Refused::NotJson),
                "{body:?}"
            );
        }
    }

    #[test]
    fn without_a_delivery_id_the_body_is_the_key() {
        let mut headers = signed(SECRET, b"{}");
        headers.remove("x-github-delivery");
        let event = take(&headers, b"{}", &[SECRET]).unwrap();
        assert_eq!(
            event.delivery_key,
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        headers.insert(
            "x-github-delivery",
            HeaderValue::from_str(&"x".repeat(5000)).unwrap(),
        );
        assert_eq!(take(&headers, b"{}", &[SECRET]).unwrap().delivery_key.len(), 71);
    }
}
