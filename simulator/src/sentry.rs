//! Purpose: a pretend Sentry on 127.0.0.1 with projects and issues that tests let happen, resolve and archive. Tokens are
//! checked; of the search it knows what a poller needs; lists come in pages by cursor. Objects are shaped as in the vendor's
//! examples. Source: <https://docs.sentry.io/api/events/list-an-organizations-issues/>,
//! <https://docs.sentry.io/api/events/retrieve-an-issue/>, <https://docs.sentry.io/api/pagination/>.

use std::collections::BTreeSet;
use std::io;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted.
pub const TOKEN: &str = "sntrys_pretend0123456789";
/// The one organisation.
pub const ORGANISATION: &str = "acme";
/// Issues in one answer at most, so that tests need few of them to see the second.
const ISSUES: usize = 3;

#[derive(Debug, Default)]
struct State {
    projects: BTreeSet<String>,
    /// As in details, with their activity.
    issues: Vec<Value>,
    activities: usize,
    /// After so many further details one request is too many, for so many seconds.
    limit: Option<(usize, u32)>,
}

/// A running Sentry. It stops when dropped.
#[derive(Debug)]
pub struct SentrySimulator {
    desk: Desk<State>,
}

impl SentrySimulator {
    /// Serves an organisation without projects on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `api_url`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds a project.
    pub fn add_project(&self, slug: &str) {
        self.desk.with(|state| state.projects.insert(slug.to_owned()));
    }

    /// An error happens for the first time. Gives the issue's id.
    pub fn happen(&self, project: &str, title: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| state.happen(project, title, at))
    }

    /// It happens again, which changes nothing about the issue.
    pub fn happen_again(&self, id: &str, at: DateTime<Utc>) {
        self.desk
            .with(|state| state.change(id, &json!({ "lastSeen": stamp(at) })));
    }

    /// Somebody resolves it.
    pub fn resolve(&self, id: &str, at: DateTime<Utc>) {
        let now = json!({ "status": "resolved", "substatus": null });
        self.desk.with(|state| state.act(id, "set_resolved", &now, at));
    }

    /// It happens although it was resolved.
    pub fn regress(&self, id: &str, at: DateTime<Utc>) {
        let now = json!({ "status": "unresolved", "substatus": "regressed", "lastSeen": stamp(at) });
        self.desk.with(|state| state.act(id, "set_regression", &now, at));
    }

    /// Somebody archives it.
    pub fn archive(&self, id: &str, at: DateTime<Utc>) {
        let now = json!({ "status": "ignored", "substatus": "archived_until_escalating" });
        self.desk.with(|state| state.act(id, "set_ignored", &now, at));
    }

    /// Somebody gets it, or nobody has it any more.
    pub fn assign(&self, id: &str, to: Option<&str>, at: DateTime<Utc>) {
        let who =
            to.map(|name| json!({ "type": "user", "id": "1", "name": name, "email": "a@acme.example" }));
        let kind = if to.is_some() { "assigned" } else { "unassigned" };
        self.desk
            .with(|state| state.act(id, kind, &json!({ "assignedTo": who }), at));
    }

    /// The issue as webhooks show it now.
    pub fn issue(&self, id: &str) -> Value {
        self.desk
            .with(|state| state.find(id).map(as_listed).unwrap_or_default())
    }

    /// Takes an issue out of the details, as if it had been merged into another since it was listed.
    pub fn merge_away(&self, id: &str) {
        self.desk
            .with(|state| state.change(id, &json!({ "activity": null })));
    }

    /// After `details` further requests for details, one is too many; it may be sent again after so many seconds.
    pub fn limit_after_details(&self, details: usize, seconds: u32) {
        self.desk.with(|state| state.limit = Some((details, seconds)));
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }
}

impl State {
    fn happen(&mut self, project: &str, title: &str, at: DateTime<Utc>) -> String {
        let number = self.issues.len() + 1;
        let id = format!("163524490{number}");
        self.issues.push(json!({
            "id": id, "shortId": format!("{}-{number}", project.to_uppercase()), "title": title, "culprit": "app in main",
            "permalink": format!("https://{ORGANISATION}.sentry.io/issues/{id}/"), "level": "error", "priority": "high",
            "status": "unresolved", "substatus": "new", "statusDetails": {}, "isUnhandled": true, "platform": "python",
            "project": { "id": "2", "name": project, "slug": project, "platform": "python" }, "assignedTo": null,
            "issueCategory": "error", "issueType": "error", "count": "1", "userCount": 0,
            "firstSeen": stamp(at), "lastSeen": stamp(at),
            "activity": [{ "id": "0", "type": "first_seen", "user": null, "data": {}, "dateCreated": stamp(at) }],
        }));
        id
    }

    fn find(&self, id: &str) -> Option<&Value> {
        self.issues.iter().find(|issue| issue["id"] == id)
    }

    fn change(&mut self, id: &str, now: &Value) {
        if let Some(issue) = self.issues.iter_mut().find(|issue| issue["id"] == id) {
            for (name, value) in now.as_object().into_iter().flatten() {
                issue[name] = value.clone();
            }
        }
    }

    fn act(&mut self, id: &str, kind: &str, now: &Value, at: DateTime<Utc>) {
        self.change(id, now);
        self.activities += 1;
        let number = format!("90{}", self.activities);
        let activity = json!({ "id": number, "type": kind, "user": { "name": "Ada" }, "data": {}, "dateCreated": stamp(at) });
        let known = self.issues.iter_mut().find(|issue| issue["id"] == id);
        // The newest comes first.
        if let Some(all) = known.and_then(|issue| issue["activity"].as_array_mut()) {
            all.insert(0, activity);
        }
    }

    fn limited(&mut self) -> Option<Response> {
        let (left, seconds) = self.limit.take()?;
        if left > 0 {
            self.limit = Some((left - 1, seconds));
            return None;
        }
        let mut response = problem(429, "You are attempting to use this endpoint too frequently");
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        Some(response)
    }

    fn list(&self, asked: &Asked) -> Response {
        let said_of = |name: &str| asked.query.get(name).map_or("", String::as_str);
        let (Some(start), Some(end)) = (moment(said_of("start")), moment(said_of("end"))) else {
            return problem(400, "start and end are both required");
        };
        let query = asked.query.get("query").map_or("is:unresolved", String::as_str);
        let mut found: Vec<&Value> = self.issues.iter().collect();
        found.retain(|issue| {
            issue["lastSeen"]
                .as_str()
                .and_then(instant)
                .is_some_and(|at| start <= at && at <= end)
        });
        for word in query.split_whitespace() {
            match word.split_once(':') {
                Some(("is", status)) => found.retain(|issue| issue["status"] == status),
                Some(("project", slug)) if self.projects.contains(slug) => {
                    found.retain(|issue| issue["project"]["slug"] == slug);
                }
                Some(("project", slug)) => {
                    let what = format!(
                        "Invalid query. Project(s) {slug} do not exist or are not actively selected."
                    );
                    return problem(400, &what);
                }
                _ => return problem(400, "Invalid query"),
            }
        }
        if said_of("project") != "-1" {
            // The token's owner has joined none.
            found.clear();
        }
        found.sort_by(|a, b| b["lastSeen"].as_str().cmp(&a["lastSeen"].as_str()));
        let offset = said_of("cursor")
            .split(':')
            .nth(1)
            .and_then(|offset| offset.parse().ok())
            .unwrap_or(0);
        paged(&found, offset)
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != format!("Bearer {TOKEN}") {
            return problem(401, "Invalid token");
        }
        match asked.segments().as_slice() {
            ["api", "0", "organizations", ORGANISATION, "issues"] => self.list(asked),
            ["api", "0", "organizations", ORGANISATION, "issues", id] => {
                if let Some(response) = self.limited() {
                    return response;
                }
                match self.find(id).filter(|issue| issue["activity"].is_array()) {
                    Some(issue) => said(200, issue.clone()),
                    None => problem(404, "The requested resource does not exist"),
                }
            }
            _ => problem(404, "The requested resource does not exist"),
        }
    }
}

/// A page, with the links that Sentry always sends: to the host of its region, which is not always the one that was asked.
fn paged(found: &[&Value], offset: usize) -> Response {
    let end = found.len().min(offset + ISSUES);
    let shown: Vec<Value> = found
        .get(offset..end)
        .unwrap_or_default()
        .iter()
        .map(|issue| as_listed(issue))
        .collect();
    let link = |rel: &str, results: bool, to: usize| {
        let cursor = format!("0:{to}:0");
        format!(
            r#"<https://us.sentry.io/api/0/organizations/{ORGANISATION}/issues/?sort=date&cursor={cursor}>; rel="{rel}"; results="{results}"; cursor="{cursor}""#
        )
    };
    let links = format!(
        "{}, {}",
        link("previous", offset > 0, offset.saturating_sub(ISSUES)),
        link("next", end < found.len(), end)
    );
    let mut response = said(200, json!(shown));
    if let Ok(links) = HeaderValue::from_str(&links) {
        response.headers_mut().insert(header::LINK, links);
    }
    response
}

/// Lists do not tell the activity.
fn as_listed(issue: &Value) -> Value {
    let mut listed = issue.clone();
    if let Some(fields) = listed.as_object_mut() {
        fields.remove("activity");
    }
    listed
}

fn problem(status: u16, detail: &str) -> Response {
    said(status, json!({ "detail": detail }))
}

/// Parameters have no zone.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok()?;
    Some(at.and_utc())
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
