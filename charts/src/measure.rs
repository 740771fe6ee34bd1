//! Purpose: how values are written, and which values are round: 90 minutes are "1.5 h", and after "12 h" comes "1 d".

use crate::scale::Axis;

/// What values of a picture are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// Plain numbers, with what is written behind each, such as `%`; it may be empty.
    Number(String),
    /// Hours by the clock, written as minutes, hours or days of 24 hours.
    Hours,
}

impl Default for Measure {
    fn default() -> Self {
        Self::Number(String::new())
    }
}

/// What a minute and a day are in hours.
const MINUTE: f64 = 1.0 / 60.0;
const DAY: f64 = 24.0;

impl Measure {
    /// A value in words, with two figures, or three where whole numbers have them: `1.5 h`, `12 %`, `3.4M`.
    pub(crate) fn text(&self, value: f64) -> String {
        match self {
            Self::Number(unit) if unit.is_empty() => number(value),
            Self::Number(unit) => format!("{} {unit}", number(value)),
            Self::Hours if value <= 0.0 => "0".to_owned(),
            Self::Hours if value < 0.95 => format!("{} min", number((value / MINUTE).round())),
            Self::Hours if value < 23.5 || is_better_in_hours(value) => format!("{} h", number(value)),
            Self::Hours => format!("{} d", number(value / DAY)),
        }
    }

    /// An axis from 0 that holds `greatest`, with round values on it: at most `most` above 0.
    pub(crate) fn axis(&self, greatest: f64, most: f64) -> Axis {
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        match self {
            Self::Number(_) => Axis::in_steps(greatest, most, decimals()),
            Self::Hours => Axis::in_steps(greatest, most, hours()),
        }
    }

    /// Round values for an axis on which each is some times the one before, the least first.
    pub(crate) fn powers(&self) -> Vec<f64> {
        let powers = |from: i32| (from..=15).map(|power| 10_f64.powi(power));
        match self {
            Self::Number(_) => powers(-3).collect(),
            Self::Hours => [MINUTE, 10.0 * MINUTE, 1.0, 6.0, DAY, 7.0 * DAY, 30.0 * DAY]
                .into_iter()
                .chain(powers(2).map(|days| days * DAY))
                .collect(),
        }
    }
}

/// Up to two days: 30 hours are said exactly, but 1.25 days are not with the figures that are written.
fn is_better_in_hours(value: f64) -> bool {
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-6;
    value < 2.0 * DAY && is_whole(value) && !is_whole(10.0 * value / DAY)
}

/// 1, 2 and 5 of each power of ten, from a hundredth.
fn decimals() -> impl Iterator<Item = f64> {
    (-2..=15).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)))
}

/// Steps that are round as minutes, hours or days.
fn hours() -> impl Iterator<Item = f64> {
    let minutes = [1.0, 2.0, 5.0, 10.0, 30.0].map(|minutes| minutes * MINUTE);
    let hours = [1.0, 2.0, 4.0, 6.0, 12.0];
    let days = decimals().filter(|days| *days >= 1.0).map(|days| days * DAY);
    minutes.into_iter().chain(hours).chain(days)
}

/// A number with two figures, or three where whole numbers have them, and a letter for thousands and more.
fn number(value: f64) -> String {
    const LETTERS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    // What would be rounded up to 1000 is written with the next letter.
    let letter = LETTERS.iter().find(|(unit, _)| value >= 0.9995 * unit);
    let (value, letter) = letter.map_or((value, ""), |(unit, letter)| (value / unit, *letter));
    let decimals = match value {
        value if value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        value if value >= 0.0995 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let text = if decimals == 0 {
        &text
    } else {
        text.trim_end_matches('0').trim_end_matches('.')
    };
    format!("{text}{letter}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_have_few_figures() {
        let plain = Measure::default();
        let texts =
            [0.0, 0.05, 0.333, 1.0, 12.34, 99.99, 999.7, 1_260.0, 3.4e6, 1e12].map(|value| plain.text(value));
        assert_eq!(
            texts,
            ["0", "0.05", "0.33", "1", "12", "100", "1k", "1.3k", "3.4M", "1T"]
        );
        assert_eq!(Measure::Number("%".to_owned()).text(7.5), "7.5 %");
    }

    #[test]
    fn hours_are_minutes_and_days_too() {
        let texts =
            [0.0, 0.25, 1.5, 23.2, 24.0, 30.0, 31.7, 36.0, 2_400.0].map(|value| Measure::Hours.text(value));
        assert_eq!(
            texts,
            [
                "0", "15 min", "1.5 h", "23 h", "1 d", "30 h", "1.3 d", "1.5 d", "100 d"
            ]
        );
    }

    /// What a text says, in the unit of its measure.
    fn read(text: &str) -> f64 {
        let (text, unit) = match text.split_once(' ') {
            Some((text, "min")) => (text, MINUTE),
            Some((text, "d")) => (text, DAY),
            Some((text, _)) => (text, 1.0),
            None => (text, 1.0),
        };
        let letters = [("k", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)];
        let found = letters
            .into_iter()
            .find_map(|(letter, by)| Some((text.strip_suffix(letter)?, by)));
        let (text, by) = found.unwrap_or((text, 1.0));
        text.parse::<f64>().unwrap() * by * unit
    }

    proptest! {
        #[test]
        fn numbers_on_an_axis_are_written_exactly(power in -2.0_f64..14.0, most in 3_u32..6) {
            for measure in [Measure::Hours, Measure::default()] {
                for tick in measure.axis(10_f64.powf(power), f64::from(most)).ticks() {
                    let text = measure.text(tick);
                    prop_assert!((read(&text) - tick).abs() <= 1e-9 * tick, "{tick} is written {text}");
                }
            }
        }
    }
}
