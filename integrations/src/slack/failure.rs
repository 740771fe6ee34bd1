//! Purpose: what an attempt that failed tells about the next one: from HTTP statuses, Slack's error codes and broken
//! connections to the four cases that [`Caller`](super::call::Caller) knows.

use std::time::Duration;

use slack_morphism::errors::SlackClientError;

use super::SlackError;

/// A wait when Slack says "too many" without saying for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(2);

/// What an attempt that failed tells about the next one.
#[derive(Debug)]
pub(super) enum Failure {
    /// Slack asked to wait; nothing was done.
    Limited(Duration),
    /// The request never left.
    Unreachable(String),
    /// Slack may or may not have done it.
    Unclear(String),
    /// Slack's answer; asking again gives the same.
    Final(SlackError),
}

impl Failure {
    /// For metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Limited(_) => "rate_limited",
            Self::Unreachable(_) => "unreachable",
            Self::Unclear(_) => "unclear",
            Self::Final(_) => "final",
        }
    }

    /// From an HTTP status that is not a success.
    pub(super) fn from_status(status: u16, retry_after_seconds: Option<u64>) -> Self {
        match status {
            429 => Self::Limited(retry_after_seconds.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs)),
            401 | 403 => Self::Final(SlackError::Unauthorized {
                code: format!("HTTP {status}"),
                needed: None,
            }),
            500.. => Self::Unclear(format!("HTTP {status}")),
            _ => Self::Final(SlackError::Rejected {
                code: format!("HTTP {status}"),
            }),
        }
    }

    /// From the `error` of an answer with `"ok": false`.
    /// Source: the error tables of the method pages, <https://docs.slack.dev/reference/methods/chat.postMessage>
    pub(super) fn from_code(code: &str, body: Option<&str>) -> Self {
        let owned = code.to_owned();
        Self::Final(match code {
            "ratelimited" | "rate_limited" => return Self::Limited(DEFAULT_RETRY_AFTER),
            // Slack says of these that part of the work may have been done.
            "fatal_error" | "internal_error" | "service_unavailable" | "request_timeout" => {
                return Self::Unclear(owned);
            }
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "not_allowed_token_type"
            | "no_permission"
            | "missing_scope" => SlackError::Unauthorized {
                needed: body.and_then(needed_scope),
                code: owned,
            },
            "not_in_channel" => SlackError::NotInChannel,
            "channel_not_found" => SlackError::ChannelNotFound,
            "expired_trigger_id"
            | "exchanged_trigger_id"
            | "trigger_expired"
            | "trigger_exchanged"
            | "expired_url"
            | "used_url" => SlackError::Expired { code: owned },
            _ => SlackError::Rejected { code: owned },
        })
    }
}

fn needed_scope(body: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        needed: String,
    }
    serde_json::from_str::<Refusal>(body)
        .ok()
        .map(|refusal| refusal.needed)
}

impl From<SlackClientError> for Failure {
    fn from(error: SlackClientError) -> Self {
        match error {
            SlackClientError::ApiError(error) => {
                Self::from_code(&error.code, error.http_response_body.as_deref())
            }
            SlackClientError::RateLimitError(error) => {
                Self::Limited(error.retry_after.unwrap_or(DEFAULT_RETRY_AFTER))
            }
            SlackClientError::HttpError(error) => match error.http_response_body.as_deref().map(str::trim) {
                Some(code @ ("expired_url" | "used_url")) => Self::from_code(code, None),
                _ => Self::from_status(error.status_code.as_u16(), None),
            },
            SlackClientError::HttpProtocolError(error) => {
                let cause = error.cause.unwrap_or_else(|| "connection failed".into());
                match cause.downcast_ref::<hyper_util::client::legacy::Error>() {
                    Some(http) if http.is_connect() => Self::Unreachable("cannot connect".to_owned()),
                    _ => Self::Unclear(cause.to_string()),
                }
            }
            // The body is not repeated: it may hold a message's text.
            SlackClientError::ProtocolError(error) => {
                Self::Unclear(format!("an answer that cannot be read: {}", error.json_error))
            }
            SlackClientError::EndOfStream(_)
            | SlackClientError::SystemError(_)
            | SlackClientError::SocketModeProtocolError(_) => {
                Self::Unclear("the answer broke off".to_owned())
            }
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable("cannot connect".to_owned())
        } else {
            Self::Unclear(error.without_url().to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_decisions() {
        let body =
            r#"{"ok":false,"error":"missing_scope","needed":"users:read.email","provided":"chat:write"}"#;
        assert!(matches!(
            Failure::from_code("missing_scope", Some(body)),
            Failure::Final(SlackError::Unauthorized { needed: Some(scope), .. }) if scope == "users:read.email"
        ));
        assert!(matches!(
            Failure::from_code("not_in_channel", None),
            Failure::Final(SlackError::NotInChannel)
        ));
        assert!(matches!(
            Failure::from_code("internal_error", None),
            Failure::Unclear(_)
        ));
        assert!(matches!(
            Failure::from_code("msg_blocks_too_long", None),
            Failure::Final(SlackError::Rejected { .. })
        ));
    }
}
