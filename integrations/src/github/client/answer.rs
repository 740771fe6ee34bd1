//! Purpose: reads the head of an answer: where the list goes on, when the next request may come, what was refused.

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Duration, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::GithubError;

/// No page of GitHub's comes near this; a stream without an end would fill the memory.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// The pause after a secondary limit that names none (docs.github.com, "Rate limits for the REST API").
const SECONDARY_PAUSE_SECONDS: i64 = 60;
/// The longest pause that is believed: primary limits begin anew each hour, so more is a wrong clock.
const LONGEST_PAUSE_SECONDS: i64 = 65 * 60;

/// The whole body, up to a size.
pub(super) async fn body(mut response: Response) -> Result<Bytes, GithubError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(GithubError::on_the_way)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(GithubError::Malformed {
                detail: format!("longer than {MAX_BODY_BYTES} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// When the next request may be sent, if not at once: the quota is used up, or GitHub asks for a pause.
pub(super) fn not_before(
    headers: &HeaderMap,
    status: StatusCode,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let is_limit = matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
    let after = number(headers, RETRY_AFTER.as_str())
        .filter(|_| is_limit)
        .map(|seconds| pause(now, seconds));
    let reset = || {
        let reset = DateTime::from_timestamp(number(headers, "x-ratelimit-reset")?, 0)?;
        let is_used_up = number(headers, "x-ratelimit-remaining")? <= 0;
        is_used_up.then(|| pause(now, (reset - now).num_seconds() + 1))
    };
    after.or_else(reset)
}

fn pause(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    now + Duration::seconds(seconds.clamp(1, LONGEST_PAUSE_SECONDS))
}

/// What an answer that is no success calls for.
pub(super) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> GithubError {
    match status {
        StatusCode::UNAUTHORIZED => GithubError::Unauthorized,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            limited_or_forbidden(status, headers, body, now)
        }
        // 409: an empty repository. 410: switched off. 451: taken down.
        StatusCode::NOT_FOUND
        | StatusCode::GONE
        | StatusCode::CONFLICT
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => GithubError::NotFound,
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            GithubError::Unavailable {
                detail: format!("status {}", status.as_u16()),
            }
        }
        status => GithubError::Malformed {
            detail: format!("status {}", status.as_u16()),
        },
    }
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

pub(super) fn limited_or_forbidden(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> GithubError {
    let message =
        serde_json::from_slice(body).map_or_else(|_| String::new(), |refusal: Refusal| refusal.message);
    let is_secondary =
        status == StatusCode::TOO_MANY_REQUESTS || message.to_lowercase().contains("rate limit");
    match not_before(headers, status, now) {
        Some(retry_at) => GithubError::RateLimited { retry_at },
        None if is_secondary => GithubError::RateLimited {
            retry_at: pause(now, SECONDARY_PAUSE_SECONDS),
        },
        None => GithubError::Forbidden {
            missing: text(headers, "x-accepted-github-permissions")
                .or_else(|| text(headers, "x-accepted-oauth-scopes"))
                .unwrap_or(message),
        },
    }
}

/// A header's text, if it has any.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A header's whole number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    text(headers, name)?.parse().ok()
}
