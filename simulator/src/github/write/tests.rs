//! Purpose: what is done over the API changes what is read over it, is refused as GitHub's documentation says, and is
//! written down once. The endpoints are called as the server calls them.

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Written;
use crate::github::{GithubWorld, NewPull, NewRun};

const REPO: &str = "acme/api";

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn world() -> GithubWorld {
    let world = GithubWorld::new("ghp_right");
    world.add_repo(REPO, at(0));
    world.add_people(&["ana", "ben"]);
    world.open_pull(REPO, &NewPull::new("Limits", "ben"), at(1));
    world
}

fn send(world: &GithubWorld, method: Method, path: &str, body: &Value) -> Written {
    send_text(world, method, path, &body.to_string())
}

fn send_text(world: &GithubWorld, method: Method, path: &str, body: &str) -> Written {
    let asked = crate::github::answer::Asked::of(method, path, body);
    super::carry_out(world, &asked)
}

fn kinds(world: &GithubWorld) -> Vec<&'static str> {
    world.effects().into_iter().map(|effect| effect.kind).collect()
}

#[test]
fn what_is_so_already_is_answered_and_has_no_effect() {
    let world = world();
    let labels = "/repos/acme/api/issues/1/labels";
    for _ in 0..2 {
        let labelled = send(&world, Method::POST, labels, &json!({ "labels": ["bug"] }));
        assert_eq!((labelled.status, &labelled.body[0]["name"]), (200, &json!("bug")));
        let closed = send(
            &world,
            Method::PATCH,
            "/repos/acme/api/issues/1",
            &json!({ "state": "closed" }),
        );
        assert_eq!((closed.status, &closed.body["state"]), (200, &json!("closed")));
    }
    assert_eq!(kinds(&world), ["label", "close"]);
    let told: Vec<_> = world
        .take_deliveries()
        .into_iter()
        .map(|told| told.event)
        .collect();
    assert_eq!(told, ["pull_request", "pull_request"]);
    assert!(world.take_deliveries().is_empty(), "each is told once");
}

#[test]
fn comments_are_new_each_time() {
    let world = world();
    let path = "/repos/acme/api/issues/1/comments";
    let ids: Vec<Value> = (0..2)
        .map(|_| send(&world, Method::POST, path, &json!({ "body": "Hi" })).body["id"].clone())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(kinds(&world), ["comment", "comment"]);
    let empty = send(&world, Method::POST, path, &json!({ "body": " " }));
    assert_eq!(
        (empty.status, &empty.body["errors"][0]["code"]),
        (422, &json!("missing_field"))
    );
}

#[test]
fn a_token_without_the_permission_changes_nothing_and_hears_which_one() {
    let world = world();
    world.restrict_to(&["contents=read", "issues=read"]);
    let body = json!({ "state": "closed" });
    let refused = send(&world, Method::PATCH, "/repos/acme/api/issues/1", &body);
    assert_eq!(refused.status, 403);
    assert_eq!(refused.accepted, ["issues=write", "pull_requests=write"]);
    world.restrict_to(&["pull_requests=write"]);
    assert_eq!(
        send(&world, Method::PATCH, "/repos/acme/api/issues/1", &body).status,
        200
    );
    assert_eq!(kinds(&world), ["close"]);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let world = world();
    world.add_repo("acme/old", at(0));
    world.archive_repo("acme/old");
    for (method, path, body, status) in [
        (Method::POST, "/repos/acme/none/issues", "{}", 404),
        (Method::POST, "/repos/acme/api/nothing", "{}", 404),
        (Method::POST, "/repos/acme/api/issues", "{", 400),
        (Method::POST, "/repos/acme/api/issues", "{}", 422),
        (Method::POST, "/repos/acme/old/issues", "{\"title\":\"x\"}", 403),
        (
            Method::PATCH,
            "/repos/acme/api/issues/9",
            "{\"state\":\"open\"}",
            404,
        ),
        (
            Method::PATCH,
            "/repos/acme/api/issues/1",
            "{\"state\":\"gone\"}",
            422,
        ),
        (Method::DELETE, "/repos/acme/api/issues/1/labels/bug", "", 404),
        (
            Method::PUT,
            "/repos/acme/api/pulls/1/merge",
            "{\"merge_method\":\"octopus\"}",
            422,
        ),
        (
            Method::PUT,
            "/repos/acme/api/pulls/1/merge",
            "{\"sha\":\"0\"}",
            409,
        ),
        (
            Method::POST,
            "/repos/acme/api/actions/runs/7/rerun-failed-jobs",
            "",
            404,
        ),
        (
            Method::POST,
            "/repos/acme/api/actions/workflows/x.yml/dispatches",
            "{}",
            404,
        ),
    ] {
        let answer = send_text(&world, method, path, body);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body["message"].is_string(), "{path}");
    }
    assert!(world.effects().is_empty());
}

#[test]
fn a_rejected_deployment_ends_its_run_and_an_approved_one_goes_on() {
    for (state, status, kind) in [
        ("approved", "in_progress", "approve_deployment"),
        ("rejected", "completed", "reject_deployment"),
    ] {
        let world = world();
        let new = NewRun::on_push("Deploy", "main", "abc", "ben");
        let (run, _) = world.start_run(REPO, &new, at(2));
        world.hold_deployment(REPO, run, "production");
        let id = world.state().repo(REPO).pending[&run][0]["environment"]["id"].clone();
        let path = format!("/repos/acme/api/actions/runs/{run}/pending_deployments");
        let body = json!({ "environment_ids": [id], "state": state, "comment": "so be it" });
        assert_eq!(send(&world, Method::POST, &path, &body).status, 200);
        assert_eq!(
            send(&world, Method::POST, &path, &body).status,
            422,
            "it waits no more"
        );
        assert_eq!(world.state().repo(REPO).runs[0]["status"], status);
        assert_eq!(kinds(&world), [kind]);
    }
}

#[test]
fn people_who_cannot_be_assigned_are_left_out_and_labels_are_made() {
    let world = world();
    let new = json!({ "title": "Fix it", "labels": ["new"], "assignees": ["ana", "nobody"] });
    let issue = send(&world, Method::POST, "/repos/acme/api/issues", &new);
    assert_eq!((issue.status, &issue.body["number"]), (201, &json!(2)));
    let assignees = issue.body["assignees"].as_array().unwrap();
    assert_eq!((assignees.len(), &assignees[0]["login"]), (1, &json!("ana")));
    let assigned = send(
        &world,
        Method::POST,
        "/repos/acme/api/issues/2/assignees",
        &json!({ "assignees": ["ben", "nobody"] }),
    );
    assert_eq!(assigned.body["assignees"].as_array().unwrap().len(), 2);
    assert_eq!(kinds(&world), ["create_issue", "assign"]);
}
