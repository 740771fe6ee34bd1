//! Purpose: what GitHub's real payloads state, as facts.

use em_domain::ci_run::CiOutcome;
use em_domain::fact::{FactChange, Normalised};
use em_domain::pull_request::PullRequest;
use em_domain::review::Verdict;
use em_integrations::normalise::normalise;
use serde_json::{Value, json};

use crate::support::{at, changes, event, event_type, facts, sample, sample_names};

/// One line per fact.
fn summary(name: &str) -> Vec<String> {
    changes(&event(event_type(name), sample(name)))
        .iter()
        .map(line)
        .collect()
}

fn line(change: &FactChange) -> String {
    match change {
        FactChange::PullRequest(fact) => pull_line(fact),
        FactChange::Review(fact) => format!(
            "{} review {} {} by {} at {}",
            fact.pull_request,
            fact.id,
            fact.verdict.as_str(),
            fact.reviewer.login,
            fact.submitted_at
        ),
        FactChange::Comment(fact) => {
            format!(
                "{} comment {} by {} at {}",
                fact.pull_request, fact.id, fact.author.login, fact.created_at
            )
        }
        FactChange::CiRun(fact) => format!(
            "{} {} `{}` #{} {} on {:?}{} at {}",
            fact.repository,
            fact.id,
            fact.workflow,
            fact.attempt,
            fact.outcome.as_str(),
            fact.branch.as_deref().unwrap_or_default(),
            if fact.on_default_branch { " (default)" } else { "" },
            fact.updated_at
        ),
        FactChange::Deployment(fact) => format!(
            "{} deployment {} of {} to {} {} at {} live {:?}",
            fact.repository,
            fact.id,
            fact.target.value.git_ref,
            fact.target.value.environment,
            fact.state.value.as_str(),
            fact.state.at,
            fact.succeeded_at.map(|at| at.to_string())
        ),
        FactChange::Release(fact) => format!(
            "{} release {} {} at {}",
            fact.repository, fact.id, fact.tag, fact.published_at
        ),
        FactChange::Incident(fact) => {
            let said = &fact.snapshot.value;
            format!(
                "{} {} incident {} `{}` severity {:?} of {:?} at {}",
                fact.source,
                fact.external_id,
                said.state.as_str(),
                said.title,
                said.severity,
                said.assignees,
                fact.snapshot.at
            )
        }
        FactChange::Push(_) | FactChange::IssueMove(_) | FactChange::Repository(_) => work_line(change),
        FactChange::AccountEmail(fact) => format!("{} is {} at {}", fact.login, fact.email, fact.seen_at),
    }
}

/// A push, a move of an issue, or who may see a repository; of other facts nothing.
fn work_line(change: &FactChange) -> String {
    match change {
        FactChange::Push(fact) => format!(
            "{}@{}{} {} commits of {} `{}` at {}",
            fact.repository,
            fact.branch,
            if fact.on_default_branch { " (default)" } else { "" },
            fact.commits,
            fact.author.login,
            fact.title,
            fact.at
        ),
        FactChange::IssueMove(fact) => format!(
            "{} issue {} by {} `{}` at {}",
            fact.issue,
            fact.kind.as_str(),
            fact.by.login,
            fact.title,
            fact.at
        ),
        FactChange::Repository(fact) => format!(
            "{} private={} on {}",
            fact.name,
            fact.is_private.value,
            fact.is_private.at.date_naive()
        ),
        FactChange::PullRequest(_)
        | FactChange::Review(_)
        | FactChange::Comment(_)
        | FactChange::CiRun(_)
        | FactChange::Deployment(_)
        | FactChange::Release(_)
        | FactChange::Incident(_)
        | FactChange::AccountEmail(_) => String::new(),
    }
}

fn pull_line(fact: &PullRequest) -> String {
    let snapshot = fact.snapshot.as_ref().unwrap();
    let asked: Vec<&str> = snapshot
        .value
        .requested_reviewers
        .iter()
        .map(em_domain::id::Login::as_str)
        .collect();
    format!(
        "{} {} ready={} by {}{} asked {asked:?} conflicts {:?} size {:?} at {}",
        fact.key,
        snapshot.value.state.as_str(),
        snapshot.value.is_ready,
        snapshot.value.author.login,
        if snapshot.value.author.is_bot {
            " (bot)"
        } else {
            ""
        },
        fact.conflicts.as_ref().map(|conflicts| conflicts.value),
        fact.size.as_ref().map(|size| (
            size.value.additions,
            size.value.deletions,
            size.value.changed_files
        )),
        snapshot.at
    )
}

/// What each sample states.
const EXPECTED: &[(&str, &[&str])] = &[
    ("check_run.completed-failure", &[]),
    (
        "check_run.completed-success-captured",
        &[
            "aaaaa-aaa/aaaaa-aaaaaaaaa check:11111111111 `Aaaaaaa-aaa AA` #1 success on \"main\" (default) at 2025-01-24 14:10:38 UTC",
        ],
    ),
    (
        "deployment.created",
        &[
            "Codertocat/Hello-World deployment 145988746 of gh-pages to github-pages pending at 2022-01-03 01:28:30 UTC live None",
        ],
    ),
    (
        "deployment_status.failure",
        &[
            "Codertocat/Hello-World deployment 145988746 of master to production failure at 2019-05-15 15:20:55 UTC live None",
        ],
    ),
    (
        "deployment_status.in_progress",
        &[
            "Codertocat/Hello-World deployment 145988746 of master to github-pages in_progress at 2022-01-03 01:28:40 UTC live None",
        ],
    ),
    (
        "deployment_status.pending",
        &[
            "github-slack/app deployment 57919058 of 3dce5c8488afc87a1ffbb840fc33b4a8331a1034 to github-slack-app pending at 2017-11-05 11:14:43 UTC live None",
        ],
    ),
    (
        "deployment_status.success",
        &[
            "Codertocat/Hello-World deployment 145988746 of master to production success at 2019-05-15 15:20:55 UTC live Some(\"2019-05-15 15:20:55 UTC\")",
        ],
    ),
    ("issue_comment.created", &[]),
    (
        "issues.opened",
        &[
            "Codertocat/Hello-World#1 issue opened by Codertocat `Spelling error in the README file` at 2019-05-15 15:20:18 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    ("ping", &[]),
    ("projects_v2_item.edited", &[]),
    (
        "pull_request.closed-merged",
        &[
            "aaaaa-aaa/aaaaa-aaaaaaaaa#97 merged ready=true by aaaaaA asked [] conflicts None size Some((2578, 547, 18)) at 2025-05-21 17:35:21 UTC",
            "aaaaa-aaa/aaaaa-aaaaaaaaa private=false on 2025-05-21",
        ],
    ),
    (
        "pull_request.closed-unmerged",
        &[
            "Codertocat/Hello-World#2 closed ready=true by Codertocat asked [\"octocat\"] conflicts Some(false) size Some((1, 1, 1)) at 2019-05-15 15:21:18 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    (
        "pull_request.opened",
        &[
            "Codertocat/Hello-World#2 open ready=true by Codertocat asked [\"octocat\"] conflicts None size Some((1, 1, 1)) at 2019-05-15 15:20:33 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    (
        "pull_request.review_requested",
        &[
            "Codertocat/Hello-World#2 open ready=true by Codertocat asked [\"octocat\"] conflicts None size Some((1, 1, 1)) at 2019-05-15 15:20:33 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    (
        "pull_request.synchronize",
        &[
            "Codertocat/Hello-World#2 open ready=true by Codertocat asked [\"octocat\"] conflicts None size Some((1, 1, 1)) at 2019-05-15 15:20:33 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    (
        "pull_request_review.submitted-approved",
        &[
            "github-slack/public-test#19 review 97014958 approved by JasonEtco at 2018-02-15 21:37:01 UTC",
            "github-slack/public-test#19 open ready=true by wilhelmklopp asked [] conflicts None size None at 2018-02-15 21:37:01 UTC",
        ],
    ),
    (
        "pull_request_review.submitted-changes_requested",
        &[
            "github-slack/public-test#19 review 97014879 changes_requested by JasonEtco at 2018-02-15 21:36:46 UTC",
            "github-slack/public-test#19 open ready=true by wilhelmklopp asked [] conflicts None size None at 2018-02-15 21:36:46 UTC",
        ],
    ),
    (
        "pull_request_review.submitted-commented",
        &[
            "Codertocat/Hello-World#2 review 237895671 commented by Codertocat at 2019-05-15 15:20:38 UTC",
            "Codertocat/Hello-World#2 open ready=true by Codertocat asked [\"octocat\"] conflicts None size None at 2019-05-15 15:20:38 UTC",
        ],
    ),
    (
        "push.branch",
        &[
            "Codertocat/Hello-World@master (default) 1 commits of Codertocat `Initial commit` at 2019-05-15 15:20:57 UTC",
            "Codertocat/Hello-World private=false on 2019-05-15",
        ],
    ),
    (
        "release.published",
        &["Codertocat/Hello-World release 17372790 0.0.1 at 2019-05-15 15:20:53 UTC"],
    ),
    (
        "workflow_run.completed",
        &[
            "octo-org/octo-repo workflow:289782451 `workflow` #1 success on \"master\" at 2020-10-05 16:33:49 UTC",
        ],
    ),
    (
        "workflow_run.completed-captured",
        &[
            "aaaaa-aaa/aaaaa-aaaaaaaaa workflow:11111111111 `aa` #1 success on \"fix-1\" at 2025-01-22 19:03:50 UTC",
        ],
    ),
    (
        "workflow_run.completed-failure",
        &[
            "octo-org/octo-repo workflow:289782451 `workflow` #1 failure on \"master\" at 2020-10-05 16:33:49 UTC",
        ],
    ),
];

#[test]
fn published_payloads_state_what_they_show() {
    let names: Vec<&str> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, sample_names(), "every sample is stated here");
    for (name, lines) in EXPECTED {
        assert_eq!(&summary(name), lines, "{name}");
    }
}

/// The facts of a sample with some of its fields changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Vec<FactChange> {
    let mut payload: Value = serde_json::from_slice(&sample(name)).unwrap();
    change(&mut payload);
    changes(&event(event_type(name), payload.to_string().into_bytes()))
}

fn pull(changes: Vec<FactChange>) -> PullRequest {
    let first = changes.into_iter().next().unwrap();
    let FactChange::PullRequest(pull) = first else {
        panic!("{first:?}")
    };
    *pull
}

fn reason(event_type: &str, payload: &Value) -> String {
    match normalise(&event(event_type, payload.to_string().into_bytes())) {
        Normalised::Unrecognised(reason) => reason,
        Normalised::Changes(changes) => panic!("{changes:?}"),
    }
}

#[test]
fn a_push_a_readiness_and_a_request_each_state_their_instant() {
    let at_once = at("2019-05-15T15:20:33Z");
    let when = Some(at_once);
    let pushed = pull(changed("pull_request.synchronize", |_| {}));
    assert_eq!(
        (pushed.pushed_at, pushed.ready_at, pushed.requests.len()),
        (when, None, 0)
    );
    let ready = pull(changed("pull_request.opened", |body| {
        body["action"] = json!("ready_for_review");
    }));
    assert_eq!((ready.pushed_at, ready.ready_at), (None, when));
    let asked = pull(changed("pull_request.review_requested", |_| {}));
    assert_eq!(
        asked.requests.into_iter().collect::<Vec<_>>(),
        [("octocat".into(), at_once)]
    );
    let team = pull(changed("pull_request.review_requested", |body| {
        body.as_object_mut().unwrap().remove("requested_reviewer");
        body["requested_team"] = json!({ "slug": "core" });
        body["pull_request"]["requested_teams"] = json!([{ "slug": "core" }]);
    }));
    assert!(team.requests.is_empty());
    assert_eq!(team.snapshot.unwrap().value.requested_teams, ["core"]);
}

#[test]
fn conflicts_are_stated_only_once_github_has_worked_them_out() {
    for (mergeable, state, expected) in [
        (json!(null), "unknown", None),
        (json!(true), "blocked", Some(false)),
        (json!(false), "dirty", Some(true)),
        (json!(null), "dirty", Some(true)),
        (json!(false), "unknown", Some(true)),
    ] {
        let pull = pull(changed("pull_request.opened", |body| {
            body["pull_request"]["mergeable"] = mergeable.clone();
            body["pull_request"]["mergeable_state"] = json!(state);
        }));
        assert_eq!(
            pull.conflicts.map(|conflicts| conflicts.value),
            expected,
            "{mergeable} {state}"
        );
    }
}

#[test]
fn a_trial_merge_is_not_a_merge_commit() {
    let open = pull(changed("pull_request.opened", |body| {
        body["pull_request"]["merge_commit_sha"] = json!("abc");
    }));
    assert_eq!(open.snapshot.unwrap().value.merge_commit_sha, None);
    let merged = pull(changed("pull_request.closed-merged", |body| {
        body["pull_request"]["merge_commit_sha"] = json!("abc");
    }));
    assert_eq!(
        merged.snapshot.unwrap().value.merge_commit_sha.as_deref(),
        Some("abc")
    );
}

#[test]
fn programs_and_deleted_accounts_are_told_from_people() {
    let author = |user: Value| {
        let pull = pull(changed("pull_request.opened", |body| {
            body["pull_request"]["user"] = user;
        }));
        pull.snapshot.unwrap().value.author
    };
    assert!(author(json!({ "login": "renovate", "type": "Bot" })).is_bot);
    assert!(author(json!({ "login": "dependabot[bot]" })).is_bot);
    let ghost = author(Value::Null);
    assert_eq!((ghost.login.as_str(), ghost.is_bot), ("ghost", false));
}

#[test]
fn a_dismissal_takes_a_review_back() {
    let reviews = changed("pull_request_review.submitted-approved", |body| {
        body["action"] = json!("dismissed");
        body["review"]["state"] = json!("dismissed");
    });
    let FactChange::Review(review) = &reviews[0] else {
        panic!("{reviews:?}")
    };
    assert_eq!(review.verdict, Verdict::Dismissed);
    let unsent = changed("pull_request_review.submitted-approved", |body| {
        body["review"]["state"] = json!("pending");
    });
    assert!(unsent.is_empty());
}

#[test]
fn remarks_count_on_pull_requests_only_and_stay_when_deleted() {
    let on_pull = |action: &str| {
        changed("issue_comment.created", |body| {
            body["action"] = json!(action);
            body["issue"]["pull_request"] = json!({});
        })
    };
    let line_of = |changes: &[FactChange]| changes.iter().map(line).collect::<Vec<_>>();
    let expected =
        ["Codertocat/Hello-World#1 comment issue:492700400 by Codertocat at 2019-05-15 15:20:21 UTC"];
    assert_eq!(line_of(&on_pull("created")), expected);
    assert!(on_pull("deleted").is_empty());
    let on_lines = event(
        "pull_request_review_comment",
        json!({
            "action": "created",
            "comment": { "id": 9, "user": { "login": "ana" }, "created_at": "2026-01-15T10:00:00+02:00" },
            "pull_request": { "number": 7 },
            "repository": { "full_name": "acme/shop" },
        })
        .to_string()
        .into_bytes(),
    );
    assert_eq!(
        line_of(&changes(&on_lines)),
        ["acme/shop#7 comment review:9 by ana at 2026-01-15 08:00:00 UTC"]
    );
}

fn run(change: impl FnOnce(&mut Value)) -> em_domain::ci_run::CiRun {
    let first = changed("workflow_run.completed", change).remove(0);
    let FactChange::CiRun(run) = first else {
        panic!("{first:?}")
    };
    run
}

#[test]
fn conclusions_are_green_red_or_neither() {
    for (conclusion, expected) in [
        (json!(null), CiOutcome::Pending),
        (json!("success"), CiOutcome::Success),
        (json!("failure"), CiOutcome::Failure),
        (json!("timed_out"), CiOutcome::Failure),
        (json!("startup_failure"), CiOutcome::Failure),
        (json!("action_required"), CiOutcome::Failure),
        (json!("cancelled"), CiOutcome::Neutral),
        (json!("skipped"), CiOutcome::Neutral),
        (json!("neutral"), CiOutcome::Neutral),
        (json!("stale"), CiOutcome::Neutral),
        (json!("something new"), CiOutcome::Neutral),
    ] {
        assert_eq!(
            run(|body| body["workflow_run"]["conclusion"] = conclusion.clone()).outcome,
            expected,
            "{conclusion}"
        );
    }
}

#[test]
fn a_forks_branch_of_the_same_name_is_not_the_default_branch() {
    let on_master = |event: &str| {
        run(|body| {
            body["workflow_run"]["event"] = json!(event);
            body["workflow_run"]["head_branch"] = json!("master");
        })
        .on_default_branch
    };
    assert!(on_master("push") && on_master("schedule"));
    assert!(!on_master("pull_request") && !on_master("pull_request_target"));
}

#[test]
fn actions_checks_are_left_to_their_workflow() {
    let check = |slug: &str| {
        changed("check_run.completed-failure", |body| {
            body["check_run"]["app"]["slug"] = json!(slug);
        })
        .len()
    };
    assert_eq!((check("github-actions"), check("circleci")), (0, 1));
}

#[test]
fn a_commit_status_is_a_run_of_its_context() {
    let status = |state: &str| {
        event(
            "status",
            json!({
                "id": 5, "sha": "abc", "context": "ci/jenkins", "state": state, "target_url": null,
                "created_at": "2026-01-15T10:00:00Z", "updated_at": "2026-01-15T10:00:00Z",
                "branches": [{ "name": "topic" }, { "name": "main" }],
                "repository": { "full_name": "acme/shop", "default_branch": "main" },
            })
            .to_string()
            .into_bytes(),
        )
    };
    let lines: Vec<String> = changes(&status("error")).iter().map(line).collect();
    let expected =
        ["acme/shop status:5 `ci/jenkins` #1 failure on \"main\" (default) at 2026-01-15 10:00:00 UTC"];
    assert_eq!(lines, expected);
    assert_eq!(
        normalise(&status("new")),
        Normalised::Unrecognised("state: unknown state `new`".to_owned())
    );
}

#[test]
fn a_deployment_that_another_replaced_keeps_its_own_end() {
    let success = event("deployment_status", sample("deployment_status.success"));
    let mut body: Value = serde_json::from_slice(&success.payload).unwrap();
    body["deployment_status"]["state"] = json!("inactive");
    body["deployment_status"]["created_at"] = json!("2019-06-15T15:20:55Z");
    let replaced = event("deployment_status", body.to_string().into_bytes());
    assert_eq!(facts(&[success.clone(), replaced]), facts(&[success]));
}

#[test]
fn only_publishing_makes_a_release() {
    for action in ["created", "released", "edited", "prereleased", "deleted"] {
        assert!(
            changed("release.published", |body| body["action"] = json!(action)).is_empty(),
            "{action}"
        );
    }
}

#[test]
fn commits_show_addresses_of_people_but_not_of_programs() {
    let commit = |username: &str, email: &str, when: Value| json!({ "timestamp": when, "author": { "username": username, "email": email } });
    let commits = json!([
        commit("ana-ruiz", "ana@acme.example", json!("2026-01-15T12:00:00+02:00")),
        commit("ana-ruiz", "ana@acme.example", json!(1_768_471_200)),
        commit("ben", "1+ben@users.noreply.github.com", json!("2026-01-15T10:00:00Z")),
        commit("dependabot[bot]", "support@github.com", json!("2026-01-15T10:00:00Z")),
        { "timestamp": "2026-01-15T10:00:00Z", "author": { "name": "somebody", "email": "x@acme.example" } },
    ]);
    let lines: Vec<String> = changed("push.branch", |body| body["commits"] = commits)
        .iter()
        .filter(|change| matches!(change, FactChange::AccountEmail(_)))
        .map(line)
        .collect();
    assert_eq!(lines, ["ana-ruiz is ana@acme.example at 2026-01-15 10:00:00 UTC"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let body: Value = serde_json::from_slice(&sample("pull_request.opened")).unwrap();
    let without = |pointer: &str, value: Value| {
        let mut body = body.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        reason("pull_request", &body)
    };
    assert!(
        without("/pull_request/title", json!(3)).starts_with("pull_request.title: invalid type: integer `3`")
    );
    assert!(without("/pull_request/user/login", json!(null)).starts_with("pull_request.user.login: "));
    assert!(without("/pull_request/base", json!({})).starts_with("pull_request.base: missing field `ref`"));
    assert!(without("/pull_request/created_at", json!("yesterday")).starts_with("pull_request.created_at: "));
    assert_eq!(
        without("/pull_request/state", json!("merging")),
        "pull_request.state: neither open nor closed"
    );
    assert_eq!(
        without("/pull_request/number", json!(0)),
        "number: 0 is not the number of a pull request"
    );
    assert!(
        reason("pull_request", &json!({ "action": "opened" })).starts_with("missing field `pull_request`")
    );
    assert_eq!(reason("brand_new", &json!({})), "unknown event type `brand_new`");
}

#[test]
fn text_that_a_database_cannot_hold_is_cleaned() {
    let pull = pull(changed("pull_request.opened", |body| {
        body["pull_request"]["title"] = json!("a\0b <!channel>");
    }));
    assert_eq!(pull.snapshot.unwrap().value.title, "ab <!channel>");
}

fn issue(action: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut body = json!({
        "action": action,
        "issue": {
            "number": 9, "state": "open", "title": "Payments are down",
            "html_url": "https://github.com/acme/shop/issues/9",
            "created_at": "2026-01-15T10:00:00Z", "updated_at": "2026-01-15T11:00:00Z", "closed_at": null,
            "labels": [{ "name": "Incident" }, { "name": "SEV2" }], "assignees": [{ "login": "cy" }],
        },
        "repository": { "full_name": "acme/shop" },
    });
    change(&mut body);
    let event = event("issues", body.to_string().into_bytes());
    changes(&event).iter().map(line).collect()
}

#[test]
fn an_issue_labelled_incident_is_one_until_it_is_closed_or_the_label_goes() {
    let incident = |state: &str, severity: &str| {
        vec![format!(
            "github acme/shop#9 incident {state} `Payments are down` severity {severity} of [Login(\"cy\")] at \
             2026-01-15 11:00:00 UTC"
        )]
    };
    assert_eq!(issue("labeled", |_| {}), incident("open", "Some(2)"));
    let closed = issue("closed", |body| {
        body["issue"]["state"] = json!("closed");
        body["issue"]["labels"] = json!([{ "name": "incident" }]);
    });
    assert_eq!(closed, incident("resolved", "None"));
    let other = |action: &str, label: &str| {
        issue(action, |body| {
            body["issue"]["labels"] = json!([{ "name": "bug" }]);
            body["label"] = json!({ "name": label });
        })
    };
    assert_eq!(other("unlabeled", "incident"), incident("dismissed", "None"));
    assert_eq!(other("unlabeled", "sev2"), Vec::<String>::new());
    assert_eq!(other("edited", "bug"), Vec::<String>::new());
    assert_eq!(issue("deleted", |_| {}), incident("dismissed", "Some(2)"));
}

#[test]
fn what_a_text_refers_to_is_kept_and_a_missing_text_is_not_an_empty_one() {
    let references = |change: fn(&mut Value)| {
        let pull = pull(changed("pull_request.opened", |body| {
            body["pull_request"]["title"] = json!("Retry");
            change(body);
        }));
        pull.snapshot.unwrap().value.references
    };
    let some = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        references(|body| body["pull_request"]["body"] = json!("Fixes PAY-12, see\n#7")),
        some(&["PAY-12", "#7"])
    );
    assert_eq!(
        references(|body| body["pull_request"]["body"] = json!(null)),
        some(&[])
    );
    let absent = references(|body| {
        body["pull_request"].as_object_mut().unwrap().remove("body");
    });
    assert_eq!(absent, None);
}

fn pushed(fields: &Value) -> Vec<String> {
    let mut body = json!({
        "ref": "refs/heads/faster", "after": "abc", "compare": "https://github.com/acme/shop/compare/faster",
        "repository": { "full_name": "acme/shop", "default_branch": "main" }, "commits": [],
    });
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    changes(&event("push", body.to_string().into_bytes()))
        .iter()
        .map(line)
        .collect()
}

fn commit(author: &str, message: &str, hour: u32, distinct: bool) -> Value {
    json!({
        "id": message, "message": format!("{message}\n\nand why"), "timestamp": format!("2026-01-15T{hour:02}:00:00Z"),
        "distinct": distinct, "author": { "username": author, "email": "1+x@users.noreply.github.com" },
    })
}

#[test]
fn a_push_is_told_once_for_each_author_of_commits_that_are_new() {
    let commits = [
        commit("ana", "One", 8, true),
        commit("ana", "Two", 9, true),
        commit("ben", "Three", 7, true),
        // A merge of the main branch brings what others have pushed before.
        commit("cy", "Old", 6, false),
    ];
    assert_eq!(
        pushed(&json!({ "commits": commits })),
        [
            "acme/shop@faster 2 commits of ana `Two` at 2026-01-15 09:00:00 UTC",
            "acme/shop@faster 1 commits of ben `Three` at 2026-01-15 09:00:00 UTC",
        ]
    );
}

#[test]
fn a_tag_a_deleted_branch_and_commits_of_nobody_known_are_no_push() {
    let commits = json!([commit("ana", "One", 8, true)]);
    for fields in [
        json!({ "ref": "refs/tags/v1", "commits": commits }),
        json!({ "after": "0000000000", "commits": commits }),
        json!({ "commits": [] }),
        json!({ "commits": [{ "message": "x", "timestamp": "2026-01-15T08:00:00Z", "author": { "name": "Somebody" } }] }),
    ] {
        assert_eq!(pushed(&fields), Vec::<String>::new(), "{fields}");
    }
}

#[test]
fn an_issue_moves_when_it_is_opened_closed_or_given_to_somebody() {
    let moved = |action: &str| {
        let body = json!({
            "action": action, "sender": { "login": "cy", "type": "User" }, "assignee": { "login": "ben", "type": "User" },
            "issue": {
                "number": 7, "state": "open", "title": "Late", "html_url": "https://github.com/acme/shop/issues/7",
                "user": { "login": "ana", "type": "User" }, "created_at": "2026-01-15T08:00:00Z",
                "updated_at": "2026-01-15T09:00:00Z", "closed_at": "2026-01-15T09:30:00Z",
            },
            "repository": { "full_name": "acme/shop", "private": true },
        });
        let said = changes(&event("issues", body.to_string().into_bytes()));
        said.iter().map(line).collect::<Vec<_>>()
    };
    let private = "acme/shop private=true on 2026-01-15";
    assert_eq!(
        moved("opened"),
        [
            "acme/shop#7 issue opened by ana `Late` at 2026-01-15 08:00:00 UTC",
            private
        ]
    );
    assert_eq!(
        moved("assigned"),
        [
            "acme/shop#7 issue assigned by ben `Late` at 2026-01-15 09:00:00 UTC",
            private
        ]
    );
    assert_eq!(
        moved("closed"),
        [
            "acme/shop#7 issue closed by cy `Late` at 2026-01-15 09:30:00 UTC",
            private
        ]
    );
    assert_eq!(moved("edited"), [private]);
}
