//! Purpose: webhook and poll of one history give the same facts.

use std::collections::BTreeMap;

use chrono::Duration;
use em_domain::clock::TestClock;
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::EventId;
use em_domain::pull_request::PullRequestState;
use em_integrations::github::poller::Cursor;
use em_integrations::github::webhook::VENDOR;
use em_integrations::webhook::{self, Trust, receive};
use em_simulator::github::{Delivery, GithubSimulator, GithubWorld, NewDeployment, NewPull, NewRun};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use ulid::Ulid;

use crate::poller::poll_all;
use crate::support::{TOKEN, at, config, facts, poller};

const SECRET: &str = "It's a Secret to Everybody";

/// What the webhook's receiver makes of a delivery.
fn received(delivery: &Delivery) -> RawEvent {
    let body = delivery.bytes();
    let headers: HeaderMap = delivery
        .headers(SECRET)
        .into_iter()
        .map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::from_str(&value).unwrap(),
            )
        })
        .collect();
    let delivery = webhook::Delivery {
        headers: &headers,
        query: None,
        body: &body,
        certificate: None,
    };
    let trust = Trust {
        secrets: &[SecretString::from(SECRET)],
        takes_unsigned: false,
    };
    receive(
        &VENDOR,
        delivery,
        trust,
        at("2026-01-15T10:00:00Z"),
        EventId::new(Ulid::nil()),
    )
    .unwrap()
}

/// A few days of two pull requests, a broken main branch, two deployments and a release.
fn story(world: &GithubWorld) -> Vec<Delivery> {
    let start = at("2026-01-12T09:00:00Z");
    let hour = |hours: i64| start + Duration::hours(hours);
    world.add_repo("acme/shop", hour(-1000));
    let mut told = Vec::new();
    let mut new = NewPull::new("Faster checkout", "ana-ruiz");
    new.draft = true;
    let (checkout, opened) = world.open_pull("acme/shop", &new, hour(0));
    told.push(opened);
    told.push(checkout.ready_for_review("ana-ruiz", hour(2)));
    told.push(checkout.request_review("ana-ruiz", "bensmith", hour(3)));
    told.push(checkout.request_review("ana-ruiz", "chloe-d", hour(4)));
    told.push(checkout.request_team_review("ana-ruiz", "core", hour(4)));
    told.push(checkout.review("bensmith", "changes_requested", hour(5)));
    told.push(checkout.comment("ana-ruiz", "Good catch", hour(6)));
    let (run, started) = checkout.start_run("CI", hour(6));
    told.push(started);
    told.push(world.finish_run("acme/shop", run, "failure", hour(7)));
    told.push(world.rerun("acme/shop", run, hour(8)));
    told.push(world.finish_run("acme/shop", run, "success", hour(9)));
    told.push(checkout.push("ana-ruiz", "Check the coupon first", hour(10)));
    told.push(checkout.dismiss_review("ana-ruiz", "bensmith", hour(11)));
    told.push(checkout.label("ana-ruiz", "payments", hour(12)));
    let (coupon, opened) =
        world.open_pull("acme/shop", &NewPull::new("Coupons", "dependabot[bot]"), hour(12));
    told.push(opened);
    told.push(coupon.review("bensmith", "approved", hour(13)));
    told.push(coupon.merge("bensmith", hour(14)));
    let (sha, pushed) = world.push("acme/shop", "bensmith", "Coupons (#2)", hour(14));
    told.push(pushed);
    let (run, started) = world.start_run(
        "acme/shop",
        &NewRun::on_push("CI", "main", &sha, "bensmith"),
        hour(14),
    );
    told.push(started);
    told.push(world.finish_run("acme/shop", run, "failure", hour(15)));
    for (state, hours) in [("failure", 16), ("success", 18)] {
        let new = NewDeployment {
            environment: "production".into(),
            sha: sha.clone(),
            reference: "main".into(),
            by: "bensmith".into(),
        };
        let (id, created) = world.deploy("acme/shop", &new, hour(hours));
        told.push(created);
        told.push(world.deployment_status("acme/shop", id, "in_progress", hour(hours)));
        told.push(world.deployment_status("acme/shop", id, state, hour(hours + 1)));
    }
    told.push(world.release("acme/shop", "v2.0.0", "bensmith", hour(20)));
    told
}

/// The facts without what one of the two ways cannot know: commits are listed only by the API, pushes told only by
/// webhooks, and remarks move a
/// pull request's time of change, which only the API shows.
fn comparable(events: &[RawEvent]) -> BTreeMap<String, FactChange> {
    let mut facts = facts(events);
    facts.retain(|key, _| !key.starts_with("email") && !key.starts_with("push"));
    for fact in facts.values_mut() {
        if let FactChange::PullRequest(pull) = fact {
            let snapshot = pull.snapshot.as_mut().unwrap();
            pull.first_commit_at = None;
            pull.size.as_mut().unwrap().at = snapshot.at;
            let is_open = snapshot.value.state == PullRequestState::Open;
            pull.conflicts = pull.conflicts.take().filter(|_| is_open);
        }
    }
    facts
}

#[tokio::test]
async fn webhook_and_poll_of_one_history_give_the_same_facts() {
    let world = GithubWorld::new(TOKEN);
    let told: Vec<RawEvent> = story(&world).iter().map(received).collect();
    let github = GithubSimulator::serve(world).await.unwrap();
    let clock = TestClock::at(at("2026-01-15T10:00:00Z"));
    let poller = poller(&config(&github.api_url()), &clock);
    let (events, _) = poll_all(&poller, Cursor::default(), at("2026-01-15T10:00:00Z")).await;
    let (by_webhook, by_poll) = (comparable(&told), comparable(&events));
    assert!(by_webhook.len() >= 10, "{:?}", by_webhook.keys());
    for (key, fact) in &by_webhook {
        assert_eq!(by_poll.get(key), Some(fact), "{key}");
    }
    assert_eq!(by_poll.len(), by_webhook.len());

    let both: Vec<RawEvent> = events.iter().chain(&told).cloned().collect();
    assert_eq!(
        comparable(&both),
        by_poll,
        "and both together say no more than either"
    );
}

#[tokio::test]
async fn a_poll_knows_the_first_commit_and_the_authors_address() {
    let world = GithubWorld::new(TOKEN);
    story(&world);
    let github = GithubSimulator::serve(world).await.unwrap();
    let clock = TestClock::at(at("2026-01-15T10:00:00Z"));
    let poller = poller(&config(&github.api_url()), &clock);
    let facts = facts(
        &poll_all(&poller, Cursor::default(), at("2026-01-15T10:00:00Z"))
            .await
            .0,
    );
    let FactChange::PullRequest(pull) = &facts["pull acme/shop#1"] else {
        panic!()
    };
    assert_eq!(pull.first_commit_at, Some(at("2026-01-12T09:00:00Z")));
    assert!(
        facts.contains_key("email ana-ruiz ana-ruiz@example.com"),
        "{:?}",
        facts.keys()
    );
}
