//! Purpose: the week against the week before, and what of it changed most: by how much it usually varies, not by per cent,
//! because a measure that swings every week has not changed when it swings.

use chrono::{DateTime, Duration, Utc};

use crate::calendar::WorkCalendar;
use crate::sprint::{Period, WorkFacts, period};

/// Weeks before the last one, by which is known how much a measure usually varies.
pub const USUAL_WEEKS: i32 = 8;
/// Fewer weeks with a value than this do not tell what is usual.
const MIN_WEEKS: usize = 4;
/// What changed most, at most.
pub const MOST_CHANGED: usize = 3;

/// What is told of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Pull requests merged.
    Merged,
    /// Pull requests opened.
    Opened,
    /// Pull requests open at the end of the week.
    Open,
    /// The median time from presented to first reviewed, in minutes of working time.
    Review,
    /// The median time from opened to merged, in minutes of working time.
    ToMerge,
    /// Deployments that ended.
    Deployments,
    /// Deployments that failed, in per cent.
    Failures,
}

impl Measure {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::Merged,
        Self::Opened,
        Self::Open,
        Self::Review,
        Self::ToMerge,
        Self::Deployments,
        Self::Failures,
    ];

    /// Its value in a week; `None` where the week has nothing to measure.
    fn of(self, week: &Period) -> Option<i64> {
        let count = |count: usize| Some(i64::try_from(count).unwrap_or(i64::MAX));
        match self {
            Self::Merged => count(week.merged),
            Self::Opened => count(week.opened),
            Self::Open => count(week.open_at_end),
            Self::Review => week.review.map(|spread| spread.median.num_minutes()),
            Self::ToMerge => week.to_merge.map(|spread| spread.median.num_minutes()),
            Self::Deployments => count(week.failures.ended),
            Self::Failures => week.failures.percent().and_then(count),
        }
    }

    /// What it varies by at least, so that a measure that never moved does not lead for one more or less.
    fn grain(self) -> f64 {
        match self {
            Self::Merged | Self::Opened | Self::Open | Self::Deployments => 1.0,
            Self::Review | Self::ToMerge => 30.0,
            Self::Failures => 5.0,
        }
    }
}

/// A measure of the last week beside the week before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Which.
    pub measure: Measure,
    /// Of the last seven days.
    pub now: Option<i64>,
    /// Of the seven days before.
    pub before: Option<i64>,
    /// The change in units of its usual variation (0 or more); `None` where nobody knows what is usual, or nothing can be
    /// compared.
    pub strength: Option<f64>,
}

impl Trend {
    /// By how much it changed; `None` where one of the two is missing.
    pub fn change(&self) -> Option<i64> {
        Some(self.now? - self.before?)
    }
}

/// The week.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// Every measure, in the order of [`Measure::ALL`].
    pub trends: Vec<Trend>,
    /// The last seven days in full.
    pub week: Period,
}

impl Digest {
    /// The digest of the seven days before `facts.as_of`.
    pub fn new(facts: &WorkFacts, calendar: &WorkCalendar) -> Self {
        let week = |back: i32| {
            let to = facts.as_of - Duration::weeks(i64::from(back));
            period(facts, calendar, to - Duration::weeks(1), to)
        };
        let (now, before) = (week(0), week(1));
        let oldest = oldest(facts);
        // Weeks before anything is known of are no weeks in which nothing happened.
        let usual: Vec<Period> = (1..=USUAL_WEEKS)
            .filter(|back| {
                let from = facts.as_of - Duration::weeks(i64::from(*back) + 1);
                oldest.is_some_and(|oldest| oldest <= from)
            })
            .map(week)
            .collect();
        let trends = Measure::ALL.map(|measure| trend(measure, &now, &before, &usual));
        Self {
            as_of: facts.as_of,
            trends: trends.into(),
            week: now,
        }
    }

    /// What changed most by its own variation, the strongest first; what did not change is not among it.
    pub fn most_changed(&self) -> Vec<Trend> {
        let moved = |trend: &&Trend| trend.change().is_some_and(|change| change != 0);
        let mut moved: Vec<Trend> = self.trends.iter().filter(moved).copied().collect();
        moved.retain(|trend| trend.strength.is_some());
        moved.sort_by(|a, b| {
            let strength = |trend: &Trend| trend.strength.unwrap_or(0.0);
            strength(b).total_cmp(&strength(a))
        });
        moved.truncate(MOST_CHANGED);
        moved
    }
}

/// The first thing that is known of.
fn oldest(facts: &WorkFacts) -> Option<DateTime<Utc>> {
    let ended = facts.ended.iter().map(|pull| pull.ended_at);
    let deployed = facts.deployments.iter().map(|deployment| deployment.ended_at);
    let reviewed = facts.reviews.iter().map(|review| review.reviewed_at);
    ended.chain(deployed).chain(reviewed).min()
}

fn trend(measure: Measure, now: &Period, before: &Period, usual: &[Period]) -> Trend {
    let (now, before) = (measure.of(now), measure.of(before));
    let values: Vec<f64> = usual
        .iter()
        .filter_map(|week| measure.of(week))
        .map(real)
        .collect();
    let change = now.zip(before).map(|(now, before)| real(now - before).abs());
    let variation = (values.len() >= MIN_WEEKS).then(|| deviation(&values).max(measure.grain()));
    Trend {
        measure,
        now,
        before,
        strength: change
            .zip(variation)
            .map(|(change, variation)| change / variation),
    }
}

/// The standard deviation of values, of which there is one at least.
fn deviation(values: &[f64]) -> f64 {
    let count = real(i64::try_from(values.len()).unwrap_or(i64::MAX)).max(1.0);
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (squares / count).sqrt()
}

/// Minutes and counts of a week are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "what is measured in a week is small")]
fn real(value: i64) -> f64 {
    value as f64
}
