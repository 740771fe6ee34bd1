//! Purpose: time that counts. A pull request opened on Friday evening has not waited two days by Monday morning.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

/// When a team works: a zone, weekdays, hours, and holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCalendar {
    /// The zone the hours are meant in.
    pub zone: Tz,
    /// The days worked.
    pub days: BTreeSet<u8>,
    /// The first working minute of a day.
    pub start: NaiveTime,
    /// The first minute after work; later than `start`.
    pub end: NaiveTime,
    /// Days off.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for WorkCalendar {
    /// Monday to Friday, 09:00 to 17:00, UTC.
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            days: (0..5).collect(),
            start: NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default(),
            end: NaiveTime::from_hms_opt(17, 0, 0).unwrap_or_default(),
            holidays: BTreeSet::new(),
        }
    }
}

impl WorkCalendar {
    /// The set of working weekdays from chrono's names.
    pub fn weekdays(days: impl IntoIterator<Item = Weekday>) -> BTreeSet<u8> {
        days.into_iter().map(weekday_number).collect()
    }

    /// Whether somebody works on `date`.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.days.contains(&weekday_number(date.weekday())) && !self.holidays.contains(&date)
    }

    /// The working time between two instants; zero if `to` is not after `from`. Grows with the number of days
    /// between them, and is exact over changes to and from daylight-saving time.
    pub fn working_time(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
        if to <= from {
            return Duration::zero();
        }
        let last = self.local_date(to);
        let mut total = Duration::zero();
        let mut date = self.local_date(from);
        while date <= last {
            if let Some((opens, closes)) = self.hours_of(date) {
                total += (closes.min(to) - opens.max(from)).max(Duration::zero());
            }
            let Some(next) = date.checked_add_days(Days::new(1)) else {
                break;
            };
            date = next;
        }
        total
    }

    /// The working time of one full ordinary day: the unit in which long waits are told.
    pub fn day_length(&self) -> Duration {
        self.end - self.start
    }

    /// Whether `at` is working time.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.hours_of(self.local_date(at))
            .is_some_and(|(opens, closes)| opens <= at && at < closes)
    }

    /// When work ends on the day of `at`; midnight of that day where nobody works.
    pub fn day_ends(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let date = self.local_date(at);
        match self.hours_of(date) {
            Some((_, closes)) if at < closes => closes,
            _ => date
                .checked_add_days(Days::new(1))
                .map_or(at, |next| self.instant(next, NaiveTime::MIN)),
        }
    }

    /// The start of the working day `days` working days after the day of `at` (1: the next one).
    pub fn opens_after(&self, at: DateTime<Utc>, days: u32) -> DateTime<Utc> {
        let mut date = self.local_date(at);
        let mut left = days;
        // A calendar in which nobody ever works must not loop for ever.
        for _ in 0..3660 {
            if left == 0 {
                break;
            }
            let Some(next) = date.checked_add_days(Days::new(1)) else {
                break;
            };
            date = next;
            left -= u32::from(self.is_working_day(date));
        }
        self.instant(date, self.start)
    }

    /// The calendar day of `at` in the team's zone.
    pub fn local_date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn hours_of(&self, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.is_working_day(date)
            .then(|| (self.instant(date, self.start), self.instant(date, self.end)))
    }

    /// The instant of a wall-clock time. A time that a daylight-saving change skips means the moment after the
    /// gap; a time that happens twice means the first.
    fn instant(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let wall = date.and_time(time);
        let found = (0..=4).find_map(|quarters| {
            let shifted = wall.checked_add_signed(Duration::minutes(30 * quarters))?;
            self.zone.from_local_datetime(&shifted).earliest()
        });
        found.map_or_else(|| wall.and_utc(), |local| local.with_timezone(&Utc))
    }
}

fn weekday_number(day: Weekday) -> u8 {
    // Monday is 0; the number is below 7.
    u8::try_from(day.num_days_from_monday()).unwrap_or_default()
}
