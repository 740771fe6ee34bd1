//! Purpose: a page of Notion with the pages below it, and the pages of databases, as documents.
//! Source: <https://developers.notion.com/reference/intro>.

mod blocks;
mod changed;
mod object;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use crate::documents::{Content, Document, DocumentsError};
use crate::rest::{Access, Patience, Rest, Vendor};
use blocks::Block;
use changed::Changed;
use object::{Database, List, Object, User};

/// The version of the API whose answers are read here (<https://developers.notion.com/reference/versioning>).
const VERSION: (HeaderName, &str) = (HeaderName::from_static("notion-version"), "2025-09-03");
/// Things in one answer: the most that Notion gives.
const THINGS: u32 = 100;
/// Blocks within blocks that are followed; nobody nests lists deeper.
const DEEPEST: usize = 16;
const VENDOR: Vendor = Vendor {
    name: "Notion",
    token: "NOTION_TOKEN",
    api_url: "NOTION_API_URL",
};

/// Reads Notion.
#[derive(Debug)]
pub struct NotionClient {
    rest: Rest,
}

impl NotionClient {
    /// A client for `https://api.notion.com`.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let authorization = SecretString::from(format!("Bearer {}", access.token.expose_secret()));
        let (name, version) = VERSION;
        Ok(Self {
            rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?.with_header(name, version),
        })
    }

    /// What is at `address` (`https://www.notion.so/ID`), a page or a database, and below it; with `since` only what
    /// changed then or later.
    ///
    /// # Errors
    /// There is no such page or database, or it cannot be read.
    pub async fn pages(
        &self,
        address: &Url,
        since: Option<DateTime<Utc>>,
    ) -> Result<Pages<'_>, DocumentsError> {
        let id = address
            .path_segments()
            .and_then(|mut path| path.next_back())
            .unwrap_or_default();
        let root = match self.rest.find::<Object>(&format!("/v1/pages/{id}")).await? {
            Some(page) if page.is_gone() => None,
            Some(page) => Some(Found::Page(Box::new(page))),
            None => {
                let database: Database = self.rest.get(&format!("/v1/databases/{id}"), &[]).await?;
                (!database.in_trash).then_some(Found::Database(database.id))
            }
        };
        let gone = || DocumentsError::Gone("is in Notion's trash".to_owned());
        let root = root.ok_or_else(gone)?;
        let changed = since.map(|since| Changed::new(since, id));
        Ok(Pages {
            client: self,
            waiting: VecDeque::from_iter(changed.is_none().then_some(root)),
            changed,
            seen: BTreeSet::new(),
            names: BTreeMap::new(),
        })
    }

    /// The blocks in a page or a block, with what is in them; not the pages among them.
    fn blocks<'a>(
        &'a self,
        id: &'a str,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Block>, DocumentsError>> + Send + 'a>> {
        Box::pin(async move {
            let path = format!("/v1/blocks/{id}/children");
            let mut blocks = Vec::new();
            // A copy of blocks whose original the token may not see has none.
            let mut list: Option<List> = self.rest.find(&path).await?;
            while let Some(found) = list.take() {
                for value in found.results {
                    let mut block = Block::new(value);
                    let inner = block.holds().filter(|_| depth < DEEPEST).map(str::to_owned);
                    if let Some(inner) = inner {
                        block.children = self.blocks(&inner, depth + 1).await?;
                    }
                    blocks.push(block);
                }
                if let Some(cursor) = found.next_cursor {
                    list = Some(self.rest.get(&path, &[("start_cursor", &cursor)]).await?);
                }
            }
            Ok(blocks)
        })
    }
}

/// Something to be read.
#[derive(Debug)]
enum Found {
    Page(Box<Object>),
    Child(String),
    Database(String),
    Source(String, Option<String>),
}

/// A page with those below it.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a NotionClient,
    waiting: VecDeque<Found>,
    /// Instead of going down from page to page.
    changed: Option<Changed>,
    /// What was met already: databases and pages may be in several places.
    seen: BTreeSet<String>,
    /// Who is who, by id; none if that may not be known.
    names: BTreeMap<String, Option<String>>,
}

impl Pages<'_> {
    /// The next documents, a few at a time, perhaps none; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        if let Some(changed) = &mut self.changed {
            let Some(pages) = changed.next(&self.client.rest).await? else {
                return Ok(None);
            };
            let mut documents = Vec::new();
            for page in pages {
                let blocks = self.client.blocks(&page.id, 0).await?;
                documents.extend(self.document(page, &blocks).await?);
            }
            return Ok(Some(documents));
        }
        let Some(found) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let document = match found {
            Found::Page(page) => self.page(*page).await?,
            Found::Child(id) if self.seen.contains(&id) => None,
            // It may have gone since its parent was read.
            Found::Child(id) => match self
                .client
                .rest
                .find::<Object>(&format!("/v1/pages/{id}"))
                .await?
            {
                Some(page) => self.page(page).await?,
                None => None,
            },
            Found::Database(id) => {
                self.database(id).await?;
                None
            }
            Found::Source(id, cursor) => {
                self.rows(id, cursor).await?;
                None
            }
        };
        Ok(Some(document.into_iter().collect()))
    }

    async fn page(&mut self, page: Object) -> Result<Option<Document>, DocumentsError> {
        if page.is_gone() || !self.seen.insert(page.id.clone()) {
            return Ok(None);
        }
        let blocks = self.client.blocks(&page.id, 0).await?;
        blocks::below(&blocks, &mut |kind, id| {
            self.waiting.push_back(match kind {
                blocks::Below::Page => Found::Child(id.to_owned()),
                blocks::Below::Database => Found::Database(id.to_owned()),
            });
        });
        self.document(page, &blocks).await
    }

    /// Of a view of a database that is elsewhere nothing can be read.
    async fn database(&mut self, id: String) -> Result<(), DocumentsError> {
        if !self.seen.insert(id.clone()) {
            return Ok(());
        }
        let database: Option<Database> = self.client.rest.find(&format!("/v1/databases/{id}")).await?;
        let sources = database.filter(|database| !database.in_trash);
        for source in sources.into_iter().flat_map(|database| database.data_sources) {
            self.waiting.push_back(Found::Source(source.id, None));
        }
        Ok(())
    }

    async fn rows(&mut self, id: String, cursor: Option<String>) -> Result<(), DocumentsError> {
        if cursor.is_none() && !self.seen.insert(id.clone()) {
            return Ok(());
        }
        let mut body = json!({ "page_size": THINGS });
        if let Some(cursor) = cursor {
            body["start_cursor"] = json!(cursor);
        }
        let list: List = self
            .client
            .rest
            .post(&format!("/v1/data_sources/{id}/query"), &body)
            .await?;
        for value in list.results {
            let Ok(row) = serde_json::from_value::<Object>(value) else {
                continue;
            };
            self.waiting.push_back(if row.is_page() {
                Found::Page(Box::new(row))
            } else {
                Found::Source(row.id, None)
            });
        }
        if let Some(cursor) = list.next_cursor {
            self.waiting.push_back(Found::Source(id, Some(cursor)));
        }
        Ok(())
    }

    /// A page without a word in it, which only holds others together, is no document.
    async fn document(&mut self, page: Object, blocks: &[Block]) -> Result<Option<Document>, DocumentsError> {
        let text = [page.about(), blocks::markdown(blocks)];
        let text: Vec<String> = text.into_iter().filter(|text| !text.is_empty()).collect();
        if text.is_empty() {
            return Ok(None);
        }
        let author = match &page.created_by {
            Some(user) => self.name(user).await?,
            None => None,
        };
        Ok(Some(Document {
            title: page.title(),
            owners: page.owners(),
            name: page.id,
            url: page.url,
            author,
            changed_at: page.last_edited_time,
            content: Content::Markdown(text.join("\n\n")),
        }))
    }

    /// What somebody is called. Where that may not be known, documents have no author.
    async fn name(&mut self, user: &User) -> Result<Option<String>, DocumentsError> {
        if user.name.is_some() {
            return Ok(user.name.clone());
        }
        if let Some(name) = self.names.get(&user.id) {
            return Ok(name.clone());
        }
        let found = match self
            .client
            .rest
            .find::<User>(&format!("/v1/users/{}", user.id))
            .await
        {
            Ok(found) => found.and_then(|user| user.name),
            Err(DocumentsError::Refused(error)) => {
                tracing::debug!(%error, "the author of a page could not be looked up");
                None
            }
            Err(error @ (DocumentsError::Gone(_) | DocumentsError::Unavailable(_))) => return Err(error),
        };
        self.names.insert(user.id.clone(), found.clone());
        Ok(found)
    }
}
