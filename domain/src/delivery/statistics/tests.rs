//! Purpose: tests of the numbers against sums that are written out and against drawing again for real.

use proptest::prelude::*;

use super::*;

/// With which probability at most `k` of `n` succeed, summed term by term.
fn at_most(k: usize, n: usize, share: f64) -> f64 {
    let mut term = (1.0 - share).powf(number(n));
    let mut sum = term;
    for i in 1..=k {
        term *= number(n - i + 1) / number(i) * share / (1.0 - share);
        sum += term;
    }
    sum
}

#[test]
fn percentiles_are_interpolated_and_the_lower_median_is_not() {
    let even = [1, 2, 10, 20];
    assert_eq!(percentile(&even, 50), Some(6.0));
    assert_eq!(percentile(&even, 90), Some(17.0));
    assert_eq!(percentile(&even, 100), Some(20.0));
    assert_eq!(lower_median(&even), Some(2.0));
    assert_eq!(lower_median(&[1, 2, 3]), Some(2.0));
    assert_eq!(mean(&even), Some(8.25));
    assert_eq!(
        (percentile(&[], 50), lower_median(&[]), mean(&[])),
        (None, None, None)
    );
}

#[test]
fn all_or_none_of_a_few_are_not_certain() {
    let none = share_interval(0, 10).unwrap();
    assert_eq!((none.low, none.method), (0.0, IntervalMethod::Exact));
    // The textbook's upper end for 0 of 10 is 30.85 %.
    assert!((none.high - 0.3085).abs() < 1e-4, "{none:?}");
    let all = share_interval(10, 10).unwrap();
    assert!((all.low - 0.6915).abs() < 1e-4 && all.high >= 1.0);
    assert_eq!(share_interval(0, 0), None);
}

#[test]
fn the_interval_of_a_median_is_what_drawing_again_gives() {
    let sorted: Vec<i64> = (0..41).map(|i| i * i).collect();
    let exact = percentile_interval(&sorted, 50).unwrap();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let pairs: Vec<(i64, i64)> = sorted.iter().map(|value| (*value, 1)).collect();
    let mut medians: Vec<i64> = (0..20_000)
        .map(|_| {
            let mut drawn: Vec<i64> = pairs.iter().map(|_| draw(&pairs, &mut random).0).collect();
            drawn.sort_unstable();
            drawn[20]
        })
        .collect();
    medians.sort_unstable();
    // The neighbouring values, where 20,000 draws cannot tell them apart.
    let near = |found: f64, drawn: i64| {
        let rank = |value: i64| sorted.iter().position(|one| *one == value).unwrap();
        let found = sorted
            .iter()
            .position(|one| (seconds(*one) - found).abs() < 0.5)
            .unwrap();
        found.abs_diff(rank(drawn)) <= 1
    };
    assert!(
        near(exact.low, medians[500]) && near(exact.high, medians[19_499]),
        "{exact:?}"
    );
}

#[test]
fn fifty_thousand_values_have_an_interval_too() {
    let sorted: Vec<i64> = (0..50_000).collect();
    let interval = percentile_interval(&sorted, 50).unwrap();
    // The normal limit: 24,999.5 ± 1.96 · √50,000 / 2.
    assert!(
        (interval.low - 24_780.4).abs() < 3.0 && (interval.high - 25_218.6).abs() < 3.0,
        "{interval:?}"
    );
    let mean = mean_interval(&sorted).unwrap();
    assert_eq!(mean.method, IntervalMethod::Normal);
    assert!(mean.low < 24_999.5 && mean.high > 24_999.5);
}

proptest! {
    #[test]
    fn the_beta_distribution_is_the_sum_of_binomial_terms(n in 1_usize..60, k in 0_usize..60, share in 0.01_f64..0.99) {
        let k = k % n;
        let sum = at_most(k, n, share);
        let closed = beta::below(1.0 - share, number(n - k), number(k) + 1.0);
        prop_assert!((sum - closed).abs() < 1e-9, "{sum} {closed}");
        let least = (0..=n).find(|k| at_most(*k, n, share) >= 0.3).unwrap();
        prop_assert_eq!(beta::binomial_quantile(0.3, n, share), least);
        let (a, b) = (number(n - k), number(k) + 1.0);
        let part = (1..=n).find(|part| beta::below(number(*part) / number(n), a, b) >= 0.3).unwrap();
        prop_assert_eq!(beta::quantile_part(0.3, a, b, n), part);
    }

    #[test]
    fn an_interval_holds_its_value(mut values in prop::collection::vec(0_i64..1_000_000, 5..200), percent in 1_u32..100) {
        values.sort_unstable();
        let interval = percentile_interval(&values, percent).unwrap();
        let (low, high) = (percentile(&values, percent.saturating_sub(1)), percentile(&values, percent));
        prop_assert!(interval.low <= high.unwrap() && interval.low <= interval.high && low.is_some());
        let mean = mean_interval(&values).unwrap();
        prop_assert!(mean.low <= mean.high && mean.low >= seconds(values[0]));
        prop_assert_eq!(mean_interval(&values), Some(mean));
    }

    #[test]
    fn a_share_lies_within_its_interval(all in 1_usize..500, fit in 0_usize..500) {
        let fit = fit % (all + 1);
        let interval = share_interval(fit, all).unwrap();
        let share = number(fit) / number(all);
        prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
    }
}
