//! Purpose: reads the answer to a request for a page: which kind of file it is, how old, or why there is none, in a
//! sentence that follows the page's address.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use url::Url;

use super::address::PrivateAddress;
use super::{PageLimits, Validators};
use crate::documents::DocumentsError;

/// Types of content that have text, and the ending of files of that type.
const TYPES: [(&str, &str); 8] = [
    ("text/html", "html"),
    ("application/xhtml+xml", "html"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("text/x-rst", "rst"),
    ("text/prs.fallenstein.rst", "rst"),
    ("text/plain", "txt"),
    ("application/pdf", "pdf"),
];

/// Endings that say more than the type does: servers send Markdown as plain text.
const TELLING: [&str; 6] = ["md", "markdown", "rst", "html", "htm", "pdf"];

/// The whole body, up to a size.
pub(super) async fn body(mut response: Response, limits: &PageLimits) -> Result<Vec<u8>, DocumentsError> {
    let too_large = || DocumentsError::Refused(format!("is larger than {} MB", limits.bytes >> 20));
    let announced = response.content_length().unwrap_or_default();
    if announced > limits.bytes as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| on_the_way(&error, limits.time.total))? else {
            return Ok(bytes);
        };
        if bytes.len() + chunk.len() > limits.bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
}

/// A file name whose ending says how the page is read.
pub(super) fn file_name(page: &Url, headers: &HeaderMap) -> Result<String, DocumentsError> {
    let last = page
        .path_segments()
        .and_then(|mut segments| segments.next_back())
        .filter(|last| !last.is_empty())
        .or(page.host_str())
        .unwrap_or("page");
    let said = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let said = said
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_telling = Path::new(last)
        .extension()
        .is_some_and(|ending| TELLING.contains(&ending.to_string_lossy().to_lowercase().as_str()));
    match TYPES.iter().find(|(name, _)| *name == said) {
        Some((_, "txt")) if is_telling => Ok(last.to_owned()),
        Some((_, ending)) if last.ends_with(&format!(".{ending}")) => Ok(last.to_owned()),
        Some((_, ending)) => Ok(format!("{last}.{ending}")),
        // Its first bytes will tell.
        None if said.is_empty() || said == "application/octet-stream" => Ok(last.to_owned()),
        None => Err(DocumentsError::Refused(format!(
            "is of the type {said}, of which I read no text"
        ))),
    }
}

pub(super) fn changed_at(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc2822(&text(headers, LAST_MODIFIED.as_str())?).ok()?;
    Some(at.to_utc())
}

pub(super) fn validators(headers: &HeaderMap) -> Validators {
    Validators {
        etag: text(headers, ETAG.as_str()),
        last_modified: text(headers, LAST_MODIFIED.as_str()),
    }
}

/// What an answer that is no success means.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap) -> DocumentsError {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            DocumentsError::Gone(format!("answers {}: there is no such page", status.as_u16()))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            DocumentsError::Refused(format!(
                "answers {}: it does not let me read it without signing in",
                status.as_u16()
            ))
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let when = match text(headers, RETRY_AFTER.as_str()) {
                Some(seconds) if seconds.parse::<u32>().is_ok() => format!("for {seconds} seconds"),
                Some(_) | None => "for a while".to_owned(),
            };
            DocumentsError::Unavailable(format!("answers 429: it wants to be left alone {when}"))
        }
        status if status.is_server_error() => DocumentsError::Unavailable(format!(
            "answers {}: something is wrong over there",
            status.as_u16()
        )),
        status => DocumentsError::Refused(format!("answers {}, which is no page", status.as_u16())),
    }
}

/// A request without a whole answer.
pub(super) fn on_the_way(error: &reqwest::Error, total: Duration) -> DocumentsError {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<PrivateAddress>() {
            return private();
        }
        cause = error.source();
    }
    if error.is_timeout() {
        too_slow(total)
    } else if error.is_connect() {
        DocumentsError::Unavailable("cannot be reached: there is no connection".to_owned())
    } else {
        DocumentsError::Unavailable("broke off before it was read".to_owned())
    }
}

pub(super) fn too_slow(total: Duration) -> DocumentsError {
    DocumentsError::Unavailable(format!("did not end within {} seconds", total.as_secs_f32()))
}

pub(super) fn private() -> DocumentsError {
    DocumentsError::Refused(
        "leads into a private network, which I do not read from unless `knowledge.private_addresses` is true"
            .to_owned(),
    )
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
