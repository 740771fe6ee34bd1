//! Purpose: instants, waits and working hours in words.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use em_domain::calendar::WorkCalendar;

use crate::mrkdwn::{Mrkdwn, date, escape};

/// An instant in the reader's zone; where dates are not known, in the team's.
pub fn when(at: DateTime<Utc>, zone: Tz) -> Mrkdwn {
    date(at, "{date_short_pretty} {time}", &plain_when(at, zone))
}

/// An instant as plain text in the team's zone: `Tue 18 Nov 14:05`.
pub fn plain_when(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b %H:%M").to_string()
}

/// A day as plain text: `Tue 18 Nov`.
pub fn plain_day(day: NaiveDate) -> String {
    day.format("%a %-d %b").to_string()
}

/// How long something has waited, in working time: `2 d 3 h`, where a day is one working day of the calendar.
pub fn waited(calendar: &WorkCalendar, since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    span(calendar.working_time(since, now), calendar.day_length())
}

/// A span in its two greatest units. `day` is what counts as one day.
pub fn span(time: Duration, day: Duration) -> String {
    let minutes = time.num_minutes();
    // A calendar without working hours has no working days to count in.
    let day = if day > Duration::zero() {
        day.num_minutes().max(1)
    } else {
        i64::MAX
    };
    let (days, hours) = (minutes / day, minutes % day / 60);
    match (days, hours, minutes) {
        (_, _, ..=0) => "under 1 min".to_owned(),
        (0, 0, m) => format!("{m} min"),
        (0, h, _) => format!("{h} h"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// The calendar in words: `Mon–Fri 09:00–17:00, Europe/Berlin`.
pub fn hours(calendar: &WorkCalendar) -> Mrkdwn {
    let (start, end) = (calendar.start.format("%H:%M"), calendar.end.format("%H:%M"));
    escape(&format!(
        "{} {start}–{end}, {}",
        weekdays(calendar),
        calendar.zone.name()
    ))
}

/// The working days in words, runs of three or more as a range.
fn weekdays(calendar: &WorkCalendar) -> String {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mut runs: Vec<Vec<&str>> = Vec::new();
    let mut last = None;
    for (number, name) in (0_u8..)
        .zip(NAMES)
        .filter(|(number, _)| calendar.days.contains(number))
    {
        match runs.last_mut() {
            Some(run) if last == number.checked_sub(1) => run.push(name),
            Some(_) | None => runs.push(vec![name]),
        }
        last = Some(number);
    }
    let words = runs.iter().map(|run| match run.as_slice() {
        [first, .., last] if run.len() > 2 => format!("{first}–{last}"),
        few => few.join(", "),
    });
    let all = words.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "no days".to_owned() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_two_greatest_units() {
        let day = Duration::hours(8);
        let told = |minutes| span(Duration::minutes(minutes), day);
        assert_eq!(
            [0, 1, 59, 60, 479, 480, 9 * 60, 20 * 60].map(told),
            [
                "under 1 min",
                "1 min",
                "59 min",
                "1 h",
                "7 h",
                "1 d",
                "1 d 1 h",
                "2 d 4 h"
            ]
        );
        assert_eq!(span(Duration::hours(30), Duration::zero()), "30 h");
    }

    #[test]
    fn working_days_are_told_as_ranges() {
        let of = |days: &[u8]| {
            weekdays(&WorkCalendar {
                days: days.iter().copied().collect(),
                ..WorkCalendar::default()
            })
        };
        assert_eq!(of(&[0, 1, 2, 3, 4]), "Mon–Fri");
        assert_eq!(of(&[0, 2, 4]), "Mon, Wed, Fri");
        assert_eq!(of(&[0, 1, 3, 4, 5, 6]), "Mon, Tue, Thu–Sun");
        assert_eq!(of(&[]), "no days");
    }
}
