//! Purpose: when something is due: a cron expression in a time zone, as people write it.
//!
//! People write five fields, Monday as 1 and Sunday as 0 or 7. The `cron` crate wants seconds first and counts
//! Sunday as 1, so expressions are translated before they are parsed.

use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// Something that is due at certain wall-clock times.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// What the configuration calls it; unique.
    pub name: String,
    /// The zone the expression is meant in.
    pub zone: Tz,
    cron: cron::Schedule,
}

/// Why an expression was refused, in words for the person who wrote it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{expression}` is not a schedule: {why}")]
pub struct NotASchedule {
    expression: String,
    why: String,
}

/// How late a tick may still be run after the bot was down or busy. Later ones are skipped: a morning list is of
/// no use in the evening. Of several missed ticks only the newest runs.
pub const LATEST_START: Duration = Duration::hours(1);
/// Missed ticks that are listed one by one.
const MANY: usize = 1_000;
const MONTH: Duration = Duration::days(31);

impl Schedule {
    /// Reads `minute hour day month weekday` (or six fields with seconds first), Monday is 1, Sunday 0 or 7;
    /// names (`Mon-Fri`) work too.
    ///
    /// # Errors
    /// The expression cannot be read, or never comes due.
    pub fn parse(name: &str, expression: &str, zone: Tz) -> Result<Self, NotASchedule> {
        let refuse = |why: String| NotASchedule {
            expression: expression.to_owned(),
            why,
        };
        let mut fields: Vec<String> = expression.split_whitespace().map(str::to_owned).collect();
        match fields.len() {
            5 => fields.insert(0, "0".to_owned()),
            6 => {}
            n => {
                return Err(refuse(format!(
                    "it has {n} fields; write minute, hour, day, month, weekday"
                )));
            }
        }
        fields[5] = translate_weekdays(&fields[5])
            .ok_or_else(|| refuse("weekdays are 0 to 7 (0 and 7 are Sunday) or names".to_owned()))?;
        let cron = cron::Schedule::from_str(&fields.join(" ")).map_err(|error| refuse(error.to_string()))?;
        let schedule = Self {
            name: name.to_owned(),
            zone,
            cron,
        };
        match schedule.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(refuse("there is no such day".to_owned())),
        }
    }

    /// The first time due after `after`. A wall-clock time that a daylight-saving change skips does not come due
    /// that day; one that happens twice comes due once, the first time.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut upcoming = self.cron.after(&after.with_timezone(&self.zone));
        let mut next = upcoming.next()?;
        while self.is_second_pass(next) {
            next = upcoming.next()?;
        }
        Some(next.with_timezone(&Utc))
    }

    /// The first `count` times due after `after`.
    pub fn next_times(&self, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        let first = self.next_after(after);
        std::iter::successors(first, |at| self.next_after(*at))
            .take(count)
            .collect()
    }

    /// All times due from `from` on until `now`; of very many the earliest and those of the last month.
    pub fn between(&self, from: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let mut due = Vec::new();
        let mut after = from - Duration::seconds(1);
        while let Some(next) = self.next_after(after).filter(|next| *next <= now) {
            due.push(next);
            after = if due.len() == MANY {
                next.max(now - MONTH)
            } else {
                next
            };
        }
        due
    }

    /// The shortest time between two ticks.
    pub fn shortest_gap(&self) -> Option<Duration> {
        // What ticks less often than each quarter of an hour does not tick so many times in a day, and days are alike.
        const TICKS: usize = 24 * 4 + 2;
        let times = self.next_times(DateTime::UNIX_EPOCH, TICKS);
        let gaps = times.iter().zip(times.iter().skip(1));
        gaps.map(|(earlier, later)| *later - *earlier).min()
    }

    /// The newest time due in (`after`, `now`] that may still be run.
    pub fn due(&self, after: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = after.max(now - LATEST_START);
        let mut due = None;
        while let Some(next) = self.next_after(from).filter(|next| *next <= now) {
            due = Some(next);
            from = next;
        }
        due
    }

    /// Whether this wall-clock time already happened an offset change ago (clocks went back).
    fn is_second_pass(&self, at: DateTime<Tz>) -> bool {
        let wall: NaiveDateTime = at.naive_local();
        match wall.and_local_timezone(self.zone) {
            chrono::LocalResult::Ambiguous(first, _) => at != first,
            chrono::LocalResult::Single(_) | chrono::LocalResult::None => false,
        }
    }
}

/// Weekday numbers as people count them (0..7, Sunday at both ends) into the crate's (Sunday is 1). Names and
/// steps pass through.
fn translate_weekdays(field: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in field.split(',') {
        let (range, step) = part
            .split_once('/')
            .map_or((part, None), |(range, step)| (range, Some(step)));
        let days = match range.split_once('-') {
            Some((from, to)) => match (from.parse::<u8>(), to.parse::<u8>()) {
                (Ok(from), Ok(to)) => day_list(from, to, step)?,
                _ => part.to_owned(),
            },
            None => match range.parse::<u8>() {
                Ok(day) if day <= 7 && step.is_none() => (day % 7 + 1).to_string(),
                Ok(_) => return None,
                Err(_) => part.to_owned(),
            },
        };
        parts.push(days);
    }
    Some(parts.join(","))
}

/// A range such as 5-7 wraps over the end of the crate's week, so it is written out.
fn day_list(from: u8, to: u8, step: Option<&str>) -> Option<String> {
    let step: usize = step.map_or(Ok(1), str::parse).ok().filter(|step| *step > 0)?;
    (from <= to && to <= 7).then(|| {
        let days: Vec<String> = (from..=to)
            .step_by(step)
            .map(|day| (day % 7 + 1).to_string())
            .collect();
        days.join(",")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn berlin(expression: &str) -> Schedule {
        Schedule::parse("s", expression, Tz::Europe__Berlin).unwrap()
    }

    #[test]
    fn monday_is_one_as_people_write_it() {
        let weekdays = berlin("0 9 * * 1-5");
        // 2026-01-16 is a Friday; the next weekday is Monday the 19th.
        assert_eq!(
            weekdays.next_after(at("2026-01-16T09:00:00Z")),
            Some(at("2026-01-19T08:00:00Z"))
        );
        let sundays = berlin("0 9 * * 0");
        assert_eq!(
            sundays.next_after(at("2026-01-16T09:00:00Z")),
            Some(at("2026-01-18T08:00:00Z"))
        );
        assert_eq!(
            berlin("0 9 * * 7").next_after(at("2026-01-16T09:00:00Z")),
            Some(at("2026-01-18T08:00:00Z"))
        );
        assert_eq!(
            berlin("0 9 * * Mon-Fri").next_after(at("2026-01-16T09:00:00Z")),
            Some(at("2026-01-19T08:00:00Z"))
        );
    }

    #[test]
    fn an_hour_that_does_not_exist_is_skipped_and_one_that_comes_twice_runs_once() {
        let nightly = berlin("30 2 * * *");
        // Clocks go forward on 2026-03-29 at 02:00: there is no 02:30 that day.
        assert_eq!(
            nightly.next_after(at("2026-03-28T12:00:00Z")),
            Some(at("2026-03-30T00:30:00Z"))
        );
        // They go back on 2026-10-25 at 03:00: 02:30 comes at 00:30 and at 01:30 UTC.
        let first = nightly.next_after(at("2026-10-24T12:00:00Z")).unwrap();
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(nightly.next_after(first), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn a_late_start_runs_the_newest_missed_tick_and_skips_stale_ones() {
        let hourly = berlin("*/20 * * * *");
        assert_eq!(
            hourly.due(at("2026-01-16T08:00:00Z"), at("2026-01-16T08:59:00Z")),
            Some(at("2026-01-16T08:40:00Z"))
        );
        let morning = berlin("0 9 * * *");
        assert_eq!(
            morning.due(at("2026-01-15T12:00:00Z"), at("2026-01-16T17:00:00Z")),
            None
        );
        assert_eq!(
            morning.due(at("2026-01-15T12:00:00Z"), at("2026-01-16T08:30:00Z")),
            Some(at("2026-01-16T08:00:00Z"))
        );
    }

    #[test]
    fn what_came_due_in_between_is_listed_with_both_ends() {
        let hourly = berlin("0 * * * *");
        let (from, to) = (at("2026-01-16T08:00:00Z"), at("2026-01-16T10:00:00Z"));
        assert_eq!(hourly.between(from, to), [from, at("2026-01-16T09:00:00Z"), to]);
        assert_eq!(hourly.next_times(from, 2), [at("2026-01-16T09:00:00Z"), to]);
        let years = hourly.between(at("2020-01-01T00:00:00Z"), to);
        assert!(years.len() < 2_000);
        assert_eq!(years.last(), Some(&to));
    }

    #[test]
    fn the_shortest_gap_is_found_wherever_in_the_day_it_is() {
        for (expression, minutes) in [
            ("* * * * *", 1),
            ("*/5 9 1 1 *", 5),
            ("59,0 9,10 * * *", 1),
            ("*/15 * * * *", 15),
            ("0 0,23 * * *", 60),
            ("0 9 * * *", 24 * 60),
        ] {
            assert_eq!(
                berlin(expression).shortest_gap(),
                Some(Duration::minutes(minutes)),
                "{expression}"
            );
        }
    }

    #[test]
    fn words_of_the_first_monday_come_due_on_the_first_monday() {
        let cron = em_domain::schedule::words::to_cron("first Monday of the month 9:00").unwrap();
        let times = berlin(&cron).next_times(at("2026-01-16T00:00:00Z"), 3);
        let expected = [
            "2026-02-02T08:00:00Z",
            "2026-03-02T08:00:00Z",
            "2026-04-06T07:00:00Z",
        ]
        .map(at);
        assert_eq!(times, expected);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_words() {
        for (expression, expected) in [
            ("9 * *", "3 fields"),
            ("0 9 * * 8", "weekdays are 0 to 7"),
            ("0 25 * * *", "is not a schedule"),
            ("0 9 31 2 *", "there is no such day"),
        ] {
            let error = Schedule::parse("s", expression, Tz::UTC).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_and_nothing_is_due_in_between(start in 1_700_000_000i64..1_800_000_000, hour in 0u32..24) {
            let schedule = berlin(&format!("15 {hour} * * *"));
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let next = schedule.next_after(start).unwrap();
            prop_assert!(next > start);
            prop_assert!(next - start <= Duration::hours(49));
            prop_assert_eq!(schedule.due(start, next - Duration::seconds(1)), None);
            prop_assert_eq!(schedule.due(next - Duration::seconds(1), next), Some(next));
        }
    }
}
