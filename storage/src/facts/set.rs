//! Purpose: what a batch of events says, merged in memory before the database is asked anything.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use em_domain::ci_run::CiRun;
use em_domain::deployment::{Deployment, Release};
use em_domain::event::RawEvent;
use em_domain::fact::{AccountEmail, FactChange, Normalised};
use em_domain::incident::Incident;
use em_domain::issue::IssueMove;
use em_domain::pull_request::PullRequest;
use em_domain::push::Push;
use em_domain::repository::Repository;
use em_domain::review::{Comment, Review};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Normalise;
use super::tables::{Fact, SeenEmail};
use crate::error::StoreError;

/// Facts of one kind by their ids, in the order in which they are written: neighbours in the index are then
/// neighbours in time.
pub(crate) type ById<F> = BTreeMap<String, F>;

/// Facts of all kinds.
#[derive(Debug, Default)]
pub(crate) struct FactSet {
    pub(crate) pull_requests: ById<PullRequest>,
    pub(crate) reviews: ById<Review>,
    pub(crate) comments: ById<Comment>,
    pub(crate) ci_runs: ById<CiRun>,
    pub(crate) deployments: ById<Deployment>,
    pub(crate) releases: ById<Release>,
    pub(crate) incidents: ById<Incident>,
    pub(crate) pushes: ById<Push>,
    pub(crate) issue_moves: ById<IssueMove>,
    pub(crate) repositories: ById<Repository>,
    pub(crate) emails: ById<SeenEmail>,
}

impl FactSet {
    /// Takes in one change.
    pub(crate) fn add(&mut self, change: FactChange, emails: &EmailHash) {
        match change {
            FactChange::PullRequest(fact) => absorb(&mut self.pull_requests, *fact),
            FactChange::Review(fact) => absorb(&mut self.reviews, fact),
            FactChange::Comment(fact) => absorb(&mut self.comments, fact),
            FactChange::CiRun(fact) => absorb(&mut self.ci_runs, fact),
            FactChange::Deployment(fact) => absorb(&mut self.deployments, *fact),
            FactChange::Release(fact) => absorb(&mut self.releases, fact),
            FactChange::Incident(fact) => absorb(&mut self.incidents, *fact),
            FactChange::Push(fact) => absorb(&mut self.pushes, fact),
            FactChange::IssueMove(fact) => absorb(&mut self.issue_moves, *fact),
            FactChange::Repository(fact) => absorb(&mut self.repositories, fact),
            FactChange::AccountEmail(seen) => absorb(&mut self.emails, emails.seen(seen)),
        }
    }

    /// How many facts it holds.
    pub(crate) fn len(&self) -> usize {
        self.pull_requests.len()
            + self.reviews.len()
            + self.comments.len()
            + self.ci_runs.len()
            + self.deployments.len()
            + self.releases.len()
            + self.incidents.len()
            + self.pushes.len()
            + self.issue_moves.len()
            + self.repositories.len()
            + self.emails.len()
    }
}

fn absorb<F: Fact>(known: &mut ById<F>, fact: F) {
    match known.entry(fact.id()) {
        std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(fact)),
        std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().absorb(fact),
    }
}

/// Hashes e-mail addresses under the installation's key.
#[derive(Debug, Clone)]
pub(crate) struct EmailHash(Hmac<Sha256>);

impl EmailHash {
    pub(crate) fn new(key: &[u8]) -> Result<Self, StoreError> {
        let hash = Hmac::new_from_slice(key);
        hash.map(Self)
            .map_err(|_| StoreError::Corrupt("the installation's key".to_owned()))
    }

    /// The hash of an address, the same for every spelling of it.
    pub(crate) fn digest(&self, email: &str) -> String {
        let mut hash = self.0.clone();
        hash.update(email.trim().to_lowercase().as_bytes());
        hex::encode(hash.finalize().into_bytes())
    }

    fn seen(&self, seen: AccountEmail) -> SeenEmail {
        SeenEmail {
            seen_at: seen.seen_at,
            email_digest: self.digest(&seen.email),
            login: seen.login,
        }
    }
}

/// What a normaliser made of one event.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) event: EventRef,
    pub(crate) said: Normalised,
}

/// An event without its payload.
#[derive(Debug, Clone)]
pub(crate) struct EventRef {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) event_type: String,
}

/// Normalises one event. A normaliser that panics on it does not stop the others: the event counts as not
/// understood.
pub(crate) fn normalise_one(event: &RawEvent, normalise: &Normalise) -> Outcome {
    let said = catch_unwind(AssertUnwindSafe(|| normalise.of(event)))
        .unwrap_or_else(|_| Normalised::Unrecognised("the normaliser panicked".to_owned()));
    let said = match said {
        Normalised::Changes(changes) if says_nul(&event.payload) => without_nul(&changes),
        said @ (Normalised::Changes(_) | Normalised::Unrecognised(_)) => said,
    };
    let said = match said {
        Normalised::Changes(changes) if !changes.iter().all(fits) => {
            Normalised::Unrecognised(format!("a name in it is longer than {MAX_NAME_BYTES} bytes"))
        }
        said @ (Normalised::Changes(_) | Normalised::Unrecognised(_)) => said,
    };
    let event = EventRef {
        id: event.id.as_str().to_owned(),
        source: event.source.as_str().to_owned(),
        event_type: event.event_type.clone(),
    };
    Outcome { event, said }
}

/// The longest name that is indexed: PostgreSQL's index rows hold about 2,700 bytes, of up to two names.
const MAX_NAME_BYTES: usize = 1000;

/// Whether the names in a change can be indexed.
fn fits(change: &FactChange) -> bool {
    fn fits<F: Fact>(fact: &F) -> bool {
        let columns = fact.columns();
        fact.id().len() <= MAX_NAME_BYTES && columns.iter().all(|value| value.text_len() <= MAX_NAME_BYTES)
    }
    match change {
        FactChange::PullRequest(fact) => fits(fact.as_ref()),
        FactChange::Review(fact) => fits(fact),
        FactChange::Comment(fact) => fits(fact),
        FactChange::CiRun(fact) => fits(fact),
        FactChange::Deployment(fact) => fits(fact.as_ref()),
        FactChange::Release(fact) => fits(fact),
        FactChange::Incident(fact) => fits(fact.as_ref()),
        FactChange::Push(fact) => fits(fact),
        FactChange::IssueMove(fact) => fits(fact.as_ref()),
        FactChange::Repository(fact) => fits(fact),
        FactChange::AccountEmail(seen) => seen.login.as_str().len() <= MAX_NAME_BYTES / 2,
    }
}

/// Whether a JSON text may hold the character that PostgreSQL keeps in no text.
fn says_nul(payload: &[u8]) -> bool {
    let mut rest = payload;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at..].starts_with(br"\u0000") {
            return true;
        }
        // The character after a backslash is escaped by it, also if it is one itself.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn without_nul(changes: &[FactChange]) -> Normalised {
    fn clean(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = text.replace('\0', "\u{fffd}"),
            serde_json::Value::Array(items) => items.iter_mut().for_each(clean),
            serde_json::Value::Object(fields) => {
                let cleaned = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                    clean(&mut value);
                    (name.replace('\0', "\u{fffd}"), value)
                });
                *fields = cleaned.collect();
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
    let cleaned = serde_json::to_value(changes).and_then(|mut value| {
        clean(&mut value);
        serde_json::from_value(value)
    });
    match cleaned {
        Ok(changes) => Normalised::Changes(changes),
        Err(error) => Normalised::Unrecognised(format!("it holds NUL characters: {error}")),
    }
}
