//! Purpose: Slack's other way to reach an app: signed HTTP requests to its address, right ones and forged ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request, header};
use hmac::{Hmac, KeyInit, Mac};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::deliver::Purpose;
use crate::shared::Shared;
use crate::socket::{EnvelopeKind, Outcome};

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// As Slack does.
    #[default]
    Right,
    /// With another secret.
    Wrong,
    /// Without the signature header.
    Missing,
    /// Rightly, but this many seconds ago (a replay).
    Old(i64),
}

/// Where the app listens.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    /// Address for commands.
    pub commands: String,
    /// Address for clicks, views and shortcuts.
    pub interactions: String,
    /// Address for events.
    pub events: String,
    /// How requests are signed.
    pub signing: Signing,
}

impl HttpTarget {
    /// One address for everything.
    pub fn one(url: &str) -> Self {
        let url = url.to_owned();
        Self {
            commands: url.clone(),
            interactions: url.clone(),
            events: url,
            signing: Signing::Right,
        }
    }

    /// With another way of signing.
    #[must_use]
    pub fn signed(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    fn url(&self, kind: EnvelopeKind) -> &str {
        match kind {
            EnvelopeKind::SlashCommands => &self.commands,
            EnvelopeKind::Interactive => &self.interactions,
            EnvelopeKind::EventsApi => &self.events,
        }
    }
}

/// The `v0=...` signature of a body: HMAC-SHA256 over `v0:{timestamp}:{body}`
/// (docs.slack.dev/authentication/verifying-requests-from-slack).
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// The body of a request and its content type.
fn body_of(kind: EnvelopeKind, payload: &Value) -> (String, &'static str) {
    const FORM: &str = "application/x-www-form-urlencoded";
    match kind {
        EnvelopeKind::SlashCommands => {
            let fields = payload.as_object().into_iter().flatten();
            let pairs: Vec<(&str, &str)> = fields
                .filter_map(|(k, v)| Some((k.as_str(), v.as_str()?)))
                .collect();
            (serde_urlencoded::to_string(pairs).unwrap_or_default(), FORM)
        }
        EnvelopeKind::Interactive => (
            serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap_or_default(),
            FORM,
        ),
        EnvelopeKind::EventsApi => (payload.to_string(), "application/json"),
    }
}

/// Sends in the background; the answer takes effect as an acknowledgement does.
pub(crate) fn deliver(
    shared: &Arc<Shared>,
    target: &HttpTarget,
    kind: EnvelopeKind,
    payload: &Value,
    purpose: Purpose,
    answer: oneshot::Sender<Outcome>,
) {
    let (body, content_type) = body_of(kind, payload);
    let request = request(shared, target, target.url(kind), body, content_type);
    let shared = shared.clone();
    tokio::spawn(async move {
        let window = shared.options.ack_window;
        let outcome = tokio::time::timeout(window, post(request))
            .await
            .unwrap_or(Outcome::TimedOut);
        match &outcome {
            Outcome::Acked { payload, .. } => shared.take_answer(&purpose, payload.as_ref()),
            Outcome::TimedOut | Outcome::Refused(..) => shared.timed_out(&purpose),
        }
        // Whoever acted may not be waiting.
        let _ = answer.send(outcome);
    });
}

fn request(
    shared: &Shared,
    target: &HttpTarget,
    url: &str,
    body: String,
    content_type: &str,
) -> Result<Request<Body>, axum::http::Error> {
    let now = shared.options.time.seconds();
    let secret = &shared.options.signing_secret;
    let (secret, timestamp) = match target.signing {
        Signing::Right | Signing::Missing => (secret.clone(), now),
        Signing::Wrong => (format!("{secret}-forged"), now),
        Signing::Old(seconds) => (secret.clone(), now - seconds),
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(header::CONTENT_TYPE, content_type);
    request = request.header("x-slack-request-timestamp", timestamp.to_string());
    if target.signing != Signing::Missing {
        request = request.header("x-slack-signature", sign(&secret, timestamp, body.as_bytes()));
    }
    request.body(Body::from(body))
}

async fn post(request: Result<Request<Body>, axum::http::Error>) -> Outcome {
    let started = Instant::now();
    let request = match request {
        Ok(request) => request,
        Err(error) => return Outcome::Refused(0, error.to_string()),
    };
    let response = match Client::builder(TokioExecutor::new())
        .build_http()
        .request(request)
        .await
    {
        Ok(response) => response,
        Err(error) => return Outcome::Refused(0, error.to_string()),
    };
    let status = response.status();
    let latency: Duration = started.elapsed();
    let body = axum::body::to_bytes(Body::new(response.into_body()), 1 << 20)
        .await
        .unwrap_or_default();
    if !status.is_success() {
        return Outcome::Refused(status.as_u16(), String::from_utf8_lossy(&body).into_owned());
    }
    let payload = serde_json::from_slice(&body).ok().or_else(|| {
        let text = String::from_utf8_lossy(&body);
        (!text.is_empty()).then(|| serde_json::json!({"text": text}))
    });
    Outcome::Acked { latency, payload }
}
