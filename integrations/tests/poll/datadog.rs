//! Datadog: the events of monitors.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::incident::{Incident, IncidentState};
use em_integrations::poll::Poll;
use em_integrations::pollers::{Setup, polled};
use em_integrations::rest::Access;
use em_simulator::datadog::{Alert, DatadogSimulator, TOKEN};
use secrecy::SecretString;
use serde_json::json;

use crate::support::{at, delivered, facts, impatient, poller, round, try_round};

fn polling(datadog: &DatadogSimulator, things: &[&str]) -> Arc<dyn Poll> {
    poller("datadog", &datadog.api_url(), TOKEN, things)
}

fn minute(minute: i64) -> DateTime<Utc> {
    at("2026-06-01T00:00:00Z") + TimeDelta::minutes(minute)
}

fn alert(transition: &str, cycle: &str, service: &str) -> Alert {
    Alert {
        transition: transition.to_owned(),
        name: "CPU load".to_owned(),
        cycle: cycle.to_owned(),
        group: "host:web-1".to_owned(),
        tags: vec![format!("service:{service}"), "env:prod".to_owned()],
        priority: 2,
    }
}

fn incidents<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> Vec<Incident> {
    facts(events)
        .into_values()
        .map(|fact| {
            let FactChange::Incident(incident) = fact else {
                panic!("{fact:?}")
            };
            *incident
        })
        .collect()
}

#[tokio::test]
async fn the_first_look_reads_all_pages_and_the_next_what_happened_since() {
    let datadog = DatadogSimulator::start().await.unwrap();
    for number in 0..9 {
        datadog.turn(
            &alert("Triggered", &format!("c{number}"), "checkout"),
            minute(number),
        );
    }
    datadog.deploy("checkout", minute(3));
    datadog.turn(&alert("Triggered", "old", "checkout"), minute(-60 * 24 * 40));
    let poller = polling(&datadog, &["*"]);
    let first = round(&*poller, None, minute(20)).await;
    assert_eq!(incidents(&first.events).len(), 9);
    assert_eq!(first.said(), Vec::<String>::new());
    assert!(datadog.calls().len() >= 3, "{:?}", datadog.calls());

    datadog.turn(&alert("Recovered", "c8", "checkout"), minute(30));
    let second = round(&*poller, Some(first.place.clone()), minute(40)).await;
    let kinds: Vec<&str> = second
        .events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(
        kinds.last(),
        Some(&"monitor.recovered"),
        "the newest, after what overlaps"
    );
    assert!(kinds.len() <= 4, "{kinds:?}");
    let repeated = round(&*poller, Some(first.place), minute(40)).await;
    assert_eq!(repeated.keys(), second.keys());
}

#[tokio::test]
async fn webhook_and_poll_of_one_change_are_one_event_and_one_fact() {
    let datadog = DatadogSimulator::start().await.unwrap();
    let mut webhooks = Vec::new();
    for (transition, number) in [("Warn", 0), ("Triggered", 5), ("Renotify", 20), ("Recovered", 30)] {
        let turned = alert(transition, "8481287114256648019", "checkout");
        let id = datadog.turn(&turned, minute(number));
        let date = minute(number).timestamp_millis().to_string();
        let kind = match transition {
            "Warn" => "warning",
            "Recovered" => "success",
            _ => "error",
        };
        // The template of `docs/integrations/datadog.md`, filled.
        let body = json!({
            "id": id, "event_type": "query_alert_monitor", "alert_transition": transition, "alert_cycle_key": turned.cycle,
            "aggreg_key": "0f8cbfc9256885b77e398623ae1dd861", "alert_id": "98219311", "alert_type": kind, "priority": "P2",
            "scope": "host:web-1", "title": format!("[P2] [{transition} on {{host:web-1}}] CPU load"),
            "tags": "monitor, source:alert, service:checkout, env:prod", "hostname": "",
            "link": format!("https://app.datadoghq.com/event/event?id={id}"), "date": date,
            "incident_public_id": "", "incident_status": "", "incident_severity": "", "incident_title": "", "incident_url": "",
        });
        webhooks.push(delivered("datadog", &[], &body));
    }
    let read = round(&*polling(&datadog, &["*"]), None, minute(40)).await;
    let keys = |events: &[RawEvent]| -> Vec<String> {
        events.iter().map(|event| event.delivery_key.clone()).collect()
    };
    assert_eq!(
        keys(&webhooks),
        keys(&read.events),
        "one is known by the other's key"
    );
    let kinds = |events: &[RawEvent]| -> Vec<String> {
        events.iter().map(|event| event.event_type.clone()).collect()
    };
    assert_eq!(kinds(&webhooks), kinds(&read.events));

    // The pages differ: a webhook links the event, and the API tells the monitor's path on a site that is not pretended.
    let without_page = |events: &[RawEvent]| {
        let mut all = incidents(events);
        for incident in &mut all {
            incident.snapshot.value.url.clear();
        }
        all
    };
    assert_eq!(without_page(&webhooks), without_page(&read.events));
    let [incident]: [Incident; 1] = incidents(&read.events).try_into().unwrap();
    let value = &incident.snapshot.value;
    assert_eq!(
        (value.state, value.severity, value.service.as_deref()),
        (IncidentState::Resolved, Some(2), Some("checkout"))
    );
    assert_eq!(
        (value.title.as_str(), value.opened_at, value.resolved_at),
        ("CPU load", minute(0), Some(minute(30)))
    );
}

#[tokio::test]
async fn tags_choose_monitors() {
    let datadog = DatadogSimulator::start().await.unwrap();
    datadog.turn(&alert("Triggered", "a", "checkout"), minute(0));
    datadog.turn(&alert("Triggered", "b", "mail"), minute(1));
    let poller = polling(&datadog, &["service:mail env:prod", "  "]);
    let read = round(&*poller, None, minute(5)).await;
    let found: Vec<String> = incidents(&read.events)
        .into_iter()
        .map(|incident| incident.external_id)
        .collect();
    assert_eq!(found, ["cycle/b"]);
    assert_eq!(
        read.said(),
        [
            "alerts of    cannot be read: write tags as in Datadog's search, as in service:checkout, or * for all \
             monitors"
        ]
    );
}

#[tokio::test]
async fn keys_that_are_not_accepted_or_no_keys_and_a_limit_are_said() {
    let datadog = DatadogSimulator::start().await.unwrap();
    let wrong = poller("datadog", &datadog.api_url(), "a:b", &["*"]);
    let read = round(&*wrong, None, minute(0)).await;
    assert_eq!(
        read.said(),
        ["alerts of * cannot be read: DATADOG_TOKEN may not read it"]
    );
    let one_key = Setup {
        access: Access {
            api_url: datadog.api_url(),
            token: SecretString::from("only-one"),
        },
        things: vec!["*".to_owned()],
        ids: Arc::new(|| em_domain::id::EventId::new(ulid::Ulid::nil())),
        lookback: TimeDelta::days(1),
        patience: impatient(),
    };
    let refused = polled("datadog").unwrap().poller(one_key).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot be read: DATADOG_TOKEN must be API_KEY:APPLICATION_KEY"
    );
    datadog.limit_next(45);
    let error = try_round(&*polling(&datadog, &["*"]), None, minute(0))
        .await
        .unwrap_err();
    assert_eq!(error.retry_at, Some(minute(0) + TimeDelta::seconds(45)));
}
