//! Purpose: an issue and its history as events: the creation as its webhook tells it, the changes as the history does. Pure.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::query::{Change, Issue, Person};
use crate::linear::normalise::CHANGE;
use crate::poll::feed::Draft;

/// What happened to the issue since then, oldest first.
pub(super) fn drafts(issue: &Issue, since: DateTime<Utc>) -> Vec<Draft> {
    let mut entries: Vec<&Change> = issue.history.nodes.iter().collect();
    entries.sort_by_key(|entry| entry.created_at);
    let created = (issue.created_at >= since).then(|| created(issue, &entries));
    let changed = entries
        .iter()
        .filter(|change| change.created_at >= since)
        .filter(|change| change.to_state.is_some() || change.to_assignee.is_some())
        .map(|change| changed(issue, change));
    created.into_iter().chain(changed).collect()
}

/// The issue as it was when it was made: what became of it since is taken back by its history.
fn created(issue: &Issue, entries: &[&Change]) -> Draft {
    let mut moves = entries.iter().filter(|change| change.to_state.is_some());
    let state = match moves.next() {
        Some(entry) => entry.from_state.as_ref(),
        None => Some(&issue.state),
    };
    let is_given = |change: &&&Change| change.from_assignee.is_some() || change.to_assignee.is_some();
    let assignee = match entries.iter().find(is_given) {
        Some(given) => given.from_assignee.as_ref(),
        None => issue.assignee.as_ref(),
    };
    let mut data = json!(issue);
    data["state"] = json!(state);
    data["assignee"] = json!(assignee);
    Draft {
        event_type: "Issue.create".to_owned(),
        delivery_key: format!("poll:created:{}", issue.id),
        occurred_at: Some(issue.created_at),
        payload: json!({
            "action": "create", "type": "Issue", "createdAt": issue.created_at, "data": data, "url": issue.url,
            "actor": actor(issue.creator.as_ref(), issue.bot_actor.as_ref()),
        }),
    }
}

/// Who did it, as webhooks name them.
fn actor(person: Option<&Person>, program: Option<&Person>) -> Value {
    let kind = if person.is_some_and(|person| !person.app) {
        "user"
    } else {
        "integration"
    };
    let name = person.or(program).and_then(|actor| actor.name.as_ref());
    name.map_or(Value::Null, |name| json!({ "name": name, "type": kind }))
}

fn changed(issue: &Issue, change: &Change) -> Draft {
    Draft {
        event_type: CHANGE.to_owned(),
        delivery_key: format!("poll:{}", change.id),
        occurred_at: Some(change.created_at),
        payload: json!({ "issue": issue, "change": change }),
    }
}
