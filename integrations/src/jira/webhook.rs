//! Purpose: `POST /webhooks/jira`: how Jira, in the cloud and on one's own machines, signs and names its deliveries.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/webhooks/> and
//! <https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html>, of webhooks that an administrator
//! made. Those that Connect apps register bring a JWT instead, and are not taken in.

use std::borrow::Cow;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::SecretString;
use serde::Deserialize;

use super::{change_key, normalise};
use crate::payload::Time;
use crate::proof::{Proof, Sign};
use crate::signature::{Signed, shared_secret};
use crate::webhook::{Delivery, Refused, Said, Vendor, header};

/// Jira's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "jira",
    title: "Jira",
    proof: Proof::Own(
        |delivery, secrets, _| verify(delivery, secrets),
        Some(Sign::Body(SIGNED)),
    ),
    read: |delivery, payload| Ok(said(delivery.headers, payload)),
    changes: |event, _| normalise::changes(event),
};

/// The method stands before the signature, as `WebSub` wants it. Only SHA-256 is sent, so a weaker method is a forgery.
const SIGNED: Signed = Signed::hex("X-Hub-Signature", "sha256=");

/// Data Center can send a name and a password in place of a signature.
fn verify(delivery: Delivery<'_>, secrets: &[SecretString]) -> Result<(), Refused> {
    let signed = delivery.headers.contains_key(SIGNED.header);
    if !signed && delivery.headers.contains_key(AUTHORIZATION) {
        return shared_secret(delivery, secrets);
    }
    SIGNED.check(delivery.headers, &[delivery.body], secrets)
}

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "webhookEvent")]
    event: Option<Cow<'a, str>>,
    timestamp: Option<Time>,
    #[serde(borrow)]
    issue: Option<Thing<'a>>,
    #[serde(borrow)]
    changelog: Option<Thing<'a>>,
    #[serde(borrow)]
    comment: Option<Thing<'a>>,
}

#[derive(Deserialize)]
struct Thing<'a> {
    #[serde(borrow)]
    id: Option<Id<'a>>,
}

/// Jira writes the numbers of things as texts, and that of a change in some versions as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    Number(u64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl Thing<'_> {
    fn id(&self) -> Option<String> {
        Some(match self.id.as_ref()? {
            Id::Number(number) => number.to_string(),
            Id::Text(text) => text.clone().into_owned(),
        })
    }
}

/// What the body says of itself; a body that says nothing is kept all the same.
fn said(headers: &HeaderMap, payload: &[u8]) -> Said {
    let body: Body<'_> = serde_json::from_slice(payload).unwrap_or_default();
    let identifier = || header(headers, "x-atlassian-webhook-identifier").map(str::to_owned);
    Said {
        delivery_key: key_of_change(&body)
            .or_else(identifier)
            .or_else(|| composed_key(&body)),
        occurred_at: body.timestamp.map(|at| at.0),
        event_type: body.event.unwrap_or_default().into_owned(),
    }
}

/// A change of an issue has a number of its own, which the API tells as well: so what is polled and what is delivered is one.
fn key_of_change(body: &Body<'_>) -> Option<String> {
    let is_update = body.event.as_deref() == Some("jira:issue_updated");
    let (issue, change) = (body.issue.as_ref()?.id()?, body.changelog.as_ref()?.id()?);
    is_update.then(|| change_key(&issue, &change))
}

/// Data Center names its deliveries by nothing. What happened, when, and to which issue is one event; without any of that
/// the body itself must do.
fn composed_key(body: &Body<'_>) -> Option<String> {
    let id = |thing: &Option<Thing<'_>>| thing.as_ref()?.id();
    let (event, at) = (body.event.as_deref()?, body.timestamp?);
    let issue = id(&body.issue)?;
    let change = id(&body.changelog).or_else(|| id(&body.comment))?;
    Some(format!("{event}:{}:{issue}:{change}", at.0.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::webhook::tests::{headers, secrets};

    const BODY: &[u8] = b"{}";
    /// HMAC of `{}` under `s`, by `openssl dgst -hmac s`.
    const SHA1: &str = "sha1=850413ce2dee4c4142838bab9e9086cb305da54d";
    const SHA256: &str = "sha256=143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6";

    fn proven(pairs: &[(&str, &str)]) -> Result<(), Refused> {
        let headers = headers(pairs);
        let delivery = Delivery {
            headers: &headers,
            query: None,
            body: BODY,
            certificate: None,
        };
        VENDOR
            .proof
            .check(delivery, &secrets(&["s", "t"]), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_method_stands_before_the_signature_and_a_weaker_one_is_refused() {
        assert_eq!(proven(&[("x-hub-signature", SHA256)]), Ok(()));
        let refused = Err(Refused::BadSignature("X-Hub-Signature"));
        let unnamed = SHA256.strip_prefix("sha256=").unwrap();
        let misnamed = format!("sha512={unnamed}");
        for value in [SHA1, unnamed, &misnamed, "sha256=", "none="] {
            assert_eq!(proven(&[("x-hub-signature", value)]), refused, "{value}");
        }
        assert_eq!(proven(&[]), Err(Refused::Unsigned("X-Hub-Signature")));
    }

    #[test]
    fn a_password_does_in_place_of_a_signature_and_never_saves_a_wrong_one() {
        // jira:s and jira:x
        let (right, wrong) = ("Basic amlyYTpz", "Basic amlyYTp4");
        assert_eq!(proven(&[("authorization", right)]), Ok(()));
        assert!(proven(&[("authorization", wrong)]).is_err());
        let both = proven(&[("authorization", right), ("x-hub-signature", "sha256=00")]);
        assert_eq!(both, Err(Refused::BadSignature("X-Hub-Signature")));
        // A Connect app's token.
        assert!(proven(&[("authorization", "JWT eyJhbGciOiJIUzI1NiJ9.e30.x")]).is_err());
    }

    #[test]
    fn a_change_is_known_by_its_number_and_what_has_none_by_its_delivery() {
        let body = |event: &str, at: u64, change: &str| {
            format!(
                r#"{{"webhookEvent":"{event}","timestamp":{at},"issue":{{"id":"7"}},"changelog":{{"id":{change}}}}}"#
            )
        };
        let key = |pairs: &[(&str, &str)], body: &str| said(&headers(pairs), body.as_bytes()).delivery_key;
        let identifier = [("x-atlassian-webhook-identifier", "abc")];
        let update = body("jira:issue_updated", 1_550_286_862_039, "\"9\"");
        for pairs in [&identifier[..], &[]] {
            assert_eq!(key(pairs, &update).as_deref(), Some("jira:issue_updated:7:9"));
        }
        let as_number = body("jira:issue_updated", 1_550_286_862_040, "9");
        assert_eq!(key(&[], &as_number), key(&[], &update));
        let another = body("jira:issue_updated", 1_550_286_862_039, "\"10\"");
        assert_ne!(key(&[], &another), key(&[], &update));

        let created = |at| body("jira:issue_created", at, "\"9\"");
        assert_eq!(key(&identifier, &created(1)).as_deref(), Some("abc"));
        assert_eq!(
            key(&[], &created(1_550_286_862_039)).as_deref(),
            Some("jira:issue_created:1550286862039:7:9")
        );
        assert_ne!(key(&[], &created(1)), key(&[], &created(2)));
        assert_eq!(
            key(
                &[],
                r#"{"webhookEvent":"jira:version_released","timestamp":1550286862039}"#
            ),
            None
        );
        assert_eq!(said(&headers(&[]), b"{\"webhookEvent\":7}").event_type, "");
    }
}
