//! Purpose: the five metrics by name: what people type, what addresses and files call them, and which way is good.

use serde::{Deserialize, Serialize};

use super::measured::{FiveKeys, Measured, WeekPoint};

/// One of the five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// How often something goes live.
    DeploymentFrequency,
    /// How long a change takes to be live.
    LeadTime,
    /// The share of deployments that failed.
    ChangeFailRate,
    /// How long a failed deployment lasts.
    RecoveryTime,
    /// The share of deployments that are only there to mend another.
    ReworkRate,
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::DeploymentFrequency,
        Self::LeadTime,
        Self::ChangeFailRate,
        Self::RecoveryTime,
        Self::ReworkRate,
    ];

    /// What addresses and commands call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeploymentFrequency => "deployment-frequency",
            Self::LeadTime => "lead-time",
            Self::ChangeFailRate => "change-fail-rate",
            Self::RecoveryTime => "recovery-time",
            Self::ReworkRate => "rework-rate",
        }
    }

    /// What reports call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::DeploymentFrequency => "Deployment frequency",
            Self::LeadTime => "Lead time for changes",
            Self::ChangeFailRate => "Change fail rate",
            Self::RecoveryTime => "Recovery time",
            Self::ReworkRate => "Deployment rework rate",
        }
    }

    /// The metric that people mean: its name, the beginning of its name, or what others call it; without regard to case.
    pub fn parse(typed: &str) -> Option<Self> {
        let name = typed.trim().to_lowercase().replace(['_', ' '], "-");
        let known = Self::ALL.into_iter().find(|metric| metric.as_str() == name);
        known.or(match name.as_str() {
            "df" | "frequency" | "deployments" | "deploys" => Some(Self::DeploymentFrequency),
            "lt" | "ltc" | "lead" | "leadtime" | "lead-time-for-changes" | "change-lead-time" => {
                Some(Self::LeadTime)
            }
            "cfr" | "change-failure-rate" | "failure-rate" | "fail-rate" | "failures" => {
                Some(Self::ChangeFailRate)
            }
            "mttr" | "fdrt" | "recovery" | "restore" | "time-to-restore" => Some(Self::RecoveryTime),
            "rework" | "drr" | "deployment-rework-rate" => Some(Self::ReworkRate),
            _ => None,
        })
    }

    /// Whether more of it is better.
    pub fn more_is_better(self) -> bool {
        self == Self::DeploymentFrequency
    }
}

impl FiveKeys {
    /// The value of one metric, with its proof.
    pub fn of(&self, metric: Metric) -> &Measured {
        match metric {
            Metric::DeploymentFrequency => &self.frequency.rate,
            Metric::LeadTime => &self.lead_time.time,
            Metric::ChangeFailRate => &self.change_fail,
            Metric::RecoveryTime => &self.recovery,
            Metric::ReworkRate => &self.rework,
        }
    }
}

impl Measured {
    /// How many of those that were looked at fit, where the value is a share of them: those that failed, or were rework.
    pub fn fitting(&self) -> usize {
        let fits = |value: f64| value > 0.0;
        self.proof
            .iter()
            .filter(|row| row.value.is_some_and(fits))
            .count()
    }
}

impl WeekPoint {
    /// What one metric was in the week: deployments, seconds, or a share; `None` where nothing happened that it could be of.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let share = |part: usize| (self.deployments > 0).then(|| count(part) / count(self.deployments));
        match metric {
            Metric::DeploymentFrequency => Some(count(self.deployments)),
            Metric::LeadTime => self.lead_time,
            Metric::ChangeFailRate => share(self.failed),
            Metric::RecoveryTime => self.recovery,
            Metric::ReworkRate => share(self.rework),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_and_by_what_others_call_it() {
        for metric in Metric::ALL {
            assert_eq!(Metric::parse(metric.as_str()), Some(metric));
        }
        for (typed, metric) in [
            (" CFR ", Metric::ChangeFailRate),
            ("Lead time", Metric::LeadTime),
            ("mttr", Metric::RecoveryTime),
            ("deploys", Metric::DeploymentFrequency),
            ("rework", Metric::ReworkRate),
        ] {
            assert_eq!(Metric::parse(typed), Some(metric), "{typed}");
        }
        assert_eq!(Metric::parse("velocity"), None);
    }
}
