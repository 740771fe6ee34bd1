//! Purpose: a pretend Notion on 127.0.0.1 with pages and databases that tests write, change and throw away. Token and version
//! are checked; lists come in pages by cursor. Objects are shaped as in the vendor's examples.
//! Source: <https://developers.notion.com/reference/page>, <https://developers.notion.com/reference/block>,
//! <https://developers.notion.com/reference/data-source>.

mod world;

use std::io;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::desk::Desk;
use world::State;

/// The token that is accepted.
pub const TOKEN: &str = "ntn_00000000000pretend";

/// A running Notion. It stops when dropped.
#[derive(Debug)]
pub struct NotionSimulator {
    desk: Desk<State>,
}

impl NotionSimulator {
    /// Serves an empty workspace on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `NOTION_API_URL`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Writes a page at the top of the workspace. Gives its id.
    pub fn write(&self, title: &str, blocks: &[Value], at: DateTime<Utc>) -> String {
        let parent = json!({ "type": "workspace", "workspace": true });
        self.desk
            .with(|state| state.write(&parent, title, &json!({}), blocks, at))
    }

    /// Writes a page in another page. Gives its id.
    pub fn write_below(&self, parent: &str, title: &str, blocks: &[Value], at: DateTime<Utc>) -> String {
        self.desk.with(|state| {
            let place = json!({ "type": "page_id", "page_id": parent });
            let id = state.write(&place, title, &json!({}), blocks, at);
            state.link(parent, &id, "child_page", title);
            id
        })
    }

    /// Adds a database in a page. Gives its id.
    pub fn add_database(&self, parent: &str, title: &str) -> String {
        self.desk.with(|state| {
            let id = state.add_database(parent, title);
            state.link(parent, &id, "child_database", title);
            id
        })
    }

    /// Shows a database of another place in a page: its blocks name it, and it cannot be read by that name.
    pub fn add_view(&self, parent: &str) {
        self.desk.with(|state| {
            let id = state.new_id();
            state.link(parent, &id, "child_database", "");
        });
    }

    /// Writes a page in a database, with properties beside its title. Gives its id.
    pub fn add_row(
        &self,
        database: &str,
        title: &str,
        properties: &Value,
        blocks: &[Value],
        at: DateTime<Utc>,
    ) -> String {
        self.desk.with(|state| {
            let place = state.row_of(database);
            state.write(&place, title, properties, blocks, at)
        })
    }

    /// Changes what stands in a page; the pages in it stay.
    pub fn edit(&self, id: &str, blocks: &[Value], at: DateTime<Utc>) {
        self.desk.with(|state| state.edit(id, blocks, at));
    }

    /// Throws a page away.
    pub fn delete(&self, id: &str) {
        self.desk.with(|state| state.delete(id));
    }

    /// Takes a page or a database away from the token.
    pub fn hide(&self, id: &str) {
        self.desk.with(|state| state.hide(id));
    }

    /// Says who the person is that writes all pages; until then the token may not know.
    pub fn name_author(&self, name: &str) {
        self.desk.with(|state| state.author = Some(name.to_owned()));
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

/// A block with one line of text; `children` are blocks in it.
pub fn block(kind: &str, text: &str, children: &[Value]) -> Value {
    json!({ "object": "block", "type": kind, kind: { "rich_text": rich(text), "color": "default" }, "children": children })
}

/// Rich text without marks.
pub fn rich(text: &str) -> Value {
    json!([{
        "type": "text", "text": { "content": text, "link": null }, "plain_text": text, "href": null,
        "annotations": { "bold": false, "italic": false, "strikethrough": false, "underline": false, "code": false,
            "color": "default" },
    }])
}
