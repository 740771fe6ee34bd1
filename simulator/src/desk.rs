//! Purpose: what pretend systems with a JSON API share: a port of their own, requests written down, faults on order.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Request, State as FromWorld};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    /// The parts of the path.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.trim_matches('/').split('/').collect()
    }

    /// What the request signs in with.
    pub(crate) fn authorization(&self) -> &str {
        let sent = self.headers.get(header::AUTHORIZATION);
        sent.and_then(|sent| sent.to_str().ok()).unwrap_or_default()
    }
}

/// What a system holds, and how it answers.
pub(crate) trait World: Send + 'static {
    /// Answers one request.
    fn answer(&mut self, asked: &Asked) -> Response;

    /// Whether the request would change something.
    fn is_change(&self, asked: &Asked) -> bool {
        asked.method != Method::GET
    }
}

/// A JSON answer.
pub(crate) fn said(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

#[derive(Debug)]
struct State<W> {
    world: W,
    faults: Vec<(u16, Option<u32>)>,
    calls: Vec<String>,
    /// Changes that were made.
    changes: Vec<String>,
    /// Of so many changes nobody hears.
    unheard: u32,
}

/// A system that is being served. It stops when dropped.
#[derive(Debug)]
pub(crate) struct Desk<W> {
    address: SocketAddr,
    state: Arc<Mutex<State<W>>>,
    server: JoinHandle<()>,
}

impl<W: World> Desk<W> {
    pub(crate) async fn start(world: W) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            world,
            faults: Vec::new(),
            calls: Vec::new(),
            changes: Vec::new(),
            unheard: 0,
        }));
        let router = Router::new().fallback(answer::<W>).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "a pretend system stopped");
            }
        });
        Ok(Self {
            address,
            state,
            server,
        })
    }

    /// Its address, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at what it holds, or changes it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut W) -> T) -> T {
        act(&mut self.state().world)
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub(crate) fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.state().faults.push((status, retry_after));
    }

    /// Paths with their queries so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// The next change takes effect, and its answer is lost on the way.
    pub(crate) fn lose_next_answer(&self) {
        self.state().unheard += 1;
    }

    /// Changes that were made so far: method and path.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.state().changes.clone()
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Drop for Desk<W> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl<W: World> State<W> {
    fn served(&mut self, asked: &Asked) -> Response {
        let answer = self.world.answer(asked);
        if !self.world.is_change(asked) || !answer.status().is_success() {
            return answer;
        }
        self.changes.push(format!("{} {}", asked.method, asked.path));
        if self.unheard == 0 {
            return answer;
        }
        self.unheard -= 1;
        // What stands between gave up waiting.
        StatusCode::GATEWAY_TIMEOUT.into_response()
    }
}

async fn answer<W: World>(FromWorld(state): FromWorld<Arc<Mutex<State<W>>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.calls.push(parts.uri.to_string());
    if state.faults.is_empty() {
        return state.served(&asked);
    }
    let (status, retry_after) = state.faults.remove(0);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match retry_after {
        Some(seconds) => (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response(),
        None => status.into_response(),
    }
}
