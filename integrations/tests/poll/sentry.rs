//! Sentry: issues of organisations and projects.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use em_integrations::poll::Poll;
use em_simulator::sentry::{SentrySimulator, TOKEN};
use serde_json::json;

use crate::support::{at, delivered, facts, poller, round, try_round};

fn polling(sentry: &SentrySimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("sentry", &sentry.api_url(), TOKEN, things)
}

async fn with_a_project() -> SentrySimulator {
    let sentry = SentrySimulator::start().await.unwrap();
    sentry.add_project("shop");
    sentry
}

fn hour(hour: i64) -> DateTime<Utc> {
    at("2026-06-01T00:00:00Z") + TimeDelta::hours(hour)
}

/// How the incidents stand, by their ids.
fn incidents<'a>(
    events: impl IntoIterator<Item = &'a RawEvent>,
) -> BTreeMap<String, (IncidentSnapshot, Option<DateTime<Utc>>)> {
    facts(events)
        .into_values()
        .map(|fact| {
            let FactChange::Incident(incident) = fact else {
                panic!("{fact:?}")
            };
            (
                incident.external_id,
                (incident.snapshot.value, incident.began_again_at),
            )
        })
        .collect()
}

fn kinds(events: &[RawEvent]) -> Vec<&str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

#[tokio::test]
async fn the_first_look_reads_all_pages_and_the_next_what_changed() {
    let sentry = with_a_project().await;
    let ids: Vec<String> = (0..8)
        .map(|number| sentry.happen("shop", "KeyError", hour(number)))
        .collect();
    sentry.happen("shop", "Of long ago", hour(-24 * 60));
    let poller = polling(&sentry, &["acme"]);
    let first = round(&*poller, None, hour(10)).await;
    assert_eq!(incidents(&first.events).len(), 8);
    assert_eq!(first.said(), Vec::<String>::new());
    let asked = sentry.calls().len();
    assert_eq!(
        asked,
        3 + 1 + 1,
        "three pages of open issues, none of closed ones, no details"
    );

    sentry.resolve(&ids[0], hour(12));
    let second = round(&*poller, Some(first.place), hour(13)).await;
    let known: Vec<&String> = first.events.iter().map(|event| &event.delivery_key).collect();
    let mut new = second.events.clone();
    new.retain(|event| !known.contains(&&event.delivery_key));
    assert_eq!(
        kinds(&new),
        ["issue.resolved"],
        "though nobody saw the issue again"
    );
    let value = &incidents(&second.events)[&format!("issue/{}", ids[0])].0;
    assert_eq!(
        (value.state, value.opened_at, value.resolved_at),
        (IncidentState::Resolved, hour(0), Some(hour(12)))
    );

    let repeated = round(&*poller, Some(second.place.clone()), hour(13)).await;
    assert_eq!(repeated.keys(), second.keys());
    let anew = polling(&sentry, &["acme"]);
    let again = round(&*anew, Some(second.place.clone()), hour(13)).await;
    assert_eq!(again.keys(), second.keys(), "and after a restart");
}

#[tokio::test]
async fn the_activity_of_an_issue_is_asked_for_once_as_long_as_it_stands_so() {
    let sentry = with_a_project().await;
    let id = sentry.happen("shop", "KeyError", hour(0));
    sentry.resolve(&id, hour(1));
    let poller = polling(&sentry, &["acme"]);
    let details = || {
        let calls = sentry.calls();
        calls
            .iter()
            .filter(|call| call.ends_with(&format!("/{id}/")))
            .count()
    };
    let mut place = round(&*poller, None, hour(2)).await.place;
    for _ in 0..3 {
        let next = round(&*poller, Some(place), hour(2)).await;
        assert_eq!(kinds(&next.events), ["issue.created", "issue.resolved"]);
        place = next.place;
    }
    assert_eq!(details(), 1);
    sentry.regress(&id, hour(3));
    let next = round(&*poller, Some(place), hour(4)).await;
    assert_eq!(details(), 2);
    let (value, began_again_at) = incidents(&next.events).into_values().next().unwrap();
    assert_eq!(
        (value.state, value.opened_at, value.resolved_at),
        (IncidentState::Open, hour(3), None)
    );
    assert_eq!(began_again_at, Some(hour(3)));
    for seen in 5..8 {
        sentry.happen_again(&id, hour(seen));
        let later = round(&*poller, Some(next.place.clone()), hour(9)).await;
        assert_eq!(later.keys(), next.keys());
    }
    assert_eq!(details(), 2, "that it happens again is no change");
}

/// What the webhook sends when the issue has become what it is now.
fn heard(sentry: &SentrySimulator, id: &str, action: &str, at: DateTime<Utc>) -> RawEvent {
    let body = json!({
        "action": action, "data": { "issue": sentry.issue(id) }, "installation": { "uuid": "u" },
        "actor": { "type": "user", "id": 1, "name": "Ada" },
    });
    let headers = [
        ("sentry-hook-resource", "issue".to_owned()),
        ("sentry-hook-timestamp", at.timestamp().to_string()),
        ("request-id", format!("{id} {action} {at}")),
    ];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    delivered("sentry", &headers, &body)
}

#[tokio::test]
async fn webhook_and_poll_of_one_issue_are_one_fact() {
    let sentry = with_a_project().await;
    let poller = polling(&sentry, &["acme"]);
    let id = sentry.happen("shop", "KeyError", hour(0));
    let mut webhooks = vec![heard(&sentry, &id, "created", hour(0))];
    let mut so_far = round(&*poller, None, hour(1)).await;
    for (number, action) in [
        (2, "assigned"),
        (4, "resolved"),
        (6, "unresolved"),
        (8, "archived"),
    ] {
        match action {
            "assigned" => sentry.assign(&id, Some("Ada"), hour(number)),
            "resolved" => sentry.resolve(&id, hour(number)),
            "unresolved" => sentry.regress(&id, hour(number)),
            _ => sentry.archive(&id, hour(number)),
        }
        webhooks.push(heard(&sentry, &id, action, hour(number)));
        let more = round(&*poller, Some(so_far.place), hour(number + 1)).await;
        so_far.place = more.place;
        so_far.events.extend(more.events);
        let (by_webhook, by_poll) = (facts(&webhooks), facts(&so_far.events));
        assert_eq!(by_webhook, by_poll, "{action}");
        assert_eq!(facts(webhooks.iter().chain(&so_far.events)), by_poll, "{action}");
    }
    let at_once = round(&*polling(&sentry, &["acme"]), None, hour(9)).await;
    assert_eq!(at_once.facts(), facts(&webhooks), "all of it read afterwards");
}

#[tokio::test]
async fn that_nobody_has_an_issue_any_more_is_told() {
    let sentry = with_a_project().await;
    let poller = polling(&sentry, &["acme"]);
    let id = sentry.happen("shop", "KeyError", hour(0));
    sentry.resolve(&id, hour(1));
    sentry.regress(&id, hour(2));
    sentry.assign(&id, Some("Ada"), hour(2));
    let first = round(&*poller, None, hour(3)).await;
    let who = |events: &[RawEvent]| {
        let (value, _) = incidents(events).into_values().next().unwrap();
        value.assignees.into_iter().map(|who| who.0).collect::<Vec<_>>()
    };
    assert_eq!(who(&first.events), ["Ada"]);
    sentry.assign(&id, None, hour(4));
    let second = round(&*poller, Some(first.place), hour(5)).await;
    let all: Vec<RawEvent> = first.events.into_iter().chain(second.events).collect();
    assert_eq!(who(&all), Vec::<String>::new(), "{:?}", kinds(&all));
}

#[tokio::test]
async fn a_project_is_read_alone_and_one_that_is_not_there_is_said_to_be() {
    let sentry = with_a_project().await;
    sentry.add_project("mail");
    let id = sentry.happen("shop", "KeyError", hour(0));
    sentry.happen("mail", "Timeout", hour(0));
    let poller = polling(&sentry, &["acme/shop", "acme/nope", "other", "acme/../x"]);
    let read = round(&*poller, None, hour(1)).await;
    let found: Vec<String> = incidents(&read.events).into_keys().collect();
    assert_eq!(found, [format!("issue/{id}")]);
    let mut said = read.said();
    said.retain(|said| said.starts_with("open"));
    assert_eq!(
        said,
        [
            "open issues of acme/nope is not there, or SENTRY_TOKEN may not see it",
            "open issues of other is not there, or SENTRY_TOKEN may not see it",
            "open issues of acme/../x cannot be read: write an organisation, or organisation/project, as in Sentry's \
             addresses",
        ]
    );
}

#[tokio::test]
async fn an_issue_that_is_gone_when_it_is_asked_for_keeps_nothing_back() {
    let sentry = with_a_project().await;
    let (gone, there) = (
        sentry.happen("shop", "KeyError", hour(0)),
        sentry.happen("shop", "Timeout", hour(1)),
    );
    for id in [&gone, &there] {
        sentry.resolve(id, hour(2));
    }
    sentry.merge_away(&gone);
    let read = round(&*polling(&sentry, &["acme"]), None, hour(3)).await;
    assert_eq!(
        incidents(&read.events).into_keys().collect::<Vec<_>>(),
        [format!("issue/{there}")]
    );
    assert_eq!(read.said(), Vec::<String>::new());
}

#[tokio::test]
async fn a_limit_in_the_middle_of_a_page_loses_nothing() {
    let sentry = with_a_project().await;
    let ids = [hour(0), hour(1)].map(|at| sentry.happen("shop", "KeyError", at));
    for id in &ids {
        sentry.assign(id, Some("Ada"), hour(2));
    }
    let poller = polling(&sentry, &["acme"]);
    sentry.limit_after_details(1, 120);
    let error = try_round(&*poller, None, hour(3)).await.unwrap_err();
    assert_eq!(error.retry_at, Some(hour(3) + TimeDelta::seconds(120)));
    let asked = sentry.calls().len();
    let again = round(&*poller, None, hour(4)).await;
    assert_eq!(again.events.len(), 4, "created and assigned, twice");
    let more = sentry.calls().len() - asked;
    assert_eq!(
        more,
        3 + 1,
        "what was read before the limit is not asked for again"
    );
}

#[tokio::test]
async fn a_wrong_token_ends_the_round() {
    let sentry = with_a_project().await;
    let wrong = poller("sentry", &sentry.api_url(), "wrong", &["acme"]);
    let error = try_round(&*wrong, None, hour(0)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be read: Sentry does not accept SENTRY_TOKEN"
    );
}
