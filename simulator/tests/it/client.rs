//! Purpose: a bare client of Slack, as small as can be: calls, a socket, acknowledgements.

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use em_simulator::Simulator;
use futures::{SinkExt, StreamExt};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(crate) async fn post_json(url: &str, token: &str, body: &Value) -> Result<Answer, String> {
    let mut request = Request::post(url).header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    send(request.body(Body::from(body.to_string())).unwrap()).await
}

pub(crate) async fn send(request: Request<Body>) -> Result<Answer, String> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|e| format!("{e:?}"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX)
        .await
        .map_err(|e| e.to_string())?;
    Ok(Answer {
        status,
        headers,
        text: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Calls a method as the bot and returns the answer's JSON.
pub(crate) async fn call(sim: &Simulator, method: &str, body: Value) -> Value {
    let url = format!("{}/{method}", sim.slack_api_url());
    post_json(&url, sim.bot_token(), &body).await.unwrap().json()
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket and takes its hello.
    pub(crate) async fn open(sim: &Simulator) -> Self {
        let url = link(sim).await;
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut socket = Self(socket);
        assert_eq!(socket.next().await.unwrap()["type"], "hello");
        socket
    }

    /// The next frame; `None` when the socket has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }

    pub(crate) async fn ack(&mut self, envelope: &Value) {
        self.answer(envelope, None).await;
    }

    pub(crate) async fn answer(&mut self, envelope: &Value, payload: Option<Value>) {
        let mut ack = json!({"envelope_id": envelope["envelope_id"]});
        if let Some(payload) = payload {
            ack["payload"] = payload;
        }
        self.0.send(Message::text(ack.to_string())).await.unwrap();
    }

    /// Acknowledges on a socket that may be dead already.
    pub(crate) async fn try_ack(&mut self, envelope: &Value) {
        let ack = json!({"envelope_id": envelope["envelope_id"]});
        // The reader notices that the socket is dead.
        let _ = self.0.send(Message::text(ack.to_string())).await;
    }
}

/// A fresh socket address.
pub(crate) async fn link(sim: &Simulator) -> String {
    let url = format!("{}/apps.connections.open", sim.slack_api_url());
    let answer = post_json(&url, sim.app_token(), &json!({})).await.unwrap().json();
    answer["url"]
        .as_str()
        .unwrap_or_else(|| panic!("no url in {answer}"))
        .to_owned()
}
