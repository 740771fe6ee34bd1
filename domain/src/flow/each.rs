//! Purpose: something for each flow metric, so that none can be missing; and what is found of one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{FlowMeasured, FlowMetric};
use crate::delivery::{
    Asked, Measured, NoValue, ProofRow, Statistic, Unit, by_week, middle, percentile, percentiles,
};

/// One thing for each metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Each<T> {
    pub(super) throughput: T,
    pub(super) cycle_time: T,
    pub(super) time_to_first_review: T,
    pub(super) review_time: T,
    pub(super) idle_time: T,
    pub(super) flow_efficiency: T,
    pub(super) change_size: T,
    pub(super) work_in_progress: T,
    pub(super) work_age: T,
    pub(super) review_spread: T,
    pub(super) ci_duration: T,
    pub(super) ci_flakiness: T,
}

impl<T> Each<T> {
    /// That of this metric.
    pub(super) fn of(&self, metric: FlowMetric) -> &T {
        match metric {
            FlowMetric::Throughput => &self.throughput,
            FlowMetric::CycleTime => &self.cycle_time,
            FlowMetric::TimeToFirstReview => &self.time_to_first_review,
            FlowMetric::ReviewTime => &self.review_time,
            FlowMetric::IdleTime => &self.idle_time,
            FlowMetric::FlowEfficiency => &self.flow_efficiency,
            FlowMetric::ChangeSize => &self.change_size,
            FlowMetric::WorkInProgress => &self.work_in_progress,
            FlowMetric::WorkAge => &self.work_age,
            FlowMetric::ReviewSpread => &self.review_spread,
            FlowMetric::CiDuration => &self.ci_duration,
            FlowMetric::CiFlakiness => &self.ci_flakiness,
        }
    }

    /// Another thing for each.
    pub(super) fn map<U>(self, of: impl Fn(T) -> U) -> Each<U> {
        Each {
            throughput: of(self.throughput),
            cycle_time: of(self.cycle_time),
            time_to_first_review: of(self.time_to_first_review),
            review_time: of(self.review_time),
            idle_time: of(self.idle_time),
            flow_efficiency: of(self.flow_efficiency),
            change_size: of(self.change_size),
            work_in_progress: of(self.work_in_progress),
            work_age: of(self.work_age),
            review_spread: of(self.review_spread),
            ci_duration: of(self.ci_duration),
            ci_flakiness: of(self.ci_flakiness),
        }
    }
}

/// What is found of one metric.
pub(super) struct Found {
    pub(super) measured: FlowMeasured,
    /// Its value in each week, by the Monday; nothing for weeks that have none.
    pub(super) weekly: BTreeMap<NaiveDate, f64>,
}

impl Found {
    /// A metric without percentiles. `of_week` makes the value of a week from what belongs to it, sorted.
    pub(super) fn new<T: Ord>(
        asked: &Asked,
        measured: Measured,
        all: impl IntoIterator<Item = (DateTime<Utc>, T)>,
        of_week: impl Fn(&[T]) -> Option<f64>,
    ) -> Self {
        let weeks = by_week(asked, all.into_iter()).into_iter();
        let weekly = weeks.filter_map(|(monday, of)| Some((monday, of_week(&of)?)));
        Self::plain(measured, weekly.collect())
    }

    /// A metric without percentiles, with its values by Monday.
    pub(super) fn plain(measured: Measured, weekly: BTreeMap<NaiveDate, f64>) -> Self {
        Self {
            measured: FlowMeasured {
                measured,
                percentiles: Vec::new(),
            },
            weekly,
        }
    }

    /// A metric that is the median of single values, each with the instant that says which week it belongs to. `nothing` says
    /// why there is none where there are no values.
    pub(super) fn median(
        asked: &Asked,
        values: Vec<(DateTime<Utc>, i64)>,
        unit: Unit,
        nothing: NoValue,
        proof: Vec<ProofRow>,
    ) -> Self {
        let mut sorted: Vec<i64> = values.iter().map(|(_, value)| *value).collect();
        sorted.sort_unstable();
        let percentiles = percentiles(&sorted);
        let measured = middle(sorted, Statistic::Median, unit, nothing, proof);
        let mut found = Self::new(asked, measured, values, |of| percentile(of, 50));
        found.measured.percentiles = percentiles;
        found
    }
}
