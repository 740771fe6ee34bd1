//! Purpose: what holds of `sprint`, by example and for anything.

use proptest::prelude::*;

use super::forecast::{FAN_DAYS, NoForecast, forecast};
use super::promise::{End, Memory, Promise};
use super::*;
use crate::digest::{Digest, Measure};
use crate::pull_request::PullRequestKey;

/// Monday 2 March 2026, 09:00 UTC.
fn monday() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> DateTime<Utc> {
    monday() + Duration::hours(hours)
}

fn calendar() -> WorkCalendar {
    WorkCalendar::default()
}

fn key(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: "acme/api".into(),
        number,
    }
}

fn open(number: i64, opened: i64) -> OpenPull {
    OpenPull {
        key: key(number),
        opened_at: hours(opened),
        is_ready: true,
    }
}

fn merged(opened: i64, ended: i64) -> EndedPull {
    EndedPull {
        opened_at: hours(opened),
        ended_at: hours(ended),
        is_merged: true,
    }
}

/// One merge on every working day of the ten weeks before the Monday, `per_day` at a time.
fn steady(per_day: usize) -> Vec<DateTime<Utc>> {
    let days = (1..=70).map(|back| monday() - Duration::days(back));
    let worked = days.filter(|at| calendar().is_working_day(at.date_naive()));
    worked.flat_map(|at| std::iter::repeat_n(at, per_day)).collect()
}

#[test]
fn a_percentile_is_a_value_that_occurred_and_the_median_of_an_even_number_is_the_lower_one() {
    assert_eq!(nearest_rank(&[1, 2, 3, 4], 50), Some(&2));
    assert_eq!(nearest_rank(&[1, 2, 3], 50), Some(&2));
    assert_eq!(nearest_rank(&[1, 2, 3, 4], 85), Some(&4));
    assert_eq!(nearest_rank(&[7], 0), Some(&7));
    assert_eq!(nearest_rank::<i32>(&[], 50), None);
}

#[test]
fn a_period_counts_from_its_beginning_to_before_its_end() {
    let facts = WorkFacts {
        as_of: hours(0),
        open: vec![
            open(1, -30),
            OpenPull {
                is_ready: false,
                ..open(2, -400)
            },
            open(3, -500),
        ],
        ended: vec![
            // On the two edges of the two periods of seven days.
            merged(-200, -168),
            merged(-400, -336),
            merged(-400, -337),
            EndedPull {
                is_merged: false,
                ..merged(-20, -10)
            },
            merged(-3, 0),
        ],
        reviews: Vec::new(),
        deployments: Vec::new(),
    };
    let sprint = Sprint::new(&facts, &calendar(), 7);
    assert_eq!((sprint.now.merged, sprint.before.merged), (1, 1));
    assert_eq!((sprint.now.opened, sprint.before.opened), (3, 1));
    // What ends at the very end was open until then.
    assert_eq!((sprint.now.open_at_end, sprint.before.open_at_end), (4, 3));
    let under_way = &sprint.in_progress;
    assert_eq!((under_way.ready, under_way.drafts, under_way.carried), (2, 1, 1));
}

#[test]
fn a_review_is_late_by_working_hours_since_the_pull_request_was_presented() {
    let review = |opened, ready: Option<i64>, reviewed| FirstReview {
        opened_at: hours(opened),
        ready_at: ready.map(hours),
        reviewed_at: hours(reviewed),
    };
    let facts = WorkFacts {
        as_of: hours(48),
        reviews: vec![
            // From Friday four o'clock to Monday ten: two hours.
            review(-65, None, 1),
            // A draft for a day.
            review(0, Some(24), 27),
            // It went back to draft after its review.
            review(24, Some(40), 30),
        ],
        ..WorkFacts::default()
    };
    let review = Sprint::new(&facts, &calendar(), 7).now.review.unwrap();
    assert_eq!(review.median, Duration::hours(3));
    assert_eq!((review.high, review.sample), (Duration::hours(6), 3));
}

#[test]
fn deployments_to_production_count_where_there_are_any() {
    let ended = |environment: &str, has_failed| EndedDeployment {
        ended_at: hours(-1),
        environment: environment.to_owned(),
        has_failed,
    };
    let all = [
        ended("staging", true),
        ended("Production-EU", false),
        ended("production", true),
    ];
    let count = |deployments: &[EndedDeployment]| {
        let facts = WorkFacts {
            as_of: hours(0),
            deployments: deployments.to_vec(),
            ..WorkFacts::default()
        };
        Sprint::new(&facts, &calendar(), 7).now.failures
    };
    assert_eq!(count(&all), Failures { failed: 1, ended: 2 });
    assert_eq!(count(&all).percent(), Some(50));
    assert_eq!(count(&all[..1]).percent(), Some(100));
    assert_eq!(
        count(&[ended("preprod", true), ended("prod", false)]).percent(),
        Some(0)
    );
    assert_eq!(count(&[]).percent(), None);
}

#[test]
fn a_team_that_merges_two_a_day_is_done_with_ten_in_five_days_for_sure() {
    let told = forecast(&steady(2), 10, &calendar(), monday()).unwrap();
    // Today counts no more: Tuesday to Monday are five working days.
    let friday_after: NaiveDate = "2026-03-09".parse().unwrap();
    assert_eq!(
        (told.even, told.likely, told.sure),
        (friday_after, friday_after, friday_after)
    );
    assert_eq!((told.basis.sample, told.basis.merged), (50, 100));
    let middles: Vec<u32> = told.fan.iter().map(|day| day.middle).collect();
    assert_eq!(middles, [2, 4, 6, 8, 10]);
}

#[test]
fn nobody_can_tell_without_merges_or_with_too_few_days_and_the_reason_is_told() {
    let told = |merges: &[DateTime<Utc>], remaining| {
        forecast(merges, remaining, &calendar(), monday()).map(|told| told.likely)
    };
    assert_eq!(told(&steady(1), 0), Err(NoForecast::NothingOpen));
    assert_eq!(told(&[], 5), Err(NoForecast::NothingMerged));
    // Today's, and those of half a year ago, tell nothing about the last weeks.
    assert_eq!(
        told(&[monday(), hours(-24 * 180)], 5),
        Err(NoForecast::NothingMerged)
    );
    assert_eq!(told(&[hours(-24 * 7)], 5), Err(NoForecast::TooShort(5)));
    assert_eq!(told(&[hours(-24 * 70)], 5_000), Err(NoForecast::TooFar));
    let nobody = WorkCalendar {
        days: [].into(),
        ..calendar()
    };
    let idle = forecast(&steady(1), 5, &nobody, monday());
    assert_eq!(idle, Err(NoForecast::TooShort(0)));
}

#[test]
fn what_was_merged_on_a_weekend_counts_on_monday() {
    let mut merges = steady(0);
    // Every Sunday one, for nine weeks.
    merges.extend((0..9).map(|week| hours(-24 * (1 + 7 * week)) - Duration::days(7)));
    let told = forecast(&merges, 1, &calendar(), monday()).unwrap();
    assert_eq!(told.basis.merged, 9);
    assert_eq!(told.basis.sample, 45);
}

#[test]
fn weeks_without_a_merge_are_zero_and_the_running_one_is_partial() {
    let facts = WorkFacts {
        as_of: hours(30),
        ended: vec![merged(-600, -24 * 20), merged(-600, 3)],
        ..WorkFacts::default()
    };
    let weeks = Sprint::new(&facts, &calendar(), 14).weeks;
    let shown: Vec<(usize, bool)> = weeks.iter().map(|week| (week.merged, week.is_partial)).collect();
    assert_eq!(shown, [(1, false), (0, false), (0, false), (1, true)]);
}

fn promise(made: i64, by: &str, numbers: std::ops::Range<i64>) -> Promise {
    Promise {
        made_at: hours(made),
        percent: HIGH,
        by: by.parse().unwrap(),
        pulls: numbers.map(key).collect(),
        seed: 1,
    }
}

#[test]
fn of_a_promise_counts_what_ended_by_the_end_of_its_day_in_the_teams_zone() {
    let ends = [
        // In Berlin Friday ends at 23:00 UTC.
        (1, 4 * 24 + 13, true),
        (2, 4 * 24 + 14, true),
        (3, 24, false),
    ];
    let ends = ends.map(|(number, at, is_merged)| {
        (
            key(number),
            End {
                at: hours(at),
                is_merged,
            },
        )
    });
    let berlin = WorkCalendar {
        zone: chrono_tz::Europe::Berlin,
        ..calendar()
    };
    let promises = [promise(0, "2026-03-06", 1..5), promise(-100, "2026-03-03", 3..4)];
    let memory = |now| Memory::new(&promises, &ends.clone().into(), &berlin, now);
    let last = memory(hours(24 * 7)).last.unwrap();
    assert_eq!(
        (last.merged, last.closed, last.total, last.is_due),
        (1, 1, 4, true)
    );
    assert!(!last.is_kept());
    let then = memory(hours(24 * 7));
    assert_eq!((then.due, then.kept), (2, 1));
    // On the day itself there is still time.
    assert!(!memory(hours(4 * 24)).last.unwrap().is_due);
    assert_eq!(Memory::new(&[], &[].into(), &berlin, hours(0)), Memory::default());
}

#[test]
fn what_changed_most_is_measured_by_how_much_it_usually_varies() {
    // Five merges a week, always; opened swings between 0 and 8, and did so again.
    let mut facts = WorkFacts {
        as_of: hours(0),
        ..WorkFacts::default()
    };
    for week in 0..10_i64 {
        let at = -24 * 7 * week - 50;
        let count = if week == 0 { 9 } else { 5 };
        facts.ended.extend((0..count).map(|_| merged(-24 * 7 * 11, at)));
        let swing = if week % 2 == 0 { 8 } else { 0 };
        facts
            .open
            .extend((0..swing).map(|number| open(week * 100 + number, at)));
    }
    let digest = Digest::new(&facts, &calendar());
    let first = digest.most_changed()[0];
    assert_eq!(
        (first.measure, first.now, first.before),
        (Measure::Merged, Some(9), Some(5))
    );
    let review = digest
        .trends
        .iter()
        .find(|trend| trend.measure == Measure::Review)
        .unwrap();
    assert_eq!((review.now, review.change(), review.strength), (None, None, None));
    assert!(
        Digest::new(&WorkFacts::default(), &calendar())
            .most_changed()
            .is_empty()
    );
}

/// Any history: when something was merged, in hours before the Monday.
fn any_merges() -> impl Strategy<Value = Vec<DateTime<Utc>>> {
    proptest::collection::vec(0_i64..24 * 120, 0..120)
        .prop_map(|back| back.into_iter().map(|back| hours(-back)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_more_certain_the_later_and_the_same_facts_give_the_same_forecast(
        merges in any_merges(), remaining in 0_usize..200,
    ) {
        let told = forecast(&merges, remaining, &calendar(), monday());
        prop_assert_eq!(&told, &forecast(&merges, remaining, &calendar(), monday()));
        let mut shuffled = merges.clone();
        shuffled.reverse();
        prop_assert_eq!(&told, &forecast(&shuffled, remaining, &calendar(), monday()));
        let Ok(told) = told else { return Ok(()) };
        prop_assert!(told.even <= told.likely && told.likely <= told.sure);
        prop_assert!(told.even > monday().date_naive());
        prop_assert!(told.fan.len() <= FAN_DAYS && !told.fan.is_empty());
        for day in &told.fan {
            prop_assert!(day.low <= day.middle && day.middle <= day.high);
            prop_assert!(day.high as usize <= remaining);
        }
        for pair in told.fan.windows(2) {
            prop_assert!(pair[0].date < pair[1].date && pair[0].low <= pair[1].low);
            prop_assert!(pair[0].middle <= pair[1].middle && pair[0].high <= pair[1].high);
        }
    }

    #[test]
    fn any_facts_give_a_report_and_a_digest(
        as_of in -2_000_i64..2_000, lives in proptest::collection::vec((-5_000_i64..5_000, -5_000_i64..5_000, any::<bool>()), 0..60),
        days in 0_u32..400,
    ) {
        let ended = |(opened, ended, is_merged): &(i64, i64, bool)| EndedPull { is_merged: *is_merged, ..merged(*opened, *ended) };
        let reviewed = |(opened, reviewed, _): &(i64, i64, bool)| FirstReview {
            opened_at: hours(*opened), ready_at: Some(hours(*reviewed)), reviewed_at: hours(*reviewed),
        };
        let deployed = |(at, _, has_failed): &(i64, i64, bool)| EndedDeployment {
            ended_at: hours(*at), environment: "production".to_owned(), has_failed: *has_failed,
        };
        let facts = WorkFacts {
            as_of: hours(as_of),
            open: lives.iter().zip(0..).map(|((opened, ..), number)| open(number, *opened)).collect(),
            ended: lives.iter().map(ended).collect(),
            reviews: lives.iter().map(reviewed).collect(),
            deployments: lives.iter().map(deployed).collect(),
        };
        let sprint = Sprint::new(&facts, &calendar(), days);
        prop_assert!(sprint.in_progress.carried <= sprint.in_progress.ready);
        for spread in [sprint.now.review, sprint.now.to_merge, sprint.in_progress.age].into_iter().flatten() {
            prop_assert!(spread.median <= spread.high && spread.sample > 0);
        }
        prop_assert!(sprint.now.failures.percent().is_none_or(|percent| percent <= 100));
        for trend in Digest::new(&facts, &calendar()).trends {
            prop_assert!(trend.strength.is_none_or(|strength| strength.is_finite() && strength >= 0.0));
        }
    }
}
