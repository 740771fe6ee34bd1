//! Purpose: tests of shifts: how often chance is taken for one, and how soon a real one is found. All random numbers begin with
//! fixed seeds, so the rates are the same on every machine.

use chrono::Days;
use proptest::prelude::*;
use rand_xoshiro::rand_core::RngCore as _;
use rand_xoshiro::rand_core::SeedableRng as _;

use super::*;
use crate::any_metric::AnyMetric;
use crate::flow::FlowMetric;

struct Noise(Xoshiro256PlusPlus);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are whole in a float")]
        let value = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        value
    }

    /// Normally distributed around 10 with the standard deviation 1 (Box and Muller).
    fn values(&mut self, number: usize) -> Vec<f64> {
        let mut value = || {
            let (radius, angle) = (self.uniform().max(1e-300), self.uniform());
            10.0 + (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
        };
        (0..number).map(|_| value()).collect()
    }
}

fn monday(week: usize) -> NaiveDate {
    let first: NaiveDate = "2026-01-05".parse().unwrap();
    first + Days::new(7 * u64::try_from(week).unwrap())
}

fn series(values: &[f64]) -> Vec<Week> {
    let week = |(index, value): (usize, &f64)| Week {
        monday: monday(index),
        value: *value,
        sample: Some(20),
    };
    values.iter().enumerate().map(week).collect()
}

/// Stationary weeks, but the last `after` are higher by `size` standard deviations.
fn shifted(seed: u64, after: usize, size: f64) -> Vec<f64> {
    let mut values = Noise::new(seed).values(26);
    for value in &mut values[26 - after..] {
        *value += size;
    }
    values
}

/// In how many of `runs` a shift is found within two weeks of where it was made.
fn found(runs: u64, after: usize, size: f64) -> usize {
    let made = 26 - after;
    let near = |shift: Shift| (made - 2..=made + 2).any(|week| monday(week) == shift.monday);
    (0..runs)
        .filter(|seed| find(&series(&shifted(*seed, after, size))).is_some_and(near))
        .count()
}

#[test]
fn chance_is_taken_for_a_shift_in_one_of_a_thousand_looks() {
    for weeks in [LEAST_WEEKS, 18, 26] {
        let looks = (0..700).map(|seed| Noise::new(seed).values(weeks));
        let alarms = looks.filter(|values| find(&series(values)).is_some()).count();
        // Of 700 looks 0.7 are expected; more than 4 would come once in 1,000 tries if the rate were as stated.
        assert!(alarms <= 4, "{alarms} of 700 looks at {weeks} weeks");
    }
}

#[test]
fn a_year_of_weekly_looks_raises_few_false_alarms() {
    let years = (0..60).map(|seed| Noise::new(100_000 + seed).values(26 + 52));
    let alarms = years.filter(|values| values.windows(26).any(|look| find(&series(look)).is_some()));
    let alarms = alarms.count();
    // 3 of 100 such years: more than 7 of 60 would come less than once in 1,000 tries.
    assert!(alarms <= 7, "{alarms} of 60 years");
}

#[test]
fn a_large_shift_is_found_within_seven_weeks_and_a_smaller_one_within_nine() {
    let (large, smaller) = (found(40, 7, 4.0), found(40, 9, 3.0));
    assert!(
        large >= 37,
        "four standard deviations, seven weeks: {large} of 40"
    );
    assert!(
        smaller >= 35,
        "three standard deviations, nine weeks: {smaller} of 40"
    );
}

#[test]
fn a_shift_says_when_it_happened_which_way_and_of_how_many_weeks_it_is() {
    let up = find(&series(&shifted(1, 10, 5.0))).unwrap();
    assert_eq!((up.monday, up.is_up), (monday(16), true));
    assert_eq!((up.weeks_before, up.weeks_after), (16, 10));
    assert!(up.chance < 0.001 && up.chance > 0.0);
    let (before, after) = (up.before, up.after);
    assert!(
        (before.value - 10.0).abs() < 1.0 && (after.value - 15.0).abs() < 1.0,
        "{before:?} {after:?}"
    );
    assert!(before.low <= before.value && before.value <= before.high && before.high < after.low);
    let falling: Vec<f64> = shifted(1, 10, 5.0).into_iter().map(|value| -value).collect();
    let down = find(&series(&falling)).unwrap();
    assert_eq!((down.monday, down.is_up), (monday(16), false));
}

#[test]
fn the_order_of_weeks_is_what_counts() {
    let values = shifted(1, 10, 5.0);
    let mut backwards = values.clone();
    backwards.reverse();
    let turned = find(&series(&backwards)).unwrap();
    assert_eq!((turned.monday, turned.is_up), (monday(10), false));
    // High and low in turn: the same weeks, and no shift.
    let mut mixed = values;
    mixed.sort_by(f64::total_cmp);
    let (low, high) = mixed.split_at(13);
    let in_turn: Vec<f64> = low
        .iter()
        .zip(high)
        .flat_map(|(low, high)| [*low, *high])
        .collect();
    assert_eq!(find(&series(&in_turn)), None);
}

#[test]
fn random_orders_do_not_depend_on_the_order_that_was_found() {
    let mut ranks = doubled_ranks(&Noise::new(5).values(26));
    let chance = |ranks: &[i64]| chances(ranks, 11.9);
    let (before, drawn) = (chance(&ranks), greatest(&ranks).map(|split| split.first));
    ranks.rotate_left(7);
    assert_ne!(
        greatest(&ranks).map(|split| split.first),
        drawn,
        "it is another order"
    );
    assert_eq!(chance(&ranks), before, "and what chance gives is the same");
}

#[test]
fn weeks_of_few_things_are_left_out() {
    let mut weeks = series(&shifted(1, 10, 5.0));
    for week in weeks.iter_mut().skip(16) {
        week.sample = Some(LEAST_IN_WEEK - 1);
    }
    assert_eq!(find(&weeks), None, "only the weeks before it say anything");
    for week in &mut weeks {
        week.sample = None;
    }
    assert!(find(&weeks).is_some(), "the value is the count itself");
}

#[test]
fn weeks_that_are_all_equal_and_too_few_weeks_have_no_shift() {
    assert_eq!(find(&series(&[3.0; 26])), None);
    assert_eq!(find(&[]), None);
    let few: Vec<f64> = [[1.0; 5], [9.0; 5]].concat();
    assert_eq!(find(&series(&few)), None);
}

#[test]
fn what_was_told_of_is_not_found_again_in_the_weeks_from_it_on() {
    let weeks = series(&shifted(1, 13, 5.0));
    let shift = find(&weeks).unwrap();
    let from: Vec<Week> = weeks
        .into_iter()
        .filter(|week| week.monday >= shift.monday)
        .collect();
    assert_eq!(from.len(), 13);
    assert_eq!(find(&from), None);
}

#[test]
fn the_last_shift_of_a_metric_and_team_is_read_from_the_subjects() {
    let metric = AnyMetric::Flow(FlowMetric::ReviewTime);
    let of = |team, week| subject(team, metric, monday(week));
    let all = [
        of(Some("pay"), 3),
        of(Some("pay"), 9),
        of(Some("pay day"), 20),
        of(None, 12),
    ];
    let last_of = |team| last(team, metric, all.iter().map(String::as_str));
    assert_eq!(last_of(Some("pay")), Some(monday(9)));
    assert_eq!(last_of(None), Some(monday(12)));
    assert_eq!(last_of(Some("ship")), None);
    assert_eq!(all[3], "everybody review-time 2026-03-30");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn one_week_however_far_off_makes_no_shift(
        seed in 0_u64..300, place in 0_usize..26, off in prop::sample::select(vec![-1e9, -50.0, 50.0, 1e9]),
    ) {
        let mut values = Noise::new(seed).values(26);
        prop_assume!(find(&series(&values)).is_none());
        values[place] = off;
        prop_assert_eq!(find(&series(&values)), None);
    }

    #[test]
    fn another_unit_is_the_same_shift(seed in 0_u64..40, scale in 0.001_f64..1000.0, base in -50.0_f64..50.0) {
        let values = shifted(seed, 9, 4.0);
        let other: Vec<f64> = values.iter().map(|value| (value + base) * scale).collect();
        let place = |values: &[f64]| find(&series(values)).map(|shift| (shift.monday, shift.is_up, shift.chance.to_bits()));
        prop_assert_eq!(place(&values), place(&other));
    }

    #[test]
    fn anything_may_come_in(values in prop::collection::vec(prop::num::f64::NORMAL, 0..30), sample in 0_usize..5) {
        let mut weeks = series(&values);
        for week in &mut weeks {
            week.sample = Some(sample);
        }
        let found = find(&weeks);
        prop_assert!(found.is_none() || sample >= LEAST_IN_WEEK);
    }
}
