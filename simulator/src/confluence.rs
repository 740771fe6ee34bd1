//! Purpose: a pretend Confluence Cloud on 127.0.0.1 with spaces and pages that tests write, change and delete, in storage
//! format. Tokens are checked; lists come in pages by cursor, with links as Confluence gives them: without a host.
//! Source: <https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/#api-spaces-id-pages-get>.

use std::collections::BTreeMap;
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted, as it is configured: an account and its API token.
pub const TOKEN: &str = "ana@acme.example:ATATT3xFfGF0pretend";
/// What the token is as basic authentication.
const BASIC: &str = "Basic YW5hQGFjbWUuZXhhbXBsZTpBVEFUVDN4RmZHRjBwcmV0ZW5k";
/// Where people read the pages.
pub const SITE: &str = "https://acme.atlassian.net/wiki";
/// The account that writes all pages.
const AUTHOR: &str = "5c5f880629be9642ba529340";
/// Pages in one answer at most, so that tests need few of them to see the second.
const PAGE: usize = 5;

#[derive(Debug, Clone)]
struct Page {
    id: u64,
    space: String,
    title: String,
    storage: String,
    changed_at: DateTime<Utc>,
}

#[derive(Debug, Default)]
struct State {
    spaces: BTreeMap<String, u64>,
    pages: BTreeMap<u64, Page>,
    people: BTreeMap<String, String>,
}

/// A running Confluence. It stops when dropped.
#[derive(Debug)]
pub struct ConfluenceSimulator {
    desk: Desk<State>,
}

impl ConfluenceSimulator {
    /// Serves a site without spaces on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `CONFLUENCE_API_URL`.
    pub fn api_url(&self) -> String {
        format!("{}/wiki", self.desk.url())
    }

    /// Adds a space.
    pub fn add_space(&self, key: &str) {
        self.desk.with(|state| {
            let id = 98_300 + state.spaces.len() as u64;
            state.spaces.insert(key.to_owned(), id);
        });
    }

    /// Removes a space, or hides it from the token.
    pub fn remove_space(&self, key: &str) {
        self.desk.with(|state| state.spaces.remove(key));
    }

    /// Writes a page in a space. Gives its id.
    pub fn write(&self, space: &str, title: &str, storage: &str, at: DateTime<Utc>) -> u64 {
        self.desk.with(|state| {
            let id = state.pages.keys().next_back().map_or(1_000, |last| last + 1);
            let page = Page {
                id,
                space: space.to_owned(),
                title: title.to_owned(),
                storage: storage.to_owned(),
                changed_at: at,
            };
            state.pages.insert(id, page);
            id
        })
    }

    /// Changes the text of a page.
    pub fn edit(&self, id: u64, storage: &str, at: DateTime<Utc>) {
        self.desk.with(|state| {
            if let Some(page) = state.pages.get_mut(&id) {
                storage.clone_into(&mut page.storage);
                page.changed_at = at;
            }
        });
    }

    /// Deletes a page.
    pub fn delete(&self, id: u64) {
        self.desk.with(|state| state.pages.remove(&id));
    }

    /// Says who the account is that writes all pages.
    pub fn name_author(&self, name: &str) {
        self.desk
            .with(|state| state.people.insert(AUTHOR.to_owned(), name.to_owned()));
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != BASIC {
            return problem(401, "Unauthorized; scope does not match");
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["wiki", "api", "v2", "spaces"]) => said(200, spaces(self, &asked.query)),
            (&Method::GET, ["wiki", "api", "v2", "spaces", id, "pages"]) => pages(self, id, &asked.query),
            (&Method::POST, ["wiki", "api", "v2", "users-bulk"]) => said(200, users(self, &asked.body)),
            _ => problem(404, "Not Found"),
        }
    }
}

fn problem(status: u16, title: &str) -> Response {
    let error = json!({ "status": status, "code": title.to_uppercase(), "title": title, "detail": null });
    said(status, json!({ "errors": [error] }))
}

fn spaces(state: &State, query: &BTreeMap<String, String>) -> Value {
    let keys: Vec<&str> = query
        .get("keys")
        .map(|keys| keys.split(',').collect())
        .unwrap_or_default();
    let found: Vec<Value> = state
        .spaces
        .iter()
        .filter(|(key, _)| keys.is_empty() || keys.contains(&key.as_str()))
        .map(|(key, id)| {
            json!({
                "id": id.to_string(), "key": key, "name": key, "type": "global", "status": "current",
                "_links": { "webui": format!("/spaces/{key}") },
            })
        })
        .collect();
    json!({ "results": found, "_links": { "base": SITE } })
}

fn pages(state: &State, space: &str, query: &BTreeMap<String, String>) -> Response {
    let Some((key, _)) = state.spaces.iter().find(|(_, id)| id.to_string() == space) else {
        return problem(404, "Not Found");
    };
    if query.get("sort").is_some_and(|sort| sort != "-modified-date") {
        return problem(400, "the pretend Confluence sorts by -modified-date only");
    }
    let mut found: Vec<&Page> = state.pages.values().filter(|page| page.space == *key).collect();
    if query.contains_key("sort") {
        found.sort_by_key(|page| std::cmp::Reverse(page.changed_at));
    }
    let start: usize = match query.get("cursor").map(|cursor| cursor.strip_prefix("at=")) {
        None => 0,
        Some(Some(start)) => start.parse().unwrap_or(usize::MAX),
        Some(None) => return problem(400, "Invalid cursor"),
    };
    let limit = query
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(25);
    let end = found.len().min(start.saturating_add(limit.min(PAGE)));
    let with_body = query.get("body-format").is_some_and(|format| format == "storage");
    let results: Vec<Value> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|page| shown(page, with_body))
        .collect();
    let next = (end < found.len()).then(|| {
        let cursor = format!("at={end}");
        let query = serde_urlencoded::to_string([("cursor", cursor)]).unwrap_or_default();
        format!("/wiki/api/v2/spaces/{space}/pages?{query}")
    });
    let mut links = json!({ "base": SITE });
    if let Some(next) = next {
        links["next"] = json!(next);
    }
    said(200, json!({ "results": results, "_links": links }))
}

fn shown(page: &Page, with_body: bool) -> Value {
    let at = page.changed_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let body = if with_body {
        json!({ "storage": { "representation": "storage", "value": page.storage } })
    } else {
        json!({})
    };
    json!({
        "id": page.id.to_string(), "status": "current", "title": page.title, "parentId": null, "parentType": null,
        "authorId": AUTHOR, "ownerId": AUTHOR, "lastOwnerId": null, "createdAt": at,
        "version": { "createdAt": at, "message": "", "number": 1, "minorEdit": false, "authorId": AUTHOR },
        "body": body,
        "_links": { "webui": format!("/spaces/{}/pages/{}", page.space, page.id), "tinyui": "/x/AQ" },
    })
}

fn users(state: &State, asked: &Value) -> Value {
    let asked = asked["accountIds"].as_array().cloned().unwrap_or_default();
    let known = |account: &Value| {
        let account = account.as_str()?;
        let name = state.people.get(account)?;
        Some(json!({ "accountId": account, "displayName": name, "accountType": "atlassian" }))
    };
    json!({ "results": asked.iter().filter_map(known).collect::<Vec<_>>() })
}
