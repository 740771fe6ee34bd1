//! Purpose: what the tests of pollers share: a poller as the bot builds it, rounds, deliveries of webhooks, and facts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::event::RawEvent;
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::EventId;
use em_integrations::http::TimeLimits;
use em_integrations::normalise::normalise;
use em_integrations::poll::{EventIds, Poll, PollError, Problem};
use em_integrations::pollers::{Setup, polled};
use em_integrations::rest::{Access, Patience};
use em_integrations::vendors::vendor;
use em_integrations::webhook::{Delivery, Trust, receive};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use ulid::Ulid;

use crate::merge::merged;

/// No test needs more steps in a round.
const MOST_STEPS: usize = 200;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Retries once, at once, and does not wait for servers that hang.
pub(crate) fn impatient() -> Patience {
    Patience {
        limits: TimeLimits {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(5),
        },
        retries: 1,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(10),
    }
}

/// Ids that count up.
fn ids() -> EventIds {
    let next = AtomicU64::new(1);
    Arc::new(move || EventId::new(Ulid::from_parts(0, next.fetch_add(1, Ordering::Relaxed).into())))
}

/// The poller of `vendor` over `things`, whose first look goes back 30 days.
pub(crate) fn poller(vendor: &str, api_url: &str, token: &str, things: &[&str]) -> Arc<dyn Poll> {
    poller_with(impatient(), vendor, api_url, token, things)
}

/// [`poller`] with its own patience.
pub(crate) fn poller_with(
    patience: Patience,
    vendor: &str,
    api_url: &str,
    token: &str,
    things: &[&str],
) -> Arc<dyn Poll> {
    let polled = polled(vendor).unwrap_or_else(|| panic!("{vendor} is not polled"));
    let setup = Setup {
        access: Access {
            api_url: api_url.to_owned(),
            token: SecretString::from(token),
        },
        things: things.iter().map(|thing| (*thing).to_owned()).collect(),
        ids: ids(),
        lookback: TimeDelta::days(30),
        patience,
    };
    polled.poller(setup).unwrap()
}

/// What a round brought.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) events: Vec<RawEvent>,
    pub(crate) problems: Vec<Problem>,
    /// Where the next round goes on.
    pub(crate) place: Value,
}

impl Round {
    /// What makes its events recognisable, in the order in which they came.
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.events
            .iter()
            .map(|event| event.delivery_key.as_str())
            .collect()
    }

    pub(crate) fn facts(&self) -> BTreeMap<String, FactChange> {
        facts(&self.events)
    }

    /// What could not be read, as the log shows it.
    pub(crate) fn said(&self) -> Vec<String> {
        let said = |problem: &Problem| format!("{} {}", problem.name, problem.why);
        self.problems.iter().map(said).collect()
    }
}

/// Reads on from `place` until there is nothing more to read at once.
pub(crate) async fn try_round(
    poller: &dyn Poll,
    place: Option<Value>,
    now: DateTime<Utc>,
) -> Result<Round, PollError> {
    let mut round = Round {
        events: Vec::new(),
        problems: Vec::new(),
        place: Value::Null,
    };
    let mut place = place;
    for _ in 0..MOST_STEPS {
        let step = poller.read(place.take(), now).await?;
        round.events.extend(step.events);
        round.problems.extend(step.problems);
        round.place = step.place.clone();
        if !step.more {
            return Ok(round);
        }
        place = Some(step.place);
    }
    panic!("the round does not end");
}

/// [`try_round`] where something can be read.
pub(crate) async fn round(poller: &dyn Poll, place: Option<Value>, now: DateTime<Utc>) -> Round {
    let round = try_round(poller, place, now).await;
    round.unwrap_or_else(|error| panic!("nothing can be read: {error}"))
}

/// A delivery of the vendor's webhook, as the receiver takes it in.
pub(crate) fn delivered(name: &str, headers: &[(&str, &str)], body: &Value) -> RawEvent {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        all.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let body = body.to_string().into_bytes();
    let delivery = Delivery {
        headers: &all,
        query: None,
        body: &body,
        certificate: None,
    };
    let trust = Trust {
        secrets: &[],
        takes_unsigned: true,
    };
    let id = EventId::new(Ulid::nil());
    receive(vendor(name).unwrap(), delivery, trust, DateTime::UNIX_EPOCH, id).unwrap()
}

/// What an event states; it must be understood.
pub(crate) fn changes(event: &RawEvent) -> Vec<FactChange> {
    match normalise(event) {
        Normalised::Changes(changes) => changes,
        Normalised::Unrecognised(reason) => panic!("{} {}: {reason}", event.event_type, event.delivery_key),
    }
}

/// The facts of events, merged as storage merges them.
pub(crate) fn facts<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> BTreeMap<String, FactChange> {
    merged(events.into_iter().flat_map(changes))
}
