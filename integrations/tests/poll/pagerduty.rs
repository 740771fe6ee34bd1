//! PagerDuty: its log of incidents.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::incident::{Incident, IncidentState};
use em_integrations::poll::Poll;
use em_simulator::pagerduty::{PagerDutySimulator, SITE, TOKEN};
use serde_json::{Value, json};

use crate::support::{at, delivered, facts, poller, round, try_round};

const NOW: &str = "2026-06-04T15:00:00Z";

fn polling(pagerduty: &PagerDutySimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("pagerduty", &pagerduty.api_url(), TOKEN, things)
}

/// The only incident that the events tell of.
fn incident<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> Incident {
    let facts = facts(events);
    match facts.into_values().collect::<Vec<_>>().as_slice() {
        [FactChange::Incident(incident)] => incident.as_ref().clone(),
        others => panic!("{others:?}"),
    }
}

/// A webhook's body of version 3.
fn told(id: &str, kind: &str, occurred_at: &str, status: &str, assignees: &[&str]) -> Value {
    let assignees: Vec<Value> = assignees
        .iter()
        .map(|name| json!({ "id": "P", "type": "user_reference", "summary": name }))
        .collect();
    json!({ "event": {
        "id": format!("01{kind}{occurred_at}"), "event_type": kind, "resource_type": "incident", "occurred_at": occurred_at,
        "agent": null, "client": null,
        "data": {
            "id": id, "type": "incident", "html_url": format!("{SITE}/incidents/{id}"), "number": 1, "status": status,
            "title": "Payments are down", "created_at": "2026-06-04T13:00:00Z", "assignees": assignees,
            "service": { "id": "PIJ90N0", "type": "service_reference", "summary": "Payments" },
            "priority": { "id": "P53ZZH5", "type": "priority_reference", "summary": "P2" }, "urgency": "high",
            "conference_bridge": null, "resolve_reason": null, "incident_key": "k",
        },
    } })
}

fn minute(minute: i64) -> DateTime<Utc> {
    at("2026-06-04T13:00:00Z") + TimeDelta::minutes(minute)
}

#[tokio::test]
async fn the_first_look_reads_all_pages_and_the_next_what_happened_since() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Payments");
    let ids: Vec<String> = (0..12)
        .map(|number| pagerduty.trigger(&service, "Down", minute(number)))
        .collect();
    pagerduty.trigger(&service, "Of long ago", at("2026-01-01T00:00:00Z"));
    let poller = polling(&pagerduty, &["*"]);
    let first = round(&*poller, None, at(NOW)).await;
    assert_eq!(first.facts().len(), 12, "those of the last 30 days");
    assert!(first.problems.is_empty() && pagerduty.calls().len() > 1);

    pagerduty.acknowledge(&ids[3], minute(60));
    let second = round(&*poller, Some(first.place.clone()), at(NOW)).await;
    let known = first.keys();
    let new: Vec<&RawEvent> = second
        .events
        .iter()
        .filter(|event| !known.contains(&event.delivery_key.as_str()))
        .collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(new[0].event_type, "incident.acknowledged");
    assert!(
        second.events.len() < first.events.len(),
        "it goes on from where it was"
    );

    let again = round(&*poller, None, at(NOW)).await;
    let missing: Vec<&str> = first
        .keys()
        .into_iter()
        .filter(|key| !again.keys().contains(key))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "the same state has the same keys");
    let repeated = round(&*poller, Some(first.place), at(NOW)).await;
    assert_eq!(repeated.keys(), second.keys());
}

#[tokio::test]
async fn a_life_that_is_read_at_once_has_all_its_moments() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Payments");
    let id = pagerduty.trigger(&service, "Payments are down", minute(0));
    pagerduty.note(&id, "Looking.", minute(2));
    pagerduty.acknowledge(&id, minute(5));
    pagerduty.reassign(&id, "Ada", minute(10));
    pagerduty.alert_again(&id, minute(12));
    let poller = polling(&pagerduty, &["*"]);
    let open = round(&*poller, None, minute(20)).await;
    let value = incident(&open.events).snapshot.value;
    assert_eq!(
        (value.state, value.severity, value.service.as_deref()),
        (IncidentState::Open, Some(2), Some("Payments"))
    );
    assert_eq!(value.opened_at, minute(0));
    assert_eq!(value.acknowledged_at, Some(minute(5)));
    assert_eq!(
        value
            .assignees
            .iter()
            .map(|who| who.0.as_str())
            .collect::<Vec<_>>(),
        ["Ada"]
    );
    pagerduty.resolve(&id, minute(30));
    let over = round(&*poller, Some(open.place), minute(40)).await;
    let value = incident(open.events.iter().chain(&over.events)).snapshot.value;
    assert_eq!(
        (value.state, value.resolved_at),
        (IncidentState::Resolved, Some(minute(30)))
    );
    assert_eq!(
        (value.opened_at, value.acknowledged_at),
        (minute(0), Some(minute(5)))
    );
    pagerduty.reopen(&id, minute(50));
    let again = round(&*poller, Some(over.place), minute(60)).await;
    let value = incident(over.events.iter().chain(&again.events)).snapshot.value;
    assert_eq!((value.state, value.resolved_at), (IncidentState::Open, None));
    assert_eq!(value.opened_at, minute(0));
}

#[tokio::test]
async fn an_entry_says_no_more_of_the_past_than_it_means() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Payments");
    let id = pagerduty.trigger(&service, "Payments are down", minute(0));
    pagerduty.reassign(&id, "Ada", minute(3));
    pagerduty.acknowledge(&id, minute(5));
    pagerduty.reassign(&id, "Grace", minute(10));
    let events = round(&*polling(&pagerduty, &["*"]), None, minute(20))
        .await
        .events;
    let said: Vec<(&str, Value)> = events
        .iter()
        .map(|event| {
            let body: Value = serde_json::from_slice(&event.payload).unwrap();
            (
                event.event_type.as_str(),
                body["event"]["data"]["assignees"][0]["summary"].clone(),
            )
        })
        .collect();
    let expected = [
        ("incident.reassigned", json!("Grace")),
        ("incident.acknowledged", Value::Null),
        ("incident.triggered", Value::Null),
    ];
    assert_eq!(said, expected, "nobody knows any more who had it at first");
}

/// The API's times are whole seconds.
fn to_the_second(mut incident: Incident) -> Incident {
    let second = |at: &mut DateTime<Utc>| *at = at.trunc_subsecs(0);
    second(&mut incident.snapshot.at);
    let value = &mut incident.snapshot.value;
    second(&mut value.opened_at);
    value.acknowledged_at.iter_mut().for_each(second);
    value.resolved_at.iter_mut().for_each(second);
    incident
}

#[tokio::test]
async fn webhook_and_poll_of_one_incident_are_one_fact() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Payments");
    let id = pagerduty.trigger(&service, "Payments are down", minute(0));
    let poller = polling(&pagerduty, &["*"]);
    let mut so_far = round(&*poller, None, minute(1)).await;
    let mut webhooks = Vec::new();
    let mut hear = |kind: &str, occurred_at: &str, status: &str, assignees: &[&str]| {
        let body = told(&id, kind, occurred_at, status, assignees);
        webhooks.push(delivered("pagerduty", &[], &body));
        webhooks.clone()
    };
    let check = |webhooks: Vec<RawEvent>, events: &[RawEvent]| {
        let (heard, read) = (incident(&webhooks), incident(events));
        assert_eq!(to_the_second(heard), to_the_second(read.clone()));
        let both = incident(webhooks.iter().chain(events));
        assert_eq!(to_the_second(both), to_the_second(read));
    };
    let heard = hear(
        "incident.triggered",
        "2026-06-04T13:00:00.250Z",
        "triggered",
        &["Ben Koch"],
    );
    check(heard, &so_far.events);

    for (kind, occurred_at, status, assignees) in [
        (
            "incident.acknowledged",
            "2026-06-04T13:05:00.394Z",
            "acknowledged",
            &["Ben Koch"][..],
        ),
        (
            "incident.reassigned",
            "2026-06-04T13:10:00.001Z",
            "acknowledged",
            &["Ada"],
        ),
        ("incident.resolved", "2026-06-04T13:30:00.999Z", "resolved", &[]),
    ] {
        let when = at(occurred_at).trunc_subsecs(0);
        match kind {
            "incident.acknowledged" => pagerduty.acknowledge(&id, when),
            "incident.reassigned" => pagerduty.reassign(&id, "Ada", when),
            _ => pagerduty.resolve(&id, when),
        }
        let more = round(&*poller, Some(so_far.place), when + TimeDelta::minutes(1)).await;
        so_far.place = more.place;
        so_far.events.extend(more.events);
        check(hear(kind, occurred_at, status, assignees), &so_far.events);
    }
    let at_once = round(&*poller, None, at(NOW)).await;
    let heard = hear("incident.annotated", "2026-06-04T13:31:00Z", "resolved", &[]);
    check(heard, &at_once.events);
}

#[tokio::test]
async fn a_service_is_read_alone_and_one_that_is_not_there_is_said_to_be() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let (payments, mail) = (pagerduty.add_service("Payments"), pagerduty.add_service("Mail"));
    let down = pagerduty.trigger(&payments, "Down", minute(0));
    pagerduty.trigger(&mail, "Slow", minute(1));
    let poller = polling(&pagerduty, &[&payments, "PUNKNOWN", "../users"]);
    let read = round(&*poller, None, at(NOW)).await;
    assert_eq!(incident(&read.events).external_id, down);
    assert_eq!(
        read.said(),
        [
            "incidents of PUNKNOWN is not there, or PAGERDUTY_TOKEN may not see it",
            "incidents of ../users cannot be read: that is no id of a service; one looks like PIJ90N7, and * stands for \
             all of them",
        ]
    );
    let paths = pagerduty.calls();
    assert!(paths.iter().all(|path| !path.contains("users")), "{paths:?}");
}

#[tokio::test]
async fn an_incident_that_the_token_may_not_see_stays_out() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Payments");
    let id = pagerduty.trigger(&service, "Secret", minute(0));
    pagerduty.hide(&id);
    let read = round(&*polling(&pagerduty, &["*"]), None, at(NOW)).await;
    assert_eq!((read.events.len(), read.problems.len()), (0, 0));
}

#[tokio::test]
async fn a_wrong_token_and_a_limit_end_the_round() {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let wrong = poller("pagerduty", &pagerduty.api_url(), "wrong", &["*"]);
    let error = try_round(&*wrong, None, at(NOW)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be read: PagerDuty does not accept PAGERDUTY_TOKEN"
    );
    let poller = polling(&pagerduty, &["*"]);
    pagerduty.limit_next(90);
    let error = try_round(&*poller, None, at(NOW)).await.unwrap_err();
    assert_eq!(error.retry_at, Some(at(NOW) + TimeDelta::seconds(90)));
    assert!(try_round(&*poller, None, at(NOW)).await.is_ok());
}
