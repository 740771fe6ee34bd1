//! Purpose: an issue and what happened to it, as bodies of Sentry's webhooks.
//!
//! The kinds of activity are those of `sentry.types.activity.ActivityType`
//! (<https://github.com/getsentry/sentry/blob/master/src/sentry/types/activity.py>).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::payload::{Text, Time};
use crate::poll::feed::Draft;

/// Something that happened to an issue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    id: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    date_created: Option<Time>,
}

/// How far an issue got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Unresolved,
    Resolved,
    Archived,
}

impl Status {
    fn of(issue: &Value) -> Self {
        match issue["status"].as_str() {
            Some("resolved") => Self::Resolved,
            Some("ignored" | "muted") => Self::Archived,
            _ => Self::Unresolved,
        }
    }

    /// As in the field `status`.
    fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Archived => "ignored",
        }
    }

    /// The webhook that tells it.
    fn action(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Archived => "archived",
        }
    }
}

/// What an activity means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Came(Status),
    /// It counts only where it ends an archiving: an open issue that gets worse stays open.
    Woke,
    Assigned,
    Unassigned,
}

fn says(kind: &str) -> Option<Says> {
    Some(match kind {
        "set_resolved" | "set_resolved_in_release" | "set_resolved_by_age" => Says::Came(Status::Resolved),
        "set_unresolved" | "set_regression" => Says::Came(Status::Unresolved),
        "set_ignored" => Says::Came(Status::Archived),
        "set_escalating" => Says::Woke,
        "assigned" => Says::Assigned,
        "unassigned" => Says::Unassigned,
        _ => return None,
    })
}

/// A moment of an issue's life.
struct Moment<'a> {
    key: String,
    event_type: &'static str,
    action: &'static str,
    at: Time,
    status: Status,
    issue: &'a Value,
}

/// What the webhooks would have told of `issue`, if somebody had listened.
pub(super) fn drafts(issue: &Value, activity: &[Activity]) -> Vec<Draft> {
    let Some(id) = issue["id"].as_str() else {
        return Vec::new();
    };
    let mut moments = Vec::new();
    if let Some(at) = issue["firstSeen"].as_str().and_then(Time::parse) {
        moments.push(Moment {
            key: format!("poll:issue:{id}:created"),
            event_type: "issue.created",
            action: "created",
            at,
            status: Status::Unresolved,
            issue,
        });
    }
    moments.extend(life(issue, activity));
    moments.sort_by_key(|moment| moment.at);
    let last = moments.len().saturating_sub(1);
    let numbered = moments.into_iter().enumerate();
    numbered
        .map(|(number, moment)| moment.draft(number == last))
        .collect()
}

fn life<'a>(issue: &'a Value, activity: &[Activity]) -> Vec<Moment<'a>> {
    let dated = |one: &Activity| {
        let (id, kind) = (one.id.as_ref()?.0.clone(), one.kind.as_ref()?.0.clone());
        Some((one.date_created?, id, kind))
    };
    let mut all: Vec<(Time, String, String)> = activity.iter().filter_map(dated).collect();
    all.sort();
    let is_of_assignee = |kind: &str| matches!(says(kind), Some(Says::Assigned | Says::Unassigned));
    let last_assignment = all.iter().rposition(|(_, _, kind)| is_of_assignee(kind));
    let mut status = Status::Unresolved;
    let mut moments = Vec::new();
    for (number, (at, id, kind)) in all.iter().enumerate() {
        let (event_type, action) = match says(kind) {
            Some(Says::Came(new)) => {
                status = new;
                (event_type(new), new.action())
            }
            Some(Says::Woke) if status != Status::Unresolved => {
                status = Status::Unresolved;
                (event_type(status), status.action())
            }
            // To whom earlier ones gave it, the API does not tell by name.
            Some(Says::Assigned) if Some(number) == last_assignment => ("issue.assigned", "assigned"),
            Some(Says::Unassigned) if Some(number) == last_assignment => ("polled.unassigned", "unassigned"),
            _ => continue,
        };
        moments.push(Moment {
            key: format!("poll:activity:{id}"),
            event_type,
            action,
            at: *at,
            status,
            issue,
        });
    }
    let now = Status::of(issue);
    // A commit or a pull request resolves an issue without an activity of its own: when, only the mark of it tells.
    if let Some((at, id, _)) = all.last().filter(|_| status != now && now != Status::Unresolved) {
        moments.push(Moment {
            key: format!("poll:activity:{id}:{}", now.name()),
            event_type: event_type(now),
            action: now.action(),
            at: *at,
            status: now,
            issue,
        });
    }
    moments
}

fn event_type(status: Status) -> &'static str {
    match status {
        Status::Unresolved => "issue.unresolved",
        Status::Resolved => "issue.resolved",
        Status::Archived => "issue.archived",
    }
}

impl Moment<'_> {
    fn draft(self, is_the_last: bool) -> Draft {
        let mut issue = self.issue.clone();
        issue["status"] = json!(self.status.name());
        // Who has it now is known; who had it before is not.
        if !is_the_last && !self.event_type.ends_with("assigned") {
            issue["assignedTo"] = Value::Null;
        }
        Draft {
            event_type: self.event_type.to_owned(),
            delivery_key: self.key,
            occurred_at: Some(self.at.0),
            payload: json!({ "action": self.action, "data": { "issue": issue } }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: &str, activity: &[(&str, &str)]) -> Vec<String> {
        let issue = json!({
            "id": "77", "status": status, "firstSeen": "2026-06-01T00:00:00.5Z", "assignedTo": { "id": "1", "name": "Ada" }
        });
        let activity: Vec<Activity> = activity
            .iter()
            .map(|(kind, at)| {
                let one = json!({ "id": format!("{kind}{at}"), "type": kind, "data": {},
                    "dateCreated": format!("2026-06-{at}T00:00:00Z") });
                serde_json::from_value(one).unwrap()
            })
            .collect();
        let written = |draft: &Draft| {
            let issue = &draft.payload["data"]["issue"];
            format!(
                "{} {} {}",
                draft.event_type,
                issue["status"].as_str().unwrap(),
                issue["assignedTo"]["name"].as_str().unwrap_or("-")
            )
        };
        drafts(&issue, &activity).iter().map(written).collect()
    }

    #[test]
    fn every_moment_states_what_is_known_of_it() {
        let life = [
            ("set_regression", "05"),
            ("set_resolved_in_release", "03"),
            ("first_seen", "01"),
            ("assigned", "02"),
            ("note", "04"),
        ];
        let expected = [
            "issue.created unresolved -",
            "issue.assigned unresolved Ada",
            "issue.resolved resolved -",
            "issue.unresolved unresolved Ada",
        ];
        assert_eq!(told("unresolved", &life), expected);
        assert_eq!(told("unresolved", &[]), ["issue.created unresolved Ada"]);
    }

    #[test]
    fn what_gets_worse_is_news_only_if_it_was_archived() {
        let woke = [("set_ignored", "02"), ("set_escalating", "03")];
        assert_eq!(told("unresolved", &woke)[2], "issue.unresolved unresolved Ada");
        assert_eq!(told("unresolved", &woke[1..]).len(), 1);
    }

    #[test]
    fn an_issue_that_a_commit_resolved_is_resolved() {
        let life = [("set_resolved_in_commit", "02")];
        let expected = ["issue.created unresolved -", "issue.resolved resolved Ada"];
        assert_eq!(told("resolved", &life), expected);
        assert_eq!(
            told("unresolved", &life).len(),
            1,
            "it is not, before the commit is released"
        );
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert!(drafts(&json!({}), &[]).is_empty());
        assert!(drafts(&json!({ "id": "1", "status": "resolved" }), &[]).is_empty());
    }
}
