//! Purpose: a vendor's JSON API as readers of documents ask it: with a token that goes to the configured host alone, patient
//! where the vendor asks for patience, and with failures that name what a person must change.

mod graphql;
mod limit;
pub(crate) mod link;
mod write;

use std::fmt;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::documents::DocumentsError;
use crate::http::{self, TimeLimits};

pub use write::{ChangeError, ChangeFailure};

/// No answer of a vendor comes near this; one without an end would fill the memory.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// A system of the team's and how to ask it. Read by `bot::config`.
#[derive(Debug, Clone)]
pub struct Access {
    /// Where its API is; a slash at the end does not matter.
    pub api_url: String,
    /// Reads what is there.
    pub token: SecretString,
}

/// How patient a client is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For each request.
    pub limits: TimeLimits,
    /// How often a request is sent again that failed on the way, inside the vendor or for a limit.
    pub retries: usize,
    /// The pause before the first of them; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause that a vendor is granted; if it wants a longer one, reading ends for now.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            limits: TimeLimits::default(),
            retries: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
        }
    }
}

/// What a vendor is called, by people and in the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vendor {
    /// By people.
    pub(crate) name: &'static str,
    /// The variable with its token.
    pub(crate) token: &'static str,
    /// The variable with its address.
    pub(crate) api_url: &'static str,
}

/// How Atlassian takes tokens: `EMAIL:TOKEN` of a person as basic authentication, anything else as a bearer token
/// (<https://developer.atlassian.com/cloud/confluence/basic-auth-for-rest-apis/>).
pub(crate) fn atlassian(token: &SecretString) -> SecretString {
    let token = token.expose_secret();
    let is_persons = token
        .split_once(':')
        .is_some_and(|(email, _)| email.contains('@'));
    SecretString::from(if is_persons {
        format!("Basic {}", BASE64_STANDARD.encode(token))
    } else {
        format!("Bearer {token}")
    })
}

/// The client.
pub(crate) struct Rest {
    http: reqwest::Client,
    /// Without a slash at the end.
    base: String,
    headers: HeaderMap,
    vendor: Vendor,
    patience: Patience,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// Why one request gave no answer.
enum Failure {
    /// Asking again may help.
    Passing(String),
    /// Asking again helps, after so long if the vendor said so.
    Limited(String, Option<Duration>),
    /// The vendor knows nothing by this name.
    Unknown(DocumentsError),
    /// The vendor does not accept the token.
    Token(String),
    Lasting(DocumentsError),
}

/// Why a poller got no answer. The texts go on after the name of what was to be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// The token is not accepted: nothing can be read until a person replaces it.
    #[error("{0}")]
    Token(String),
    /// Nothing may be asked for now.
    #[error("{why}")]
    Limited {
        why: String,
        /// How long, if the vendor said so.
        after: Option<Duration>,
    },
    /// There is no such thing, or the token may not see it.
    #[error("{0}")]
    Gone(String),
    /// This cannot be read until a person changes something.
    #[error("{0}")]
    Refused(String),
    /// It cannot be read now; later it may.
    #[error("{0}")]
    Unavailable(String),
}

impl From<DocumentsError> for ReadError {
    fn from(error: DocumentsError) -> Self {
        match error {
            DocumentsError::Gone(why) => Self::Gone(why),
            DocumentsError::Refused(why) => Self::Refused(why),
            DocumentsError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Token(why) => Self::Token(why),
            Failure::Limited(what, after) => Self::Limited {
                why: format!("cannot be read now: {what}"),
                after,
            },
            failure @ (Failure::Passing(_) | Failure::Unknown(_) | Failure::Lasting(_)) => {
                DocumentsError::from(failure).into()
            }
        }
    }
}

impl From<Failure> for DocumentsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing(what) | Failure::Limited(what, _) => {
                Self::Unavailable(format!("cannot be read now: {what}"))
            }
            Failure::Token(why) => Self::Refused(why),
            Failure::Unknown(error) | Failure::Lasting(error) => error,
        }
    }
}

/// An answer, with what its headers say of the list that it belongs to.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) body: T,
    pub(crate) headers: HeaderMap,
}

impl Rest {
    /// A client that sends `authorization` with each request.
    pub(crate) fn new(
        vendor: Vendor,
        api_url: &str,
        authorization: &SecretString,
        patience: Patience,
    ) -> Result<Self, DocumentsError> {
        Self::keyed(vendor, api_url, &[(AUTHORIZATION, authorization)], patience)
    }

    /// A client that proves itself by other headers than the usual one.
    pub(crate) fn keyed(
        vendor: Vendor,
        api_url: &str,
        keys: &[(HeaderName, &SecretString)],
        patience: Patience,
    ) -> Result<Self, DocumentsError> {
        let refused = |what: &str| DocumentsError::Refused(format!("cannot be read: {what}"));
        let base = api_url.trim_end_matches('/').to_owned();
        Url::parse(&base).map_err(|_| refused(&format!("{} is no address", vendor.api_url)))?;
        let mut headers = HeaderMap::new();
        for (name, key) in keys {
            let mut value = HeaderValue::from_str(key.expose_secret())
                .map_err(|_| refused(&format!("{} has characters that no token has", vendor.token)))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let http = http::client(patience.limits).map_err(|error| refused(&error.to_string()))?;
        Ok(Self {
            http,
            base,
            headers,
            vendor,
            patience,
        })
    }

    /// Sends a further header with each request.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// Asks for `path` (`/...`, below the configured address) with a query.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, DocumentsError> {
        let answer = self.ask(|| self.request(Method::GET, path).query(query)).await?;
        self.read(&answer.body)
    }

    /// Asks for a page of a list.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, ReadError> {
        let answer = self.ask(|| self.request(Method::GET, path).query(query)).await?;
        let body = self.read(&answer.body)?;
        Ok(Answer {
            body,
            headers: answer.headers,
        })
    }

    /// Asks for a page of a list by a question as JSON; it must change nothing, for it may be sent again.
    pub(crate) async fn page_by<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ReadError> {
        let answer = self.ask(|| self.request(Method::POST, path).json(body)).await?;
        Ok(self.read(&answer.body)?)
    }

    /// Asks for something that may not be there, or be of another kind: none if the vendor answers 400, 404 or 410.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, DocumentsError> {
        match self.ask(|| self.request(Method::GET, path)).await {
            Err(Failure::Unknown(_)) => Ok(None),
            answer => self.read(&answer?.body).map(Some),
        }
    }

    /// Sends a question as JSON; it must change nothing, for it may be sent again.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, DocumentsError> {
        let answer = self.ask(|| self.request(Method::POST, path).json(body)).await?;
        self.read(&answer.body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .headers(self.headers.clone())
    }

    async fn ask(&self, request: impl Fn() -> RequestBuilder) -> Result<Answer<Bytes>, Failure> {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.patience.first_pause)
            .with_max_times(self.patience.retries);
        let longest = self.patience.longest_pause;
        (|| self.send(request()))
            .retry(pauses)
            .when(|failure| match failure {
                Failure::Passing(_) => true,
                Failure::Limited(_, after) => after.is_none_or(|after| after <= longest),
                Failure::Unknown(_) | Failure::Token(_) | Failure::Lasting(_) => false,
            })
            .adjust(|failure, usual| match failure {
                Failure::Limited(_, Some(after)) if usual.is_some() => Some(*after),
                Failure::Passing(_)
                | Failure::Limited(..)
                | Failure::Unknown(_)
                | Failure::Token(_)
                | Failure::Lasting(_) => usual,
            })
            .await
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, DocumentsError> {
        serde_json::from_slice(body).map_err(|error| {
            tracing::debug!(%error, vendor = self.vendor.name, "an answer could not be read");
            DocumentsError::Unavailable(format!(
                "cannot be read: {}'s answer makes no sense; look at {}",
                self.vendor.name, self.vendor.api_url
            ))
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer<Bytes>, Failure> {
        let response = request.send().await.map_err(|error| self.on_the_way(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            let body = self.body(response).await?;
            return Ok(Answer { body, headers });
        }
        // Servers of GraphQL answer 400 and say in the body what it is.
        if status == StatusCode::BAD_REQUEST {
            let status = graphql::meant(&self.body(response).await?).unwrap_or(status);
            return Err(self.refusal(status, &headers));
        }
        Err(self.refusal(status, &headers))
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Failure> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.on_the_way(&error))? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                let what = format!("cannot be read: {}'s answer does not end", self.vendor.name);
                return Err(Failure::Lasting(DocumentsError::Refused(what)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn on_the_way(&self, error: &reqwest::Error) -> Failure {
        let what = if error.is_timeout() {
            "does not answer in time"
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "breaks off in the middle of its answer"
        };
        Failure::Passing(format!("{} {what}", self.vendor.name))
    }

    fn refusal(&self, status: StatusCode, headers: &HeaderMap) -> Failure {
        let Vendor { name, token, .. } = self.vendor;
        let lasting = |what: String| Failure::Lasting(DocumentsError::Refused(what));
        match status {
            StatusCode::UNAUTHORIZED => {
                Failure::Token(format!("cannot be read: {name} does not accept {token}"))
            }
            StatusCode::FORBIDDEN => lasting(format!("cannot be read: {token} may not read it")),
            StatusCode::NOT_FOUND | StatusCode::GONE => Failure::Unknown(DocumentsError::Gone(format!(
                "is not there, or {token} may not see it"
            ))),
            StatusCode::BAD_REQUEST => Failure::Unknown(DocumentsError::Refused(format!(
                "cannot be read: {name} answers 400"
            ))),
            StatusCode::TOO_MANY_REQUESTS => {
                Failure::Limited(format!("{name}'s rate limit is used up"), limit::pause(headers))
            }
            status if status.is_server_error() => {
                Failure::Passing(format!("{name} answers {}", status.as_u16()))
            }
            status => lasting(format!("cannot be read: {name} answers {}", status.as_u16())),
        }
    }
}
