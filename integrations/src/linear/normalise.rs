//! Purpose: what an event of Linear says, as moves of issues. Pure.
//!
//! Source: <https://linear.app/developers/webhooks>. `updatedFrom` holds what the changed fields were before. Bodies from
//! before `identifier` and `actor` were sent are read as well.

mod polled;

pub(super) use polled::CHANGE;

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::issue::Move;
use em_domain::pull_request::{Account, PullRequestKey};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use crate::payload::{Text, Time, filled, read};
use crate::tracker::{WorkItem, account, key, parse_key};

/// What `event` states, or which field could not be read.
pub(super) fn changes(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        "Issue.create" => read::<Event>(&event.payload)?.created(),
        "Issue.update" => read::<Event>(&event.payload)?.updated(),
        polled::CHANGE => polled::changes(&event.payload),
        kind if is_aside(kind) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

/// Events about something else than who moved which issue.
fn is_aside(kind: &str) -> bool {
    let Some((kind, action)) = kind.split_once('.') else {
        return false;
    };
    match kind {
        "Issue" => matches!(action, "remove" | "restore"),
        "AgentSessionEvent"
        | "AppUserNotification"
        | "Attachment"
        | "AuditEntry"
        | "Comment"
        | "Customer"
        | "CustomerNeed"
        | "CustomerRequest"
        | "Cycle"
        | "Document"
        | "Initiative"
        | "InitiativeUpdate"
        | "IssueAttachment"
        | "IssueLabel"
        | "IssueRelation"
        | "IssueSLA"
        | "OAuthApp"
        | "OAuthAuthorization"
        | "PermissionChange"
        | "Project"
        | "ProjectLabel"
        | "ProjectMilestone"
        | "ProjectUpdate"
        | "Reaction"
        | "Release"
        | "Team"
        | "User" => true,
        _ => false,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    created_at: Time,
    data: Data,
    url: Option<Text>,
    actor: Option<Actor>,
    #[serde(default)]
    updated_from: Before,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    identifier: Option<Text>,
    number: Option<i64>,
    team: Option<Team>,
    title: Option<Text>,
    url: Option<Text>,
    state: Option<State>,
    assignee: Option<Person>,
    creator: Option<Person>,
    creator_id: Option<Text>,
    created_at: Option<Time>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    canceled_at: Option<Time>,
}

/// When an issue came to be what it is.
#[derive(Debug, Clone, Copy)]
struct Times {
    started: Option<Time>,
    completed: Option<Time>,
    canceled: Option<Time>,
}

impl Times {
    /// What a state of this type means, and when the issue came into it last; none for work that was not begun.
    fn meaning(&self, kind: &str) -> Option<(Move, Option<Time>)> {
        match kind {
            "started" => Some((Move::Started, self.started)),
            "completed" => Some((Move::Closed, self.completed)),
            "canceled" | "duplicate" => Some((Move::Closed, self.canceled)),
            _ => None,
        }
    }
}

impl Data {
    fn times(&self) -> Times {
        Times {
            started: self.started_at,
            completed: self.completed_at,
            canceled: self.canceled_at,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Team {
    key: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct State {
    #[serde(rename = "type")]
    kind: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Person {
    id: Option<Text>,
    name: Option<Text>,
}

/// Who did it: a person, or a program with a name.
#[derive(Debug, Deserialize)]
struct Actor {
    name: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
}

/// What changed: the fields that are there, with their former values.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Before {
    #[serde(deserialize_with = "is_there")]
    state_id: bool,
    #[serde(deserialize_with = "is_there")]
    assignee_id: bool,
    updated_at: Option<Time>,
}

/// That a field is there, whatever it holds: who had no assignee before had `null`.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl Event {
    fn created(self) -> Result<Vec<FactChange>, String> {
        let item = self.item()?;
        let at = self.data.created_at.unwrap_or(self.created_at).0;
        let opened = self.creator().map(|by| item.moved(Move::Opened, by, at));
        let assigned = self.assignee().map(|by| item.moved(Move::Assigned, by, at));
        let state = self.state_moved(&item);
        Ok(opened.into_iter().chain(assigned).chain(state).collect())
    }

    fn updated(self) -> Result<Vec<FactChange>, String> {
        let item = self.item()?;
        let assigned = self.assignee().filter(|_| self.updated_from.assignee_id);
        let assigned = assigned.map(|by| item.moved(Move::Assigned, by, self.created_at.0));
        let state = self
            .updated_from
            .state_id
            .then(|| self.state_moved(&item))
            .flatten();
        Ok(assigned.into_iter().chain(state).collect())
    }

    fn item(&self) -> Result<WorkItem, String> {
        let key = self
            .key()
            .ok_or("data.identifier: not there, nor are team.key and number")?;
        Ok(WorkItem {
            seen_at: self.created_at.0,
            title: filled(self.data.title.clone()).unwrap_or_else(|| key.to_string()),
            key,
            url: filled(self.url.clone())
                .or_else(|| filled(self.data.url.clone()))
                .unwrap_or_default(),
        })
    }

    fn key(&self) -> Option<PullRequestKey> {
        let identifier = self.data.identifier.as_ref();
        identifier
            .and_then(|text| parse_key("linear", &text.0))
            .or_else(|| {
                let team = self.data.team.as_ref()?.key.as_ref()?;
                key("linear", &team.0, self.data.number?)
            })
    }

    fn actor(&self) -> Option<Account> {
        let actor = self.actor.as_ref()?;
        let is_person = actor.kind.as_ref().is_none_or(|kind| kind.0 == "user");
        let name = actor.name.as_ref().filter(|name| !name.0.is_empty())?;
        Some(account(&name.0, !is_person))
    }

    fn assignee(&self) -> Option<Account> {
        let name = filled(self.data.assignee.as_ref()?.name.clone())?;
        Some(account(&name, false))
    }

    /// Who wrote it. Bodies without `actor` tell the writer's id alone, unless the writer took it on.
    fn creator(&self) -> Option<Account> {
        let named = || filled(self.data.creator.as_ref()?.name.clone());
        let id = || filled(self.data.creator_id.clone());
        let own = || {
            let assignee = self.data.assignee.as_ref()?;
            (assignee.id.is_some() && assignee.id == self.data.creator_id).then_some(())?;
            filled(assignee.name.clone())
        };
        self.actor().or_else(|| {
            let name = named().or_else(own).or_else(id)?;
            Some(account(&name, false))
        })
    }

    fn state_moved(&self, item: &WorkItem) -> Option<FactChange> {
        let state = self.data.state.as_ref()?.kind.as_ref()?;
        let (kind, at) = self.data.times().meaning(&state.0)?;
        let at = self.set_now(at)?;
        self.actor().map(|by| item.moved(kind, by, at))
    }

    /// When it came to be so, unless it was so already before this update: from "in progress" to "in review" nothing begins.
    fn set_now(&self, at: Option<Time>) -> Option<DateTime<Utc>> {
        let was_before =
            matches!((at, self.updated_from.updated_at), (Some(at), Some(before)) if at <= before);
        (!was_before).then_some(at.unwrap_or(self.created_at).0)
    }
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn said(kind: &str, payload: &Value) -> Result<Vec<String>, String> {
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("linear").unwrap(),
            delivery_key: "k".to_owned(),
            event_type: kind.to_owned(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload: payload.to_string().into_bytes(),
        };
        let line = |change| {
            let FactChange::IssueMove(fact) = change else {
                panic!("{change:?}")
            };
            format!(
                "{} {} {}{} {}",
                fact.issue,
                fact.kind.as_str(),
                fact.by.login,
                if fact.by.is_bot { " (bot)" } else { "" },
                fact.at.format("%H:%M:%S")
            )
        };
        changes(&event).map(|changes| changes.into_iter().map(line).collect())
    }

    fn moved(kind: &str, times: &Value) -> Value {
        let mut data = json!({
            "identifier": "ENG-7", "title": "T", "state": { "type": kind }, "assignee": { "name": "Ben" },
        });
        for (name, at) in times.as_object().unwrap() {
            data[name] = at.clone();
        }
        json!({
            "createdAt": "2026-06-04T12:00:00Z",
            "actor": { "name": "Ana", "type": "user" },
            "data": data,
            "updatedFrom": { "updatedAt": "2026-06-04T11:00:00Z", "stateId": "s" },
        })
    }

    #[test]
    fn the_type_of_the_state_tells_what_a_move_means() {
        let now = "2026-06-04T12:00:00Z";
        for (kind, times, expected) in [
            ("triage", json!({}), &[][..]),
            ("backlog", json!({}), &[]),
            ("unstarted", json!({}), &[]),
            (
                "started",
                json!({ "startedAt": now }),
                &["ENG-7 started Ana 12:00:00"],
            ),
            ("started", json!({}), &["ENG-7 started Ana 12:00:00"]),
            (
                "completed",
                json!({ "completedAt": now }),
                &["ENG-7 closed Ana 12:00:00"],
            ),
            (
                "canceled",
                json!({ "canceledAt": now }),
                &["ENG-7 closed Ana 12:00:00"],
            ),
            ("a new one", json!({}), &[]),
        ] {
            let found = said("Issue.update", &moved(kind, &times)).unwrap();
            assert_eq!(found, expected, "{kind} {times}");
        }
    }

    #[test]
    fn a_move_between_states_of_one_type_says_nothing() {
        let before = "2026-06-04T10:00:00Z";
        let review = moved("started", &json!({ "startedAt": before }));
        assert_eq!(said("Issue.update", &review), Ok(Vec::new()));
        let duplicate = moved("completed", &json!({ "completedAt": before }));
        assert_eq!(said("Issue.update", &duplicate), Ok(Vec::new()));
    }

    #[test]
    fn an_issue_is_given_to_somebody_when_that_changed() {
        let mut payload = moved("unstarted", &json!({}));
        payload["updatedFrom"] = json!({ "assigneeId": null });
        assert_eq!(
            said("Issue.update", &payload).unwrap(),
            ["ENG-7 assigned Ben 12:00:00"]
        );
        payload["data"]["assignee"] = json!(null);
        assert_eq!(said("Issue.update", &payload), Ok(Vec::new()));
    }

    #[test]
    fn programs_are_known_and_older_bodies_name_nobody() {
        let mut payload = moved("completed", &json!({}));
        payload["actor"]["type"] = json!("integration");
        assert_eq!(
            said("Issue.update", &payload).unwrap(),
            ["ENG-7 closed Ana (bot) 12:00:00"]
        );
        payload["actor"] = json!(null);
        assert_eq!(
            said("Issue.update", &payload),
            Ok(Vec::new()),
            "nobody is named, so nobody is praised"
        );
        let mut payload = moved("unstarted", &json!({ "creatorId": "u-1" }));
        payload["actor"] = json!(null);
        let opened = |payload: &Value| said("Issue.create", payload).unwrap()[0].clone();
        assert_eq!(opened(&payload), "ENG-7 opened u-1 12:00:00");
        payload["data"]["assignee"] = json!({ "id": "u-1", "name": "Ben" });
        assert_eq!(opened(&payload), "ENG-7 opened Ben 12:00:00");
    }

    #[test]
    fn without_an_identifier_team_and_number_are_the_key() {
        let mut payload = moved("completed", &json!({ "number": 44 }));
        payload["data"]["identifier"] = json!(null);
        let missing = said("Issue.update", &payload).unwrap_err();
        assert!(missing.starts_with("data.identifier"), "{missing}");
        payload["data"]["team"] = json!({ "key": "WEB" });
        assert_eq!(
            said("Issue.update", &payload).unwrap(),
            ["WEB-44 closed Ana 12:00:00"]
        );
    }

    #[test]
    fn what_says_nothing_is_known_and_what_is_unknown_is_said_to_be() {
        for kind in ["Comment.create", "Project.update", "Issue.remove"] {
            assert_eq!(said(kind, &json!({})), Ok(Vec::new()), "{kind}");
        }
        for kind in ["Issue.vanish", "Dream.create", "unknown"] {
            assert!(
                said(kind, &json!({})).unwrap_err().contains("unknown event type"),
                "{kind}"
            );
        }
    }
}
