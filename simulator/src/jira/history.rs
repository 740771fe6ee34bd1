//! Purpose: what happens to issues of the pretend Jira, as its webhooks tell it and as its histories keep it.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/webhooks/#example-callback-for-an-issue-related-event>,
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-changelog-get>.

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{JiraSimulator, State, document, person, problem, stamp};
use crate::desk::{Asked, said};

/// Changes that a search shows of an issue at most.
const SHOWN: usize = 40;
/// Changes in one answer about one issue at most, so that tests need few of them to see the second.
const CHANGES: usize = 25;
/// Names, ids and categories.
pub(super) const STATUSES: [(&str, &str, &str); 4] = [
    ("To Do", "10000", "new"),
    ("In Progress", "3", "indeterminate"),
    ("In Review", "10001", "indeterminate"),
    ("Done", "10002", "done"),
];

/// A status by its name; an unknown one is to do.
pub(super) fn status(name: &str) -> Value {
    let known = STATUSES.iter().find(|(known, ..)| *known == name);
    let (name, id, category) = known.unwrap_or(&STATUSES[0]);
    json!({ "id": id, "name": name, "statusCategory": { "key": category, "name": category } })
}

pub(super) fn statuses() -> Value {
    STATUSES.iter().map(|(name, ..)| status(name)).collect()
}

/// The newest changes first, as a search shows them.
pub(super) fn newest(state: &State, key: &str) -> Value {
    let all = state.changes.get(key).map_or(&[][..], Vec::as_slice);
    let shown: Vec<&Value> = all.iter().rev().take(SHOWN).collect();
    json!({ "startAt": 0, "maxResults": shown.len(), "total": shown.len(), "histories": shown })
}

/// All changes of an issue, oldest first.
pub(super) fn listed(state: &State, id: &str, asked: &Asked) -> Response {
    let Some((key, _)) = state.issues.iter().find(|(_, issue)| issue["id"] == id) else {
        return problem(
            404,
            "Issue does not exist or you do not have permission to see it.",
        );
    };
    let number = |name: &str| asked.query.get(name)?.parse::<usize>().ok();
    let start = number("startAt").unwrap_or_default();
    let size = number("maxResults").unwrap_or(100).min(CHANGES);
    let all = state.changes.get(key).map_or(&[][..], Vec::as_slice);
    let values: Vec<&Value> = all.iter().skip(start).take(size).collect();
    let is_last = start + values.len() >= all.len();
    said(
        200,
        json!({ "startAt": start, "maxResults": size, "total": all.len(), "isLast": is_last, "values": values }),
    )
}

impl JiraSimulator {
    /// Creates an issue that nobody has and that is to do. Gives its key, and what the webhook tells.
    pub fn open(&self, project: &str, summary: &str, by: &str, at: DateTime<Utc>) -> (String, Value) {
        self.desk.with(|state| {
            let fields = json!({
                "summary": summary, "description": document(""), "issuetype": { "name": "Story" },
                "status": status("To Do"), "statuscategorychangedate": stamp(at), "labels": [], "assignee": null,
                "reporter": person(by), "creator": person(by), "updated": stamp(at), "created": stamp(at),
                "resolutiondate": null,
            });
            let key = state.add(project, &fields);
            let told = json!({
                "timestamp": told_at(at), "webhookEvent": "jira:issue_created", "user": person(by),
                "issue_event_type_name": "issue_created", "issue": state.issues[&key],
            });
            (key, told)
        })
    }

    /// Gives an issue to somebody, or takes it from everybody. Gives what the webhook tells.
    pub fn assign(&self, key: &str, by: &str, to: Option<&str>, at: DateTime<Utc>) -> Value {
        let given = to.map_or(Value::Null, person);
        self.changed(key, by, at, |fields| {
            let taken = std::mem::replace(&mut fields["assignee"], given.clone());
            vec![item(
                "assignee",
                (&taken["accountId"], &taken["displayName"]),
                (&given["accountId"], &given["displayName"]),
            )]
        })
    }

    /// Moves an issue to a status: *To Do*, *In Progress*, *In Review* or *Done*. Gives what the webhook tells.
    pub fn transition(&self, key: &str, by: &str, to: &str, at: DateTime<Utc>) -> Value {
        self.changed(key, by, at, |fields| moved(fields, &status(to), at))
    }

    /// Changes the title of an issue. Gives what the webhook tells.
    pub fn rename(&self, key: &str, by: &str, summary: &str, at: DateTime<Utc>) -> Value {
        self.changed(key, by, at, |fields| {
            let old = std::mem::replace(&mut fields["summary"], json!(summary));
            vec![item(
                "summary",
                (&Value::Null, &old),
                (&Value::Null, &json!(summary)),
            )]
        })
    }

    fn changed(
        &self,
        key: &str,
        by: &str,
        at: DateTime<Utc>,
        act: impl FnOnce(&mut Value) -> Vec<Value>,
    ) -> Value {
        self.desk.with(|state| state.changed(key, by, at, act))
    }
}

impl State {
    pub(super) fn changed(
        &mut self,
        key: &str,
        by: &str,
        at: DateTime<Utc>,
        act: impl FnOnce(&mut Value) -> Vec<Value>,
    ) -> Value {
        let id = (10_200 + self.changes.values().map(Vec::len).sum::<usize>()).to_string();
        let Some(issue) = self.issues.get_mut(key) else {
            return Value::Null;
        };
        let items = act(&mut issue["fields"]);
        issue["fields"]["updated"] = json!(stamp(at));
        let change = json!({ "id": id, "author": person(by), "created": stamp(at), "items": items });
        let told = json!({
            "timestamp": told_at(at), "webhookEvent": "jira:issue_updated", "user": person(by),
            "issue_event_type_name": "issue_generic", "issue": issue,
            "changelog": { "id": id, "items": items },
        });
        self.changes.entry(key.to_owned()).or_default().push(change);
        told
    }
}

/// What a move to a status changes.
pub(super) fn moved(fields: &mut Value, new: &Value, at: DateTime<Utc>) -> Vec<Value> {
    let old = std::mem::replace(&mut fields["status"], new.clone());
    let mut items = vec![item(
        "status",
        (&old["id"], &old["name"]),
        (&new["id"], &new["name"]),
    )];
    if old["statusCategory"] != new["statusCategory"] {
        // It is noted a moment before the change itself.
        fields["statuscategorychangedate"] = json!(stamp(at - TimeDelta::milliseconds(7)));
        let is_done = new["statusCategory"]["key"] == "done";
        fields["resolutiondate"] = if is_done { json!(stamp(at)) } else { Value::Null };
        if is_done {
            let done = (&json!("10000"), &json!("Done"));
            items.push(item("resolution", (&Value::Null, &Value::Null), done));
        }
    }
    items
}

/// The webhook is made a moment after the change.
fn told_at(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis() + 30
}

fn item(field: &str, (from, from_shown): (&Value, &Value), (to, to_shown): (&Value, &Value)) -> Value {
    json!({
        "field": field, "fieldtype": "jira", "fieldId": field,
        "from": from, "fromString": from_shown, "to": to, "toString": to_shown,
    })
}
