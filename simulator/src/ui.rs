//! Purpose: the web page of the pretend workspace: a person in a browser sees and does what a person in Slack would.
//!
//! Everything is drawn here on the server from the workspace's state; `ui/script.js` fetches `/ui/fragment` whenever
//! `/ui/events` says that something changed, and swaps what differs. Nothing is loaded from anywhere else, and the
//! content security policy holds the page to that.

#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "pages are small; HTML reads best as it is written"
)]

mod act;
mod block;
mod choice;
mod date;
mod element;
mod emoji;
mod html;
mod json;
mod markdown;
mod message;
mod mrkdwn;
mod page;
mod reader;
mod rich_text;
mod side;
mod stage;
mod view;
mod visit;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use futures::Stream;

use crate::shared::Shared;
use page::Page;
use visit::Visit;

/// The page loads only what this server serves; pictures may also come from this machine.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: http://127.0.0.1:* http://localhost:*; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page and what it fetches.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(whole))
        .route("/ui/fragment", get(fragment))
        .route("/ui/events", get(events))
        .route(
            "/ui/style.css",
            get(|| async { asset("text/css; charset=utf-8", include_str!("ui/style.css")) }),
        )
        .route(
            "/ui/script.js",
            get(|| async { asset("text/javascript; charset=utf-8", include_str!("ui/script.js")) }),
        )
        .route("/ui/command", post(act::command))
        .route("/ui/say", post(act::say))
        .route("/ui/click", post(act::click))
        .route("/ui/submit", post(act::submit))
        .route("/ui/close", post(act::close))
        .route("/ui/home", post(act::home))
        .route("/ui/deed", post(act::deed))
        .layer(from_fn(guard))
}

async fn whole(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<visit::Query>,
    headers: HeaderMap,
) -> Response {
    let (html, me) = draw(&shared, &query, &headers, |page| {
        (page.document(), page.visit.me.clone())
    });
    let remember = HeaderValue::from_str(&format!("as={me}; Path=/; SameSite=Strict; Max-Age=31536000"));
    let mut response = Html(html).into_response();
    if let Ok(cookie) = remember {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

async fn fragment(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<visit::Query>,
    headers: HeaderMap,
) -> Html<String> {
    draw(&shared, &query, &headers, |page| Html(page.app()))
}

fn draw<T>(
    shared: &Shared,
    query: &visit::Query,
    headers: &HeaderMap,
    part: impl FnOnce(&Page<'_>) -> T,
) -> T {
    let props = shared.props();
    shared.read(|workspace| {
        let visit = Visit::new(query, headers, workspace);
        part(&Page {
            workspace,
            visit: &visit,
            suggestions: &shared.options.suggestions,
            props: &props,
        })
    })
}

/// Server-sent events: the number of the newest change. The stream ends with the simulator, so that it can stop.
async fn events(State(shared): State<Arc<Shared>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (changes, stop) = (shared.changes(), shared.stop.clone());
    let stream = futures::stream::unfold((changes, stop), |(mut changes, stop)| async move {
        tokio::select! {
            () = stop.cancelled() => None,
            alive = changes.changed() => {
                alive.ok()?;
                let version = changes.borrow_and_update().to_string();
                Some((Ok(Event::default().data(version)), (changes, stop)))
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], content)
}

/// Keeps other web sites out: their pages may send requests to this machine, but under their own name.
async fn guard(request: Request, next: Next) -> Response {
    if !is_from_here(request.headers()) {
        return (
            StatusCode::FORBIDDEN,
            "This page only answers on this machine's own addresses.",
        )
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The host is an address or `localhost` (a name could be pointed here by anybody), and the origin, if any, is this page.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let Some(host) = text(HOST) else { return false };
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(n, _)| n);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let local = name == "localhost" || bare.parse::<IpAddr>().is_ok();
    local && text(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        is_from_here(&headers)
    }

    #[test]
    fn only_pages_of_this_server_may_ask() {
        assert!(allowed("127.0.0.1:4000", None));
        assert!(allowed("localhost:4000", Some("http://localhost:4000")));
        assert!(allowed("[::1]:4000", None));
        assert!(!allowed("127.0.0.1:4000", Some("https://evil.example")));
        assert!(!allowed(
            "rebound.example:4000",
            Some("http://rebound.example:4000")
        ));
    }
}
