//! Purpose: a pretend Jira Cloud on 127.0.0.1 with projects and issues that tests write, comment on, move and delete. Tokens
//! are checked; of JQL it knows what readers of a project need; lists come in pages by token.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post>.

mod history;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted, as it is configured: an account and its API token.
pub const TOKEN: &str = "ana@acme.example:ATATT3xFfGF0pretend";
/// What the token is as basic authentication.
const BASIC: &str = "Basic YW5hQGFjbWUuZXhhbXBsZTpBVEFUVDN4RmZHRjBwcmV0ZW5k";
/// Where people read the issues.
const SITE: &str = "https://acme.atlassian.net";
/// Issues in one answer at most, so that tests need few of them to see the second.
const ISSUES: usize = 5;
/// Comments that come with an issue at most.
const COMMENTS: usize = 20;

#[derive(Debug, Default)]
struct State {
    projects: BTreeSet<String>,
    /// By key; the number counts within the project.
    issues: BTreeMap<String, Value>,
    comments: BTreeMap<String, Vec<Value>>,
    /// What was changed, oldest first.
    changes: BTreeMap<String, Vec<Value>>,
}

/// A running Jira. It stops when dropped.
#[derive(Debug)]
pub struct JiraSimulator {
    desk: Desk<State>,
}

impl JiraSimulator {
    /// Serves a site without projects on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// For `JIRA_API_URL`.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds a project.
    pub fn add_project(&self, key: &str) {
        self.desk.with(|state| state.projects.insert(key.to_owned()));
    }

    /// Writes an issue of one paragraph. Gives its key.
    pub fn write(&self, project: &str, summary: &str, text: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| {
            let fields = json!({
                "summary": summary, "description": document(text), "issuetype": { "name": "Story" },
                "status": history::status("In Progress"), "statuscategorychangedate": stamp(at), "labels": ["payments"],
                "assignee": person("Ben Koch"), "reporter": person("Ana Ruiz"), "creator": person("Ana Ruiz"),
                "updated": stamp(at), "created": stamp(at),
            });
            state.add(project, &fields)
        })
    }

    /// Comments on an issue.
    pub fn comment(&self, key: &str, text: &str, at: DateTime<Utc>) {
        self.desk.with(|state| {
            let comment = json!({ "id": "1", "author": person("Ben Koch"), "body": document(text), "created": stamp(at) });
            state.comments.entry(key.to_owned()).or_default().push(comment);
            if let Some(issue) = state.issues.get_mut(key) {
                issue["fields"]["updated"] = json!(stamp(at));
            }
        });
    }

    /// Deletes an issue.
    pub fn delete(&self, key: &str) {
        self.desk.with(|state| state.issues.remove(key));
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

    /// The status of an issue.
    pub fn status(&self, key: &str) -> String {
        self.desk.with(|state| write::status(state, key))
    }

    /// The comments on an issue in Atlassian's format, the oldest first.
    pub fn comments(&self, key: &str) -> Vec<Value> {
        let all = self.desk.with(|state| state.comments.get(key).cloned());
        let body = |comment: Value| comment["body"].clone();
        all.unwrap_or_default().into_iter().map(body).collect()
    }
}

impl State {
    fn add(&mut self, project: &str, fields: &Value) -> String {
        let of_project = self.issues.keys().filter(|key| project_of(key) == project);
        let key = format!("{project}-{}", of_project.count() + 1);
        let id = (10_040 + self.issues.len()).to_string();
        let address = format!("{SITE}/rest/api/3/issue/{id}");
        let issue = json!({ "id": id, "self": address, "key": key, "fields": fields });
        self.issues.insert(key.clone(), issue);
        key
    }
}

impl World for State {
    fn is_change(&self, asked: &Asked) -> bool {
        asked.method != Method::GET && !asked.path.ends_with("/search/jql")
    }

    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != BASIC {
            return problem(401, "Client must be authenticated to access this resource.");
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["rest", "api", "3", "project", key]) => match self.projects.get(*key) {
                Some(key) => {
                    let address = format!("{SITE}/rest/api/3/project/10000");
                    said(
                        200,
                        json!({ "self": address, "id": "10000", "key": key, "name": key }),
                    )
                }
                None => problem(404, &format!("No project could be found with key '{key}'.")),
            },
            (&Method::POST, ["rest", "api", "3", "search", "jql"]) => search(self, &asked.body),
            (&Method::GET, ["rest", "api", "3", "issue", key, "comment"]) => comments(self, key, asked),
            (&Method::GET, ["rest", "api", "3", "issue", id, "changelog"]) => {
                history::listed(self, id, asked)
            }
            (&Method::GET, ["rest", "api", "3", "status"]) => said(200, history::statuses()),
            (method, ["rest", "api", "3", "issue", key, rest @ ..]) => {
                write::answer(self, method, key, rest, asked)
            }
            _ => problem(404, "dead link"),
        }
    }
}

fn problem(status: u16, message: &str) -> Response {
    said(status, json!({ "errorMessages": [message], "errors": {} }))
}

fn search(state: &State, body: &Value) -> Response {
    let jql = body["jql"].as_str().unwrap_or_default();
    let Some(wanted) = wanted(jql) else {
        return problem(400, "the pretend Jira does not know this JQL");
    };
    let unknown = wanted
        .project
        .filter(|project| !state.projects.contains(*project));
    if let Some(unknown) = unknown {
        let message = format!("The value '{unknown}' does not exist for the field 'project'.");
        return problem(400, &message);
    }
    if !body["fields"].is_array() {
        return problem(400, "name the fields: without them only ids come");
    }
    let updated = |key: &String| moment(&state.issues[key]["fields"]["updated"]);
    let is_wanted = |key: &&String| {
        wanted.project.is_none_or(|project| project_of(key) == project)
            && wanted.since.is_none_or(|since| updated(key) >= since)
    };
    let mut found: Vec<&String> = state.issues.keys().filter(is_wanted).collect();
    found.sort_by_key(|key| updated(key));
    if !wanted.is_ascending {
        found.reverse();
    }
    let start = match body["nextPageToken"]
        .as_str()
        .map(|token| token.strip_prefix("at="))
    {
        None => 0,
        Some(Some(start)) => start.parse().unwrap_or(usize::MAX),
        Some(None) => return problem(400, "The provided next page token is invalid or expired."),
    };
    let end = found.len().min(start + ISSUES);
    let issues: Vec<Value> = found
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|key| shown(state, key, body))
        .collect();
    let is_last = end == found.len();
    let mut answer = json!({ "issues": issues, "isLast": is_last });
    if !is_last {
        answer["nextPageToken"] = json!(format!("at={end}"));
    }
    said(200, answer)
}

/// What a search asks for.
struct Wanted<'a> {
    project: Option<&'a str>,
    /// In milliseconds since 1970.
    since: Option<i64>,
    is_ascending: bool,
}

fn wanted(jql: &str) -> Option<Wanted<'_>> {
    let (clauses, order) = jql.split_once("ORDER BY updated ")?;
    let mut wanted = Wanted {
        project: None,
        since: None,
        is_ascending: order == "ASC",
    };
    for clause in clauses.split(" AND ") {
        if let Some(project) = clause.trim().strip_prefix("project = \"") {
            wanted.project = Some(project.strip_suffix('"')?);
        } else {
            wanted.since = Some(clause.trim().strip_prefix("updated >= ")?.parse().ok()?);
        }
    }
    ["ASC", "DESC"].contains(&order).then_some(wanted)
}

/// In milliseconds since 1970.
fn moment(stamp: &Value) -> i64 {
    let text = stamp.as_str().unwrap_or_default();
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z");
    at.map_or(0, |at| at.timestamp_millis())
}

/// The issue with the fields that were asked for.
fn shown(state: &State, key: &str, body: &Value) -> Value {
    let mut issue = state.issues[key].clone();
    if body["expand"] == "changelog" {
        issue["changelog"] = history::newest(state, key);
    }
    let fields = &body["fields"];
    let comments = state.comments.get(key).map_or(&[][..], Vec::as_slice);
    let first: Vec<&Value> = comments.iter().take(COMMENTS).collect();
    issue["fields"]["comment"] =
        json!({ "comments": first, "total": comments.len(), "maxResults": COMMENTS, "startAt": 0 });
    let wanted: BTreeSet<&str> = fields
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(fields) = issue["fields"].as_object_mut() {
        fields.retain(|name, _| wanted.contains(name.as_str()));
    }
    issue
}

fn comments(state: &State, key: &str, asked: &Asked) -> Response {
    let start: usize = asked
        .query
        .get("startAt")
        .and_then(|start| start.parse().ok())
        .unwrap_or_default();
    let all = state.comments.get(key).map_or(&[][..], Vec::as_slice);
    let mut sorted: Vec<&Value> = all.iter().collect();
    if asked
        .query
        .get("orderBy")
        .is_some_and(|order| order == "-created")
    {
        sorted.reverse();
    }
    let page: Vec<&Value> = sorted.into_iter().skip(start).take(100).collect();
    said(
        200,
        json!({ "comments": page, "total": all.len(), "startAt": start, "maxResults": 100 }),
    )
}

fn project_of(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(project, _)| project)
}

fn person(name: &str) -> Value {
    json!({ "accountId": name, "displayName": name, "active": true })
}

/// One paragraph in Atlassian's document format.
fn document(text: &str) -> Value {
    let text = json!({ "type": "text", "text": text });
    json!({ "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": [text] }] })
}

/// Jira writes zones without a colon.
fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
