//! Purpose: days, weeks and months of a zone that a window touches, and what happened in each. Weeks begin on Monday.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};

use super::definitions::Asked;
use super::measured::WeekPoint;
use super::statistics::lower_median;
use crate::calendar::instant_in;

/// What happened in a window, each thing with the instant that says which week it belongs to.
#[derive(Default)]
pub(super) struct Happened {
    pub(super) deployments: Vec<DateTime<Utc>>,
    /// With the lead time in seconds.
    pub(super) delivered: Vec<(DateTime<Utc>, i64)>,
    pub(super) failed: Vec<DateTime<Utc>>,
    /// With how long it took in seconds.
    pub(super) recovered: Vec<(DateTime<Utc>, i64)>,
    pub(super) rework: Vec<DateTime<Utc>>,
}

/// The calendar day of an instant in the zone asked for.
pub(super) fn day(asked: &Asked, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&asked.zone).date_naive()
}

/// The Monday of a day's week.
pub(super) fn monday(date: NaiveDate) -> NaiveDate {
    let back = Days::new(u64::from(date.weekday().num_days_from_monday()));
    date.checked_sub_days(back).unwrap_or(date)
}

/// The first day of a day's month.
pub(super) fn month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// The first day of a day's half-year.
pub(super) fn half_year(date: NaiveDate) -> NaiveDate {
    let first = if date.month() <= 6 { 1 } else { 7 };
    NaiveDate::from_ymd_opt(date.year(), first, 1).unwrap_or(date)
}

/// All days that the window touches, in order; none where it is no window.
pub(super) fn days(asked: &Asked) -> impl Iterator<Item = NaiveDate> {
    let last = asked.to - chrono::Duration::nanoseconds(1);
    let (first, last) = (day(asked, asked.from), day(asked, last));
    let is_window = asked.is_window();
    first
        .iter_days()
        .take_while(move |date| is_window && *date <= last)
}

/// How many different days of each period, among the periods that the window touches, are among `deployed`; sorted by size.
pub(super) fn days_in(
    asked: &Asked,
    deployed: &BTreeSet<NaiveDate>,
    period: fn(NaiveDate) -> NaiveDate,
) -> Vec<i64> {
    let mut counts: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for date in days(asked) {
        *counts.entry(period(date)).or_default() += i64::from(deployed.contains(&date));
    }
    let mut sorted: Vec<i64> = counts.into_values().collect();
    sorted.sort_unstable();
    sorted
}

/// The lower median of [`days_in`]; 0 where there is no period.
pub(super) fn median_days(
    asked: &Asked,
    deployed: &BTreeSet<NaiveDate>,
    period: fn(NaiveDate) -> NaiveDate,
) -> f64 {
    lower_median(&days_in(asked, deployed, period)).unwrap_or(0.0)
}

/// The first instant of a day in the zone asked for.
fn begins(asked: &Asked, date: NaiveDate) -> DateTime<Utc> {
    instant_in(asked.zone, date, NaiveTime::MIN)
}

/// One week with the part of it that the window holds.
pub(crate) struct Week {
    pub(crate) monday: NaiveDate,
    pub(crate) is_partial: bool,
    /// In seconds.
    length: i64,
    /// When it is over, or the window, whichever is earlier.
    pub(crate) end: DateTime<Utc>,
}

/// The weeks that the window touches, the oldest first.
pub(crate) fn touched(asked: &Asked) -> Vec<Week> {
    let mondays: BTreeSet<NaiveDate> = days(asked).map(monday).collect();
    let weeks = mondays.into_iter().map(|monday| {
        let next = monday.checked_add_days(Days::new(7)).unwrap_or(monday);
        let (start, end) = (begins(asked, monday), begins(asked, next));
        let length = end.min(asked.to) - start.max(asked.from);
        Week {
            monday,
            is_partial: start < asked.from || asked.to < end,
            length: length.num_seconds(),
            end: end.min(asked.to),
        }
    });
    weeks.collect()
}

/// For each touched week how much of `deployments` it holds, and how long it is in seconds.
pub(super) fn counts_and_lengths(asked: &Asked, deployments: &[DateTime<Utc>]) -> Vec<(i64, i64)> {
    let mut counts: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for at in deployments {
        *counts.entry(monday(day(asked, *at))).or_default() += 1;
    }
    let weeks = touched(asked).into_iter();
    weeks
        .map(|week| (counts.get(&week.monday).copied().unwrap_or(0), week.length.max(1)))
        .collect()
}

/// The weeks with what happened in each; `middle` says how many are made one, from sorted values.
pub(super) fn points(
    asked: &Asked,
    happened: &Happened,
    middle: fn(&[i64]) -> Option<f64>,
) -> Vec<WeekPoint> {
    let instants = |all: &[DateTime<Utc>]| by_week(asked, all.iter().map(|at| (*at, *at)));
    let values = |all: &[(DateTime<Utc>, i64)]| by_week(asked, all.iter().copied());
    let deployments = instants(&happened.deployments);
    let (failed, rework) = (instants(&happened.failed), instants(&happened.rework));
    let (delivered, recovered) = (values(&happened.delivered), values(&happened.recovered));
    let points = touched(asked).into_iter().map(|week| {
        let monday = &week.monday;
        let on = deployments.get(monday).map_or(&[][..], Vec::as_slice);
        WeekPoint {
            monday: week.monday,
            is_partial: week.is_partial,
            deployments: on.len(),
            days_with_deployment: on.iter().map(|at| day(asked, *at)).collect::<BTreeSet<_>>().len(),
            delivered: delivered.get(monday).map_or(0, Vec::len),
            lead_time: delivered.get(monday).and_then(|values| middle(values)),
            failed: failed.get(monday).map_or(0, Vec::len),
            recovery: recovered.get(monday).and_then(|values| middle(values)),
            rework: rework.get(monday).map_or(0, Vec::len),
        }
    });
    points.collect()
}

/// Values by the Monday of their instant, sorted.
pub(crate) fn by_week<T: Ord>(
    asked: &Asked,
    all: impl Iterator<Item = (DateTime<Utc>, T)>,
) -> BTreeMap<NaiveDate, Vec<T>> {
    let mut grouped: BTreeMap<NaiveDate, Vec<T>> = BTreeMap::new();
    for (at, value) in all {
        grouped.entry(monday(day(asked, at))).or_default().push(value);
    }
    for group in grouped.values_mut() {
        group.sort_unstable();
    }
    grouped
}
