//! Purpose: asks GitHub to change something, at most once. What was certainly not carried out may be asked for again;
//! what may have been is [`GithubError::Ambiguous`], and whoever asked must look first.

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{GithubClient, GithubError, answer};

/// GitHub's answer to a change that it made.
#[derive(Debug, Clone)]
pub struct Written {
    body: Bytes,
}

impl Written {
    /// Reads the answer. One that cannot be read comes from something in between: nobody knows what happened.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, GithubError> {
        serde_json::from_slice(&self.body).map_err(|error| GithubError::Ambiguous {
            detail: format!("an answer that cannot be read: {error}"),
        })
    }
}

/// How GitHub says why not: <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>, "Validation
/// failed".
#[derive(Deserialize)]
struct Refusal {
    message: String,
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Sentence(String),
    Field {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        field: Option<String>,
        #[serde(default)]
        code: Option<String>,
    },
}

/// The answer to a GraphQL request; errors come with status 200.
#[derive(Deserialize)]
pub(super) struct Answered<T> {
    pub(super) data: Option<T>,
    #[serde(default)]
    pub(super) errors: Vec<Problem>,
}

#[derive(Deserialize)]
pub(super) struct Problem {
    message: String,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
}

impl GithubClient {
    /// Sends a change: POST, PUT, PATCH or DELETE with a JSON body. Only a request that never left is sent again.
    pub async fn send_json<B>(&self, method: Method, path: &str, body: &B) -> Result<Written, GithubError>
    where
        B: Serialize + Sync + ?Sized,
    {
        let url = self.address(path)?;
        self.write(method, &url, body).await
    }

    /// A GraphQL mutation; gives its `data`.
    pub async fn mutate<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: serde_json::Value,
    ) -> Result<T, GithubError> {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let answered: Answered<T> = self
            .write(Method::POST, &self.graphql_address()?, &body)
            .await?
            .json()?;
        match (answered.errors.into_iter().next(), answered.data) {
            (Some(problem), _) => Err(problem.into()),
            (None, Some(data)) => Ok(data),
            (None, None) => Err(GithubError::Ambiguous {
                detail: "an answer without data".to_owned(),
            }),
        }
    }

    /// `/graphql` beside the REST API; on GitHub Enterprise Server `/api/graphql` beside `/api/v3`.
    pub(super) fn graphql_address(&self) -> Result<Url, GithubError> {
        let base = self.base.as_str().trim_end_matches('/');
        let root = base.strip_suffix("/v3").unwrap_or(base);
        self.address(&format!("{root}/graphql"))
    }

    async fn write<B>(&self, method: Method, url: &Url, body: &B) -> Result<Written, GithubError>
    where
        B: Serialize + Sync + ?Sized,
    {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.pacing.first_pause)
            .with_max_times(self.pacing.retries);
        (|| self.write_once(method.clone(), url, body))
            .retry(pauses)
            .when(|error| matches!(error, GithubError::Unavailable { .. }))
            .notify(|error, pause| tracing::debug!(%error, ?pause, "asking GitHub again"))
            .await
    }

    pub(super) async fn write_once<B>(
        &self,
        method: Method,
        url: &Url,
        body: &B,
    ) -> Result<Written, GithubError>
    where
        B: Serialize + Sync + ?Sized,
    {
        self.wait_is_over()?;
        let request = self
            .http
            .request(method, url.clone())
            .headers(self.headers.clone())
            .json(body);
        let response = request.send().await.map_err(unclear)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let now = self.clock.now();
        self.heed(answer::not_before(&headers, status, now));
        let body = answer::body(response).await.map_err(doubtful)?;
        if status.is_success() {
            return Ok(Written { body });
        }
        Err(declined(status, &headers, &body, now)).inspect_err(|error| self.note(error))
    }
}

/// A change that got no answer: without a connection nothing was sent; otherwise nobody knows.
fn unclear(error: reqwest::Error) -> GithubError {
    let sent = !error.is_connect();
    let error = GithubError::on_the_way(error);
    if sent { doubtful(error) } else { error }
}

/// The same error about a request that has reached GitHub.
fn doubtful(error: GithubError) -> GithubError {
    match error {
        GithubError::Malformed { detail } | GithubError::Unavailable { detail } => {
            GithubError::Ambiguous { detail }
        }
        GithubError::Unauthorized
        | GithubError::Forbidden { .. }
        | GithubError::NotFound
        | GithubError::RateLimited { .. }
        | GithubError::Refused { .. }
        | GithubError::Ambiguous { .. } => error,
    }
}

fn declined(
    status: StatusCode,
    headers: &reqwest::header::HeaderMap,
    body: &[u8],
    now: chrono::DateTime<chrono::Utc>,
) -> GithubError {
    match status {
        StatusCode::UNAUTHORIZED => GithubError::Unauthorized,
        StatusCode::FORBIDDEN if says_cannot(body) => GithubError::Refused {
            reason: sentence(body, status),
        },
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            answer::limited_or_forbidden(status, headers, body, now)
        }
        StatusCode::NOT_FOUND | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => GithubError::NotFound,
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            GithubError::Ambiguous {
                detail: format!("status {}", status.as_u16()),
            }
        }
        status => GithubError::Refused {
            reason: sentence(body, status),
        },
    }
}

/// GitHub says with 403, too, that a workflow run cannot be started again; no permission would change that.
fn says_cannot(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|refusal: Refusal| refusal.message.contains("workflow run"))
}

/// GitHub's reason as one sentence.
fn sentence(body: &[u8], status: StatusCode) -> String {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return format!("status {}", status.as_u16());
    };
    let details: Vec<String> = refusal.errors.into_iter().filter_map(Detail::words).collect();
    let text = if details.is_empty() {
        refusal.message
    } else {
        details.join("; ")
    };
    text.trim().trim_end_matches('.').to_owned()
}

impl Detail {
    fn words(self) -> Option<String> {
        match self {
            Self::Sentence(text)
            | Self::Field {
                message: Some(text), ..
            } => Some(text),
            Self::Field {
                message: None,
                field: Some(field),
                code,
            } => Some(match code.as_deref() {
                Some("missing" | "missing_field") => format!("the {field} is missing"),
                Some("already_exists") => format!("the {field} is taken already"),
                Some(_) | None => format!("the {field} is not accepted"),
            }),
            Self::Field {
                message: None,
                field: None,
                ..
            } => None,
        }
    }
}

impl From<Problem> for GithubError {
    fn from(problem: Problem) -> Self {
        match problem.kind.as_deref() {
            Some("FORBIDDEN") => Self::Forbidden {
                missing: problem.message,
            },
            Some("NOT_FOUND") => Self::NotFound,
            Some(_) | None => Self::Refused {
                reason: problem.message.trim_end_matches('.').to_owned(),
            },
        }
    }
}
