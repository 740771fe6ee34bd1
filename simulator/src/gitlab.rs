//! Purpose: a pretend GitLab on 127.0.0.1 with projects in which tests open and review merge requests, run pipelines, deploy,
//! release and write issues. Tokens are checked; lists come in pages by number, and say so in headers as GitLab does.
//! Source: docs.gitlab.com, "REST API": "Merge requests", "Pipelines", "Deployments", "Issues", "Releases".

mod world;

use std::io;

use axum::http::{HeaderValue, Method};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::world::{Project, State, stamp, user};
use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted.
pub const TOKEN: &str = "glpat-pretend0123456789abcd";
/// Where people see it, which is another address than the one it listens on.
const SITE: &str = "https://gitlab.acme.example";
/// Items in one answer at most, so that tests need few of them to see the second.
const ITEMS: usize = 5;

/// A running GitLab. It stops when dropped.
#[derive(Debug)]
pub struct GitlabSimulator {
    desk: Desk<State>,
}

impl GitlabSimulator {
    /// Serves an instance without projects on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// The address of its API.
    pub fn api_url(&self) -> String {
        format!("{}/api/v4", self.desk.url())
    }

    /// Adds a project of the visibility `private`, `internal` or `public`.
    pub fn add_project(&self, path: &str, visibility: &str) {
        self.desk.with(|state| {
            state
                .projects
                .insert(path.to_owned(), Project::new(path, visibility));
        });
    }

    /// Takes a project away from the token.
    pub fn hide(&self, path: &str) {
        self.desk.with(|state| state.projects.remove(path));
    }

    /// Switches a part of a project off: `builds`, `issues`.
    pub fn switch_off(&self, path: &str, part: &str) {
        self.change(path, |project| {
            project.shown[format!("{part}_access_level")] = json!("disabled");
        });
    }

    /// Opens a merge request. Gives its number.
    pub fn open(&self, path: &str, title: &str, author: &str, at: DateTime<Utc>) -> i64 {
        self.change(path, |project| project.open(title, author, at))
    }

    /// Asks somebody for a review.
    pub fn ask(&self, path: &str, number: i64, reviewer: &str, at: DateTime<Utc>) {
        self.change(path, |project| project.ask(number, reviewer, at));
    }

    /// Gives or takes back an approval, asks for changes, or leaves remarks alone: `approved`, `unapproved`, `requested_changes`,
    /// `reviewed`.
    pub fn review(&self, path: &str, number: i64, reviewer: &str, verdict: &str, at: DateTime<Utc>) {
        self.change(path, |project| project.review(number, reviewer, verdict, at));
    }

    /// Remarks something. Gives the id of the note.
    pub fn comment(&self, path: &str, number: i64, author: &str, text: &str, at: DateTime<Utc>) -> i64 {
        self.change(path, |project| project.note(number, author, text, false, at))
    }

    /// Pushes a commit to a merge request.
    pub fn push(&self, path: &str, number: i64, author: &str, sha: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            project.merge_request(number)["sha"] = json!(sha);
            let text = "added 1 commit\n\n<ul><li>12345678 - Retry</li></ul>";
            project.note(number, author, text, true, at);
        });
    }

    /// Ends the draft that a merge request is.
    pub fn ready(&self, path: &str, number: i64, author: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            project.merge_request(number)["draft"] = json!(false);
            project.note(number, author, "marked this merge request as **ready**", true, at);
        });
    }

    /// Merges or closes a merge request: `merged`, `closed`.
    pub fn end(&self, path: &str, number: i64, state: &str, by: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            let one = project.merge_request(number);
            one["state"] = json!(state);
            one[format!("{state}_at")] = json!(stamp(at));
            one[format!("{state}_by")] = user(by);
            one["updated_at"] = json!(stamp(at));
            if state == "merged" {
                one["merge_commit_sha"] = json!("9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b5b1f0c");
            }
        });
    }

    /// Starts a pipeline on a branch. Gives its id.
    pub fn run(&self, path: &str, branch: &str, sha: &str, at: DateTime<Utc>) -> i64 {
        self.change(path, |project| project.run(branch, sha, at))
    }

    /// Ends a pipeline.
    pub fn finish(&self, path: &str, id: i64, status: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            let one = project.item("pipelines", "id", id);
            one["status"] = json!(status);
            one["finished_at"] = json!(stamp(at));
            one["updated_at"] = json!(stamp(at));
        });
    }

    /// Deploys. Gives the id of the deployment, which runs.
    pub fn deploy(&self, path: &str, environment: &str, sha: &str, by: &str, at: DateTime<Utc>) -> i64 {
        self.change(path, |project| project.deploy(environment, sha, by, at))
    }

    /// A deployment comes to another state: `success`, `failed`.
    pub fn deployed(&self, path: &str, id: i64, status: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            let one = project.item("deployments", "id", id);
            one["status"] = json!(status);
            one["updated_at"] = json!(stamp(at));
        });
    }

    /// Writes an issue of the type `ISSUE` or `INCIDENT`. Gives its number.
    pub fn write(&self, path: &str, title: &str, kind: &str, author: &str, at: DateTime<Utc>) -> i64 {
        self.change(path, |project| project.write(title, kind, author, at))
    }

    /// Closes an issue.
    pub fn close(&self, path: &str, number: i64, by: &str, at: DateTime<Utc>) {
        self.change(path, |project| {
            let one = project.item("issues", "iid", number);
            one["state"] = json!("closed");
            one["closed_at"] = json!(stamp(at));
            one["closed_by"] = user(by);
            one["updated_at"] = json!(stamp(at));
        });
    }

    /// Publishes a release.
    pub fn release(&self, path: &str, tag: &str, author: &str, at: DateTime<Utc>) {
        self.change(path, |project| project.release(tag, author, at));
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }

    fn change<T>(&self, path: &str, change: impl FnOnce(&mut Project) -> T) -> T {
        self.desk.with(|state| {
            let project = state.projects.entry(path.to_owned());
            change(project.or_insert_with(|| Project::new(path, "private")))
        })
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        let token = asked
            .headers
            .get("private-token")
            .and_then(|token| token.to_str().ok());
        if token != Some(TOKEN) {
            return said(401, json!({ "message": "401 Unauthorized" }));
        }
        let segments = asked.segments();
        let (&Method::GET, ["api", "v4", "projects", path, rest @ ..]) = (&asked.method, segments.as_slice())
        else {
            return said(404, json!({ "error": "404 Not Found" }));
        };
        let Some(project) = self.projects.get(&path.replace("%2F", "/")) else {
            return said(404, json!({ "message": "404 Project Not Found" }));
        };
        match rest {
            [] => said(200, project.shown.clone()),
            [list] => match project.lists.get(*list) {
                Some(items) => listed(list, items, asked),
                None => said(404, json!({ "error": "404 Not Found" })),
            },
            ["pipelines", id] => match project.lists["pipelines"]
                .iter()
                .find(|one| one["id"].as_i64() == id.parse().ok())
            {
                Some(one) => said(200, one.clone()),
                None => said(404, json!({ "message": "404 Pipeline Not Found" })),
            },
            ["merge_requests", number, part] => project.part(number, part).map_or_else(
                || said(404, json!({ "message": "404 Not found" })),
                |part| said(200, part),
            ),
            _ => said(404, json!({ "error": "404 Not Found" })),
        }
    }
}

fn listed(list: &str, items: &[Value], asked: &Asked) -> Response {
    let is = |name: &str, value: &str| asked.query.get(name).is_some_and(|said| said == value);
    let since = asked.query.get("updated_after");
    if list == "deployments" && since.is_some() && !is("order_by", "updated_at") {
        let message = "`updated_at` filter and `updated_at` sorting must be paired";
        return said(400, json!({ "message": message }));
    }
    let by = if is("order_by", "updated_at") {
        "updated_at"
    } else {
        "created_at"
    };
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let since = since
        .and_then(|since| DateTime::parse_from_rfc3339(since).ok())
        .map(|at| stamp(at.to_utc()));
    let mut found: Vec<&Value> = items
        .iter()
        .filter(|one| {
            since
                .as_ref()
                .is_none_or(|since| text(one, "updated_at") >= *since)
        })
        .collect();
    found.sort_by_key(|one| text(one, by));
    if is("sort", "desc") {
        found.reverse();
    }
    let number = |name: &str, otherwise| {
        asked
            .query
            .get(name)
            .and_then(|said| said.parse().ok())
            .unwrap_or(otherwise)
    };
    let size = ITEMS.min(number("per_page", 20));
    let page = number("page", 1).max(1);
    let shown: Vec<Value> = found
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|one| world::as_listed(list, one))
        .collect();
    let next = (page * size < found.len()).then(|| (page + 1).to_string());
    let mut response = said(200, Value::Array(shown));
    let headers = response.headers_mut();
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    headers.insert("x-next-page", value(next.as_deref().unwrap_or_default()));
    if let Some(next) = next {
        let link = format!(
            r#"<{SITE}{}?page={next}&per_page={size}>; rel="next""#,
            asked.path
        );
        headers.insert("link", value(&link));
    }
    response
}
