//! Purpose: tests of the flow metrics, and the builders that they share.

mod examples;
mod examples_open;
mod narrowed;
mod properties;
mod slow;
mod weekly;

use chrono::{DateTime, Duration, Utc};

use super::*;
use crate::ci_run::{CiOutcome, CiRun};
use crate::delivery::{About, Change, NoValue, Standing};
use crate::pull_request::{Account, PullRequestKey, Size};

pub(super) const API: &str = "acme/api";
pub(super) const HOUR: f64 = 3_600.0;

/// `03-02 12:00` of 2026.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    format!("2026-{day}T{time}:00Z").parse().unwrap()
}

pub(super) fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: API.into(),
        number,
    }
}

pub(super) fn account(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: login.ends_with("[bot]"),
    }
}

/// Coding 4 hours, pickup 2, review 3, merge 1; 120 lines; by ana.
pub(super) fn change(number: i64, merged_at: &str) -> Change {
    let merged_at = at(merged_at);
    let before = |hours| merged_at - Duration::hours(hours);
    Change {
        key: key(number),
        merged_at,
        opened_at: before(8),
        first_commit_at: Some(before(10)),
        ready_at: Some(before(6)),
        first_review_at: Some(before(4)),
        first_response_any_at: Some(before(5)),
        approved_at: Some(before(1)),
        merge_commit_sha: None,
        author: account("ana"),
        title: String::new(),
        url: String::new(),
        labels: Vec::new(),
        base_ref: "main".to_owned(),
        size: Some(Size {
            additions: 100,
            deletions: 20,
            changed_files: 3,
        }),
        reverts: Vec::new(),
    }
}

/// Opened two hours before its merge; nothing else is known of it.
pub(super) fn bare(number: i64, merged_at: &str) -> Change {
    Change {
        opened_at: at(merged_at) - Duration::hours(2),
        first_commit_at: None,
        ready_at: None,
        first_review_at: None,
        first_response_any_at: None,
        approved_at: None,
        size: None,
        ..change(number, merged_at)
    }
}

pub(super) fn open(number: i64, opened_at: &str, closed_at: Option<&str>) -> OpenChange {
    OpenChange {
        key: key(number),
        closed_at: closed_at.map(at),
        opened_at: at(opened_at),
        first_commit_at: None,
        pushed_at: None,
        is_draft: false,
        author: account("ana"),
        title: String::new(),
        url: String::new(),
    }
}

pub(super) fn review(id: i64, number: i64, given_at: &str, reviewer: &str) -> Reviewed {
    Reviewed {
        key: key(number),
        id,
        at: at(given_at),
        reviewer: account(reviewer),
        url: String::new(),
    }
}

/// Of the workflow `test` on the commit `a`, an hour long.
pub(super) fn run(id: &str, created_at: &str, outcome: CiOutcome) -> CiRun {
    CiRun {
        repository: API.into(),
        id: id.to_owned(),
        workflow: "test".to_owned(),
        head_sha: "a".to_owned(),
        branch: None,
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at: at(created_at),
        started_at: None,
        updated_at: at(created_at) + Duration::hours(1),
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

pub(super) fn measured(facts: &FlowFacts) -> Flow {
    measure(facts, &Definitions::default(), &march())
}

pub(super) fn value(flow: &Flow, metric: FlowMetric) -> Result<f64, NoValue> {
    flow.of(metric).measured.value
}

pub(super) fn hours(flow: &Flow, metric: FlowMetric) -> Result<f64, NoValue> {
    value(flow, metric).map(|seconds| seconds / HOUR)
}

/// What is left out, and why.
pub(super) fn left_out(flow: &Flow, metric: FlowMetric) -> Vec<(String, &'static str)> {
    let rows = flow.of(metric).measured.proof.iter();
    let rows = rows.filter_map(|row| match row.standing {
        Standing::LeftOut(why) => Some((row.subject.to_string(), why.words())),
        Standing::Counted => None,
    });
    rows.collect()
}

/// What counts, and with what value.
pub(super) fn counted(flow: &Flow, metric: FlowMetric) -> Vec<(String, f64)> {
    let rows = flow.of(metric).measured.proof.iter();
    let rows = rows.filter(|row| row.standing == Standing::Counted);
    rows.map(|row| (row.subject.to_string(), row.value.unwrap()))
        .collect()
}

pub(super) fn noted(flow: &Flow, metric: FlowMetric, about: About) -> Option<(usize, usize)> {
    let mut notes = flow.of(metric).measured.notes.iter();
    let note = notes.find(|note| note.about == about);
    note.map(|note| (note.count, note.of))
}
