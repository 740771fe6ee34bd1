//! Purpose: a forecast that was told, and what came true of it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::Sprint;
use super::forecast::Forecast;
use crate::calendar::WorkCalendar;
use crate::pull_request::PullRequestKey;

/// Former forecasts that are looked back at.
pub const LOOK_BACK: usize = 8;

/// A forecast as it was told to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// When it was told.
    pub made_at: DateTime<Utc>,
    /// How likely it was, in per cent.
    pub percent: u32,
    /// By the end of which day all was to be done.
    pub by: NaiveDate,
    /// What it was about.
    pub pulls: Vec<PullRequestKey>,
    /// What its random numbers began with.
    pub seed: u64,
}

impl Promise {
    /// What `sprint` promises about `pulls`; `None` where nobody could tell.
    pub fn of(sprint: &Sprint, pulls: Vec<PullRequestKey>) -> Option<Self> {
        let Forecast { likely, basis, .. } = sprint.forecast.as_ref().ok()?;
        Some(Self {
            made_at: sprint.as_of,
            percent: super::HIGH,
            by: *likely,
            pulls,
            seed: basis.seed,
        })
    }
}

/// How a pull request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: DateTime<Utc>,
    /// It was merged.
    pub is_merged: bool,
}

/// What came true of a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameTrue {
    /// On which day of the team it was told.
    pub made_on: NaiveDate,
    /// How likely it was, in per cent.
    pub percent: u32,
    /// By the end of which day.
    pub by: NaiveDate,
    /// How many pull requests it was about.
    pub total: usize,
    /// Those that were merged by then, or so far.
    pub merged: usize,
    /// Those that were closed without a merge by then, or so far.
    pub closed: usize,
    /// The day is over.
    pub is_due: bool,
}

impl CameTrue {
    /// Nothing of it was left open.
    pub fn is_kept(&self) -> bool {
        self.merged + self.closed == self.total
    }
}

/// What came true of former forecasts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// Of the last one.
    pub last: Option<CameTrue>,
    /// How many of the last [`LOOK_BACK`] came due.
    pub due: usize,
    /// How many of those were kept.
    pub kept: usize,
}

impl Memory {
    /// What came true of `promises`, the newest first, by how their pull requests ended.
    pub fn new(
        promises: &[Promise],
        ends: &HashMap<PullRequestKey, End>,
        calendar: &WorkCalendar,
        now: DateTime<Utc>,
    ) -> Self {
        let judged: Vec<CameTrue> = promises
            .iter()
            .take(LOOK_BACK)
            .map(|promise| judge(promise, ends, calendar, now))
            .collect();
        let due = || judged.iter().filter(|one| one.is_due);
        Self {
            due: due().count(),
            kept: due().filter(|one| one.is_kept()).count(),
            last: judged.first().cloned(),
        }
    }
}

fn judge(
    promise: &Promise,
    ends: &HashMap<PullRequestKey, End>,
    calendar: &WorkCalendar,
    now: DateTime<Utc>,
) -> CameTrue {
    let in_time = |end: &&End| end.at <= now && calendar.local_date(end.at) <= promise.by;
    let ended: Vec<&End> = promise
        .pulls
        .iter()
        .filter_map(|key| ends.get(key))
        .filter(in_time)
        .collect();
    let merged = ended.iter().filter(|end| end.is_merged).count();
    CameTrue {
        made_on: calendar.local_date(promise.made_at),
        percent: promise.percent,
        by: promise.by,
        total: promise.pulls.len(),
        merged,
        closed: ended.len() - merged,
        is_due: calendar.local_date(now) > promise.by,
    }
}
