//! Purpose: asks GitHub's REST API. Knows its limits (docs.github.com, "Rate limits for the REST API" and "Best
//! practices for using the REST API"): unchanged answers are asked for with `If-None-Match` and cost nothing, and
//! once GitHub says "not before", nothing is sent until then.

mod answer;
mod check;
mod error;
mod query;
mod write;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use em_domain::clock::SharedClock;
use moka::future::Cache;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use url::Url;

pub use check::{Check, Seen};
pub use error::GithubError;
pub use reqwest::Method;
pub use write::Written;

use super::GithubConfig;
use crate::http::{self, TimeLimits};
use crate::rest::link;

/// The version of the REST API that this client was written against.
const API_VERSION: &str = "2022-11-28";
/// Answers kept for `If-None-Match`, all together.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// How long an answer is worth keeping.
const CACHE_LIFE: Duration = Duration::from_hours(24);

/// How patient the client is.
#[derive(Debug, Clone, Copy)]
pub struct Pacing {
    /// For each request.
    pub limits: TimeLimits,
    /// How often a request that failed on the way or inside GitHub is sent again.
    pub retries: usize,
    /// The pause before the first of them; it doubles each time.
    pub first_pause: Duration,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            limits: TimeLimits::default(),
            retries: 3,
            first_pause: Duration::from_millis(500),
        }
    }
}

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct Page {
    /// The JSON.
    pub body: Bytes,
    /// Where the list goes on, on the configured host.
    pub next: Option<String>,
}

impl Page {
    /// Reads the page.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, GithubError> {
        serde_json::from_slice(&self.body).map_err(|error| GithubError::Malformed {
            detail: error.to_string(),
        })
    }
}

/// An answer that GitHub may confirm instead of sending it again.
#[derive(Clone)]
struct Kept {
    etag: HeaderValue,
    page: Page,
}

/// The client. One per token: `ETag`s are bound to it.
pub struct GithubClient {
    http: reqwest::Client,
    /// Without a slash at the end.
    base: Url,
    headers: HeaderMap,
    kept: Cache<String, Kept>,
    clock: SharedClock,
    pacing: Pacing,
    /// GitHub said that nothing is to be sent before this instant.
    blocked_until: Mutex<Option<DateTime<Utc>>>,
}

impl fmt::Debug for GithubClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GithubClient")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl GithubClient {
    /// A client for the configured API and token.
    pub fn new(config: &GithubConfig, clock: SharedClock, pacing: Pacing) -> Result<Self, GithubError> {
        let malformed = |detail: String| GithubError::Malformed { detail };
        let base = Url::parse(config.api_url.trim_end_matches('/'))
            .map_err(|error| malformed(format!("GITHUB_API_URL: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        if let Some(token) = &config.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))
                .map_err(|_| GithubError::Unauthorized)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let kept = Cache::builder()
            .weigher(|url: &String, kept: &Kept| {
                u32::try_from(url.len() + kept.page.body.len()).unwrap_or(u32::MAX)
            })
            .max_capacity(CACHE_BYTES)
            .time_to_live(CACHE_LIFE)
            .build();
        Ok(Self {
            http: http::client(pacing.limits).map_err(|error| malformed(error.to_string()))?,
            base,
            headers,
            kept,
            clock,
            pacing,
            blocked_until: Mutex::new(None),
        })
    }

    /// Asks for `path` (`/repos/…`), or for the `next` address of an earlier page.
    pub async fn get(&self, path: &str) -> Result<Page, GithubError> {
        let url = self.address(path)?;
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.pacing.first_pause)
            .with_max_times(self.pacing.retries);
        let outcome = (|| self.send(&url))
            .retry(pauses)
            .when(|error| matches!(error, GithubError::Unavailable { .. }))
            .notify(|error, pause| tracing::debug!(%error, ?pause, "asking GitHub again"))
            .await;
        Ok(outcome?.0)
    }

    /// The absolute address; one that was read from an answer must lie under the configured one, or the token
    /// would leak.
    fn address(&self, path: &str) -> Result<Url, GithubError> {
        let base = self.base.as_str().trim_end_matches('/');
        let absolute = match path.strip_prefix('/') {
            Some(path) => format!("{base}/{path}"),
            None => path.to_owned(),
        };
        Url::parse(&absolute)
            .ok()
            .filter(|url| url.origin() == self.base.origin())
            .ok_or_else(|| GithubError::Malformed {
                detail: "an address on another host".to_owned(),
            })
    }

    /// One request; also gives the headers, which `check` reads.
    async fn send(&self, url: &Url) -> Result<(Page, HeaderMap), GithubError> {
        self.wait_is_over()?;
        let kept = self.kept.get(url.as_str()).await;
        let mut request = self.http.get(url.clone()).headers(self.headers.clone());
        if let Some(kept) = &kept {
            request = request.header(IF_NONE_MATCH, kept.etag.clone());
        }
        let response = request.send().await.map_err(GithubError::on_the_way)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = answer::body(response).await?;
        let now = self.clock.now();
        self.heed(answer::not_before(&headers, status, now));
        let page = match (status, kept) {
            (StatusCode::NOT_MODIFIED, Some(kept)) => kept.page,
            (status, _) if status.is_success() => self.fresh_page(&headers, body)?,
            (status, _) => {
                return Err(answer::refusal(status, &headers, &body, now))
                    .inspect_err(|error| self.note(error));
            }
        };
        if let Some(etag) = headers.get(ETAG).filter(|_| status.is_success()) {
            let etag = etag.clone();
            let page = page.clone();
            self.kept.insert(url.to_string(), Kept { etag, page }).await;
        }
        Ok((page, headers))
    }

    fn fresh_page(&self, headers: &HeaderMap, body: Bytes) -> Result<Page, GithubError> {
        let next = link::next(headers).map(|next| self.address(&next)).transpose()?;
        Ok(Page {
            body,
            next: next.map(String::from),
        })
    }

    /// Fails while GitHub's "not before" holds.
    fn wait_is_over(&self) -> Result<(), GithubError> {
        let mut blocked = self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner);
        match *blocked {
            Some(retry_at) if retry_at > self.clock.now() => Err(GithubError::RateLimited { retry_at }),
            Some(_) | None => {
                *blocked = None;
                Ok(())
            }
        }
    }

    fn note(&self, error: &GithubError) {
        if let GithubError::RateLimited { retry_at } = error {
            self.heed(Some(*retry_at));
        }
    }

    fn heed(&self, not_before: Option<DateTime<Utc>>) {
        if not_before.is_some() {
            *self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner) = not_before;
        }
    }
}
