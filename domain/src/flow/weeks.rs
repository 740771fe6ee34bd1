//! Purpose: the flow metrics week by week. Weeks begin on Monday in the zone asked for.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::FlowMetric;
use super::each::{Each, Found};
use super::open::Open;
use crate::delivery::{Asked, Standing, Week, by_week, number, touched};

/// One week of the zone, from a Monday on. Each value is by the rule of the metric over what belongs to the week; `None` where
/// nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlowWeek {
    /// Its Monday.
    pub monday: NaiveDate,
    /// The window holds a part of it only.
    pub is_partial: bool,
    /// Changes that count and were merged.
    pub merged: usize,
    /// The cycle time of these, in seconds.
    pub cycle_time: Option<f64>,
    /// How long these waited for their first review, in seconds.
    pub time_to_first_review: Option<f64>,
    /// How long their review took, in seconds.
    pub review_time: Option<f64>,
    /// How long these waited, in seconds.
    pub idle_time: Option<f64>,
    /// The share of their time in which somebody worked on them.
    pub flow_efficiency: Option<f64>,
    /// Their size in lines.
    pub change_size: Option<f64>,
    /// Pull requests open at the week's end, or at the window's end where that is earlier.
    pub work_in_progress: usize,
    /// The age of these at that time, in seconds.
    pub work_age: Option<f64>,
    /// The Gini coefficient over those who reviewed in the week; `None` of fewer than two.
    pub review_spread: Option<f64>,
    /// How long runs of CI took that were made in the week, in seconds.
    pub ci_duration: Option<f64>,
    /// The share of tested commits that were both red and green; a commit belongs to the week of its newest run.
    pub ci_flakiness: Option<f64>,
}

impl FlowWeek {
    /// What one metric was in the week, in its unit: of throughput the number of merges, also where the week is partial.
    pub fn value(&self, metric: FlowMetric) -> Option<f64> {
        match metric {
            FlowMetric::Throughput => Some(number(self.merged)),
            FlowMetric::CycleTime => self.cycle_time,
            FlowMetric::TimeToFirstReview => self.time_to_first_review,
            FlowMetric::ReviewTime => self.review_time,
            FlowMetric::IdleTime => self.idle_time,
            FlowMetric::FlowEfficiency => self.flow_efficiency,
            FlowMetric::ChangeSize => self.change_size,
            FlowMetric::WorkInProgress => Some(number(self.work_in_progress)),
            FlowMetric::WorkAge => self.work_age,
            FlowMetric::ReviewSpread => self.review_spread,
            FlowMetric::CiDuration => self.ci_duration,
            FlowMetric::CiFlakiness => self.ci_flakiness,
        }
    }
}

/// The weeks that the window touches, from what is found of each metric.
pub(super) fn points(asked: &Asked, found: &Each<Found>, open: &Open<'_, '_>) -> Vec<FlowWeek> {
    let proof = found.throughput.measured.measured.proof.iter();
    let counting = proof.filter(|row| row.standing == Standing::Counted);
    let merged = by_week(asked, counting.map(|row| (row.at, ())));
    let weeks = touched(asked).into_iter();
    let points = weeks.map(
        |Week {
             monday, is_partial, ..
         }| {
            let of = |found: &Found| found.weekly.get(&monday).copied();
            FlowWeek {
                monday,
                is_partial,
                merged: merged.get(&monday).map_or(0, Vec::len),
                cycle_time: of(&found.cycle_time),
                time_to_first_review: of(&found.time_to_first_review),
                review_time: of(&found.review_time),
                idle_time: of(&found.idle_time),
                flow_efficiency: of(&found.flow_efficiency),
                change_size: of(&found.change_size),
                work_in_progress: open.at_end_of(monday),
                work_age: of(&found.work_age),
                review_spread: of(&found.review_spread),
                ci_duration: of(&found.ci_duration),
                ci_flakiness: of(&found.ci_flakiness),
            }
        },
    );
    points.collect()
}
