//! Purpose: the times of a metric in working time. Metrics count all hours; a goal may count only those in which people work.
//!
//! The proof of a metric says of each change when it ended and how long each part took. The parts follow one another, so
//! that gives the instants between which each of them lay.

use chrono::{DateTime, Duration, Utc};

use crate::any_metric::AnyMetric;
use crate::calendar::WorkCalendar;
use crate::delivery::{Measured, Parts, ProofRow, Standing};
use crate::flow::FlowMetric;

/// The seconds of working time of everything that counts in the metric. `to` is the end of the window: the age of what is
/// open is counted until then.
pub(super) fn working_seconds(
    metric: AnyMetric,
    measured: &Measured,
    to: DateTime<Utc>,
    calendar: &WorkCalendar,
) -> Vec<i64> {
    let counting = measured
        .proof
        .iter()
        .filter(|row| row.standing == Standing::Counted);
    let worked =
        |(from, until): (DateTime<Utc>, DateTime<Utc>)| calendar.working_time(from, until).num_seconds();
    counting
        .map(|row| stretches(metric, row, to).into_iter().map(worked).sum())
        .collect()
}

/// From when to when the time of one row lay.
fn stretches(metric: AnyMetric, row: &ProofRow, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    if metric == AnyMetric::Flow(FlowMetric::WorkAge) {
        return vec![(to - in_seconds(row.value.unwrap_or_default()), to)];
    }
    let Some(parts) = row.parts else {
        return Vec::new();
    };
    let [coding, pickup, review, merge, deploy] = ends(&parts, row.at);
    let start = row.at - Duration::seconds(parts.total());
    match metric {
        AnyMetric::Flow(FlowMetric::TimeToFirstReview) => vec![(coding, pickup)],
        AnyMetric::Flow(FlowMetric::ReviewTime) => vec![(pickup, review)],
        AnyMetric::Flow(FlowMetric::IdleTime) => vec![(coding, pickup), (review, merge)],
        AnyMetric::Delivery(_) | AnyMetric::Flow(_) => vec![(start, deploy)],
    }
}

/// When each part ended, in order; the last at `end`.
fn ends(parts: &Parts, end: DateTime<Utc>) -> [DateTime<Utc>; 5] {
    let mut at = end - Duration::seconds(parts.total());
    [
        parts.coding,
        parts.pickup,
        parts.review,
        parts.merge,
        parts.deploy,
    ]
    .map(|part| {
        at += Duration::seconds(part);
        at
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "ages are whole seconds far below 2^53"
)]
fn in_seconds(value: f64) -> Duration {
    Duration::try_seconds(value as i64).unwrap_or_default()
}
