//! Purpose: any metric by its name, one of delivery or one of flow: what people type after `explain`, and what files and
//! addresses call it. No two have the same name.

use serde::{Deserialize, Serialize};

use crate::delivery::{Metric, Unit};
use crate::flow::FlowMetric;

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnyMetric {
    /// One of the five delivery metrics.
    Delivery(Metric),
    /// One of the flow metrics.
    Flow(FlowMetric),
}

impl From<Metric> for AnyMetric {
    fn from(metric: Metric) -> Self {
        Self::Delivery(metric)
    }
}

impl From<FlowMetric> for AnyMetric {
    fn from(metric: FlowMetric) -> Self {
        Self::Flow(metric)
    }
}

impl AnyMetric {
    /// All of them, those of delivery first.
    pub fn all() -> impl Iterator<Item = Self> {
        let delivery = Metric::ALL.into_iter().map(Self::Delivery);
        delivery.chain(FlowMetric::ALL.into_iter().map(Self::Flow))
    }

    /// What addresses and commands call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivery(metric) => metric.as_str(),
            Self::Flow(metric) => metric.as_str(),
        }
    }

    /// What reports call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Delivery(metric) => metric.title(),
            Self::Flow(metric) => metric.title(),
        }
    }

    /// The metric that people mean, without regard to case.
    pub fn parse(typed: &str) -> Option<Self> {
        let delivery = Metric::parse(typed).map(Self::Delivery);
        delivery.or_else(|| FlowMetric::parse(typed).map(Self::Flow))
    }

    /// What a value of it counts, by our own definitions.
    pub fn unit(self) -> Unit {
        match self {
            Self::Delivery(Metric::DeploymentFrequency) => Unit::PerWeek,
            Self::Delivery(Metric::LeadTime | Metric::RecoveryTime) => Unit::Seconds,
            Self::Delivery(Metric::ChangeFailRate | Metric::ReworkRate) => Unit::Share,
            Self::Flow(metric) => metric.unit(),
        }
    }

    /// Whether it can be asked of people: deployments and runs of CI belong to repositories alone.
    pub fn has_author(self) -> bool {
        match self {
            Self::Delivery(metric) => metric == Metric::LeadTime,
            Self::Flow(metric) => !matches!(metric, FlowMetric::CiDuration | FlowMetric::CiFlakiness),
        }
    }

    /// Whether more of it is better; `None` where neither way is good by itself.
    pub fn more_is_better(self) -> Option<bool> {
        match self {
            Self::Delivery(metric) => Some(metric.more_is_better()),
            Self::Flow(metric) => metric.more_is_better(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_in_commands_and_in_files() {
        for metric in AnyMetric::all() {
            assert_eq!(AnyMetric::parse(metric.as_str()), Some(metric));
            let told = serde_json::to_string(&metric).unwrap();
            assert_eq!(told, format!("\"{}\"", metric.as_str()));
            assert_eq!(serde_json::from_str::<AnyMetric>(&told).unwrap(), metric);
        }
        let names: BTreeSet<&str> = AnyMetric::all().map(AnyMetric::as_str).collect();
        assert_eq!(names.len(), AnyMetric::all().count());
        assert_eq!(AnyMetric::parse("velocity"), None);
    }
}
