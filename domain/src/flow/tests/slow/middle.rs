//! Purpose: how the slow one makes one number of many.

use super::{FlowMetric, Row};

/// What a metric makes of it; of throughput how many.
pub(in crate::flow::tests) fn value(metric: FlowMetric, rows: &[Row]) -> Option<f64> {
    let sum = |of: fn(&Row) -> f64| rows.iter().map(of).sum::<f64>();
    let many = sum(|_| 1.0);
    match metric {
        FlowMetric::Throughput | FlowMetric::WorkInProgress => Some(many),
        FlowMetric::FlowEfficiency => (many > 0.0).then(|| sum(|row| row.pair.0) / sum(|row| row.pair.1)),
        FlowMetric::CiFlakiness => (many > 0.0).then(|| sum(|row| row.value) / many),
        FlowMetric::ReviewSpread => gini(rows),
        FlowMetric::CycleTime
        | FlowMetric::TimeToFirstReview
        | FlowMetric::ReviewTime
        | FlowMetric::IdleTime
        | FlowMetric::ChangeSize
        | FlowMetric::WorkAge
        | FlowMetric::CiDuration => median(rows),
    }
}

fn median(rows: &[Row]) -> Option<f64> {
    let mut all: Vec<f64> = rows.iter().map(|row| row.value).collect();
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    match all.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(all[half]),
        _ => Some(f64::midpoint(all[half - 1], all[half])),
    }
}

/// By its first definition: half of the mean difference between all pairs of people, divided by the mean.
fn gini(rows: &[Row]) -> Option<f64> {
    let mut people: Vec<(&str, f64)> = Vec::new();
    for row in rows {
        match people.iter_mut().find(|(who, _)| *who == row.who) {
            Some((_, many)) => *many += 1.0,
            None => people.push((&row.who, 1.0)),
        }
    }
    let n = people.iter().map(|_| 1.0).sum::<f64>();
    let mut differences = 0.0;
    let mut total = 0.0;
    for (_, one) in &people {
        total += one;
        for (_, other) in &people {
            differences += f64::abs(one - other);
        }
    }
    (people.len() > 1).then(|| differences / (2.0 * n * total))
}
