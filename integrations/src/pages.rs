//! Purpose: fetches one page of the web that somebody named: HTML, Markdown, text or PDF, up to a size and within a time.
//!
//! Whoever names an address could name one that only this machine reaches. So names and addresses of private networks are
//! refused, at the start and after each redirect, unless the operator permits them.

mod address;
mod answer;

use reqwest::header::{ACCEPT, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use address::PublicNames;

use crate::documents::{Content, Document, DocumentsError};
use crate::http::{self, TimeLimits};

/// What is asked for, the best first.
const ACCEPTED: &str = "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/plain;q=0.8, application/pdf;q=0.8, */*;q=0.1";

/// How much is read of a page, and how long that may take.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// Until the connection stands, and until the whole page is there, redirects and all.
    pub time: TimeLimits,
    /// Bytes; larger pages are refused.
    pub bytes: usize,
    /// Redirects that are followed.
    pub redirects: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            time: TimeLimits::default(),
            bytes: 20 * 1024 * 1024,
            redirects: 5,
        }
    }
}

/// What the server said about a page's version, to ask next time whether it is still that one.
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`
    pub etag: Option<String>,
    /// `Last-Modified`
    pub last_modified: Option<String>,
}

/// What came of asking for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is still the version that was asked about.
    Unchanged,
    /// The page.
    Page(Box<Document>, Validators),
}

/// Fetches pages.
#[derive(Debug, Clone)]
pub struct PageClient {
    http: reqwest::Client,
    limits: PageLimits,
    private_addresses: bool,
}

impl PageClient {
    /// A client; `private_addresses` permits addresses of this machine and of private networks.
    ///
    /// # Errors
    /// If the machine's trusted certificates cannot be read.
    pub fn new(private_addresses: bool, limits: PageLimits) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http::stranger(limits.time, private_addresses)?,
            limits,
            private_addresses,
        })
    }

    /// Fetches a page, unless it is still the version of `known`.
    ///
    /// # Errors
    /// There is no such page, it may not be read, or not now.
    pub async fn fetch(&self, page: &Url, known: &Validators) -> Result<Fetched, DocumentsError> {
        let total = self.limits.time.total;
        let fetched = tokio::time::timeout(total, self.follow(page, known)).await;
        fetched.unwrap_or_else(|_| Err(answer::too_slow(total)))
    }

    async fn follow(&self, page: &Url, known: &Validators) -> Result<Fetched, DocumentsError> {
        let mut at = page.clone();
        for _ in 0..=self.limits.redirects {
            let response = self.ask(&at, known).await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Fetched::Unchanged);
            }
            if !status.is_redirection() {
                return self.take(page, response).await;
            }
            at = target(&at, response.headers())?;
        }
        Err(DocumentsError::Refused(format!(
            "leads on from page to page, more than {} times",
            self.limits.redirects
        )))
    }

    async fn ask(&self, at: &Url, known: &Validators) -> Result<Response, DocumentsError> {
        if !["http", "https"].contains(&at.scheme()) {
            let scheme = at.scheme();
            return Err(DocumentsError::Refused(format!(
                "leads to an address that begins with {scheme}: and not with https:"
            )));
        }
        if !self.private_addresses && address::is_private_host(at) {
            return Err(answer::private());
        }
        let mut request = self.http.get(at.clone()).header(ACCEPT, ACCEPTED);
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, last_modified);
        }
        request
            .send()
            .await
            .map_err(|error| answer::on_the_way(&error, self.limits.time.total))
    }

    async fn take(&self, page: &Url, response: Response) -> Result<Fetched, DocumentsError> {
        if !response.status().is_success() {
            return Err(answer::refusal(response.status(), response.headers()));
        }
        let name = answer::file_name(page, response.headers())?;
        let (changed_at, validators) = (
            answer::changed_at(response.headers()),
            answer::validators(response.headers()),
        );
        let bytes = answer::body(response, &self.limits).await?;
        let document = Document {
            name: page.to_string(),
            title: None,
            url: Some(page.to_string()),
            author: None,
            owners: Vec::new(),
            changed_at,
            content: Content::File { name, bytes },
        };
        Ok(Fetched::Page(Box::new(document), validators))
    }
}

/// Where a redirect leads.
fn target(at: &Url, headers: &HeaderMap) -> Result<Url, DocumentsError> {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    location
        .and_then(|location| at.join(location).ok())
        .ok_or_else(|| DocumentsError::Refused("leads on to an address that cannot be read".to_owned()))
}
