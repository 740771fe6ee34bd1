//! Purpose: Slack's other way in: signed HTTP requests, for workspaces where Socket Mode is not wanted.
//!
//! Nothing of a body is looked at before its signature is checked.
//! Source: <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use em_telemetry::names;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::envelope::BusyAnswer;
use super::{Inbound, InboundKind, form};

/// How far a request's time may be from ours; older ones may be replayed by somebody who overheard them.
const TIMESTAMP_WINDOW_SECONDS: i64 = 300;

/// What the routes need.
#[derive(Debug)]
pub struct HttpTransport {
    /// Slack's signing secret of the app.
    pub signing_secret: SecretString,
    /// Tells how old a request is.
    pub clock: SharedClock,
    /// Where work goes. Bounded; see [`super`] for what happens when it is full.
    pub inbound: mpsc::Sender<Inbound>,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
}

/// `POST /slack/commands`, `/slack/interactions` and `/slack/events`, which is `/webhooks/slack` too.
pub fn router(transport: HttpTransport) -> Router {
    let limit = DefaultBodyLimit::max(transport.max_body_bytes);
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactions", post(interactions))
        .route("/slack/events", post(events))
        // Where all other systems are looked for.
        .route("/webhooks/slack", post(events))
        .layer(limit)
        .with_state(Arc::new(transport))
}

type Transport = State<Arc<HttpTransport>>;

async fn commands(State(transport): Transport, headers: HeaderMap, body: Bytes) -> Response {
    transport
        .verified(&headers, &body)
        .and_then(|()| transport.command(&body))
        .unwrap_or_else(Refusal::into_response)
}

async fn interactions(State(transport): Transport, headers: HeaderMap, body: Bytes) -> Response {
    transport
        .verified(&headers, &body)
        .and_then(|()| transport.interaction(&body))
        .unwrap_or_else(Refusal::into_response)
}

async fn events(State(transport): Transport, headers: HeaderMap, body: Bytes) -> Response {
    transport
        .verified(&headers, &body)
        .and_then(|()| transport.event(&body))
        .unwrap_or_else(Refusal::into_response)
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Not signed, or not by Slack.
    Signature,
    /// Signed too long ago, or our clock is wrong.
    Timestamp,
    /// Signed by Slack and yet not of its shape.
    Body,
    /// The queue is full.
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, detail) = match self {
            Self::Signature => (
                StatusCode::UNAUTHORIZED,
                "Signature missing or wrong",
                "Sign the body with the app's signing secret; check SLACK_SIGNING_SECRET.",
            ),
            Self::Timestamp => (
                StatusCode::UNAUTHORIZED,
                "Timestamp out of range",
                "X-Slack-Request-Timestamp must be within five minutes of this server's clock.",
            ),
            Self::Body => (
                StatusCode::BAD_REQUEST,
                "Body not understood",
                "Expected what Slack sends to this path.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Busy",
                "The work queue is full; send it again.",
            ),
        };
        let problem = serde_json::json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
        });
        let mut response = (status, problem.to_string()).into_response();
        let json = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self == Self::Busy {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

impl HttpTransport {
    fn verified(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let timestamp = text("x-slack-request-timestamp").ok_or(Refusal::Signature)?;
        let signature = text("x-slack-signature").ok_or(Refusal::Signature)?;
        let secret = self.signing_secret.expose_secret();
        verify(
            &Signed {
                secret,
                timestamp,
                signature,
                body,
            },
            self.clock.now(),
        )
    }

    fn command(&self, body: &[u8]) -> Result<Response, Refusal> {
        let fields = form(body)?;
        if fields.contains_key("ssl_check") {
            return Ok(StatusCode::OK.into_response());
        }
        let id = fields
            .get("trigger_id")
            .and_then(|id| id.as_str())
            .map(str::to_owned);
        let payload = serde_json::value::to_raw_value(&fields).map_err(|_| Refusal::Body)?;
        match self.hand_over(
            InboundKind::SlashCommand,
            id.unwrap_or_else(|| digest(body)),
            payload,
        ) {
            // A person waits for it, so it is answered like a full queue in Socket Mode.
            Err(Refusal::Busy) => Ok(axum::Json(BusyAnswer::NOW).into_response()),
            other => other,
        }
    }

    fn interaction(&self, body: &[u8]) -> Result<Response, Refusal> {
        let mut fields = form(body)?;
        let Some(serde_json::Value::String(payload)) = fields.remove("payload") else {
            return Err(Refusal::Body);
        };
        if let Some(errors) = form::mistakes(&payload) {
            return Ok(axum::Json(errors).into_response());
        }
        let Marks { trigger_id, .. } = serde_json::from_str(&payload).map_err(|_| Refusal::Body)?;
        let id = trigger_id.map_or_else(|| digest(body), Cow::into_owned);
        let payload = RawValue::from_string(payload.clone()).map_err(|_| Refusal::Body)?;
        self.hand_over(InboundKind::Interaction, id, payload)
    }

    fn event(&self, body: &[u8]) -> Result<Response, Refusal> {
        let payload: &RawValue = serde_json::from_slice(body).map_err(|_| Refusal::Body)?;
        let marks: Marks<'_> = serde_json::from_str(payload.get()).map_err(|_| Refusal::Body)?;
        if let Some(challenge) = marks
            .challenge
            .filter(|_| marks.kind.as_deref() == Some("url_verification"))
        {
            return Ok(challenge.into_owned().into_response());
        }
        let id = marks.event_id.map_or_else(|| digest(body), Cow::into_owned);
        self.hand_over(InboundKind::Event, id, payload.to_owned())
    }

    /// Takes the work on, to be done after the empty answer that acknowledges it.
    fn hand_over(&self, kind: InboundKind, id: String, payload: Box<RawValue>) -> Result<Response, Refusal> {
        metrics::counter!(names::SLACK_ENVELOPES_TOTAL, "type" => kind.as_str()).increment(1);
        let inbound = Inbound {
            id,
            kind,
            payload,
            received_at: self.clock.now(),
        };
        match self.inbound.try_send(inbound) {
            Ok(()) => Ok(StatusCode::OK.into_response()),
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {
                metrics::counter!(names::SLACK_SHED_TOTAL).increment(1);
                Err(Refusal::Busy)
            }
        }
    }
}

/// The fields of a payload by which it is recognised.
#[derive(Deserialize)]
struct Marks<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    challenge: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    trigger_id: Option<Cow<'a, str>>,
}

/// A form as the JSON object that Socket Mode sends in its place.
fn form(body: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| Refusal::Body)?;
    Ok(fields
        .into_iter()
        .map(|(name, value)| (name, serde_json::Value::String(value)))
        .collect())
}

/// A name for what has none of its own.
fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

struct Signed<'a> {
    secret: &'a str,
    timestamp: &'a str,
    signature: &'a str,
    body: &'a [u8],
}

fn verify(request: &Signed<'_>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let seconds: i64 = request.timestamp.parse().map_err(|_| Refusal::Timestamp)?;
    let claimed = request
        .signature
        .strip_prefix("v0=")
        .and_then(|digits| hex::decode(digits).ok());
    let claimed = claimed.ok_or(Refusal::Signature)?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(request.secret.as_bytes()).map_err(|_| Refusal::Signature)?;
    mac.update(b"v0:");
    mac.update(request.timestamp.as_bytes());
    mac.update(b":");
    mac.update(request.body);
    mac.verify_slice(&claimed).map_err(|_| Refusal::Signature)?;
    let age = now.timestamp().abs_diff(seconds);
    if age > TIMESTAMP_WINDOW_SECONDS.unsigned_abs() {
        Err(Refusal::Timestamp)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
