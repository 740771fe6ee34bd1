//! Purpose: `POST /webhooks/pagerduty`: how PagerDuty signs and names its deliveries (v3 subscriptions).
//!
//! Source: <https://developer.pagerduty.com/docs/verifying-webhook-signatures>: a list of signatures while a secret is being
//! replaced, of which any may fit.

use std::borrow::Cow;

use serde::Deserialize;

use super::normalise;
use crate::payload::Time;
use crate::proof::Proof;
use crate::signature::Signed;
use crate::webhook::{Said, Vendor};

/// PagerDuty's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "pagerduty",
    title: "PagerDuty",
    proof: Proof::Signed(SIGNED),
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| normalise::changes(event),
};

const SIGNED: Signed = Signed::hex("X-PagerDuty-Signature", "v1=");

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    event: Event<'a>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "event_type")]
    kind: Cow<'a, str>,
    occurred_at: Option<Time>,
}

/// What the body says of itself; a body that says nothing is kept all the same.
pub(crate) fn said(payload: &[u8]) -> Said {
    let event = serde_json::from_slice::<Body<'_>>(payload)
        .ok()
        .map(|body| body.event);
    Said {
        event_type: event
            .as_ref()
            .map_or_else(String::new, |event| event.kind.to_string()),
        occurred_at: event.as_ref().and_then(|event| event.occurred_at).map(|at| at.0),
        delivery_key: event.and_then(|event| event.id).map(Cow::into_owned),
    }
}
