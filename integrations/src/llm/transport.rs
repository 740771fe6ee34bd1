//! Purpose: sends a request once and judges the answer before the library sees it: every status but success is one of
//! our errors, so that no body of an error reaches the library's log; a body has a greatest size; the key is in one
//! header, which is marked as sensitive, and nowhere else.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use em_telemetry::redact::redact;
use futures::StreamExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Body, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower_service::Service;
use url::Url;

use super::{LlmError, Pacing};
use crate::http::{self, TimeLimits};

/// No answer is larger; what is larger is something else.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Of the body of an error this much is read.
const MOST_ERROR_BYTES: usize = 64 * 1024;
/// Of a server's reason this much is shown, in characters.
const LONGEST_REASON: usize = 200;
/// How long nothing is sent after a 429 that does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(20);
/// And at most, whatever it says.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Where the API is and what opens it. Not the library's own type, which reads the environment by itself.
#[derive(Clone)]
pub(super) struct Access {
    /// Without a slash at the end.
    base: String,
    headers: HeaderMap,
    key: SecretString,
}

impl Access {
    pub(super) fn new(base: &Url, key: Option<&SecretString>) -> Result<Self, LlmError> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret().trim()))
                .map_err(|_| LlmError::Unauthorized)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            base: base.as_str().trim_end_matches('/').to_owned(),
            headers,
            key: key.cloned().unwrap_or_default(),
        })
    }
}

impl Config for Access {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// Sends once.
#[derive(Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    /// Is taken out of the server's reasons, should it repeat it.
    key: Option<SecretString>,
}

impl Transport {
    pub(super) fn new(pacing: Pacing, key: Option<SecretString>) -> Result<Self, LlmError> {
        let limits = TimeLimits {
            connect: pacing.connect,
            // The limit of the whole is kept above this, and says so; this one is only the net below it.
            total: pacing.total * 2,
        };
        let http = http::client(limits).map_err(|error| LlmError::Unavailable(error.to_string()))?;
        Ok(Self { http, key })
    }

    /// The client that builds the requests.
    pub(super) fn http(&self) -> reqwest::Client {
        self.http.clone()
    }

    async fn send(self, request: HttpRequestFactory) -> Result<Response, OpenAIError> {
        let request = request.build().await?;
        let sent = self.http.execute(request).await;
        let response = sent.map_err(|error| ours(on_the_way(&error)))?;
        if !response.status().is_success() {
            return Err(ours(self.refusal(response).await));
        }
        if is_document(&response) {
            let what = "it answered with something that is no stream";
            return Err(ours(LlmError::Unavailable(what.to_owned())));
        }
        Ok(limited(response))
    }

    /// What an answer means that is no success.
    async fn refusal(&self, response: Response) -> LlmError {
        let status = response.status();
        let wait = wait(response.headers());
        let body: Value = serde_json::from_slice(&beginning(response).await).unwrap_or_default();
        let is_used_up = body["error"]["code"] == "insufficient_quota";
        match status {
            StatusCode::UNAUTHORIZED => LlmError::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS if is_used_up => {
                LlmError::Rejected("the quota of its account is used up".to_owned())
            }
            StatusCode::TOO_MANY_REQUESTS => LlmError::RateLimited { retry_after: wait },
            StatusCode::REQUEST_TIMEOUT => LlmError::Unavailable("it was too slow for itself".to_owned()),
            status if status.is_server_error() => {
                LlmError::Unavailable(format!("status {}", status.as_u16()))
            }
            status => LlmError::Rejected(self.reason(status, &body)),
        }
    }

    /// The server's reason as one short line, without secrets.
    fn reason(&self, status: StatusCode, body: &Value) -> String {
        let said = body["error"]["message"].as_str().or(body["error"].as_str());
        let said = said.or(body["message"].as_str()).unwrap_or_default();
        let mut reason = redact(said).into_owned();
        if let Some(key) = &self.key {
            reason = reason.replace(key.expose_secret().trim(), "[redacted]");
        }
        let words: Vec<&str> = reason.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(LONGEST_REASON).collect();
        let separator = if line.is_empty() { "" } else { ": " };
        format!("status {}{separator}{line}", status.as_u16())
    }
}

impl Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// Takes our error through the library.
fn ours(error: LlmError) -> OpenAIError {
    OpenAIError::Boxed(Box::new(error))
}

/// What went wrong on the way, without the address.
fn on_the_way(error: &reqwest::Error) -> LlmError {
    if error.is_timeout() && !error.is_connect() {
        return LlmError::TimedOut;
    }
    let detail = if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    LlmError::Unavailable(detail.to_owned())
}

/// Whether it is a page or a whole JSON answer: the library would find no events in it and take it for an empty stream.
fn is_document(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    ["application/json", "text/html"]
        .iter()
        .any(|document| kind.starts_with(document))
}

/// How long a 429 wants us to wait.
fn wait(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = seconds.and_then(|seconds| seconds.trim().parse().ok());
    seconds
        .map_or(DEFAULT_WAIT, Duration::from_secs)
        .min(LONGEST_WAIT)
}

/// The first part of a body; what cannot be read is left out.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > MOST_ERROR_BYTES {
            break;
        }
    }
    body
}

/// The answer, whose body fails when it becomes too large.
fn limited(response: Response) -> Response {
    let headers = response.headers().clone();
    let mut left = MOST_BYTES;
    let pieces = response.bytes_stream().map(move |piece| {
        let piece = piece.map_err(io::Error::other)?;
        left = left
            .checked_sub(piece.len())
            .ok_or_else(|| io::Error::other("too large"))?;
        Ok::<_, io::Error>(piece)
    });
    let mut limited = ::http::Response::new(Body::wrap_stream(pieces));
    *limited.headers_mut() = headers;
    limited.into()
}
