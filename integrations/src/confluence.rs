//! Purpose: the pages of a Confluence space as documents, those that changed last first.
//! Source: <https://developer.atlassian.com/cloud/confluence/rest/v2/intro/>.

mod storage;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::documents::{Content, Document, DocumentsError};
use crate::rest::{Access, Patience, Rest, Vendor, atlassian};

/// Pages in one answer, with their texts.
const PAGES: &str = "50";
const VENDOR: Vendor = Vendor {
    name: "Confluence",
    token: "CONFLUENCE_TOKEN",
    api_url: "CONFLUENCE_API_URL",
};

/// Reads Confluence.
#[derive(Debug)]
pub struct ConfluenceClient {
    rest: Rest,
}

impl ConfluenceClient {
    /// A client for `https://SITE.atlassian.net/wiki`.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let authorization = atlassian(&access.token);
        Ok(Self {
            rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
        })
    }

    /// The pages of the space at `address` (`https://SITE.atlassian.net/wiki/spaces/KEY`); with `since` only those that
    /// changed then or later.
    ///
    /// # Errors
    /// There is no such space on the configured site, or it cannot be read.
    pub async fn space(
        &self,
        address: &Url,
        since: Option<DateTime<Utc>>,
    ) -> Result<Pages<'_>, DocumentsError> {
        let key = address
            .path_segments()
            .and_then(|mut path| path.next_back())
            .unwrap_or_default();
        let found: List<Space> = self.rest.get("/api/v2/spaces", &[("keys", key)]).await?;
        let gone = || DocumentsError::Gone("is not there, or CONFLUENCE_TOKEN may not see it".to_owned());
        let space = found.results.into_iter().next().ok_or_else(gone)?;
        let site = found.links.base.unwrap_or_default();
        let host = |url: &Url| url.host_str().map(str::to_owned);
        if Url::parse(&site).ok().as_ref().and_then(host) != host(address) {
            return Err(DocumentsError::Refused(format!(
                "is on another site than CONFLUENCE_API_URL, which leads to {site}"
            )));
        }
        Ok(Pages {
            client: self,
            space: space.id,
            since,
            cursor: Cursor::Start,
            names: BTreeMap::new(),
        })
    }
}

#[derive(Debug)]
enum Cursor {
    Start,
    At(String),
    End,
}

/// The pages of one space.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a ConfluenceClient,
    space: String,
    since: Option<DateTime<Utc>>,
    cursor: Cursor,
    /// Who is who, by account.
    names: BTreeMap<String, String>,
}

impl Pages<'_> {
    /// The next documents, a few at a time; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        let mut query = vec![
            ("body-format", "storage"),
            ("status", "current"),
            ("sort", "-modified-date"),
            ("limit", PAGES),
        ];
        match &self.cursor {
            Cursor::Start => {}
            Cursor::At(cursor) => query.push(("cursor", cursor)),
            Cursor::End => return Ok(None),
        }
        let path = format!("/api/v2/spaces/{}/pages", self.space);
        let List { mut results, links } = self.client.rest.get::<List<Page>>(&path, &query).await?;
        let read = results.len();
        let since = self.since;
        results.retain(|page| since.is_none_or(|since| page.version.created_at >= since));
        // The link is data: of it only the cursor is taken, so that the token goes nowhere else.
        let next = links.next.as_deref().and_then(cursor_of);
        self.cursor = match next {
            Some(next) if results.len() == read => Cursor::At(next),
            Some(_) | None => Cursor::End,
        };
        self.learn_names(&results).await;
        let site = links.base.unwrap_or_default();
        let document = |page| self.document(&site, page);
        Ok(Some(results.into_iter().filter_map(document).collect()))
    }

    /// Looks up who the authors are. Where that is not permitted, documents have no author.
    async fn learn_names(&mut self, pages: &[Page]) {
        let accounts = pages.iter().flat_map(|page| [&page.author_id, &page.owner_id]);
        let mut unknown: Vec<&String> = accounts
            .flatten()
            .filter(|account| !self.names.contains_key(*account))
            .collect();
        unknown.sort();
        unknown.dedup();
        if unknown.is_empty() {
            return;
        }
        let body = json!({ "accountIds": unknown });
        match self
            .client
            .rest
            .post::<List<User>>("/api/v2/users-bulk", &body)
            .await
        {
            Ok(users) => {
                let names = users.results.into_iter();
                self.names
                    .extend(names.filter_map(|user| Some((user.account_id, user.display_name?))));
            }
            Err(error) => tracing::debug!(%error, "authors of pages could not be looked up"),
        }
    }

    /// A page without a word in it, which only holds others together, is no document.
    fn document(&self, site: &str, page: Page) -> Option<Document> {
        let html = storage::html(&page.body.storage.value);
        if !storage::has_words(&html) {
            return None;
        }
        let name = |account: Option<String>| account.and_then(|account| self.names.get(&account).cloned());
        Some(Document {
            name: page.id,
            title: Some(page.title),
            url: page.links.webui.map(|path| format!("{site}{path}")),
            author: name(page.author_id),
            owners: name(page.owner_id).into_iter().collect(),
            changed_at: Some(page.version.created_at),
            content: Content::File {
                name: "page.html".to_owned(),
                bytes: html.into_bytes(),
            },
        })
    }
}

/// The cursor in a link to the next page.
fn cursor_of(link: &str) -> Option<String> {
    let link = Url::parse("https://site.invalid").ok()?.join(link).ok()?;
    let mut query = link.query_pairs();
    query
        .find(|(name, _)| name == "cursor")
        .map(|(_, cursor)| cursor.into_owned())
}

#[derive(Debug, Deserialize)]
struct List<T> {
    results: Vec<T>,
    #[serde(default, rename = "_links")]
    links: Links,
}

#[derive(Debug, Default, Deserialize)]
struct Links {
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    webui: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Space {
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    id: String,
    title: String,
    #[serde(default)]
    author_id: Option<String>,
    #[serde(default)]
    owner_id: Option<String>,
    version: Version,
    body: Body,
    #[serde(default, rename = "_links")]
    links: Links,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Body {
    storage: Stored,
}

#[derive(Debug, Deserialize)]
struct Stored {
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    account_id: String,
    /// Missing where the person hides it.
    #[serde(default)]
    display_name: Option<String>,
}
