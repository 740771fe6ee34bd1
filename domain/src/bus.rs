//! Purpose: what other programs are told over the outgoing bus: small messages about events, signals and questions, and how
//! the bus does. `docs/BUS.md` documents every field.
//!
//! A message says that something happened and where to ask for more. It holds no body that a vendor sent, no title of
//! somebody's change, no text that a person wrote, and no secret.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::approval::{Approval, ApprovalState, Requester};
use crate::event::RawEvent;
use crate::id::SignalId;
use crate::signal::Signal;

/// The version of the messages. It grows when a field changes its meaning or goes; new fields may come at any time.
pub const VERSION: u32 = 1;
/// What all subjects match, as a stream takes them in.
pub const SUBJECTS: [&str; 3] = ["events.>", "signals.>", "approvals.>"];
/// The subject of evaluations.
pub const SIGNALS: &str = "signals.evaluated";
/// The subject of questions.
pub const APPROVALS: &str = "approvals.requested";
/// Under this name it is kept how the bus does.
pub const STANDING: &str = "bus";

/// Signals that one message names at most: brokers take 1 MiB as a rule, and this is about 100 KiB.
const SIGNALS_PER_MESSAGE: usize = 200;
/// Text from outside is cut after so many characters.
const MOST_CHARS: usize = 300;
/// How long to wait after a first failure, and at most, before the broker is tried again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Something that other programs are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it is published.
    pub subject: String,
    /// What a repetition has too, so that the broker drops it.
    pub id: String,
    /// When it happened, by our clock.
    pub at: DateTime<Utc>,
    /// A JSON object.
    pub body: String,
}

#[derive(Serialize)]
struct EventBody<'a> {
    version: u32,
    id: &'a str,
    source: &'a str,
    r#type: String,
    delivery_key: String,
    origin: &'a str,
    occurred_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct SignalsBody<'a> {
    version: u32,
    id: &'a str,
    evaluated_at: DateTime<Utc>,
    part: usize,
    parts: usize,
    counts: Counts,
    opened: Vec<OpenedBody<'a>>,
    updated: Vec<&'a str>,
    resolved: Vec<&'a str>,
}

#[derive(Serialize, Clone, Copy)]
struct Counts {
    opened: usize,
    updated: usize,
    resolved: usize,
}

#[derive(Serialize)]
struct OpenedBody<'a> {
    id: &'a str,
    rule: String,
    kind: String,
    subject: String,
    severity: &'a str,
    since: DateTime<Utc>,
}

#[derive(Serialize)]
struct ApprovalBody<'a> {
    version: u32,
    id: &'a str,
    action: &'a str,
    target: String,
    title: String,
    requested_by: &'a Requester,
    asked_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    quorum: u32,
}

impl Message {
    fn new(
        subject: impl Into<String>,
        id: impl Into<String>,
        at: DateTime<Utc>,
        body: &impl Serialize,
    ) -> Self {
        Self {
            subject: subject.into(),
            id: id.into(),
            at,
            // Texts, numbers and times of our own: there is nothing in them that is not JSON.
            body: serde_json::to_string(body).unwrap_or_default(),
        }
    }
}

/// That an event came in. The event's own id makes a repetition recognisable.
pub fn of_event(event: &RawEvent) -> Message {
    let body = EventBody {
        version: VERSION,
        id: event.id.as_str(),
        source: event.source.as_str(),
        r#type: short(&event.event_type),
        delivery_key: short(&event.delivery_key),
        origin: event.origin.as_str(),
        occurred_at: event.occurred_at,
        received_at: event.received_at,
    };
    let subject = format!("events.{}", event.source);
    Message::new(subject, event.id.as_str(), event.received_at, &body)
}

/// What an evaluation of rules really changed.
#[derive(Debug, Clone, Default)]
pub struct Evaluation<'a> {
    /// Opened.
    pub opened: Vec<&'a Signal>,
    /// Told otherwise than before.
    pub updated: Vec<&'a SignalId>,
    /// Resolved.
    pub resolved: Vec<String>,
}

/// One signal that changed.
#[derive(Clone, Copy)]
enum Change<'a> {
    Opened(&'a Signal),
    Updated(&'a str),
    Resolved(&'a str),
}

impl Change<'_> {
    fn written(self) -> (&'static str, String) {
        match self {
            Self::Opened(signal) => ("opened", signal.id.to_string()),
            Self::Updated(id) => ("updated", id.to_owned()),
            Self::Resolved(id) => ("resolved", id.to_owned()),
        }
    }
}

/// That rules were evaluated, with what that changed: nothing where it changed nothing, one message as a rule, and several
/// where very much changed at once.
pub fn of_evaluation(evaluation: &Evaluation<'_>, now: DateTime<Utc>) -> Vec<Message> {
    let opened = evaluation.opened.iter().map(|signal| Change::Opened(signal));
    let updated = evaluation.updated.iter().map(|id| Change::Updated(id.as_str()));
    let resolved = evaluation.resolved.iter().map(|id| Change::Resolved(id));
    let changes: Vec<Change<'_>> = opened.chain(updated).chain(resolved).collect();
    let counts = Counts {
        opened: evaluation.opened.len(),
        updated: evaluation.updated.len(),
        resolved: evaluation.resolved.len(),
    };
    let id = evaluation_id(&changes, now);
    let parts = changes.chunks(SIGNALS_PER_MESSAGE);
    let count = parts.len();
    parts
        .enumerate()
        .map(|(at, part)| {
            let body = signals_body(&id, now, counts, part, (at + 1, count));
            Message::new(SIGNALS, format!("{id}-{}", at + 1), now, &body)
        })
        .collect()
}

/// The same for the same changes at the same instant: 128 bits of SHA-256 in hexadecimal.
fn evaluation_id(changes: &[Change<'_>], now: DateTime<Utc>) -> String {
    let mut hash = Sha256::new();
    hash.update(now.timestamp_micros().to_be_bytes());
    for change in changes {
        let (what, id) = change.written();
        hash.update(format!("{what} {id}\n"));
    }
    format!("evl_{}", hex::encode(&hash.finalize()[..16]))
}

fn signals_body<'a>(
    id: &'a str,
    evaluated_at: DateTime<Utc>,
    counts: Counts,
    changes: &[Change<'a>],
    (part, parts): (usize, usize),
) -> SignalsBody<'a> {
    let mut body = SignalsBody {
        version: VERSION,
        id,
        evaluated_at,
        part,
        parts,
        counts,
        opened: Vec::new(),
        updated: Vec::new(),
        resolved: Vec::new(),
    };
    for change in changes {
        match *change {
            Change::Opened(signal) => body.opened.push(OpenedBody {
                id: signal.id.as_str(),
                rule: short(&signal.finding.rule),
                kind: short(&signal.finding.kind),
                subject: short(&signal.finding.subject),
                severity: signal.finding.severity.as_str(),
                since: signal.finding.since,
            }),
            Change::Updated(id) => body.updated.push(id),
            Change::Resolved(id) => body.resolved.push(id),
        }
    }
    body
}

/// That people are asked from now on: where they were not asked `before` and are in `next`. A question is put to people
/// once in its life, so its id makes a repetition recognisable.
pub fn of_approval(before: Option<ApprovalState>, next: &Approval) -> Option<Message> {
    let is_asked_now = next.state == ApprovalState::Pending && before != Some(ApprovalState::Pending);
    is_asked_now.then(|| {
        let request = &next.request;
        let body = ApprovalBody {
            version: VERSION,
            id: next.id.as_str(),
            action: &request.action.kind,
            target: short(&request.action.target),
            title: short(&request.title),
            requested_by: &request.requester,
            asked_at: next.asked_at,
            expires_at: next.expires_at,
            quorum: next.quorum(),
        };
        Message::new(APPROVALS, next.id.as_str(), next.updated_at, &body)
    })
}

/// The beginning of a text from outside.
fn short(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}

/// Whether everything that `filter` matches is matched by `pattern` too, both written as NATS writes subjects: `*` is any one
/// token, `>` is one or more at the end (<https://docs.nats.io/nats-concepts/subjects#wildcards>).
pub fn covers(pattern: &str, filter: &str) -> bool {
    let mut filter = filter.split('.');
    for wanted in pattern.split('.') {
        let Some(token) = filter.next() else { return false };
        match (wanted, token) {
            (">", _) => return true,
            (_, ">") => return false,
            ("*", _) => {}
            (wanted, token) if wanted == token => {}
            _ => return false,
        }
    }
    filter.next().is_none()
}

/// How the bus does, as the bot saw it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The broker takes what is published.
    Good {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It does not, or cannot be reached.
    Failing {
        /// Since when.
        since: DateTime<Utc>,
        /// Why, as a sentence.
        why: String,
    },
}

impl Standing {
    /// How it does after one more try: that it does as before is no news, so `since` stays.
    #[must_use]
    pub fn after(before: Option<&Self>, tried: Result<(), String>, now: DateTime<Utc>) -> Self {
        match (tried, before) {
            (Ok(()), Some(Self::Good { since })) => Self::Good { since: *since },
            (Ok(()), _) => Self::Good { since: now },
            (Err(why), Some(Self::Failing { since, .. })) => Self::Failing { since: *since, why },
            (Err(why), _) => Self::Failing { since: now, why },
        }
    }

    /// Whether the broker takes what is published.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }
}

/// How long to wait after this many failures in a row: twice as long each time, up to a minute.
pub fn pause(failures: u32) -> Duration {
    let doubled = failures.saturating_sub(1).min(16);
    (FIRST_PAUSE * 2_u32.pow(doubled)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
