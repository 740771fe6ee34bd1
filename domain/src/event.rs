//! Purpose: what came in, exactly as it came. Raw events are kept unchanged; every fact can be rebuilt from them.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::EventId;

/// The system an event came from, as it stands in the webhook's path: `github`, `pagerduty`, ...
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(String);

impl Source {
    /// GitHub: webhooks, the poller and recorded files.
    pub fn github() -> Self {
        Self("github".to_owned())
    }

    /// `PagerDuty`: webhooks and recorded files.
    pub fn pagerduty() -> Self {
        Self("pagerduty".to_owned())
    }

    /// A source by its name: 1 to 32 lower-case letters, digits or dashes.
    pub fn parse(name: &str) -> Option<Self> {
        let fits = (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an event reached us, and so why it may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A webhook whose signature held.
    Webhook,
    /// Read by us from the vendor's API.
    Poll,
    /// Read from a recorded file that the operator named.
    Import,
    /// A webhook that nothing proves: the operator lets this source in without a secret.
    Unverified,
}

impl Origin {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Poll => "poll",
            Self::Import => "import",
            Self::Unverified => "unverified",
        }
    }

    /// The origin stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Webhook, Self::Poll, Self::Import, Self::Unverified]
            .into_iter()
            .find(|origin| origin.as_str() == name)
    }
}

/// One event as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// Ours; sorts by receipt.
    pub id: EventId,
    /// The sending system.
    pub source: Source,
    /// What makes a redelivery recognisable: unique within the source. The vendor's own delivery id where there
    /// is one, else a hash over the fields that make a state change unique.
    pub delivery_key: String,
    /// The vendor's name of the event: `pull_request`, `deployment_status`, ...
    pub event_type: String,
    /// How it reached us.
    pub origin: Origin,
    /// When it happened, by the vendor's clock, where the payload says so.
    pub occurred_at: Option<DateTime<Utc>>,
    /// When it reached us, by our clock. For diagnosis only: facts carry event time.
    pub received_at: DateTime<Utc>,
    /// The JSON body, byte for byte.
    pub payload: Vec<u8>,
}
