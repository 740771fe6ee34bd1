//! Jira Cloud.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_integrations::poll::Poll;
use em_simulator::jira::{JiraSimulator, TOKEN};
use serde_json::json;

use crate::support::{at, delivered, facts, poller, round, try_round};

fn now() -> DateTime<Utc> {
    at("2026-06-10T12:00:00Z")
}

async fn site() -> JiraSimulator {
    let jira = JiraSimulator::start().await.unwrap();
    jira.add_project("PAY");
    jira
}

fn polling(jira: &JiraSimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("jira", &jira.api_url(), TOKEN, things)
}

/// One issue from opened to closed, and back, and closed again. Gives what the webhooks told.
fn life(jira: &JiraSimulator) -> Vec<RawEvent> {
    let (key, opened) = jira.open("PAY", "Refunds hang", "Ana", at("2026-06-01T08:00:00.120Z"));
    let told = [
        opened,
        jira.assign(&key, "Ana", Some("Ben"), at("2026-06-01T09:00:00.250Z")),
        jira.transition(&key, "Ben", "In Progress", at("2026-06-02T08:00:00.100Z")),
        jira.transition(&key, "Ben", "In Review", at("2026-06-03T08:00:00Z")),
        jira.rename(&key, "Cleo", "Refunds hang for hours", at("2026-06-03T09:00:00Z")),
        jira.transition(&key, "Cleo", "Done", at("2026-06-04T08:00:00.900Z")),
        jira.transition(&key, "Cleo", "To Do", at("2026-06-05T08:00:00Z")),
        jira.assign(&key, "Ana", None, at("2026-06-05T09:00:00Z")),
        jira.transition(&key, "Ana", "Done", at("2026-06-06T08:00:00Z")),
    ];
    told.iter().map(|body| delivered("jira", &[], body)).collect()
}

fn without_times(facts: &BTreeMap<String, FactChange>) -> Vec<String> {
    let line = |fact: &FactChange| {
        let FactChange::IssueMove(fact) = fact else {
            panic!("{fact:?}")
        };
        let at = fact.at.format("%F %R");
        format!(
            "{} {} {} {at} {} {}",
            fact.issue,
            fact.kind.as_str(),
            fact.by.login,
            fact.title,
            fact.url
        )
    };
    facts.values().map(line).collect()
}

#[tokio::test]
async fn an_issue_is_told_from_opened_to_closed_by_its_history() {
    let jira = site().await;
    life(&jira);
    let first = round(&*polling(&jira, &["PAY"]), None, now()).await;
    let facts = first.facts();
    let keys: Vec<&str> = facts.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "move PAY-1 assigned Ben 2026-06-01 09:00:00.250 UTC",
            "move PAY-1 closed Ana 2026-06-06 07:59:59.993 UTC",
            "move PAY-1 closed Cleo 2026-06-04 08:00:00.900 UTC",
            "move PAY-1 opened Ana 2026-06-01 08:00:00.120 UTC",
            "move PAY-1 started Ben 2026-06-02 08:00:00.100 UTC",
        ]
    );
    let FactChange::IssueMove(opened) = &facts["move PAY-1 opened Ana 2026-06-01 08:00:00.120 UTC"] else {
        panic!()
    };
    assert_eq!(opened.title, "Refunds hang", "as it was called then");
    assert_eq!(opened.url, "https://acme.atlassian.net/browse/PAY-1");
    assert_eq!(first.said(), [""; 0]);
}

#[tokio::test]
async fn webhooks_and_poll_of_one_history_are_the_same_events_and_facts() {
    let jira = site().await;
    let told = life(&jira);
    let polled = round(&*polling(&jira, &["PAY"]), None, now()).await.events;
    let created = |event: &&RawEvent| event.event_type == "jira:issue_created";
    let keys = |events: &[RawEvent]| -> Vec<String> {
        let changes = events.iter().filter(|event| !created(event));
        changes.map(|event| event.delivery_key.clone()).collect()
    };
    let mut said = keys(&told);
    // What nobody reads of is not told.
    said.remove(3);
    assert_eq!(keys(&polled), said);
    assert_eq!(without_times(&facts(&polled)), without_times(&facts(&told)));

    // As storage keeps events: the first with a key stays.
    for both in [[&told, &polled], [&polled, &told]] {
        let mut once: Vec<&RawEvent> = Vec::new();
        for event in both.into_iter().flatten() {
            if !once.iter().any(|known| known.delivery_key == event.delivery_key) {
                once.push(event);
            }
        }
        assert_eq!(without_times(&facts(once)), without_times(&facts(&told)));
    }
}

#[tokio::test]
async fn what_the_webhooks_tell_by_the_issues_own_times_is_the_same_to_the_millisecond() {
    let jira = site().await;
    let (key, opened) = jira.open("PAY", "Slow", "Ana", at("2026-06-01T08:00:00.120Z"));
    let begun = jira.transition(&key, "Ben", "In Progress", at("2026-06-02T08:00:00.100Z"));
    let told = [opened, begun].map(|body| delivered("jira", &[], &body));
    let polled = round(&*polling(&jira, &["PAY"]), None, now()).await;
    let keys = |facts: BTreeMap<String, FactChange>| facts.into_keys().collect::<Vec<_>>();
    assert_eq!(keys(polled.facts()), keys(facts(&told)));
    assert_eq!(keys(facts(&told)).len(), 2);
}

#[tokio::test]
async fn all_pages_are_read_and_later_only_what_is_new() {
    let jira = site().await;
    jira.add_project("WEB");
    for minute in 0..12 {
        let project = if minute < 7 { "PAY" } else { "WEB" };
        jira.open(
            project,
            "One of many",
            "Ana",
            at("2026-06-09T08:00:00Z") + TimeDelta::minutes(minute),
        );
    }
    let poller = polling(&jira, &["PAY", "WEB"]);
    let first = round(&*poller, None, now()).await;
    assert_eq!(first.events.len(), 12);
    assert_eq!(jira.calls().len(), 3, "{:?}", jira.calls());
    let again = round(&*poller, None, now()).await;
    let sorted = |keys: Vec<&str>| {
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.sort();
        keys
    };
    assert_eq!(sorted(again.keys()), sorted(first.keys()));

    jira.assign("PAY-3", "Ana", Some("Ben"), at("2026-06-10T12:03:00Z"));
    let second = round(&*poller, Some(first.place.clone()), at("2026-06-10T12:05:00Z")).await;
    let of_pay: Vec<&str> = second
        .keys()
        .into_iter()
        .filter(|key| key.contains("updated"))
        .collect();
    assert_eq!(of_pay, ["jira:issue_updated:10042:10200"]);
    let third = round(&*poller, Some(second.place.clone()), at("2026-06-10T12:10:00Z")).await;
    assert!(
        third
            .keys()
            .into_iter()
            .all(|key| first.keys().contains(&key) || of_pay.contains(&key)),
        "{:?}",
        third.keys()
    );
}

#[tokio::test]
async fn the_whole_site_is_one_list() {
    let jira = site().await;
    jira.add_project("WEB");
    jira.open("PAY", "One", "Ana", at("2026-06-09T08:00:00Z"));
    jira.open("WEB", "Two", "Ana", at("2026-06-09T08:00:00Z"));
    let first = round(&*polling(&jira, &["*"]), None, now()).await;
    let keys: Vec<String> = first.facts().into_keys().collect();
    assert_eq!(
        keys,
        [
            "move PAY-1 opened Ana 2026-06-09 08:00:00 UTC",
            "move WEB-1 opened Ana 2026-06-09 08:00:00 UTC",
        ]
    );
}

#[tokio::test]
async fn a_history_that_a_search_cuts_off_is_read_to_its_end() {
    let jira = site().await;
    let (key, _) = jira.open("PAY", "Restless", "Ana", at("2026-06-01T08:00:00Z"));
    jira.assign(&key, "Ana", Some("Ben"), at("2026-06-01T09:00:00Z"));
    for hour in 0..60 {
        let title = format!("Restless {hour}");
        jira.rename(
            &key,
            "Robot",
            &title,
            at("2026-06-02T00:00:00Z") + TimeDelta::hours(hour),
        );
    }
    let first = round(&*polling(&jira, &["PAY"]), None, now()).await;
    let keys: Vec<String> = first.facts().into_keys().collect();
    assert_eq!(
        keys,
        [
            "move PAY-1 assigned Ben 2026-06-01 09:00:00 UTC",
            "move PAY-1 opened Ana 2026-06-01 08:00:00 UTC",
        ]
    );
    let asked = jira.calls();
    let pages = asked.iter().filter(|call| call.contains("/changelog?")).count();
    assert_eq!(pages, 3, "{asked:?}");
}

#[tokio::test]
async fn what_happened_before_the_first_look_is_not_told() {
    let jira = site().await;
    let (key, _) = jira.open("PAY", "Old", "Ana", at("2025-01-01T08:00:00Z"));
    jira.transition(&key, "Ana", "In Progress", at("2025-01-02T08:00:00Z"));
    jira.transition(&key, "Ben", "Done", at("2026-06-09T08:00:00Z"));
    let poller = polling(&jira, &["PAY"]);
    let first = round(&*poller, None, now()).await;
    assert_eq!(first.keys(), ["jira:issue_updated:10040:10201"]);
    let all = round(&*poller, Some(poller.start(at("2024-12-01T00:00:00Z"))), now()).await;
    assert_eq!(all.facts().len(), 3);
}

#[tokio::test]
async fn a_step_within_a_category_says_nothing_even_after_the_issue_has_moved_on() {
    let jira = site().await;
    let (key, _) = jira.open("PAY", "Slow", "Ana", at("2026-06-01T08:00:00Z"));
    jira.transition(&key, "Ben", "In Progress", at("2026-06-02T08:00:00Z"));
    jira.transition(&key, "Ben", "In Review", at("2026-06-02T08:00:02Z"));
    jira.transition(&key, "Ben", "Done", at("2026-06-02T08:00:04Z"));
    let first = round(&*polling(&jira, &["PAY"]), None, now()).await;
    let keys: Vec<String> = first.facts().into_keys().collect();
    assert_eq!(
        keys,
        [
            "move PAY-1 closed Ben 2026-06-02 08:00:03.993 UTC",
            "move PAY-1 opened Ana 2026-06-01 08:00:00 UTC",
            "move PAY-1 started Ben 2026-06-02 08:00:00 UTC",
        ]
    );
}

#[tokio::test]
async fn a_wrong_token_and_what_it_may_not_see_are_said() {
    let jira = site().await;
    let stranger = poller("jira", &jira.api_url(), "eve@acme.example:none", &["PAY"]);
    let error = try_round(&*stranger, None, now()).await.unwrap_err();
    assert_eq!(error.why, "cannot be read: Jira does not accept JIRA_TOKEN");

    jira.open("PAY", "One", "Ana", at("2026-06-09T08:00:00Z"));
    let some = round(&*polling(&jira, &["SECRET", "PAY-1", "PAY"]), None, now()).await;
    assert_eq!(
        some.said(),
        [
            "issues of SECRET is not there, or JIRA_TOKEN may not see it",
            "issues of PAY-1 cannot be read: this is no key of a project; of `PAY-12` it is `PAY`",
        ]
    );
    assert_eq!(some.facts().len(), 1, "the others are read all the same");
}

#[tokio::test]
async fn a_delivery_is_known_by_its_change_whatever_its_own_name() {
    let jira = site().await;
    let (key, _) = jira.open("PAY", "One", "Ana", at("2026-06-09T08:00:00Z"));
    let body = jira.assign(&key, "Ana", Some("Ben"), at("2026-06-09T09:00:00Z"));
    let named = delivered("jira", &[("x-atlassian-webhook-identifier", "f3a2d1")], &body);
    assert_eq!(named.delivery_key, "jira:issue_updated:10040:10200");
    let mut other = body;
    other["changelog"]["id"] = json!(10_200);
    assert_eq!(delivered("jira", &[], &other).delivery_key, named.delivery_key);
}
