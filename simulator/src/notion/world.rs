//! Purpose: what a pretend Notion holds, and how it answers.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{TOKEN, rich};
use crate::desk::{Asked, World, said};

/// Things in one answer at most, so that tests need few of them to see the second.
const THINGS: usize = 4;
/// The person who writes all pages.
const AUTHOR: &str = "c2f20311-9e54-4d11-8c79-7398424ae41e";

#[derive(Debug, Default)]
pub(super) struct State {
    count: u64,
    /// By id, as all of the following.
    pages: BTreeMap<String, Value>,
    databases: BTreeMap<String, Value>,
    blocks: BTreeMap<String, Value>,
    /// The blocks in a page or a block.
    children: BTreeMap<String, Vec<String>>,
    hidden: BTreeSet<String>,
    pub(super) author: Option<String>,
}

impl State {
    pub(super) fn new_id(&mut self) -> String {
        self.count += 1;
        format!("be633bf1-dfa0-436d-b259-{:012x}", self.count)
    }

    pub(super) fn write(
        &mut self,
        parent: &Value,
        title: &str,
        properties: &Value,
        blocks: &[Value],
        at: DateTime<Utc>,
    ) -> String {
        let id = self.new_id();
        let mut all = properties.clone();
        all["Title"] = json!({ "id": "title", "type": "title", "title": rich(title) });
        let page = json!({
            "object": "page", "id": id, "created_time": stamp(at), "last_edited_time": stamp(at),
            "created_by": { "object": "user", "id": AUTHOR }, "last_edited_by": { "object": "user", "id": AUTHOR },
            "cover": null, "icon": null, "parent": parent, "archived": false, "in_trash": false, "properties": all,
            "url": format!("https://www.notion.so/{}-{}", title.replace(' ', "-"), id.replace('-', "")),
        });
        self.pages.insert(id.clone(), page);
        self.put(&json!({ "type": "page_id", "page_id": id }), &id, blocks);
        id
    }

    pub(super) fn add_database(&mut self, parent: &str, title: &str) -> String {
        let (id, source) = (self.new_id(), self.new_id());
        let database = json!({
            "object": "database", "id": id, "title": rich(title), "in_trash": false,
            "parent": { "type": "page_id", "page_id": parent }, "data_sources": [{ "id": source, "name": title }],
        });
        self.databases.insert(id.clone(), database);
        id
    }

    pub(super) fn row_of(&self, database: &str) -> Value {
        let source = &self.databases[database]["data_sources"][0]["id"];
        json!({ "type": "data_source_id", "data_source_id": source, "database_id": database })
    }

    /// Puts a block into a page that stands for another page or a database.
    pub(super) fn link(&mut self, parent: &str, id: &str, kind: &str, title: &str) {
        let block = json!({
            "object": "block", "id": id, "parent": { "type": "page_id", "page_id": parent }, "type": kind,
            "has_children": true, "in_trash": false, kind: { "title": title },
        });
        self.blocks.insert(id.to_owned(), block);
        self.children
            .entry(parent.to_owned())
            .or_default()
            .push(id.to_owned());
    }

    fn put(&mut self, parent: &Value, holder: &str, blocks: &[Value]) {
        for given in blocks {
            let id = self.new_id();
            let mut block = given.clone();
            let inner = block.as_object_mut().and_then(|block| block.remove("children"));
            let inner = inner
                .and_then(|inner| inner.as_array().cloned())
                .unwrap_or_default();
            block["id"] = json!(id);
            block["parent"] = parent.clone();
            block["has_children"] = json!(!inner.is_empty());
            self.blocks.insert(id.clone(), block);
            self.children
                .entry(holder.to_owned())
                .or_default()
                .push(id.clone());
            self.put(&json!({ "type": "block_id", "block_id": id }), &id, &inner);
        }
    }

    pub(super) fn edit(&mut self, id: &str, blocks: &[Value], at: DateTime<Utc>) {
        let before = self.children.remove(id).unwrap_or_default();
        let kept = before.into_iter().filter(|id| {
            let kind = self.blocks[id]["type"].as_str().unwrap_or_default();
            kind.starts_with("child_")
        });
        let kept = kept.collect();
        self.children.insert(id.to_owned(), kept);
        self.put(&json!({ "type": "page_id", "page_id": id }), id, blocks);
        self.pages
            .entry(id.to_owned())
            .and_modify(|page| page["last_edited_time"] = json!(stamp(at)));
    }

    pub(super) fn delete(&mut self, id: &str) {
        self.pages
            .entry(id.to_owned())
            .and_modify(|page| page["in_trash"] = json!(true));
        for children in self.children.values_mut() {
            children.retain(|child| child != id);
        }
    }

    pub(super) fn hide(&mut self, id: &str) {
        self.hidden.insert(id.to_owned());
    }

    fn one(&self, of: &BTreeMap<String, Value>, id: &str) -> Response {
        let id = hyphened(id);
        match of.get(&id).filter(|_| !self.hidden.contains(&id)) {
            Some(value) => said(200, value.clone()),
            None => problem(
                404,
                "object_not_found",
                &format!("Could not find object with ID: {id}."),
            ),
        }
    }

    fn children(&self, id: &str, asked: &Asked) -> Response {
        let id = hyphened(id);
        let is_known = self.pages.contains_key(&id) || self.blocks.contains_key(&id);
        if !is_known || self.hidden.contains(&id) {
            return problem(
                404,
                "object_not_found",
                &format!("Could not find block with ID: {id}."),
            );
        }
        let ids = self.children.get(&id).cloned().unwrap_or_default();
        let blocks: Vec<Value> = ids.iter().map(|id| self.blocks[id].clone()).collect();
        let size = asked.query.get("page_size").and_then(|size| size.parse().ok());
        list(&blocks, size, asked.query.get("start_cursor").map(String::as_str))
    }

    fn rows(&self, source: &str, body: &Value) -> Response {
        let is_source = |database: &&Value| database["data_sources"][0]["id"] == source;
        let Some(database) = self.databases.values().find(is_source) else {
            return problem(404, "object_not_found", "Could not find data source.");
        };
        if database["id"].as_str().is_some_and(|id| self.hidden.contains(id)) {
            return problem(404, "object_not_found", "Could not find data source.");
        }
        let of_source =
            |page: &&Value| page["parent"]["data_source_id"] == source && page["in_trash"] == false;
        let rows: Vec<Value> = self.pages.values().filter(of_source).cloned().collect();
        paged(&rows, body)
    }

    fn search(&self, body: &Value) -> Response {
        if body["filter"]["value"] != "page" || body["sort"]["direction"] != "descending" {
            return problem(
                400,
                "validation_error",
                "the pretend Notion searches pages, newest first",
            );
        }
        let is_seen = |page: &&Value| {
            let id = page["id"].as_str().unwrap_or_default();
            page["in_trash"] == false && !self.hidden.contains(id)
        };
        let mut pages: Vec<Value> = self.pages.values().filter(is_seen).cloned().collect();
        pages.sort_by_key(|page| {
            std::cmp::Reverse(page["last_edited_time"].as_str().unwrap_or_default().to_owned())
        });
        paged(&pages, body)
    }

    fn user(&self, id: &str) -> Response {
        match &self.author {
            Some(name) if id == AUTHOR => said(
                200,
                json!({ "object": "user", "id": id, "type": "person", "name": name }),
            ),
            Some(_) => problem(404, "object_not_found", "Could not find user."),
            None => problem(
                403,
                "restricted_resource",
                "Insufficient permissions for this endpoint.",
            ),
        }
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != format!("Bearer {TOKEN}") {
            return problem(401, "unauthorized", "API token is invalid.");
        }
        if asked
            .headers
            .get("notion-version")
            .is_none_or(|version| version != "2025-09-03")
        {
            return problem(400, "missing_version", "Notion-Version header should be defined.");
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["v1", "pages", id]) => self.one(&self.pages, id),
            (&Method::GET, ["v1", "databases", id]) => self.one(&self.databases, id),
            (&Method::GET, ["v1", "blocks", id]) => self.one(&self.blocks, id),
            (&Method::GET, ["v1", "blocks", id, "children"]) => self.children(id, asked),
            (&Method::GET, ["v1", "users", id]) => self.user(id),
            (&Method::POST, ["v1", "data_sources", id, "query"]) => self.rows(id, &asked.body),
            (&Method::POST, ["v1", "search"]) => self.search(&asked.body),
            _ => problem(400, "invalid_request_url", "Invalid request URL."),
        }
    }
}

fn problem(status: u16, code: &str, message: &str) -> Response {
    said(
        status,
        json!({ "object": "error", "status": status, "code": code, "message": message }),
    )
}

fn paged(all: &[Value], body: &Value) -> Response {
    let size = body["page_size"]
        .as_u64()
        .and_then(|size| usize::try_from(size).ok());
    list(all, size, body["start_cursor"].as_str())
}

fn list(all: &[Value], size: Option<usize>, cursor: Option<&str>) -> Response {
    let start = match cursor.map(|cursor| cursor.strip_prefix("at-").and_then(|at| at.parse().ok())) {
        None => 0,
        Some(Some(start)) => start,
        Some(None) => return problem(400, "validation_error", "The start_cursor provided is invalid."),
    };
    let size = size.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return problem(400, "validation_error", "page_size should be at most 100.");
    }
    let end = all.len().min(start + size.min(THINGS));
    let next = (end < all.len()).then(|| format!("at-{end}"));
    let results = all.get(start..end).unwrap_or_default();
    said(
        200,
        json!({ "object": "list", "results": results, "has_more": next.is_some(), "next_cursor": next }),
    )
}

/// Ids are taken with and without hyphens.
fn hyphened(id: &str) -> String {
    let id = id.replace('-', "");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..id.len().max(20)].map(|part| id.get(part));
    let parts: Option<Vec<&str>> = parts.into_iter().collect();
    parts.map_or_else(|| id.clone(), |parts| parts.join("-"))
}

/// Notion knows the minute.
fn stamp(at: DateTime<Utc>) -> String {
    let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at);
    minute.to_rfc3339_opts(SecondsFormat::Millis, true)
}
