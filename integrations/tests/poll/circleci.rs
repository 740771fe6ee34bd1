//! Purpose: CircleCI, polled: what it tells at the first look and later, and that its webhooks tell the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::ci_run::CiOutcome;
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_simulator::circleci::{CircleciSimulator, TOKEN};
use serde_json::{Value, json};

use crate::support::{Round, at, delivered, facts, poller, round, try_round};

const SLUG: &str = "gh/acme/shop";
const SHA: &str = "5b1f0c9e7d3a4b2c8e6f1a0d9c7b5e3f2a1d4c6b";

fn minute(minutes: i64) -> DateTime<Utc> {
    at("2026-06-04T09:00:00Z") + TimeDelta::minutes(minutes)
}

async fn circleci() -> CircleciSimulator {
    let circleci = CircleciSimulator::start().await.unwrap();
    circleci.add_project(SLUG);
    circleci
}

/// A pipeline of one workflow that runs.
fn built(circleci: &CircleciSimulator, begins: i64) -> (String, String) {
    let pipeline = circleci.push(SLUG, "main", SHA, minute(begins));
    let workflow = circleci.start_workflow(&pipeline, "build", minute(begins));
    (pipeline, workflow)
}

fn news(before: &Round, after: &Round) -> BTreeMap<String, FactChange> {
    let known: BTreeSet<&str> = before.keys().into_iter().collect();
    let is_new = |event: &&RawEvent| !known.contains(event.delivery_key.as_str());
    facts(after.events.iter().filter(is_new))
}

fn outcomes(facts: &BTreeMap<String, FactChange>) -> Vec<(String, CiOutcome)> {
    let run = |fact: &FactChange| {
        let FactChange::CiRun(run) = fact else {
            return None;
        };
        Some((run.id.clone(), run.outcome))
    };
    facts.values().filter_map(run).collect()
}

#[tokio::test]
async fn a_first_look_reads_all_pages_and_a_second_one_tells_nothing_new() {
    let circleci = circleci().await;
    for number in 0..7 {
        let (_, workflow) = built(&circleci, number * 60);
        circleci.end_workflow(&workflow, "success", minute(number * 60 + 5));
    }
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &[SLUG]);
    let first = round(&*poller, None, minute(600)).await;
    assert_eq!(first.problems, []);
    assert_eq!(outcomes(&first.facts()).len(), 7);
    let calls = circleci.calls();
    assert!(
        calls.iter().any(|call| call.ends_with("page-token=from-3")),
        "{calls:?}"
    );
    assert_eq!(round(&*poller, None, minute(600)).await.keys(), first.keys());
    let next = round(&*poller, Some(first.place.clone()), minute(605)).await;
    assert_eq!(news(&first, &next), BTreeMap::new());
}

#[tokio::test]
async fn pipelines_before_the_first_look_are_not_asked_for() {
    let circleci = circleci().await;
    for day in [0, 1, 2, 3, 40] {
        let (_, workflow) = built(&circleci, day * 24 * 60);
        circleci.end_workflow(&workflow, "success", minute(day * 24 * 60 + 5));
    }
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &[SLUG]);
    let first = round(&*poller, None, minute(41 * 24 * 60)).await;
    assert_eq!(outcomes(&first.facts()).len(), 1);
    assert_eq!(
        circleci.calls().len(),
        2,
        "one page, and the workflows of one pipeline"
    );
}

#[tokio::test]
async fn a_workflow_that_runs_is_told_when_it_has_ended_whatever_was_built_since() {
    let circleci = circleci().await;
    let (_, slow) = built(&circleci, 0);
    for number in 1..5 {
        let (_, workflow) = built(&circleci, number * 30);
        circleci.end_workflow(&workflow, "success", minute(number * 30 + 5));
    }
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &[SLUG]);
    let first = round(&*poller, None, minute(180)).await;
    assert_eq!(outcomes(&first.facts()).len(), 4);
    circleci.end_workflow(&slow, "failed", minute(200));
    let second = round(&*poller, Some(first.place.clone()), minute(210)).await;
    let told = outcomes(&news(&first, &second));
    assert_eq!(told, [(format!("workflow:{slow}"), CiOutcome::Failure)]);
}

#[tokio::test]
async fn a_workflow_that_is_started_again_soon_after_it_failed_is_told_too() {
    let circleci = circleci().await;
    let (pipeline, failed) = built(&circleci, 0);
    circleci.end_workflow(&failed, "failed", minute(5));
    let (_, later) = built(&circleci, 20);
    circleci.end_workflow(&later, "success", minute(25));
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &[SLUG]);
    let first = round(&*poller, None, minute(60)).await;
    let again = circleci.start_workflow(&pipeline, "build", minute(70));
    circleci.end_workflow(&again, "success", minute(75));
    let second = round(&*poller, Some(first.place.clone()), minute(80)).await;
    let told = outcomes(&news(&first, &second));
    assert_eq!(told, [(format!("workflow:{again}"), CiOutcome::Success)]);
}

/// As CircleCI's reference of outbound webhooks shows it.
fn told(event: &str, slug: &str, workflow: &Value, pipeline: &Value) -> RawEvent {
    let body = json!({
        "id": event, "type": "workflow-completed", "happened_at": workflow["stopped_at"],
        "project": { "id": "0b9f6a52", "name": "shop", "slug": slug }, "organization": { "name": "acme" },
        "workflow": workflow, "pipeline": pipeline,
    });
    delivered("circleci", &[], &body)
}

fn without_pages(events: &[RawEvent]) -> BTreeMap<String, FactChange> {
    let mut facts = facts(events);
    for fact in facts.values_mut() {
        if let FactChange::CiRun(run) = fact {
            run.url = String::new();
        }
    }
    facts
}

#[tokio::test]
async fn webhooks_and_polls_of_one_history_give_the_same_facts_and_no_secret_is_kept() {
    let circleci = circleci().await;
    let (_, by_push) = built(&circleci, 0);
    circleci.end_workflow(&by_push, "success", minute(6));
    let by_app_slug = "circleci/7a1d9c33/0b9f6a52";
    let repository = "https://github.com/acme/storefront";
    let pipeline = circleci.push_by_app(by_app_slug, repository, "main", SHA, minute(10));
    let by_app = circleci.start_workflow(&pipeline, "deploy", minute(11));
    circleci.end_workflow(&by_app, "failed", minute(19));

    let page = "https://app.circleci.com/pipelines/github/acme/shop/1/workflows/x";
    let workflow = |id: &str, name: &str, status: &str, begins: i64, ends: i64| {
        json!({
            "id": id, "name": name, "status": status, "created_at": minute(begins), "stopped_at": minute(ends), "url": page,
        })
    };
    let url = "https://github.com/acme/shop";
    let all = [
        told(
            "e1",
            SLUG,
            &workflow(&by_push, "build", "success", 0, 6),
            &json!({ "vcs": {
                "origin_repository_url": url, "target_repository_url": url, "revision": SHA, "branch": "main",
            } }),
        ),
        told(
            "e2",
            by_app_slug,
            &workflow(&by_app, "deploy", "failed", 11, 19),
            &json!({ "trigger_parameters": {
                "git": { "checkout_sha": SHA, "branch": "main" },
                "github_app": { "repo_url": repository, "branch": "main", "commit_sha": SHA, "user_username": "ana" },
            } }),
        ),
    ];
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &[SLUG, by_app_slug]);
    let found = round(&*poller, None, minute(60)).await;
    assert_eq!(found.problems, []);
    let by_webhook = without_pages(&all);
    assert_eq!(by_webhook.len(), 2);
    assert_eq!(without_pages(&found.events), by_webhook);
    for events in [
        [&all[..], &found.events].concat(),
        [&found.events, &all[..]].concat(),
    ] {
        assert_eq!(facts(&events), facts(&all), "both together say what webhooks say");
    }
    for event in &found.events {
        assert!(!String::from_utf8_lossy(&event.payload).contains("hunter2"));
    }
}

#[tokio::test]
async fn a_wrong_token_ends_the_round_and_says_which_one() {
    let circleci = circleci().await;
    let poller = poller("circleci", &circleci.api_url(), "wrong", &[SLUG]);
    let error = try_round(&*poller, None, minute(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be read: CircleCI does not accept CIRCLECI_TOKEN"
    );
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_from_being_read() {
    let circleci = circleci().await;
    let (_, workflow) = built(&circleci, 0);
    circleci.end_workflow(&workflow, "success", minute(5));
    circleci.add_project("gh/acme/secret");
    circleci.hide("gh/acme/secret");
    let things = ["gh/acme/secret", "acme/shop", SLUG];
    let poller = poller("circleci", &circleci.api_url(), TOKEN, &things);
    let found = round(&*poller, None, minute(60)).await;
    assert_eq!(found.events.len(), 1);
    assert_eq!(
        found.said(),
        [
            "pipelines of gh/acme/secret is not there, or CIRCLECI_TOKEN may not see it",
            "pipelines of acme/shop cannot be read: [integrations.circleci] lists projects as `gh/acme/shop`, as in \
             Project Settings > Overview",
        ]
    );
}
