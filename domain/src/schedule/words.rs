//! Purpose: "every weekday at 09:00" to five cron fields, and back. What the words cannot say, cron fields can.
//!
//! A day must fit both the field of days of the month and the field of weekdays, so `0 9 1-7 * 1` is the first Monday
//! of the month.

use std::collections::BTreeSet;

use super::cron_fields::{Chosen, Fields, hours, looks_like_cron};
use super::heard::{Heard, Token};

/// Weekdays from Monday, as people write them.
pub(super) const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
pub(super) const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];
const HOW: &str = "Write it like “every weekday at 09:00”, “Mondays 10:30” or “first Monday of the month 9:00”, or as five \
                   cron fields: minute, hour, day, month, weekday.";

/// When something is due, as far as words can say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// At whole hours and the same minute of each.
    At {
        /// On which days.
        days: Days,
        /// At which hours, 0 to 23; never empty.
        hours: BTreeSet<u8>,
        /// At which minute, 0 to 59.
        minute: u8,
    },
    /// Every so many minutes, a number that divides 60.
    EveryMinutes(u8),
    /// Every so many hours, a number that divides 24, at the full hour.
    EveryHours(u8),
}

/// On which days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// On all.
    Every,
    /// On these weekdays; 0 is Monday.
    Week(BTreeSet<u8>),
    /// On the first (1) to fourth (4) such weekday of a month.
    Nth(u8, u8),
    /// On these days of a month, 1 to 31.
    Month(BTreeSet<u8>),
}

/// Why words are no time, for the person who wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotATime(String);

impl NotATime {
    pub(super) fn unknown(word: &str) -> Self {
        Self(format!("I do not understand “{word}” as a time. {HOW}"))
    }

    pub(super) fn because(why: &str) -> Self {
        Self(format!("{why} {HOW}"))
    }
}

/// Five cron fields from words, or from five cron fields. Whether such a time exists is for whoever reads cron fields.
///
/// # Errors
/// Why not, with the ways to write it.
pub fn to_cron(text: &str) -> Result<String, NotATime> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.len() {
        5 if looks_like_cron(&words) => Ok(words.join(" ")),
        6 if looks_like_cron(&words) => Err(NotATime::because(
            "That has six fields; seconds cannot be chosen.",
        )),
        _ => Ok(When::read(text)?.cron()),
    }
}

/// Five cron fields in words; the fields themselves where there are no words for them.
pub fn from_cron(cron: &str) -> String {
    When::of_cron(cron).map_or_else(|| format!("cron {cron}"), |when| when.to_string())
}

impl When {
    fn read(text: &str) -> Result<Self, NotATime> {
        let lower = text.to_lowercase();
        let separated = lower.replace([',', ';', '&'], " ").replace(['–', '—'], "-");
        let mut tokens = Vec::new();
        for word in separated.split_whitespace() {
            tokens.extend(Token::read(word)?);
        }
        Heard::listen(&tokens)?.understood()
    }

    /// The five fields.
    pub fn cron(&self) -> String {
        match self {
            Self::EveryMinutes(1) => "* * * * *".to_owned(),
            Self::EveryMinutes(step) => format!("*/{step} * * * *"),
            Self::EveryHours(1) => "0 * * * *".to_owned(),
            Self::EveryHours(step) => format!("0 */{step} * * *"),
            Self::At { days, hours, minute } => {
                let (of_month, of_week) = days.fields();
                format!("{minute} {} {of_month} * {of_week}", numbers(hours))
            }
        }
    }

    /// What five fields say, if there are words for it.
    pub fn of_cron(cron: &str) -> Option<Self> {
        let fields = Fields::split(cron)?;
        if let Some(step) = fields.every_minutes() {
            return Some(Self::EveryMinutes(step));
        }
        if let Some(step) = fields.every_hours() {
            return Some(Self::EveryHours(step));
        }
        let minute = fields.minute.parse().ok().filter(|minute| *minute < 60)?;
        Some(Self::At {
            days: Days::of_fields(&fields)?,
            hours: hours(fields.hour)?,
            minute,
        })
    }
}

impl Days {
    /// The fields of days of the month and of weekdays. Sunday is 7, so that a range over the weekend is in order.
    fn fields(&self) -> (String, String) {
        let any = || "*".to_owned();
        match self {
            Self::Every => (any(), any()),
            Self::Week(days) if days.iter().copied().eq(0..5) => (any(), "1-5".to_owned()),
            Self::Week(days) => (any(), numbers(&days.iter().map(|day| day + 1).collect())),
            Self::Nth(nth, day) => {
                let last = nth * 7;
                (format!("{}-{last}", last - 6), (day + 1).to_string())
            }
            Self::Month(days) => (numbers(days), any()),
        }
    }

    fn of_fields(fields: &Fields<'_>) -> Option<Self> {
        Some(match (fields.days_of_month()?, fields.weekdays()?) {
            (Chosen::Any, Chosen::Any) => Self::Every,
            (Chosen::Any, Chosen::These(week)) if week.len() == 7 => Self::Every,
            (Chosen::Any, Chosen::These(week)) => Self::Week(week),
            (Chosen::These(month), Chosen::Any) if month.len() == 31 => Self::Every,
            (Chosen::These(month), Chosen::Any) => Self::Month(month),
            (Chosen::These(month), Chosen::These(week)) => {
                let first = *month.first()?;
                let is_week = month.len() == 7 && month.last() == Some(&(first + 6)) && first % 7 == 1;
                let nth = first / 7 + 1;
                let nth = Some(nth).filter(|nth| *nth <= 4 && is_week)?;
                Self::Nth(nth, week.first().copied().filter(|_| week.len() == 1)?)
            }
        })
    }
}

fn numbers(set: &BTreeSet<u8>) -> String {
    set.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

impl std::fmt::Display for When {
    /// Words that are read back as the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EveryMinutes(1) => f.write_str("every minute"),
            Self::EveryMinutes(step) => write!(f, "every {step} minutes"),
            Self::EveryHours(1) => f.write_str("every hour"),
            Self::EveryHours(step) => write!(f, "every {step} hours"),
            Self::At { days, hours, minute } => {
                let times = hours.iter().map(|hour| format!("{hour:02}:{minute:02}"));
                write!(f, "{days} at {}", listed(times.collect()))
            }
        }
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |day: u8| *DAYS.get(usize::from(day)).unwrap_or(&"day");
        match self {
            Self::Every => f.write_str("every day"),
            Self::Week(days) if days.iter().copied().eq(0..5) => f.write_str("every weekday"),
            Self::Week(days) => {
                let names = days.iter().map(|day| name(*day).to_owned());
                write!(f, "every {}", listed(names.collect()))
            }
            Self::Nth(nth, day) => {
                let nth = usize::from(nth.saturating_sub(1));
                let nth = ORDINALS.get(nth).unwrap_or(&"first");
                write!(f, "every {nth} {} of the month", name(*day))
            }
            Self::Month(days) => {
                let days = days.iter().map(|day| format!("{day}{}", ending(*day)));
                write!(f, "on the {} of the month", listed(days.collect()))
            }
        }
    }
}

/// What follows a number that orders: 1st, 22nd, 13th.
fn ending(number: u8) -> &'static str {
    match (number % 10, number) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn listed(mut items: Vec<String>) -> String {
    match (items.pop(), items.is_empty()) {
        (Some(last), false) => format!("{} and {last}", items.join(", ")),
        (Some(only), true) => only,
        (None, _) => String::new(),
    }
}
