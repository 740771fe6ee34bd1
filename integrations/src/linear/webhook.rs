//! Purpose: `POST /webhooks/linear`: how Linear signs and names its deliveries.
//!
//! Source: <https://linear.app/developers/webhooks>: the time stands inside of the signed body, and a delivery that is more
//! than a minute old is a copy.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::error::Category;

use super::normalise;
use crate::payload::Time;
use crate::proof::{Proof, Sign};
use crate::signature::{Signed, is_recent};
use crate::webhook::{Delivery, Refused, Said, Vendor, header};

/// Linear's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "linear",
    title: "Linear",
    proof: Proof::Own(verify, Some(Sign::Body(SIGNED))),
    read: |delivery, payload| Ok(said(delivery.headers, payload)),
    changes: |event, _| normalise::changes(event),
};

const SIGNED: Signed = Signed::hex("Linear-Signature", "");
const TIMESTAMP: &str = "webhookTimestamp";
const TOLERANCE: TimeDelta = TimeDelta::seconds(60);

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "webhookTimestamp")]
    at: Time,
}

/// The time may only be read where the signature holds: before that, the body is anybody's.
fn verify(delivery: Delivery<'_>, secrets: &[SecretString], now: DateTime<Utc>) -> Result<(), Refused> {
    SIGNED.check(delivery.headers, &[delivery.body], secrets)?;
    let sent: Sent = serde_json::from_slice(delivery.body).map_err(|error| match error.classify() {
        Category::Data => Refused::Stale(TIMESTAMP),
        Category::Io | Category::Syntax | Category::Eof => Refused::NotJson,
    })?;
    is_recent(sent.at.0, now, TOLERANCE, TIMESTAMP)
}

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(rename = "createdAt")]
    created_at: Option<Time>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// What the body says of itself; a body that says nothing is kept all the same. The headers say the same, but nobody signed
/// them.
fn said(headers: &HeaderMap, payload: &[u8]) -> Said {
    let Ok(body) = serde_json::from_slice::<Body<'_>>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let event_type = format!("{}.{}", body.kind, body.action);
    let delivery = header(headers, "linear-delivery").map(str::to_owned);
    // A body that is sent again has another time of sending, so it cannot be the key as a whole.
    let composed = || {
        let id = body.data.as_ref()?.id.as_deref()?;
        let at = body.created_at?.0.timestamp_millis();
        Some(format!("{event_type}:{id}:{at}"))
    };
    Said {
        delivery_key: delivery.or_else(composed),
        occurred_at: body.created_at.map(|at| at.0),
        event_type,
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;
    use crate::webhook::tests::{headers, secrets};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_780_574_400_000).unwrap()
    }

    fn proven(body: &str, secret: &str) -> Result<(), Refused> {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .unwrap()
            .chain_update(body);
        let headers = headers(&[("linear-signature", &hex::encode(mac.finalize().into_bytes()))]);
        let delivery = Delivery {
            headers: &headers,
            query: None,
            body: body.as_bytes(),
            certificate: None,
        };
        verify(delivery, &secrets(&["s"]), now())
    }

    #[test]
    fn what_was_sent_more_than_a_minute_ago_or_ahead_is_refused() {
        let at = |seconds: i64| {
            let millis = now().timestamp_millis() + seconds * 1000;
            proven(&format!(r#"{{"webhookTimestamp":{millis}}}"#), "s")
        };
        for seconds in [0, 60, -60] {
            assert_eq!(at(seconds), Ok(()), "{seconds}");
        }
        for seconds in [61, -61, 86_400] {
            assert_eq!(at(seconds), Err(Refused::Stale(TIMESTAMP)), "{seconds}");
        }
    }

    #[test]
    fn the_time_is_looked_at_after_the_signature_and_must_be_there() {
        let bad = Err(Refused::BadSignature("Linear-Signature"));
        for body in ["{}", "no json", r#"{"webhookTimestamp":0}"#] {
            assert_eq!(proven(body, "other"), bad, "{body}");
        }
        for body in [
            "{}",
            r#"{"webhookTimestamp":null}"#,
            r#"{"webhookTimestamp":"soon"}"#,
        ] {
            assert_eq!(proven(body, "s"), Err(Refused::Stale(TIMESTAMP)), "{body}");
        }
        for body in ["no json", "payload=%7B%7D", r#"{"webhookTimestamp":17"#] {
            assert_eq!(proven(body, "s"), Err(Refused::NotJson), "{body}");
        }
    }

    #[test]
    fn a_delivery_that_is_sent_again_keeps_its_key() {
        let body = |sent: &str, at: &str| {
            format!(
                r#"{{"type":"Issue","action":"update","createdAt":"{at}","data":{{"id":"i"}},"webhookTimestamp":{sent}}}"#
            )
        };
        let key = |pairs: &[(&str, &str)], body: &str| said(&headers(pairs), body.as_bytes()).delivery_key;
        let first = body("1", "2026-06-04T12:00:00.000Z");
        assert_eq!(key(&[("linear-delivery", "d")], &first).as_deref(), Some("d"));
        assert_eq!(key(&[], &first), key(&[], &body("2", "2026-06-04T12:00:00.000Z")));
        assert_ne!(key(&[], &first), key(&[], &body("1", "2026-06-04T12:00:00.001Z")));
        assert_eq!(key(&[], r#"{"type":"Issue","action":"update"}"#), None);
    }
}
