//! Shortcut.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_integrations::poll::Poll;
use em_simulator::shortcut::{ShortcutSimulator, TOKEN};

use crate::support::{at, delivered, facts, poller, round, try_round};

const ANA: &str = "5b1fda16-626f-487f-9ecf-f3a4abf42b8b";
const BEN: &str = "56d8a839-1c52-437f-b981-c3a15a11d6d4";

fn now() -> DateTime<Utc> {
    at("2026-06-10T12:00:00Z")
}

async fn workspace() -> ShortcutSimulator {
    let shortcut = ShortcutSimulator::start().await.unwrap();
    shortcut.add_team("Payments");
    shortcut
}

fn polling(shortcut: &ShortcutSimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("shortcut", &shortcut.api_url(), TOKEN, things)
}

#[tokio::test]
async fn webhooks_and_poll_of_one_history_give_the_same_facts() {
    let shortcut = workspace().await;
    let (story, opened) = shortcut.open(None, "Slow", ANA, at("2026-06-01T08:00:00.120Z"));
    let told = [
        opened,
        shortcut.assign(story, ANA, BEN, at("2026-06-01T09:00:00.250Z")),
        shortcut.transition(story, BEN, "In Development", at("2026-06-02T08:00:00.523Z")),
        shortcut.transition(story, BEN, "Ready for Review", at("2026-06-03T08:00:00Z")),
        shortcut.rename(story, ANA, "Slower", at("2026-06-03T09:00:00Z")),
        shortcut.transition(story, ANA, "Completed", at("2026-06-04T08:00:00.900Z")),
    ];
    let told: Vec<RawEvent> = told.iter().map(|body| delivered("shortcut", &[], body)).collect();
    let polled = round(&*polling(&shortcut, &["*"]), None, now()).await.events;
    let found = facts(&polled);
    let keys: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            format!("move sc-11 assigned {BEN} 2026-06-01 09:00:00.250 UTC"),
            format!("move sc-11 closed {ANA} 2026-06-04 08:00:00.900 UTC"),
            format!("move sc-11 opened {ANA} 2026-06-01 08:00:00.120 UTC"),
            format!("move sc-11 started {BEN} 2026-06-02 08:00:00.523 UTC"),
        ]
    );
    assert_eq!(found, facts(&told), "in all that they say");
    assert_eq!(facts(polled.iter().chain(&told)), found);
    let kinds: Vec<&str> = polled.iter().map(|event| event.event_type.as_str()).collect();
    let told_kinds: Vec<&str> = told.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(kinds, told_kinds);
}

#[tokio::test]
async fn all_stories_are_read_and_later_only_what_is_new() {
    let shortcut = workspace().await;
    for minute in 0..60 {
        // Names, by which the pretend one sorts, run against the times.
        let name = format!("Story {}", 99 - minute);
        shortcut.open(
            None,
            &name,
            ANA,
            at("2026-06-09T08:00:00Z") + TimeDelta::seconds(minute / 2),
        );
    }
    let poller = polling(&shortcut, &["*"]);
    let first = round(&*poller, None, now()).await;
    assert_eq!((first.events.len(), first.facts().len()), (60, 60));
    let histories = |calls: &[String]| calls.iter().filter(|call| call.ends_with("/history")).count();
    assert_eq!(histories(&shortcut.calls()), 60, "none is asked for twice");
    let again = round(&*poller, None, now()).await;
    assert_eq!(again.keys(), first.keys());

    shortcut.assign(17, ANA, BEN, at("2026-06-10T12:03:00.700Z"));
    let second = round(&*poller, Some(first.place.clone()), at("2026-06-10T12:05:00Z")).await;
    let new: Vec<&str> = second
        .keys()
        .into_iter()
        .filter(|key| !first.keys().contains(key))
        .collect();
    assert_eq!(new, ["poll:5b1fdcea-4b6a-4128-9f78-00000000003d:17"]);
    let third = round(&*poller, Some(second.place.clone()), at("2026-06-10T12:10:00Z")).await;
    assert_eq!(third.keys(), new, "the overlap, and nothing else");
}

#[tokio::test]
async fn a_team_is_named_as_people_mention_it() {
    let shortcut = workspace().await;
    shortcut.open(Some("Payments"), "Ours", ANA, at("2026-06-09T08:00:00Z"));
    shortcut.open(None, "Theirs", ANA, at("2026-06-09T08:00:00Z"));
    for name in ["@payments", "Payments"] {
        let found = round(&*polling(&shortcut, &[name]), None, now()).await;
        assert_eq!(found.facts().len(), 1, "{name}");
    }
    let poller = polling(&shortcut, &["@payments"]);
    let before = shortcut.calls().len();
    let first = round(&*poller, None, now()).await;
    round(&*poller, Some(first.place), now()).await;
    let calls = shortcut.calls();
    let groups = calls[before..]
        .iter()
        .filter(|call| call.contains("groups"))
        .count();
    assert_eq!(groups, 1, "a team keeps its id");
}

#[tokio::test]
async fn a_story_that_is_gone_meanwhile_does_not_stop_the_others() {
    let shortcut = workspace().await;
    let (gone, _) = shortcut.open(None, "Gone", ANA, at("2026-06-09T08:00:00Z"));
    shortcut.open(None, "There", ANA, at("2026-06-09T08:00:00Z"));
    shortcut.forget(gone);
    let first = round(&*polling(&shortcut, &["*"]), None, now()).await;
    assert_eq!((first.facts().len(), first.said()), (1, Vec::new()));
}

#[tokio::test]
async fn what_happened_before_the_first_look_is_not_told() {
    let shortcut = workspace().await;
    let (story, _) = shortcut.open(None, "Old", ANA, at("2025-01-01T08:00:00Z"));
    shortcut.transition(story, BEN, "Completed", at("2026-06-09T08:00:00Z"));
    let poller = polling(&shortcut, &["*"]);
    assert_eq!(round(&*poller, None, now()).await.events.len(), 1);
    let calls = shortcut.calls().len();
    assert!(calls <= 5, "a quiet month costs few requests: {calls}");
    let start = poller.start(at("2024-12-01T00:00:00Z"));
    assert_eq!(round(&*poller, Some(start), now()).await.events.len(), 2);
}

#[tokio::test]
async fn a_wrong_token_and_what_it_may_not_see_are_said() {
    let shortcut = workspace().await;
    let stranger = poller("shortcut", &shortcut.api_url(), "other", &["*"]);
    let error = try_round(&*stranger, None, now()).await.unwrap_err();
    assert_eq!(
        error.why,
        "cannot be read: Shortcut does not accept SHORTCUT_TOKEN"
    );
    shortcut.open(Some("Payments"), "One", ANA, at("2026-06-09T08:00:00Z"));
    let some = round(
        &*polling(&shortcut, &["@secret", "../stories/1", "@payments"]),
        None,
        now(),
    )
    .await;
    assert_eq!(
        some.said(),
        [
            "stories of @secret is not there, or SHORTCUT_TOKEN may not see it",
            "stories of ../stories/1 cannot be read: this is no mention name of a team, as `@payments`",
        ]
    );
    assert_eq!(some.facts().len(), 1, "the others are read all the same");
}
