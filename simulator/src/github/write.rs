//! Purpose: what is done over the API: who may, what GitHub refuses and how, and what changes. One arm per endpoint.
//! Sources: <https://docs.github.com/rest>, "Permissions required for fine-grained personal access tokens".

mod actions;
mod graphql;
mod pull;
#[cfg(test)]
mod tests;
mod thread;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    answer::Asked,
    delivery::Delivery,
    world::{GithubWorld, State},
};

/// Who acts over the API: the token's account.
pub(super) const ACTOR: &str = "em-agent";

/// What a change is answered with.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) status: u16,
    /// `null` for no body.
    pub(super) body: Value,
    /// Any of these permissions is enough.
    pub(super) accepted: &'static [&'static str],
}

/// How an endpoint answers: a status and a body.
type Answer = (u16, Value);

const THREAD: &[&str] = &["issues=write", "pull_requests=write"];
const ISSUE: &[&str] = &["issues=write"];
const PULL: &[&str] = &["pull_requests=write"];
const CONTENT: &[&str] = &["contents=write"];
const ACTIONS: &[&str] = &["actions=write"];
const DEPLOYMENTS: &[&str] = &["deployments=write"];

/// What an endpoint is given.
struct Change<'a> {
    world: &'a GithubWorld,
    repo: String,
    body: Value,
}

type Endpoint = fn(&Change<'_>, &str, &str) -> Answer;

/// Does what is asked, or says why not.
pub(super) fn carry_out(world: &GithubWorld, asked: &Asked) -> Written {
    let body: Value = match asked.body.as_ref() {
        [] => json!({}),
        bytes => match serde_json::from_slice(bytes) {
            Ok(body) => body,
            Err(_) => return said(400, "Problems parsing JSON").accepting(&[]),
        },
    };
    let segments: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let (repo, rest) = match segments.as_slice() {
        ["graphql"] | ["api", "graphql"] if asked.method == Method::POST => {
            return graphql::answer(world, &body).accepting(&[]);
        }
        ["repos", owner, name, rest @ ..] => (format!("{owner}/{name}"), rest),
        _ => return said(404, "Not Found").accepting(&[]),
    };
    let Some((accepted, endpoint, one, two)) = endpoint(&asked.method, rest) else {
        return said(404, "Not Found").accepting(&[]);
    };
    if let Some(refusal) = refusal(&world.state(), &repo, accepted) {
        return refusal.accepting(accepted);
    }
    let change = Change { world, repo, body };
    endpoint(&change, one, two).accepting(accepted)
}

/// The endpoint, the permissions of which one is needed, and the parts of the path that it reads.
fn endpoint<'p>(
    method: &Method,
    path: &[&'p str],
) -> Option<(&'static [&'static str], Endpoint, &'p str, &'p str)> {
    Some(match (method.as_str(), path) {
        ("POST", ["issues"]) => (ISSUE, thread::create, "", ""),
        ("PATCH", ["issues", number]) => (THREAD, thread::update, number, ""),
        ("PATCH", ["pulls", number]) => (PULL, thread::update, number, ""),
        ("POST", ["issues", number, "comments"]) => (THREAD, thread::comment, number, ""),
        ("POST", ["issues", number, "labels"]) => (THREAD, thread::label, number, ""),
        ("DELETE", ["issues", number, "labels", label]) => (THREAD, thread::unlabel, number, label),
        ("POST", ["issues", number, "assignees"]) => (THREAD, thread::assign, number, ""),
        ("DELETE", ["issues", number, "assignees"]) => (THREAD, thread::unassign, number, ""),
        ("POST", ["pulls", number, "requested_reviewers"]) => (PULL, pull::request_review, number, ""),
        ("DELETE", ["pulls", number, "requested_reviewers"]) => (PULL, pull::withdraw_review, number, ""),
        ("PUT", ["pulls", number, "merge"]) => (CONTENT, pull::merge, number, ""),
        ("POST", ["actions", "runs", run, "rerun-failed-jobs"]) => (ACTIONS, actions::rerun, run, ""),
        ("POST", ["actions", "runs", run, "pending_deployments"]) => (DEPLOYMENTS, actions::decide, run, ""),
        ("POST", ["actions", "workflows", file, "dispatches"]) => (ACTIONS, actions::dispatch, file, ""),
        _ => return None,
    })
}

/// What GitHub says before it looks at what is asked.
fn refusal(state: &State, repo: &str, accepted: &[&str]) -> Option<Answer> {
    let Some(repo) = state.repos.get(repo) else {
        return Some(said(404, "Not Found"));
    };
    let permissions = state.permissions.as_ref();
    if permissions.is_some_and(|have| !accepted.iter().any(|one| have.contains(*one))) {
        return Some(said(403, "Resource not accessible by personal access token"));
    }
    (repo.about["archived"] == true).then(|| said(403, "Repository was archived so is read-only."))
}

trait Accepting {
    fn accepting(self, accepted: &'static [&'static str]) -> Written;
}

impl Accepting for Answer {
    fn accepting(self, accepted: &'static [&'static str]) -> Written {
        Written {
            status: self.0,
            body: self.1,
            accepted,
        }
    }
}

impl Change<'_> {
    /// `acme/api#12`
    fn target(&self, number: u64) -> String {
        format!("{}#{number}", self.repo)
    }

    /// Keeps the webhook, and writes the effect down.
    fn done(&self, kind: &'static str, target: String, detail: impl Into<String>, told: Option<Delivery>) {
        let mut state = self.world.state();
        state.record(kind, target, detail);
        state.outbox.extend(told);
    }

    /// The time; a guard in the middle of an expression would still be held when the next one is asked for.
    fn now(&self) -> DateTime<Utc> {
        self.world.state().now()
    }

    /// The texts of a list in the body.
    fn names(&self, list: &str) -> Vec<String> {
        let items = self.body[list].as_array().map_or(&[][..], Vec::as_slice);
        let text = |item: &Value| item.as_str().map(str::to_owned);
        items.iter().filter_map(text).collect()
    }

    fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }
}

/// An answer that only says something.
fn said(status: u16, message: &str) -> Answer {
    let body = json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
    (status, body)
}

/// 422 with the field that is wrong.
fn invalid(resource: &str, field: &str, code: &str) -> Answer {
    let (status, mut body) = said(422, "Validation Failed");
    body["errors"] = json!([{ "resource": resource, "field": field, "code": code }]);
    (status, body)
}

/// 422 with a sentence.
fn invalid_because(resource: &str, message: &str) -> Answer {
    let (status, mut body) = said(422, "Validation Failed");
    body["errors"] = json!([{ "resource": resource, "code": "custom", "message": message }]);
    (status, body)
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}
