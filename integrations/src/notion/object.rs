//! Purpose: pages, databases and people as Notion gives them.
//! Source: <https://developers.notion.com/reference/page>, <https://developers.notion.com/reference/page-property-values>.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A list, in pages by cursor.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) results: Vec<Value>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

/// A page; or a data source among the rows of a wiki.
#[derive(Debug, Deserialize)]
pub(super) struct Object {
    #[serde(rename = "object")]
    kind: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) created_by: Option<User>,
    #[serde(default)]
    pub(super) last_edited_time: Option<DateTime<Utc>>,
    #[serde(default)]
    in_trash: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    pub(super) parent: Value,
    #[serde(default)]
    pub(super) properties: Map<String, Value>,
}

/// A database: tables, mostly one.
#[derive(Debug, Deserialize)]
pub(super) struct Database {
    pub(super) id: String,
    #[serde(default)]
    pub(super) in_trash: bool,
    #[serde(default)]
    pub(super) parent: Value,
    #[serde(default)]
    pub(super) data_sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    pub(super) id: String,
}

/// A person, or a program.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    /// Missing where only the id is told.
    #[serde(default)]
    pub(super) name: Option<String>,
}

impl Object {
    pub(super) fn is_page(&self) -> bool {
        self.kind == "page"
    }

    pub(super) fn is_gone(&self) -> bool {
        self.in_trash || self.archived
    }

    /// The page's own title.
    pub(super) fn title(&self) -> Option<String> {
        let title = |property: &Value| (property["type"] == "title").then(|| plain(&property["title"]));
        let title = self.properties.values().find_map(title)?;
        (!title.trim().is_empty()).then_some(title)
    }

    /// The people in its properties.
    pub(super) fn owners(&self) -> Vec<String> {
        let people = self
            .properties
            .values()
            .flat_map(|property| items(&property["people"]));
        people.filter_map(|person| text(&person["name"])).collect()
    }

    /// What its properties say, except the title: `Status: Done, Due: 2026-01-02.`
    pub(super) fn about(&self) -> String {
        let said = self.properties.iter().filter_map(|(name, property)| {
            let value = shown(property);
            (!value.trim().is_empty()).then(|| format!("{name}: {value}"))
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() {
            return String::new();
        }
        format!("{}.", said.join(", "))
    }
}

/// Rich text without its marks.
pub(super) fn plain(rich: &Value) -> String {
    items(rich)
        .filter_map(|piece| piece["plain_text"].as_str())
        .collect()
}

/// The value of a property. What only the program keeps (when it was made, relations by id) says nothing to a reader.
fn shown(property: &Value) -> String {
    let kind = property["type"].as_str().unwrap_or_default();
    let value = &property[kind];
    match kind {
        "rich_text" => plain(value),
        "select" | "status" => text(&value["name"]).unwrap_or_default(),
        "multi_select" | "people" => {
            let names: Vec<String> = items(value).filter_map(|item| text(&item["name"])).collect();
            names.join(" and ")
        }
        "date" => {
            let ends = [&value["start"], &value["end"]].map(text);
            ends.into_iter().flatten().collect::<Vec<_>>().join(" to ")
        }
        "number" | "url" | "email" | "phone_number" | "string" | "boolean" => text(value).unwrap_or_default(),
        "checkbox" if value == &Value::Bool(true) => "yes".to_owned(),
        "unique_id" => {
            let parts = [&value["prefix"], &value["number"]].map(text);
            parts.into_iter().flatten().collect::<Vec<_>>().join("-")
        }
        // The result of a formula is a value with its type.
        "formula" => shown(value),
        _ => String::new(),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(if *value { "yes" } else { "no" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
