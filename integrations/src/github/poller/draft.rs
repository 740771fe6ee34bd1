//! Purpose: a state read by the poller, as a raw event of the webhook's shape.

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::github::client::GithubError;
use crate::github::occurred::occurred_at;

/// An event in the making.
pub(super) struct Draft<'a> {
    /// The webhook's name of it.
    pub(super) event_type: &'static str,
    /// What makes this state of this thing unique within the kind.
    pub(super) state: String,
    /// The fields of the body, besides `action`.
    pub(super) parts: &'a [(&'static str, &'a RawValue)],
}

impl Draft<'_> {
    /// The event. Its key depends on nothing but the state, so that a second reading is known as such.
    pub(super) fn event(&self, id: EventId, now: DateTime<Utc>) -> RawEvent {
        let mut payload = br#"{"action":"polled""#.to_vec();
        for (name, value) in self.parts {
            payload.extend_from_slice(format!(",\"{name}\":").as_bytes());
            payload.extend_from_slice(value.get().as_bytes());
        }
        payload.push(b'}');
        RawEvent {
            id,
            source: Source::github(),
            delivery_key: format!("poll:{}:{}", self.event_type, self.state),
            event_type: self.event_type.to_owned(),
            origin: Origin::Poll,
            occurred_at: occurred_at(&payload),
            received_at: now,
            payload,
        }
    }
}

/// A value of ours as a part of a body.
pub(super) fn part<T: Serialize>(value: &T) -> Result<Box<RawValue>, GithubError> {
    to_raw_value(value).map_err(|error| GithubError::Malformed {
        detail: error.to_string(),
    })
}
