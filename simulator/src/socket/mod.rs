//! Purpose: Socket Mode: the sockets of the app, the envelopes on them, and controls to break them.

mod connection;
pub(crate) mod hub;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use connection::accept;
pub(crate) use hub::Hub;
use hub::Order;
use serde_json::Value;
pub(crate) use sweep::sweep;

use crate::shared::{Shared, locked};

/// Why Slack asks a socket to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The server goes down in about ten seconds.
    Warning,
    /// The socket is old.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
    /// More than ten sockets.
    TooManyWebsockets,
}

impl DisconnectReason {
    /// As written in the envelope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
            Self::TooManyWebsockets => "too_many_websockets",
        }
    }
}

/// The kinds of envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvelopeKind {
    /// A typed command.
    SlashCommands,
    /// A click, a submitted view, a shortcut.
    Interactive,
    /// An event.
    EventsApi,
}

impl EnvelopeKind {
    /// As written in the envelope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlashCommands => "slash_commands",
            Self::Interactive => "interactive",
            Self::EventsApi => "events_api",
        }
    }
}

/// What became of something sent to the app.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Acknowledged in time.
    Acked {
        /// From the moment the person acted, redeliveries included.
        latency: Duration,
        /// What came with the acknowledgement.
        payload: Option<Value>,
    },
    /// Nobody acknowledged in time; the person saw an error.
    TimedOut,
    /// The HTTP transport was answered with this status (0: no answer) and text.
    Refused(u16, String),
}

impl Outcome {
    /// Acknowledged in time.
    pub fn is_acked(&self) -> bool {
        matches!(self, Self::Acked { .. })
    }

    /// What came with the acknowledgement.
    pub fn payload(&self) -> Option<&Value> {
        match self {
            Self::Acked { payload, .. } => payload.as_ref(),
            Self::TimedOut | Self::Refused(..) => None,
        }
    }
}

/// One acknowledged envelope.
#[derive(Debug, Clone, Copy)]
pub struct Acked {
    /// What it was.
    pub kind: EnvelopeKind,
    /// From the moment the person acted.
    pub latency: Duration,
    /// From its last delivery.
    pub since_delivery: Duration,
    /// How often it was delivered.
    pub deliveries: u32,
}

/// Counts of envelopes so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Things sent to the app.
    pub sent: u64,
    /// Acknowledged in time.
    pub acked: u64,
    /// Commands and interactions nobody acknowledged in time, and events given up.
    pub timed_out: u64,
    /// Deliveries on another socket, after a loss.
    pub redelivered: u64,
    /// Acknowledgements of envelopes nobody waits for any more (late, or twice).
    pub surplus_acks: u64,
    /// Sockets lost or closed.
    pub losses: u64,
    /// Sockets ever opened.
    pub opened: u64,
}

/// The Socket Mode controls of a simulator.
#[derive(Debug, Clone)]
pub struct Socket {
    pub(crate) shared: Arc<Shared>,
}

impl Socket {
    /// Open sockets that take new envelopes.
    pub fn connections(&self) -> usize {
        locked(&self.shared.hub.state)
            .connections
            .iter()
            .filter(|c| c.takes_envelopes)
            .count()
    }

    /// Open sockets, those that were asked to go away included.
    pub fn open_sockets(&self) -> usize {
        locked(&self.shared.hub.state).connections.len()
    }

    /// Waits until this many sockets take envelopes; false when `within` passes first.
    pub async fn wait_for_connections(&self, count: usize, within: Duration) -> bool {
        let mut changes = self.shared.changes();
        let wait = async {
            while self.connections() < count {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(within, wait).await.is_ok()
    }

    /// Closes the oldest socket with a close frame. False when there is none.
    pub fn drop_one(&self) -> bool {
        self.shared.hub.order_one(&Order::Close)
    }

    /// Resets the oldest socket's connection (TCP RST), without a close frame.
    pub fn abort_one(&self) -> bool {
        self.shared.hub.order_one(&Order::Abort)
    }

    /// Asks the oldest socket that takes envelopes to go away, as Slack does before a restart.
    pub fn disconnect_one(&self, reason: DisconnectReason) -> bool {
        self.shared
            .hub
            .disconnect_one(reason, self.shared.options.disconnect_grace)
    }

    /// The oldest socket stops reading and writing for this long and is then reset.
    pub fn half_open_one(&self, lasting: Duration) -> bool {
        self.shared.hub.order_one(&Order::HalfOpen(lasting))
    }

    /// Closes every socket.
    pub fn drop_all(&self) {
        self.shared.hub.order_all(&Order::Close);
    }

    /// Resets every connection.
    pub fn abort_all(&self) {
        self.shared.hub.order_all(&Order::Abort);
    }

    /// The next `times` calls of `apps.connections.open` fail with `internal_error`.
    pub fn refuse(&self, times: usize) {
        let fault = crate::faults::Fault::Error("internal_error".into());
        self.shared.faults.repeat("apps.connections.open", &fault, times);
    }

    /// Every acknowledged envelope so far, in order of acknowledgement.
    pub fn acked(&self) -> Vec<Acked> {
        locked(&self.shared.hub.state).acked.clone()
    }

    /// How long each acknowledgement took, from the moment the person acted.
    pub fn ack_latencies(&self) -> Vec<Duration> {
        locked(&self.shared.hub.state)
            .acked
            .iter()
            .map(|a| a.latency)
            .collect()
    }

    /// Envelopes that are still waiting for their acknowledgement.
    pub fn unacked(&self) -> usize {
        locked(&self.shared.hub.state).pending.len()
    }

    /// Counts so far.
    pub fn counts(&self) -> Counts {
        locked(&self.shared.hub.state).counts
    }
}
