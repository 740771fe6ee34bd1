//! Purpose: the poller against a pretend GitHub: everything is found once, at little cost, whatever goes wrong.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use em_domain::ci_run::CiOutcome;
use em_domain::clock::TestClock;
use em_domain::deployment::DeploymentState;
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::stamped::Stamped;
use em_integrations::github::client::GithubError;
use em_integrations::github::poller::{Batch, Cursor, Poller};
use em_simulator::github::{Budget, Fault, GithubSimulator, GithubWorld, NewDeployment, NewPull, NewRun};

use crate::support::{TOKEN, at, config, facts, poller};

const REPO: &str = "acme/shop";

/// A pretend GitHub with one repository, a clock, and a poller of it.
struct Stage {
    world: GithubWorld,
    github: GithubSimulator,
    clock: TestClock,
    poller: Poller,
}

async fn stage() -> Stage {
    let world = GithubWorld::new(TOKEN);
    world.add_repo(REPO, at("2020-01-01T00:00:00Z"));
    let github = GithubSimulator::serve(world.clone()).await.unwrap();
    let clock = TestClock::at(now());
    let poller = poller(&config(&github.api_url()), &clock);
    Stage {
        world,
        github,
        clock,
        poller,
    }
}

fn now() -> DateTime<Utc> {
    at("2026-01-15T10:00:00Z")
}

fn days_ago(days: i64) -> DateTime<Utc> {
    now() - Duration::days(days)
}

/// Polls until nothing is left to read at once. The cursor is stored and read again between the calls.
pub(crate) async fn poll_all(poller: &Poller, cursor: Cursor, now: DateTime<Utc>) -> (Vec<RawEvent>, Cursor) {
    let (events, cursor, problems) = poll_to_the_end(poller, cursor, now).await;
    assert_eq!(problems, []);
    (events, cursor)
}

async fn poll_to_the_end(
    poller: &Poller,
    mut cursor: Cursor,
    now: DateTime<Utc>,
) -> (Vec<RawEvent>, Cursor, Vec<(String, GithubError)>) {
    let (mut events, mut problems) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let batch = poller.poll(Cursor::parse(&cursor.to_json()), now).await.unwrap();
        events.extend(batch.events);
        problems.extend(
            batch
                .problems
                .into_iter()
                .map(|problem| (problem.name, problem.error)),
        );
        cursor = batch.cursor;
        if !batch.more {
            return (events, cursor, problems);
        }
    }
    panic!("the poller finds no end");
}

fn keys(events: &[RawEvent]) -> BTreeSet<String> {
    events.iter().map(|event| event.delivery_key.clone()).collect()
}

fn pulls_in(events: &[RawEvent]) -> Vec<String> {
    let pulls = facts(events).into_keys().filter(|key| key.starts_with("pull "));
    pulls
        .map(|key| key.trim_start_matches("pull acme/shop#").to_owned())
        .collect()
}

#[tokio::test]
async fn the_first_look_takes_all_that_is_open_and_what_ended_lately() {
    let stage = stage().await;
    let open = |title: &str, days| {
        stage
            .world
            .open_pull(REPO, &NewPull::new(title, "ana-ruiz"), days_ago(days))
            .0
    };
    open("Old but open", 400).request_review("ana-ruiz", "bensmith", days_ago(399));
    open("Merged long ago", 300).merge("bensmith", days_ago(200));
    open("Merged lately", 300).merge("bensmith", days_ago(10));
    open("New", 1);
    let (events, _) = poll_all(&stage.poller, Cursor::default(), now()).await;
    assert_eq!(pulls_in(&events), ["1", "3", "4"]);
    let FactChange::PullRequest(old) = &facts(&events)["pull acme/shop#1"] else {
        panic!()
    };
    assert_eq!(
        old.requests.get(&"bensmith".into()),
        Some(&days_ago(399)),
        "asked before the look goes back"
    );

    let all = poll_all(&stage.poller, Cursor::starting(days_ago(1000)), now())
        .await
        .0;
    assert_eq!(
        pulls_in(&all),
        ["1", "2", "3", "4"],
        "a backfill goes back further"
    );
}

#[tokio::test]
async fn polling_twice_finds_nothing_new_and_costs_nothing() {
    let stage = stage().await;
    let (pull, _) = stage
        .world
        .open_pull(REPO, &NewPull::new("A", "ana-ruiz"), days_ago(3));
    pull.review("bensmith", "commented", days_ago(2));
    pull.comment("ana-ruiz", "Done", days_ago(1));
    stage.world.release(REPO, "v1", "ana-ruiz", days_ago(1));
    let (first, cursor) = poll_all(&stage.poller, Cursor::default(), now()).await;
    let (_, cursor) = poll_all(&stage.poller, cursor, now() + Duration::minutes(1)).await;
    let before = stage.world.budget().remaining;
    let (again, _) = poll_all(&stage.poller, cursor, now() + Duration::minutes(2)).await;
    assert!(
        keys(&again).is_subset(&keys(&first)),
        "{:?}",
        keys(&again).difference(&keys(&first))
    );
    assert_eq!(stage.world.budget().remaining, before, "all answers were 304");
    let afresh = poll_all(&stage.poller, Cursor::default(), now() + Duration::minutes(3))
        .await
        .0;
    assert_eq!(keys(&afresh), keys(&first), "a lost cursor stores nothing twice");
}

#[tokio::test]
async fn only_what_changed_is_read_in_full() {
    let stage = stage().await;
    for (title, days) in [("A", 9), ("B", 8), ("C", 7), ("D", 3)] {
        stage
            .world
            .open_pull(REPO, &NewPull::new(title, "ana-ruiz"), days_ago(days));
    }
    let (first, cursor) = poll_all(&stage.poller, Cursor::default(), now()).await;
    let later = now() + Duration::minutes(5);
    stage.world.pull(REPO, 2).review("bensmith", "approved", later);
    stage.world.clear_calls();
    let (second, _) = poll_all(&stage.poller, cursor, later).await;
    let reviews = stage
        .world
        .calls()
        .iter()
        .filter(|call| call.path.ends_with("/reviews"))
        .count();
    assert_eq!(reviews, 2, "the reviewed one, and the newest, which may have changed in its last second: {:?}", stage.world.calls());
    let new: Vec<String> = keys(&second).difference(&keys(&first)).cloned().collect();
    assert_eq!(new.len(), 2, "the review and the pull request: {new:?}");
}

#[tokio::test]
async fn a_base_that_moved_is_noticed_though_the_pull_request_did_not_change() {
    let stage = stage().await;
    let (pull, _) = stage
        .world
        .open_pull(REPO, &NewPull::new("A", "ana-ruiz"), days_ago(3));
    let (mut events, mut cursor) = poll_all(&stage.poller, Cursor::default(), now()).await;
    let conflicts = |events: &[RawEvent]| match &facts(events)["pull acme/shop#1"] {
        FactChange::PullRequest(pull) => pull.conflicts.clone().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        conflicts(&events),
        Stamped {
            at: days_ago(3),
            value: false
        }
    );
    let turns = [
        (false, "dirty", true),
        (true, "clean", false),
        (false, "dirty", true),
    ];
    for (minutes, (mergeable, state, conflicting)) in (10..).step_by(10).zip(turns) {
        pull.set_mergeable(Some(mergeable), state);
        let since = now() + Duration::minutes(minutes);
        for again in [0, 1] {
            let (more, next) = poll_all(&stage.poller, cursor, since + Duration::minutes(again)).await;
            (events, cursor) = ([events, more].concat(), next);
        }
        assert_eq!(
            conflicts(&events),
            Stamped {
                at: since,
                value: conflicting
            }
        );
    }
}

#[tokio::test]
async fn runs_and_deployments_are_followed_to_their_end() {
    let stage = stage().await;
    let (sha, _) = stage.world.push(REPO, "ana-ruiz", "Work", days_ago(1));
    let (run, _) = stage.world.start_run(
        REPO,
        &NewRun::on_push("CI", "main", &sha, "ana-ruiz"),
        days_ago(1),
    );
    let new = NewDeployment {
        environment: "staging".into(),
        sha,
        reference: "main".into(),
        by: "ana-ruiz".into(),
    };
    let (deployment, _) = stage.world.deploy(REPO, &new, days_ago(1));
    let (mut events, mut cursor) = poll_all(&stage.poller, Cursor::default(), now()).await;
    let minute = |minutes| now() + Duration::minutes(minutes);
    // Something newer pushes the run off the page of news.
    stage.world.start_run(
        REPO,
        &NewRun::on_push("Nightly", "main", "abc", "ana-ruiz"),
        minute(0),
    );
    let mut seen = Vec::new();
    let acts: [&dyn Fn(); 4] = [
        &|| drop(stage.world.finish_run(REPO, run, "failure", minute(1))),
        &|| drop(stage.world.rerun(REPO, run, minute(2))),
        &|| drop(stage.world.finish_run(REPO, run, "success", minute(3))),
        &|| {
            drop(
                stage
                    .world
                    .deployment_status(REPO, deployment, "success", minute(4)),
            )
        },
    ];
    for (minutes, act) in (1..).zip(acts) {
        act();
        let (more, next) = poll_all(&stage.poller, cursor, minute(minutes)).await;
        (events, cursor) = ([events, more].concat(), next);
        let facts = facts(&events);
        let FactChange::CiRun(run) = &facts[&format!("run {REPO} workflow:{run}")] else {
            panic!()
        };
        let FactChange::Deployment(deployment) = &facts[&format!("deployment {REPO} {deployment}")] else {
            panic!()
        };
        seen.push((run.attempt, run.outcome, deployment.state.value));
    }
    assert_eq!(
        seen,
        [
            (1, CiOutcome::Failure, DeploymentState::Pending),
            (2, CiOutcome::Pending, DeploymentState::Pending),
            (2, CiOutcome::Success, DeploymentState::Pending),
            (2, CiOutcome::Success, DeploymentState::Success),
        ]
    );
}

#[tokio::test]
async fn a_huge_repository_does_not_starve_the_others() {
    let mut stage = stage().await;
    for number in 0..60 {
        stage.world.open_pull(
            REPO,
            &NewPull::new(&format!("Change {number}"), "ana-ruiz"),
            days_ago(60 - number),
        );
    }
    stage.world.add_repo("acme/small", days_ago(100));
    stage
        .world
        .open_pull("acme/small", &NewPull::new("Small", "bensmith"), days_ago(1));
    let mut config = config(&stage.github.api_url());
    config.repositories.push("acme/small".to_owned());
    stage.poller = poller(&config, &stage.clock);
    let first = stage.poller.poll(Cursor::default(), now()).await.unwrap();
    let second = stage.poller.poll(first.cursor, now()).await.unwrap();
    assert!(
        facts(&second.events).contains_key("pull acme/small#1"),
        "its turn comes after one part of the huge one"
    );
    let (rest, _) = poll_all(&stage.poller, second.cursor, now()).await;
    let all = [first.events, rest].concat();
    assert_eq!(pulls_in(&all).len(), 60);
}

#[tokio::test]
async fn an_organisations_repositories_are_found_without_the_archived() {
    let mut stage = stage().await;
    for name in ["acme/web", "acme/attic"] {
        stage.world.add_repo(name, days_ago(100));
        stage
            .world
            .open_pull(name, &NewPull::new("A", "ana-ruiz"), days_ago(1));
    }
    stage.world.archive_repo("acme/attic");
    let mut config = config(&stage.github.api_url());
    config.repositories = vec!["acme/web".to_owned()];
    config.organisations = vec!["acme".to_owned()];
    stage.poller = poller(&config, &stage.clock);
    let (events, cursor) = poll_all(&stage.poller, Cursor::default(), now()).await;
    let facts = facts(&events);
    assert!(
        facts.contains_key("pull acme/web#1") && !facts.contains_key("pull acme/attic#1"),
        "{:?}",
        facts.keys()
    );

    stage.world.add_repo("acme/new", now());
    stage
        .world
        .open_pull("acme/new", &NewPull::new("A", "ana-ruiz"), now());
    let (soon, cursor) = poll_all(&stage.poller, cursor, now() + Duration::minutes(5)).await;
    assert!(!crate::support::facts(&soon).contains_key("pull acme/new#1"));
    let (later, _) = poll_all(&stage.poller, cursor, now() + Duration::minutes(65)).await;
    assert!(crate::support::facts(&later).contains_key("pull acme/new#1"));
}

#[tokio::test]
async fn a_used_up_quota_loses_nothing() {
    let stage = stage().await;
    for number in 0..10 {
        stage.world.open_pull(
            REPO,
            &NewPull::new(&format!("Change {number}"), "ana-ruiz"),
            days_ago(2),
        );
    }
    let reset_at = Some(now() + Duration::minutes(10));
    stage.world.set_budget(Budget {
        limit: 5000,
        remaining: 12,
        reset_at,
        refusal: 403,
    });
    let mut events = Vec::new();
    let mut cursor = Cursor::default();
    let refused = loop {
        match stage.poller.poll(cursor.clone(), now()).await {
            Ok(Batch {
                events: some,
                cursor: next,
                more,
                ..
            }) => {
                assert!(more && !some.is_empty(), "part of it was read");
                (events, cursor) = ([events, some].concat(), next);
            }
            Err(error) => break error,
        }
    };
    assert_eq!(
        refused,
        GithubError::RateLimited {
            retry_at: now() + Duration::seconds(601)
        }
    );
    stage.world.set_budget(Budget {
        limit: 5000,
        remaining: 5000,
        reset_at: None,
        refusal: 403,
    });
    stage.clock.advance(Duration::seconds(601));
    let (rest, _) = poll_all(&stage.poller, cursor, now() + Duration::seconds(601)).await;
    assert_eq!(pulls_in(&[events, rest].concat()).len(), 10);
}

#[tokio::test]
async fn what_one_repository_refuses_does_not_stop_the_rest() {
    let mut stage = stage().await;
    stage
        .world
        .open_pull(REPO, &NewPull::new("A", "ana-ruiz"), days_ago(2));
    let mut config = config(&stage.github.api_url());
    config.repositories.insert(0, "acme/missing".to_owned());
    stage.poller = poller(&config, &stage.clock);
    stage
        .world
        .fail_next("/repos/acme/shop/deployments", Fault::Garbage);
    let (events, _, problems) = poll_to_the_end(&stage.poller, Cursor::default(), now()).await;
    assert_eq!(pulls_in(&events), ["1"]);
    assert_eq!(problems[0], ("acme/missing".to_owned(), GithubError::NotFound));
    assert!(
        matches!(&problems[1], (name, GithubError::Malformed { .. }) if name == REPO),
        "{problems:?}"
    );
}

#[tokio::test]
async fn a_github_that_is_down_is_left_alone_and_then_read_on() {
    let stage = stage().await;
    stage
        .world
        .open_pull(REPO, &NewPull::new("A", "ana-ruiz"), days_ago(2));
    for fault in [Fault::Status(502), Fault::Cut, Fault::Hang] {
        stage.world.fail_next("/repos/acme/shop/issues/events", fault);
    }
    let (first, cursor, problems) = poll_to_the_end(&stage.poller, Cursor::default(), now()).await;
    assert!(
        matches!(problems[..], [(_, GithubError::Unavailable { .. })]),
        "{problems:?}"
    );
    assert_eq!(pulls_in(&first), ["1"], "what was read before is kept");
    stage
        .world
        .pull(REPO, 1)
        .request_review("ana-ruiz", "bensmith", now());
    let (second, _) = poll_all(&stage.poller, cursor, now() + Duration::minutes(1)).await;
    let FactChange::PullRequest(pull) = &facts(&[first, second].concat())["pull acme/shop#1"] else {
        panic!()
    };
    assert_eq!(pull.requests.len(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_an_error_of_all() {
    let stage = stage().await;
    stage.world.revoke_tokens();
    assert_eq!(
        stage.poller.poll(Cursor::default(), now()).await.unwrap_err(),
        GithubError::Unauthorized
    );
}

#[tokio::test]
async fn a_cursor_of_another_version_is_a_fresh_one() {
    assert_eq!(Cursor::parse("{\"queue\": 3}"), Cursor::default());
    assert_eq!(Cursor::parse(""), Cursor::default());
}
