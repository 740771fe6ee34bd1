//! Purpose: `POST /webhooks/sentry`: Sentry's issues, alerts and metric alerts as incidents.
//!
//! Source: <https://docs.sentry.io/organization/integrations/integration-platform/webhooks/>. The body is signed with the client
//! secret of the integration. It does not tell when the change happened; the header `Sentry-Hook-Timestamp` does, unsigned.

pub(crate) mod poller;

use chrono::{DateTime, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::alert::{began_again, incident, open, severity, stated};
use crate::payload::{Text, Time, filled, read as read_payload};
use crate::proof::Proof;
use crate::signature::Signed;
use crate::webhook::{Refused, Said, Vendor, header};

/// Sentry's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "Sentry",
    proof: Proof::Signed(SIGNED),
    read: |delivery, payload| read(delivery.headers, payload),
    changes: |event, _| changes(event),
};

const NAME: &str = "sentry";
const SIGNED: Signed = Signed::hex("Sentry-Hook-Signature", "");

#[derive(Deserialize)]
struct Kind {
    action: Option<Text>,
}

fn read(headers: &HeaderMap, payload: &[u8]) -> Result<Said, Refused> {
    let resource =
        header(headers, "sentry-hook-resource").ok_or(Refused::MissingHeader("Sentry-Hook-Resource"))?;
    let kind: Option<Kind> = serde_json::from_slice(payload).ok();
    let action = kind.and_then(|kind| filled(kind.action)).unwrap_or_default();
    let sent_at = header(headers, "sentry-hook-timestamp").and_then(Time::parse);
    Ok(Said {
        event_type: format!("{resource}.{action}"),
        delivery_key: header(headers, "request-id").map(str::to_owned),
        occurred_at: sent_at.map(|at| at.0),
    })
}

fn changes(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    let (resource, action) = event.event_type.split_once('.').unwrap_or_default();
    match (resource, action) {
        ("issue", "created" | "assigned" | "unresolved" | "resolved" | "archived" | "ignored") => {
            issue(event, action)
        }
        // No webhook tells that nobody works on an issue any more.
        ("polled", "unassigned") => issue(event, "assigned"),
        ("event_alert", "triggered") => alert(event),
        ("metric_alert", "critical" | "warning" | "resolved") => metric_alert(event, action),
        // Single errors, comments and where the integration is installed are no news of an incident.
        ("installation" | "error" | "comment", _) => Ok(Vec::new()),
        _ => Err(format!("unknown event type `{}`", event.event_type)),
    }
}

#[derive(Debug, Deserialize)]
struct Hook<T> {
    data: T,
}

#[derive(Debug, Deserialize)]
struct AboutIssue {
    issue: Issue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    id: Text,
    short_id: Option<Text>,
    title: Option<Text>,
    level: Option<Text>,
    priority: Option<Text>,
    status: Option<Text>,
    #[serde(rename = "issueCategory")]
    category: Option<Text>,
    permalink: Option<Text>,
    #[serde(rename = "web_url")]
    web_url: Option<Text>,
    project: Option<Named>,
    assigned_to: Option<Named>,
    first_seen: Option<Time>,
    last_seen: Option<Time>,
}

/// A project, a person or a team.
#[derive(Debug, Deserialize)]
struct Named {
    slug: Option<Text>,
    name: Option<Text>,
}

fn issue(event: &RawEvent, action: &str) -> Result<Vec<FactChange>, String> {
    let Hook {
        data: AboutIssue { issue },
    } = read_payload(&event.payload)?;
    let is = |status: &str| issue.status.as_ref().is_some_and(|text| text.0 == status);
    // What users write in a feedback form is an issue to Sentry. And who an issue is given to is no news once it is over.
    let is_feedback = issue.category.as_ref().is_some_and(|text| text.0 == "feedback");
    let is_over = is("resolved") || is("ignored");
    if is_feedback || (action == "assigned" && is_over) {
        return Ok(Vec::new());
    }
    let seen = issue.last_seen.or(issue.first_seen).map(|at| at.0);
    let at = event
        .occurred_at
        .or(seen)
        .ok_or("data.issue: no time is told, and the header Sentry-Hook-Timestamp is missing")?;
    let id = issue_id(&issue.id.0);
    let value = snapshot(issue, action, at);
    // An error that comes back after months is not open since it was first seen.
    Ok(stated(match action {
        "unresolved" => began_again(NAME, &id, at, value),
        _ => incident(NAME, &id, at, value),
    }))
}

fn snapshot(issue: Issue, action: &str, at: DateTime<Utc>) -> IncidentSnapshot {
    let state = match action {
        "resolved" => IncidentState::Resolved,
        "archived" | "ignored" => IncidentState::Dismissed,
        _ => IncidentState::Open,
    };
    let title = filled(issue.title).or_else(|| filled(issue.short_id));
    let assigned_to = issue.assigned_to.and_then(|who| filled(who.name));
    let project = issue.project;
    IncidentSnapshot {
        state,
        severity: issue_severity(issue.priority, issue.level),
        assignees: assigned_to.map(Login).into_iter().collect(),
        url: filled(issue.permalink)
            .or_else(|| filled(issue.web_url))
            .unwrap_or_default(),
        opened_at: issue.first_seen.map_or(at, |seen| seen.0.min(at)),
        resolved_at: (state == IncidentState::Resolved).then_some(at),
        service: project.and_then(|project| filled(project.slug).or_else(|| filled(project.name))),
        ..open(title.unwrap_or_else(|| format!("Issue {}", issue.id.0)), at)
    }
}

fn issue_id(id: &str) -> String {
    format!("issue/{id}")
}

/// The priority that Sentry worked out or a person set; else the level, which is `error` for every exception and so says
/// less than the word does elsewhere.
fn issue_severity(priority: Option<Text>, level: Option<Text>) -> Option<u8> {
    let of_level = || match filled(level)?.as_str() {
        "fatal" => Some(1),
        "error" => Some(3),
        "warning" => Some(4),
        "info" | "debug" | "sample" => Some(5),
        _ => None,
    };
    filled(priority).as_deref().and_then(severity).or_else(of_level)
}

#[derive(Debug, Deserialize)]
struct AboutEvent {
    event: AlertingEvent,
    triggered_rule: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct AlertingEvent {
    title: Option<Text>,
    level: Option<Text>,
    datetime: Option<Time>,
    issue_id: Option<Text>,
    issue_url: Option<Text>,
    web_url: Option<Text>,
    url: Option<Text>,
}

/// An alert rule fired for an issue: the issue is open, whether or not we were told of its creation.
fn alert(event: &RawEvent) -> Result<Vec<FactChange>, String> {
    let Hook {
        data: AboutEvent {
            event: said,
            triggered_rule,
        },
    } = read_payload(&event.payload)?;
    let id = filled(said.issue_id).or_else(|| last_segment(&filled(said.issue_url)?));
    let id = id.ok_or("data.event: neither issue_id nor issue_url is there")?;
    let seen = said.datetime.map(|at| at.0);
    let at = event
        .occurred_at
        .or(seen)
        .ok_or("data.event.datetime: no time is told")?;
    let title = filled(said.title).or_else(|| filled(triggered_rule));
    // The page of the event is below that of the issue: `.../issues/1/events/abc/`.
    let page = filled(said.web_url).unwrap_or_default();
    let of_issue = page
        .split_once("events/")
        .map_or(page.as_str(), |(issue, _)| issue);
    let value = IncidentSnapshot {
        severity: issue_severity(None, said.level),
        url: of_issue.to_owned(),
        opened_at: seen.map_or(at, |seen| seen.min(at)),
        service: filled(said.url).as_deref().and_then(project),
        ..open(title.unwrap_or_else(|| format!("Issue {id}")), at)
    };
    Ok(stated(incident(NAME, &issue_id(&id), at, value)))
}

/// `1635261062` of `https://sentry.io/api/0/issues/1635261062/`.
fn last_segment(url: &str) -> Option<String> {
    let segment = url.trim_end_matches('/').rsplit('/').next()?;
    (!segment.is_empty()).then(|| segment.to_owned())
}

/// `shop` of `https://sentry.io/api/0/projects/acme/shop/events/...`: the body names the project by a number.
fn project(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("/projects/")?;
    let slug = rest.split('/').nth(1)?;
    (!slug.is_empty()).then(|| slug.to_owned())
}

#[derive(Debug, Deserialize)]
struct AboutMetric {
    metric_alert: MetricAlert,
    description_title: Option<Text>,
    web_url: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct MetricAlert {
    id: Text,
    title: Option<Text>,
    alert_rule: Option<Named>,
    projects: Option<Vec<Text>>,
    date_started: Option<Time>,
    date_detected: Option<Time>,
    date_closed: Option<Time>,
}

fn metric_alert(event: &RawEvent, action: &str) -> Result<Vec<FactChange>, String> {
    let Hook { data } = read_payload::<Hook<AboutMetric>>(&event.payload)?;
    let alert = data.metric_alert;
    let began = alert.date_started.or(alert.date_detected);
    let told = alert.date_closed.or(began).map(|at| at.0);
    let at = event
        .occurred_at
        .or(told)
        .ok_or("data.metric_alert: no time is told")?;
    let is_over = action == "resolved";
    // The alert's own title is two words by chance; its rule has the name that people gave.
    let rule = alert.alert_rule.and_then(|rule| filled(rule.name));
    let title = rule
        .or_else(|| filled(data.description_title))
        .or_else(|| filled(alert.title));
    let ended: Option<DateTime<Utc>> = is_over.then(|| alert.date_closed.map_or(at, |closed| closed.0));
    let value = IncidentSnapshot {
        state: if is_over {
            IncidentState::Resolved
        } else {
            IncidentState::Open
        },
        // What is resolved no longer says how bad it was.
        severity: severity(action),
        url: filled(data.web_url).unwrap_or_default(),
        opened_at: began.map_or(at, |began| began.0.min(at)),
        resolved_at: ended,
        service: alert
            .projects
            .unwrap_or_default()
            .into_iter()
            .map(|slug| slug.0)
            .next(),
        ..open(title.unwrap_or_else(|| format!("Alert {}", alert.id.0)), at)
    };
    let id = format!("metric/{}", alert.id.0);
    Ok(stated(incident(NAME, &id, at, value)))
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use em_domain::incident::Incident;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;
    use crate::webhook::tests::headers;

    fn event(kind: &str, at: Option<&str>, payload: &Value) -> RawEvent {
        RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse(NAME).unwrap(),
            delivery_key: "k".to_owned(),
            event_type: kind.to_owned(),
            origin: Origin::Webhook,
            occurred_at: at.map(|at| at.parse().unwrap()),
            received_at: DateTime::UNIX_EPOCH,
            payload: payload.to_string().into_bytes(),
        }
    }

    fn an_issue(status: &str) -> Value {
        json!({ "action": "x", "data": { "issue": {
            "id": "77", "shortId": "SHOP-1", "title": "KeyError", "level": "error", "status": status,
            "permalink": null, "web_url": "https://acme.sentry.io/issues/77/", "project": { "slug": "shop" },
            "assignedTo": { "type": "user", "name": "Ada" }, "firstSeen": "2026-01-01T00:00:00Z"
        } } })
    }

    fn fact(kind: &str, at: &str, payload: &Value) -> Incident {
        match changes(&event(kind, Some(at), payload)).unwrap().pop() {
            Some(FactChange::Incident(incident)) => *incident,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_issue_that_comes_back_is_open_since_then() {
        let mut known = fact("issue.created", "2026-01-01T00:00:01Z", &an_issue("unresolved"));
        known.merge(fact(
            "issue.resolved",
            "2026-01-02T00:00:00Z",
            &an_issue("resolved"),
        ));
        known.merge(fact(
            "issue.unresolved",
            "2026-06-01T00:00:00Z",
            &an_issue("unresolved"),
        ));
        known.merge(fact(
            "issue.assigned",
            "2026-06-01T01:00:00Z",
            &an_issue("unresolved"),
        ));
        let value = known.snapshot.value;
        assert_eq!((value.state, value.resolved_at), (IncidentState::Open, None));
        assert_eq!(value.opened_at.to_rfc3339(), "2026-06-01T00:00:00+00:00");
        assert_eq!(value.url, "https://acme.sentry.io/issues/77/");
        assert_eq!(value.assignees, [Login("Ada".to_owned())]);
    }

    #[test]
    fn an_archived_issue_is_no_incident_and_feedback_never_was() {
        for action in ["archived", "ignored"] {
            let kind = format!("issue.{action}");
            let archived = fact(&kind, "2026-01-02T00:00:00Z", &an_issue("ignored"));
            assert_eq!(archived.snapshot.value.state, IncidentState::Dismissed);
        }
        let mut feedback = an_issue("unresolved");
        feedback["data"]["issue"]["issueCategory"] = json!("feedback");
        assert_eq!(changes(&event("issue.created", None, &feedback)), Ok(Vec::new()));
        let late = event("issue.assigned", None, &an_issue("resolved"));
        assert_eq!(changes(&late), Ok(Vec::new()));
    }

    #[test]
    fn a_priority_says_more_than_a_level() {
        let text = |word: &str| Some(Text(word.to_owned()));
        for (priority, level, expected) in [
            (text("high"), text("info"), Some(2)),
            (None, text("fatal"), Some(1)),
            (None, text("error"), Some(3)),
            (None, text("odd"), None),
            (text("low"), None, Some(4)),
            (None, None, None),
        ] {
            assert_eq!(issue_severity(priority.clone(), level), expected, "{priority:?}");
        }
    }

    #[test]
    fn the_time_is_the_headers_and_else_the_bodys() {
        let without = changes(&event("issue.created", None, &an_issue("unresolved"))).unwrap();
        let Some(FactChange::Incident(incident)) = without.first() else {
            panic!("{without:?}")
        };
        assert_eq!(incident.snapshot.at.to_rfc3339(), "2026-01-01T00:00:00+00:00");
        let timeless = json!({ "data": { "issue": { "id": "1" } } });
        let reason = changes(&event("issue.created", None, &timeless)).unwrap_err();
        assert!(reason.contains("Sentry-Hook-Timestamp"), "{reason}");
        let said = read(
            &headers(&[
                ("sentry-hook-resource", "issue"),
                ("sentry-hook-timestamp", "1780000000"),
                ("request-id", "r1"),
            ]),
            br#"{"action": "created"}"#,
        )
        .unwrap();
        assert_eq!(said.event_type, "issue.created");
        assert_eq!(said.occurred_at.unwrap().timestamp(), 1_780_000_000);
        assert_eq!(said.delivery_key.as_deref(), Some("r1"));
        assert_eq!(
            read(&HeaderMap::new(), b"{}"),
            Err(Refused::MissingHeader("Sentry-Hook-Resource"))
        );
    }

    #[test]
    fn what_says_nothing_and_what_is_unknown() {
        for kind in ["installation.created", "error.created", "comment.updated"] {
            assert_eq!(changes(&event(kind, None, &json!({}))), Ok(Vec::new()), "{kind}");
        }
        for kind in ["issue.danced", "seer.root_cause_completed", "issue.", "unknown"] {
            let reason = changes(&event(kind, None, &json!({}))).unwrap_err();
            assert_eq!(reason, format!("unknown event type `{kind}`"));
        }
    }
}
