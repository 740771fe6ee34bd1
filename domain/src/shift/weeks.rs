//! Purpose: the whole weeks of a metric, each with of how many things its value is.

use super::Week;
use crate::delivery::{FiveKeys, Metric, Standing, by_week};
use crate::flow::{Flow, FlowMetric};

/// The whole weeks of a delivery metric that have a value, in order of time.
pub fn of_delivery(keys: &FiveKeys, metric: Metric) -> Vec<Week> {
    let weeks = keys.weeks.iter().filter(|week| !week.is_partial);
    weeks
        .filter_map(|week| {
            let sample = match metric {
                Metric::DeploymentFrequency => None,
                Metric::LeadTime => Some(week.delivered),
                Metric::RecoveryTime => Some(week.failed),
                Metric::ChangeFailRate | Metric::ReworkRate => Some(week.deployments),
            };
            Some(Week {
                monday: week.monday,
                value: week.value(metric)?,
                sample,
            })
        })
        .collect()
}

/// The whole weeks of a flow metric that have a value, in order of time.
pub fn of_flow(flow: &Flow, metric: FlowMetric) -> Vec<Week> {
    let proof = flow.of(metric).measured.proof.iter();
    let counting = proof.filter(|row| row.standing == Standing::Counted);
    let counted = by_week(&flow.asked, counting.map(|row| (row.at, ())));
    let weeks = flow.weeks.iter().filter(|week| !week.is_partial);
    weeks
        .filter_map(|week| {
            let sample = match metric {
                FlowMetric::Throughput | FlowMetric::WorkInProgress => None,
                // What was open at the end of a week is in no line of the proof.
                FlowMetric::WorkAge => Some(week.work_in_progress),
                FlowMetric::CycleTime
                | FlowMetric::TimeToFirstReview
                | FlowMetric::ReviewTime
                | FlowMetric::IdleTime
                | FlowMetric::FlowEfficiency
                | FlowMetric::ChangeSize
                | FlowMetric::ReviewSpread
                | FlowMetric::CiDuration
                | FlowMetric::CiFlakiness => Some(counted.get(&week.monday).map_or(0, Vec::len)),
            };
            Some(Week {
                monday: week.monday,
                value: week.value(metric)?,
                sample,
            })
        })
        .collect()
}
