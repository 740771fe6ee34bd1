//! Purpose: the words of a time, one by one, and what they mean together.

use std::collections::BTreeSet;

use super::words::{DAYS, Days, NotATime, ORDINALS, When};

/// What something is repeated by within a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Hours,
    Minutes,
}

/// One word, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Day(u8),
    Weekday,
    Weekend,
    EveryDay,
    Ordinal(u8),
    To,
    Time(u8, u8),
    Number(u32),
    AfterNoon(bool),
    Each(Unit),
    Month,
    Noise,
}

impl Token {
    /// One word; a range such as `mon-fri` is three.
    pub(super) fn read(word: &str) -> Result<Vec<Self>, NotATime> {
        let word = word.trim_matches(['.', '!', '?', '“', '”', '"']);
        if let Some((from, to)) = word.split_once('-')
            && let (Some(from), Some(to)) = (day(from), day(to))
        {
            return Ok(vec![Self::Day(from), Self::To, Self::Day(to)]);
        }
        Self::plain(word)
            .or_else(|| day(word).map(Self::Day))
            .or_else(|| ordinal(word).map(Self::Ordinal))
            .or_else(|| time(word))
            .map(|token| vec![token])
            .ok_or_else(|| NotATime::unknown(word))
    }

    fn plain(word: &str) -> Option<Self> {
        Some(match word {
            "weekday" | "weekdays" | "workday" | "workdays" => Self::Weekday,
            "weekend" | "weekends" => Self::Weekend,
            "day" | "days" | "daily" => Self::EveryDay,
            "to" | "through" | "until" | "till" | "-" => Self::To,
            "am" => Self::AfterNoon(false),
            "pm" => Self::AfterNoon(true),
            "hour" | "hours" | "hourly" => Self::Each(Unit::Hours),
            "minute" | "minutes" | "min" => Self::Each(Unit::Minutes),
            "month" | "months" | "monthly" => Self::Month,
            "noon" => Self::Time(12, 0),
            "midnight" => Self::Time(0, 0),
            "" | "every" | "each" | "on" | "at" | "the" | "of" | "and" | "a" | "in" | "o'clock" | "week"
            | "weekly" => Self::Noise,
            _ => return None,
        })
    }
}

/// `mon`, `Mondays` and the like; 0 is Monday.
fn day(word: &str) -> Option<u8> {
    let word = word
        .strip_suffix('s')
        .filter(|word| word.ends_with("day"))
        .unwrap_or(word);
    let is_short = |day: &str| word.len() >= 3 && day.to_lowercase().starts_with(word);
    (0..)
        .zip(DAYS)
        .find(|(_, day)| is_short(day))
        .map(|(number, _)| number)
}

/// `first`, `1st`, `15th`.
fn ordinal(word: &str) -> Option<u8> {
    let named = (1..).zip(ORDINALS).find(|(_, name)| *name == word);
    let counted = || {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let is_ending = ["st", "nd", "rd", "th"].contains(&word.strip_prefix(digits)?);
        digits.parse().ok().filter(|_| is_ending)
    };
    named
        .map(|(number, _)| number)
        .or_else(counted)
        .filter(|number| (1..=31).contains(number))
}

/// `9`, `9:30`, `09:00`, `9am`, `9:30pm`.
fn time(word: &str) -> Option<Token> {
    let (clock, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(false)),
        (None, Some(clock)) => (clock, Some(true)),
        (None, None) => (word, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let Some((hour, minute)) = clock.split_once(':') else {
        let number: u32 = Some(clock).filter(|clock| digits(clock))?.parse().ok()?;
        return match half {
            None => Some(Token::Number(number)),
            Some(is_after_noon) => on_the_clock(number, is_after_noon).map(|hour| Token::Time(hour, 0)),
        };
    };
    let minute = Some(minute).filter(|minute| minute.len() == 2 && digits(minute))?;
    let minute: u8 = minute.parse().ok().filter(|minute| *minute < 60)?;
    let hour: u32 = Some(hour).filter(|hour| digits(hour))?.parse().ok()?;
    let hour = match half {
        None => u8::try_from(hour).ok().filter(|hour| *hour < 24)?,
        Some(is_after_noon) => on_the_clock(hour, is_after_noon)?,
    };
    Some(Token::Time(hour, minute))
}

/// The hour of the day by a clock of twelve hours.
fn on_the_clock(hour: u32, is_after_noon: bool) -> Option<u8> {
    let hour = u8::try_from(hour).ok().filter(|hour| (1..=12).contains(hour))?;
    Some(hour % 12 + if is_after_noon { 12 } else { 0 })
}

/// What was said, by kind.
#[derive(Debug, Default)]
pub(super) struct Heard {
    week: BTreeSet<u8>,
    ordinals: BTreeSet<u8>,
    times: BTreeSet<(u8, u8)>,
    every: Option<(u32, Unit)>,
    is_every_day: bool,
    is_month: bool,
}

impl Heard {
    pub(super) fn listen(tokens: &[Token]) -> Result<Self, NotATime> {
        let mut heard = Self::default();
        let mut rest = tokens;
        while let Some((first, after)) = rest.split_first() {
            let used = heard.take(*first, after)?;
            rest = after.get(used..).unwrap_or_default();
        }
        Ok(heard)
    }

    /// Takes one token, and answers how many of those after it belong to it.
    fn take(&mut self, token: Token, after: &[Token]) -> Result<usize, NotATime> {
        match (token, after) {
            (Token::Day(from), [Token::To, Token::Day(to), ..]) => {
                let length = (to + 7 - from) % 7;
                self.week.extend((0..=length).map(|day| (from + day) % 7));
                return Ok(2);
            }
            (Token::Number(number), [Token::Each(unit), ..]) => {
                self.repeat(number, *unit)?;
                return Ok(1);
            }
            (Token::Number(number), [Token::AfterNoon(is_after_noon), ..]) => {
                let hour = on_the_clock(number, *is_after_noon);
                let hour = hour.ok_or_else(|| NotATime::unknown(&number.to_string()))?;
                self.times.insert((hour, 0));
                return Ok(1);
            }
            (Token::Number(number), _) => {
                let hour = u8::try_from(number).ok().filter(|hour| *hour < 24);
                let hour = hour.ok_or_else(|| NotATime::unknown(&number.to_string()))?;
                self.times.insert((hour, 0));
            }
            (Token::Day(day), _) => drop(self.week.insert(day)),
            (Token::Weekday, _) => self.week.extend(0..5),
            (Token::Weekend, _) => self.week.extend([5, 6]),
            (Token::EveryDay, _) => self.is_every_day = true,
            (Token::Ordinal(number), _) => drop(self.ordinals.insert(number)),
            (Token::Time(hour, minute), _) => drop(self.times.insert((hour, minute))),
            (Token::Each(unit), _) => self.repeat(1, unit)?,
            (Token::Month, _) => self.is_month = true,
            (Token::To | Token::AfterNoon(_), _) => {
                return Err(NotATime::because("I do not see from when to when that is."));
            }
            (Token::Noise, _) => {}
        }
        Ok(0)
    }

    fn repeat(&mut self, number: u32, unit: Unit) -> Result<(), NotATime> {
        match self.every.replace((number, unit)) {
            None => Ok(()),
            Some(_) => Err(NotATime::because("That repeats in two ways.")),
        }
    }

    pub(super) fn understood(self) -> Result<When, NotATime> {
        if let Some((number, unit)) = self.every {
            return self.repeated(number, unit);
        }
        let Some((_, minute)) = self.times.first().copied() else {
            return Err(NotATime::because("I miss the time of day."));
        };
        if self.times.iter().any(|(_, other)| *other != minute) {
            let why = "Times with different minutes need a schedule each.";
            return Err(NotATime::because(why));
        }
        let hours = self.times.iter().map(|(hour, _)| *hour).collect();
        Ok(When::At {
            days: self.days()?,
            hours,
            minute,
        })
    }

    fn repeated(&self, number: u32, unit: Unit) -> Result<When, NotATime> {
        let is_plain =
            self.week.is_empty() && self.ordinals.is_empty() && self.times.is_empty() && !self.is_month;
        let number = u8::try_from(number).ok().filter(|number| *number > 0);
        match (number, unit) {
            _ if !is_plain => Err(NotATime::because(
                "That repeats within the day and names days or times too.",
            )),
            (Some(number), Unit::Hours) if 24 % number == 0 && number < 24 => Ok(When::EveryHours(number)),
            (Some(number), Unit::Minutes) if 60 % number == 0 && number < 60 => {
                Ok(When::EveryMinutes(number))
            }
            (Some(60), Unit::Minutes) => Ok(When::EveryHours(1)),
            _ => Err(NotATime::because(
                "Only minutes that divide an hour, or hours that divide a day, come round evenly.",
            )),
        }
    }

    fn days(&self) -> Result<Days, NotATime> {
        let (is_week, is_ordinal) = (!self.week.is_empty(), !self.ordinals.is_empty());
        match (is_week, is_ordinal) {
            (true, true) => {
                let one = |set: &BTreeSet<u8>| set.first().copied().filter(|_| set.len() == 1);
                match (one(&self.ordinals).filter(|nth| *nth <= 4), one(&self.week)) {
                    (Some(nth), Some(day)) => Ok(Days::Nth(nth, day)),
                    _ => Err(NotATime::because(
                        "Of the weekdays of a month I know the first to the fourth, one at a time.",
                    )),
                }
            }
            (true, false) if self.is_every_day || self.is_month => {
                Err(NotATime::because("That names days in two ways."))
            }
            (true, false) if self.week.len() == 7 => Ok(Days::Every),
            (true, false) => Ok(Days::Week(self.week.clone())),
            (false, true) if self.ordinals.len() == 31 => Ok(Days::Every),
            (false, true) => Ok(Days::Month(self.ordinals.clone())),
            (false, false) if self.is_month => Err(NotATime::because("I miss the day of the month.")),
            (false, false) if self.is_every_day => Ok(Days::Every),
            (false, false) => Err(NotATime::because("I miss the day.")),
        }
    }
}
