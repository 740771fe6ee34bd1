//! Purpose: which band a value falls into, by the published thresholds of each mode.

use serde::{Deserialize, Serialize};

use super::definitions::Mode;
use super::metric::Metric;
use super::statistics::number;

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
const FOUR_KEYS_SHARES: [Band; 3] = [Band::UpTo15Percent, Band::UpTo45Percent, Band::Above45Percent];

/// Deployments a week, in `ours`: five, one, one a month. The limits belong to the better band.
const FREQUENCY: [f64; 3] = [5.0, 1.0, 7.0 / MONTH_DAYS];
/// Seconds of a recovery, but in Four Keys. The limits belong to the worse band.
const RECOVERY: [f64; 3] = [HOUR, DAY, 7.0 * DAY];
/// Seconds of both in Four Keys.
const FOUR_KEYS_TIMES: [f64; 4] = [24.0 * HOUR, 168.0 * HOUR, 730.0 * HOUR, 4_380.0 * HOUR];

/// A band with the values that it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandRange {
    /// Which.
    pub band: Band,
    /// From this value on, in the unit of [`WeekPoint::value`](super::WeekPoint::value).
    pub from: f64,
    /// Up to this one; infinite where it does not end.
    pub to: f64,
}

impl BandRange {
    /// The bands in which the weeks of a metric can be, the best first. Empty where nobody has published any, and where they are
    /// of something else than weeks show: other modes' bands of the frequency are of days, their weeks show deployments.
    pub fn all(metric: Metric, mode: Mode) -> Vec<Self> {
        match metric {
            Metric::DeploymentFrequency if mode == Mode::Ours => {
                let (mut limits, mut bands) = (FREQUENCY, DORA);
                limits.reverse();
                bands.reverse();
                let mut ranges = between(&limits, &bands);
                ranges.reverse();
                ranges
            }
            Metric::LeadTime => between(lead_time_limits(mode), times(mode)),
            Metric::ChangeFailRate => {
                let (percents, bands) = change_fail_limits(mode);
                let limits: Vec<f64> = percents.iter().map(|percent| number(*percent) / 100.0).collect();
                between(&limits, bands)
            }
            Metric::RecoveryTime => between(recovery_limits(mode), times(mode)),
            Metric::DeploymentFrequency | Metric::ReworkRate => Vec::new(),
        }
    }
}

/// The ranges between ascending limits, from zero on.
fn between(limits: &[f64], bands: &[Band]) -> Vec<BandRange> {
    let from = std::iter::once(0.0).chain(limits.iter().copied());
    let to = limits.iter().copied().chain(std::iter::once(f64::INFINITY));
    let ranges = bands.iter().zip(from.zip(to));
    ranges
        .map(|(band, (from, to))| BandRange {
            band: *band,
            from,
            to,
        })
        .collect()
}

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

/// Of deployments a week, in `ours`.
pub(super) fn frequency(per_week: f64) -> Band {
    reaching(per_week, &FREQUENCY, &DORA)
}

/// Of a lead time in seconds.
pub(super) fn lead_time(mode: Mode, seconds: f64) -> Band {
    below(seconds, lead_time_limits(mode), times(mode))
}

fn lead_time_limits(mode: Mode) -> &'static [f64] {
    match mode {
        Mode::Ours | Mode::DevLake2023 => const { &[DAY, 7.0 * DAY, 30.0 * DAY] },
        Mode::DevLake2021 => const { &[HOUR, 7.0 * DAY, 180.0 * DAY] },
        Mode::Middleware => const { &[DAY, 7.0 * DAY, MONTH_DAYS * DAY] },
        Mode::FourKeys => &FOUR_KEYS_TIMES,
    }
}

/// Of a recovery time in seconds.
pub(super) fn recovery(mode: Mode, seconds: f64) -> Band {
    below(seconds, recovery_limits(mode), times(mode))
}

fn recovery_limits(mode: Mode) -> &'static [f64] {
    match mode {
        Mode::Ours | Mode::DevLake2023 | Mode::DevLake2021 | Mode::Middleware => &RECOVERY,
        Mode::FourKeys => &FOUR_KEYS_TIMES,
    }
}

/// The bands of times.
fn times(mode: Mode) -> &'static [Band] {
    match mode {
        Mode::Ours | Mode::DevLake2023 | Mode::DevLake2021 | Mode::Middleware => &DORA,
        Mode::FourKeys => &FOUR_KEYS,
    }
}

/// Of a change fail rate of `failed` in `all`.
pub(super) fn change_fail(mode: Mode, failed: usize, all: usize) -> Band {
    let (limits, bands) = change_fail_limits(mode);
    let nth = limits
        .iter()
        .take_while(|limit| 100 * failed > **limit * all)
        .count();
    bands.get(nth).copied().unwrap_or(Band::Low)
}

/// In percent; the limits belong to the better band.
fn change_fail_limits(mode: Mode) -> (&'static [usize], &'static [Band]) {
    match mode {
        Mode::Ours | Mode::DevLake2023 | Mode::Middleware => (&[5, 10, 15], &DORA),
        Mode::DevLake2021 => (&[15, 20, 30], &DORA),
        Mode::FourKeys => (&[15, 45], &FOUR_KEYS_SHARES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds a value that is no limit.
    fn holding(metric: Metric, mode: Mode, value: f64) -> Option<Band> {
        let ranges = BandRange::all(metric, mode);
        let mut holding = ranges
            .iter()
            .filter(|range| range.from <= value && value < range.to);
        let found = holding.next().map(|range| range.band);
        assert!(holding.next().is_none(), "{ranges:?}");
        found
    }

    #[test]
    fn a_range_holds_the_values_of_its_band() {
        let hours = (0_u32..400).map(|step| HOUR * (0.35 * f64::from(step)).powi(2));
        for mode in Mode::ALL {
            for seconds in hours.clone() {
                let told = holding(Metric::LeadTime, mode, seconds);
                assert_eq!(told, Some(lead_time(mode, seconds)), "{mode:?} {seconds}");
                let told = holding(Metric::RecoveryTime, mode, seconds);
                assert_eq!(told, Some(recovery(mode, seconds)), "{mode:?} {seconds}");
            }
            // Of 400, so that none is a limit but 0: those belong to the better band.
            for failed in (1..=399).step_by(2) {
                let told = holding(Metric::ChangeFailRate, mode, number(failed) / 400.0);
                assert_eq!(told, Some(change_fail(mode, failed, 400)), "{mode:?} {failed}");
            }
            assert!(BandRange::all(Metric::ReworkRate, mode).is_empty());
        }
        for tenths in 0_u32..90 {
            let per_week = f64::from(tenths) / 10.0;
            let told = holding(Metric::DeploymentFrequency, Mode::Ours, per_week);
            assert_eq!(told, Some(frequency(per_week)), "{per_week}");
        }
    }

    #[test]
    fn the_best_band_comes_first_and_days_are_no_deployments() {
        for metric in [
            Metric::DeploymentFrequency,
            Metric::LeadTime,
            Metric::ChangeFailRate,
        ] {
            let bands: Vec<Band> = BandRange::all(metric, Mode::Ours)
                .iter()
                .map(|range| range.band)
                .collect();
            assert_eq!(bands, DORA);
        }
        assert!(BandRange::all(Metric::DeploymentFrequency, Mode::DevLake2023).is_empty());
    }
}
