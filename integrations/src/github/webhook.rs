//! Purpose: `POST /webhooks/github`: how GitHub signs and names its deliveries.
//!
//! Source: docs.github.com, "Validating webhook deliveries" and "Webhook events and payloads".

use reqwest::header::HeaderMap;

use super::{normalise, occurred};
use crate::proof::Proof;
use crate::signature::Signed;
use crate::webhook::{Refused, Said, Vendor, header};

/// GitHub's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "github",
    title: "GitHub",
    proof: Proof::Signed(SIGNED),
    read: |delivery, payload| read(delivery.headers, payload),
    changes: |event, _| normalise::changes(event),
};

const SIGNED: Signed = Signed::hex("X-Hub-Signature-256", "sha256=");

/// The longest event name so far has 32 characters.
const MAX_EVENT_TYPE_CHARS: usize = 64;

fn read(headers: &HeaderMap, payload: &[u8]) -> Result<Said, Refused> {
    let event_type = header(headers, "x-github-event")
        .filter(|name| is_event_name(name))
        .ok_or(Refused::MissingHeader("X-GitHub-Event"))?;
    Ok(Said {
        event_type: event_type.to_owned(),
        delivery_key: header(headers, "x-github-delivery").map(str::to_owned),
        occurred_at: occurred::occurred_at(payload),
    })
}

fn is_event_name(name: &str) -> bool {
    name.len() <= MAX_EVENT_TYPE_CHARS
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, RawEvent};
    use em_domain::id::EventId;
    use hmac::{Hmac, KeyInit, Mac};
    use reqwest::header::{CONTENT_TYPE, HeaderValue};
    use sha2::Sha256;
    use ulid::Ulid;

    use super::*;
    use crate::webhook::tests::{headers, secrets as secret_texts};
    use crate::webhook::{Delivery, Trust, receive};

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

    fn signed(secret: &str, body: &[u8]) -> HeaderMap {
        let signature = signature(secret, body);
        headers(&[
            ("X-GitHub-Event", "ping"),
            ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("X-Hub-Signature-256", &signature),
        ])
    }

    fn take(headers: &HeaderMap, body: &[u8], secrets: &[&str]) -> Result<RawEvent, Refused> {
        let secrets = secret_texts(secrets);
        let trust = Trust {
            secrets: &secrets,
            takes_unsigned: false,
        };
        let delivery = Delivery {
            headers,
            query: None,
            body,
            certificate: None,
        };
        receive(
            &VENDOR,
            delivery,
            trust,
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
            Err(Refused::BadSignature("X-Hub-Signature-256"))
        );
    }

    #[test]
    fn nothing_is_believed_without_a_secret() {
        for none in [&[][..], &[""][..]] {
            assert_eq!(
                take(&signed("", b"{}"), b"{}", none),
                Err(Refused::NotConfigured("GITHUB_WEBHOOK_SECRET".to_owned()))
            );
        }
    }

    #[test]
    fn a_delivery_without_a_signature_is_refused() {
        let headers = headers(&[("x-github-event", "ping"), ("x-hub-signature", "sha1=00")]);
        assert_eq!(
            take(&headers, b"{}", &[SECRET]),
            Err(Refused::Unsigned("X-Hub-Signature-256"))
        );
    }

    #[test]
    fn a_changed_body_or_signature_is_refused() {
        assert_eq!(
            take(&signed(SECRET, b"{}"), b"{ }", &[SECRET]),
            Err(Refused::BadSignature("X-Hub-Signature-256"))
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
                Err(Refused::BadSignature("X-Hub-Signature-256")),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_signature_is_checked_before_anything_else() {
        let headers = headers(&[("x-hub-signature-256", SIGNATURE)]);
        assert_eq!(
            take(&headers, b"not json", &[SECRET]),
            Err(Refused::BadSignature("X-Hub-Signature-256"))
        );
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
