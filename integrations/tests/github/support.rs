//! Purpose: what the tests share: samples, events, configurations, and facts merged from changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use em_domain::clock::TestClock;
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::EventId;
use em_integrations::github::GithubConfig;
use em_integrations::github::client::{GithubClient, Pacing};
use em_integrations::github::poller::Poller;
use em_integrations::http::TimeLimits;
use em_integrations::normalise::normalise;
use em_integrations::poll::EventIds;
use secrecy::SecretString;
use ulid::Ulid;

pub(crate) use crate::merge::merged;

pub(crate) const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/github/samples/{name}.json"));
    std::fs::read(path).unwrap()
}

/// The names of all samples; the event's type is the part before the first dot.
pub(crate) fn sample_names() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/github/samples");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".json")
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

pub(crate) fn event_type(sample: &str) -> &str {
    sample.split('.').next().unwrap()
}

pub(crate) fn event(event_type: &str, payload: Vec<u8>) -> RawEvent {
    RawEvent {
        id: EventId::new(Ulid::nil()),
        source: Source::github(),
        delivery_key: "test".to_owned(),
        event_type: event_type.to_owned(),
        origin: Origin::Webhook,
        occurred_at: None,
        received_at: DateTime::UNIX_EPOCH,
        payload,
    }
}

/// What an event states; it must be understood.
pub(crate) fn changes(event: &RawEvent) -> Vec<FactChange> {
    match normalise(event) {
        Normalised::Changes(changes) => changes,
        Normalised::Unrecognised(reason) => panic!("{} {}: {reason}", event.event_type, event.delivery_key),
    }
}

/// The facts of events.
pub(crate) fn facts(events: &[RawEvent]) -> BTreeMap<String, FactChange> {
    merged(events.iter().flat_map(changes))
}

pub(crate) fn config(api_url: &str) -> GithubConfig {
    GithubConfig {
        api_url: format!("{api_url}/"),
        token: Some(SecretString::from(TOKEN)),
        repositories: vec!["acme/shop".to_owned()],
        organisations: Vec::new(),
        poll_interval: Duration::from_mins(1),
    }
}

/// Retries at once, and does not wait for servers that hang.
pub(crate) fn impatient() -> Pacing {
    let limits = TimeLimits {
        connect: Duration::from_secs(5),
        total: Duration::from_millis(500),
    };
    Pacing {
        limits,
        retries: 2,
        first_pause: Duration::from_millis(1),
    }
}

pub(crate) fn client(config: &GithubConfig, clock: &TestClock) -> GithubClient {
    GithubClient::new(config, Arc::new(clock.clone()), impatient()).unwrap()
}

/// Ids that count up.
pub(crate) fn ids() -> EventIds {
    let next = AtomicU64::new(1);
    Arc::new(move || EventId::new(Ulid::from_parts(0, next.fetch_add(1, Ordering::Relaxed).into())))
}

pub(crate) fn poller(config: &GithubConfig, clock: &TestClock) -> Poller {
    Poller::new(
        Arc::new(client(config, clock)),
        config,
        ids(),
        chrono::Duration::days(30),
    )
}
