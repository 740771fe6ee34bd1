//! Purpose: a pretend Argo CD on 127.0.0.1 with applications that tests synchronise. Tokens are checked; the list comes whole, and
//! what the token may not see is left out of it.
//! Source: argo-cd.readthedocs.io, "API Docs" (`assets/swagger.json` of its code).

use std::collections::BTreeMap;
use std::io;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::desk::{Asked, Desk, World, said};

/// The token that is accepted.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.pretend.argocd";
/// Where people see it.
pub const SITE: &str = "https://argocd.acme.example";

#[derive(Debug, Default)]
struct State {
    /// By name.
    applications: BTreeMap<String, Value>,
}

/// A running Argo CD. It stops when dropped.
#[derive(Debug)]
pub struct ArgocdSimulator {
    desk: Desk<State>,
}

impl ArgocdSimulator {
    /// Serves a cluster without applications on a free port.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start() -> io::Result<Self> {
        let desk = Desk::start(State::default()).await?;
        Ok(Self { desk })
    }

    /// Its address.
    pub fn api_url(&self) -> String {
        self.desk.url()
    }

    /// Adds an application to a project; it was never synchronised. Its chart has a secret value.
    pub fn add_application(&self, name: &str, project: &str) {
        let application = json!({
            "metadata": {
                "name": name, "namespace": "argocd", "uid": format!("uid-{name}"), "resourceVersion": "1",
                "annotations": { "note": "hunter2" },
            },
            "spec": {
                "project": project,
                "destination": { "name": "prod-eu", "namespace": name, "server": "https://k8s.acme.example" },
                "source": {
                    "repoURL": format!("https://github.com/acme/{name}.git"), "path": "deploy", "targetRevision": "main",
                    "helm": { "values": "password: hunter2" },
                },
            },
            "status": { "sync": { "status": "OutOfSync" }, "health": { "status": "Missing" } },
        });
        self.desk
            .with(|state| state.applications.insert(name.to_owned(), application));
    }

    /// Takes an application away from the token.
    pub fn hide(&self, name: &str) {
        self.desk.with(|state| state.applications.remove(name));
    }

    /// Begins a synchronisation to a commit.
    pub fn sync(&self, name: &str, commit: &str, by: &str, at: DateTime<Utc>) {
        let operation = json!({
            "phase": "Running", "startedAt": stamp(at),
            "operation": { "initiatedBy": { "username": by }, "sync": { "revision": commit } },
            "syncResult": { "revision": commit, "resources": [{ "kind": "Deployment", "name": name }] },
        });
        self.change(name, |one| {
            one["status"]["operationState"] = operation;
            if let Some(whole) = one.as_object_mut() {
                whole.remove("operation");
            }
        });
    }

    /// Ends a synchronisation: `Succeeded`, `Failed`.
    pub fn synced(&self, name: &str, phase: &str, at: DateTime<Utc>) {
        self.change(name, |one| {
            one["status"]["operationState"]["phase"] = json!(phase);
            one["status"]["operationState"]["finishedAt"] = json!(stamp(at));
        });
    }

    /// The application turns `Healthy`, `Progressing` or `Degraded`; older versions do not say when.
    pub fn turn(&self, name: &str, health: &str, at: Option<DateTime<Utc>>) {
        let mut health = json!({ "status": health });
        if let Some(at) = at {
            health["lastTransitionTime"] = json!(stamp(at));
        }
        self.change(name, |one| one["status"]["health"] = health);
    }

    /// An application as it is now.
    pub fn application(&self, name: &str) -> Value {
        let found = self.desk.with(|state| state.applications.get(name).cloned());
        found.unwrap_or_default()
    }

    /// The next request is answered with this status, and with `Retry-After` if seconds are given.
    pub fn fail_next(&self, status: u16, retry_after: Option<u32>) {
        self.desk.fail_next(status, retry_after);
    }

    /// What is wanted of an application is a commit that the cluster does not have yet.
    pub fn want(&self, name: &str, commit: &str) {
        self.change(name, |one| {
            one["status"]["sync"] = json!({ "status": "OutOfSync", "revision": commit });
        });
    }

    /// The next change takes effect, and its answer is lost on the way.
    pub fn lose_next_answer(&self) {
        self.desk.lose_next_answer();
    }

    /// Changes that were made so far: method and path.
    pub fn changes(&self) -> Vec<String> {
        self.desk.changes()
    }

    /// Paths with their queries so far.
    pub fn calls(&self) -> Vec<String> {
        self.desk.calls()
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        self.desk.with(|state| {
            if let Some(one) = state.applications.get_mut(name) {
                change(one);
            }
        });
    }
}

impl World for State {
    fn answer(&mut self, asked: &Asked) -> Response {
        if asked.authorization() != format!("Bearer {TOKEN}") {
            let error = "no session information";
            return said(401, json!({ "error": error, "code": 16, "message": error }));
        }
        match (&asked.method, asked.segments().as_slice()) {
            (&Method::GET, ["api", "v1", "applications", name]) => self.one(name),
            (&Method::POST, ["api", "v1", "applications", name, "sync"]) => self.start_sync(name),
            (&Method::GET, ["api", "v1", "settings"]) => said(200, json!({ "url": SITE })),
            (&Method::GET, ["api", "v1", "applications"]) => self.listed(asked),
            _ => said(404, json!({ "error": "Not Found", "code": 5 })),
        }
    }
}

impl State {
    /// To a token that may not see all of them, one that is not there is forbidden.
    fn one(&self, name: &str) -> Response {
        match self.applications.get(name) {
            Some(found) => said(200, found.clone()),
            None => said(
                403,
                json!({ "error": "permission denied", "message": "permission denied", "code": 7 }),
            ),
        }
    }

    /// Asked for, and begun a moment later.
    fn start_sync(&mut self, name: &str) -> Response {
        let Some(one) = self.applications.get_mut(name) else {
            return self.one(name);
        };
        if one["operation"].is_object() || one["status"]["operationState"]["phase"] == "Running" {
            let error = "another operation is already in progress";
            return said(400, json!({ "error": error, "message": error, "code": 9 }));
        }
        one["operation"] = json!({
            "initiatedBy": { "username": "em-agent" },
            "sync": { "revision": one["status"]["sync"]["revision"] },
        });
        said(200, one.clone())
    }

    fn listed(&self, asked: &Asked) -> Response {
        let wanted = |field: &Value, name: &str| asked.query.get(name).is_none_or(|wanted| field == wanted);
        let items: Vec<&Value> = self
            .applications
            .values()
            .filter(|one| {
                wanted(&one["metadata"]["name"], "name") && wanted(&one["spec"]["project"], "projects")
            })
            .collect();
        let items = if items.is_empty() {
            Value::Null
        } else {
            json!(items)
        };
        said(
            200,
            json!({ "metadata": { "resourceVersion": "77" }, "items": items }),
        )
    }
}

/// Kubernetes' times are whole seconds.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
