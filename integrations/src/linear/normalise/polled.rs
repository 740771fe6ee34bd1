//! Purpose: what an entry of an issue's history says. Only the poller makes such events: webhooks tell an issue as it is and
//! was, a history each change of it.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::fact::FactChange;
use em_domain::issue::Move;
use em_domain::pull_request::Account;
use serde::Deserialize;

use super::{State, Times};
use crate::payload::{Text, Time, filled, read};
use crate::tracker::{WorkItem, account, parse_key};

/// The type of such an event.
pub(crate) const CHANGE: &str = "polled.change";
/// How far the history and the issue's own times of one change may lie apart. Webhooks tell the issue's own.
const SAME_CHANGE: TimeDelta = TimeDelta::seconds(5);

#[derive(Debug, Deserialize)]
struct Event {
    issue: Issue,
    change: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    identifier: Text,
    title: Option<Text>,
    url: Option<Text>,
    created_at: Time,
    updated_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    canceled_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    created_at: Time,
    /// Linear may add to an entry what the same person does a little later.
    updated_at: Option<Time>,
    actor: Option<Person>,
    bot_actor: Option<Person>,
    from_state: Option<State>,
    to_state: Option<State>,
    to_assignee: Option<Person>,
}

#[derive(Debug, Deserialize)]
struct Person {
    name: Option<Text>,
    #[serde(default)]
    app: bool,
}

impl Person {
    fn account(&self, is_bot: bool) -> Option<Account> {
        Some(account(&filled(self.name.clone())?, is_bot))
    }
}

/// What the event states, or which field could not be read.
pub(super) fn changes(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let Event { issue, change } = read(payload)?;
    let key = parse_key("linear", &issue.identifier.0).ok_or("issue.identifier: not of the form `ENG-7`")?;
    let item = WorkItem {
        seen_at: issue.updated_at.0,
        title: filled(issue.title.clone()).unwrap_or_else(|| key.to_string()),
        key,
        url: filled(issue.url.clone()).unwrap_or_default(),
    };
    let given = change.to_assignee.as_ref().and_then(|to| to.account(to.app));
    let given = given.map(|to| {
        let at = change.told(&[Some(issue.created_at), Some(issue.updated_at)]);
        item.moved(Move::Assigned, to, at)
    });
    let times = Times {
        started: issue.started_at,
        completed: issue.completed_at,
        canceled: issue.canceled_at,
    };
    let moved = change.moved(times).and_then(|(kind, own)| {
        let by = change.by()?;
        Some(item.moved(kind, by, change.told(&[own])))
    });
    Ok(given.into_iter().chain(moved).collect())
}

impl Change {
    fn by(&self) -> Option<Account> {
        let person = || self.actor.as_ref().and_then(|actor| actor.account(actor.app));
        let program = || self.bot_actor.as_ref().and_then(|bot| bot.account(true));
        person().or_else(program)
    }

    /// What the move to another state means. Within one type, and back, it says nothing.
    fn moved(&self, times: Times) -> Option<(Move, Option<Time>)> {
        let kind = |state: &Option<State>| Some(state.as_ref()?.kind.as_ref()?.0.clone());
        let (from, to) = (kind(&self.from_state), kind(&self.to_state)?);
        let rank = |kind: Option<Move>| match kind {
            None => 0,
            Some(Move::Closed) => 2,
            Some(_) => 1,
        };
        let before = from.as_deref().and_then(|from| times.meaning(from));
        let (meaning, own) = times.meaning(&to)?;
        let is_on = rank(Some(meaning)) >= rank(before.map(|(before, _)| before));
        (is_on && from.as_ref() != Some(&to)).then_some((meaning, own))
    }

    /// When it was, by that of the issue's own times which is meant, or else by the history.
    fn told(&self, own: &[Option<Time>]) -> DateTime<Utc> {
        let begun = self.created_at.0 - SAME_CHANGE;
        let ended = self.updated_at.map_or(self.created_at.0, |at| at.0) + SAME_CHANGE;
        let is_this = |own: &DateTime<Utc>| (begun..=ended).contains(own);
        let own = own.iter().flatten().map(|own| own.0).find(is_this);
        own.unwrap_or(self.created_at.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(issue: &Value, change: &Value) -> Vec<String> {
        let mut payload = json!({
            "issue": {
                "identifier": "ENG-7", "title": "Slow", "createdAt": "2026-06-01T08:00:00Z",
                "updatedAt": "2026-06-05T08:00:00Z", "startedAt": null, "completedAt": null, "canceledAt": null,
            },
            "change": { "id": "h", "createdAt": "2026-06-04T12:00:00.300Z", "actor": { "name": "Ana", "app": false } },
        });
        for (part, more) in [("issue", issue), ("change", change)] {
            for (name, value) in more.as_object().unwrap() {
                payload[part][name] = value.clone();
            }
        }
        let line = |change| {
            let FactChange::IssueMove(fact) = change else {
                panic!("{change:?}")
            };
            let bot = if fact.by.is_bot { " (bot)" } else { "" };
            let at = fact.at.format("%H:%M:%S%.3f");
            format!(
                "{} {} {}{bot} {at}",
                fact.issue,
                fact.kind.as_str(),
                fact.by.login
            )
        };
        let found = changes(payload.to_string().as_bytes()).unwrap();
        found.into_iter().map(line).collect()
    }

    #[test]
    fn the_types_of_the_two_states_tell_what_a_move_means() {
        for (from, to, expected) in [
            ("backlog", "unstarted", None),
            ("unstarted", "started", Some("started")),
            ("started", "started", None),
            ("started", "completed", Some("closed")),
            ("triage", "duplicate", Some("closed")),
            ("completed", "canceled", Some("closed")),
            ("completed", "started", None),
            ("canceled", "backlog", None),
        ] {
            let change = json!({ "fromState": { "type": from }, "toState": { "type": to } });
            let expected: Vec<String> = expected
                .map(|kind| format!("ENG-7 {kind} Ana 12:00:00.300"))
                .into_iter()
                .collect();
            assert_eq!(said(&json!({}), &change), expected, "{from} {to}");
        }
    }

    #[test]
    fn of_one_change_the_issues_own_time_is_told_as_webhooks_do() {
        let done = json!({ "fromState": { "type": "started" }, "toState": { "type": "completed" } });
        for (own, expected) in [
            ("2026-06-04T12:00:00.290Z", "12:00:00.290"),
            ("2026-06-04T12:30:00Z", "12:00:00.300"),
        ] {
            let found = said(&json!({ "completedAt": own }), &done);
            assert_eq!(found, [format!("ENG-7 closed Ana {expected}")]);
        }
        let mut longer = done;
        longer["updatedAt"] = json!("2026-06-04T12:31:00Z");
        let found = said(&json!({ "completedAt": "2026-06-04T12:30:00Z" }), &longer);
        assert_eq!(found, ["ENG-7 closed Ana 12:30:00.000"]);
    }

    #[test]
    fn programs_are_known_and_who_is_not_named_did_nothing() {
        let given = json!({ "toAssignee": { "name": "Ben", "app": false }, "actor": null });
        assert_eq!(said(&json!({}), &given), ["ENG-7 assigned Ben 12:00:00.300"]);
        let mut begun = json!({ "toState": { "type": "started" }, "actor": null });
        assert!(said(&json!({}), &begun).is_empty());
        begun["botActor"] = json!({ "name": "GitHub" });
        assert_eq!(
            said(&json!({}), &begun),
            ["ENG-7 started GitHub (bot) 12:00:00.300"]
        );
    }
}
