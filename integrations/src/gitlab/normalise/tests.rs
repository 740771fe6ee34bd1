//! What no sample shows: withdrawn approvals, drafts, jobs that deploy, commits of others, and statements that must say nothing.

use chrono::DateTime;
use em_domain::ci_run::CiOutcome;
use em_domain::deployment::DeploymentState;
use em_domain::event::{Origin, Source};
use em_domain::id::{EventId, Login};
use em_domain::issue::Move;
use em_domain::pull_request::PullRequest;
use em_domain::review::Verdict;
use serde_json::{Value, json};
use ulid::Ulid;

use super::*;

fn event(kind: &str, payload: &Value) -> RawEvent {
    RawEvent {
        id: EventId::new(Ulid::nil()),
        source: Source::parse("gitlab").unwrap(),
        delivery_key: String::new(),
        event_type: kind.to_owned(),
        origin: Origin::Webhook,
        occurred_at: None,
        received_at: DateTime::UNIX_EPOCH,
        payload: payload.to_string().into_bytes(),
    }
}

fn said(kind: &str, payload: &Value) -> Vec<FactChange> {
    changes(&event(kind, payload), &Rules::default()).unwrap()
}

fn project() -> Value {
    json!({
        "path_with_namespace": "acme/shop/api", "default_branch": "main", "visibility_level": 20,
        "web_url": "https://gitlab.acme.example/acme/shop/api"
    })
}

fn merge_request(action: &str, state: &str) -> Value {
    json!({
        "user": { "id": 8, "username": "bo" },
        "project": project(),
        "object_attributes": {
            "iid": 12, "author_id": 7, "title": "Retry", "state": state, "action": action,
            "source_branch": "retry", "target_branch": "main",
            "created_at": "2026-06-01 08:00:00 UTC", "updated_at": "2026-06-01T09:00:00Z"
        },
        "reviewers": [
            { "id": 8, "username": "bo", "state": "unapproved" },
            { "id": 9, "username": "cy", "state": "unreviewed" }
        ]
    })
}

fn pull(payload: &Value) -> PullRequest {
    let pull = said("merge_request", payload).into_iter().find_map(|fact| {
        let FactChange::PullRequest(pull) = fact else {
            return None;
        };
        Some(*pull)
    });
    pull.unwrap()
}

fn verdicts(payload: &Value) -> Vec<(String, Verdict)> {
    let all = said("merge_request", payload).into_iter();
    all.filter_map(|fact| {
        let FactChange::Review(review) = fact else {
            return None;
        };
        Some((review.reviewer.login.0, review.verdict))
    })
    .collect()
}

#[test]
fn an_approval_is_given_taken_back_or_lost_by_a_push() {
    let of = |action: &str| verdicts(&merge_request(action, "opened"));
    let bo = |verdict| vec![("bo".to_owned(), verdict)];
    for action in ["approved", "approval"] {
        assert_eq!(of(action), bo(Verdict::Approved), "{action}");
    }
    for action in ["unapproved", "unapproval"] {
        assert_eq!(of(action), bo(Verdict::Withdrawn), "{action}");
    }
    assert_eq!(of("update"), []);
    // Who pushed is named; those whose approvals went are the reviewers that have none any more.
    let mut reset = merge_request("unapproved", "opened");
    reset["object_attributes"]["system"] = json!(true);
    reset["user"] = json!({ "id": 7, "username": "ana" });
    assert_eq!(verdicts(&reset), bo(Verdict::Withdrawn));
}

#[test]
fn a_review_without_an_approval_shows_by_the_reviewers_new_state() {
    let mut update = merge_request("update", "opened");
    update["changes"] = json!({ "reviewers": {
        "previous": [{ "username": "bo", "state": "unreviewed" }, { "username": "cy", "state": "reviewed" }],
        "current": [{ "username": "bo", "state": "requested_changes" }, { "username": "cy", "state": "reviewed" },
                    { "username": "di", "state": "unreviewed" }]
    } });
    assert_eq!(verdicts(&update), [("bo".to_owned(), Verdict::ChangesRequested)]);
    let requests = pull(&update).requests;
    let asked: Vec<&str> = requests.keys().map(Login::as_str).collect();
    assert_eq!(asked, ["di"], "only who is new in the list was asked just now");
}

#[test]
fn a_push_the_end_of_a_draft_and_a_request_are_told_with_their_time() {
    let mut update = merge_request("update", "opened");
    update["object_attributes"]["oldrev"] = json!("9e7d3a4b");
    update["changes"] = json!({ "draft": { "previous": true, "current": false } });
    update["reviewers"][0]["re_requested"] = json!(true);
    let fact = pull(&update);
    let at = "2026-06-01T09:00:00Z".parse().ok();
    assert_eq!((fact.pushed_at, fact.ready_at), (at, at));
    assert_eq!(fact.requests.get(&"bo".into()).copied(), at);
    let snapshot = fact.snapshot.unwrap().value;
    assert_eq!(snapshot.requested_reviewers, ["bo".into(), "cy".into()]);
    let plain = pull(&merge_request("update", "opened"));
    assert_eq!((plain.pushed_at, plain.ready_at), (None, None));
    assert_eq!(plain.snapshot.unwrap().value.requested_reviewers, ["cy".into()]);
}

#[test]
fn what_is_said_of_a_merge_request_after_its_end_does_not_undo_the_end() {
    let mut merged = merge_request("merge", "merged");
    merged["object_attributes"]["merge_commit_sha"] = json!("78a76ee6");
    let mut labelled = merge_request("update", "merged");
    labelled["object_attributes"]["updated_at"] = json!("2026-06-02T09:00:00Z");
    assert_eq!(pull(&labelled).snapshot, None);
    let mut fact = pull(&merged);
    fact.merge(pull(&labelled));
    assert!(fact.snapshot.unwrap().value.merged_at.is_some());
    assert_eq!(pull(&merge_request("update", "closed")).snapshot, None);
    assert!(
        pull(&merge_request("close", "closed"))
            .snapshot
            .unwrap()
            .value
            .closed_at
            .is_some()
    );
}

#[test]
fn the_author_is_whoever_bears_the_number_or_opened_it() {
    let author = |payload: &Value| pull(payload).snapshot.unwrap().value.author.login;
    let mut update = merge_request("update", "opened");
    assert_eq!(author(&update), "id:7".into());
    update["assignees"] = json!([{ "id": 7, "username": "ana" }]);
    assert_eq!(author(&update), "ana".into());
    let mut opened = merge_request("open", "opened");
    assert_eq!(
        author(&opened),
        "id:7".into(),
        "somebody else opened it in their name"
    );
    opened["user"] = json!({ "username": "ana" });
    assert_eq!(
        author(&opened),
        "ana".into(),
        "older bodies give the user no number"
    );
}

#[test]
fn conflicts_are_told_once_gitlab_knows_them() {
    for (merge_status, detailed, expected) in [
        ("can_be_merged", "mergeable", Some(false)),
        ("can_be_merged", "not_approved", Some(false)),
        ("cannot_be_merged", "conflict", Some(true)),
        ("cannot_be_merged", "", Some(true)),
        ("unchecked", "unchecked", None),
        ("cannot_be_merged_recheck", "checking", None),
    ] {
        let mut update = merge_request("update", "opened");
        update["object_attributes"]["merge_status"] = json!(merge_status);
        update["object_attributes"]["detailed_merge_status"] = json!(detailed);
        let conflicts = pull(&update).conflicts.map(|stamped| stamped.value);
        assert_eq!(conflicts, expected, "{merge_status} {detailed}");
    }
}

#[test]
fn a_revert_names_the_merge_request_that_it_takes_back() {
    let mut opened = merge_request("open", "opened");
    opened["object_attributes"]["description"] = json!("This reverts merge request !9");
    assert_eq!(pull(&opened).snapshot.unwrap().value.reverts.unwrap(), ["#9"]);
}

#[test]
fn a_remark_counts_when_it_is_written_by_a_person_on_a_merge_request() {
    let note = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({
            "user": { "username": "bo" }, "project": project(), "merge_request": { "iid": 12 },
            "object_attributes": { "id": 5, "created_at": "2026-06-01 09:28:00 UTC" }
        });
        change(&mut body);
        said("note", &body).len()
    };
    assert_eq!(note(&|_| {}), 1);
    assert_eq!(
        note(&|body| body["object_attributes"]["action"] = json!("create")),
        1
    );
    assert_eq!(
        note(&|body| body["object_attributes"]["action"] = json!("update")),
        0
    );
    assert_eq!(note(&|body| body["object_attributes"]["system"] = json!(true)), 0);
    assert_eq!(note(&|body| body["merge_request"] = Value::Null), 0);
}

#[test]
fn of_a_push_only_the_pushers_own_commits_count() {
    let commit = |name: &str, email: &str, at: &str| json!({ "id": "c1", "message": "One\n\nmore", "timestamp": at, "author": { "name": name, "email": email } });
    let mut body = json!({
        "ref": "refs/heads/topic", "after": "2adc9465c4edfc33834e173fe89436a7cb899a1d", "project": project(),
        "user_username": "ana", "user_name": "Ana Gram", "user_email": "ana@acme.example",
        "commits": [
            commit("Bo Sun", "bo@acme.example", "2026-06-01T08:00:00Z"),
            commit("A. Gram", "Ana@acme.example", "2026-06-01T08:10:00Z"),
            commit("Ana Gram", "home@gram.example", "2026-06-01T08:20:00Z"),
        ]
    });
    let facts = said("push", &body);
    let pushes: Vec<_> = facts
        .iter()
        .filter_map(|fact| {
            let FactChange::Push(push) = fact else { return None };
            Some((push.author.login.as_str(), push.commits, push.on_default_branch))
        })
        .collect();
    assert_eq!(pushes, [("ana", 2, false)]);
    assert!(
        facts
            .iter()
            .any(|fact| matches!(fact, FactChange::AccountEmail(_)))
    );
    for (field, value) in [
        ("ref", json!("refs/tags/v1")),
        ("after", json!("0000000000000000000000000000000000000000")),
        (
            "commits",
            json!([commit("Bo Sun", "bo@acme.example", "2026-06-01T08:00:00Z")]),
        ),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let is_push = |fact: &FactChange| matches!(fact, FactChange::Push(_));
        assert!(!said("push", &other).iter().any(is_push), "{field}");
    }
    body["user_email"] = json!("[REDACTED]");
    let is_email = |fact: &FactChange| matches!(fact, FactChange::AccountEmail(_));
    assert!(!said("push", &body).iter().any(is_email));
}

fn job(status: &str) -> Value {
    json!({
        "build_id": 5, "build_name": "deploy", "build_status": status, "build_allow_failure": false,
        "build_created_at": "2021-02-23T02:41:37.886Z", "build_started_at": "2021-02-23 02:42:00 UTC",
        "build_finished_at": "2021-02-23 02:45:00 UTC", "ref": "main", "tag": false,
        "sha": "2293ada6b400935a1378653304eaf6221e0fdb8f", "user": { "username": "ana" }, "project": project()
    })
}

#[test]
fn a_job_is_a_run_and_one_that_deploys_is_a_deployment_too() {
    let rules = Rules {
        deploying: [("gitlab/deploy".to_owned(), "production".to_owned())].into(),
        ..Rules::default()
    };
    for (status, outcome, state) in [
        ("pending", CiOutcome::Pending, Some(DeploymentState::Pending)),
        ("running", CiOutcome::Pending, Some(DeploymentState::InProgress)),
        ("success", CiOutcome::Success, Some(DeploymentState::Success)),
        ("failed", CiOutcome::Failure, Some(DeploymentState::Failure)),
        ("canceled", CiOutcome::Neutral, None),
        ("manual", CiOutcome::Neutral, None),
    ] {
        let facts = changes(&event("build", &job(status)), &rules).unwrap();
        let run = facts.iter().find_map(|fact| {
            let FactChange::CiRun(run) = fact else { return None };
            Some(run.outcome)
        });
        let deployed = facts.iter().find_map(|fact| {
            let FactChange::Deployment(deployment) = fact else {
                return None;
            };
            Some(deployment.state.value)
        });
        assert_eq!((run, deployed), (Some(outcome), state), "{status}");
    }
    let mut may_fail = job("failed");
    may_fail["build_allow_failure"] = json!(true);
    let FactChange::CiRun(run) = &said("build", &may_fail)[0] else {
        panic!("no run")
    };
    assert_eq!(run.outcome, CiOutcome::Neutral);
    assert_eq!(
        (run.repository.as_str(), run.workflow.as_str()),
        ("acme/shop/api", "deploy")
    );
}

#[test]
fn an_older_job_is_placed_by_the_page_of_its_repository() {
    let mut old = job("success");
    old["project"] = Value::Null;
    assert!(changes(&event("build", &old), &Rules::default()).is_err());
    old["repository"] = json!({ "homepage": "http://192.168.64.1:3005/gitlab-org/gitlab-test" });
    let FactChange::CiRun(run) = &said("build", &old)[0] else {
        panic!("no run")
    };
    assert_eq!(run.repository.as_str(), "gitlab-org/gitlab-test");
}

#[test]
fn a_pipeline_is_of_the_default_branch_if_a_push_to_it_or_the_clock_set_it_off() {
    for (source, reference, tag, expected) in [
        ("push", "main", false, true),
        ("schedule", "main", false, true),
        ("merge_request_event", "main", false, false),
        ("push", "topic", false, false),
        ("push", "main", true, false),
    ] {
        let body = json!({ "project": project(), "object_attributes": {
            "id": 31, "ref": reference, "tag": tag, "sha": "bcbb5ec3", "source": source, "status": "running",
            "created_at": "2016-08-12 15:23:28 UTC"
        } });
        let FactChange::CiRun(run) = &said("pipeline", &body)[0] else {
            panic!("no run")
        };
        assert_eq!(run.on_default_branch, expected, "{source} {reference} {tag}");
        assert_eq!(
            (run.outcome, run.workflow.as_str()),
            (CiOutcome::Pending, "pipeline")
        );
    }
}

#[test]
fn a_deployment_that_was_called_off_did_not_fail_and_a_release_that_went_states_nothing() {
    let deployment = json!({
        "deployment_id": 15, "status": "canceled", "status_changed_at": "2021-04-28 21:50:00 +0200",
        "environment": "production", "short_sha": "279484c0", "project": project()
    });
    let is_deployment = |fact: &FactChange| matches!(fact, FactChange::Deployment(_));
    assert!(!said("deployment", &deployment).iter().any(is_deployment));
    let release = json!({
        "id": 1, "tag": "v1", "released_at": "2020-11-02 12:55:12 UTC", "action": "delete", "project": project()
    });
    assert_eq!(said("release", &release), Vec::new());
}

#[test]
fn an_issue_that_is_given_to_somebody_is_told_as_theirs() {
    let body = json!({
        "user": { "username": "ana" }, "project": project(),
        "object_attributes": {
            "iid": 4, "title": "Slow", "state": "opened", "action": "update",
            "created_at": "2026-06-01 08:00:00 UTC", "updated_at": "2026-06-01 09:00:00 UTC"
        },
        "changes": { "assignees": { "previous": [{ "username": "bo" }], "current": [{ "username": "bo" }, { "username": "cy" }] } }
    });
    let moves: Vec<_> = said("issue", &body)
        .into_iter()
        .filter_map(|fact| {
            let FactChange::IssueMove(moved) = fact else {
                return None;
            };
            Some((moved.kind, moved.by.login.0))
        })
        .collect();
    assert_eq!(moves, [(Move::Assigned, "cy".to_owned())]);
    let mut of_a_group = body;
    of_a_group["project"] = Value::Null;
    assert_eq!(said("work_item", &of_a_group), Vec::new());
}

#[test]
fn known_events_that_say_nothing_state_nothing_and_unknown_ones_are_named() {
    for kind in [
        "tag_push",
        "wiki_page",
        "emoji",
        "user_add_to_group",
        "project_create",
        "subgroup_destroy",
    ] {
        assert_eq!(said(kind, &json!({})), Vec::new(), "{kind}");
    }
    let unknown = changes(&event("teapot", &json!({})), &Rules::default());
    assert_eq!(unknown, Err("unknown event type `teapot`".to_owned()));
}
