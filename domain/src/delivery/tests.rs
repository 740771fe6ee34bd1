//! Purpose: tests of the delivery metrics, and the builders that they share.

mod agreement;
mod bad_input;
mod checks;
mod corrections;
mod listed;
mod modes;
mod properties;
mod slow;

use chrono::{DateTime, Duration, Utc};

use super::*;
use crate::pull_request::{Account, PullRequestKey};

pub(super) const API: &str = "acme/api";
pub(super) const HOUR: f64 = 3_600.0;

/// `03-02 12:00` of 2026.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    format!("2026-{day}T{time}:00Z").parse().unwrap()
}

/// The commit that the merge of a pull request made.
pub(super) fn sha(number: i64) -> String {
    format!("{number:040x}")
}

/// Opened a day before its merge with its first commit, and not reviewed.
pub(super) fn change(number: i64, merged_at: &str) -> Change {
    let merged_at = at(merged_at);
    Change {
        key: PullRequestKey {
            repository: API.into(),
            number,
        },
        merged_at,
        opened_at: merged_at - Duration::days(1),
        first_commit_at: Some(merged_at - Duration::days(1)),
        ready_at: None,
        first_review_at: None,
        first_response_any_at: None,
        approved_at: None,
        merge_commit_sha: Some(sha(number)),
        author: Account {
            login: "ana".into(),
            is_bot: false,
        },
        title: format!("Change {number}"),
        url: String::new(),
        labels: Vec::new(),
        base_ref: "main".to_owned(),
        size: None,
        reverts: Vec::new(),
    }
}

/// To production, made ten minutes before it was live; of this pull request's merge, or of a commit that is not known.
pub(super) fn deployed(nth: i64, live_at: &str, of: Option<i64>) -> Deployed {
    Deployed {
        id: format!("{API}/{nth}"),
        created_at: at(live_at) - Duration::minutes(10),
        ended_at: at(live_at),
        outcome: Outcome::Success,
        repository: API.into(),
        means: Means::Deployment,
        name: "production".to_owned(),
        sha: of.map(sha),
        git_ref: "main".to_owned(),
        url: String::new(),
        labels: Vec::new(),
        description: None,
    }
}

pub(super) fn outage(id: &str, opened_at: &str, resolved_at: Option<&str>) -> Outage {
    Outage {
        source: "pagerduty".to_owned(),
        external_id: id.to_owned(),
        dismissed: false,
        resolved_at: resolved_at.map(at),
        opened_at: at(opened_at),
        title: "Payments are down".to_owned(),
        url: String::new(),
        repository: Some(API.into()),
        service: None,
        severity: None,
        causes: Vec::new(),
        fixes: Vec::new(),
    }
}

pub(super) fn push(head: &str, pushed_at: &str, first_commit_at: &str) -> DirectPush {
    DirectPush {
        repository: API.into(),
        head_sha: head.to_owned(),
        at: at(pushed_at),
        first_commit_at: Some(at(first_commit_at)),
        author: Account {
            login: "bob".into(),
            is_bot: false,
        },
        commits: 1,
        title: "Straight to main".to_owned(),
        url: String::new(),
    }
}

/// The four weeks from Monday, 2 March, on, in UTC.
pub(super) fn march() -> Asked {
    Asked {
        from: at("03-02 00:00"),
        to: at("03-30 00:00"),
        zone: chrono_tz::Tz::UTC,
        repositories: None,
        members: None,
    }
}

pub(super) fn facts(changes: Vec<Change>, deployments: Vec<Deployed>, outages: Vec<Outage>) -> DeliveryFacts {
    DeliveryFacts {
        changes,
        deployments,
        outages,
        ..DeliveryFacts::default()
    }
}

/// March by our definitions.
pub(super) fn ours(facts: &DeliveryFacts) -> FiveKeys {
    measure(facts, &Definitions::default(), &march(), Mode::Ours)
}

pub(super) fn in_mode(facts: &DeliveryFacts, mode: Mode) -> FiveKeys {
    measure(facts, &Definitions::default(), &march(), mode)
}

pub(super) fn hours(measured: &Measured) -> Result<f64, NoValue> {
    measured.value.map(|seconds| seconds / HOUR)
}

/// The line about this pull request or deployment, by its name.
pub(super) fn row<'m>(measured: &'m Measured, subject: &str) -> &'m ProofRow {
    let mut rows = measured.proof.iter();
    rows.find(|row| row.subject.to_string() == subject).unwrap()
}

pub(super) fn noted(measured: &Measured, about: About) -> Option<(usize, usize)> {
    let mut notes = measured.notes.iter();
    notes
        .find(|note| note.about == about)
        .map(|note| (note.count, note.of))
}
