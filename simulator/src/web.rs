//! Purpose: a pretend web server on 127.0.0.1 with pages that tests put there, change and take away. It knows `ETag` and
//! `Last-Modified`, and fails in the ways in which servers on the web fail ([`Fault`]).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State as FromWorld};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A way in which every request for a page fails, until another is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status.
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    RateLimited(u32),
    /// Leads to another address.
    Redirect(String),
    /// No answer.
    Hang,
    /// A page without an end, as fast as it is read.
    Endless,
    /// The beginning of a page, then nothing.
    Stall,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The path.
    pub path: String,
    /// Whether it asked only for what is new.
    pub conditional: bool,
    /// The answer's status.
    pub status: u16,
}

#[derive(Debug, Clone)]
struct Page {
    kind: String,
    body: Bytes,
    last_modified: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    pages: BTreeMap<String, Page>,
    /// With how many requests are still answered well.
    faults: BTreeMap<String, (u32, Fault)>,
    visits: Vec<Visit>,
}

impl State {
    fn take_fault(&mut self, path: &str) -> Option<Fault> {
        let (good, fault) = self.faults.get_mut(path)?;
        if *good == 0 {
            return Some(fault.clone());
        }
        *good -= 1;
        None
    }
}

/// A running web server. It stops when dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Web {
    /// Serves nothing yet, on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the pretend web stopped");
            }
        });
        Ok(Self {
            address,
            state,
            server,
        })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a page of a content type there, in place of what was there.
    pub fn put(&self, path: &str, kind: &str, body: impl Into<Bytes>) {
        let page = Page {
            kind: kind.to_owned(),
            body: body.into(),
            last_modified: None,
        };
        self.state().pages.insert(path.to_owned(), page);
    }

    /// Says when a page changed last, as `Thu, 15 Jan 2026 09:00:00 GMT`.
    pub fn set_last_modified(&self, path: &str, when: &str) {
        if let Some(page) = self.state().pages.get_mut(path) {
            page.last_modified = Some(when.to_owned());
        }
    }

    /// Takes a page away: 404 from now on.
    pub fn remove(&self, path: &str) {
        self.state().pages.remove(path);
    }

    /// Requests for this path fail from now on; `None` ends that.
    pub fn fail(&self, path: &str, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.fail_after(path, 0, fault),
            None => drop(self.state().faults.remove(path)),
        }
    }

    /// Requests for this path fail once so many more were answered well.
    pub fn fail_after(&self, path: &str, good: u32, fault: Fault) {
        self.state().faults.insert(path.to_owned(), (good, fault));
    }

    /// What was answered so far.
    pub fn visits(&self) -> Vec<Visit> {
        self.state().visits.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(FromWorld(state): FromWorld<Arc<Mutex<State>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (fault, page) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.take_fault(&path), state.pages.get(&path).cloned())
    };
    let response = match fault {
        Some(Fault::Hang) => return std::future::pending().await,
        Some(fault) => failed(&fault),
        None => page.map_or_else(
            || (StatusCode::NOT_FOUND, "not found").into_response(),
            |page| shown(&page, request.headers()),
        ),
    };
    let conditional = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE]
        .iter()
        .any(|name| request.headers().contains_key(name));
    let visit = Visit {
        path,
        conditional,
        status: response.status().as_u16(),
    };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.visits.push(visit);
    response
}

fn failed(fault: &Fault) -> Response {
    let status = |status: u16| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let html = [(header::CONTENT_TYPE, "text/html")];
    match fault {
        Fault::Status(code) => (status(*code), "something is wrong on purpose").into_response(),
        Fault::RateLimited(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, seconds.to_string())],
        )
            .into_response(),
        Fault::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response(),
        Fault::Endless | Fault::Hang => {
            let more = Bytes::from(vec![b'x'; 64 * 1024]);
            let endless = stream::repeat_with(move || Ok::<_, Infallible>(more.clone()));
            (html, Body::from_stream(endless)).into_response()
        }
        Fault::Stall => {
            use futures::StreamExt as _;
            let beginning = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"<html><p>Once"))]);
            (html, Body::from_stream(beginning.chain(stream::pending()))).into_response()
        }
    }
}

/// The page, or 304 where the visitor has it already.
fn shown(page: &Page, asked: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&page.body)[..8]));
    let is = |name, value: &str| asked.get(name).is_some_and(|asked| asked == value);
    let is_same_time = page
        .last_modified
        .as_ref()
        .is_some_and(|when| is(header::IF_MODIFIED_SINCE, when));
    // Where both are asked for, only the tag counts (RFC 9110, 13.2.2).
    let is_known =
        is(header::IF_NONE_MATCH, &etag) || (is_same_time && !asked.contains_key(header::IF_NONE_MATCH));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, page.kind.clone())];
        (kind, page.body.clone()).into_response()
    };
    let lines = [
        (header::ETAG, Some(etag)),
        (header::LAST_MODIFIED, page.last_modified.clone()),
    ];
    for (name, value) in lines {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
