//! Purpose: what can be done to workflows: what failed again, started by hand, let go on.

use serde_json::{Value, json};

use super::{ACTOR, Answer, Change, invalid, number, said};
use crate::github::{activity::NewRun, lookup::has_ref, shapes};

fn run(change: &Change<'_>, id: u64) -> Option<Value> {
    let mut state = change.world.state();
    let runs = &state.repo(&change.repo).runs;
    runs.iter().find(|run| run["id"] == id).cloned()
}

/// Source: <https://docs.github.com/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run>. What cannot be run
/// again is answered with 403.
pub(super) fn rerun(change: &Change<'_>, id: &str, _: &str) -> Answer {
    let id = number(id);
    let Some(run) = run(change, id) else {
        return said(404, "Not Found");
    };
    if run["status"] != "completed" {
        return said(403, "This workflow run is already running");
    }
    if run["conclusion"] == "success" {
        return said(403, "This workflow run cannot be retried");
    }
    let at = change.now();
    let told = change.world.rerun(&change.repo, id, at);
    change.done("rerun", change.repo.clone(), id.to_string(), Some(told));
    (201, json!({}))
}

/// Source: <https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event>. The answer has no body: it does
/// not say which run was started.
pub(super) fn dispatch(change: &Change<'_>, file: &str, _: &str) -> Answer {
    let reference = change.text("ref").to_owned();
    let given: Vec<String> = change.body["inputs"]
        .as_object()
        .map(|inputs| inputs.keys().cloned().collect())
        .unwrap_or_default();
    let sha = {
        let mut state = change.world.state();
        let repo = state.repo(&change.repo);
        let Some(inputs) = repo.workflows.get(file) else {
            return said(404, "Not Found");
        };
        if reference.is_empty() {
            return said(
                422,
                "Invalid request.\n\nFor 'links/0/schema', nil is not an object.",
            );
        }
        if !has_ref(repo, "heads", &reference) {
            return said(422, &format!("No ref found for: {reference}"));
        }
        let unexpected: Vec<&String> = given.iter().filter(|name| !inputs.contains(name)).collect();
        if !unexpected.is_empty() {
            return said(422, &format!("Unexpected inputs provided: {unexpected:?}"));
        }
        shapes::sha(&reference)
    };
    let new = NewRun {
        event: "workflow_dispatch".to_owned(),
        ..NewRun::on_push(file, &reference, &sha, ACTOR)
    };
    let at = change.now();
    let (_, told) = change.world.start_run(&change.repo, &new, at);
    change.done("dispatch", change.repo.clone(), file, Some(told));
    (204, Value::Null)
}

/// Source: <https://docs.github.com/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run>.
pub(super) fn decide(change: &Change<'_>, id: &str, _: &str) -> Answer {
    let id = number(id);
    if run(change, id).is_none() {
        return said(404, "Not Found");
    }
    let (verdict, kind) = match change.text("state") {
        "approved" => ("approved", "approve_deployment"),
        "rejected" => ("rejected", "reject_deployment"),
        _ => return invalid("PendingDeployment", "state", "invalid"),
    };
    if !change.body["comment"].is_string() {
        return invalid("PendingDeployment", "comment", "missing_field");
    }
    let wanted = change.body["environment_ids"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut state = change.world.state();
    let repo = state.repo(&change.repo);
    let pending = repo.pending.entry(id).or_default();
    let is_wanted = |waiting: &Value| wanted.contains(&waiting["environment"]["id"]);
    if wanted.is_empty() || pending.iter().filter(|waiting| is_wanted(waiting)).count() != wanted.len() {
        return said(
            422,
            "One or more of the environments is not waiting for a review.",
        );
    }
    let (decided, rest): (Vec<Value>, Vec<Value>) = pending.drain(..).partition(is_wanted);
    *pending = rest;
    let environments: Vec<Value> = decided.iter().map(|one| one["environment"].clone()).collect();
    repo.approvals.entry(id).or_default().push(json!({
        "state": verdict, "comment": change.body["comment"], "environments": environments, "user": shapes::user(ACTOR),
    }));
    for run in repo.runs.iter_mut().filter(|run| run["id"] == id) {
        run["status"] = json!(if verdict == "approved" {
            "in_progress"
        } else {
            "completed"
        });
        if verdict == "rejected" {
            run["conclusion"] = json!("failure");
        }
    }
    for environment in &environments {
        let name = environment["name"].as_str().unwrap_or_default();
        state.record(kind, change.repo.clone(), name);
    }
    (200, json!([]))
}
