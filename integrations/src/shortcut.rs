//! Purpose: `POST /webhooks/shortcut`: how Shortcut signs and names its deliveries, and the moves of stories that they tell.
//!
//! Source: <https://developer.shortcut.com/api/webhook/v1>. One body tells of one change, which may touch several things;
//! the action about `primary_id` leads. People are told by their ids alone.

pub(crate) mod poller;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::issue::Move;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use crate::payload::{First, Text, Time, filled, read};
use crate::proof::Proof;
use crate::signature::Signed;
use crate::tracker::{WorkItem, account, key};
use crate::webhook::{Said, Vendor};

/// Shortcut's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "shortcut",
    title: "Shortcut",
    proof: Proof::Signed(SIGNED),
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| changes(event),
};

const SIGNED: Signed = Signed::hex("Payload-Signature", "");

#[derive(Default, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    changed_at: Option<Time>,
    #[serde(default)]
    primary_id: Id,
    #[serde(borrow, default)]
    actions: First<Leading<'a>, 1000>,
}

#[derive(Deserialize)]
struct Leading<'a> {
    #[serde(default)]
    id: Id,
    #[serde(borrow)]
    entity_type: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
}

/// What the body says of itself; a body that says nothing is kept all the same.
fn said(payload: &[u8]) -> Said {
    let body: Body<'_> = serde_json::from_slice(payload).unwrap_or_default();
    let actions = &body.actions.0;
    let leads = |action: &&Leading<'_>| action.id.0.is_some() && action.id == body.primary_id;
    let leading = actions.iter().find(leads);
    let event_type = leading
        .or(actions.first())
        .map(|action| format!("{}.{}", action.entity_type, action.action));
    Said {
        event_type: event_type.unwrap_or_default(),
        delivery_key: body.id.map(Cow::into_owned),
        occurred_at: body.changed_at.map(|at| at.0),
    }
}

#[derive(Debug, Deserialize)]
struct Change {
    changed_at: Time,
    member_id: Option<Text>,
    #[serde(default)]
    actions: First<Touched, 1000>,
    #[serde(default)]
    references: First<Reference, 5000>,
}

/// One of the things that the change touched, and what happened to it.
#[derive(Debug, Deserialize)]
struct Touched {
    #[serde(default)]
    id: Id,
    entity_type: Text,
    action: Text,
    name: Option<Text>,
    app_url: Option<Text>,
    workflow_state_id: Option<i64>,
    #[serde(default)]
    owner_ids: First<Text, 100>,
    #[serde(default)]
    changes: Changes,
}

/// The number of a thing. A few things have texts in place of numbers; none of them is a story or a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Id(Option<i64>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
                Ok(Id(Some(number)))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
                Ok(Id(i64::try_from(number).ok()))
            }
            fn visit_str<E>(self, _: &str) -> Result<Id, E> {
                Ok(Id(None))
            }
            fn visit_unit<E>(self) -> Result<Id, E> {
                Ok(Id(None))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Changes {
    workflow_state_id: Option<Became<i64>>,
    started: Option<Became<bool>>,
    completed: Option<Became<bool>>,
    owner_ids: Option<Owners>,
}

#[derive(Debug, Deserialize)]
struct Became<T> {
    new: Option<T>,
    old: Option<T>,
}

#[derive(Debug, Deserialize)]
struct Owners {
    #[serde(default)]
    adds: First<Text, 100>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(default)]
    id: Id,
    entity_type: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
}

/// Whether a state means work under way or work done: `backlog`, `unstarted`, `started`, `done`, by its id.
type States<'a> = HashMap<i64, &'a str>;

/// What `event` states, or which field could not be read.
fn changes(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    if event.event_type == "unknown" {
        return Err("unknown event type `unknown`".to_owned());
    }
    let change: Change = read(&event.payload)?;
    let stories: Vec<&Touched> = change
        .actions
        .0
        .iter()
        .filter(|action| action.entity_type.0 == "story")
        .collect();
    if stories.is_empty() && !is_aside(&event.event_type) {
        return Err(format!("unknown event type `{}`", event.event_type));
    }
    let states = states(&change);
    let moves = stories.into_iter().map(|story| moves(story, &change, &states));
    moves
        .collect::<Result<Vec<_>, _>>()
        .map(|moves| moves.into_iter().flatten().collect())
}

/// Events about something else than a story.
fn is_aside(kind: &str) -> bool {
    let entity = kind.split('.').next().unwrap_or_default();
    matches!(
        entity,
        "branch"
            | "category"
            | "commit"
            | "custom-field"
            | "epic"
            | "epic-comment"
            | "file"
            | "group"
            | "iteration"
            | "key-result"
            | "label"
            | "linked-file"
            | "milestone"
            | "objective"
            | "project"
            | "pull-request"
            | "reaction"
            | "story-comment"
            | "story-link"
            | "story-task"
            | "team"
            | "workflow"
            | "workflow-state"
    )
}

fn states(change: &Change) -> States<'_> {
    let known = change.references.0.iter().filter_map(|reference| {
        let is_state = reference.entity_type.as_ref()?.0 == "workflow-state";
        let kind = reference.kind.as_ref().filter(|_| is_state)?;
        Some((reference.id.0?, kind.0.as_str()))
    });
    known.collect()
}

fn moves(story: &Touched, change: &Change, states: &States<'_>) -> Result<Vec<FactChange>, String> {
    let at = change.changed_at.0;
    let item = item(story, at)?;
    let by = |kind, name: &str| item.moved(kind, account(name, false), at);
    let member = change.member_id.as_ref().filter(|id| !id.0.is_empty());
    let (owners, kinds) = match story.action.0.as_str() {
        "create" => {
            let state = story.workflow_state_id.and_then(|id| states.get(&id)).copied();
            let kinds = [Some(Move::Opened), state.and_then(meaning)];
            (&story.owner_ids.0[..], kinds)
        }
        "update" => {
            let owners = story.changes.owner_ids.as_ref();
            let owners = owners.map_or(&[][..], |owners| &owners.adds.0[..]);
            (owners, [None, became(&story.changes, states)])
        }
        _ => (&[][..], [None, None]),
    };
    let own = kinds
        .into_iter()
        .flatten()
        .filter_map(|kind| Some(by(kind, &member?.0)));
    let given = owners.iter().map(|owner| by(Move::Assigned, &owner.0));
    Ok(own.chain(given).collect())
}

fn item(story: &Touched, at: DateTime<Utc>) -> Result<WorkItem, String> {
    let key = story.id.0.and_then(|number| key("shortcut", "sc", number));
    let key = key.ok_or("actions: a story without a number")?;
    Ok(WorkItem {
        seen_at: at,
        title: filled(story.name.clone()).unwrap_or_else(|| key.to_string()),
        key,
        url: filled(story.app_url.clone()).unwrap_or_default(),
    })
}

/// What came of a story. Shortcut says so itself, with `started` and `completed`; the types of the states say it for bodies
/// that lack these. What was begun and done at once is done.
fn became(changes: &Changes, states: &States<'_>) -> Option<Move> {
    let is_now = |flag: &Option<Became<bool>>| flag.as_ref().is_some_and(|became| became.new == Some(true));
    if is_now(&changes.completed) {
        return Some(Move::Closed);
    }
    if is_now(&changes.started) {
        return Some(Move::Started);
    }
    let state = changes.workflow_state_id.as_ref()?;
    let kind = |id: Option<i64>| id.and_then(|id| states.get(&id)).copied();
    // Whoever moves a story back does not begin it.
    let rank = |kind| match kind {
        "backlog" | "unstarted" => Some(0),
        "started" => Some(1),
        "done" => Some(2),
        _ => None,
    };
    let (old, new) = (kind(state.old)?, kind(state.new)?);
    (rank(new)? > rank(old)?).then(|| meaning(new)).flatten()
}

fn meaning(kind: &str) -> Option<Move> {
    match kind {
        "started" => Some(Move::Started),
        "done" => Some(Move::Closed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn facts(payload: &Value) -> Result<Vec<String>, String> {
        let payload = payload.to_string().into_bytes();
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("shortcut").unwrap(),
            delivery_key: "k".to_owned(),
            event_type: Some(said(&payload).event_type)
                .filter(|kind| !kind.is_empty())
                .unwrap_or_else(|| "unknown".to_owned()),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload,
        };
        let line = |change| {
            let FactChange::IssueMove(fact) = change else {
                panic!("{change:?}")
            };
            format!("{} {} {}", fact.issue, fact.kind.as_str(), fact.by.login)
        };
        changes(&event).map(|changes| changes.into_iter().map(line).collect())
    }

    fn body(actions: &Value) -> Value {
        json!({
            "id": "x", "changed_at": "2026-06-04T12:00:00Z", "primary_id": 7, "member_id": "m-1",
            "actions": actions,
            "references": [
                { "id": 1, "entity_type": "workflow-state", "type": "unstarted" },
                { "id": 2, "entity_type": "workflow-state", "type": "started" },
                { "id": 3, "entity_type": "workflow-state", "type": "done" },
                { "id": 4, "entity_type": "workflow-state", "type": "started" },
                { "id": 5, "entity_type": "workflow-state" },
                { "id": 6, "entity_type": "workflow-state", "type": "backlog" },
                { "id": "e", "entity_type": "label" },
            ],
        })
    }

    fn update(changes: &Value) -> Value {
        body(&json!([{ "id": 7, "entity_type": "story", "action": "update", "changes": changes }]))
    }

    #[test]
    fn the_types_of_the_states_or_shortcuts_own_flags_tell_what_a_move_means() {
        let moved = |old: u8, new: u8| json!({ "workflow_state_id": { "old": old, "new": new } });
        for (changes, expected) in [
            (moved(1, 2), &["sc-7 started m-1"][..]),
            (moved(1, 3), &["sc-7 closed m-1"]),
            (moved(2, 3), &["sc-7 closed m-1"]),
            (moved(6, 2), &["sc-7 started m-1"]),
            (moved(6, 1), &[]),
            (moved(2, 4), &[]),
            (moved(3, 2), &[]),
            (moved(2, 1), &[]),
            (moved(1, 5), &[]),
            (moved(9, 2), &[]),
            (
                json!({ "started": { "old": false, "new": true } }),
                &["sc-7 started m-1"],
            ),
            (
                json!({ "started": { "new": true }, "completed": { "new": true } }),
                &["sc-7 closed m-1"],
            ),
            (json!({ "completed": { "old": true, "new": false } }), &[]),
            (json!({ "owner_ids": { "removes": ["m-2"] } }), &[]),
            (
                json!({ "owner_ids": { "adds": ["m-2", "m-3"] } }),
                &["sc-7 assigned m-2", "sc-7 assigned m-3"],
            ),
        ] {
            assert_eq!(facts(&update(&changes)).unwrap(), expected, "{changes}");
        }
    }

    #[test]
    fn a_new_story_is_opened_and_may_be_given_and_begun() {
        let story = json!([{
            "id": 7, "entity_type": "story", "action": "create", "workflow_state_id": 2, "owner_ids": ["m-2"],
        }]);
        assert_eq!(
            facts(&body(&story)).unwrap(),
            ["sc-7 opened m-1", "sc-7 started m-1", "sc-7 assigned m-2"]
        );
        let mut automatic = body(&story);
        automatic["member_id"] = json!(null);
        assert_eq!(facts(&automatic).unwrap(), ["sc-7 assigned m-2"]);
    }

    #[test]
    fn the_leading_action_gives_the_name() {
        let two = body(&json!([
            { "id": "c", "entity_type": "commit", "action": "create" },
            { "id": 7, "entity_type": "story", "action": "delete" },
        ]));
        assert_eq!(said(two.to_string().as_bytes()).event_type, "story.delete");
        assert_eq!(facts(&two), Ok(Vec::new()));
    }

    #[test]
    fn what_says_nothing_is_known_and_what_is_unknown_is_said_to_be() {
        let about = |kind: &str| body(&json!([{ "id": 7, "entity_type": kind, "action": "update" }]));
        assert_eq!(facts(&about("epic")), Ok(Vec::new()));
        assert_eq!(
            facts(&about("dream")),
            Err("unknown event type `dream.update`".to_owned())
        );
        assert!(facts(&json!({})).is_err());
        assert!(facts(&body(&json!([{ "entity_type": "story", "action": "update" }]))).is_err());
    }
}
