//! Purpose: `POST /webhooks/cloudwatch`: the envelope in which SNS delivers, and whom to believe.
//!
//! Sources: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>,
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>. AWS signs for whoever has a topic, so the
//! signature proves AWS and the topic proves the sender: what stands in the place of secrets are the topics that are allowed.
//! Without an envelope (raw message delivery) nothing is proven.

use std::borrow::Cow;
use std::path::Path;

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::normalise::{self, Alarm};
use super::signature;
use crate::payload::Time;
use crate::proof::Proof;
use crate::webhook::{Delivery, Refused, Said, Vendor};

/// CloudWatch's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: super::NAME,
    title: "Amazon CloudWatch",
    // Amazon alone can sign.
    proof: Proof::Own(verify, None),
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| normalise::changes(&event.payload),
};

/// What SNS puts around a message. Every value is signed but the last three.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope<'a> {
    #[serde(rename = "Type", borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    #[serde(borrow)]
    pub message_id: Cow<'a, str>,
    #[serde(borrow)]
    pub topic_arn: Cow<'a, str>,
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub token: Option<Cow<'a, str>>,
    #[serde(rename = "SubscribeURL", borrow)]
    pub subscribe_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub signature_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub signature: Option<Cow<'a, str>>,
    #[serde(rename = "SigningCertURL", borrow)]
    pub signing_cert_url: Option<Cow<'a, str>>,
}

/// The envelope, if there is one.
pub(super) fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    serde_json::from_slice(body).ok()
}

fn verify(delivery: Delivery<'_>, topics: &[SecretString], now: DateTime<Utc>) -> Result<(), Refused> {
    let envelope = envelope(delivery.body).ok_or(Refused::Unsigned("Signature"))?;
    is_allowed(&envelope.topic_arn, topics)
        .then_some(())
        .ok_or(Refused::NotAllowed("TopicArn"))?;
    // A certificate proves AWS only if it comes from there, and whoever fetched it may have looked elsewhere.
    certificate_url(delivery.body).ok_or(Refused::NotAllowed("SigningCertURL"))?;
    let certificate = delivery.certificate.ok_or(Refused::NoCertificate)?;
    signature::check(&envelope, certificate, now)
}

/// Whether a delivery says that it is of one of these topics. It is not proven yet.
pub(super) fn is_of(body: &[u8], topics: &[SecretString]) -> bool {
    envelope(body).is_some_and(|envelope| is_allowed(&envelope.topic_arn, topics))
}

/// Whether the topic is one of those that are configured: one or several in a text, between commas or blanks.
fn is_allowed(topic: &str, topics: &[SecretString]) -> bool {
    topics.iter().any(|listed| {
        let mut listed = listed
            .expose_secret()
            .split(|c: char| c == ',' || c.is_whitespace());
        listed.any(|one| !one.is_empty() && one == topic)
    })
}

fn said(payload: &[u8]) -> Said {
    let Some(envelope) = envelope(payload) else {
        // Raw message delivery: the alarm stands alone.
        let alarm = normalise::alarm(payload);
        return Said {
            event_type: alarm.as_ref().map_or_else(String::new, Alarm::event_type),
            delivery_key: None,
            occurred_at: alarm.and_then(|alarm| alarm.changed_at()),
        };
    };
    let alarm = normalise::alarm(envelope.message.as_bytes()).filter(|_| envelope.kind == "Notification");
    let changed_at = alarm.as_ref().and_then(Alarm::changed_at);
    Said {
        event_type: alarm.map_or_else(|| envelope.kind.to_string(), |alarm| alarm.event_type()),
        delivery_key: Some(envelope.message_id.to_string()),
        occurred_at: changed_at.or_else(|| Time::parse(&envelope.timestamp).map(|at| at.0)),
    }
}

/// Where the certificate is that a delivery says it was signed with. `None` for any address that is not one of SNS's
/// certificates: nothing else is ever fetched. The body is not proven yet.
pub fn certificate_url(body: &[u8]) -> Option<Url> {
    let url = of_sns(&envelope(body)?.signing_cert_url?)?;
    let is_certificate = Path::new(url.path())
        .extension()
        .is_some_and(|kind| kind == "pem");
    (is_certificate && url.query().is_none()).then_some(url)
}

/// The address to visit to confirm a subscription, once, after `event` was stored. `None` for every other event, for one that
/// nothing proves, and for an address that is not SNS's.
pub fn subscribe_url(event: &RawEvent) -> Option<Url> {
    let is_proven = event.source.as_str() == super::NAME && event.origin == Origin::Webhook;
    let envelope = envelope(&event.payload).filter(|_| is_proven)?;
    if envelope.kind != "SubscriptionConfirmation" {
        return None;
    }
    let url = of_sns(&envelope.subscribe_url?)?;
    let confirms = url
        .query_pairs()
        .any(|(name, value)| name == "Action" && value == "ConfirmSubscription");
    confirms.then_some(url)
}

/// An `https` address of `sns.<region>.amazonaws.com` or of `.com.cn`, with nothing odd about it.
fn of_sns(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    let host = url.host_str()?;
    let rest = host.strip_prefix("sns.")?;
    let region = rest
        .strip_suffix(".amazonaws.com")
        .or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    let is_region = region.len() >= 3
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_plain && is_region).then_some(url)
}

#[cfg(test)]
mod tests {
    use em_domain::event::Source;
    use em_domain::id::EventId;
    use serde_json::json;
    use ulid::Ulid;

    use super::*;
    use crate::webhook::tests::secrets;

    #[test]
    fn only_sns_has_certificates() {
        let fetched = |url: &str| {
            let body = json!({
                "Type": "Notification", "Message": "", "MessageId": "", "TopicArn": "", "Timestamp": "", "SigningCertURL": url
            });
            certificate_url(body.to_string().as_bytes()).is_some()
        };
        for url in [
            "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ec.pem",
            "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-f3ec.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-f3ec.pem",
        ] {
            assert!(fetched(url), "{url}");
        }
        for url in [
            "http://sns.us-west-2.amazonaws.com/a.pem",
            "https://sns.us-west-2.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.us-west-2.amazonaws.com/a.pem",
            "https://sns.us-west-2.amazonaws.com@evil.example/a.pem",
            "https://me@sns.us-west-2.amazonaws.com/a.pem",
            "https://sns.us-west-2.amazonaws.com:8443/a.pem",
            "https://bucket.sns.us-west-2.amazonaws.com/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem",
            "https://sns.amazonaws.com/a.pem",
            "https://sns..amazonaws.com/a.pem",
            "https://s3.us-west-2.amazonaws.com/a.pem",
            "https://sns.us-west-2.amazonaws.com/a.pem?x=1",
            "https://sns.us-west-2.amazonaws.com/?x=a.pem",
            "https://sns.us-west-2.amazonaws.com/a.pem#x",
            "https://sns.us-west-2.amazonaws.com/a.crt",
            "https://169.254.169.254/a.pem",
            "file:///etc/a.pem",
            "",
        ] {
            assert!(!fetched(url), "{url}");
        }
        assert_eq!(certificate_url(b"{}"), None);
        assert_eq!(certificate_url(b"\xff"), None);
    }

    #[test]
    fn only_a_proven_confirmation_is_visited_and_only_at_sns() {
        let good = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=t&Token=2336";
        let event = |kind: &str, url: &str, origin| {
            RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("cloudwatch").unwrap(),
            delivery_key: "k".to_owned(),
            event_type: kind.to_owned(),
            origin,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload: json!({
                "Type": kind, "Message": "", "MessageId": "", "TopicArn": "t", "Timestamp": "", "SubscribeURL": url
            })
            .to_string()
            .into_bytes(),
        }
        };
        let visited = |kind, url, origin| subscribe_url(&event(kind, url, origin)).map(|url| url.to_string());
        let (confirmation, webhook) = ("SubscriptionConfirmation", Origin::Webhook);
        assert_eq!(visited(confirmation, good, webhook).as_deref(), Some(good));
        assert_eq!(visited("UnsubscribeConfirmation", good, webhook), None);
        assert_eq!(visited("Notification", good, webhook), None);
        assert_eq!(visited(confirmation, good, Origin::Unverified), None);
        assert_eq!(visited(confirmation, good, Origin::Import), None);
        for url in [
            "https://evil.example/?Action=ConfirmSubscription",
            "https://sns.us-west-2.amazonaws.com/?Action=DeleteTopic&TopicArn=t",
            "https://sns.us-west-2.amazonaws.com/",
        ] {
            assert_eq!(visited(confirmation, url, webhook), None, "{url}");
        }
        let mut elsewhere = event(confirmation, good, webhook);
        elsewhere.source = Source::github();
        assert_eq!(subscribe_url(&elsewhere), None);
    }

    #[test]
    fn topics_are_listed_with_commas_or_blanks() {
        let listed = secrets(&["arn:aws:sns:a:1:x, arn:aws:sns:a:1:y\narn:aws:sns:a:1:z"]);
        for topic in ["arn:aws:sns:a:1:x", "arn:aws:sns:a:1:y", "arn:aws:sns:a:1:z"] {
            assert!(is_allowed(topic, &listed), "{topic}");
        }
        for topic in ["", "arn:aws:sns:a:1", "arn:aws:sns:a:1:xx", "arn:aws:sns:a:2:x"] {
            assert!(!is_allowed(topic, &listed), "{topic}");
        }
    }
}
