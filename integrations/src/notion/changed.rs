//! Purpose: which pages below a page changed since a time. Notion does not say so for a page; it gives all pages that a token
//! may see, those that changed last first, and each says where it is.
//! Source: <https://developers.notion.com/reference/post-search>, <https://developers.notion.com/reference/parent-object>.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::object::{Database, List, Object};
use super::{DEEPEST, THINGS};
use crate::documents::DocumentsError;
use crate::rest::Rest;

/// Steps from a page up to another, through lists, columns and databases.
const HIGHEST: usize = 8 * DEEPEST;

/// The pages that changed.
#[derive(Debug)]
pub(super) struct Changed {
    since: DateTime<Utc>,
    root: String,
    cursor: Option<String>,
    is_over: bool,
    /// Whether what has this id is below the root.
    known: BTreeMap<String, bool>,
}

/// Something that may have things below it.
#[derive(Debug, Clone)]
enum Above {
    Page(String),
    Block(String),
    Database(String),
}

impl Above {
    fn id(&self) -> &str {
        match self {
            Self::Page(id) | Self::Block(id) | Self::Database(id) => id,
        }
    }

    /// None at the top of a workspace, and for what is not known.
    fn read(parent: &Value) -> Option<Self> {
        let id = |name: &str| parent[name].as_str().map(str::to_owned);
        match parent["type"].as_str()? {
            "page_id" => id("page_id").map(Self::Page),
            "block_id" => id("block_id").map(Self::Block),
            "database_id" | "data_source_id" => id("database_id").map(Self::Database),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Child {
    #[serde(default)]
    parent: Value,
}

impl Changed {
    pub(super) fn new(since: DateTime<Utc>, root: &str) -> Self {
        Self {
            since,
            root: plain(root),
            cursor: None,
            is_over: false,
            known: BTreeMap::new(),
        }
    }

    /// The next pages, perhaps none; `None` after the last.
    pub(super) async fn next(&mut self, rest: &Rest) -> Result<Option<Vec<Object>>, DocumentsError> {
        if self.is_over {
            return Ok(None);
        }
        let mut body = json!({
            "filter": { "property": "object", "value": "page" }, "page_size": THINGS,
            "sort": { "timestamp": "last_edited_time", "direction": "descending" },
        });
        if let Some(cursor) = &self.cursor {
            body["start_cursor"] = json!(cursor);
        }
        let list: List = rest.post("/v1/search", &body).await?;
        self.cursor = list.next_cursor;
        self.is_over = self.cursor.is_none();
        let mut pages = Vec::new();
        for value in list.results {
            let Ok(page) = serde_json::from_value::<Object>(value) else {
                continue;
            };
            if page.last_edited_time.is_some_and(|at| at < self.since) {
                self.is_over = true;
                break;
            }
            if !page.is_gone() && self.is_below(rest, &page).await? {
                pages.push(page);
            }
        }
        Ok(Some(pages))
    }

    async fn is_below(&mut self, rest: &Rest, page: &Object) -> Result<bool, DocumentsError> {
        let mut way = vec![plain(&page.id)];
        let mut above = Above::read(&page.parent);
        let mut answer = way[0] == self.root;
        while let Some(next) = above.filter(|_| !answer && way.len() < HIGHEST) {
            let id = plain(next.id());
            if let Some(known) = self.known.get(&id) {
                answer = *known;
                break;
            }
            answer = id == self.root;
            way.push(id);
            above = if answer { None } else { parent(rest, &next).await? };
        }
        self.known.extend(way.into_iter().map(|id| (id, answer)));
        Ok(answer)
    }
}

/// Where something is; none at the top, and where the token does not reach.
async fn parent(rest: &Rest, of: &Above) -> Result<Option<Above>, DocumentsError> {
    let parent = match of {
        Above::Page(id) => rest
            .find::<Child>(&format!("/v1/pages/{id}"))
            .await?
            .map(|it| it.parent),
        Above::Block(id) => rest
            .find::<Child>(&format!("/v1/blocks/{id}"))
            .await?
            .map(|it| it.parent),
        Above::Database(id) => {
            let database = rest.find::<Database>(&format!("/v1/databases/{id}")).await?;
            database.map(|it| it.parent)
        }
    };
    Ok(parent.as_ref().and_then(Above::read))
}

/// Ids are written with and without hyphens.
fn plain(id: &str) -> String {
    id.replace('-', "")
}
