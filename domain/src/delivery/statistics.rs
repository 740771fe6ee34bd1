//! Purpose: percentiles, means, and how sure they are. Only sorted whole seconds and counts come in, so the same facts give
//! the same numbers to the last digit.
//!
//! An interval is the bootstrap's: where the value would be in 95 of 100 samples drawn again from the sample. For order
//! statistics and shares that distribution is known (Hutson and Ernst 2000, "The exact bootstrap mean and variance of an
//! L-estimator", J. R. Statist. Soc. B 62), so nothing is drawn: the rank of a resampled order statistic is Beta
//! distributed, a resampled count is binomial.

mod beta;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::measured::{Interval, IntervalMethod};

/// Fewer values than this tell nothing of how they spread.
const LEAST_FOR_INTERVAL: usize = 5;
/// How often means are drawn again.
const RESAMPLES: usize = 1_000;
/// The most draws for one interval; a mean of more values tends to the normal distribution anyway.
const MOST_VALUES: usize = 1_000;
/// Outside the interval on each side: 2.5 %.
const TAIL: f64 = 0.025;
/// The normal distribution's quantile at 97.5 %.
const NORMAL: f64 = 1.959_963_984_540_054;

/// A count as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and seconds of facts are far below 2^53"
)]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

/// Seconds as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and seconds of facts are far below 2^53"
)]
pub(crate) fn seconds(whole: i64) -> f64 {
    whole as f64
}

/// The percentile of sorted values by linear interpolation between the closest ranks, at position (n - 1) · percent / 100;
/// `None` of nothing.
pub(crate) fn percentile(sorted: &[i64], percent: u32) -> Option<f64> {
    let steps = sorted.len().checked_sub(1)? * usize::try_from(percent.min(100)).ok()?;
    let low = *sorted.get(steps / 100)?;
    let high = sorted.get(steps / 100 + 1).copied().unwrap_or(low);
    let part = number(steps % 100) / 100.0;
    Some(seconds(low) + part * seconds(high - low))
}

/// The value in the middle, of an even number the lower one; `None` of nothing.
pub(super) fn lower_median(sorted: &[i64]) -> Option<f64> {
    let middle = sorted.len().checked_sub(1)? / 2;
    sorted.get(middle).copied().map(seconds)
}

/// The arithmetic mean; `None` of nothing.
pub(super) fn mean(values: &[i64]) -> Option<f64> {
    let sum: i64 = values.iter().sum();
    (!values.is_empty()).then(|| seconds(sum) / number(values.len()))
}

/// How sure a percentile of sorted values is; `None` of too few.
pub(crate) fn percentile_interval(sorted: &[i64], percent: u32) -> Option<Interval> {
    let n = sorted.len();
    if n < LEAST_FOR_INTERVAL {
        return None;
    }
    let rank = 1.0 + number(n - 1) * f64::from(percent.min(100)) / 100.0;
    let value = |probability| {
        let above = beta::quantile_part(probability, rank, number(n) - rank + 1.0, n);
        sorted.get(above - 1).copied().map(seconds)
    };
    Some(Interval {
        low: value(TAIL)?,
        high: value(1.0 - TAIL)?,
        method: IntervalMethod::OrderStatistic,
    })
}

/// How sure a share of `fit` of `all` is; `None` of nothing.
pub(super) fn share_interval(fit: usize, all: usize) -> Option<Interval> {
    if all == 0 || fit > all {
        return None;
    }
    let n = number(all);
    // Where all fit, or none, to draw again gives the same for ever: the bootstrap would be sure of one fact.
    let certain = 1.0 - TAIL.powf(1.0 / n);
    if fit == 0 || fit == all {
        let (low, high) = if fit == 0 {
            (0.0, certain)
        } else {
            (1.0 - certain, 1.0)
        };
        return Some(Interval {
            low,
            high,
            method: IntervalMethod::Exact,
        });
    }
    let share = number(fit) / n;
    Some(Interval {
        low: number(beta::binomial_quantile(TAIL, all, share)) / n,
        high: number(beta::binomial_quantile(1.0 - TAIL, all, share)) / n,
        method: IntervalMethod::Binomial,
    })
}

/// How sure a mean is; `None` of too few values.
pub(super) fn mean_interval(values: &[i64]) -> Option<Interval> {
    if values.len() > MOST_VALUES {
        return normal_interval(values);
    }
    let pairs: Vec<(i64, i64)> = values.iter().map(|value| (*value, 1)).collect();
    ratio_interval(&pairs)
}

fn normal_interval(values: &[i64]) -> Option<Interval> {
    let mean = mean(values)?;
    let squares = values.iter().map(|value| (seconds(*value) - mean).powi(2));
    let n = number(values.len());
    let reach = NORMAL * (squares.sum::<f64>() / n / n).sqrt();
    Some(Interval {
        low: mean - reach,
        high: mean + reach,
        method: IntervalMethod::Normal,
    })
}

/// How sure the sum of the firsts divided by the sum of the seconds is, where pairs are drawn again: deployments of weeks by
/// the lengths of the weeks. Seconds are above zero. `None` of too few pairs.
pub(super) fn ratio_interval(pairs: &[(i64, i64)]) -> Option<Interval> {
    if pairs.len() < LEAST_FOR_INTERVAL {
        return None;
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed(pairs));
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let (mut above, mut below) = (0_i64, 0_i64);
            for _ in pairs {
                let (first, second) = draw(pairs, &mut random);
                above = above.saturating_add(first);
                below = below.saturating_add(second);
            }
            seconds(above) / seconds(below.max(1))
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Some(Interval {
        low: *drawn.get(RESAMPLES / 40)?,
        high: *drawn.get(RESAMPLES - 1 - RESAMPLES / 40)?,
        method: IntervalMethod::Resampled,
    })
}

/// How sure a share is whose parts are the firsts and whose wholes are the seconds; `None` of too few pairs, and where the
/// wholes are nothing.
pub(crate) fn part_interval(pairs: &[(i64, i64)]) -> Option<Interval> {
    if pairs.len() <= MOST_VALUES {
        return ratio_interval(pairs);
    }
    let sum = |of: fn(&(i64, i64)) -> i64| pairs.iter().map(of).fold(0_i64, i64::saturating_add);
    let whole = seconds(sum(|pair| pair.1).max(1));
    let share = seconds(sum(|pair| pair.0)) / whole;
    // A share of sums is nearly linear in each pair: the spread of what the pairs differ by from that line (the delta method).
    let off = |pair: &(i64, i64)| (seconds(pair.0) - share * seconds(pair.1)).powi(2);
    let reach = NORMAL * pairs.iter().map(off).sum::<f64>().sqrt() / whole;
    Some(Interval {
        low: (share - reach).max(0.0),
        high: (share + reach).min(1.0),
        method: IntervalMethod::Normal,
    })
}

/// One of the pairs, each as likely as the others.
fn draw(pairs: &[(i64, i64)], random: &mut Xoshiro256PlusPlus) -> (i64, i64) {
    let spread = u128::from(random.next_u64()) * pairs.len() as u128;
    let index = usize::try_from(spread >> 64).unwrap_or(0);
    pairs.get(index).copied().unwrap_or((0, 1))
}

/// A number that is the same for the same facts and hardly ever for others: FNV-1a over them.
fn seed(pairs: &[(i64, i64)]) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const STEP: u64 = 0x0100_0000_01b3;
    let numbers = pairs.iter().flat_map(|(first, second)| [*first, *second]);
    let bytes = numbers.flat_map(i64::to_le_bytes);
    bytes.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(STEP))
}

#[cfg(test)]
mod tests;
