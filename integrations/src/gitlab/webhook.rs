//! Purpose: `POST /webhooks/gitlab`: how GitLab proves and names its deliveries.
//!
//! Source: docs.gitlab.com, "Webhooks". The secret token comes as it is in a header. The newer signing token signs, as the
//! Standard Webhooks specification says (<https://www.standardwebhooks.com>): its text is `whsec_` and the key in Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::normalise;
use crate::payload::{Text, Time, filled};
use crate::proof::{Proof, Sign};
use crate::signature::{Form, Signed, is_recent, token};
use crate::webhook::{Delivery, Refused, Said, Vendor, header};

/// GitLab's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "gitlab",
    title: "GitLab",
    proof: Proof::Own(verify, Some(Sign::Secret(TOKEN))),
    read: |delivery, payload| Ok(said(delivery.headers, payload)),
    changes: normalise::changes,
};

const TOKEN: &str = "X-Gitlab-Token";
const SIGNED: Signed = Signed {
    header: "webhook-signature",
    prefix: "v1,",
    form: Form::Base64,
    separator: ' ',
};
const SIGNED_AT: &str = "webhook-timestamp";
/// What the specification proposes.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Every proof that the request brings must hold, so that a wrong one is never saved by another.
fn verify(delivery: Delivery<'_>, secrets: &[SecretString], now: DateTime<Utc>) -> Result<(), Refused> {
    let has = |name: &str| delivery.headers.contains_key(name);
    let is_signed = has(SIGNED.header);
    if !is_signed && !has(TOKEN) {
        return Err(Refused::Unsigned(TOKEN));
    }
    if is_signed {
        check_signature(delivery, secrets, now)?;
    }
    if has(TOKEN) {
        token(delivery.headers, TOKEN, secrets)?;
    }
    Ok(())
}

fn check_signature(
    delivery: Delivery<'_>,
    secrets: &[SecretString],
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    let part = |name| header(delivery.headers, name).ok_or(Refused::Unsigned(name));
    let (id, seconds) = (part("webhook-id")?, part(SIGNED_AT)?);
    let keys: Vec<Vec<u8>> = secrets.iter().map(key).collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let pieces = [id.as_bytes(), b".", seconds.as_bytes(), b".", delivery.body];
    SIGNED.check_keys(delivery.headers, &pieces, &keys)?;
    let signed_at = Time::parse(seconds).ok_or(Refused::Stale(SIGNED_AT))?;
    is_recent(signed_at.0, now, TOLERANCE, SIGNED_AT)
}

fn key(secret: &SecretString) -> Vec<u8> {
    let text = secret.expose_secret();
    text.strip_prefix("whsec_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| text.as_bytes().to_vec())
}

#[derive(Deserialize)]
struct Kind {
    object_kind: Option<Text>,
    event_name: Option<Text>,
}

/// A time of the event, wherever its kind has one.
#[derive(Default, Deserialize)]
struct When {
    object_attributes: Option<Attributes>,
    status_changed_at: Option<Time>,
    released_at: Option<Time>,
    build_finished_at: Option<Time>,
    build_started_at: Option<Time>,
    build_created_at: Option<Time>,
    commits: Option<Vec<Commit>>,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "actioned_at")]
    actioned: Option<Time>,
    #[serde(rename = "finished_at")]
    finished: Option<Time>,
    #[serde(rename = "updated_at")]
    updated: Option<Time>,
    #[serde(rename = "created_at")]
    created: Option<Time>,
}

#[derive(Deserialize)]
struct Commit {
    timestamp: Option<Time>,
}

/// What the body says of itself. The header's name of the event is that of the hook (`Merge Request Hook`, `System Hook`) and
/// serves where the body has none.
fn said(headers: &HeaderMap, payload: &[u8]) -> Said {
    let kind = serde_json::from_slice::<Kind>(payload).ok();
    let kind = kind.and_then(|kind| filled(kind.object_kind).or_else(|| filled(kind.event_name)));
    Said {
        event_type: kind
            .or_else(|| header(headers, "x-gitlab-event").map(str::to_owned))
            .unwrap_or_default(),
        // The same again when GitLab tries again. `X-Gitlab-Event-UUID` is not it: all hooks that one change sets off share it.
        delivery_key: header(headers, "idempotency-key").map(str::to_owned),
        occurred_at: occurred_at(payload),
    }
}

fn occurred_at(payload: &[u8]) -> Option<DateTime<Utc>> {
    let when: When = serde_json::from_slice(payload).unwrap_or_default();
    let of_attributes = when.object_attributes.and_then(|attributes| {
        attributes
            .actioned
            .or(attributes.finished)
            .or(attributes.updated)
            .or(attributes.created)
    });
    let pushed = || {
        when.commits
            .iter()
            .flatten()
            .filter_map(|commit| commit.timestamp)
            .max()
    };
    of_attributes
        .or(when.status_changed_at)
        .or(when.released_at)
        .or(when.build_finished_at)
        .or(when.build_started_at)
        .or(when.build_created_at)
        .or_else(pushed)
        .map(|at| at.0)
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;
    use crate::webhook::tests::{headers, secrets};

    /// A key and a message of the specification's own (standardwebhooks.com, "Signature scheme").
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn signature(id: &str, seconds: &str, body: &[u8]) -> String {
        let key = STANDARD.decode(&SECRET["whsec_".len()..]).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(&key)
            .unwrap()
            .chain_update(format!("{id}.{seconds}."))
            .chain_update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn check(pairs: &[(&str, &str)], known: &[&str]) -> Result<(), Refused> {
        let headers = headers(pairs);
        let delivery = Delivery {
            headers: &headers,
            query: None,
            body: b"{}",
            certificate: None,
        };
        verify(delivery, &secrets(known), now())
    }

    #[test]
    fn the_token_and_the_signature_are_both_believed_and_neither_saves_the_other() {
        let good = signature("msg_1", "1790000000", b"{}");
        let listed = format!("v1,AAAA v1a,AAAA {good}");
        let signed = |signature| {
            [
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", "1790000000"),
                ("webhook-signature", signature),
            ]
        };
        let with_token = |signature, token| [&signed(signature)[..], &[(TOKEN, token)]].concat();
        assert_eq!(check(&[(TOKEN, "plain")], &["plain"]), Ok(()));
        assert_eq!(check(&signed(&good), &["new", SECRET]), Ok(()));
        assert_eq!(check(&signed(&listed), &[SECRET]), Ok(()));
        assert_eq!(check(&with_token(&good, "plain"), &["plain", SECRET]), Ok(()));
        let bad_token = check(&with_token(&good, "other"), &["plain", SECRET]);
        assert_eq!(bad_token, Err(Refused::BadSignature(TOKEN)));
        let bad_signature = check(&with_token("v1,AAAA", "plain"), &["plain", SECRET]);
        assert_eq!(bad_signature, Err(Refused::BadSignature("webhook-signature")));
        assert_eq!(check(&[], &["plain"]), Err(Refused::Unsigned(TOKEN)));
        let without_time = check(
            &[("webhook-id", "msg_1"), ("webhook-signature", &good)],
            &[SECRET],
        );
        assert_eq!(without_time, Err(Refused::Unsigned("webhook-timestamp")));
    }

    #[test]
    fn a_signature_of_long_ago_is_stale_and_its_time_cannot_be_changed() {
        for (seconds, expected) in [
            ("1790000300", Ok(())),
            ("1789999700", Ok(())),
            ("1789999699", Err(Refused::Stale("webhook-timestamp"))),
            ("1790000301", Err(Refused::Stale("webhook-timestamp"))),
            ("soon", Err(Refused::Stale("webhook-timestamp"))),
        ] {
            let signature = signature("msg_1", seconds, b"{}");
            let pairs = [
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", seconds),
                ("webhook-signature", signature.as_str()),
            ];
            assert_eq!(check(&pairs, &[SECRET]), expected, "{seconds}");
        }
        let signature = signature("msg_1", "1789990000", b"{}");
        let moved = [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1790000000"),
            ("webhook-signature", signature.as_str()),
        ];
        assert_eq!(
            check(&moved, &[SECRET]),
            Err(Refused::BadSignature("webhook-signature"))
        );
    }

    #[test]
    fn an_event_is_called_as_its_body_says_and_a_retry_keeps_its_key() {
        let headers = headers(&[
            ("X-Gitlab-Event", "System Hook"),
            ("X-Gitlab-Event-UUID", "shared"),
            ("Idempotency-Key", "one"),
        ]);
        let read = said(
            &headers,
            br#"{"event_name":"project_create","object_attributes":7}"#,
        );
        assert_eq!(
            (read.event_type.as_str(), read.occurred_at),
            ("project_create", None)
        );
        assert_eq!(read.delivery_key.as_deref(), Some("one"));
        assert_eq!(said(&headers, b"{}").event_type, "System Hook");
        let deployed = br#"{"object_kind":"deployment","status_changed_at":"2021-04-28 21:50:00 +0200"}"#;
        let read = said(&HeaderMap::new(), deployed);
        assert_eq!(
            (read.event_type.as_str(), read.delivery_key),
            ("deployment", None)
        );
        assert_eq!(
            read.occurred_at.unwrap().to_rfc3339(),
            "2021-04-28T19:50:00+00:00"
        );
    }
}
