//! Purpose: days off from an iCalendar file, as offices and governments publish them.
//!
//! Of the format (RFC 5545) it reads what such files are made of: all-day events of one or several days, once or every
//! year, on a date or on a weekday of a month. What has a time of day is no day off. A repetition that it cannot follow is
//! refused by its line, because a holiday that is missing shows only when somebody is disturbed on it.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Events that come back are followed up to this year.
const LAST_YEAR: i32 = 2100;
/// The longest event, in days; a longer one is a mistake.
const LONGEST: i64 = 60;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1.
    pub line: usize,
    /// Why, for whoever set it up.
    pub why: String,
}

/// A line of the format, with those that continue it.
struct Line {
    number: usize,
    name: String,
    params: String,
    value: String,
}

#[derive(Default)]
struct Event {
    begins: Option<NaiveDate>,
    /// The first day after it.
    ends: Option<NaiveDate>,
    rule: Option<(usize, String)>,
    left_out: BTreeSet<NaiveDate>,
    is_cancelled: bool,
}

/// The days off in the text of a file.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str) -> Result<BTreeSet<NaiveDate>, Wrong> {
    let lines = unfold(text)?;
    if !lines.first().is_some_and(|line| is(line, "BEGIN", "VCALENDAR")) {
        return Err(wrong(
            1,
            "this is no iCalendar file: it does not begin with BEGIN:VCALENDAR",
        ));
    }
    let (mut days, mut event) = (BTreeSet::new(), None);
    for line in &lines {
        if is(line, "BEGIN", "VEVENT") {
            event = Some((line.number, Event::default()));
        } else if is(line, "END", "VEVENT") {
            if let Some((_, event)) = event.take() {
                days.extend(event.days()?);
            }
        } else if let Some((_, event)) = &mut event {
            event.read(line)?;
        }
    }
    match event {
        Some((begun, _)) => Err(wrong(begun, "this event has no END:VEVENT: the file was cut off")),
        None => Ok(days),
    }
}

fn wrong(line: usize, why: impl Into<String>) -> Wrong {
    Wrong {
        line,
        why: why.into(),
    }
}

fn is(line: &Line, name: &str, value: &str) -> bool {
    line.name == name && line.value.trim().eq_ignore_ascii_case(value)
}

/// The lines of the format: one that begins with a space goes on where the one before ended.
fn unfold(text: &str) -> Result<Vec<Line>, Wrong> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => whole.push((number, line.to_owned())),
        }
    }
    whole
        .into_iter()
        .map(|(number, line)| split(number, &line))
        .collect()
}

fn split(number: usize, line: &str) -> Result<Line, Wrong> {
    let mut is_quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"';
        *c == ':' && !is_quoted
    });
    let Some((at, _)) = colon else {
        return Err(wrong(number, "there is no colon after the name"));
    };
    let (name, params) = line[..at].split_once(';').unwrap_or((&line[..at], ""));
    Ok(Line {
        number,
        name: name.to_uppercase(),
        params: params.to_uppercase(),
        value: line[at + 1..].to_owned(),
    })
}

impl Event {
    fn read(&mut self, line: &Line) -> Result<(), Wrong> {
        match line.name.as_str() {
            "DTSTART" => self.begins = date(line)?,
            "DTEND" => self.ends = date(line)?,
            "RRULE" => self.rule = Some((line.number, line.value.to_uppercase())),
            "EXDATE" => {
                for day in line.value.split(',') {
                    let one = Line {
                        number: line.number,
                        name: String::new(),
                        params: line.params.clone(),
                        value: day.to_owned(),
                    };
                    self.left_out.extend(date(&one)?);
                }
            }
            "STATUS" => self.is_cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
            // Titles, ids, alarms: nothing of it says when the day off is.
            _ => {}
        }
        Ok(())
    }

    fn days(&self) -> Result<BTreeSet<NaiveDate>, Wrong> {
        let Some(begins) = self.begins.filter(|_| !self.is_cancelled) else {
            return Ok(BTreeSet::new());
        };
        let length = self
            .ends
            .map_or(1, |ends| (ends - begins).num_days())
            .clamp(1, LONGEST);
        let first_days = match &self.rule {
            None => vec![begins],
            Some((line, rule)) => Yearly::parse(rule).map_err(|why| wrong(*line, why))?.days(begins),
        };
        let all = first_days
            .into_iter()
            .filter(|day| !self.left_out.contains(day))
            .flat_map(|first| {
                let lasts = 0..u64::try_from(length).unwrap_or(1);
                lasts.filter_map(move |day| first.checked_add_days(Days::new(day)))
            });
        Ok(all.collect())
    }
}

/// The date of a line; `None` where it has a time of day.
fn date(line: &Line) -> Result<Option<NaiveDate>, Wrong> {
    let text = line.value.trim();
    if text.contains('T') {
        return Ok(None);
    }
    let day = NaiveDate::parse_from_str(text, "%Y%m%d");
    let is_date = text.len() == 8 && line.params.split(';').all(|param| param != "VALUE=DATE-TIME");
    match day {
        Ok(day) if is_date => Ok(Some(day)),
        Ok(_) | Err(_) => Err(wrong(
            line.number,
            format!("`{text}` is not a date; it is written as 20261225"),
        )),
    }
}

/// An event that comes back each year.
#[derive(Default)]
struct Yearly {
    /// Of every so many years.
    interval: usize,
    count: Option<usize>,
    until: Option<NaiveDate>,
    month: Option<u32>,
    month_day: Option<u32>,
    /// The fourth Thursday is `(4, Thu)`, the last Monday `(-1, Mon)`.
    weekday: Option<(i8, Weekday)>,
}

impl Yearly {
    fn parse(rule: &str) -> Result<Self, String> {
        let mut yearly = Self {
            interval: 1,
            ..Self::default()
        };
        let mut is_yearly = false;
        for part in rule.trim().split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let unreadable = || format!("I cannot follow `{part}` in a repetition");
            let number = || {
                value
                    .parse::<usize>()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(unreadable)
            };
            match name {
                "FREQ" => is_yearly = value == "YEARLY",
                "INTERVAL" => yearly.interval = number()?,
                "COUNT" => yearly.count = Some(number()?),
                "UNTIL" => {
                    let day = NaiveDate::parse_from_str(value.get(..8).unwrap_or_default(), "%Y%m%d");
                    yearly.until = Some(day.map_err(|_| unreadable())?);
                }
                "BYMONTH" => yearly.month = Some(value.parse().map_err(|_| unreadable())?),
                "BYMONTHDAY" => yearly.month_day = Some(value.parse().map_err(|_| unreadable())?),
                "BYDAY" => yearly.weekday = Some(weekday(value).ok_or_else(unreadable)?),
                "WKST" => {}
                _ => return Err(unreadable()),
            }
        }
        if is_yearly {
            Ok(yearly)
        } else {
            Err("I can follow events that come back every year (FREQ=YEARLY), and no others".to_owned())
        }
    }

    fn days(&self, begins: NaiveDate) -> Vec<NaiveDate> {
        (begins.year()..=LAST_YEAR)
            .step_by(self.interval)
            .filter_map(|year| self.in_year(begins, year))
            .filter(|day| *day >= begins)
            .take(self.count.unwrap_or(usize::MAX))
            .take_while(|day| self.until.is_none_or(|until| *day <= until))
            .collect()
    }

    fn in_year(&self, begins: NaiveDate, year: i32) -> Option<NaiveDate> {
        let month = self.month.unwrap_or(begins.month());
        match self.weekday {
            Some((nth, day)) if nth > 0 => {
                NaiveDate::from_weekday_of_month_opt(year, month, day, nth.unsigned_abs())
            }
            Some((nth, day)) => {
                let mut from_last = (1..=5_u8).rev();
                let last =
                    from_last.find_map(|n| NaiveDate::from_weekday_of_month_opt(year, month, day, n))?;
                last.checked_sub_days(Days::new(7 * (u64::from(nth.unsigned_abs()) - 1)))
            }
            None => NaiveDate::from_ymd_opt(year, month, self.month_day.unwrap_or(begins.day())),
        }
    }
}

/// `4TH`, `-1MO`: which weekday of the month.
fn weekday(text: &str) -> Option<(i8, Weekday)> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = match name {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    let nth: i8 = nth
        .parse()
        .ok()
        .filter(|nth| (1..=5_i8).contains(&i8::abs(*nth)))?;
    Some((nth, day))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(events: &[&str]) -> String {
        let one = |event: &&str| {
            let lines = event.replace('|', "\r\n");
            format!("BEGIN:VEVENT\r\n{lines}\r\nSUMMARY:A day\\, off: rest\r\nEND:VEVENT\r\n")
        };
        let events = events.iter().map(one).collect::<Vec<_>>().concat();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn days(event: &str) -> Vec<String> {
        parse(&file(&[event]))
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn all_day_events_are_days_off_and_meetings_are_not() {
        assert_eq!(days("DTSTART;VALUE=DATE:20261225"), ["2026-12-25"]);
        assert_eq!(
            days("DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261227"),
            ["2026-12-24", "2026-12-25", "2026-12-26"]
        );
        for none in [
            "DTSTART;TZID=\"Europe/Berlin: here\":20261225T090000",
            "DTSTART:20261225T090000Z|DTEND:20261225T100000Z",
            "DTSTART;VALUE=DATE:20261225|STATUS:CANCELLED",
        ] {
            assert!(days(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn events_come_back_every_year_on_a_date_or_a_weekday_of_a_month() {
        let christmas = days("DTSTART;VALUE=DATE:20251225|RRULE:FREQ=YEARLY;UNTIL=20271231T000000Z");
        assert_eq!(christmas, ["2025-12-25", "2026-12-25", "2027-12-25"]);
        let thanksgiving = days("DTSTART;VALUE=DATE:20251127|RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3");
        assert_eq!(thanksgiving, ["2025-11-27", "2026-11-26", "2027-11-25"]);
        let memorial = days("DTSTART;VALUE=DATE:20250526|RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2");
        assert_eq!(memorial, ["2025-05-26", "2026-05-25"]);
        let without =
            days("DTSTART;VALUE=DATE:20250101|RRULE:FREQ=YEARLY;COUNT=2|EXDATE;VALUE=DATE:20260101");
        assert_eq!(without, ["2025-01-01"]);
        let leap = days("DTSTART;VALUE=DATE:20240229|RRULE:FREQ=YEARLY;UNTIL=20290101");
        assert_eq!(leap, ["2024-02-29", "2028-02-29"]);
        assert_eq!(days("DTSTART;VALUE=DATE:20200101|RRULE:FREQ=YEARLY").len(), 81);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let cut = file(&["DTSTART;VALUE=DATE:20261225"]).replace("END:VEVENT\r\n", "");
        for (text, line, why) in [
            ("<html>".to_owned(), 1, "colon"),
            ("Holidays: 2026".to_owned(), 1, "no iCalendar file"),
            (String::new(), 1, "no iCalendar file"),
            (cut, 3, "cut off"),
            (file(&["DTSTART;VALUE=DATE:2026-12-25"]), 4, "not a date"),
            (file(&["DTSTART;VALUE=DATE:20260230"]), 4, "not a date"),
            (
                file(&["DTSTART;VALUE=DATE:20261225|RRULE:FREQ=WEEKLY"]),
                5,
                "every year",
            ),
            (
                file(&["DTSTART;VALUE=DATE:20261225|RRULE:FREQ=YEARLY;BYEASTER=1"]),
                5,
                "BYEASTER",
            ),
            (
                file(&["DTSTART;VALUE=DATE:20261225|RRULE:FREQ=YEARLY;BYDAY=ÄÖ"]),
                5,
                "BYDAY",
            ),
        ] {
            let wrong = parse(&text).unwrap_err();
            assert_eq!(wrong.line, line, "{text}: {}", wrong.why);
            assert!(wrong.why.contains(why), "{}", wrong.why);
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_the_reader_and_folding_changes_nothing(text in "\\PC{0,200}", cut in 1usize..40, day in 0i64..20_000) {
            let _ = parse(&text);
            let _ = parse(&file(&[&text]));
            let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::TimeDelta::days(day);
            let line = format!("DTSTART;VALUE=DATE:{}", day.format("%Y%m%d"));
            let at = cut.min(line.len() - 1);
            let folded = format!("{}\r\n {}", &line[..at], &line[at..]);
            prop_assert_eq!(parse(&file(&[&folded])), Ok([day].into()));
        }
    }
}
