//! Purpose: the HTTP server: `POST /webhooks/{source}`, `GET /health`, `GET /ready`, `GET /metrics`, and Slack's HTTP
//! transport where a signing secret is configured; and [`v1`], the JSON API. Errors are `application/problem+json` (RFC 9457).

pub mod v1;
pub mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use crate::health::Health;
use crate::measures::Measures;
pub use webhooks::Intake;

/// All routes. `max_payload_bytes` bounds every body.
pub fn router(intake: Intake, health: Health, api: v1::Api, max_payload_bytes: usize) -> Router {
    let measures = Arc::new(Measures::new(api.ctx()));
    Router::new()
        .route("/webhooks/{source}", post(webhooks::webhook).with_state(intake))
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
