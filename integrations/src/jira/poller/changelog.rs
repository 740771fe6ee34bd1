//! Purpose: the history of an issue: what a search shows of it, and the rest where it shows too little.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Issue, JiraFeed, User};
use crate::payload::Time;
use crate::rest::ReadError;

/// A search shows the newest changes of an issue, these at most
/// (<https://github.com/faros-ai/airbyte-connectors/pull/2003>); its `total` may be just what it shows.
const SHOWN: usize = 40;
/// Changes in one answer about one issue.
const CHANGES: usize = 100;
/// Changes of one issue that are read: more are made by a program that went wrong.
const MOST_CHANGES: usize = 2_000;

/// What a search shows of the history.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Changelog {
    #[serde(default)]
    total: usize,
    /// In any order.
    #[serde(default)]
    pub(super) histories: Vec<History>,
}

/// What one person changed at once.
#[derive(Debug, Deserialize)]
pub(super) struct History {
    pub(super) id: String,
    pub(super) author: Option<User>,
    pub(super) created: Time,
    #[serde(default)]
    pub(super) items: Vec<Item>,
}

/// What became of one field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) field: String,
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default, rename = "fromString")]
    pub(super) from_shown: Option<String>,
    #[serde(default)]
    pub(super) to: Option<String>,
    #[serde(default, rename = "toString")]
    pub(super) to_shown: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    values: Vec<History>,
    #[serde(default)]
    is_last: bool,
}

impl History {
    /// What it says of a field. A change has one item for each field.
    pub(super) fn item(&self, field: &str) -> Option<&Item> {
        self.items
            .iter()
            .find(|item| item.field.eq_ignore_ascii_case(field))
    }
}

impl Changelog {
    /// The ids of all statuses that it names.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &str> {
        let items = self.histories.iter().filter_map(|history| history.item("status"));
        items
            .flat_map(|item| [&item.from, &item.to])
            .flatten()
            .map(String::as_str)
    }

    fn is_complete_since(&self, since: DateTime<Utc>) -> bool {
        let shown = self.histories.len();
        let is_whole = shown < SHOWN && shown >= self.total;
        is_whole || self.histories.iter().any(|history| history.created.0 < since)
    }
}

impl JiraFeed {
    /// Adds the changes since then that the search did not show.
    pub(super) async fn complete(&self, issue: &mut Issue, since: DateTime<Utc>) -> Result<(), ReadError> {
        if issue.changelog.is_complete_since(since) {
            return Ok(());
        }
        let histories = &mut issue.changelog.histories;
        let mut known: HashSet<String> = histories.iter().map(|history| history.id.clone()).collect();
        let path = format!("/rest/api/3/issue/{}/changelog", issue.id.0);
        let mut start = 0;
        while start < MOST_CHANGES {
            let (from, size) = (start.to_string(), CHANGES.to_string());
            let query = [("startAt", from.as_str()), ("maxResults", size.as_str())];
            let listed: Listed = self.rest.page(&path, &query).await?.body;
            start += listed.values.len();
            let is_last = listed.is_last || listed.values.is_empty();
            let values = listed.values.into_iter();
            histories.extend(values.filter(|history| known.insert(history.id.clone())));
            if is_last {
                break;
            }
        }
        Ok(())
    }
}
