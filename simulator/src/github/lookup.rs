//! Purpose: what a client looks up before it changes something: people, labels, branches, workflows, checks, issues,
//! and what waits for a person. One arm per endpoint.

use serde_json::{Value, json};

use super::{
    resource::{Resource, by_id},
    shapes,
    world::{Repo, State},
};

/// The resource at `path` in `repo`, or `None` for 404.
pub(super) fn find(state: &State, repo: &Repo, path: &[&str]) -> Option<Resource> {
    match path {
        ["assignees" | "collaborators", login] => state.knows(login).then_some(Resource::Yes),
        ["labels"] => Some(Resource::List(labels(repo))),
        ["labels", name] => {
            let name = decoded(name);
            let same = |label: &Value| {
                label["name"]
                    .as_str()
                    .is_some_and(|have| have.eq_ignore_ascii_case(&name))
            };
            labels(repo).into_iter().find(same).map(Resource::One)
        }
        ["issues"] => Some(Resource::List(issues(repo))),
        ["issues", number] => {
            let number: u64 = number.parse().ok()?;
            let pull = repo.pulls.get(&number).map(shapes::issue_of_pull);
            pull.or_else(|| repo.issues.get(&number).cloned())
                .map(Resource::One)
        }
        ["git", "ref", kind, name @ ..] => has_ref(repo, kind, &decoded(&name.join("/"))).then(|| {
            Resource::One(
                json!({ "ref": format!("refs/{kind}/{}", name.join("/")), "object": { "type": "commit" } }),
            )
        }),
        ["actions", "workflows", file] => repo.workflows.contains_key(*file).then(|| {
            let path = format!(".github/workflows/{file}");
            Resource::One(
                json!({ "id": shapes::number(file), "name": file, "path": path, "state": "active" }),
            )
        }),
        ["actions", "runs", id, list] => {
            by_id(&repo.runs, id)?;
            let id: u64 = id.parse().ok()?;
            let lists = match *list {
                "pending_deployments" => &repo.pending,
                "approvals" => &repo.approvals,
                _ => return None,
            };
            Some(Resource::List(lists.get(&id).cloned().unwrap_or_default()))
        }
        ["commits", sha, "check-runs"] => Some(Resource::Counted("check_runs", checks(repo, sha))),
        // Nobody here sends statuses; without any GitHub says `pending`.
        ["commits", sha, "status"] => Some(Resource::One(
            json!({ "state": "pending", "statuses": [], "sha": sha, "total_count": 0 }),
        )),
        _ => None,
    }
}

fn labels(repo: &Repo) -> Vec<Value> {
    let mut labels: Vec<Value> = repo.labels.iter().map(|name| shapes::label(name)).collect();
    let worn = repo
        .pulls
        .values()
        .chain(repo.issues.values())
        .filter_map(|item| item["labels"].as_array());
    for label in worn.flatten() {
        if labels.iter().all(|known| known["name"] != label["name"]) {
            labels.push(label.clone());
        }
    }
    labels
}

/// Issues and pull requests, the newest first.
fn issues(repo: &Repo) -> Vec<Value> {
    let pulls = repo.pulls.values().map(shapes::issue_of_pull);
    let mut all: Vec<Value> = pulls.chain(repo.issues.values().cloned()).collect();
    all.sort_by_key(|issue| std::cmp::Reverse(issue["number"].as_u64()));
    all
}

pub(super) fn has_ref(repo: &Repo, kind: &str, name: &str) -> bool {
    let is_branch = repo.about["default_branch"] == name
        || repo
            .pulls
            .values()
            .any(|pull| pull["head"]["ref"] == name && pull["state"] == "open");
    repo.refs.contains(name) || (kind == "heads" && is_branch)
}

/// Each workflow run is a check of its commit too.
pub(super) fn checks(repo: &Repo, sha: &str) -> Vec<Value> {
    let of_runs = repo.runs.iter().filter(|run| run["head_sha"] == sha).map(|run| {
        json!({ "id": run["id"], "name": run["name"], "head_sha": sha, "status": run["status"],
            "conclusion": run["conclusion"], "app": { "slug": "github-actions" } })
    });
    let of_apps = repo.checks.get(sha).into_iter().flatten().cloned();
    of_runs.chain(of_apps).collect()
}

/// A part of an address as it was before it was encoded.
pub(super) fn decoded(part: &str) -> String {
    let query = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
