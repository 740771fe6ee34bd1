//! Purpose: what five cron fields hold, as far as words can say it.

use std::collections::BTreeSet;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The fields that words can say; the month is any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) minute: &'a str,
    pub(super) hour: &'a str,
    of_month: &'a str,
    of_week: &'a str,
}

/// What a field leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    Any,
    These(BTreeSet<u8>),
}

/// Whether words are fields and not words: the first three are numbers and signs, months and weekdays may have names.
pub(super) fn looks_like_cron(words: &[&str]) -> bool {
    let fits = |(at, word): (usize, &&str)| {
        let is_sign = |c: char| c.is_ascii_digit() || "*/,-".contains(c);
        word.chars()
            .all(|c| is_sign(c) || (at >= 3 && c.is_ascii_alphabetic()))
    };
    words.iter().enumerate().all(fits)
}

impl<'a> Fields<'a> {
    pub(super) fn split(cron: &'a str) -> Option<Self> {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        match fields.as_slice() {
            [minute, hour, of_month, "*", of_week] => Some(Self {
                minute,
                hour,
                of_month,
                of_week,
            }),
            _ => None,
        }
    }

    fn is_any_day(&self) -> bool {
        self.of_month == "*" && self.of_week == "*"
    }

    pub(super) fn every_minutes(&self) -> Option<u8> {
        let step = match self.minute {
            "*" => 1,
            minute => minute.strip_prefix("*/")?.parse().ok()?,
        };
        let is_even = (1..60).contains(&step) && 60 % step == 0;
        (self.hour == "*" && self.is_any_day() && is_even).then_some(step)
    }

    pub(super) fn every_hours(&self) -> Option<u8> {
        let step = match self.hour {
            "*" => 1,
            hour => hour.strip_prefix("*/")?.parse().ok()?,
        };
        let is_even = (1..24).contains(&step) && 24 % step == 0;
        (self.minute == "0" && self.is_any_day() && is_even).then_some(step)
    }

    /// The days of the month.
    pub(super) fn days_of_month(&self) -> Option<Chosen> {
        if self.of_month == "*" {
            return Some(Chosen::Any);
        }
        let day = |text: &str| text.parse().ok().filter(|day| (1..=31).contains(day));
        set(self.of_month, day).map(Chosen::These)
    }

    /// The weekdays; 0 is Monday.
    pub(super) fn weekdays(&self) -> Option<Chosen> {
        if self.of_week == "*" {
            return Some(Chosen::Any);
        }
        // Sunday is 0 and 7; as the end of a range only 7 is after the others.
        let named = |text: &str| {
            let name = text.to_ascii_lowercase();
            (1..).zip(DAYS).find(|(_, day)| *day == name)
        };
        let numbered = |text: &str| text.parse().ok().filter(|number| *number <= 7);
        let day = |text: &str| numbered(text).or_else(|| named(text).map(|(number, _)| number));
        let days = set(self.of_week, day)?;
        Some(Chosen::These(days.into_iter().map(|day| (day + 6) % 7).collect()))
    }
}

/// The hours of a field that names them.
pub(super) fn hours(field: &str) -> Option<BTreeSet<u8>> {
    set(field, |text| text.parse().ok().filter(|hour| *hour < 24))
}

/// A list of numbers and ranges.
fn set(field: &str, read: impl Fn(&str) -> Option<u8>) -> Option<BTreeSet<u8>> {
    let mut found = BTreeSet::new();
    for part in field.split(',') {
        match part.split_once('-') {
            None => drop(found.insert(read(part)?)),
            Some((from, to)) => {
                let (from, to) = (read(from)?, read(to)?);
                found.extend(Some(from..=to).filter(|range| !range.is_empty())?);
            }
        }
    }
    Some(found)
}
