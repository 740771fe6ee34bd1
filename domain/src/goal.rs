//! Purpose: goals: a metric, the worst value that is still fine, and over how many days. A goal of a team and a threshold of
//! the organisation are the same thing. [`near`] finds what is about to miss one, [`standing`] says whether one holds.

mod limit;
mod missed;
mod near;
#[cfg(test)]
mod tests;
mod working;

use crate::any_metric::AnyMetric;
use crate::calendar::WorkCalendar;
use crate::id::{Login, RepositoryName};
use crate::signal::{ClockKind, LooksAt, Severity, SignalKind};
use crate::triage::TeamScope;

pub use limit::Limit;
pub use missed::{Standing, Unsure, finding, standing};
pub use near::near;

/// Over how many days a goal is looked at where it does not say.
pub const DEFAULT_DAYS: u32 = 30;
/// The longest window of a goal, in days.
pub const MOST_DAYS: u32 = 365;
/// The part of its limit after which people are told that a pull request nears it, where the goal does not say: per cent.
pub const DEFAULT_WARN_AT: u32 = 75;

/// A pull request is about to miss a goal, or has missed it. Evaluated with the rules: hours matter.
pub const AT_RISK: &SignalKind = &SignalKind {
    name: "goal_at_risk",
    heading: "About to miss a goal",
    summary: "A pull request has used up most of the time that a goal gives it.",
    parameters: &[],
    severity: Severity::Info,
    clock: ClockKind::Working,
    looks_at: LooksAt::PullRequests,
    evaluate: |_, _| Vec::new(),
};

/// The value over the window misses the goal. Evaluated by the hour: it takes the facts of many days.
pub const MISSED: &SignalKind = &SignalKind {
    name: "goal_missed",
    heading: "Goals that are missed",
    summary: "A metric over its window is worse than the goal.",
    parameters: &[],
    severity: Severity::Warning,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate: |_, _| Vec::new(),
};

/// A goal as it is written in the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Written<'w> {
    /// The name of a metric.
    pub metric: &'w str,
    /// The worst value that is fine, with its unit: `4 working hours`, `15 %`, `3 per week`.
    pub value: &'w str,
    /// Over how many days: `30d`.
    pub window: Option<&'w str>,
    /// From how much of its limit on a pull request is told of, in per cent.
    pub warn_at_percent: Option<u32>,
    /// Where its signals are posted.
    pub channel: Option<&'w str>,
}

/// What is wrong with a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The key that is wrong.
    pub key: &'static str,
    /// What is wrong, and what may be written instead; without a full stop.
    pub what: String,
}

/// A goal: one metric of one team or of everybody has one threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Whose; everybody's if absent.
    pub team: Option<TeamScope>,
    /// Of which metric.
    pub metric: AnyMetric,
    /// The worst value that is fine.
    pub limit: Limit,
    /// The limit as it is written: `4 working hours`.
    pub written: String,
    /// Over how many days the value is looked at.
    pub days: u32,
    /// From how much of its limit on a pull request is told of, in per cent; below 100.
    pub warn_at_percent: u32,
    /// Where its signals are posted; the common channel if absent.
    pub channel: Option<String>,
}

impl Goal {
    /// Reads a goal of a team, or of everybody.
    ///
    /// # Errors
    /// Which key is wrong, and what may be written instead.
    pub fn read(written: &Written<'_>, team: Option<&TeamScope>) -> Result<Self, Wrong> {
        let wrong = |key, what: String| Wrong { key, what };
        let metric =
            AnyMetric::parse(written.metric).ok_or_else(|| wrong("metric", no_metric(written.metric)))?;
        if team.is_some_and(|team| team.repositories.is_empty()) && !metric.has_author() {
            let what = format!(
                "{} belongs to repositories, and this team lists none",
                metric.as_str()
            );
            return Err(wrong("metric", what));
        }
        let limit = Limit::parse(metric, written.value).map_err(|what| wrong("value", what))?;
        let days = written.window.map_or(Some(DEFAULT_DAYS), days);
        let days = days.ok_or_else(|| {
            let what = format!("write a number of days from 1 to {MOST_DAYS}, as `30d`");
            wrong("window", what)
        })?;
        let warn_at_percent = written.warn_at_percent.unwrap_or(DEFAULT_WARN_AT);
        if !(1..100).contains(&warn_at_percent) {
            return Err(wrong("warn_at_percent", "write a number from 1 to 99".to_owned()));
        }
        Ok(Self {
            team: team.cloned(),
            metric,
            limit,
            written: written.value.split_whitespace().collect::<Vec<_>>().join(" "),
            days,
            warn_at_percent,
            channel: written.channel.map(str::to_owned),
        })
    }

    /// What it is called, and its signals' rule: `payments time-to-first-review`. No two goals have the same name.
    pub fn name(&self) -> String {
        format!("{} {}", self.whose(), self.metric.as_str())
    }

    /// The name of its team.
    pub fn whose(&self) -> &str {
        self.team.as_ref().map_or("everybody", |team| team.name.as_str())
    }

    /// What it is about, in words: `Time to first review of payments`.
    pub fn title(&self) -> String {
        match &self.team {
            Some(team) => format!("{} of {}", self.metric.title(), team.name),
            None => self.metric.title().to_owned(),
        }
    }

    /// The limit in words: `at most 4 working hours`.
    pub fn in_words(&self) -> String {
        let way = if self.wants_more() { "at least" } else { "at most" };
        format!("{way} {}", self.written)
    }

    /// Whether its value must not be below the limit. Of work in progress, where neither way is good by itself, it must
    /// not be above: whoever sets a limit to it means that.
    pub fn wants_more(&self) -> bool {
        self.metric.more_is_better() == Some(true)
    }

    /// Whether `value`, in the metric's unit, is fine. Of a limit in working time, `value` is seconds of working time.
    pub fn holds_at(&self, value: f64, calendar: &WorkCalendar) -> bool {
        let limit = self.limit.value(calendar);
        if self.wants_more() {
            value >= limit
        } else {
            value <= limit
        }
    }

    /// Whether something in `repository` by `author` is looked at, as metrics do: by the team's repositories; for a team
    /// that has none, by its people.
    pub fn covers(&self, repository: &RepositoryName, author: &Login) -> bool {
        let Some(team) = &self.team else { return true };
        if team.repositories.is_empty() {
            return team.members.iter().any(|member| member.same(author));
        }
        let same = |name: &RepositoryName| name.as_str().eq_ignore_ascii_case(repository.as_str());
        team.repositories.iter().any(same)
    }
}

/// A number of days, as written: `30d`, `30 days` or `30`.
fn days(written: &str) -> Option<u32> {
    let end = written
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(written.len());
    let (number, unit) = written.split_at(end);
    let is_days = matches!(unit.trim(), "" | "d" | "day" | "days");
    let days: u32 = number.parse().ok().filter(|_| is_days)?;
    (1..=MOST_DAYS).contains(&days).then_some(days)
}

fn no_metric(typed: &str) -> String {
    let near = AnyMetric::all().max_by(|a, b| {
        let like = |metric: &AnyMetric| strsim::jaro_winkler(metric.as_str(), typed);
        like(a).total_cmp(&like(b))
    });
    let meant = near.map_or_else(String::new, |near| format!("; did you mean `{}`?", near.as_str()));
    format!("there is no metric `{typed}`{meant}")
}
