//! Purpose: how a team's work went over some days against as many days before, from what is known of its pull requests,
//! reviews and deployments. Pure: the same facts give the same report.
//!
//! A percentile is the smallest value of the sample that at least so many per cent of it do not exceed (nearest rank), so it
//! is always a value that occurred. The median is the 50th: of an even number of values the lower one in the middle.

mod facts;
pub mod forecast;
pub mod promise;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, Duration, NaiveDate, Utc};

use crate::calendar::WorkCalendar;
use crate::deployment::is_production;
use forecast::{Forecast, NoForecast};

pub use facts::{EndedDeployment, EndedPull, FirstReview, OpenPull, WorkFacts};

/// The most days of a report.
pub const MAX_DAYS: u32 = 180;
/// The days of a report that names none: two weeks.
pub const DEFAULT_DAYS: u32 = 14;
/// Days before today whose throughput a forecast draws from, and which a picture shows: twelve weeks.
pub const HISTORY_DAYS: u64 = 84;
/// The percentile that is told beside the median.
pub const HIGH: u32 = 85;

/// The instant from which on facts are needed for a report over `days`.
pub fn facts_since(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let periods = Duration::days(2 * i64::from(days));
    let history = Duration::days(i64::try_from(HISTORY_DAYS).unwrap_or(0) + 7);
    now - periods.max(history)
}

/// A median and a high percentile, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Half of them are no longer.
    pub median: Duration,
    /// [`HIGH`] per cent are no longer.
    pub high: Duration,
    /// How many there are.
    pub sample: usize,
}

/// How many of how many deployments failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// Those that failed.
    pub failed: usize,
    /// Those that ended.
    pub ended: usize,
}

impl Failures {
    /// In per cent, rounded; `None` where nothing ended.
    pub fn percent(self) -> Option<usize> {
        (self.ended > 0).then(|| (200 * self.failed + self.ended) / (2 * self.ended))
    }
}

/// What happened within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Pull requests merged.
    pub merged: usize,
    /// Pull requests opened.
    pub opened: usize,
    /// Pull requests open at its end, drafts included.
    pub open_at_end: usize,
    /// From presented to first reviewed, in working time; `None` where nothing was reviewed.
    pub review: Option<Spread>,
    /// From opened to merged, in working time; `None` where nothing was merged.
    pub to_merge: Option<Spread>,
    /// Deployments to production, or to anywhere where nothing is called production.
    pub failures: Failures,
}

/// Work in progress: what is open and no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InProgress {
    /// How many.
    pub ready: usize,
    /// Drafts beside them.
    pub drafts: usize,
    /// Those of `ready` that were opened before the period began.
    pub carried: usize,
    /// Since they were opened, in working time; `None` where there are none.
    pub age: Option<Spread>,
    /// The age of each, the oldest first.
    pub ages: Vec<Duration>,
}

/// Merged pull requests of one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: NaiveDate,
    /// How many were merged.
    pub merged: usize,
    /// It is not over.
    pub is_partial: bool,
}

/// How the work goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sprint {
    /// When it was true.
    pub as_of: DateTime<Utc>,
    /// The length of both periods.
    pub days: u32,
    /// The last `days` days.
    pub now: Period,
    /// As many days before them.
    pub before: Period,
    /// What is under way.
    pub in_progress: InProgress,
    /// When what is under way will be done, or why nobody can tell.
    pub forecast: Result<Forecast, NoForecast>,
    /// The last weeks, the oldest first.
    pub weeks: Vec<Week>,
}

impl Sprint {
    /// The report of the last `days` days (at least 1).
    pub fn new(facts: &WorkFacts, calendar: &WorkCalendar, days: u32) -> Self {
        let length = Duration::days(i64::from(days.max(1)));
        let (now, middle) = (facts.as_of, facts.as_of - length);
        let in_progress = in_progress(facts, calendar, middle);
        Self {
            as_of: now,
            days: days.max(1),
            now: period(facts, calendar, middle, now),
            before: period(facts, calendar, middle - length, middle),
            forecast: forecast::forecast(&merges(facts), in_progress.ready, calendar, now),
            in_progress,
            weeks: weeks(facts, calendar),
        }
    }

    /// Whether nothing is known that could be told.
    pub fn is_empty(&self) -> bool {
        let is_idle = |period: &Period| {
            (
                period.merged,
                period.opened,
                period.open_at_end,
                period.failures.ended,
            ) == (0, 0, 0, 0)
                && period.review.is_none()
        };
        is_idle(&self.now) && is_idle(&self.before) && self.weeks.iter().all(|week| week.merged == 0)
    }
}

/// What happened from `from` on and before `to`.
pub fn period(facts: &WorkFacts, calendar: &WorkCalendar, from: DateTime<Utc>, to: DateTime<Utc>) -> Period {
    let within = |at: DateTime<Utc>| from <= at && at < to;
    let opened = facts.open.iter().map(|pull| (pull.opened_at, None));
    let ended = facts
        .ended
        .iter()
        .map(|pull| (pull.opened_at, Some(pull.ended_at)));
    let lives: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = opened.chain(ended).collect();
    let merged: Vec<&EndedPull> = facts
        .ended
        .iter()
        .filter(|pull| pull.is_merged && within(pull.ended_at))
        .collect();
    let reviewed = facts.reviews.iter().filter(|review| within(review.reviewed_at));
    Period {
        merged: merged.len(),
        opened: lives.iter().filter(|(opened, _)| within(*opened)).count(),
        open_at_end: lives
            .iter()
            .filter(|(opened, ended)| *opened < to && ended.is_none_or(|ended| ended >= to))
            .count(),
        review: spread(
            reviewed.map(|review| calendar.working_time(presented_at(review), review.reviewed_at)),
        ),
        to_merge: spread(
            merged
                .iter()
                .map(|pull| calendar.working_time(pull.opened_at, pull.ended_at)),
        ),
        failures: failures(facts.deployments.iter().filter(|ended| within(ended.ended_at))),
    }
}

/// When a pull request could first be reviewed. One that went back to draft after its review began when it was opened.
fn presented_at(review: &FirstReview) -> DateTime<Utc> {
    let left_draft = review.ready_at.filter(|ready| *ready <= review.reviewed_at);
    left_draft.map_or(review.opened_at, |ready| ready.max(review.opened_at))
}

/// Deployments to production; where nothing is called that, all of them.
fn failures<'d>(ended: impl Iterator<Item = &'d EndedDeployment>) -> Failures {
    let ended: Vec<&EndedDeployment> = ended.collect();
    let has_production = ended.iter().any(|one| is_production(&one.environment));
    let counted = ended
        .iter()
        .filter(|one| !has_production || is_production(&one.environment));
    counted.fold(Failures::default(), |so_far, one| Failures {
        failed: so_far.failed + usize::from(one.has_failed),
        ended: so_far.ended + 1,
    })
}

fn in_progress(facts: &WorkFacts, calendar: &WorkCalendar, began: DateTime<Utc>) -> InProgress {
    let ready: Vec<&OpenPull> = facts.open.iter().filter(|pull| pull.is_ready).collect();
    let mut ages: Vec<Duration> = ready
        .iter()
        .map(|pull| calendar.working_time(pull.opened_at, facts.as_of))
        .collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    InProgress {
        ready: ready.len(),
        drafts: facts.open.len() - ready.len(),
        carried: ready.iter().filter(|pull| pull.opened_at < began).count(),
        age: spread(ages.iter().copied()),
        ages,
    }
}

/// When pull requests were merged, in any order.
fn merges(facts: &WorkFacts) -> Vec<DateTime<Utc>> {
    let merged = facts.ended.iter().filter(|pull| pull.is_merged);
    merged.map(|pull| pull.ended_at).collect()
}

/// The weeks of the history, with those in which nothing was merged; none before the first that is known.
fn weeks(facts: &WorkFacts, calendar: &WorkCalendar) -> Vec<Week> {
    let today = calendar.local_date(facts.as_of);
    let monday = |date: NaiveDate| {
        let back = Days::new(u64::from(date.weekday().num_days_from_monday()));
        date.checked_sub_days(back).unwrap_or(date)
    };
    let mut counts: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for at in merges(facts) {
        *counts.entry(monday(calendar.local_date(at))).or_default() += 1;
    }
    let oldest = monday(today.checked_sub_days(Days::new(HISTORY_DAYS)).unwrap_or(today));
    let mut at = counts
        .range(oldest..)
        .next()
        .map_or(monday(today), |(first, _)| *first);
    let mut weeks = Vec::new();
    while at <= today {
        weeks.push(Week {
            monday: at,
            merged: counts.get(&at).copied().unwrap_or(0),
            is_partial: at == monday(today),
        });
        match at.checked_add_days(Days::new(7)) {
            Some(next) => at = next,
            None => break,
        }
    }
    weeks
}

/// The median and the high percentile; `None` of nothing.
pub fn spread(values: impl Iterator<Item = Duration>) -> Option<Spread> {
    let mut sorted: Vec<Duration> = values.collect();
    sorted.sort_unstable();
    Some(Spread {
        median: *nearest_rank(&sorted, 50)?,
        high: *nearest_rank(&sorted, HIGH)?,
        sample: sorted.len(),
    })
}

/// The smallest of `sorted` values that at least `percent` of them do not exceed; `None` of nothing.
pub fn nearest_rank<T>(sorted: &[T], percent: u32) -> Option<&T> {
    let percent = usize::try_from(percent.min(100)).unwrap_or(100);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1)
}

#[cfg(test)]
mod tests;
