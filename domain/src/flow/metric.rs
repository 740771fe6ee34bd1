//! Purpose: the flow metrics by name: what people type, what addresses and files call them, and which way is good.

use serde::{Deserialize, Serialize};

use crate::delivery::Unit;

/// One of the flow metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowMetric {
    /// Pull requests merged a week.
    Throughput,
    /// From the first commit to the merge.
    CycleTime,
    /// From ready for review to the first review by a person.
    TimeToFirstReview,
    /// From the first review to the last approval before the merge.
    ReviewTime,
    /// Time in which a change waited: for its first review, and after its approval for the merge.
    IdleTime,
    /// The share of the cycle in which somebody worked on the change: coding and review.
    FlowEfficiency,
    /// Lines added and removed.
    ChangeSize,
    /// Pull requests that are open at the end of the window.
    WorkInProgress,
    /// How long these have been open.
    WorkAge,
    /// How unevenly reviews are spread over reviewers: the Gini coefficient.
    ReviewSpread,
    /// How long a run of CI takes.
    CiDuration,
    /// The share of tested commits on which the same workflow was both red and green.
    CiFlakiness,
}

impl FlowMetric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Throughput,
        Self::CycleTime,
        Self::TimeToFirstReview,
        Self::ReviewTime,
        Self::IdleTime,
        Self::FlowEfficiency,
        Self::ChangeSize,
        Self::WorkInProgress,
        Self::WorkAge,
        Self::ReviewSpread,
        Self::CiDuration,
        Self::CiFlakiness,
    ];

    /// What addresses and commands call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::CycleTime => "cycle-time",
            Self::TimeToFirstReview => "time-to-first-review",
            Self::ReviewTime => "review-time",
            Self::IdleTime => "idle-time",
            Self::FlowEfficiency => "flow-efficiency",
            Self::ChangeSize => "change-size",
            Self::WorkInProgress => "work-in-progress",
            Self::WorkAge => "work-age",
            Self::ReviewSpread => "review-spread",
            Self::CiDuration => "ci-duration",
            Self::CiFlakiness => "ci-flakiness",
        }
    }

    /// What reports call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Throughput => "Throughput",
            Self::CycleTime => "Cycle time",
            Self::TimeToFirstReview => "Time to first review",
            Self::ReviewTime => "Review time",
            Self::IdleTime => "Idle time",
            Self::FlowEfficiency => "Flow efficiency",
            Self::ChangeSize => "Size of a change",
            Self::WorkInProgress => "Work in progress",
            Self::WorkAge => "Age of work in progress",
            Self::ReviewSpread => "Spread of reviews",
            Self::CiDuration => "CI duration",
            Self::CiFlakiness => "CI flakiness",
        }
    }

    /// The metric that people mean: its name, or what others call it; without regard to case.
    pub fn parse(typed: &str) -> Option<Self> {
        let name = typed.trim().to_lowercase().replace(['_', ' '], "-");
        let known = Self::ALL.into_iter().find(|metric| metric.as_str() == name);
        known.or(match name.as_str() {
            "merged" | "merges" => Some(Self::Throughput),
            "cycle" | "cycletime" => Some(Self::CycleTime),
            "first-review" | "pickup" | "review-latency" => Some(Self::TimeToFirstReview),
            "review" => Some(Self::ReviewTime),
            "idle" | "waiting" => Some(Self::IdleTime),
            "efficiency" => Some(Self::FlowEfficiency),
            "size" | "pr-size" => Some(Self::ChangeSize),
            "wip" => Some(Self::WorkInProgress),
            "age" | "wip-age" => Some(Self::WorkAge),
            "gini" | "review-load" => Some(Self::ReviewSpread),
            "ci" => Some(Self::CiDuration),
            "flakiness" | "flaky" => Some(Self::CiFlakiness),
            _ => None,
        })
    }

    /// What a value of it counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::Throughput => Unit::PerWeek,
            Self::CycleTime
            | Self::TimeToFirstReview
            | Self::ReviewTime
            | Self::IdleTime
            | Self::WorkAge
            | Self::CiDuration => Unit::Seconds,
            Self::FlowEfficiency | Self::CiFlakiness => Unit::Share,
            Self::ChangeSize => Unit::Lines,
            Self::WorkInProgress => Unit::Count,
            Self::ReviewSpread => Unit::Gini,
        }
    }

    /// Whether more of it is better; `None` where neither way is good by itself.
    pub fn more_is_better(self) -> Option<bool> {
        match self {
            Self::Throughput | Self::FlowEfficiency => Some(true),
            Self::WorkInProgress => None,
            Self::CycleTime
            | Self::TimeToFirstReview
            | Self::ReviewTime
            | Self::IdleTime
            | Self::ChangeSize
            | Self::WorkAge
            | Self::ReviewSpread
            | Self::CiDuration
            | Self::CiFlakiness => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_and_by_what_others_call_it() {
        for metric in FlowMetric::ALL {
            assert_eq!(FlowMetric::parse(metric.as_str()), Some(metric));
            assert_eq!(
                FlowMetric::parse(&metric.as_str().to_uppercase().replace('-', "_")),
                Some(metric)
            );
            let written = serde_json::to_string(&metric).unwrap();
            assert_eq!(written, format!("\"{}\"", metric.as_str()));
        }
        for (typed, metric) in [
            (" Cycle Time ", FlowMetric::CycleTime),
            ("WIP", FlowMetric::WorkInProgress),
            ("gini", FlowMetric::ReviewSpread),
            ("PR size", FlowMetric::ChangeSize),
            ("flaky", FlowMetric::CiFlakiness),
        ] {
            assert_eq!(FlowMetric::parse(typed), Some(metric), "{typed}");
        }
        assert_eq!(FlowMetric::parse("lead-time"), None);
    }

    #[test]
    fn every_metric_is_once_among_all() {
        let mut names = FlowMetric::ALL.map(FlowMetric::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FlowMetric::ALL.len());
    }
}
