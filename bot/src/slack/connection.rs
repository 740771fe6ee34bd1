//! Purpose: one Socket Mode connection, from hello to its end: read, acknowledge, hand over; notice when it is asked
//! to leave, when it is dead, and when the machine slept.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use em_telemetry::names;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::envelope::{self, Frame};
use super::health::Online;
use super::leaving::{Leaving, Reason};
use super::socket::Shared;
use super::{Inbound, InboundKind, form};

/// Frames that are read before their acknowledgements are flushed together; at a few microseconds each, the first one
/// waits well under a millisecond.
const BATCH: usize = 64;
/// How long the last bytes may take when we close.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) struct Connection {
    shared: Arc<Shared>,
    socket: Socket,
    leaving: Option<oneshot::Sender<Leaving>>,
    /// From hello until it has to be replaced.
    online: Option<Online>,
    hello_at: Option<Instant>,
    carried_work: bool,
    last_frame: Instant,
    last_ping: Instant,
    /// When an old connection that Slack does not close is closed by us.
    drained_by: Option<Instant>,
    ticks: Interval,
    wall_clock: (DateTime<Utc>, Instant),
    /// When the frames arrived whose acknowledgements are not flushed yet.
    unflushed: Vec<Instant>,
}

enum Wake {
    Frame(Option<Result<Message, Error>>),
    Tick,
    Shutdown,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, socket: Socket, leaving: oneshot::Sender<Leaving>) -> Self {
        let now = Instant::now();
        let mut ticks = interval(shared.timing.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            wall_clock: (shared.clock.now(), now),
            shared,
            socket,
            leaving: Some(leaving),
            online: None,
            hello_at: None,
            carried_work: false,
            last_frame: now,
            last_ping: now,
            drained_by: None,
            ticks,
            unflushed: Vec::with_capacity(BATCH),
        }
    }

    /// Serves until the connection ends.
    pub(super) async fn serve(mut self) {
        let ended = loop {
            let wake = tokio::select! {
                biased;
                () = self.shared.shutdown.cancelled() => Wake::Shutdown,
                frame = self.socket.next() => Wake::Frame(frame),
                _ = self.ticks.tick() => Wake::Tick,
            };
            // A peer that does not read must not hold us for longer than one that does not write.
            let limit = self.shared.timing.dead_after;
            let step = match wake {
                Wake::Frame(frame) => timeout(limit, self.read(frame)).await,
                Wake::Tick => timeout(limit, self.tick()).await,
                Wake::Shutdown => return self.close().await,
            };
            match step.unwrap_or(Err(Reason::Silent)) {
                Ok(()) => {}
                Err(reason) => break reason,
            }
        };
        self.leave(ended);
        self.close().await;
    }

    /// Handles a frame and all that are there already, then flushes what was written.
    async fn read(&mut self, first: Option<Result<Message, Error>>) -> Result<(), Reason> {
        let mut ended = self.handle(first).await;
        for _ in 1..BATCH {
            // Only what will be handled is taken off the socket.
            let Some(next) = ended.is_ok().then(|| self.socket.next().now_or_never()).flatten() else {
                break;
            };
            ended = self.handle(next).await;
        }
        self.last_frame = Instant::now();
        let flushed = self.socket.flush().await;
        if flushed.is_ok() {
            for arrived in self.unflushed.drain(..) {
                metrics::histogram!(names::SLACK_ACKS_SECONDS).record(arrived.elapsed());
            }
        }
        ended.and(flushed.map_err(|_| Reason::Broken))
    }

    async fn handle(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Reason> {
        match frame {
            Some(Ok(Message::Text(text))) => self.handle_text(text.as_str()).await,
            // Pongs are written by the socket itself; a close frame is followed by the end of the stream.
            Some(Ok(
                Message::Ping(_)
                | Message::Pong(_)
                | Message::Binary(_)
                | Message::Frame(_)
                | Message::Close(_),
            )) => Ok(()),
            Some(Err(_)) => Err(Reason::Broken),
            None => Err(Reason::Closed),
        }
    }

    async fn handle_text(&mut self, text: &str) -> Result<(), Reason> {
        match envelope::parse(text) {
            Ok(Frame::Work {
                envelope_id,
                kind,
                payload,
            }) => {
                metrics::counter!(names::SLACK_ENVELOPES_TOTAL, "type" => kind.as_str()).increment(1);
                self.carried_work = true;
                self.take(&envelope_id, kind, payload).await
            }
            Ok(Frame::Hello) => {
                self.hello_at = Some(Instant::now());
                self.online = Some(self.shared.board.online(self.shared.clock.now()));
                Ok(())
            }
            Ok(Frame::Disconnect { reason }) => {
                tracing::debug!(slack.reason = %reason, "Slack asks to reconnect");
                self.leave(Reason::of_disconnect(&reason));
                Ok(())
            }
            Ok(Frame::Unknown { envelope_id, kind }) => {
                metrics::counter!(names::SLACK_ENVELOPES_TOTAL, "type" => "unknown").increment(1);
                tracing::warn!(slack.kind = %kind, "an envelope of unknown kind was acknowledged and dropped");
                match envelope_id {
                    Some(id) => self.write(envelope::ack(&id)).await,
                    None => Ok(()),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a frame from Slack that cannot be read was dropped");
                Ok(())
            }
        }
    }

    /// Acknowledges and hands over. What is handed over although the acknowledgement got lost comes again and is
    /// dropped as a duplicate; the other way round it would be lost.
    async fn take(
        &mut self,
        envelope_id: &str,
        kind: InboundKind,
        payload: &serde_json::value::RawValue,
    ) -> Result<(), Reason> {
        if kind == InboundKind::Interaction
            && let Some(errors) = form::mistakes(payload.get())
        {
            return self.write(envelope::form_ack(envelope_id, errors)).await;
        }
        let shared = Arc::clone(&self.shared);
        let Ok(room) = shared.inbound.try_reserve() else {
            return self.shed(envelope_id, kind).await;
        };
        let event_id = match kind {
            InboundKind::Event => envelope::event_id(payload.get()),
            InboundKind::SlashCommand | InboundKind::Interaction => None,
        };
        let inbound = Inbound {
            id: event_id.unwrap_or_else(|| envelope_id.to_owned()),
            kind,
            payload: payload.to_owned(),
            received_at: shared.clock.now(),
        };
        self.unflushed.push(Instant::now());
        let written = write(&mut self.socket, envelope::ack(envelope_id)).await;
        room.send(inbound);
        written
    }

    /// There is no room for more work.
    async fn shed(&mut self, envelope_id: &str, kind: InboundKind) -> Result<(), Reason> {
        metrics::counter!(names::SLACK_SHED_TOTAL).increment(1);
        match kind {
            InboundKind::SlashCommand => self.write(envelope::busy_ack(envelope_id)).await,
            // Unacknowledged, events come again and clicks show that they failed.
            InboundKind::Interaction | InboundKind::Event => Ok(()),
        }
    }

    async fn write(&mut self, frame: Result<String, serde_json::Error>) -> Result<(), Reason> {
        write(&mut self.socket, frame).await
    }

    /// The regular look around.
    async fn tick(&mut self) -> Result<(), Reason> {
        let now = Instant::now();
        if self.slept(now) {
            self.leave(Reason::Slept);
        }
        if self.last_frame.elapsed() >= self.shared.timing.dead_after {
            return Err(Reason::Silent);
        }
        if self.drained_by.is_some_and(|by| now >= by) {
            return Err(Reason::Closed);
        }
        if self.last_ping.elapsed() >= self.shared.timing.ping_every {
            self.last_ping = now;
            self.socket
                .send(Message::Ping("em".into()))
                .await
                .map_err(|_| Reason::Broken)?;
        }
        Ok(())
    }

    /// Whether the wall clock ran ahead of the machine's own, which stands still while it sleeps.
    fn slept(&mut self, now: Instant) -> bool {
        let (wall_before, before) = self.wall_clock;
        let wall = self.shared.clock.now();
        self.wall_clock = (wall, now);
        let passed = (wall - wall_before).to_std().unwrap_or_default();
        passed.saturating_sub(now - before) > self.shared.timing.clock_jump
    }

    /// Has the connection replaced. Until it ends, it goes on reading and acknowledging.
    fn leave(&mut self, reason: Reason) {
        self.online = None;
        let Some(leaving) = self.leaving.take() else {
            return;
        };
        let lasted = self
            .hello_at
            .is_some_and(|at| at.elapsed() >= self.shared.timing.settled_after);
        let was_useful = self.hello_at.is_some() && (self.carried_work || lasted);
        self.drained_by = Some(Instant::now() + self.shared.timing.drain);
        // Nobody listens during shutdown.
        let _ = leaving.send(Leaving { reason, was_useful });
    }

    /// Says goodbye. What still arrives is read, so that the system does not answer it with a reset that could destroy
    /// acknowledgements on their way; it is not acknowledged, so Slack sends it elsewhere.
    async fn close(mut self) {
        self.online = None;
        let goodbye = async {
            if self.socket.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // A peer that does not answer has had its chance.
        let _ = timeout(CLOSE_LIMIT, goodbye).await;
    }
}

/// Writes a frame into the socket's buffer.
async fn write(socket: &mut Socket, frame: Result<String, serde_json::Error>) -> Result<(), Reason> {
    let frame = frame.map_err(|error| {
        tracing::error!(%error, "an acknowledgement could not be built");
        Reason::Broken
    })?;
    socket
        .feed(Message::text(frame))
        .await
        .map_err(|_| Reason::Broken)
}
