//! Purpose: asks a vendor to change something, at most once. What was certainly not carried out may be asked for again; what
//! may have been is [`ChangeFailure::Ambiguous`], and whoever asked must look first. Looking goes the same way, so that both
//! fail in the same words.

mod graphql;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Rest, limit};

/// Why a vendor did not do, or did not tell, what was wanted of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{vendor}: {failure}")]
pub struct ChangeError {
    /// What people call the vendor.
    pub vendor: &'static str,
    /// The variable that holds its token.
    pub token: &'static str,
    /// What went wrong.
    pub failure: ChangeFailure,
}

/// The ways in which it can go wrong, as the decisions they call for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFailure {
    /// The token is wrong, expired or revoked: an operator must replace it.
    #[error("the token is not accepted")]
    Unauthorized,
    /// The token may not do this: an operator must grant it something.
    #[error("the token may not do this: {why}")]
    Forbidden {
        /// What the vendor says.
        why: String,
    },
    /// There is no such thing, or the token may not know that there is.
    #[error("no such thing is shown to this token")]
    NotFound,
    /// Nothing may be asked for now.
    #[error("the rate limit is used up")]
    RateLimited {
        /// For how long, if the vendor said so.
        after: Option<Duration>,
    },
    /// The vendor understood what was to be done and declines it: asking again gives the same answer.
    #[error("declined: {reason}")]
    Refused {
        /// The vendor's reason, without a full stop.
        reason: String,
    },
    /// Something was to be done and no clear answer came back: it may or may not have been done.
    #[error("no clear answer: {detail}")]
    Ambiguous {
        /// What was seen, without addresses or tokens.
        detail: String,
    },
    /// The vendor or the network between is down; already tried several times. Nothing was changed.
    #[error("cannot be reached: {detail}")]
    Unavailable {
        /// What was seen, without addresses or tokens.
        detail: String,
    },
    /// What was read is not what the vendor's documentation says. Nothing was changed.
    #[error("the answer cannot be read: {detail}")]
    Malformed {
        /// What was seen.
        detail: String,
    },
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Look,
    Change,
}

/// A whole answer, whatever it says.
struct Exchange {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Rest {
    /// Looks at something before it is changed.
    pub(crate) async fn look<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ChangeError> {
        let request = || self.request(Method::GET, path).query(query);
        let answer = self.exchange(Purpose::Look, request).await?;
        let body = accepted(Purpose::Look, answer).map_err(|failure| self.change_error(failure))?;
        self.read_as(Purpose::Look, &body)
    }

    /// Sends a change with further headers: POST, PUT or DELETE. Only a request that never left is sent again.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &str,
        headers: &HeaderMap,
        body: &Value,
    ) -> Result<Bytes, ChangeError> {
        let request = || {
            self.request(method.clone(), path)
                .headers(headers.clone())
                .json(body)
        };
        let answer = self.exchange(Purpose::Change, request).await?;
        accepted(Purpose::Change, answer).map_err(|failure| self.change_error(failure))
    }

    /// Reads the answer to a change that was made. One that cannot be read comes from something in between: nobody knows what
    /// happened.
    pub(crate) fn made<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ChangeError> {
        self.read_as(Purpose::Change, body)
    }

    /// The error with the vendor's name.
    pub(crate) fn change_error(&self, failure: ChangeFailure) -> ChangeError {
        ChangeError {
            vendor: self.vendor.name,
            token: self.vendor.token,
            failure,
        }
    }

    fn read_as<T: DeserializeOwned>(&self, purpose: Purpose, body: &[u8]) -> Result<T, ChangeError> {
        serde_json::from_slice(body).map_err(|error| self.change_error(unreadable(purpose, &error)))
    }

    async fn exchange(
        &self,
        purpose: Purpose,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Exchange, ChangeError> {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.patience.first_pause)
            .with_max_times(self.patience.retries);
        (|| self.exchange_once(purpose, request()))
            .retry(pauses)
            .when(|failure| matches!(failure, ChangeFailure::Unavailable { .. }))
            .await
            .map_err(|failure| self.change_error(failure))
    }

    async fn exchange_once(
        &self,
        purpose: Purpose,
        request: RequestBuilder,
    ) -> Result<Exchange, ChangeFailure> {
        let response = request
            .send()
            .await
            .map_err(|error| on_the_way(purpose, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err(unclear(purpose, format!("status {}", status.as_u16())));
        }
        match self.body(response).await {
            Ok(body) => Ok(Exchange {
                status,
                headers,
                body,
            }),
            // What it refused, it refused, even if the reason is lost.
            Err(_) if !status.is_success() => Ok(Exchange {
                status,
                headers,
                body: Bytes::new(),
            }),
            Err(_) => Err(unclear(purpose, "the answer breaks off".to_owned())),
        }
    }
}

/// A request that may have reached the vendor, without an answer that says what became of it.
fn unclear(purpose: Purpose, detail: String) -> ChangeFailure {
    match purpose {
        Purpose::Look => ChangeFailure::Unavailable { detail },
        Purpose::Change => ChangeFailure::Ambiguous { detail },
    }
}

fn unreadable(purpose: Purpose, error: &serde_json::Error) -> ChangeFailure {
    let detail = error.to_string();
    match purpose {
        Purpose::Look => ChangeFailure::Malformed { detail },
        Purpose::Change => unclear(purpose, format!("an answer that cannot be read: {detail}")),
    }
}

/// Without a connection nothing was sent; otherwise nobody knows.
fn on_the_way(purpose: Purpose, error: &reqwest::Error) -> ChangeFailure {
    if error.is_connect() {
        return ChangeFailure::Unavailable {
            detail: "no connection".to_owned(),
        };
    }
    let detail = if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection breaks off"
    };
    unclear(purpose, detail.to_owned())
}

/// The body of an answer that says yes.
fn accepted(purpose: Purpose, answer: Exchange) -> Result<Bytes, ChangeFailure> {
    let Exchange {
        status,
        headers,
        body,
    } = answer;
    if status.is_success() {
        return Ok(body);
    }
    Err(match status {
        StatusCode::UNAUTHORIZED => ChangeFailure::Unauthorized,
        StatusCode::FORBIDDEN => ChangeFailure::Forbidden {
            why: reason(&body, status),
        },
        StatusCode::NOT_FOUND | StatusCode::GONE => ChangeFailure::NotFound,
        StatusCode::TOO_MANY_REQUESTS => ChangeFailure::RateLimited {
            after: limit::pause(&headers),
        },
        // A redirect: the configured address is wrong, and was not followed with a change.
        status if status.is_redirection() => unclear(purpose, format!("status {}", status.as_u16())),
        status => ChangeFailure::Refused {
            reason: reason(&body, status),
        },
    })
}

/// The vendor's reason as one sentence. `PagerDuty` has `error.errors` and `error.message`, Jira `errorMessages` and `errors` by
/// field, others `message` or `error`.
fn reason(body: &[u8], status: StatusCode) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        let fields = value.as_object().into_iter().flat_map(|fields| fields.values());
        let texts = list.chain(fields).chain(std::iter::once(value));
        texts
            .filter_map(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| text.trim_end_matches('.').to_owned())
            .collect()
    };
    let of_jira = [texts(&body["errorMessages"]), texts(&body["errors"])].concat();
    [
        texts(&body["error"]["errors"]),
        texts(&body["error"]["message"]),
        of_jira,
        texts(&body["message"]),
        texts(&body["error"]),
    ]
    .into_iter()
    .find(|found| !found.is_empty())
    .map_or_else(|| format!("status {}", status.as_u16()), |found| found.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vendors_reason_is_found() {
        let said = |body: &str| reason(body.as_bytes(), StatusCode::BAD_REQUEST);
        assert_eq!(
            said(
                r#"{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Incident Already Resolved"]}}"#
            ),
            "Incident Already Resolved"
        );
        assert_eq!(
            said(r#"{"error":{"message":"Not Found","code":2100}}"#),
            "Not Found"
        );
        assert_eq!(
            said(r#"{"errorMessages":["No."],"errors":{"resolution":"Resolution is required."}}"#),
            "No; Resolution is required"
        );
        assert_eq!(said(r#"{"message":"Workflow not found"}"#), "Workflow not found");
        assert_eq!(
            said(r#"{"error":"permission denied","code":7}"#),
            "permission denied"
        );
        for other in ["", "<html>", "{}", r#"{"errorMessages":[],"errors":{}}"#] {
            assert_eq!(said(other), "status 400", "{other}");
        }
    }

    #[test]
    fn a_change_that_may_have_happened_is_told_from_one_that_did_not() {
        let answer = |status: u16| Exchange {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{}"),
        };
        let change = |status| accepted(Purpose::Change, answer(status));
        assert!(change(204).is_ok());
        assert_eq!(change(401), Err(ChangeFailure::Unauthorized));
        assert_eq!(change(404), Err(ChangeFailure::NotFound));
        assert_eq!(change(429), Err(ChangeFailure::RateLimited { after: None }));
        assert!(matches!(change(409), Err(ChangeFailure::Refused { .. })));
        assert!(matches!(change(302), Err(ChangeFailure::Ambiguous { .. })));
        assert!(matches!(
            unclear(Purpose::Look, String::new()),
            ChangeFailure::Unavailable { .. }
        ));
        let error = serde_json::from_str::<u8>("x").unwrap_err();
        assert!(matches!(
            unreadable(Purpose::Change, &error),
            ChangeFailure::Ambiguous { .. }
        ));
        assert!(matches!(
            unreadable(Purpose::Look, &error),
            ChangeFailure::Malformed { .. }
        ));
    }
}
