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

    /// The instant since which exactly `time` (above zero) of working time has passed by `now`: what began then or
    /// earlier has lasted that long. `None` if ten years do not hold so much of it.
    pub fn working_time_before(&self, now: DateTime<Utc>, time: Duration) -> Option<DateTime<Utc>> {
        let mut left = time;
        let mut date = self.local_date(now);
        for _ in 0..3660 {
            if let Some((opens, closes)) = self.hours_of(date) {
                let until = closes.min(now);
                let worked = (until - opens).max(Duration::zero());
                if worked >= left {
                    return Some(until - left);
                }
                left -= worked;
            }
            date = date.pred_opt()?;
        }
        None
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

    /// The first instant of a calendar day in the team's zone. On a day whose midnight a daylight-saving change skips
    /// it is the moment after the gap, so that adjoining days have no time between them.
    pub fn day_begins(&self, date: NaiveDate) -> DateTime<Utc> {
        self.instant(date, NaiveTime::MIN)
    }

    fn hours_of(&self, date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.is_working_day(date)
            .then(|| (self.instant(date, self.start), self.instant(date, self.end)))
    }

    fn instant(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        instant_in(self.zone, date, time)
    }
}

/// The instant of a wall-clock time in a zone. A time that a daylight-saving change skips means the moment after the
/// gap; a time that happens twice means the first.
pub fn instant_in(zone: Tz, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let wall = date.and_time(time);
    let found = (0..=4).find_map(|quarters| {
        let shifted = wall.checked_add_signed(Duration::minutes(30 * quarters))?;
        zone.from_local_datetime(&shifted).earliest()
    });
    found.map_or_else(|| wall.and_utc(), |local| local.with_timezone(&Utc))
}

fn weekday_number(day: Weekday) -> u8 {
    // Monday is 0; the number is below 7.
    u8::try_from(day.num_days_from_monday()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Open day and night on every day, so that a change of the clock falls into working time.
    fn berlin(start: u32, end: u32) -> WorkCalendar {
        WorkCalendar {
            zone: chrono_tz::Europe::Berlin,
            days: (0..=7).collect(),
            start: NaiveTime::from_hms_opt(start, 0, 0).unwrap(),
            end: NaiveTime::from_hms_opt(end, 0, 0).unwrap(),
            ..WorkCalendar::default()
        }
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn working_time_counts_hours_that_passed_where_the_clock_changes() {
        // In 2026 the clock in Berlin goes forward on 29 March and back on 25 October, both between one and four.
        let night = berlin(1, 4);
        let hours = |from, to| night.working_time(utc(from), utc(to)).num_minutes();
        assert_eq!(hours("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"), 120);
        assert_eq!(hours("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"), 240);
        assert_eq!(hours("2026-06-01T12:00:00Z", "2026-06-02T12:00:00Z"), 180);
    }

    proptest! {
        #[test]
        fn what_began_at_the_instant_looked_back_to_has_lasted_that_long_and_later_has_not(
            at in 0i64..40_000_000, minutes in 1i64..20_000,
        ) {
            let now = DateTime::from_timestamp(1_767_000_000 + at, 0).unwrap();
            let (calendar, time) = (berlin(9, 17), Duration::minutes(minutes));
            let began = calendar.working_time_before(now, time).unwrap();
            prop_assert_eq!(calendar.working_time(began, now), time);
            prop_assert!(calendar.working_time(began + Duration::seconds(1), now) < time);
        }

        #[test]
        fn working_time_adds_up_and_is_never_more_than_the_time(a in 0i64..40_000_000, b in 0i64..9_000_000, c in 0i64..9_000_000) {
            let at = |seconds: i64| DateTime::from_timestamp(1_767_000_000 + seconds, 0).unwrap();
            let (from, middle, to) = (at(a), at(a + b), at(a + b + c));
            let calendar = berlin(9, 17);
            let whole = calendar.working_time(from, to);
            prop_assert_eq!(calendar.working_time(from, middle) + calendar.working_time(middle, to), whole);
            prop_assert!(whole <= to - from);
        }
    }
}
