//! Purpose: which band a value falls into, by the published thresholds of each mode.

use serde::{Deserialize, Serialize};

use super::definitions::Mode;

/// A band, as its mode calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// DORA: the best.
    Elite,
    /// DORA: the second.
    High,
    /// DORA: the third.
    Medium,
    /// DORA: the last.
    Low,
    /// Four Keys: deploys daily.
    Daily,
    /// Four Keys: deploys weekly.
    Weekly,
    /// Four Keys: deploys monthly.
    Monthly,
    /// Four Keys: deploys less often.
    Yearly,
    /// Four Keys: takes less than a day.
    OneDay,
    /// Four Keys: takes less than a week.
    OneWeek,
    /// Four Keys: takes less than a month.
    OneMonth,
    /// Four Keys: takes less than half a year.
    SixMonths,
    /// Four Keys: takes longer.
    OneYear,
    /// Four Keys: 15 % at most.
    UpTo15Percent,
    /// Four Keys: 45 % at most.
    UpTo45Percent,
    /// Four Keys: more.
    Above45Percent,
}

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
/// Days of a month on the average of 400 years.
const MONTH_DAYS: f64 = 365.2425 / 12.0;

const DORA: [Band; 4] = [Band::Elite, Band::High, Band::Medium, Band::Low];
const FOUR_KEYS: [Band; 5] = [
    Band::OneDay,
    Band::OneWeek,
    Band::OneMonth,
    Band::SixMonths,
    Band::OneYear,
];

impl Band {
    /// The name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Elite => "elite",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
            Self::OneDay => "less than a day",
            Self::OneWeek => "less than a week",
            Self::OneMonth => "less than a month",
            Self::SixMonths => "less than six months",
            Self::OneYear => "a year",
            Self::UpTo15Percent => "0 to 15 %",
            Self::UpTo45Percent => "16 to 45 %",
            Self::Above45Percent => "46 % or more",
        }
    }
}

/// The first band whose limit the value is below, or the last.
fn below(value: f64, limits: &[f64], bands: &[Band]) -> Band {
    let nth = limits.iter().take_while(|limit| value >= **limit).count();
    bands.get(nth).copied().unwrap_or(Band::Low)
}

/// The first band whose limit the value reaches, or the last.
pub(super) fn reaching(value: f64, limits: &[f64], bands: &[Band]) -> Band {
    let nth = limits.iter().take_while(|limit| value < **limit).count();
    bands.get(nth).copied().unwrap_or(Band::Low)
}

/// Of deployments a week, in `ours`: five, one, one a month.
pub(super) fn frequency(per_week: f64) -> Band {
    reaching(per_week, &[5.0, 1.0, 7.0 / MONTH_DAYS], &DORA)
}

/// Of a lead time in seconds.
pub(super) fn lead_time(mode: Mode, seconds: f64) -> Band {
    match mode {
        Mode::Ours | Mode::DevLake2023 => below(seconds, &[DAY, 7.0 * DAY, 30.0 * DAY], &DORA),
        Mode::DevLake2021 => below(seconds, &[HOUR, 7.0 * DAY, 180.0 * DAY], &DORA),
        Mode::Middleware => below(seconds, &[DAY, 7.0 * DAY, MONTH_DAYS * DAY], &DORA),
        Mode::FourKeys => four_keys(seconds),
    }
}

/// Of a recovery time in seconds.
pub(super) fn recovery(mode: Mode, seconds: f64) -> Band {
    match mode {
        Mode::Ours | Mode::DevLake2023 | Mode::DevLake2021 | Mode::Middleware => {
            below(seconds, &[HOUR, DAY, 7.0 * DAY], &DORA)
        }
        Mode::FourKeys => four_keys(seconds),
    }
}

fn four_keys(seconds: f64) -> Band {
    let limits = [24.0, 168.0, 730.0, 4_380.0].map(|hours| hours * HOUR);
    below(seconds, &limits, &FOUR_KEYS)
}

/// Of a change fail rate of `failed` in `all`. The limits belong to the better band.
pub(super) fn change_fail(mode: Mode, failed: usize, all: usize) -> Band {
    let (limits, bands): (&[usize], &[Band]) = match mode {
        Mode::Ours | Mode::DevLake2023 | Mode::Middleware => (&[5, 10, 15], &DORA),
        Mode::DevLake2021 => (&[15, 20, 30], &DORA),
        Mode::FourKeys => (
            &[15, 45],
            &[Band::UpTo15Percent, Band::UpTo45Percent, Band::Above45Percent],
        ),
    };
    let nth = limits
        .iter()
        .take_while(|limit| 100 * failed > **limit * all)
        .count();
    bands.get(nth).copied().unwrap_or(Band::Low)
}
