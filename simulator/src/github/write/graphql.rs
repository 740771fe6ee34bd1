//! Purpose: GraphQL: queries, and the two mutations that have no counterpart in REST: auto-merge on and off. Errors come
//! with status 200. Source: <https://docs.github.com/graphql/reference/mutations#enablepullrequestautomerge>.

use serde_json::{Value, json};

use super::{Answer, Change, pull::set_auto_merge};
use crate::github::{lookup, pull::Pull, threads, world::GithubWorld};

pub(super) fn answer(world: &GithubWorld, body: &Value) -> Answer {
    let query = body["query"].as_str().unwrap_or_default();
    if query.starts_with("query") {
        return (200, threads::query(&world.state(), body));
    }
    let input = &body["variables"]["input"];
    let (name, is_on) = if query.contains("enablePullRequestAutoMerge") {
        ("enablePullRequestAutoMerge", true)
    } else if query.contains("disablePullRequestAutoMerge") {
        ("disablePullRequestAutoMerge", false)
    } else {
        let problem = json!({ "message": "the pretend GitHub does not know this query" });
        return (200, json!({ "errors": [problem] }));
    };
    match change(world, input, is_on) {
        Ok(()) => (200, json!({ "data": { name: { "clientMutationId": null } } })),
        Err((kind, message)) => {
            let problem = json!({ "type": kind, "path": [name], "message": message });
            (200, json!({ "data": { name: null }, "errors": [problem] }))
        }
    }
}

fn change(world: &GithubWorld, input: &Value, is_on: bool) -> Result<(), (&'static str, String)> {
    let node_id = input["pullRequestId"].as_str().unwrap_or_default();
    let (repo, number, about) = found(world, node_id).ok_or_else(|| {
        (
            "NOT_FOUND",
            format!("Could not resolve to a node with the global id of '{node_id}'"),
        )
    })?;
    let permissions = world.state().permissions.clone();
    if permissions.is_some_and(|have| !have.contains("pull_requests=write")) {
        return Err((
            "FORBIDDEN",
            "Resource not accessible by personal access token".to_owned(),
        ));
    }
    let refuse = |message: &str| Err(("UNPROCESSABLE", message.to_owned()));
    if is_on {
        may_enable(world, &repo, &about, input).map_err(|message| ("UNPROCESSABLE", message.to_owned()))?;
    } else if about["auto_merge"].is_null() {
        return refuse("Can't disable auto-merge for this pull request.");
    }
    let method = input["mergeMethod"].as_str().unwrap_or("MERGE").to_lowercase();
    let pull = Pull::new(world.clone(), &repo, number);
    set_auto_merge(&pull, is_on.then_some(method.as_str()));
    let change = Change {
        world,
        repo,
        body: Value::Null,
    };
    let (kind, detail) = if is_on {
        ("auto_merge", method)
    } else {
        ("cancel_auto_merge", String::new())
    };
    change.done(kind, change.target(number), detail, None);
    Ok(())
}

fn may_enable(world: &GithubWorld, repo: &str, about: &Value, input: &Value) -> Result<(), &'static str> {
    let mut state = world.state();
    let in_repo = state.repo(repo);
    if in_repo.about["allow_auto_merge"] != true {
        return Err("Pull request Auto merge is not allowed for this repository");
    }
    if about["state"] != "open" {
        return Err("Pull request is closed");
    }
    let head = &about["head"]["sha"];
    if input["expectedHeadOid"].is_string() && input["expectedHeadOid"] != *head {
        return Err("Head sha didn't match expected head sha");
    }
    let checks = lookup::checks(in_repo, head.as_str().unwrap_or_default());
    if checks.iter().all(|check| check["conclusion"] == "success") {
        return Err("Pull request is in clean status");
    }
    Ok(())
}

fn found(world: &GithubWorld, node_id: &str) -> Option<(String, u64, Value)> {
    let state = world.state();
    state.repos.iter().find_map(|(name, repo)| {
        let (number, about) = repo.pulls.iter().find(|(_, pull)| pull["node_id"] == node_id)?;
        Some((name.clone(), *number, about.clone()))
    })
}
