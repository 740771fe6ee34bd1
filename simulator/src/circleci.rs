//! Purpose: a pretend CircleCI on 127.0.0.1 with projects in which tests start pipelines and end their workflows. Tokens are
//! checked; lists come the newest first, in pages by token.
//! Source: <https://circleci.com/docs/api/v2/>, "Get all pipelines", "Get a pipeline's workflows", "Get a workflow" and
//! "Rerun a workflow". Under what words a rerun is refused is made up.

use std::collections::BTreeMap;
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted.
pub const TOKEN: &str = "CCIPAT_pretend_0123456789abcdef";
/// Items in one answer at most, so that tests need few of them to see the second.
const ITEMS: usize = 3;

#[derive(Debug, Default)]
struct State {
    /// By the project's slug, the oldest first.
    pipelines: BTreeMap<String, Vec<Value>>,
    /// By pipeline, the oldest first.
    workflows: BTreeMap<String, Vec<Value>>,
    last_id: u64,
}

/// A running CircleCI. It stops when dropped.
#[derive(Debug)]
pub struct CircleciSimulator {
    desk: Desk<State>,
}

impl CircleciSimulator {
    /// Serves an account without projects on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// The address of its API.
    pub fn api_url(&self) -> String {
        format!("{}/api/v2", self.desk.url())
    }

    /// Adds a project by its slug: `gh/acme/shop`.
    pub fn add_project(&self, slug: &str) {
        self.desk.with(|state| {
            state.pipelines.entry(slug.to_owned()).or_default();
        });
    }

    /// Takes a project away from the token.
    pub fn hide(&self, slug: &str) {
        self.desk.with(|state| state.pipelines.remove(slug));
    }

    /// A push starts a pipeline. Gives its id; it has no workflows yet.
    pub fn push(&self, slug: &str, branch: &str, sha: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| {
            let id = state.id("c4d2e0aa");
            let pipelines = state.pipelines.entry(slug.to_owned()).or_default();
            let repository = slug.split_once('/').map_or(slug, |(_, path)| path);
            let repository = format!("https://github.com/{repository}");
            pipelines.push(json!({
                "id": id, "number": pipelines.len() + 1, "project_slug": slug, "state": "created", "errors": [],
                "created_at": stamp(at), "updated_at": stamp(at), "trigger_parameters": null,
                "trigger": { "type": "webhook", "received_at": stamp(at), "actor": { "login": "ana", "avatar_url": null } },
                "vcs": {
                    "provider_name": "GitHub", "origin_repository_url": repository, "target_repository_url": repository,
                    "revision": sha, "branch": branch,
                },
            }));
            id
        })
    }

    /// The same for a project that is connected by an app. Gives the id.
    pub fn push_by_app(
        &self,
        slug: &str,
        repository: &str,
        branch: &str,
        sha: &str,
        at: DateTime<Utc>,
    ) -> String {
        let id = self.push(slug, branch, sha, at);
        self.desk.with(|state| {
            let pipelines = state.pipelines.entry(slug.to_owned()).or_default();
            if let Some(pipeline) = pipelines.last_mut() {
                pipeline["vcs"] = Value::Null;
                pipeline["trigger"]["type"] = json!("github_app");
                pipeline["trigger_parameters"] = json!({
                    "circleci": { "event_type": "push" },
                    "git": { "checkout_sha": sha, "branch": branch, "repo_owner": "acme" },
                    "github_app": {
                        "repo_url": repository, "commit_sha": sha, "branch": branch, "user_username": "ana",
                    },
                    "webhook": { "body": "{\"secret\":\"hunter2\"}" },
                });
            }
        });
        id
    }

    /// Starts a workflow. Gives its id.
    pub fn start_workflow(&self, pipeline: &str, name: &str, at: DateTime<Utc>) -> String {
        self.desk.with(|state| {
            let id = state.id("a1b2c3d4");
            let of = |one: &&Value| one["id"] == pipeline;
            let of = state.pipelines.values().flatten().find(of).cloned().unwrap_or_default();
            let workflows = state.workflows.entry(pipeline.to_owned()).or_default();
            workflows.push(json!({
                "id": id, "name": name, "pipeline_id": pipeline, "pipeline_number": of["number"],
                "project_slug": of["project_slug"], "status": "running",
                "started_by": "03987f6a-4c27-4dc1-b6ab-c7e83bb3e713", "created_at": stamp(at), "stopped_at": null,
            }));
            id
        })
    }

    /// Ends a workflow.
    pub fn end_workflow(&self, workflow: &str, status: &str, at: DateTime<Utc>) {
        self.desk.with(|state| {
            let all = state.workflows.values_mut().flatten();
            for one in all.filter(|one| one["id"] == workflow) {
                one["status"] = json!(status);
                one["stopped_at"] = json!(stamp(at));
            }
        });
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// The next change takes effect, and its answer is lost on the way.
    pub fn lose_next_answer(&self) {
        self.desk.lose_next_answer();
    }

    /// Changes that were made so far: method and path.
    pub fn changes(&self) -> Vec<String> {
        self.desk.changes()
    }

    /// The workflows of a pipeline, the oldest first: names and statuses.
    pub fn workflows(&self, pipeline: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.desk.with(|state| {
            let all = state.workflows.get(pipeline).into_iter().flatten();
            all.map(|one| (text(&one["name"]), text(&one["status"])))
                .collect()
        })
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }
}

impl State {
    fn id(&mut self, prefix: &str) -> String {
        self.last_id += 1;
        format!("{prefix}-0000-4000-8000-{:012}", self.last_id)
    }
}

impl State {
    fn find(&self, id: &str) -> Option<Value> {
        let mut all = self.workflows.values().flatten();
        all.find(|one| one["id"] == id).cloned()
    }

    fn workflow(&self, id: &str) -> Response {
        match self.find(id) {
            Some(found) => said(200, found),
            None => said(404, json!({ "message": "Workflow not found" })),
        }
    }

    /// Its clock stands still: the new workflow starts when the old one stopped.
    fn rerun(&mut self, id: &str, asked: &Asked) -> Response {
        let Some(former) = self.find(id) else {
            return said(404, json!({ "message": "Workflow not found" }));
        };
        if former["stopped_at"].is_null() {
            return said(400, json!({ "message": "The workflow is still running." }));
        }
        if asked.body["from_failed"] == true && former["status"] != "failed" {
            return said(
                400,
                json!({ "message": "Only a failed workflow can be run from what failed." }),
            );
        }
        let new = self.id("a1b2c3d4");
        let pipeline = former["pipeline_id"].as_str().unwrap_or_default().to_owned();
        self.workflows.entry(pipeline.clone()).or_default().push(json!({
            "id": new, "name": former["name"], "pipeline_id": pipeline, "pipeline_number": former["pipeline_number"],
            "project_slug": former["project_slug"], "status": "running", "started_by": former["started_by"],
            "created_at": former["stopped_at"], "stopped_at": null,
        }));
        said(202, json!({ "workflow_id": new }))
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        let token = asked
            .headers
            .get("circle-token")
            .and_then(|token| token.to_str().ok());
        if token != Some(TOKEN) {
            return said(401, json!({ "message": "You must log in first." }));
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["api", "v2", "workflow", id]) => return self.workflow(id),
            (&Method::POST, ["api", "v2", "workflow", id, "rerun"]) => return self.rerun(id, asked),
            _ => {}
        }
        let none = Vec::new();
        let found = match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["api", "v2", "project", forge, owner, name, "pipeline"]) => {
                self.pipelines.get(&format!("{forge}/{owner}/{name}"))
            }
            (&Method::GET, ["api", "v2", "pipeline", id, "workflow"]) => {
                Some(self.workflows.get(*id).unwrap_or(&none))
            }
            _ => None,
        };
        match found {
            Some(items) => listed(items, asked),
            None => said(404, json!({ "message": "Project not found" })),
        }
    }
}

fn listed(items: &[Value], asked: &Asked) -> Response {
    let start = match asked.query.get("page-token") {
        None => 0,
        Some(token) => match token.strip_prefix("from-").and_then(|start| start.parse().ok()) {
            Some(start) => start,
            None => return said(400, json!({ "message": "Invalid page-token." })),
        },
    };
    let shown: Vec<&Value> = items.iter().rev().skip(start).take(ITEMS).collect();
    let end = start + shown.len();
    let next = (end < items.len()).then(|| format!("from-{end}"));
    said(200, json!({ "items": shown, "next_page_token": next }))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
