//! Purpose: which envelope is on which socket: round robin, acknowledgements, redelivery after a loss.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Acked, Counts, DisconnectReason, EnvelopeKind, Outcome};
use crate::Options;
use crate::deliver::Purpose;
use crate::shared::locked;

/// Slack: ten sockets per app.
pub(super) const MAX_SOCKETS: usize = 10;

/// What a socket's task is told.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Frame(Utf8Bytes),
    Close,
    CloseAfter(Duration),
    Abort,
    HalfOpen(Duration),
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) takes_envelopes: bool,
}

/// Something sent to the app and not yet acknowledged.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) kind: EnvelopeKind,
    pub(crate) purpose: Purpose,
    pub(crate) answer: Option<oneshot::Sender<Outcome>>,
    payload: String,
    acted: Instant,
    delivered: Instant,
    on: Option<u64>,
    deliveries: u32,
    pub(super) attempt: usize,
}

/// When something is due to happen to an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Expire,
    Retry,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) connections: Vec<Connection>,
    pub(super) pending: HashMap<String, Pending>,
    pub(super) acked: Vec<Acked>,
    pub(super) counts: Counts,
    pub(super) due: BinaryHeap<Reverse<(Instant, Due, String)>>,
    tickets: HashSet<String>,
    waiting: VecDeque<String>,
    turn: usize,
}

/// The switchboard between envelopes and sockets.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(super) state: Mutex<State>,
    pub(super) wake: Notify,
    pub(super) window: Duration,
    pub(super) retries: Vec<Duration>,
}

impl Hub {
    pub(crate) fn new(options: &Options) -> Self {
        let retries = options.event_retries.clone();
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            window: options.ack_window,
            retries,
        }
    }

    /// A single-use ticket for one socket.
    pub(crate) fn new_ticket(&self) -> String {
        let ticket = ulid::Ulid::new().to_string().to_lowercase();
        locked(&self.state).tickets.insert(ticket.clone());
        ticket
    }

    pub(super) fn use_ticket(&self, ticket: &str) -> bool {
        locked(&self.state).tickets.remove(ticket)
    }

    /// Takes a new socket in; `None` when there are too many. Returns its id and how many there are.
    pub(super) fn join(&self, orders: mpsc::UnboundedSender<Order>) -> Option<(u64, usize)> {
        let state = &mut *locked(&self.state);
        if state.connections.len() >= MAX_SOCKETS {
            return None;
        }
        state.counts.opened += 1;
        let id = state.counts.opened;
        state.connections.push(Connection {
            id,
            orders,
            takes_envelopes: false,
        });
        Some((id, state.connections.len()))
    }

    /// The socket said hello: it takes envelopes from now on, those that wait first.
    pub(super) fn ready(&self, id: u64) {
        let state = &mut *locked(&self.state);
        if let Some(connection) = state.connections.iter_mut().find(|c| c.id == id) {
            connection.takes_envelopes = true;
        }
        for envelope in std::mem::take(&mut state.waiting) {
            state.deliver(&envelope);
        }
    }

    /// A socket is gone: what it left unacknowledged goes to another one.
    pub(super) fn lost(&self, id: u64) {
        let state = &mut *locked(&self.state);
        state.connections.retain(|c| c.id != id);
        state.counts.losses += 1;
        let mut left: Vec<_> = state
            .pending
            .iter()
            .filter(|(_, p)| p.on == Some(id))
            .map(|(e, p)| (p.acted, e.clone()))
            .collect();
        left.sort_unstable();
        for (_, envelope) in left {
            state.counts.redelivered += 1;
            state.deliver(&envelope);
        }
    }

    /// Sends something to the app; returns the envelope id.
    pub(crate) fn send(
        &self,
        kind: EnvelopeKind,
        payload: String,
        purpose: Purpose,
        answer: Option<oneshot::Sender<Outcome>>,
    ) -> String {
        let envelope = ulid::Ulid::new().to_string().to_lowercase();
        let now = Instant::now();
        let state = &mut *locked(&self.state);
        state.counts.sent += 1;
        let (on, deliveries, attempt) = (None, 0, 0);
        let pending = Pending {
            kind,
            purpose,
            answer,
            payload,
            acted: now,
            delivered: now,
            on,
            deliveries,
            attempt,
        };
        state.pending.insert(envelope.clone(), pending);
        state.deliver(&envelope);
        self.schedule(state, now + self.window, Due::Expire, envelope.clone());
        envelope
    }

    pub(super) fn schedule(&self, state: &mut State, at: Instant, due: Due, envelope: String) {
        let sooner = state.due.peek().is_none_or(|Reverse((first, ..))| at < *first);
        state.due.push(Reverse((at, due, envelope)));
        if sooner {
            self.wake.notify_one();
        }
    }

    /// An acknowledgement came in. Gives back what it answers, if somebody still waits for it.
    pub(super) fn acknowledge(&self, envelope: &str) -> Option<(Pending, Duration)> {
        let state = &mut *locked(&self.state);
        let Some(pending) = state.pending.remove(envelope) else {
            state.counts.surplus_acks += 1;
            return None;
        };
        let latency = pending.acted.elapsed();
        state.counts.acked += 1;
        state.acked.push(Acked {
            kind: pending.kind,
            latency,
            since_delivery: pending.delivered.elapsed(),
            deliveries: pending.deliveries,
        });
        Some((pending, latency))
    }

    pub(super) fn order_one(&self, order: &Order) -> bool {
        let state = &mut *locked(&self.state);
        let ready = state.connections.iter().find(|c| c.takes_envelopes);
        let Some(connection) = ready.or(state.connections.first()) else {
            return false;
        };
        let id = connection.id;
        let sent = connection.orders.send(order.clone()).is_ok();
        state.retire(id, order);
        sent
    }

    pub(super) fn order_all(&self, order: &Order) {
        let state = &mut *locked(&self.state);
        let ids: Vec<u64> = state.connections.iter().map(|c| c.id).collect();
        for connection in &state.connections {
            // A task that is already gone needs no order.
            let _ = connection.orders.send(order.clone());
        }
        for id in ids {
            state.retire(id, order);
        }
    }

    pub(super) fn disconnect_one(&self, reason: DisconnectReason, grace: Duration) -> bool {
        let state = &mut *locked(&self.state);
        let Some(connection) = state.connections.iter_mut().find(|c| c.takes_envelopes) else {
            return false;
        };
        connection.takes_envelopes = false;
        let frame = Order::Frame(disconnect_frame(reason));
        connection.orders.send(frame).is_ok() && connection.orders.send(Order::CloseAfter(grace)).is_ok()
    }
}

/// The envelope that asks a socket to go away.
pub(super) fn disconnect_frame(reason: DisconnectReason) -> Utf8Bytes {
    let debug = json!({"host": "applink-1"});
    json!({"type": "disconnect", "reason": reason.as_str(), "debug_info": debug})
        .to_string()
        .into()
}

impl State {
    /// A socket under orders to end takes nothing new; a half-open one does, as nobody knows yet.
    fn retire(&mut self, id: u64, order: &Order) {
        let ends = match order {
            Order::Close | Order::Abort | Order::CloseAfter(_) => true,
            Order::Frame(_) | Order::HalfOpen(_) => false,
        };
        if ends && let Some(connection) = self.connections.iter_mut().find(|c| c.id == id) {
            connection.takes_envelopes = false;
        }
    }

    /// Puts an envelope on the next socket in turn, or lets it wait for one.
    pub(super) fn deliver(&mut self, envelope: &str) {
        let Some(pending) = self.pending.get_mut(envelope) else {
            return;
        };
        let frame = pending.frame(envelope);
        let count = self.connections.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            let connection = &self.connections[at];
            if connection.takes_envelopes && connection.orders.send(Order::Frame(frame.clone())).is_ok() {
                self.turn = at + 1;
                pending.on = Some(connection.id);
                pending.delivered = Instant::now();
                pending.deliveries += 1;
                return;
            }
        }
        pending.on = None;
        self.waiting.push_back(envelope.to_owned());
    }
}

impl Pending {
    fn frame(&self, envelope: &str) -> Utf8Bytes {
        let (kind, payload) = (self.kind.as_str(), &self.payload);
        let rest = match self.kind {
            EnvelopeKind::SlashCommands | EnvelopeKind::Interactive => {
                r#""accepts_response_payload":true"#.into()
            }
            EnvelopeKind::EventsApi => {
                let reason = if self.attempt > 0 { "timeout" } else { "" };
                let attempt = self.attempt;
                format!(
                    r#""accepts_response_payload":false,"retry_attempt":{attempt},"retry_reason":"{reason}""#
                )
            }
        };
        format!(r#"{{"envelope_id":"{envelope}","type":"{kind}","payload":{payload},{rest}}}"#).into()
    }
}
