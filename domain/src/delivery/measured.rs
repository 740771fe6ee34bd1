//! Purpose: a number with its proof: the value or why there is none, of how many, how sure, what is missing, and the list of
//! the things it was counted from.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::bands::Band;
use super::definitions::{Asked, Mode};
use super::facts::Subject;
use super::reasons::{About, Joined, NoValue, Why};

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// So many a day.
    PerDay,
    /// So many a week.
    PerWeek,
    /// So many a month.
    PerMonth,
    /// Days of a week.
    DaysPerWeek,
    /// Seconds.
    Seconds,
    /// A share of the whole: 1 is all of it.
    Share,
    /// How many.
    Count,
    /// Lines added and removed.
    Lines,
    /// The Gini coefficient: 0 where all have the same, near 1 where one has all.
    Gini,
}

/// How a value is made of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The number divided by the length of the window.
    Rate,
    /// The 50th percentile, by linear interpolation between the closest ranks: position (n - 1) · 0.5.
    Median,
    /// The value in the middle; of an even number of values the lower one of the two.
    LowerMedian,
    /// The arithmetic mean.
    Mean,
    /// The arithmetic mean, rounded down to a whole number.
    FlooredMean,
    /// Those that fit divided by all.
    Share,
    /// Incidents divided by deployments: more than 1 where they have several.
    RowsPerDeployment,
    /// A sum over all divided by another: the long ones weigh more than the short ones.
    Total,
    /// How many there are at the end of the window.
    AtEnd,
    /// The Gini coefficient: 0 where all have the same, near 1 where one has all.
    Gini,
}

/// How an interval was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// The exact distribution of the bootstrap of an order statistic: its rank is Beta distributed.
    OrderStatistic,
    /// The exact distribution of the bootstrap of a share: binomial.
    Binomial,
    /// Clopper and Pearson's, where all or none fit and the bootstrap would be sure of that.
    Exact,
    /// Drawn again 1,000 times, with random numbers that begin with the facts.
    Resampled,
    /// What resampling tends to with many values: the normal distribution.
    Normal,
}

/// Where the value would be in 95 of 100 such samples, in the value's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How it was found.
    pub method: IntervalMethod,
}

/// Why there is no band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoBand {
    /// There is no value.
    NoValue,
    /// The sample is below [`minimum_sample`](super::Definitions::minimum_sample).
    SmallSample,
    /// Nobody has published bands for this metric.
    NonePublished,
}

/// What is missing or was decided, and of how many: `count` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What.
    pub about: About,
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
}

/// A thing that another was joined to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What.
    pub to: Subject,
    /// How.
    pub how: Joined,
}

/// Whether something counts in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does.
    Counted,
    /// It does not.
    LeftOut(Why),
}

/// The lead time of one change in parts, in whole seconds, each zero or above. They add up to the whole exactly. A part
/// whose end is not known is zero, and its time is in the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parts {
    /// From the first commit to ready for review: time as a draft is coding.
    pub coding: i64,
    /// From ready to the first review by a person.
    pub pickup: i64,
    /// From there to the last approval before the merge.
    pub review: i64,
    /// From there to the merge.
    pub merge: i64,
    /// From there to live.
    pub deploy: i64,
    /// The instants were out of order, so that a part would have been negative.
    pub out_of_order: bool,
    /// An instant between the first and the last is not known.
    pub incomplete: bool,
}

impl Parts {
    /// The whole.
    pub fn total(&self) -> i64 {
        self.coding + self.pickup + self.review + self.merge + self.deploy
    }
}

/// One line of the proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofRow {
    /// What it is about.
    pub subject: Subject,
    /// When: of a deployment when it was live, of a change when it was live (else merged; an open one: opened), of an
    /// incident when it began (in a recovery time: from when that is counted), of a review when it was given, of a run of CI
    /// when it was made. In [`Mode::Middleware`] a deployment is of the time when it was made.
    pub at: DateTime<Utc>,
    /// What it adds, in the metric's unit: seconds, 1 and 0 for a share, 1 where it is counted; `None` where nothing.
    pub value: Option<f64>,
    /// What it was joined to.
    pub links: Vec<Link>,
    /// The parts of a lead time.
    pub parts: Option<Parts>,
    /// Whether it counts.
    pub standing: Standing,
}

/// One metric with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The value, a finite number; or why there is none.
    pub value: Result<f64, NoValue>,
    /// Its unit.
    pub unit: Unit,
    /// How it is made of many.
    pub statistic: Statistic,
    /// Of how many: deployments, changes or recoveries; of flow changes, open pull requests, reviews, or runs of CI.
    pub sample: usize,
    /// How sure it is; `None` where too little is known to tell.
    pub interval: Option<Interval>,
    /// Its band; or why none.
    pub band: Result<Band, NoBand>,
    /// What is missing, by how many.
    pub notes: Vec<Note>,
    /// What it was counted from and what was left out, by time.
    pub proof: Vec<ProofRow>,
}

/// How often something goes live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frequency {
    /// The value by the mode's rule.
    pub rate: Measured,
    /// Days of the zone with at least one deployment.
    pub days_with_deployment: usize,
    /// The median of the whole weeks in the window; `None` where there is none.
    pub median_per_week: Option<f64>,
    /// Deployments divided by the weeks from the first to the last of the window; `None` for fewer than two instants.
    pub per_week_between_first_and_last: Option<f64>,
}

/// A percentile of a lead time, or of another metric that is made of single values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentile {
    /// Which: 50, 75, 90, 95.
    pub percent: u32,
    /// In the metric's unit: seconds, or lines.
    pub value: f64,
    /// How sure it is.
    pub interval: Option<Interval>,
}

/// One part of the lead time over all changes that count, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartSummary {
    /// The median, by the same rule as the metric's.
    pub median: f64,
    /// The mean. The means of the parts add up to the mean of the whole.
    pub mean: f64,
}

/// All parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartSummaries {
    /// To ready for review.
    pub coding: PartSummary,
    /// To the first review.
    pub pickup: PartSummary,
    /// To the approval.
    pub review: PartSummary,
    /// To the merge.
    pub merge: PartSummary,
    /// To live.
    pub deploy: PartSummary,
}

/// How long a change takes to be live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadTime {
    /// The value by the mode's rule, with the proof.
    pub time: Measured,
    /// The 50th, 75th, 90th and 95th percentile, by linear interpolation in every mode; empty where nothing was delivered.
    pub percentiles: Vec<Percentile>,
    /// The mean, in seconds.
    pub mean: Option<f64>,
    /// Its parts; `None` where nothing was delivered, or the mode has none.
    pub parts: Option<PartSummaries>,
}

/// One week of the zone, from a Monday on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeekPoint {
    /// Its Monday.
    pub monday: NaiveDate,
    /// The window holds a part of it only.
    pub is_partial: bool,
    /// Deployments that count.
    pub deployments: usize,
    /// Days with at least one.
    pub days_with_deployment: usize,
    /// Changes that count and went live.
    pub delivered: usize,
    /// The lead time of these in seconds, by the mode's statistic.
    pub lead_time: Option<f64>,
    /// Deployments of the week that failed.
    pub failed: usize,
    /// How long their recovery took in seconds, by the mode's statistic.
    pub recovery: Option<f64>,
    /// Deployments of the week that were rework.
    pub rework: usize,
}

/// The five metrics of one window under one mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FiveKeys {
    /// By whose definitions.
    pub mode: Mode,
    /// What was asked for.
    pub asked: Asked,
    /// Deployment frequency.
    pub frequency: Frequency,
    /// Lead time for changes.
    pub lead_time: LeadTime,
    /// Change fail rate.
    pub change_fail: Measured,
    /// Failed deployment recovery time.
    pub recovery: Measured,
    /// Deployment rework rate.
    pub rework: Measured,
    /// The weeks that the window touches, the oldest first; weeks with nothing are there too.
    pub weeks: Vec<WeekPoint>,
}
