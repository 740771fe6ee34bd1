//! Purpose: what a pretend PagerDuty holds, and how it answers.

mod write;

use std::collections::BTreeMap;

use axum::http::{HeaderValue, Method};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{SITE, TOKEN};
use crate::desk::{Asked, World, said};

/// Things in one answer at most, so that tests need few of them to see the second.
const THINGS: usize = 5;

#[derive(Debug, Default)]
pub(super) struct State {
    services: Vec<Value>,
    /// In the order in which they began.
    incidents: Vec<Value>,
    /// By incident.
    notes: BTreeMap<String, Vec<Value>>,
    log: Vec<Value>,
    /// Posts of the one status page; each with its postmortem.
    posts: Vec<(Value, Value)>,
    /// The next request is one too many.
    pub(super) limited: Option<u32>,
    /// The token is the account's, not a person's.
    pub(super) asks_who_acts: bool,
}

impl State {
    pub(super) fn add_service(&mut self, name: &str) -> String {
        let id = format!("PIJ90N{}", self.services.len());
        let mut service = reference(&id, "service", name);
        service["html_url"] = json!(format!("{SITE}/service-directory/{id}"));
        self.services.push(service);
        id
    }

    pub(super) fn trigger(&mut self, service: &str, title: &str, at: DateTime<Utc>) -> String {
        let number = self.incidents.len() + 1;
        let id = format!("PT4KHL{number}");
        let service = self.services.iter().find(|known| known["id"] == service).cloned();
        let assignee = reference("PXPGF42", "user_reference", "Ben Koch");
        let mut incident = reference(&id, "incident", &format!("[#{number}] {title}"));
        let more = json!({
            "html_url": format!("{SITE}/incidents/{id}"), "incident_number": number, "title": title,
            "created_at": stamp(at), "updated_at": stamp(at), "resolved_at": null, "status": "triggered",
            "urgency": "high", "service": service, "assignments": [{ "at": stamp(at), "assignee": assignee }],
            "priority": reference("P53ZZH5", "priority_reference", "P2"),
            "teams": [reference("PQ9K7I8", "team_reference", "Engineering")],
            "last_status_change_at": stamp(at), "acknowledgements": [],
            "first_trigger_log_entry": reference(&self.next_entry(), "trigger_log_entry_reference", "Triggered"),
        });
        merge(&mut incident, &more);
        self.incidents.push(incident);
        self.log(&id, "trigger_log_entry", at);
        id
    }

    pub(super) fn acknowledge(&mut self, incident: &str, at: DateTime<Utc>) {
        if let Some(known) = self.incidents.iter_mut().find(|known| known["id"] == incident) {
            let at = stamp(at);
            let acknowledgement = json!({ "at": at, "acknowledger": known["assignments"][0]["assignee"] });
            let more = json!({
                "status": "acknowledged", "acknowledgements": [acknowledgement], "last_status_change_at": at, "updated_at": at,
            });
            merge(known, &more);
        }
        self.log(incident, "acknowledge_log_entry", at);
    }

    pub(super) fn reassign(&mut self, incident: &str, to: &str, at: DateTime<Utc>) {
        if let Some(known) = self.incidents.iter_mut().find(|known| known["id"] == incident) {
            let assignee = reference("PJ0LVEB", "user_reference", to);
            let more = json!({ "assignments": [{ "at": stamp(at), "assignee": assignee }], "updated_at": stamp(at) });
            merge(known, &more);
        }
        self.log(incident, "assign_log_entry", at);
    }

    pub(super) fn reopen(&mut self, incident: &str, at: DateTime<Utc>) {
        if let Some(known) = self.incidents.iter_mut().find(|known| known["id"] == incident) {
            let at = stamp(at);
            let more = json!({
                "status": "triggered", "resolved_at": null, "acknowledgements": [], "last_status_change_at": at,
                "updated_at": at,
            });
            merge(known, &more);
        }
        self.log(incident, "reopen_log_entry", at);
    }

    pub(super) fn alert_again(&mut self, incident: &str, at: DateTime<Utc>) {
        self.log(incident, "trigger_log_entry", at);
    }

    pub(super) fn note(&mut self, incident: &str, text: &str, at: DateTime<Utc>) {
        let note = json!({
            "id": "PWL7QXS", "user": reference("PXPGF42", "user_reference", "Earline Greenholt"),
            "channel": { "summary": "The PagerDuty website or APIs" }, "content": text, "created_at": stamp(at),
        });
        // The newest comes first.
        self.notes.entry(incident.to_owned()).or_default().insert(0, note);
        self.log(incident, "annotate_log_entry", at);
    }

    pub(super) fn resolve(&mut self, incident: &str, at: DateTime<Utc>) {
        if let Some(known) = self.incidents.iter_mut().find(|known| known["id"] == incident) {
            let at = stamp(at);
            let more = json!({ "status": "resolved", "resolved_at": at, "updated_at": at, "assignments": [],
                    "acknowledgements": [], "last_status_change_at": at });
            merge(known, &more);
        }
        self.log(incident, "resolve_log_entry", at);
    }

    pub(super) fn hide(&mut self, incident: &str) {
        self.incidents.retain(|known| known["id"] != incident);
    }

    pub(super) fn publish(&mut self, title: &str, html: &str, at: DateTime<Utc>) {
        let id = format!("PIJ90P{}", self.posts.len());
        let path = format!("https://api.pagerduty.com/status_pages/PR5LMML/posts/{id}");
        let post = json!({
            "id": id, "type": "status_page_post", "post_type": "incident", "title": title, "self": path,
            "postmortem": { "id": "PWZ0PTR", "self": format!("{path}/postmortem"), "type": "status_page_postmortem" },
        });
        let postmortem = json!({
            "id": "PWZ0PTR", "type": "status_page_post_postmortem", "message": html, "reported_at": stamp(at),
            "notify_subscribers": true,
        });
        self.posts.push((post, postmortem));
    }

    /// The id of the entry that is written next.
    fn next_entry(&self) -> String {
        format!("Q02JTSNZWHSE{}", self.log.len())
    }

    fn log(&mut self, incident: &str, kind: &str, at: DateTime<Utc>) {
        let mut entry = reference(&self.next_entry(), kind, kind);
        entry["created_at"] = json!(stamp(at));
        entry["incident"] = reference(incident, "incident_reference", incident);
        self.log.push(entry);
    }

    fn incidents(&self, asked: &Asked) -> Response {
        if asked.query.get("date_range").is_none_or(|range| range != "all") {
            return problem(400, "without date_range=all only the last month comes");
        }
        let service = asked.query.get("service_ids[]");
        let is_wanted = |incident: &&Value| service.is_none_or(|id| incident["service"]["id"] == **id);
        let mut found: Vec<Value> = self.incidents.iter().filter(is_wanted).cloned().collect();
        if asked
            .query
            .get("sort_by")
            .is_some_and(|order| order == "created_at:desc")
        {
            found.reverse();
        }
        list("incidents", &found, asked)
    }

    fn entries(&self, asked: &Asked) -> Response {
        let said = |name: &str| asked.query.get(name).and_then(|at| moment(at));
        let (since, until) = (said("since"), said("until"));
        let is_wanted = |entry: &&Value| {
            let at = entry["created_at"].as_str().and_then(moment);
            at >= since && until.is_none_or(|until| at <= Some(until))
        };
        let mut found: Vec<Value> = self.log.iter().rev().filter(is_wanted).cloned().collect();
        if asked
            .query
            .get("include[]")
            .is_some_and(|what| what == "incidents")
        {
            for entry in &mut found {
                let known = self
                    .incidents
                    .iter()
                    .find(|known| known["id"] == entry["incident"]["id"]);
                entry["incident"] = known.unwrap_or(&entry["incident"]).clone();
            }
        }
        list("log_entries", &found, asked)
    }

    fn postmortem(&self, post: &str) -> Response {
        let of_post = self.posts.iter().find(|(known, _)| known["id"] == post);
        found("postmortem", of_post.map(|(_, postmortem)| postmortem.clone()))
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != format!("Token token={TOKEN}") {
            return problem(401, "Invalid token");
        }
        let accepted = asked.headers.get("accept");
        if accepted.is_none_or(|accepted| accepted != "application/vnd.pagerduty+json;version=2") {
            return problem(406, "name the version in the Accept header");
        }
        if let Some(seconds) = self.limited.take() {
            let mut response = problem(429, "Rate Limit Exceeded");
            let headers = response.headers_mut();
            headers.insert("ratelimit-reset", HeaderValue::from(seconds));
            return response;
        }
        if asked.method != Method::GET {
            return self.change(asked);
        }
        let one = |of: &[Value], id: &str| of.iter().find(|known| known["id"] == id).cloned();
        match asked.segments().as_slice() {
            ["services"] => list("services", &self.services, asked),
            ["services", id] => found("service", one(&self.services, id)),
            ["incidents"] => self.incidents(asked),
            ["incidents", id] => found("incident", one(&self.incidents, id)),
            ["incidents", id, "notes"] => {
                let notes = self.notes.get(*id).cloned().unwrap_or_default();
                found("notes", Some(json!(notes)))
            }
            ["log_entries"] => self.entries(asked),
            ["status_pages"] if self.posts.is_empty() => problem(403, "Access Denied"),
            ["status_pages"] => {
                let page =
                    json!({ "id": "PR5LMML", "type": "status_page", "url": "https://status.acme.example" });
                found("status_pages", Some(json!([page])))
            }
            ["status_pages", _, "posts"] => {
                let posts: Vec<Value> = self.posts.iter().map(|(post, _)| post.clone()).collect();
                list("posts", &posts, asked)
            }
            ["status_pages", _, "posts", id, "postmortem"] => self.postmortem(id),
            _ => problem(404, "Not Found"),
        }
    }
}

fn problem(status: u16, message: &str) -> Response {
    let error = json!({ "message": message, "code": 2000 + status });
    said(status, json!({ "error": error }))
}

fn found(name: &str, value: Option<Value>) -> Response {
    match value {
        Some(value) => said(200, json!({ name: value })),
        None => problem(404, "Not Found"),
    }
}

fn list(name: &str, all: &[Value], asked: &Asked) -> Response {
    let number = |name: &str| {
        asked
            .query
            .get(name)
            .and_then(|number| number.parse::<usize>().ok())
    };
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(25));
    if limit > 100 || offset + limit > 10_000 {
        return problem(400, "Invalid Input Provided");
    }
    let limit = limit.min(THINGS);
    let end = all.len().min(offset + limit);
    let shown = all.get(offset..end).unwrap_or_default();
    let more = end < all.len();
    said(
        200,
        json!({ name: shown, "limit": limit, "offset": offset, "more": more, "total": null }),
    )
}

fn reference(id: &str, kind: &str, summary: &str) -> Value {
    let address = format!("https://api.pagerduty.com/{id}");
    json!({ "id": id, "type": kind, "summary": summary, "self": address })
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
