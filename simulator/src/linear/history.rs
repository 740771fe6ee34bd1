//! Purpose: what happens to issues of the pretend Linear, as its webhooks tell it and as its histories keep it.
//! Source: <https://linear.app/developers/webhooks>.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{LinearSimulator, State, stamp};

/// Names and types.
pub(super) const STATES: [(&str, &str); 5] = [
    ("Todo", "unstarted"),
    ("In Progress", "started"),
    ("In Review", "started"),
    ("Done", "completed"),
    ("Canceled", "canceled"),
];

/// A state by its name; an unknown one is to do.
pub(super) fn state(name: &str) -> Value {
    let known = STATES.iter().find(|(known, _)| *known == name);
    let (name, kind) = known.unwrap_or(&STATES[0]);
    json!({ "id": format!("state-{name}"), "name": name, "type": kind })
}

pub(super) fn person(name: &str) -> Value {
    json!({ "id": format!("user-{name}"), "name": name, "app": false })
}

impl LinearSimulator {
    /// Creates an issue that nobody has and that is to do. Gives its identifier, and what the webhook tells.
    pub fn open(&self, team: &str, title: &str, by: &str, at: DateTime<Utc>) -> (String, Value) {
        self.desk.with(|world| {
            let identifier = world.add(
                team,
                json!({
                    "title": title, "createdAt": stamp(at), "updatedAt": stamp(at), "state": state("Todo"),
                    "creator": person(by),
                }),
            );
            let issue = world.issues.last().cloned().unwrap_or_default();
            (identifier, told("create", &issue, by, at, &json!({})))
        })
    }

    /// Gives an issue to somebody, or takes it from everybody. Gives what the webhook tells.
    pub fn assign(&self, identifier: &str, by: &str, to: Option<&str>, at: DateTime<Utc>) -> Value {
        let given = to.map_or(Value::Null, person);
        self.changed(identifier, by, at, |issue| {
            let taken = std::mem::replace(&mut issue["assignee"], given.clone());
            let before = json!({ "assigneeId": taken["id"] });
            (
                json!({ "fromAssignee": taken, "toAssignee": given.clone() }),
                before,
            )
        })
    }

    /// Moves an issue to a state: *Todo*, *In Progress*, *In Review*, *Done* or *Canceled*. Gives what the webhook tells.
    pub fn transition(&self, identifier: &str, by: &str, to: &str, at: DateTime<Utc>) -> Value {
        self.changed(identifier, by, at, |issue| moved(issue, &state(to), at))
    }

    /// Changes the title of an issue. Gives what the webhook tells.
    pub fn rename(&self, identifier: &str, by: &str, title: &str, at: DateTime<Utc>) -> Value {
        self.changed(identifier, by, at, |issue| {
            let old = std::mem::replace(&mut issue["title"], json!(title));
            (json!({}), json!({ "title": old }))
        })
    }

    fn changed(
        &self,
        identifier: &str,
        by: &str,
        at: DateTime<Utc>,
        act: impl FnOnce(&mut Value) -> (Value, Value),
    ) -> Value {
        self.desk.with(|world| world.changed(identifier, by, at, act))
    }
}

impl State {
    pub(super) fn changed(
        &mut self,
        identifier: &str,
        by: &str,
        at: DateTime<Utc>,
        act: impl FnOnce(&mut Value) -> (Value, Value),
    ) -> Value {
        let mut issues = self.issues.iter_mut();
        let Some(issue) = issues.find(|issue| issue["identifier"] == identifier) else {
            return Value::Null;
        };
        let (change, mut before) = act(issue);
        before["updatedAt"] = issue["updatedAt"].clone();
        issue["updatedAt"] = json!(stamp(at));
        // The history is written a moment after the change.
        let noted = stamp(at + TimeDelta::milliseconds(4));
        let of_issue = issue["id"].clone();
        if let Some(history) = issue["history"]["__list"].as_array_mut() {
            let mut entry = json!({
                "id": format!("{}:{}", of_issue.as_str().unwrap_or_default(), history.len()),
                "createdAt": noted, "updatedAt": noted, "actor": person(by), "botActor": null,
                "fromState": null, "toState": null, "fromAssignee": null, "toAssignee": null,
            });
            for (name, value) in change.as_object().into_iter().flatten() {
                entry[name] = value.clone();
            }
            history.insert(0, entry);
        }
        told("update", issue, by, at, &before)
    }
}

/// What a move to a state changes, and what was before.
pub(super) fn moved(issue: &mut Value, new: &Value, at: DateTime<Utc>) -> (Value, Value) {
    let old = std::mem::replace(&mut issue["state"], new.clone());
    let mut before = json!({ "stateId": old["id"] });
    let field = match new["type"].as_str() {
        Some("started") => "startedAt",
        Some("completed") => "completedAt",
        Some("canceled") => "canceledAt",
        _ => "",
    };
    if !field.is_empty() && old["type"] != new["type"] {
        before[field] = std::mem::replace(&mut issue[field], json!(stamp(at)));
    }
    (json!({ "fromState": old, "toState": new.clone() }), before)
}

/// What the webhook tells: the issue without its lists, who did it, and what was before.
fn told(action: &str, issue: &Value, by: &str, at: DateTime<Utc>, before: &Value) -> Value {
    let fields = issue.as_object().into_iter().flatten();
    let data: Map<String, Value> = fields
        .filter(|(_, value)| value.get("__list").is_none())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let who = person(by);
    json!({
        "action": action, "type": "Issue", "createdAt": stamp(at), "data": data, "url": issue["url"],
        "actor": { "id": who["id"], "name": by, "type": "user" }, "updatedFrom": before,
        "organizationId": "org", "webhookTimestamp": at.timestamp_millis() + 250,
    })
}
