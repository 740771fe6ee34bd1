//! Purpose: one socket of the app: handshake with a ticket, hello, frames out, acknowledgements in, and breaking it.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::DisconnectReason;
use super::hub::{Order, disconnect_frame};
use crate::shared::Shared;

/// Frames that are written before the socket is flushed.
const BATCH: usize = 256;

/// Takes sockets in until the simulator stops.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        if let Ok((tcp, _)) = accepted {
            tokio::spawn(serve(shared.clone(), tcp));
        }
    }
}

async fn serve(shared: Arc<Shared>, tcp: TcpStream) {
    // Without it small frames wait for the peer's delayed acknowledgements; it fails only on dead sockets.
    let _ = tcp.set_nodelay(true);
    let Some(mut socket) = handshake(&shared, tcp).await else {
        return;
    };
    let (sender, orders) = mpsc::unbounded_channel();
    let Some((id, count)) = shared.hub.join(sender) else {
        let too_many = disconnect_frame(DisconnectReason::TooManyWebsockets);
        // The socket ends here either way.
        let _ = socket.send(Message::Text(too_many)).await;
        let _ = socket.close(None).await;
        return;
    };
    let hello = json!({
        "type": "hello", "num_connections": count, "connection_info": {"app_id": shared.options.cast.app.id},
        "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
    });
    if socket.send(Message::text(hello.to_string())).await.is_ok() {
        shared.hub.ready(id);
        shared.change(|_| ());
        tokio::select! {
            () = shared.stop.cancelled() => {}
            _ = run(&shared, &mut socket, orders) => {}
        }
    }
    drop(socket);
    shared.hub.lost(id);
    shared.change(|_| ());
}

#[expect(
    clippy::result_large_err,
    reason = "the handshake callback's type is tungstenite's"
)]
async fn handshake(shared: &Shared, tcp: TcpStream) -> Option<WebSocketStream<TcpStream>> {
    let check = |request: &Request, response: Response| {
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let ticket = pairs.find(|(key, _)| key == "ticket").map(|(_, value)| value);
        if ticket.is_some_and(|t| shared.hub.use_ticket(&t)) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(Some("invalid ticket".to_owned()));
        *refusal.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
        Err(refusal)
    };
    tokio_tungstenite::accept_hdr_async(tcp, check).await.ok()
}

/// How a socket ends.
enum End {
    Peer,
    Ordered,
}

async fn run(
    shared: &Arc<Shared>,
    socket: &mut WebSocketStream<TcpStream>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> Result<End, Error> {
    let mut pings = tokio::time::interval(shared.options.ping_interval);
    pings.reset();
    let mut close_at: Option<Instant> = None;
    loop {
        let closing = async {
            match close_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return Ok(End::Ordered) };
                if let Some(end) = obey(socket, order, &mut orders, &mut close_at).await? {
                    return Ok(end);
                }
            }
            frame = socket.next() => match frame.transpose()? {
                Some(Message::Text(text)) => acknowledged(shared, &text),
                Some(Message::Close(_)) | None => return Ok(End::Peer),
                Some(Message::Ping(_)) => socket.flush().await?,
                Some(Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
            },
            _ = pings.tick() => socket.send(Message::Ping("Ping from applink-1".into())).await?,
            () = closing => {
                socket.close(None).await?;
                return Ok(End::Ordered);
            }
        }
    }
}

async fn obey(
    socket: &mut WebSocketStream<TcpStream>,
    first: Order,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    close_at: &mut Option<Instant>,
) -> Result<Option<End>, Error> {
    let mut next = Some(first);
    let mut room = BATCH;
    while let Some(order) = next {
        match order {
            Order::Frame(text) => socket.feed(Message::Text(text)).await?,
            Order::CloseAfter(grace) => *close_at = Some(Instant::now() + grace),
            Order::Close => {
                socket.close(None).await?;
                return Ok(Some(End::Ordered));
            }
            Order::Abort => {
                reset(socket);
                return Ok(Some(End::Ordered));
            }
            Order::HalfOpen(lasting) => {
                half_open(socket, lasting, orders).await;
                return Ok(Some(End::Ordered));
            }
        }
        room -= 1;
        next = if room > 0 { orders.try_recv().ok() } else { None };
    }
    socket.flush().await?;
    Ok(None)
}

/// Neither reads nor writes; frames for it vanish.
async fn half_open(
    socket: &WebSocketStream<TcpStream>,
    lasting: Duration,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) {
    let until = Instant::now() + lasting;
    while let Ok(Some(order)) = tokio::time::timeout_at(until, orders.recv()).await {
        match order {
            Order::Close | Order::Abort => break,
            Order::Frame(_) | Order::CloseAfter(_) | Order::HalfOpen(_) => {}
        }
    }
    reset(socket);
}

/// Makes the coming drop of the connection a TCP reset.
fn reset(socket: &WebSocketStream<TcpStream>) {
    // A socket that is already dead needs no reset.
    let _ = socket.get_ref().set_zero_linger();
}

#[derive(Deserialize)]
struct Ack {
    envelope_id: Option<String>,
    payload: Option<Value>,
}

fn acknowledged(shared: &Arc<Shared>, text: &str) {
    let ack = serde_json::from_str::<Ack>(text);
    let Some((envelope, payload)) = ack.ok().and_then(|a| Some((a.envelope_id?, a.payload))) else {
        shared.change(|w| w.violation("ack", "unreadable_ack", text));
        return;
    };
    if let Some((pending, latency)) = shared.hub.acknowledge(&envelope) {
        shared.answered(pending, latency, payload);
    }
}
