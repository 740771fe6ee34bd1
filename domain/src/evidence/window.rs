//! Purpose: from when until when. Windows are half-open, so that of windows that adjoin exactly one holds an instant.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;

use crate::calendar::WorkCalendar;

/// How far back the last working day is looked for: whoever was away for longer catches up in another way.
pub const LOOK_BACK_DAYS: u64 = 31;

/// A span of time: its first instant belongs to it, its last does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first instant in it.
    pub from: DateTime<Utc>,
    /// The first instant after it; before or at `from` the window is empty.
    pub to: DateTime<Utc>,
}

impl Window {
    /// What has happened since an instant, which may be that of the last report.
    pub fn since(from: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { from, to: now }
    }

    /// Whether `at` lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// The calendar days from `first` to `last` in a zone, one window each, without gap or overlap: a day has 23, 24 or
    /// 25 hours where the clock changes.
    pub fn days(zone: Tz, first: NaiveDate, last: NaiveDate) -> Vec<Self> {
        let calendar = WorkCalendar {
            zone,
            ..WorkCalendar::default()
        };
        let days = first.iter_days().take_while(|day| *day <= last);
        let begins: Vec<_> = days
            .chain(last.succ_opt())
            .map(|day| calendar.day_begins(day))
            .collect();
        let pairs = begins.iter().zip(begins.iter().skip(1));
        pairs.map(|(from, to)| Self { from: *from, to: *to }).collect()
    }
}

/// Since the last working day before today: from its first instant until `now`, so that on a Monday Friday and the
/// weekend are in it, and after a holiday the day before. Today and days off are counted in `zone`, the person's or the
/// team's; `away` are the person's own days off. Where there was no working day for a month, since yesterday.
pub fn last_working_day(
    calendar: &WorkCalendar,
    zone: Tz,
    away: &BTreeSet<NaiveDate>,
    now: DateTime<Utc>,
) -> Window {
    let calendar = WorkCalendar {
        zone,
        ..calendar.clone()
    };
    let today = calendar.local_date(now);
    let before = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let worked = (1..=LOOK_BACK_DAYS)
        .map(before)
        .find(|day| calendar.is_working_day(*day) && !away.contains(day));
    Window::since(calendar.day_begins(worked.unwrap_or_else(|| before(1))), now)
}

/// Reads since when somebody wants to know: `today`, `yesterday`, `monday`, `3d`, `2026-01-12`. The instant is the
/// beginning of that day in the calendar's zone. `None` where it is none of these, in the future, or longer ago than
/// [`LOOK_BACK_DAYS`].
pub fn parse_since(text: &str, calendar: &WorkCalendar, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = calendar.local_date(now);
    let before = |days: u64| today.checked_sub_days(Days::new(days));
    let word = text.trim().to_lowercase();
    let day = match word.as_str() {
        "today" => Some(today),
        "yesterday" => before(1),
        _ => match (word.strip_suffix('d'), word.parse::<Weekday>()) {
            (Some(days), Err(_)) => before(days.parse().ok().filter(|days| *days <= LOOK_BACK_DAYS)?),
            // The last day of that name before today.
            (_, Ok(weekday)) => (1..=7).filter_map(before).find(|day| day.weekday() == weekday),
            (None, Err(_)) => word.parse().ok(),
        },
    }?;
    let ago = (today - day).num_days();
    let is_near = u64::try_from(ago).is_ok_and(|ago| ago <= LOOK_BACK_DAYS);
    is_near.then(|| calendar.day_begins(day))
}
