//! Purpose: answers by their status and body, whole or broken off.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

pub(super) fn problem(status: u16, message: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
    json_response(code, &body)
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = plain(status, &body.to_string());
    set(
        response.headers_mut(),
        "content-type",
        "application/json; charset=utf-8",
    );
    response
}

pub(super) fn plain(status: StatusCode, body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = status;
    response
}

/// A body that begins and then breaks off, as when a proxy in between dies.
pub(super) fn cut() -> Response {
    let begin = async { Ok(Bytes::from_static(b"[{\"number\":")) };
    // Waiting once makes the server send what it has before it learns that there is no more.
    let end = async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut on purpose"))
    };
    let mut response = Response::new(Body::from_stream(stream::once(begin).chain(stream::once(end))));
    set(
        response.headers_mut(),
        "content-type",
        "application/json; charset=utf-8",
    );
    response
}

pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
