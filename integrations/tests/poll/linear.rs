//! Linear.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_integrations::poll::Poll;
use em_simulator::linear::{LinearSimulator, TOKEN};

use crate::support::{at, delivered, facts, poller, round, try_round};

fn now() -> DateTime<Utc> {
    at("2026-06-10T12:00:00Z")
}

async fn workspace() -> LinearSimulator {
    let linear = LinearSimulator::start().await.unwrap();
    linear.add_team("ENG");
    linear
}

fn polling(linear: &LinearSimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("linear", &linear.api_url(), TOKEN, things)
}

/// One issue from opened to closed, and one that is given away at last. Gives what the webhooks told.
fn life(linear: &LinearSimulator) -> Vec<RawEvent> {
    let (slow, opened) = linear.open("ENG", "Slow", "Ana", at("2026-06-01T08:00:00.120Z"));
    let (big, second) = linear.open("ENG", "Big", "Ben", at("2026-06-01T09:00:00Z"));
    let told = [
        opened,
        second,
        linear.transition(&slow, "Ben", "In Progress", at("2026-06-02T08:00:00.100Z")),
        linear.transition(&slow, "Ben", "In Review", at("2026-06-03T08:00:00Z")),
        linear.rename(&slow, "Cleo", "Slower", at("2026-06-03T09:00:00Z")),
        linear.transition(&slow, "Cleo", "Done", at("2026-06-04T08:00:00.900Z")),
        linear.transition(&slow, "Cleo", "Todo", at("2026-06-05T08:00:00Z")),
        linear.assign(&big, "Ana", Some("Cleo"), at("2026-06-05T09:00:00.033Z")),
    ];
    told.iter().map(|body| delivered("linear", &[], body)).collect()
}

fn lines(events: &[RawEvent]) -> Vec<String> {
    let line = |(key, fact): (String, FactChange)| {
        let FactChange::IssueMove(fact) = fact else {
            panic!("{fact:?}")
        };
        format!("{key} {}", fact.url)
    };
    facts(events).into_iter().map(line).collect()
}

#[tokio::test]
async fn webhooks_and_poll_of_one_history_give_the_same_facts() {
    let linear = workspace().await;
    let told = life(&linear);
    let polled = round(&*polling(&linear, &["ENG"]), None, now()).await.events;
    let found = lines(&polled);
    assert_eq!(found, lines(&told));
    let page = "https://linear.app/acme/issue";
    assert_eq!(
        found,
        [
            format!("move ENG-1 closed Cleo 2026-06-04 08:00:00.900 UTC {page}/ENG-1"),
            format!("move ENG-1 opened Ana 2026-06-01 08:00:00.120 UTC {page}/ENG-1"),
            format!("move ENG-1 started Ben 2026-06-02 08:00:00.100 UTC {page}/ENG-1"),
            format!("move ENG-2 assigned Cleo 2026-06-05 09:00:00.033 UTC {page}/ENG-2"),
            format!("move ENG-2 opened Ben 2026-06-01 09:00:00 UTC {page}/ENG-2"),
        ]
    );
    let both: Vec<RawEvent> = polled.into_iter().chain(told).collect();
    assert_eq!(lines(&both), found, "both together say no more than either");
}

#[tokio::test]
async fn an_issue_that_was_made_with_an_owner_and_begun_is_told_as_it_was_then() {
    let linear = workspace().await;
    let issue = linear.write("ENG", "Hot", "", at("2026-06-01T08:00:00Z"));
    linear.assign(&issue, "Ana", Some("Cleo"), at("2026-06-02T08:00:00Z"));
    linear.transition(&issue, "Cleo", "Canceled", at("2026-06-03T08:00:00Z"));
    let first = round(&*polling(&linear, &["ENG"]), None, now()).await;
    let facts = first.facts();
    let keys: Vec<&str> = facts.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "move ENG-1 assigned Ben Koch 2026-06-01 08:00:00 UTC",
            "move ENG-1 assigned Cleo 2026-06-02 08:00:00.004 UTC",
            "move ENG-1 closed Cleo 2026-06-03 08:00:00 UTC",
            "move ENG-1 opened Ana Ruiz 2026-06-01 08:00:00 UTC",
            "move ENG-1 started Ana Ruiz 2026-06-01 08:00:00 UTC",
        ]
    );
}

#[tokio::test]
async fn all_pages_are_read_and_later_only_what_is_new() {
    let linear = workspace().await;
    for minute in 0..23 {
        let at = at("2026-06-09T08:00:00Z") + TimeDelta::minutes(minute);
        linear.open("ENG", "One of many", "Ana", at);
    }
    let poller = polling(&linear, &["ENG"]);
    let first = round(&*poller, None, now()).await;
    assert_eq!((first.events.len(), first.facts().len()), (23, 23));
    let again = round(&*poller, None, now()).await;
    assert_eq!(again.keys(), first.keys());

    linear.transition("ENG-3", "Ben", "In Progress", at("2026-06-10T12:03:00Z"));
    let before = linear.calls().len();
    let second = round(&*poller, Some(first.place.clone()), at("2026-06-10T12:05:00Z")).await;
    let new: Vec<&str> = second
        .keys()
        .into_iter()
        .filter(|key| !first.keys().contains(key))
        .collect();
    assert_eq!(new, ["poll:539068e2-ae88-4d09-bd75-000000000002:0"]);
    assert!(linear.calls().len() - before <= 2, "a round costs few requests");
    let third = round(&*poller, Some(second.place.clone()), at("2026-06-10T12:10:00Z")).await;
    assert_eq!(third.keys(), new, "the overlap, and nothing else");
}

#[tokio::test]
async fn what_changes_while_the_list_is_read_is_read_too() {
    let linear = workspace().await;
    for minute in 0..15 {
        let at = at("2026-06-10T08:00:00Z") + TimeDelta::minutes(minute);
        linear.open("ENG", "One of many", "Ana", at);
    }
    let poller = polling(&linear, &["ENG"]);
    let mut place = None;
    let mut events = Vec::new();
    for step in 0..20 {
        let now = now() + TimeDelta::minutes(step);
        let read = poller.read(place.take(), now).await.unwrap();
        if events.is_empty() && !read.events.is_empty() {
            // The oldest, which is on the second page, goes to the top of the list.
            linear.assign("ENG-1", "Ana", Some("Ben"), now + TimeDelta::seconds(1));
        }
        events.extend(read.events);
        if !read.more {
            break;
        }
        place = Some(read.place);
    }
    let facts = facts(&events);
    assert_eq!(facts.len(), 16, "{:?}", facts.keys());
    let opened = facts.keys().any(|key| key.starts_with("move ENG-1 opened"));
    assert!(opened, "{:?}", facts.keys());
}

#[tokio::test]
async fn a_long_history_is_read_as_far_as_it_is_wanted() {
    let linear = workspace().await;
    let (issue, _) = linear.open("ENG", "Restless", "Ana", at("2025-06-01T08:00:00Z"));
    linear.assign(&issue, "Ana", Some("Ben"), at("2026-06-01T09:00:00Z"));
    for hour in 0..90 {
        let title = format!("Restless {hour}");
        linear.rename(
            &issue,
            "Ana",
            &title,
            at("2026-06-02T00:00:00Z") + TimeDelta::hours(hour),
        );
    }
    let poller = polling(&linear, &["ENG"]);
    let first = round(&*poller, None, now()).await;
    let keys: Vec<String> = first.facts().into_keys().collect();
    assert_eq!(keys, ["move ENG-1 assigned Ben 2026-06-01 09:00:00.004 UTC"]);
    let before = linear.calls().len();
    linear.rename(&issue, "Ana", "Calm", at("2026-06-10T12:01:00Z"));
    round(&*poller, Some(first.place.clone()), at("2026-06-10T12:05:00Z")).await;
    let asked = linear.calls().len() - before;
    assert_eq!(asked, 2, "one for days of silence, and one; the rest is older");
}

#[tokio::test]
async fn archived_issues_and_the_whole_workspace_are_read() {
    let linear = workspace().await;
    linear.add_team("WEB");
    let (issue, _) = linear.open("WEB", "Done", "Ana", at("2026-06-01T08:00:00Z"));
    linear.transition(&issue, "Ana", "Done", at("2026-06-02T08:00:00Z"));
    linear.archive(&issue, at("2026-06-03T08:00:00Z"));
    linear.open("ENG", "New", "Ana", at("2026-06-01T08:00:00Z"));
    let first = round(&*polling(&linear, &["*"]), None, now()).await;
    assert_eq!(first.facts().len(), 3);
    let small = round(&*polling(&linear, &["web"]), None, now()).await;
    assert_eq!(small.facts().len(), 2);
}

#[tokio::test]
async fn a_wrong_token_a_limit_and_what_the_token_may_not_see_are_said() {
    let linear = workspace().await;
    let stranger = poller("linear", &linear.api_url(), "lin_api_other", &["ENG"]);
    let error = try_round(&*stranger, None, now()).await.unwrap_err();
    assert_eq!(error.why, "cannot be read: Linear does not accept LINEAR_TOKEN");

    linear.limit_next(2);
    let poller = polling(&linear, &["ENG"]);
    let error = try_round(&*poller, None, now()).await.unwrap_err();
    assert_eq!(
        (error.why.as_str(), error.retry_at),
        (
            "cannot be read now: Linear's rate limit is used up",
            Some(now() + TimeDelta::minutes(1))
        )
    );

    linear.open("ENG", "One", "Ana", at("2026-06-09T08:00:00Z"));
    let some = round(&*polling(&linear, &["SECRET", "ENG-1", "ENG"]), None, now()).await;
    assert_eq!(
        some.said(),
        [
            "issues of SECRET is not there, or LINEAR_TOKEN may not see it",
            "issues of ENG-1 cannot be read: this is no key of a team; of `ENG-7` it is `ENG`",
        ]
    );
    assert_eq!(some.facts().len(), 1, "the others are read all the same");
}
