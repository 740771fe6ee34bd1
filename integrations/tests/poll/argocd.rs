//! Purpose: Argo CD, polled: what it tells at the first look and later, and that its notifications are the same events.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::deployment::{Deployment, DeploymentState};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_simulator::argocd::{ArgocdSimulator, SITE, TOKEN};
use serde_json::json;

use crate::support::{Round, at, delivered, facts, poller, round, try_round};

const SHA: &str = "94fcc5e8673e0d2d7fbca6b1c6c455ba308314fc";

fn minute(minutes: i64) -> DateTime<Utc> {
    at("2026-06-04T09:00:00Z") + TimeDelta::minutes(minutes)
}

async fn argocd(names: &[&str]) -> ArgocdSimulator {
    let argocd = ArgocdSimulator::start().await.unwrap();
    for name in names {
        argocd.add_application(name, "shop");
    }
    argocd
}

/// Synchronised and healthy a minute later.
fn deployed(argocd: &ArgocdSimulator, name: &str, begins: i64) {
    argocd.sync(name, SHA, "ana", minute(begins));
    argocd.synced(name, "Succeeded", minute(begins + 1));
    argocd.turn(name, "Healthy", Some(minute(begins + 2)));
}

/// The notification of the template in `docs/integrations/argocd.md`, for an application as it is now.
fn notified(argocd: &ArgocdSimulator, name: &str) -> RawEvent {
    let app = argocd.application(name);
    let operation = &app["status"]["operationState"];
    let body = json!({
        "context": { "argocdUrl": SITE },
        "app": {
            "metadata": { "name": name, "namespace": "argocd", "uid": app["metadata"]["uid"], "deletionTimestamp": null },
            "spec": {
                "destination": app["spec"]["destination"],
                "source": { "repoURL": app["spec"]["source"]["repoURL"], "targetRevision": "main" }, "sources": [],
            },
            "status": {
                "health": app["status"]["health"],
                "operationState": {
                    "phase": operation["phase"], "startedAt": operation["startedAt"],
                    "finishedAt": operation["finishedAt"],
                    "operation": {
                        "initiatedBy": operation["operation"]["initiatedBy"],
                        "sync": { "dryRun": null, "revision": SHA, "revisions": null },
                    },
                    "syncResult": { "revision": SHA, "revisions": null },
                },
            },
        },
    });
    delivered("argocd", &[], &body)
}

fn deployments<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> Vec<Deployment> {
    let deployment = |fact| {
        let FactChange::Deployment(deployment) = fact else {
            panic!("{fact:?}")
        };
        *deployment
    };
    facts(events).into_values().map(deployment).collect()
}

fn states(round: &Round) -> Vec<DeploymentState> {
    let deployments = deployments(&round.events);
    deployments.into_iter().map(|one| one.state.value).collect()
}

#[tokio::test]
async fn a_first_look_tells_of_what_was_deployed_lately_and_a_second_one_tells_nothing_new() {
    let argocd = argocd(&["api", "web", "idle", "old"]).await;
    deployed(&argocd, "api", 0);
    deployed(&argocd, "web", 30);
    deployed(&argocd, "old", -40 * 24 * 60);
    let poller = poller("argocd", &argocd.api_url(), TOKEN, &["*"]);
    let first = round(&*poller, None, minute(60)).await;
    assert_eq!(first.problems, []);
    assert_eq!(
        states(&first),
        [DeploymentState::Success, DeploymentState::Success]
    );
    let calls = argocd.calls();
    assert_eq!(calls, ["/api/v1/applications", "/api/v1/settings"]);
    assert_eq!(round(&*poller, None, minute(60)).await.keys(), first.keys());
    let next = round(&*poller, Some(first.place.clone()), minute(65)).await;
    let known = first.keys();
    assert!(
        next.keys().iter().all(|key| known.contains(key)),
        "{:?}",
        next.keys()
    );
    for event in &first.events {
        assert!(!String::from_utf8_lossy(&event.payload).contains("hunter2"));
    }
}

#[tokio::test]
async fn a_deployment_is_told_while_it_runs_and_when_it_is_through_and_not_in_between() {
    let argocd = argocd(&["api", "web"]).await;
    deployed(&argocd, "web", 0);
    argocd.sync("api", SHA, "ana", minute(1));
    let poller = poller("argocd", &argocd.api_url(), TOKEN, &["api", "web"]);
    let first = round(&*poller, None, minute(1)).await;
    assert_eq!(
        states(&first),
        [DeploymentState::InProgress, DeploymentState::Success]
    );
    argocd.synced("api", "Succeeded", minute(10));
    argocd.turn("api", "Progressing", Some(minute(10)));
    let second = round(&*poller, Some(first.place), minute(11)).await;
    let of_api = |round: &Round| {
        let key = |event: &&RawEvent| event.delivery_key.starts_with("uid-api");
        round.events.iter().filter(key).count()
    };
    assert_eq!(of_api(&second), 0);
    argocd.turn("api", "Healthy", Some(minute(14)));
    let third = round(&*poller, Some(second.place), minute(15)).await;
    assert_eq!(of_api(&third), 1);
    let through = deployments(third.events.iter().chain(&first.events));
    assert!(
        through
            .iter()
            .any(|one| one.succeeded_at == Some(minute(14)) && one.target.value.created_at == minute(1))
    );
}

#[tokio::test]
async fn health_without_a_time_is_looked_at_again() {
    let argocd = argocd(&["api", "web"]).await;
    argocd.sync("api", SHA, "ana", minute(0));
    argocd.synced("api", "Succeeded", minute(1));
    argocd.turn("api", "Progressing", None);
    deployed(&argocd, "web", 30);
    let poller = poller("argocd", &argocd.api_url(), TOKEN, &["*"]);
    let first = round(&*poller, None, minute(60)).await;
    assert_eq!(states(&first), [DeploymentState::Success], "the other one");
    argocd.turn("api", "Healthy", None);
    let second = round(&*poller, Some(first.place), minute(65)).await;
    assert_eq!(
        states(&second),
        [DeploymentState::Success, DeploymentState::Success]
    );
}

#[tokio::test]
async fn a_notification_and_a_poll_of_one_state_are_one_event_and_say_the_same() {
    let argocd = argocd(&["api"]).await;
    let poller = poller("argocd", &argocd.api_url(), TOKEN, &["api"]);
    argocd.sync("api", SHA, "ana", minute(0));
    let mut place = None;
    for step in 0..4 {
        match step {
            1 => {
                argocd.synced("api", "Succeeded", minute(1));
                argocd.turn("api", "Healthy", Some(minute(2)));
            }
            2 => argocd.turn("api", "Degraded", Some(minute(20))),
            3 => {
                argocd.sync("api", SHA, "ana", minute(30));
                argocd.synced("api", "Failed", minute(31));
            }
            _ => {}
        }
        let told = notified(&argocd, "api");
        let found = round(&*poller, place, minute(10 * step + 5)).await;
        assert_eq!(found.keys(), [told.delivery_key.as_str()]);
        assert_eq!(found.events[0].event_type, told.event_type);
        assert_eq!(found.events[0].occurred_at, told.occurred_at);
        assert_eq!(found.facts(), facts([&told]));
        place = Some(found.place);
    }
}

#[tokio::test]
async fn projects_are_read_whole_and_alone() {
    let argocd = argocd(&["api", "web"]).await;
    argocd.add_application("ledger", "bank");
    for name in ["api", "web", "ledger"] {
        deployed(&argocd, name, 0);
    }
    for (thing, expected) in [
        ("project/shop", 2),
        ("project/bank", 1),
        ("project/none", 0),
        ("ledger", 1),
    ] {
        let poller = poller("argocd", &argocd.api_url(), TOKEN, &[thing]);
        let first = round(&*poller, None, minute(60)).await;
        assert_eq!(
            (first.events.len(), first.problems.len()),
            (expected, 0),
            "{thing}"
        );
    }
}

#[tokio::test]
async fn a_wrong_token_ends_the_round_and_says_which_one() {
    let argocd = argocd(&["api"]).await;
    let poller = poller("argocd", &argocd.api_url(), "wrong", &["api"]);
    let error = try_round(&*poller, None, minute(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be read: Argo CD does not accept ARGOCD_TOKEN"
    );
}

#[tokio::test]
async fn what_cannot_be_read_keeps_nothing_else_from_being_read() {
    let argocd = argocd(&["api", "secret"]).await;
    deployed(&argocd, "api", 0);
    argocd.hide("secret");
    let poller = poller("argocd", &argocd.api_url(), TOKEN, &["secret", "shop/api", "api"]);
    let found = round(&*poller, None, minute(60)).await;
    assert_eq!(found.events.len(), 1);
    assert_eq!(
        found.said(),
        [
            "applications of secret is not there, or ARGOCD_TOKEN may not see it",
            "applications of shop/api cannot be read: [integrations.argocd] lists applications by their names, projects \
             as `project/NAME`, or `*` for all",
        ]
    );
}
