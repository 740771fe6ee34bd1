//! Purpose: changes to GitHub: each call against the pretend GitHub, which refuses as the real one does, and against
//! servers that answer badly or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use em_domain::clock::TestClock;
use em_domain::pull_request::{PullRequestKey, PullRequestState};
use em_integrations::github::actions::{Ci, MergeMethod, NewIssue, Reviewer, Verdict};
use em_integrations::github::client::{GithubClient, GithubError, Method};
use em_simulator::github::{Effect, GithubSimulator, NewPull, NewRun, Pull};
use serde_json::{Value, json};
use wiremock::matchers::{any, body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{TOKEN, at, client, config};

const REPO: &str = "acme/api";

fn now() -> DateTime<Utc> {
    at("2026-01-15T10:00:00Z")
}

/// A pretend GitHub with one pull request of Ben's, and a client of it.
async fn github() -> (GithubSimulator, GithubClient, Pull) {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    github.world().add_repo(REPO, now());
    github.world().add_people(&["ana", "ben", "chloe"]);
    let (pull, _) = github
        .world()
        .open_pull(REPO, &NewPull::new("Limits", "ben"), now());
    let client = client(&config(&github.api_url()), &TestClock::at(now()));
    (github, client, pull)
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: REPO.into(),
        number,
    }
}

fn effects(github: &GithubSimulator) -> Vec<(&'static str, String)> {
    let short = |effect: Effect| (effect.kind, effect.detail);
    github.world().effects().into_iter().map(short).collect()
}

fn refused(reason: &str) -> GithubError {
    GithubError::Refused {
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn all_files_of_a_pull_request_are_read_up_to_what_github_lists() {
    let (github, client, pull) = github().await;
    let files = |count: usize| -> Vec<String> { (0..count).map(|n| format!("src/{n:04}.rs")).collect() };
    for (count, requests, is_truncated) in
        [(0, 1, false), (100, 1, false), (101, 2, false), (3_100, 30, true)]
    {
        let paths = files(count);
        pull.set_files(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        pull.push("ben", &format!("Change {count} files"), now());
        github.world().clear_calls();
        let listed = client.changed_files(&key(1)).await.unwrap();
        assert_eq!(listed.paths, files(count.min(3_000)));
        assert_eq!((listed.requests, listed.is_truncated), (requests, is_truncated));
        assert_eq!(github.world().calls().len(), requests);
    }
    pull.move_file("ledger/a.rs", "payments/a.rs");
    pull.push("ben", "Move it", now());
    let listed = client.changed_files(&key(1)).await.unwrap();
    assert_eq!(listed.paths, ["payments/a.rs", "ledger/a.rs"]);
    assert_eq!(client.changed_files(&key(9)).await, Err(GithubError::NotFound));
}

/// A server that gives the same answer to everything, and a client of it.
async fn always(answer: ResponseTemplate, calls: u64) -> (MockServer, GithubClient) {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(answer)
        .expect(calls)
        .mount(&server)
        .await;
    let client = client(&config(&server.uri()), &TestClock::at(now()));
    (server, client)
}

#[tokio::test]
async fn a_subject_is_read_as_it_stands() {
    let (github, client, pull) = github().await;
    pull.label("ana", "bug", now());
    pull.request_review("ben", "ana", now());
    pull.request_team_review("ben", "platform", now());
    let subject = client.subject(&key(1)).await.unwrap();
    assert_eq!(
        (subject.state, subject.author.as_str(), subject.title.as_str()),
        (PullRequestState::Open, "ben", "Limits")
    );
    assert!(subject.has_label("BUG"));
    let about = subject.pull.unwrap();
    assert_eq!(
        (about.head_sha, about.base_ref),
        (pull.head_sha(), "main".to_owned())
    );
    assert_eq!(
        (about.reviewers, about.teams),
        (vec!["ana".into()], vec!["platform".to_owned()])
    );
    assert!(!about.is_draft && !about.has_auto_merge && about.mergeable == Some(true));

    pull.merge("ana", now());
    assert_eq!(
        client.subject(&key(1)).await.unwrap().state,
        PullRequestState::Merged
    );
    let number = github.world().open_issue(REPO, "Broken", "ana", now());
    let issue = client
        .subject(&key(i64::try_from(number).unwrap()))
        .await
        .unwrap();
    assert_eq!((issue.title.as_str(), issue.pull), ("Broken", None));
    assert_eq!(client.subject(&key(9)).await.unwrap_err(), GithubError::NotFound);
}

#[tokio::test]
async fn checks_and_reviews_come_to_one_verdict_each() {
    let (github, client, pull) = github().await;
    let sha = pull.head_sha();
    assert_eq!(client.checks(REPO, &sha).await.unwrap().ci, Ci::Unknown);
    let (run, _) = pull.start_run("CI", now());
    assert_eq!(client.checks(REPO, &sha).await.unwrap().running, ["CI"]);
    github.world().finish_run(REPO, run, "success", now());
    assert_eq!(client.checks(REPO, &sha).await.unwrap().ci, Ci::Green);
    github.world().check(REPO, &sha, "codecov", Some("failure"));
    let red = client.checks(REPO, &sha).await.unwrap();
    assert_eq!((red.ci, red.failed), (Ci::Red, vec!["codecov".to_owned()]));

    pull.review("ana", "changes_requested", now());
    pull.review("chloe", "changes_requested", now());
    pull.review("ana", "approved", now());
    pull.review("ana", "commented", now());
    pull.dismiss_review("ben", "chloe", now());
    let reviews = client.reviews(&key(1)).await.unwrap();
    assert_eq!(
        (reviews.approvals, reviews.changes_requested),
        (vec!["ana".into()], vec![])
    );
}

#[tokio::test]
async fn comments_and_issues_are_written_and_found_by_their_mark() {
    let (github, client, _) = github().await;
    let mark = "<!-- em-agent:apr_1 -->";
    assert_eq!(client.find_comment(&key(1), mark, now()).await.unwrap(), None);
    let written = client.comment(&key(1), &format!("Hello\n{mark}")).await.unwrap();
    let found = client.find_comment(&key(1), mark, now()).await.unwrap().unwrap();
    assert_eq!(found, written);
    assert_eq!(
        client
            .find_comment(&key(1), "<!-- em-agent:apr_2 -->", now())
            .await
            .unwrap(),
        None
    );

    let new = NewIssue {
        title: "Fix it".to_owned(),
        body: mark.to_owned(),
        labels: vec!["bug".to_owned()],
        assignees: vec!["ana".into()],
    };
    let issue = client.create_issue(REPO, &new).await.unwrap();
    assert_eq!(issue.number, Some(2));
    assert_eq!(client.find_issue(REPO, mark, now()).await.unwrap(), Some(issue));
    let untitled = NewIssue {
        title: String::new(),
        ..new
    };
    assert_eq!(
        client.create_issue(REPO, &untitled).await.unwrap_err(),
        refused("the title is missing")
    );
    let too_long = client.comment(&key(1), &"x".repeat(70_000)).await.unwrap_err();
    assert_eq!(
        too_long,
        refused("body is too long (maximum is 65536 characters)")
    );
    assert_eq!(
        client.comment(&key(9), "x").await.unwrap_err(),
        GithubError::NotFound
    );
    assert_eq!(effects(&github).len(), 2);
}

#[tokio::test]
async fn a_mark_is_found_on_any_page() {
    let (_github, client, pull) = github().await;
    client.comment(&key(1), "<!-- em-agent:first -->").await.unwrap();
    for number in 0..120 {
        pull.comment("ana", &format!("Remark {number}"), now());
    }
    client.comment(&key(1), "<!-- em-agent:last -->").await.unwrap();
    for mark in ["<!-- em-agent:first -->", "<!-- em-agent:last -->"] {
        assert!(
            client.find_comment(&key(1), mark, now()).await.unwrap().is_some(),
            "{mark}"
        );
    }
}

#[tokio::test]
async fn labels_and_assignees_come_and_go() {
    let (github, client, _) = github().await;
    github.world().add_label(REPO, "needs review/now");
    assert!(client.has_label(REPO, "needs review/now").await.unwrap());
    assert!(!client.has_label(REPO, "needs").await.unwrap());
    client.add_label(&key(1), "needs review/now").await.unwrap();
    client.add_label(&key(1), "needs review/now").await.unwrap();
    assert_eq!(client.label_names(REPO).await.unwrap(), ["needs review/now"]);
    client.remove_label(&key(1), "needs review/now").await.unwrap();
    assert_eq!(
        client
            .remove_label(&key(1), "needs review/now")
            .await
            .unwrap_err(),
        GithubError::NotFound
    );
    assert!(client.can_be_assigned(REPO, &"ana".into()).await.unwrap());
    assert!(!client.can_be_assigned(REPO, &"nobody".into()).await.unwrap());
    assert!(client.has_account(&"ana".into()).await.unwrap());
    client.assign(&key(1), &"ana".into()).await.unwrap();
    assert!(client.subject(&key(1)).await.unwrap().is_assigned(&"ANA".into()));
    client.unassign(&key(1), &"ana".into()).await.unwrap();
    let done: Vec<&str> = effects(&github).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(done, ["label", "unlabel", "assign", "unassign"]);
}

#[tokio::test]
async fn reviewers_who_cannot_be_asked_are_refused_in_githubs_words() {
    let (github, client, _) = github().await;
    github.world().add_team("acme/platform");
    let ask = async |reviewer| client.request_review(&key(1), &reviewer).await;
    ask(Reviewer::Person("ana".into())).await.unwrap();
    ask(Reviewer::Team("platform".to_owned())).await.unwrap();
    let unknown = ask(Reviewer::Person("nobody".into())).await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("not a collaborator of the acme/api repository"),
        "{unknown}"
    );
    assert_eq!(
        ask(Reviewer::Person("ben".into())).await.unwrap_err(),
        refused("Review cannot be requested from pull request author")
    );
    assert_eq!(
        client.is_collaborator(REPO, &"ana".into()).await.unwrap(),
        Some(true)
    );
    client
        .withdraw_review(&key(1), &Reviewer::Team("platform".to_owned()))
        .await
        .unwrap();
    assert!(
        client
            .subject(&key(1))
            .await
            .unwrap()
            .pull
            .unwrap()
            .teams
            .is_empty()
    );
}

#[tokio::test]
async fn a_merge_is_refused_if_the_head_moved_or_it_cannot_be_merged() {
    let (github, client, pull) = github().await;
    let merge = async |sha: &str| client.merge(&key(1), MergeMethod::Squash, sha).await;
    assert_eq!(
        merge("0000").await.unwrap_err(),
        refused("Head branch was modified. Review and try the merge again")
    );
    pull.convert_to_draft("ben", now());
    assert_eq!(
        merge(&pull.head_sha()).await.unwrap_err(),
        refused("Pull Request is still a draft")
    );
    pull.ready_for_review("ben", now());
    pull.set_mergeable(Some(false), "dirty");
    assert_eq!(
        merge(&pull.head_sha()).await.unwrap_err(),
        refused("Pull Request is not mergeable")
    );
    pull.set_mergeable(Some(true), "clean");
    client.close(&key(1)).await.unwrap();
    client.reopen(&key(1)).await.unwrap();
    merge(&pull.head_sha()).await.unwrap();
    assert_eq!(
        client.reopen(&key(1)).await.unwrap_err(),
        refused("state cannot be changed. The pull request is merged")
    );
    let done: Vec<&str> = effects(&github).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(done, ["close", "reopen", "merge"]);
}

#[tokio::test]
async fn auto_merge_goes_over_graphql_beside_the_api() {
    let (github, client, pull) = github().await;
    pull.start_run("CI", now());
    let node = client.subject(&key(1)).await.unwrap().pull.unwrap().node_id;
    let enable = async |sha: &str| client.enable_auto_merge(&node, MergeMethod::Merge, sha).await;
    let not_allowed = refused("Pull request Auto merge is not allowed for this repository");
    assert_eq!(enable(&pull.head_sha()).await.unwrap_err(), not_allowed);
    github.world().allow_auto_merge(REPO, true);
    assert_eq!(
        enable("0000").await.unwrap_err(),
        refused("Head sha didn't match expected head sha")
    );
    enable(&pull.head_sha()).await.unwrap();
    assert!(
        client
            .subject(&key(1))
            .await
            .unwrap()
            .pull
            .unwrap()
            .has_auto_merge
    );
    client.disable_auto_merge(&node).await.unwrap();
    assert!(
        !client
            .subject(&key(1))
            .await
            .unwrap()
            .pull
            .unwrap()
            .has_auto_merge
    );
    assert_eq!(
        client.disable_auto_merge("PR_none").await.unwrap_err(),
        GithubError::NotFound
    );
    github.world().restrict_to(&["contents=write"]);
    assert!(matches!(
        enable(&pull.head_sha()).await,
        Err(GithubError::Forbidden { .. })
    ));

    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/graphql"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "data": {} })))
        .expect(1)
        .mount(&server)
        .await;
    let own_server = config(&format!("{}/api/v3", server.uri()));
    let client = crate::support::client(&own_server, &TestClock::at(now()));
    client.disable_auto_merge("PR_1").await.unwrap();
}

#[tokio::test]
async fn runs_are_run_again_and_workflows_started() {
    let (github, client, pull) = github().await;
    let world = github.world();
    let (run, _) = pull.start_run("CI", now());
    let id = i64::try_from(run).unwrap();
    let running = client.rerun_failed(REPO, id).await.unwrap_err();
    assert_eq!(running, refused("This workflow run is already running"));
    world.finish_run(REPO, run, "failure", now());
    assert!(client.run(REPO, id).await.unwrap().has_failed());
    client.rerun_failed(REPO, id).await.unwrap();
    let runs = client.runs_of(REPO, &pull.head_sha()).await.unwrap();
    assert_eq!((runs.len(), runs[0].run_attempt), (1, 2));

    world.add_workflow(REPO, "deploy.yml", &["env"]);
    world.add_ref(REPO, "release/1.2");
    assert!(client.has_workflow(REPO, "deploy.yml").await.unwrap());
    assert!(!client.has_workflow(REPO, "none.yml").await.unwrap());
    assert!(client.has_ref(REPO, "release/1.2").await.unwrap());
    assert!(!client.has_ref(REPO, "release/1.3").await.unwrap());
    let start = async |reference: &str, input: &str| {
        let inputs = BTreeMap::from([(input.to_owned(), "prod".to_owned())]);
        client.dispatch(REPO, "deploy.yml", reference, &inputs).await
    };
    start("release/1.2", "env").await.unwrap();
    assert_eq!(
        start("nope", "env").await.unwrap_err(),
        refused("No ref found for: nope")
    );
    assert!(
        start("main", "size")
            .await
            .unwrap_err()
            .to_string()
            .contains("Unexpected inputs")
    );
    assert_eq!(
        effects(&github),
        [("rerun", run.to_string()), ("dispatch", "deploy.yml".to_owned())]
    );
}

#[tokio::test]
async fn a_deployment_that_waits_is_let_go_on_or_ended() {
    let (github, client, _) = github().await;
    let new = NewRun::on_push("Deploy", "main", "abc", "ben");
    let (run, _) = github.world().start_run(REPO, &new, now());
    let id = i64::try_from(run).unwrap();
    github.world().hold_deployment(REPO, run, "production");
    assert_eq!(client.waiting_runs(REPO).await.unwrap()[0].id, id);
    let waiting = client.pending_deployments(REPO, id).await.unwrap();
    assert!(waiting[0].is_ours_to_decide);
    let decide = async |environment| {
        client
            .decide_deployment(REPO, id, environment, Verdict::Approved, "Go")
            .await
    };
    assert!(matches!(decide(1).await, Err(GithubError::Refused { .. })));
    decide(waiting[0].id).await.unwrap();
    assert!(client.pending_deployments(REPO, id).await.unwrap().is_empty());
    let decided = client.decisions(REPO, id).await.unwrap();
    assert_eq!(
        (
            decided[0].environment.as_str(),
            decided[0].state.as_str(),
            decided[0].comment.as_str()
        ),
        ("production", "approved", "Go")
    );
    assert!(client.waiting_runs(REPO).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_says_who_asks_and_carries_its_body() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH"))
        .and(path("/repos/acme/api/issues/1"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("content-type", "application/json"))
        .and(header("x-github-api-version", "2022-11-28"))
        .and(body_json(json!({ "state": "closed" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&config(&server.uri()), &TestClock::at(now()));
    client.close(&key(1)).await.unwrap();
}

#[tokio::test]
async fn a_change_that_may_have_been_made_is_not_sent_again() {
    for answer in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(502).set_body_string("<html>"),
        ResponseTemplate::new(201).set_delay(Duration::from_mins(1)),
        ResponseTemplate::new(201).set_body_string("<html>Unicorn!</html>"),
    ] {
        let (_server, client) = always(answer, 1).await;
        let error = client.comment(&key(1), "x").await.unwrap_err();
        assert!(matches!(error, GithubError::Ambiguous { .. }), "{error:?}");
    }
    let (github, client, _) = github().await;
    github
        .world()
        .fail_next_write("", em_simulator::github::Fault::LostAnswer);
    let lost = client.comment(&key(1), "x").await.unwrap_err();
    assert!(matches!(lost, GithubError::Ambiguous { .. }), "{lost:?}");
    assert_eq!(effects(&github).len(), 1);
}

#[tokio::test]
async fn a_change_that_never_left_is_unavailable() {
    let client = client(&config("http://127.0.0.1:1"), &TestClock::at(now()));
    assert_eq!(
        client.close(&key(1)).await.unwrap_err(),
        GithubError::Unavailable {
            detail: "no connection".to_owned()
        }
    );
}

#[tokio::test]
async fn refusals_of_changes_are_told_apart() {
    let say = |status: u16, body: Value| ResponseTemplate::new(status).set_body_json(body);
    let failed = |errors: Value| say(422, json!({ "message": "Validation Failed", "errors": errors }));
    for (answer, expected) in [
        (
            say(401, json!({ "message": "Bad credentials" })),
            GithubError::Unauthorized,
        ),
        (say(404, json!({ "message": "Not Found" })), GithubError::NotFound),
        (
            say(
                405,
                json!({ "message": "Merge commits are not allowed on this repository." }),
            ),
            refused("Merge commits are not allowed on this repository"),
        ),
        (
            say(409, json!({ "message": "Head branch was modified." })),
            refused("Head branch was modified"),
        ),
        (
            say(410, json!({ "message": "Issues are disabled for this repo" })),
            refused("Issues are disabled for this repo"),
        ),
        (
            failed(json!([{ "resource": "Label", "code": "already_exists", "field": "name" }])),
            refused("the name is taken already"),
        ),
        (
            failed(json!([{ "resource": "Issue", "code": "custom", "message": "Too many" }, "Too late"])),
            refused("Too many; Too late"),
        ),
        (failed(json!([])), refused("Validation Failed")),
        (
            ResponseTemplate::new(422).set_body_string("<html>"),
            refused("status 422"),
        ),
    ] {
        said_by(answer, expected).await;
    }
}

#[tokio::test]
async fn a_missing_permission_and_a_limit_are_told_apart_though_both_are_403() {
    let say = |message: &str| ResponseTemplate::new(403).set_body_json(json!({ "message": message }));
    for (answer, expected) in [
        (
            say("Resource not accessible by personal access token")
                .insert_header("x-accepted-github-permissions", "contents=write"),
            GithubError::Forbidden {
                missing: "contents=write".to_owned(),
            },
        ),
        (
            say("You have exceeded a secondary rate limit.").insert_header("retry-after", "30"),
            GithubError::RateLimited {
                retry_at: at("2026-01-15T10:00:30Z"),
            },
        ),
        (
            say("This workflow run cannot be retried"),
            refused("This workflow run cannot be retried"),
        ),
    ] {
        said_by(answer, expected).await;
    }
}

/// A server that answers a change like this makes this error.
async fn said_by(answer: ResponseTemplate, expected: GithubError) {
    let (_server, client) = always(answer, 1).await;
    let sent = client
        .send_json(Method::POST, "/repos/acme/api/x", &json!({}))
        .await;
    assert_eq!(sent.unwrap_err(), expected);
}
