//! Purpose: how Slack reaches the bot. Socket Mode and HTTP both end in an [`Inbound`] on one queue; nothing after the
//! queue knows which it was.
//!
//! Both acknowledge before any work. The queue is bounded: when it is full, a person who typed a command is told so,
//! and everything else is left unacknowledged, so that Slack sends it again or shows that it failed.

pub mod http;
pub mod socket;

mod connection;
mod envelope;
mod form;
mod health;
mod leaving;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

/// What a person is told whose command found the queue full.
const BUSY: &str = "EM Agent is busy; try again in a moment.";

/// Something that Slack sent.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The same when Slack sends the same thing again: the `event_id` of an event, else the envelope's id (Socket
    /// Mode) or the `trigger_id` (HTTP).
    pub id: String,
    /// How to read the payload.
    pub kind: InboundKind,
    /// Slack's JSON as sent, of the same shape over both transports.
    pub payload: Box<RawValue>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
}

/// The three ways in which Slack addresses an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundKind {
    /// Somebody typed `/em-agent ...`.
    SlashCommand,
    /// A button, menu, shortcut or modal.
    Interaction,
    /// The Events API: mentions, messages, the Home tab.
    Event,
}

impl InboundKind {
    /// Slack's name for it in Socket Mode, also the metrics label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlashCommand => "slash_commands",
            Self::Interaction => "interactive",
            Self::Event => "events_api",
        }
    }
}

#[cfg(test)]
mod tests;
