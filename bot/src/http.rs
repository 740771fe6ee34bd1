//! Purpose: the HTTP server: `POST /webhooks/{source}`, `GET /health`, `GET /ready`, `GET /metrics`, and Slack's HTTP
//! transport where a signing secret is configured; and [`v1`], the JSON API. Errors are `application/problem+json` (RFC 9457).

pub mod v1;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use em_domain::event::Source;
use em_domain::id::EventId;
use em_integrations::github::webhook::{self, Delivery, Refused};
use em_storage::{Appended, StoreError};
use em_telemetry::names;
use secrecy::SecretString;
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use ulid::Ulid;

use crate::health::Health;
use crate::measures::Measures;

/// What the webhook routes need.
#[derive(Clone)]
pub struct Intake {
    /// Where events go.
    pub store: em_storage::Store,
    /// The time of receipt.
    pub clock: em_domain::clock::SharedClock,
    /// GitHub's webhook secrets, the current one first; empty while GitHub is switched off.
    pub github_secrets: Vec<SecretString>,
    /// Told after every stored event, so that it is folded at once.
    pub stored: Arc<tokio::sync::Notify>,
}

/// All routes. `max_payload_bytes` bounds every body.
pub fn router(intake: Intake, health: Health, api: v1::Api, max_payload_bytes: usize) -> Router {
    let measures = Arc::new(Measures::new(api.ctx()));
    Router::new()
        .route("/webhooks/{source}", post(webhook).with_state(intake))
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(ready).with_state(health))
        .route("/metrics", get(metrics_text).with_state(measures))
        .merge(v1::router(api))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "There is nothing at this address.") })
        .method_not_allowed_fallback(|| async {
            problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "This address does not take that method.",
            )
        })
        .layer(DefaultBodyLimit::max(max_payload_bytes))
        .layer(CatchPanicLayer::custom(|_| {
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here. Please send it again.",
            )
        }))
}

/// An error answer in the standard form.
pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    )
        .into_response()
}

async fn webhook(State(intake): State<Intake>, Path(source): Path<String>, request: Request) -> Response {
    let started = Instant::now();
    let (response, outcome) = receive(&intake, &source, request).await;
    let known = if source == Source::github().as_str() {
        "github"
    } else {
        "unknown"
    };
    metrics::counter!(names::EVENTS_RECEIVED_TOTAL, "source" => known, "outcome" => outcome).increment(1);
    metrics::histogram!(names::WEBHOOK_SECONDS).record(started.elapsed().as_secs_f64());
    response
}

/// Verify, store durably, then answer. Whatever the event means is worked out afterwards.
async fn receive(intake: &Intake, source: &str, request: Request) -> (Response, &'static str) {
    if source != Source::github().as_str() {
        let detail = format!("There is no webhook named `{}` here.", source.escape_default());
        return (problem(StatusCode::NOT_FOUND, &detail), "unknown_source");
    }
    let headers: HeaderMap = request.headers().clone();
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return (
                problem(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "The body is larger than accepted here.",
                ),
                "too_large",
            );
        }
        Err(_) => {
            return (
                problem(StatusCode::BAD_REQUEST, "The body did not arrive whole."),
                "broken",
            );
        }
    };
    let id = EventId::new(Ulid::new());
    let event = match webhook::receive(
        Delivery {
            headers: &headers,
            body: &body,
        },
        &intake.github_secrets,
        intake.clock.now(),
        id,
    ) {
        Ok(event) => event,
        Err(refused) => return refusal(&refused),
    };
    let id = event.id.clone();
    match intake.store.events().append(event).await {
        Ok(Appended::Stored) => {
            intake.stored.notify_one();
            (accepted("stored", Some(&id)), "stored")
        }
        Ok(Appended::Duplicate) => (accepted("duplicate", None), "duplicate"),
        Err(error) => (try_later(&error), "unavailable"),
    }
}

fn accepted(status: &str, id: Option<&EventId>) -> Response {
    let body = json!({ "status": status, "id": id });
    (
        StatusCode::ACCEPTED,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn refusal(refused: &Refused) -> (Response, &'static str) {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let outcome = if status == StatusCode::UNAUTHORIZED {
        "unsigned"
    } else {
        "malformed"
    };
    tracing::warn!(reason = %refused, "webhook refused");
    (
        problem(status, &format!("{}: {refused}.", refused.title())),
        outcome,
    )
}

/// Not stored, so not accepted: the sender keeps it and sends it again.
fn try_later(error: &StoreError) -> Response {
    tracing::error!(%error, "webhook not stored");
    let mut response = problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "The event could not be stored. Please send it again.",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}

async fn ready(State(health): State<Health>) -> Response {
    let reasons = health.reasons().await;
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    problem(StatusCode::SERVICE_UNAVAILABLE, &reasons.join(" "))
}

async fn metrics_text(State(measures): State<Arc<Measures>>) -> Response {
    let text = em_telemetry::metrics::metrics_text() + &measures.text().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
