//! Purpose: what an event of Jira says, as moves of issues. Pure.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/webhooks/>. Every team names its statuses as it likes, so
//! what a move means is told by the status's category: `new`, `indeterminate` (in progress) or `done`.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::issue::Move;
use em_domain::pull_request::Account;
use serde::Deserialize;

use crate::payload::{First, Text, Time, filled, read};
use crate::tracker::{WorkItem, account, parse_key};

/// How far the event and the change that it tells of may lie apart.
pub(super) const SAME_CHANGE: TimeDelta = TimeDelta::seconds(5);

/// What `event` states, or which field could not be read.
pub(super) fn changes(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        "jira:issue_created" => Event::read(&event.payload)?.created(),
        "jira:issue_updated" => Event::read(&event.payload)?.updated(),
        kind if is_aside(kind) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

/// Events about something else than who moved which issue.
fn is_aside(kind: &str) -> bool {
    matches!(kind, "jira:issue_deleted" | "jira:worklog_updated")
        || [
            "attachment_",
            "board_",
            "comment_",
            "filter_",
            "issue_property_",
            "issuelink_",
            "issuetype_",
            "jira:version_",
            "option_",
            "project_",
            "sprint_",
            "user_",
            "worklog_",
        ]
        .iter()
        .any(|aside| kind.starts_with(aside))
}

#[derive(Debug, Deserialize)]
struct Event {
    timestamp: Time,
    user: Option<User>,
    issue: Issue,
    changelog: Option<Changelog>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    key: Text,
    #[serde(rename = "self")]
    address: Option<Text>,
    #[serde(default)]
    fields: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct Fields {
    summary: Option<Text>,
    status: Option<Status>,
    assignee: Option<User>,
    creator: Option<User>,
    created: Option<Time>,
    resolutiondate: Option<Time>,
    /// When the category of the status changed last; Data Center does not have it.
    statuscategorychangedate: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Status {
    id: Option<Text>,
    #[serde(rename = "statusCategory")]
    category: Option<Category>,
}

#[derive(Debug, Deserialize)]
struct Category {
    key: Option<Text>,
}

/// A person: with an account id in the cloud, with a name on one's own machines.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    display_name: Option<Text>,
    name: Option<Text>,
    account_id: Option<Text>,
    account_type: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
struct Changelog {
    #[serde(default)]
    items: First<Item, 500>,
}

#[derive(Debug, Deserialize)]
struct Item {
    field: Option<Text>,
    to: Option<Text>,
    /// What people see of `to`.
    #[serde(rename = "toString")]
    to_shown: Option<Text>,
}

impl User {
    fn account(&self) -> Option<Account> {
        let name = [&self.display_name, &self.name, &self.account_id]
            .into_iter()
            .flatten()
            .find(|name| !name.0.is_empty())?;
        let is_app = self.account_type.as_ref().is_some_and(|kind| kind.0 == "app");
        Some(account(&name.0, is_app))
    }
}

impl Event {
    fn read(payload: &[u8]) -> Result<Self, String> {
        read(payload)
    }

    fn created(&self) -> Result<Vec<FactChange>, String> {
        let item = self.item()?;
        let fields = &self.issue.fields;
        let at = fields.created.unwrap_or(self.timestamp).0;
        let by = |user: &Option<User>| user.as_ref().and_then(User::account);
        let opened = by(&fields.creator).or_else(|| by(&self.user));
        let opened = opened.map(|by| item.moved(Move::Opened, by, at));
        let assigned = by(&fields.assignee).map(|by| item.moved(Move::Assigned, by, at));
        let status = self.status_moved(&item);
        Ok(opened.into_iter().chain(assigned).chain(status).collect())
    }

    fn updated(&self) -> Result<Vec<FactChange>, String> {
        let item = self.item()?;
        let assigned = self
            .assigned()
            .map(|by| item.moved(Move::Assigned, by, self.timestamp.0));
        Ok(assigned.into_iter().chain(self.status_moved(&item)).collect())
    }

    fn item(&self) -> Result<WorkItem, String> {
        let key = &self.issue.key.0;
        let title = self.issue.fields.summary.as_ref();
        Ok(WorkItem {
            seen_at: self.timestamp.0,
            key: parse_key("jira", key).ok_or("issue.key: not of the form `PAY-12`")?,
            title: title.map_or_else(|| key.clone(), |title| title.0.clone()),
            url: self
                .issue
                .address
                .as_ref()
                .and_then(|address| page(&address.0, key))
                .unwrap_or_default(),
        })
    }

    /// What the event says of a field. A change has one item for each field.
    fn change(&self, field: &str) -> Option<&Item> {
        self.changelog.as_ref()?.items.0.iter().find(|item| {
            item.field
                .as_ref()
                .is_some_and(|name| name.0.eq_ignore_ascii_case(field))
        })
    }

    fn assigned(&self) -> Option<Account> {
        let change = self.change("assignee")?;
        let id = change.to.as_ref()?;
        // The issue may have been given on since; then only the name is known.
        let known = self.issue.fields.assignee.as_ref().filter(|user| {
            [&user.account_id, &user.name]
                .into_iter()
                .flatten()
                .any(|own| own == id)
        });
        let shown = || filled(change.to_shown.clone()).map(|name| account(&name, false));
        known.and_then(User::account).or_else(shown)
    }

    fn status_moved(&self, item: &WorkItem) -> Option<FactChange> {
        let change = self.change("status")?;
        let status = self.issue.fields.status.as_ref()?;
        // The issue is told as it is when the event is sent: two moves later, its category is not that of this move.
        let is_another = matches!((&change.to, &status.id), (Some(to), Some(id)) if to != id);
        let at = self.category_changed_at().filter(|_| !is_another)?;
        let kind = match status.category.as_ref()?.key.as_ref()?.0.as_str() {
            "indeterminate" => Move::Started,
            "done" if self.is_resolved_now() => Move::Closed,
            _ => return None,
        };
        let by = self.user.as_ref().and_then(User::account)?;
        Some(item.moved(kind, by, at))
    }

    /// When this event moved the issue to another category; `None` where it moved within one, as from "in progress" to "in
    /// review". Data Center does not tell, so there each such move counts.
    fn category_changed_at(&self) -> Option<DateTime<Utc>> {
        let at = self.timestamp.0;
        match self.issue.fields.statuscategorychangedate {
            Some(Time(changed)) => ((at - changed).abs() <= SAME_CHANGE).then_some(changed),
            None => Some(at),
        }
    }

    /// Whether it was not done before, for example "resolved" before it is "closed": only the first move sets a resolution,
    /// and where a workflow sets none, each move counts.
    fn is_resolved_now(&self) -> bool {
        let fields = &self.issue.fields;
        fields.statuscategorychangedate.is_some()
            || fields.resolutiondate.is_none()
            || self
                .change("resolution")
                .is_some_and(|resolution| resolution.to.is_some())
    }
}

/// The page for people, of which events do not tell: on the same site as the address for programs.
fn page(address: &str, key: &str) -> Option<String> {
    let (site, _) = address.split_once("/rest/")?;
    // What was read through Atlassian's gateway does not name the site.
    let is_site = (site.starts_with("https://") || site.starts_with("http://"))
        && !site.starts_with("https://api.atlassian.com/");
    is_site.then(|| format!("{site}/browse/{key}"))
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
            source: Source::parse("jira").unwrap(),
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
                "{} {} {} {}",
                fact.issue,
                fact.kind.as_str(),
                fact.by.login,
                fact.at.format("%H:%M:%S")
            )
        };
        changes(&event).map(|changes| changes.into_iter().map(line).collect())
    }

    /// An issue in a status of `category`, changed at 12:00:00.
    fn issue(category: &str, items: &Value) -> Value {
        json!({
            "timestamp": 1_780_574_400_000_i64,
            "user": { "displayName": "Ana" },
            "issue": {
                "key": "PAY-12",
                "self": "https://acme.atlassian.net/rest/api/2/issue/1",
                "fields": { "status": { "id": "5", "statusCategory": { "key": category } } }
            },
            "changelog": { "id": "1", "items": items }
        })
    }

    fn moved_to(category: &str) -> Value {
        issue(
            category,
            &json!([{ "field": "status", "from": "4", "to": "5", "toString": "Any name" }]),
        )
    }

    #[test]
    fn the_category_tells_what_a_move_means() {
        for (category, expected) in [
            ("new", &[][..]),
            ("undefined", &[]),
            ("indeterminate", &["PAY-12 started Ana 12:00:00"]),
            ("done", &["PAY-12 closed Ana 12:00:00"]),
        ] {
            let found = said("jira:issue_updated", &moved_to(category)).unwrap();
            assert_eq!(found, expected, "{category}");
        }
    }

    #[test]
    fn a_move_within_a_category_says_nothing_where_jira_tells() {
        for (category, changed, expected) in [
            (
                "indeterminate",
                "2026-06-04T11:59:59.000+0000",
                &["PAY-12 started Ana 11:59:59"][..],
            ),
            ("indeterminate", "2026-06-04T11:00:00.000+0000", &[]),
            (
                "done",
                "2026-06-04T12:00:00.000+0000",
                &["PAY-12 closed Ana 12:00:00"],
            ),
            ("done", "2026-06-03T12:00:00.000+0000", &[]),
        ] {
            let mut payload = moved_to(category);
            payload["issue"]["fields"]["statuscategorychangedate"] = json!(changed);
            payload["issue"]["fields"]["resolutiondate"] = json!("2026-06-01T12:00:00.000+0000");
            let found = said("jira:issue_updated", &payload).unwrap();
            assert_eq!(found, expected, "{category} {changed}");
        }
    }

    #[test]
    fn from_resolved_to_closed_nothing_is_closed_again() {
        let mut payload = moved_to("done");
        payload["issue"]["fields"]["resolutiondate"] = json!("2026-06-01T12:00:00.000+0000");
        assert_eq!(said("jira:issue_updated", &payload), Ok(Vec::new()));
        let items = payload["changelog"]["items"].as_array_mut().unwrap();
        items.push(json!({ "field": "resolution", "from": null, "to": "1", "toString": "Done" }));
        assert_eq!(
            said("jira:issue_updated", &payload).unwrap(),
            ["PAY-12 closed Ana 12:00:00"]
        );
    }

    #[test]
    fn of_an_issue_that_has_moved_on_this_move_says_nothing() {
        let mut payload = moved_to("done");
        payload["issue"]["fields"]["status"]["id"] = json!("6");
        assert_eq!(said("jira:issue_updated", &payload), Ok(Vec::new()));
    }

    #[test]
    fn an_issue_is_given_to_somebody_when_it_is_made_or_later() {
        let given = json!([{ "field": "assignee", "from": null, "to": "a-1", "toString": "Ben" }]);
        let taken = json!([{ "field": "assignee", "from": "a-1", "fromString": "Ben", "to": null }]);
        assert_eq!(
            said("jira:issue_updated", &issue("new", &given)).unwrap(),
            ["PAY-12 assigned Ben 12:00:00"]
        );
        assert_eq!(said("jira:issue_updated", &issue("new", &taken)), Ok(Vec::new()));
        let mut payload = issue("new", &json!([]));
        payload["issue"]["fields"]["assignee"] = json!({ "name": "cleo" });
        payload["issue"]["fields"]["created"] = json!("2026-06-04T11:59:59.000+0000");
        assert_eq!(
            said("jira:issue_created", &payload).unwrap(),
            ["PAY-12 opened Ana 11:59:59", "PAY-12 assigned cleo 11:59:59"]
        );
    }

    #[test]
    fn an_app_is_a_program() {
        let app = json!({ "displayName": "Automation for Jira", "accountType": "app" });
        let user: User = serde_json::from_value(app).unwrap();
        assert!(user.account().unwrap().is_bot);
    }

    #[test]
    fn the_page_is_on_the_same_site() {
        for (address, expected) in [
            (
                "https://acme.atlassian.net/rest/api/2/issue/1",
                Some("https://acme.atlassian.net/browse/PAY-12"),
            ),
            (
                "http://jira.acme.example:8080/jira/rest/api/2/issue/1",
                Some("http://jira.acme.example:8080/jira/browse/PAY-12"),
            ),
            ("https://api.atlassian.com/ex/jira/1/rest/api/3/issue/1", None),
            ("javascript:alert(1)/rest/", None),
            ("", None),
        ] {
            assert_eq!(page(address, "PAY-12").as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn what_says_nothing_is_known_and_what_is_unknown_is_said_to_be() {
        for kind in ["comment_created", "sprint_started", "jira:issue_deleted"] {
            assert_eq!(said(kind, &json!({})), Ok(Vec::new()), "{kind}");
        }
        assert!(
            said("jira:issue_vanished", &json!({}))
                .unwrap_err()
                .contains("unknown event type")
        );
        let mut payload = moved_to("done");
        payload["issue"]["key"] = json!("PAY");
        assert!(
            said("jira:issue_updated", &payload)
                .unwrap_err()
                .starts_with("issue.key")
        );
    }
}
