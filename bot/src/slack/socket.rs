//! Purpose: keeps a number of Socket Mode connections to Slack open, whatever happens to them.
//!
//! Our own listener on tokio-tungstenite: slack-morphism's acknowledges only after its callback has returned, one at a
//! time per connection, loses acknowledgements when Slack asks to reconnect, and redials a refusing Slack in a hot
//! loop. Each connection here has a *seat*. A seat dials, hands the socket to a `Connection`, and dials again as
//! soon as that one says it has to be replaced, while the old one is still being read and acknowledged.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use em_domain::clock::SharedClock;
use em_integrations::slack::{Slack, SlackError};
use em_telemetry::names;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};
use tokio_util::sync::CancellationToken;

use super::Inbound;
use super::connection::{Connection, Socket};
use super::health::Board;
pub use super::health::{SocketHealth, SocketState};
use super::leaving::{Leaving, Reason};

/// Slack: at most ten connections per app.
pub const MAX_CONNECTIONS: usize = 10;
/// A WebSocket handshake.
const DIAL_LIMIT: Duration = Duration::from_secs(10);
/// The first pause after a failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// When Slack says that there are too many connections, or that Socket Mode is off, haste does not help.
const REFUSED_PAUSE: Duration = Duration::from_mins(1);
/// After a defect of ours.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// When what is noticed. The defaults are for Slack; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How often a connection looks around.
    pub tick: Duration,
    /// How often we ping.
    pub ping_every: Duration,
    /// Silence after which a connection is given up. Our pings are answered, so a live one is never this silent.
    pub dead_after: Duration,
    /// How long an old connection is read after Slack asked to reconnect; it announces the end about 10 s ahead.
    pub drain: Duration,
    /// A connection that lasted this long is replaced at once when it is lost, even if nothing came over it.
    pub settled_after: Duration,
    /// The wall clock running ahead by more than this means that the machine slept.
    pub clock_jump: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            ping_every: Duration::from_secs(5),
            dead_after: Duration::from_secs(15),
            drain: Duration::from_secs(12),
            settled_after: Duration::from_secs(10),
            clock_jump: Duration::from_secs(30),
        }
    }
}

/// Everything a listener needs.
#[derive(Debug)]
pub struct SocketMode {
    /// Opens the connections.
    pub slack: Slack,
    /// Tells when things arrived, and that the machine slept.
    pub clock: SharedClock,
    /// How many connections to keep, 1 to [`MAX_CONNECTIONS`]; two or more lose nothing when one drops.
    pub connections: usize,
    /// Where work goes. Bounded; see [`super`] for what happens when it is full.
    pub inbound: mpsc::Sender<Inbound>,
    /// Ends the listener.
    pub shutdown: CancellationToken,
    /// When what is noticed.
    pub timing: Timing,
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) slack: Slack,
    pub(super) clock: SharedClock,
    pub(super) inbound: mpsc::Sender<Inbound>,
    pub(super) shutdown: CancellationToken,
    pub(super) timing: Timing,
    pub(super) board: Arc<Board>,
}

impl SocketMode {
    /// Starts the listener. The task ends after [`SocketMode::shutdown`], when all acknowledgements are out.
    pub fn start(self) -> (SocketHealth, tokio::task::JoinHandle<()>) {
        let (board, health) = Board::new();
        let shared = Arc::new(Shared {
            slack: self.slack,
            clock: self.clock,
            inbound: self.inbound,
            shutdown: self.shutdown,
            timing: self.timing,
            board,
        });
        let seats = self.connections.clamp(1, MAX_CONNECTIONS);
        (health, tokio::spawn(keep_seats(shared, seats)))
    }
}

/// Runs the seats, and a new one for each that a defect ended.
async fn keep_seats(shared: Arc<Shared>, count: usize) {
    let mut seats = JoinSet::new();
    for _ in 0..count {
        seats.spawn(Seat::new(Arc::clone(&shared)).keep());
    }
    while let Some(ended) = seats.join_next().await {
        if ended.is_err() && !shared.shutdown.is_cancelled() {
            tracing::error!("a Socket Mode connection failed by a defect and is started again");
            let shared = Arc::clone(&shared);
            seats.spawn(async move {
                shared.pause(PANIC_PAUSE).await;
                Seat::new(shared).keep().await;
            });
        }
    }
}

impl Shared {
    /// Waits, unless the listener is to end.
    async fn pause(&self, length: Duration) {
        let _ = timeout(length, self.shutdown.cancelled()).await;
    }
}

/// One connection and its successors.
struct Seat {
    shared: Arc<Shared>,
    /// The present connection and old ones that are still being read.
    connections: JoinSet<()>,
    pauses: ExponentialBackoff,
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LAST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

impl Seat {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            connections: JoinSet::new(),
            pauses: pauses(),
        }
    }

    async fn keep(mut self) {
        while !self.shared.shutdown.is_cancelled() {
            match self.dial().await {
                Ok(socket) => self.sit(socket).await,
                Err(pause) => self.shared.pause(pause).await,
            }
        }
        while self.connections.join_next().await.is_some() {}
    }

    /// Serves a socket until it has to be replaced, and waits for as long as is wise before that.
    async fn sit(&mut self, socket: Socket) {
        while self.connections.try_join_next().is_some() {}
        let old_ones_left = !self.connections.is_empty();
        let (leaving, left) = oneshot::channel();
        self.connections
            .spawn(Connection::new(Arc::clone(&self.shared), socket, leaving).serve());
        // Without a word from it, the connection's task is gone.
        let left = left.await.unwrap_or(Leaving {
            reason: Reason::Panicked,
            was_useful: false,
        });
        if self.shared.shutdown.is_cancelled() {
            return;
        }
        tracing::info!(
            slack.reason = left.reason.as_str(),
            "a Slack connection is being replaced"
        );
        metrics::counter!(names::SLACK_RECONNECTS_TOTAL, "reason" => left.reason.as_str()).increment(1);
        match left.reason {
            Reason::TooMany if old_ones_left => self.wait_for_old_ones().await,
            Reason::TooMany | Reason::Disabled => {
                let trouble = "Slack refuses the connection: too many of this app, or Socket Mode is off";
                tracing::error!(slack.reason = left.reason.as_str(), "{trouble}");
                self.shared.board.trouble(trouble);
                self.shared.pause(REFUSED_PAUSE).await;
            }
            Reason::Refresh
            | Reason::Closed
            | Reason::Broken
            | Reason::Silent
            | Reason::Slept
            | Reason::Panicked => self.pause_unless(left.was_useful).await,
        }
    }

    /// With ten connections configured, a new one is refused until the one it replaces is gone.
    async fn wait_for_old_ones(&mut self) {
        let gone = async { while self.connections.join_next().await.is_some() {} };
        let _ = timeout(REFUSED_PAUSE, gone).await;
    }

    /// A connection that was useful is replaced at once; one that never was may be the first of a long row.
    async fn pause_unless(&mut self, was_useful: bool) {
        if was_useful {
            self.pauses = pauses();
        } else {
            let pause = self.next_pause();
            self.shared.pause(pause).await;
        }
    }

    fn next_pause(&mut self) -> Duration {
        self.pauses.next().unwrap_or(LAST_PAUSE)
    }

    /// A new connection, or how long to wait before the next attempt.
    async fn dial(&mut self) -> Result<Socket, Duration> {
        let shared = Arc::clone(&self.shared);
        let connected = tokio::select! {
            () = shared.shutdown.cancelled() => return Err(Duration::ZERO),
            connected = connect(&shared.slack) => connected,
        };
        connected.map_err(|error| {
            metrics::counter!(names::SLACK_RECONNECTS_TOTAL, "reason" => "open_failed").increment(1);
            tracing::warn!(%error, "no connection to Slack");
            shared.board.trouble(&error.advice());
            let pause = self.next_pause();
            if let SlackError::RateLimited { retry_after } = error {
                retry_after.max(pause)
            } else {
                pause
            }
        })
    }
}

async fn connect(slack: &Slack) -> Result<Socket, SlackError> {
    let url = slack.open_connection().await?;
    let tls = Connector::Rustls(slack.tls());
    // Acknowledgements are small and must not wait for the peer's delayed TCP ones.
    let no_delay = true;
    let dialling = connect_async_tls_with_config(url.as_str(), None, no_delay, Some(tls));
    let unavailable = |reason: String| SlackError::Unavailable { reason };
    match timeout(DIAL_LIMIT, dialling).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(unavailable(format!("the socket could not be opened: {error}"))),
        Err(_) => Err(unavailable("the socket was not opened in time".to_owned())),
    }
}

#[cfg(test)]
mod tests;
