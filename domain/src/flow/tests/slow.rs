//! Purpose: the flow metrics a second time, slow and obvious: loops within loops over the facts as they came, and nothing of
//! the real thing but its types.

mod middle;

pub(super) use middle::value;

use chrono::{DateTime, Utc};

use super::super::{Asked, Definitions, FlowFacts, FlowMetric};
use crate::ci_run::{CiOutcome, CiRun};
use crate::delivery::Change;
use crate::id::{Login, RepositoryName};

type At = DateTime<Utc>;

/// One thing that counts.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) at: At,
    pub(super) name: String,
    pub(super) value: f64,
    /// Of a share of sums: the part and the whole.
    pair: (f64, f64),
    /// Of a review: whose.
    who: String,
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a year")]
fn float(whole: i64) -> f64 {
    whole as f64
}

fn row(at: At, name: String, value: i64) -> Row {
    Row {
        at,
        name,
        value: float(value),
        pair: (0.0, 0.0),
        who: String::new(),
    }
}

/// Renamed once: the generated facts know no chains.
fn present(definitions: &Definitions, name: &RepositoryName) -> String {
    definitions.renamed.get(name).unwrap_or(name).as_str().to_owned()
}

fn is_asked(
    definitions: &Definitions,
    asked: &Asked,
    repository: &RepositoryName,
    who: Option<&Login>,
) -> bool {
    let here = present(definitions, repository);
    let is_here = match &asked.repositories {
        None => true,
        Some(names) => names.iter().any(|name| present(definitions, name) == here),
    };
    let is_theirs = match (&asked.members, who) {
        (Some(members), Some(who)) => members
            .iter()
            .any(|member| member.as_str().to_lowercase() == who.as_str().to_lowercase()),
        _ => true,
    };
    asked.from < asked.to && is_here && is_theirs
}

fn within(asked: &Asked, at: At) -> bool {
    asked.from <= at && at < asked.to
}

/// Those of which none that is about the same is greater; each once.
fn greatest<T: Clone + PartialEq>(
    all: &[T],
    same: impl Fn(&T, &T) -> bool,
    less: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in all {
        let is_beaten = all.iter().any(|other| same(one, other) && less(one, other));
        if !is_beaten && !kept.contains(one) {
            kept.push(one.clone());
        }
    }
    kept
}

/// The seconds of coding, pickup, review and merge.
fn ways(change: &Change) -> [i64; 4] {
    let merged = change.merged_at.timestamp();
    let opened = change.opened_at.timestamp();
    let known = |at: Option<At>| at.map(|at| at.timestamp()).filter(|at| *at <= merged);
    let first = change
        .first_commit_at
        .map_or(opened, |at| at.timestamp().min(opened));
    let ready = known(change.ready_at).unwrap_or(opened).max(opened);
    let reviewed = known(change.first_review_at).unwrap_or(ready).max(ready);
    let approved = known(change.approved_at).unwrap_or(reviewed).max(reviewed);
    [
        ready - first,
        reviewed - ready,
        approved - reviewed,
        merged.max(approved) - approved,
    ]
}

fn of_changes(facts: &FlowFacts, definitions: &Definitions, asked: &Asked, metric: FlowMetric) -> Vec<Row> {
    let here = |one: &Change| (present(definitions, &one.key.repository), one.key.number);
    let mut rows = Vec::new();
    for one in greatest(&facts.changes, |a, b| here(a) == here(b), |a, b| a < b) {
        let is_out = one.author.is_bot && !definitions.count_bots;
        let is_mine = is_asked(definitions, asked, &one.key.repository, Some(&one.author.login));
        if is_out || !is_mine || !within(asked, one.merged_at) {
            continue;
        }
        let [coding, pickup, review, merge] = ways(&one);
        let total = coding + pickup + review + merge;
        let early = |at: Option<At>| at.is_some_and(|at| at.timestamp() <= one.merged_at.timestamp());
        let value = match metric {
            FlowMetric::Throughput => Some(1),
            FlowMetric::CycleTime if total > 0 => Some(total),
            FlowMetric::TimeToFirstReview if early(one.first_review_at) => Some(pickup),
            FlowMetric::ReviewTime if early(one.first_review_at) && early(one.approved_at) => Some(review),
            FlowMetric::IdleTime if total > 0 => Some(pickup + merge),
            FlowMetric::FlowEfficiency if total > 0 => Some(0),
            FlowMetric::ChangeSize => one.size.map(|size| size.additions + size.deletions),
            FlowMetric::CycleTime
            | FlowMetric::TimeToFirstReview
            | FlowMetric::ReviewTime
            | FlowMetric::IdleTime
            | FlowMetric::FlowEfficiency
            | FlowMetric::WorkInProgress
            | FlowMetric::WorkAge
            | FlowMetric::ReviewSpread
            | FlowMetric::CiDuration
            | FlowMetric::CiFlakiness => None,
        };
        if let Some(value) = value {
            let mut row = row(one.merged_at, one.key.to_string(), value);
            if metric == FlowMetric::FlowEfficiency {
                row.pair = (float(total - pickup - merge), float(total));
                row.value = row.pair.0 / row.pair.1;
            }
            rows.push(row);
        }
    }
    rows
}

fn of_open(facts: &FlowFacts, definitions: &Definitions, asked: &Asked, metric: FlowMetric) -> Vec<Row> {
    let mut rows = Vec::new();
    let here =
        |key: &crate::pull_request::PullRequestKey| (present(definitions, &key.repository), key.number);
    for one in greatest(&facts.open, |a, b| here(&a.key) == here(&b.key), |a, b| a < b) {
        let is_out = one.author.is_bot && !definitions.count_bots;
        let is_mine = is_asked(definitions, asked, &one.key.repository, Some(&one.author.login));
        let is_closed = one.closed_at.is_some_and(|at| at < asked.to);
        if is_out || !is_mine || is_closed || one.opened_at >= asked.to {
            continue;
        }
        let opened = one.opened_at.timestamp();
        let first = one.first_commit_at.map_or(opened, |at| at.timestamp());
        let age = asked.to.timestamp() - if first < opened { first } else { opened };
        let value = if metric == FlowMetric::WorkAge { age } else { 1 };
        rows.push(row(one.opened_at, one.key.to_string(), value));
    }
    rows
}

fn of_reviews(facts: &FlowFacts, definitions: &Definitions, asked: &Asked) -> Vec<Row> {
    let here =
        |key: &crate::pull_request::PullRequestKey| (present(definitions, &key.repository), key.number);
    let lower = |login: &Login| login.as_str().to_lowercase();
    let same = |a: &super::Reviewed, b: &super::Reviewed| here(&a.key) == here(&b.key) && a.id == b.id;
    let mut all = greatest(&facts.reviews, same, |a, b| a < b);
    all.sort_by(|a, b| {
        a.at.cmp(&b.at)
            .then(here(&a.key).cmp(&here(&b.key)))
            .then(a.id.cmp(&b.id))
    });
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = Vec::new();
    let changes = greatest(&facts.changes, |a, b| here(&a.key) == here(&b.key), |a, b| a < b);
    let open = greatest(&facts.open, |a, b| here(&a.key) == here(&b.key), |a, b| a < b);
    for one in all {
        let who = lower(&one.reviewer.login);
        let is_author = |key: &crate::pull_request::PullRequestKey, author: &Login| {
            here(key) == here(&one.key) && lower(author) == who
        };
        let is_own = changes
            .iter()
            .any(|change| is_author(&change.key, &change.author.login))
            || open
                .iter()
                .any(|change| is_author(&change.key, &change.author.login));
        let is_mine = is_asked(definitions, asked, &one.key.repository, Some(&one.reviewer.login));
        let mark = (here(&one.key), who.clone());
        if one.reviewer.is_bot || is_own || !is_mine || !within(asked, one.at) || seen.contains(&mark) {
            continue;
        }
        seen.push(mark);
        let mut row = row(one.at, format!("{} review {}", one.key, one.id), 1);
        row.who = who;
        rows.push(row);
    }
    rows
}

fn of_runs(facts: &FlowFacts, definitions: &Definitions, asked: &Asked, metric: FlowMetric) -> Vec<Row> {
    if asked.members.is_some() && asked.repositories.is_none() {
        return Vec::new();
    }
    let here = |one: &CiRun| (present(definitions, &one.repository), one.id.clone());
    // The generated statements about one run differ in these, and in their repositories' names.
    let age = |one: &CiRun| {
        let ended = one.outcome != CiOutcome::Pending;
        (
            one.attempt,
            ended,
            one.updated_at,
            one.outcome,
            one.started_at,
            one.created_at,
            one.head_sha.clone(),
        )
    };
    let mut ended: Vec<CiRun> = Vec::new();
    for mut one in greatest(&facts.runs, |a, b| here(a) == here(b), |a, b| age(a) < age(b)) {
        one.repository = here(&one).0.as_str().into();
        let is_over = matches!(one.outcome, CiOutcome::Success | CiOutcome::Failure);
        let is_ours = is_asked(definitions, asked, &one.repository, None) && within(asked, one.created_at);
        if is_over && is_ours && !ended.contains(&one) {
            ended.push(one);
        }
    }
    let mut rows = Vec::new();
    for one in &ended {
        let name = format!("{} {}", one.repository, one.id);
        if metric == FlowMetric::CiDuration {
            let took = one.updated_at.timestamp() - one.started_at.unwrap_or(one.created_at).timestamp();
            rows.push(row(one.created_at, name, took.max(0)));
            continue;
        }
        let group: Vec<&CiRun> = ended
            .iter()
            .filter(|other| {
                other.repository == one.repository
                    && other.workflow == one.workflow
                    && other.head_sha == one.head_sha
            })
            .collect();
        let is_newest = group
            .iter()
            .all(|other| (other.created_at, &other.id) <= (one.created_at, &one.id));
        let green = group
            .iter()
            .filter(|run| run.outcome == CiOutcome::Success)
            .count();
        let again = group
            .iter()
            .any(|run| run.outcome == CiOutcome::Success && run.attempt > 1);
        let is_flaky = again || (green > 0 && green < group.len());
        if is_newest {
            rows.push(row(one.created_at, name, i64::from(is_flaky)));
        }
    }
    rows
}

/// What counts in a metric.
pub(super) fn rows(
    facts: &FlowFacts,
    definitions: &Definitions,
    asked: &Asked,
    metric: FlowMetric,
) -> Vec<Row> {
    let mut rows = match metric {
        FlowMetric::WorkInProgress | FlowMetric::WorkAge => of_open(facts, definitions, asked, metric),
        FlowMetric::ReviewSpread => of_reviews(facts, definitions, asked),
        FlowMetric::CiDuration | FlowMetric::CiFlakiness => of_runs(facts, definitions, asked, metric),
        FlowMetric::Throughput
        | FlowMetric::CycleTime
        | FlowMetric::TimeToFirstReview
        | FlowMetric::ReviewTime
        | FlowMetric::IdleTime
        | FlowMetric::FlowEfficiency
        | FlowMetric::ChangeSize => of_changes(facts, definitions, asked, metric),
    };
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}
