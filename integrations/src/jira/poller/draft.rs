//! Purpose: an issue and its history as the webhooks would have told of them. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::changelog::{History, Item};
use super::{Issue, User};
use crate::jira::change_key;
use crate::jira::normalise::SAME_CHANGE;
use crate::poll::feed::Draft;

/// The category of each status by the status's id.
type Categories = HashMap<String, String>;

/// An issue with what is known of it.
struct Told<'a> {
    issue: &'a Issue,
    /// Oldest first.
    histories: Vec<&'a History>,
    categories: &'a Categories,
}

/// What happened to the issue since then, oldest first.
pub(super) fn drafts(issue: &Issue, categories: &Categories, since: DateTime<Utc>) -> Vec<Draft> {
    let mut histories: Vec<&History> = issue.changelog.histories.iter().collect();
    histories.sort_by_key(|history| (history.created, history.id.parse::<u64>().ok()));
    let told = Told {
        issue,
        histories,
        categories,
    };
    let created = (issue.fields.created.0 >= since).then(|| told.created());
    let new = told.histories.iter().filter(|history| history.created.0 >= since);
    let changed = new.filter_map(|history| told.changed(history));
    created.into_iter().chain(changed).collect()
}

impl Told<'_> {
    /// The issue as it was when it was made: what became of it since is taken back by its history.
    fn created(&self) -> Draft {
        let fields = &self.issue.fields;
        let first = |field: &str| self.histories.iter().find_map(|history| history.item(field));
        let at = fields.created.0;
        let assignee = match first("assignee") {
            Some(given) => before(given),
            None => fields.assignee.clone(),
        };
        let status = match first("status") {
            Some(moved) => moved.from.as_ref(),
            None => fields.status.as_ref().map(|status| &status.id),
        };
        let has_moved = self.histories.iter().any(|history| self.is_move(history));
        let shown = json!({
            "summary": first("summary").map_or_else(|| self.title(), |renamed| renamed.from_shown.as_deref()),
            "creator": fields.creator, "assignee": assignee, "created": stamp(at),
            "status": status.map(|id| self.status(id)),
            "statuscategorychangedate": stamp(self.category_changed(at, !has_moved)),
        });
        Draft {
            event_type: "jira:issue_created".to_owned(),
            delivery_key: format!("poll:created:{}", self.issue.id.0),
            occurred_at: Some(at),
            payload: json!({
                "timestamp": at.timestamp_millis(), "webhookEvent": "jira:issue_created",
                "user": fields.creator, "issue": self.shown(&shown),
                "changelog": { "items": [{ "field": "status", "to": status }] },
            }),
        }
    }

    /// A change, unless it is about what says nothing here.
    fn changed(&self, history: &History) -> Option<Draft> {
        let told = ["status", "assignee", "resolution"];
        let items: Vec<&Item> = told.iter().filter_map(|field| history.item(field)).collect();
        let (moved, given) = (history.item("status"), history.item("assignee"));
        moved.or(given)?;
        let at = history.created.0;
        let later = self.histories.iter().skip_while(|other| other.id != history.id);
        let mut later = later.skip(1);
        let is_move = self.is_move(history);
        let is_last = !later.clone().any(|history| self.is_move(history));
        let renamed = later.find_map(|history| history.item("summary"));
        let to = moved.and_then(|moved| moved.to.as_ref());
        let assignee = self.issue.fields.assignee.as_ref();
        let given = given.and_then(|given| given.to.as_ref());
        let has_it_still = |user: &&User| given.is_some() && user.account_id.as_ref() == given;
        let shown = json!({
            "summary": renamed.map_or_else(|| self.title(), |renamed| renamed.from_shown.as_deref()),
            "assignee": assignee.filter(has_it_still),
            // Within a category nothing was begun or done, and since when it was nobody tells.
            "status": to.filter(|_| is_move).map(|to| self.status(to)),
            "statuscategorychangedate": is_move.then(|| stamp(self.category_changed(at, is_last))),
        });
        Some(Draft {
            event_type: "jira:issue_updated".to_owned(),
            delivery_key: change_key(&self.issue.id.0, &history.id),
            occurred_at: Some(at),
            payload: json!({
                "timestamp": at.timestamp_millis(), "webhookEvent": "jira:issue_updated", "user": history.author,
                "issue": self.shown(&shown), "changelog": { "id": history.id, "items": items },
            }),
        })
    }

    /// Whether the change moved the issue to another category.
    fn is_move(&self, history: &History) -> bool {
        let category = |id: &Option<String>| self.categories.get(id.as_ref()?);
        let moved = history.item("status");
        moved.is_some_and(|moved| category(&moved.from) != category(&moved.to))
    }

    /// The present title.
    fn title(&self) -> Option<&str> {
        let summary = self.issue.fields.summary.as_ref();
        summary.map(|title| title.0.as_str())
    }

    fn status(&self, id: &str) -> Value {
        match self.categories.get(id).filter(|key| !key.is_empty()) {
            Some(key) => json!({ "id": id, "statusCategory": { "key": key } }),
            None => json!({ "id": id }),
        }
    }

    /// When the move at `at` changed the category. Of the last one the issue tells it itself, in the words of its webhooks.
    fn category_changed(&self, at: DateTime<Utc>, is_last: bool) -> DateTime<Utc> {
        let own = self.issue.fields.statuscategorychangedate.map(|own| own.0);
        let own = own.filter(|own| is_last && (*own - at).abs() <= SAME_CHANGE);
        own.unwrap_or(at)
    }

    fn shown(&self, fields: &Value) -> Value {
        let Issue { id, key, address, .. } = self.issue;
        let address = address.as_ref().map(|text| &text.0);
        json!({ "id": id.0, "key": key.0, "self": address, "fields": fields })
    }
}

/// Who had it before it was given to somebody else.
fn before(given: &Item) -> Option<User> {
    Some(User {
        account_id: Some(given.from.clone()?),
        account_type: None,
        display_name: given.from_shown.clone(),
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}
