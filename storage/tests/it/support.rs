//! Purpose: events that say exactly what a test wants: the payload is the list of changes itself.

use chrono::{DateTime, Duration, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::fact::{FactChange, Normalised};
use em_domain::id::{EventId, Login};
use em_domain::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use em_domain::stamped::Stamped;
use ulid::Ulid;

/// Monday 2 March 2026, 09:00 UTC, and `minutes` later.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    let monday: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    monday + Duration::minutes(minutes)
}

pub(crate) fn event(delivery_key: &str, changes: &[FactChange]) -> RawEvent {
    RawEvent {
        id: EventId::new(Ulid::new()),
        source: Source::github(),
        delivery_key: delivery_key.to_owned(),
        event_type: "test".to_owned(),
        origin: Origin::Webhook,
        occurred_at: Some(at(0)),
        received_at: at(1),
        payload: serde_json::to_vec(changes).unwrap(),
    }
}

/// Reads what [`event`] wrote.
pub(crate) fn normalise(event: &RawEvent) -> Normalised {
    assert_ne!(event.payload, b"panic", "asked to");
    serde_json::from_slice(&event.payload).map_or_else(
        |error| Normalised::Unrecognised(error.to_string()),
        Normalised::Changes,
    )
}

pub(crate) fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: "acme/api".into(),
        number,
    }
}

pub(crate) fn person(login: &str) -> Account {
    Account {
        login: Login::from(login),
        is_bot: false,
    }
}

/// An open pull request of `ana`, opened at `minutes`; nobody was asked to review it.
pub(crate) fn open(number: i64, minutes: i64) -> PullRequest {
    let mut pull = PullRequest::new(key(number));
    pull.snapshot = Some(Stamped {
        at: at(minutes),
        value: Snapshot {
            state: PullRequestState::Open,
            is_ready: true,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            labels: Vec::new(),
            author: person("ana"),
            title: format!("Change {number}"),
            url: format!("https://github.com/acme/api/pull/{number}"),
            base_ref: "main".to_owned(),
            head_ref: format!("change-{number}"),
            head_sha: Some(format!("sha{number}")),
            created_at: at(minutes),
            closed_at: None,
            merged_at: None,
            merge_commit_sha: None,
            references: Some(Vec::new()),
            reverts: None,
        },
    });
    pull
}

/// `pull` with its snapshot changed.
pub(crate) fn with(mut pull: PullRequest, change: impl FnOnce(&mut Snapshot)) -> PullRequest {
    change(&mut pull.snapshot.as_mut().unwrap().value);
    pull
}

pub(crate) fn says(pull: PullRequest) -> FactChange {
    FactChange::PullRequest(Box::new(pull))
}
