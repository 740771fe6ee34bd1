//! Purpose: durations as people write them (`48h`, `3d`), by the wall clock or in working time.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::calendar::WorkCalendar;

/// Which time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The team's working time.
    Working,
    /// All time.
    Wall,
}

impl ClockKind {
    /// The name it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Wall => "wall",
        }
    }

    /// The instant since which `time` has passed by `now`; `None` if nobody ever works that long.
    pub fn before(
        self,
        now: DateTime<Utc>,
        time: Duration,
        calendar: &WorkCalendar,
    ) -> Option<DateTime<Utc>> {
        match self {
            Self::Wall => now.checked_sub_signed(time),
            Self::Working => calendar.working_time_before(now, time),
        }
    }

    /// The time that counts between two instants; zero if `to` is not after `from`.
    pub fn between(self, from: DateTime<Utc>, to: DateTime<Utc>, calendar: &WorkCalendar) -> Duration {
        match self {
            Self::Wall => (to - from).max(Duration::zero()),
            Self::Working => calendar.working_time(from, to),
        }
    }
}

/// A duration: days and minutes. How long a day is depends on the clock: 24 hours, or one working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    days: i64,
    minutes: i64,
}

/// Ten years of hours: beyond it nobody means what they write.
const MOST_MINUTES: i64 = 10 * 366 * 24 * 60;

impl Span {
    /// Reads `90m`, `48h`, `3d`, `1d 4h`; not nothing, and not more than ten years.
    pub fn parse(text: &str) -> Option<Self> {
        let mut span = Self::default();
        for part in text.split_whitespace() {
            let (number, unit) = part.split_at(part.find(|c: char| !c.is_ascii_digit())?);
            let number: i64 = number.parse().ok().filter(|n| *n <= MOST_MINUTES)?;
            match unit {
                "d" => span.days += number,
                "h" => span.minutes += number * 60,
                "m" => span.minutes += number,
                _ => return None,
            }
        }
        let all = span.days * 24 * 60 + span.minutes;
        (1..=MOST_MINUTES).contains(&all).then_some(span)
    }

    /// The instant since which it has passed by `now`; `None` if nobody ever works that long.
    pub fn before(
        self,
        now: DateTime<Utc>,
        clock: ClockKind,
        calendar: &WorkCalendar,
    ) -> Option<DateTime<Utc>> {
        clock.before(now, self.length(clock, calendar), calendar)
    }

    /// How long it is by the clock.
    pub fn length(self, clock: ClockKind, calendar: &WorkCalendar) -> Duration {
        let day = match clock {
            ClockKind::Wall => 24 * 60,
            ClockKind::Working => calendar.day_length().num_minutes(),
        };
        Duration::minutes(day * self.days + self.minutes)
    }

    /// It in hours, a day counted as 24, rounded down.
    pub fn hours(self) -> i64 {
        self.days * 24 + self.minutes / 60
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.days, "d"),
            (self.minutes / 60, "h"),
            (self.minutes % 60, "m"),
        ];
        let said = parts.iter().filter(|(number, _)| *number > 0);
        let said: Vec<String> = said.map(|(number, unit)| format!("{number}{unit}")).collect();
        f.write_str(&said.join(" "))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 90m, 48h, 3d or 1d 4h")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, shown, hours) in [
            ("48h", "48h", 48),
            ("3d", "3d", 72),
            ("1d  4h", "1d 4h", 28),
            ("90m", "1h 30m", 1),
        ] {
            let span = Span::parse(text).unwrap();
            assert_eq!((span.to_string().as_str(), span.hours()), (shown, hours));
        }
        for text in [
            "",
            "48",
            "h",
            "0h",
            "-1h",
            "3w",
            "2 d",
            "99999999999999999999d",
            "9999d",
        ] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_of_working_time_is_a_working_day() {
        // Thursday 15 January 2026, 12:00; the default calendar works 09:00 to 17:00, Monday to Friday.
        let now: DateTime<Utc> = "2026-01-15T12:00:00Z".parse().unwrap();
        let calendar = WorkCalendar::default();
        let before = |text, clock| {
            let span = Span::parse(text).unwrap();
            span.before(now, clock, &calendar).unwrap().to_rfc3339()
        };
        assert_eq!(before("4d", ClockKind::Working), "2026-01-09T12:00:00+00:00");
        assert_eq!(before("4d", ClockKind::Wall), "2026-01-11T12:00:00+00:00");
        assert_eq!(before("4h", ClockKind::Working), "2026-01-14T16:00:00+00:00");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(days in 0i64..3000, minutes in 1i64..50_000) {
            let span = Span { days, minutes };
            prop_assert_eq!(Span::parse(&span.to_string()), Some(span));
        }
    }
}
