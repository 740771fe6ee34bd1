//! Purpose: how the Socket Mode connections are doing, as `/ready` and `doctor` see it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use em_telemetry::names;
use tokio::sync::watch;

/// How the connections are doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SocketState {
    /// Connections that said hello and are not about to be replaced.
    pub connected: usize,
    /// When the last one said hello.
    pub last_hello: Option<DateTime<Utc>>,
    /// Why the last attempt to connect failed, for a person; `None` after one that worked.
    pub trouble: Option<String>,
}

/// The view of a running listener that `/ready` and `doctor` have.
#[derive(Debug, Clone)]
pub struct SocketHealth(watch::Receiver<SocketState>);

impl SocketHealth {
    /// How the connections are doing now.
    pub fn now(&self) -> SocketState {
        self.0.borrow().clone()
    }

    /// Waits until at least `wanted` connections are open; `false` if the listener ended before.
    pub async fn connected(&mut self, wanted: usize) -> bool {
        self.0.wait_for(|state| state.connected >= wanted).await.is_ok()
    }
}

/// Where the connections report.
#[derive(Debug)]
pub(super) struct Board(watch::Sender<SocketState>);

/// Counts a connection as open while it lives.
#[derive(Debug)]
pub(super) struct Online(Arc<Board>);

impl Board {
    pub(super) fn new() -> (Arc<Self>, SocketHealth) {
        let (state, health) = watch::channel(SocketState::default());
        (Arc::new(Self(state)), SocketHealth(health))
    }

    /// A connection said hello.
    pub(super) fn online(self: &Arc<Self>, now: DateTime<Utc>) -> Online {
        self.0.send_modify(|state| {
            state.connected += 1;
            state.last_hello = Some(now);
            state.trouble = None;
        });
        metrics::gauge!(names::SLACK_CONNECTIONS).increment(1.0);
        Online(Arc::clone(self))
    }

    /// No connection could be made.
    pub(super) fn trouble(&self, for_a_person: &str) {
        self.0
            .send_modify(|state| state.trouble = Some(for_a_person.to_owned()));
    }
}

impl Drop for Online {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.connected -= 1);
        metrics::gauge!(names::SLACK_CONNECTIONS).decrement(1.0);
    }
}
