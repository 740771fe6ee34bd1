//! Purpose: shifts: a metric is another one since some week, measured against its own history and not by a fixed per cent.
//!
//! For each week t of n that could be the first of a new level, the weeks before are compared with those from it on by their
//! ranks (Mann and Whitney). With R(t) the sum of the ranks of the first t weeks, the statistic of the split is
//!
//! ```text
//! T(t) = (R(t) - t (n + 1) / 2)² / (t (n - t))
//! ```
//!
//! which is its squared standardised distance from what chance gives, but for a factor that is the same for all splits.
//! The shift is where T is greatest, with at least [`LEAST_BESIDE`] weeks on either side. How often chance gives as much is
//! found by putting the same weeks in [`PERMUTATIONS`] random orders; of fewer than one in a thousand it is told.
//!
//! Sources: A. N. Pettitt 1979, "A non-parametric approach to the change-point problem", Applied Statistics 28, 126-135;
//! D. M. Hawkins and Q. Deng 2010, "A nonparametric change-point control chart", Journal of Quality Technology 42, 165-173
//! (standardised, so that a shift of a few weeks ago is found too).
//!
//! Ranks make it robust: one week, however far off, weighs no more than the farthest of ordinary weeks. What it takes for
//! granted is that weeks are independent: a metric that drifts slowly is told of as one that shifted on the way.

mod told;
mod weeks;

use chrono::NaiveDate;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use crate::delivery::{number, percentile, percentile_interval, seconds};
use crate::signal::{ClockKind, LooksAt, Severity, SignalKind};

pub use told::{Told, finding, last, subject};
pub use weeks::{of_delivery, of_flow};

/// How many weeks are looked at: half a year.
pub const WEEKS: u32 = 26;
/// Weeks that a level must have lasted, and have lasted before.
pub const LEAST_BESIDE: usize = 5;
/// Fewer weeks than this have no history.
pub const LEAST_WEEKS: usize = 12;
/// A week of fewer things than this is left out: its middle is chance.
pub const LEAST_IN_WEEK: usize = 3;
/// In how many random orders the weeks are put.
pub const PERMUTATIONS: usize = 9_999;
/// In at most so many of them chance may give as much as was found: less than one in a thousand, with the found one itself.
const AS_MUCH: usize = 8;

/// A metric shifted. Evaluated once a day: it takes the facts of half a year.
pub const SHIFTED: &SignalKind = &SignalKind {
    name: "metric_shift",
    heading: "Metrics that have shifted",
    summary: "A metric has been at another level for some weeks, more than chance explains.",
    parameters: &[],
    severity: Severity::Info,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate: |_, _| Vec::new(),
};

/// What a metric was in one whole week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Week {
    /// Its Monday.
    pub monday: NaiveDate,
    /// The value; finite.
    pub value: f64,
    /// Of how many; `None` where the value is itself how many.
    pub sample: Option<usize>,
}

/// A level: the median of weeks, and where it would be in 95 of 100 samples of such weeks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The median.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A metric is at another level since a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The Monday of the first week at the new level.
    pub monday: NaiveDate,
    /// The new level is above the old one.
    pub is_up: bool,
    /// How often chance gives as much: below 0.001.
    pub chance: f64,
    /// The old level.
    pub before: Level,
    /// The new level.
    pub after: Level,
    /// Of how many weeks the old level is.
    pub weeks_before: usize,
    /// Of how many weeks the new one is.
    pub weeks_after: usize,
}

/// The shift in these weeks, given in order of time; `None` where chance explains them. Weeks of few things are left out.
///
/// It is always found in one of the weeks given: whoever was told of a shift gives the weeks from it on, and is never told
/// of it again.
pub fn find(weeks: &[Week]) -> Option<Shift> {
    let says_enough = |week: &&Week| week.sample.is_none_or(|sample| sample >= LEAST_IN_WEEK);
    let weeks: Vec<&Week> = weeks.iter().filter(says_enough).collect();
    if weeks.len() < LEAST_WEEKS {
        return None;
    }
    let values: Vec<f64> = weeks.iter().map(|week| week.value).collect();
    let ranks = doubled_ranks(&values);
    let found = greatest(&ranks)?;
    let as_much = chances(&ranks, found.statistic)?;
    let (before, after) = values.split_at_checked(found.first)?;
    Some(Shift {
        monday: weeks.get(found.first)?.monday,
        before: level(before)?,
        after: level(after)?,
        is_up: found.is_up,
        chance: number(as_much + 1) / number(PERMUTATIONS + 1),
        weeks_before: found.first,
        weeks_after: weeks.len() - found.first,
    })
}

/// The level of some weeks. An order statistic is found of whole numbers, so values are counted in millionths.
fn level(values: &[f64]) -> Option<Level> {
    const PARTS: f64 = 1_000_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end"
    )]
    let mut whole: Vec<i64> = values
        .iter()
        .map(|value| (value * PARTS).round() as i64)
        .collect();
    whole.sort_unstable();
    let interval = percentile_interval(&whole, 50)?;
    Some(Level {
        value: percentile(&whole, 50)? / PARTS,
        low: interval.low / PARTS,
        high: interval.high / PARTS,
    })
}

/// Twice the rank of each value, so that equal ones can share the mean of theirs and it stays whole.
fn doubled_ranks(values: &[f64]) -> Vec<i64> {
    let rank = |value: &f64| {
        let below = values
            .iter()
            .filter(|other| other.total_cmp(value).is_lt())
            .count();
        let equal = values
            .iter()
            .filter(|other| other.total_cmp(value).is_eq())
            .count();
        i64::try_from(2 * below + equal + 1).unwrap_or(i64::MAX)
    };
    values.iter().map(rank).collect()
}

/// The split whose sides differ most.
struct Split {
    /// The index of the first week at the new level.
    first: usize,
    is_up: bool,
    statistic: f64,
}

/// The split with the greatest statistic, of equal ones the earliest; `None` where all weeks are equal.
fn greatest(ranks: &[i64]) -> Option<Split> {
    let all = ranks.len();
    let mean = i64::try_from(all + 1).ok()?;
    let (mut off, mut best) = (0_i64, None::<Split>);
    for (before, rank) in (1..all).zip(ranks) {
        // The sum of doubled ranks so far, less what chance gives.
        off += rank - mean;
        if before < LEAST_BESIDE || all - before < LEAST_BESIDE {
            continue;
        }
        let statistic = seconds(off).powi(2) / number(before * (all - before));
        if statistic > best.as_ref().map_or(0.0, |best| best.statistic) {
            let (first, is_up) = (before, off < 0);
            best = Some(Split {
                first,
                is_up,
                statistic,
            });
        }
    }
    best
}

/// In how many random orders the weeks show as much; `None` once it is too many.
fn chances(ranks: &[i64], statistic: f64) -> Option<usize> {
    let mut order = ranks.to_vec();
    // Put in order first, so that neither the orders nor the seed depend on the order that was found.
    order.sort_unstable();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed(&order));
    let mut as_much = 0;
    for _ in 0..PERMUTATIONS {
        shuffle(&mut order, &mut random);
        as_much += usize::from(greatest(&order).is_some_and(|split| split.statistic >= statistic));
        if as_much > AS_MUCH {
            return None;
        }
    }
    Some(as_much)
}

/// Puts them in a random order, each as likely as the others (Fisher and Yates).
fn shuffle(order: &mut [i64], random: &mut Xoshiro256PlusPlus) {
    for last in (1..order.len()).rev() {
        let spread = u128::from(random.next_u64()) * (last as u128 + 1);
        order.swap(last, usize::try_from(spread >> 64).unwrap_or(0));
    }
}

/// A number that is the same for the same ranks in any order: FNV-1a over them in order.
fn seed(sorted: &[i64]) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const STEP: u64 = 0x0100_0000_01b3;
    let bytes = sorted.iter().flat_map(|rank| rank.to_le_bytes());
    bytes.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(STEP))
}

#[cfg(test)]
mod tests;
