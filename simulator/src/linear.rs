//! Purpose: a pretend Linear on 127.0.0.1 with teams and issues that tests write, comment on, move and throw away. It speaks
//! GraphQL; tokens are checked; lists come in pages by cursor. What it is not asked for it does not tell.
//! Source: <https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql>.

mod history;
mod write;

use std::collections::BTreeMap;
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::desk::{Asked, Desk, World, said};
use crate::graphql::{self, Arguments};

/// The token that is accepted: a person's key, sent as it is.
pub const TOKEN: &str = "lin_api_pretend0123456789abcdefghij";
/// The workspace's name in addresses.
pub const WORKSPACE: &str = "acme";

#[derive(Debug, Default)]
struct State {
    /// By key.
    teams: BTreeMap<String, String>,
    /// In the order in which they were written.
    issues: Vec<Value>,
    limited: u32,
}

/// A running Linear. It stops when dropped.
#[derive(Debug)]
pub struct LinearSimulator {
    desk: Desk<State>,
}

impl LinearSimulator {
    /// Serves a workspace without teams on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `LINEAR_API_URL`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds a team.
    pub fn add_team(&self, key: &str) {
        self.desk.with(|state| {
            let id = format!("72b2a2dc-6f4f-4423-9d34-{:012x}", state.teams.len());
            state.teams.insert(key.to_owned(), id);
        });
    }

    /// Writes an issue in Markdown. Gives its identifier.
    pub fn write(&self, team: &str, title: &str, description: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| {
            let description = (!description.is_empty()).then_some(description);
            let issue = json!({
                "title": title, "description": description, "createdAt": stamp(at), "updatedAt": stamp(at),
                "startedAt": stamp(at), "state": history::state("In Progress"),
                "creator": history::person("Ana Ruiz"), "assignee": history::person("Ben Koch"),
            });
            state.add(team, issue)
        })
    }

    /// Comments on an issue, which does not count as a change of it.
    pub fn comment(&self, identifier: &str, text: &str, at: DateTime<Utc>) {
        self.change(identifier, |issue| {
            if let Some(comments) = issue["comments"]["__list"].as_array_mut() {
                comments.push(json!({
                    "id": format!("2174add1-f7c8-44e3-bbf3-{:012x}", comments.len()), "body": text,
                    "createdAt": stamp(at), "updatedAt": stamp(at), "user": { "name": "Ben Koch" }, "botActor": null,
                }));
            }
        });
    }

    /// Changes the description of an issue.
    pub fn edit(&self, identifier: &str, description: &str, at: DateTime<Utc>) {
        self.change(identifier, |issue| {
            issue["description"] = json!(description);
            issue["updatedAt"] = json!(stamp(at));
        });
    }

    /// Puts an issue away, as Linear does by itself some time after it is done.
    pub fn archive(&self, identifier: &str, at: DateTime<Utc>) {
        self.change(identifier, |issue| issue["archivedAt"] = json!(stamp(at)));
    }

    /// Throws an issue away: for a while it is still there, in the trash.
    pub fn delete(&self, identifier: &str, at: DateTime<Utc>) {
        self.change(identifier, |issue| {
            issue["trashed"] = json!(true);
            issue["archivedAt"] = json!(stamp(at));
        });
    }

    /// The next requests are too many: answered as Linear does, with 400.
    pub fn limit_next(&self, requests: u32) {
        self.desk.with(|state| state.limited = requests);
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }

    /// The next change takes effect, and its answer is lost on the way.
    pub fn lose_next_answer(&self) {
        self.desk.lose_next_answer();
    }

    /// Changes that were made so far: method and path.
    pub fn changes(&self) -> Vec<String> {
        self.desk.changes()
    }

    /// The name of the state that an issue is in.
    pub fn state_of(&self, identifier: &str) -> String {
        self.desk.with(|state| write::state_of(state, identifier))
    }

    /// The comments on an issue in Markdown, the oldest first.
    pub fn comments(&self, identifier: &str) -> Vec<String> {
        self.desk.with(|state| write::comments(state, identifier))
    }

    fn change(&self, identifier: &str, act: impl FnOnce(&mut Value)) {
        self.desk.with(|state| {
            let found = state
                .issues
                .iter_mut()
                .find(|issue| issue["identifier"] == identifier);
            if let Some(issue) = found {
                act(issue);
            }
        });
    }
}

impl State {
    /// Adds an issue with what all have; gives its identifier.
    fn add(&mut self, team: &str, mut issue: Value) -> String {
        let number = 1 + self
            .issues
            .iter()
            .filter(|issue| issue["team"]["key"] == team)
            .count();
        let identifier = format!("{team}-{number}");
        let all = json!({
            "id": format!("539068e2-ae88-4d09-bd75-{:012x}", self.issues.len()),
            "identifier": identifier, "number": number, "priorityLabel": "High",
            "url": format!("https://linear.app/{WORKSPACE}/issue/{identifier}"),
            "archivedAt": null, "trashed": null, "startedAt": null, "completedAt": null, "canceledAt": null,
            "description": null, "assignee": null, "botActor": null,
            "team": { "id": self.teams.get(team), "key": team, "name": team }, "project": { "name": "Billing" },
            "labels": { "__list": [{ "name": "payments" }] }, "comments": { "__list": [] },
            "history": { "__list": [] },
        });
        for (name, value) in all.as_object().into_iter().flatten() {
            if issue.get(name).is_none() {
                issue[name] = value.clone();
            }
        }
        self.issues.push(issue);
        identifier
    }
}

impl World for State {
    fn is_change(&self, asked: &Asked) -> bool {
        let query = asked.body["query"].as_str().unwrap_or_default();
        query.starts_with("mutation")
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != TOKEN {
            return problem(
                400,
                "AUTHENTICATION_ERROR",
                "Authentication required, not authenticated",
            );
        }
        if self.limited > 0 {
            self.limited -= 1;
            return problem(400, "RATELIMITED", "Rate limit exceeded");
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::POST, ["graphql"]) if self.is_change(asked) => write::answer(self, &asked.body),
            (&Method::POST, ["graphql"]) => match query(self, &asked.body) {
                Ok(data) => said(200, json!({ "data": data })),
                Err(message) if message.starts_with("Entity not found") => write::not_there(&message),
                Err(message) => problem(400, "GRAPHQL_VALIDATION_FAILED", &message),
            },
            _ => problem(404, "NOT_FOUND", "Not found"),
        }
    }
}

fn problem(status: u16, code: &str, message: &str) -> Response {
    said(
        status,
        json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }),
    )
}

fn query(state: &State, body: &Value) -> Result<Map<String, Value>, String> {
    let text = body["query"].as_str().unwrap_or_default();
    let mut data = Map::new();
    for field in graphql::read(text, &body["variables"])? {
        let value = match field.name.as_str() {
            "organization" => json!({ "id": "org", "name": "Acme", "urlKey": WORKSPACE }),
            "teams" => teams(state, &field.arguments),
            "issues" => issues(state, &field.arguments),
            "issue" => write::issue(state, field.arguments.get("id"))?,
            "comments" => write::found(state, &field.arguments),
            name => return Err(format!("Cannot query field \"{name}\" on type \"Query\".")),
        };
        let (name, value) = graphql::select(&field, &value)?;
        data.insert(name, value);
    }
    Ok(data)
}

fn teams(state: &State, arguments: &Arguments) -> Value {
    let filter = arguments.get("filter").cloned().unwrap_or_default();
    let teams = state.teams.iter().filter(|(key, _)| is_meant(&filter, key));
    let teams: Vec<Value> = teams
        .map(|(key, id)| json!({ "id": id, "key": key, "name": key }))
        .collect();
    json!({ "__list": teams })
}

/// Whether a filter of teams lets the team through.
fn is_meant(filter: &Value, key: &str) -> bool {
    let is = |wanted: &Value| wanted.as_str().is_none_or(|wanted| wanted == key);
    let is_like = |wanted: &Value| {
        wanted
            .as_str()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(key))
    };
    is(&filter["key"]["eq"]) && is_like(&filter["key"]["eqIgnoreCase"])
}

fn issues(state: &State, arguments: &Arguments) -> Value {
    let filter = arguments.get("filter").cloned().unwrap_or_default();
    let with_archived = arguments.get("includeArchived") == Some(&json!(true));
    let time = |value: &Value| value.as_str().and_then(moment);
    let is_asked = |issue: &&Value| {
        let since = time(&filter["or"][0]["updatedAt"]["gte"]);
        let is_new = |at: &Value| since.is_none_or(|since| time(at) >= Some(since));
        let comments = issue["comments"]["__list"].as_array().into_iter().flatten();
        let is_changed =
            is_new(&issue["updatedAt"]) || comments.into_iter().any(|comment| is_new(&comment["updatedAt"]));
        let updated = time(&issue["updatedAt"]);
        let (from, to) = (
            time(&filter["updatedAt"]["gte"]),
            time(&filter["updatedAt"]["lte"]),
        );
        let is_between =
            from.is_none_or(|from| updated >= Some(from)) && to.is_none_or(|to| updated <= Some(to));
        let id = &filter["team"]["id"]["eq"];
        let is_of_team = (id.is_null() || issue["team"]["id"] == *id)
            && is_meant(&filter["team"], issue["team"]["key"].as_str().unwrap_or_default());
        is_of_team && is_changed && is_between && (with_archived || issue["archivedAt"].is_null())
    };
    let found: Vec<&Value> = state.issues.iter().filter(is_asked).collect();
    json!({ "__list": found })
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
