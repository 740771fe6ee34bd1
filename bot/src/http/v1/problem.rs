//! Purpose: whatever does not work, as `application/problem+json`: a status, one clear sentence, and for what is our fault
//! the id of the log line that says more.

use std::any::Any;
use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use em_commands::invocation::CommandError;
use em_domain::id::ErrorId;
use em_storage::StoreError;
use em_telemetry::names;
use serde::Serialize;
use ulid::Ulid;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// After how many seconds what may heal by itself is worth another try.
const TRY_AGAIN_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What is said of what is nobody's fault but ours.
const OURS: &str = "Something went wrong here. Whoever runs me finds more in the log, under the error id.";

/// Why a request was not done.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    error_id: Option<ErrorId>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why a request was not done (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Body {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status as a number.
    status: u16,
    /// What was wrong and what to do, in a sentence or two.
    detail: String,
    /// Only with a status from 500 on: the id of the log line that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_id: Option<String>,
}

impl Problem {
    /// What whoever asks can mend.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            error_id: None,
            headers: Vec::new(),
        }
    }

    /// The request can be read, and yet not be done as it is.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// There is no such thing.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A handler that panicked where nobody but the server caught it.
    pub(super) fn panicked(_panic: Box<dyn Any + Send>) -> Response {
        let cause = anyhow::anyhow!("a handler panicked");
        Self::ours(StatusCode::INTERNAL_SERVER_ERROR, OURS, &cause).into_response()
    }

    /// What only an operator can mend: the cause goes to the log, under the id that whoever asks is told.
    fn ours(status: StatusCode, detail: &str, cause: &anyhow::Error) -> Self {
        let id = ErrorId::new(Ulid::new());
        tracing::error!(error.id = %id, error = format!("{cause:#}"), status = status.as_u16(), "a request failed");
        metrics::counter!(names::ERRORS_TOTAL, "area" => "api").increment(1);
        Self {
            error_id: Some(id),
            ..Self::new(status, detail)
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::User(sentence) => Self::unprocessable(sentence),
            CommandError::Usage { problem, .. } => Self::unprocessable(problem),
            CommandError::Denied(reason) => Self::new(StatusCode::FORBIDDEN, reason),
            CommandError::Slack(error) => {
                let advice = error.advice();
                Self::ours(StatusCode::BAD_GATEWAY, &advice, &error.into())
            }
            CommandError::Internal(error) => of_ours(&error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        of_ours(&error.into())
    }
}

fn of_ours(error: &anyhow::Error) -> Problem {
    match error.downcast_ref::<StoreError>() {
        Some(store) if store.is_transient() => Problem::ours(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database does not answer. Please send it again.",
            error,
        )
        .with(header::RETRY_AFTER, TRY_AGAIN_AFTER),
        Some(StoreError::Conflict(_)) => Problem::new(
            StatusCode::CONFLICT,
            "Somebody else changed the same thing meanwhile. Please look again.",
        ),
        Some(_) | None => Problem::ours(StatusCode::INTERNAL_SERVER_ERROR, OURS, error),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.detail,
            error_id: self.error_id.map(|id| id.to_string()),
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.extend(self.headers);
        response
    }
}

/// What any request may be answered with, as the document of the API tells it.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let all = [
            ("400", "The body is not JSON."),
            ("401", "There is no token, or it is unknown, removed or expired."),
            ("403", "The token lacks the scope, or its person may not do this."),
            ("413", "The body is larger than accepted."),
            (
                "422",
                "The request can be read and not be done; the field is named.",
            ),
            (
                "429",
                "The token has asked too often; `Retry-After` says how many seconds to wait.",
            ),
            (
                "500",
                "Something went wrong here; the log has more under the error id.",
            ),
            ("502", "Slack refused; the log has more under the error id."),
            ("503", "The database does not answer; send it again."),
        ];
        let response = |(status, description): (&str, &str)| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build();
            (status.to_owned(), RefOr::T(response))
        };
        all.into_iter().map(response).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(problem: Problem) -> (u16, serde_json::Value, Option<HeaderValue>) {
        let response = problem.into_response();
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let status = response.status().as_u16();
        let wait = response.headers().get(header::RETRY_AFTER).cloned();
        let body = axum::body::to_bytes(response.into_body(), 9_999).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap(), wait)
    }

    #[tokio::test]
    async fn what_is_our_fault_has_an_id_and_never_its_cause() {
        let down = StoreError::Unavailable("socket of table secrets".to_owned());
        let (status, body, wait) = told(down.into()).await;
        assert_eq!((status, wait), (503, Some(TRY_AGAIN_AFTER)));
        assert!(body["error_id"].as_str().unwrap().starts_with("err_"), "{body}");
        assert!(!body.to_string().contains("secrets"), "{body}");
        let broken = CommandError::Internal(anyhow::anyhow!("column secrets"));
        let (status, body, wait) = told(broken.into()).await;
        assert_eq!((status, wait), (500, None));
        assert!(
            body["error_id"].is_string() && !body.to_string().contains("secrets"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn what_whoever_asks_can_mend_is_said_without_an_id() {
        for (error, expected) in [
            (CommandError::user("Say which."), 422),
            (CommandError::Denied("Not you.".to_owned()), 403),
            (StoreError::Conflict("x".to_owned()).into(), 409),
        ] {
            let (status, body, _) = told(error.into()).await;
            assert_eq!(status, expected);
            assert!(body["error_id"].is_null() && body["detail"].is_string(), "{body}");
        }
    }
}
