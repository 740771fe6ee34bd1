//! Purpose: asks an Open Policy Agent server, for those who keep their policies in one. The API: POST
//! `/v1/data/<path>` with `{"input": …}` answers `{"result": …}`, without `result` where the document is undefined
//! (<https://www.openpolicyagent.org/docs/latest/rest-api/#get-a-document-with-input>).

use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::http::{self, TimeLimits};

/// How long a question may take: a person waits for the answer.
pub const PATIENCE: TimeLimits = TimeLimits {
    connect: Duration::from_secs(1),
    total: Duration::from_secs(2),
};
/// An answer is a few rules; what is larger is something else.
const MOST_BYTES: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpaError {
    /// Nobody answers there, or not in time.
    #[error("the policy server cannot be reached: {0}")]
    Unreachable(String),
    /// It answers, but not to this.
    #[error("the policy server refuses with status {0}")]
    Refused(u16),
    /// It has no rule of this name.
    #[error("the policy server has no rule {0}")]
    Undefined(String),
    /// Its answer is not what OPA answers.
    #[error("the policy server's answer cannot be read: {0}")]
    Malformed(String),
}

/// A policy server.
#[derive(Debug, Clone)]
pub struct OpaClient {
    http: reqwest::Client,
    base: Url,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
}

impl OpaClient {
    /// A client for the server at `base`, as `https://opa.example:8181`.
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn new(base: &str, limits: TimeLimits) -> Result<Self, OpaError> {
        let malformed = |error: &dyn std::fmt::Display| OpaError::Malformed(error.to_string());
        Ok(Self {
            http: http::client(limits).map_err(|error| malformed(&error))?,
            base: Url::parse(base.trim_end_matches('/')).map_err(|error| malformed(&error))?,
        })
    }

    /// The value of `em_agent.<rule>` for `input`. Asked once: whoever waits can ask again, and a second try would
    /// double the wait.
    pub async fn ask(&self, rule: &str, input: &impl Serialize) -> Result<Value, OpaError> {
        let address = format!(
            "{}/v1/data/em_agent/{rule}",
            self.base.as_str().trim_end_matches('/')
        );
        let response = self
            .http
            .post(address)
            .json(&serde_json::json!({ "input": input }))
            .send()
            .await
            .map_err(|error| unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(OpaError::Refused(response.status().as_u16()));
        }
        let answer: Answer = serde_json::from_slice(&body(response).await?)
            .map_err(|error| OpaError::Malformed(error.to_string()))?;
        answer
            .result
            .ok_or_else(|| OpaError::Undefined(format!("em_agent.{rule}")))
    }
}

/// The whole body, as far as it is of a sensible size.
async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, OpaError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(OpaError::Malformed("it is larger than 1 MiB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong on the way, without the address.
fn unreachable(error: &reqwest::Error) -> OpaError {
    OpaError::Unreachable(
        if error.is_timeout() {
            "it did not answer in time"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        }
        .to_owned(),
    )
}
