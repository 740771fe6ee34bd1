//! Purpose: facts made up at random, on which the real thing must say what the slow one says, whatever the order, and laws
//! that hold for all numbers.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveTime, TimeZone as _};
use proptest::prelude::*;

use super::slow;
use super::*;
use crate::delivery::{NoBand, Statistic, Unit};

const REPOSITORIES: [&str; 3] = [API, "acme/web", "acme/old"];
const PEOPLE: [&str; 5] = ["ana", "Ana", "bob", "cat", "lint[bot]"];
const SHAS: [&str; 3] = ["a", "b", "c"];

/// Half hours and a few odd milliseconds, so that many things happen at one instant and some within one second.
fn instant(halves: i64) -> DateTime<Utc> {
    at("03-20 00:00") + Duration::minutes(30 * halves) + Duration::milliseconds(400 * (halves % 3))
}

fn any_key() -> impl Strategy<Value = PullRequestKey> {
    (0_usize..3, 1_i64..8).prop_map(|(place, number)| PullRequestKey {
        repository: REPOSITORIES[place].into(),
        number,
    })
}

fn any_account() -> impl Strategy<Value = Account> {
    (0_usize..5).prop_map(|who| account(PEOPLE[who]))
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        9 => (-100_i64..1_200).prop_map(instant),
        1 => (0_i64..900_000).prop_map(instant),
    ]
}

fn any_size() -> impl Strategy<Value = Option<Size>> {
    prop::option::of((0_i64..900, 0_i64..900).prop_map(|(additions, deletions)| Size {
        additions,
        deletions,
        changed_files: 1,
    }))
}

fn any_change() -> impl Strategy<Value = Change> {
    let before = || prop::option::weighted(0.7, -6_i64..100);
    let times = (0_i64..1_000, -3_i64..60, before(), before(), before(), before());
    (any_key(), times, any_account(), any_size()).prop_map(
        |(key, (merged, opened, first, ready, reviewed, approved), author, size)| {
            let before = |halves: i64| instant(merged - halves);
            Change {
                key,
                merged_at: instant(merged),
                opened_at: before(opened),
                first_commit_at: first.map(before),
                ready_at: ready.map(before),
                first_review_at: reviewed.map(before),
                approved_at: approved.map(before),
                author,
                size,
                ..change(1, "03-03 12:00")
            }
        },
    )
}

fn any_open() -> impl Strategy<Value = OpenChange> {
    let some = || prop::option::of(any_instant());
    (
        any_key(),
        any_instant(),
        some(),
        some(),
        any::<bool>(),
        any_account(),
    )
        .prop_map(
            |(key, opened_at, closed_at, first_commit_at, is_draft, author)| OpenChange {
                key,
                closed_at,
                opened_at,
                first_commit_at,
                is_draft,
                author,
                ..open(1, "03-03 12:00", None)
            },
        )
}

fn any_review() -> impl Strategy<Value = Reviewed> {
    (any_key(), 0_i64..30, any_instant(), any_account()).prop_map(|(key, id, at, reviewer)| Reviewed {
        key,
        id,
        at,
        reviewer,
        url: String::new(),
    })
}

fn any_run() -> impl Strategy<Value = CiRun> {
    let outcomes = [
        CiOutcome::Pending,
        CiOutcome::Neutral,
        CiOutcome::Success,
        CiOutcome::Failure,
    ];
    let what = (0_usize..3, 0_i64..20, 0_usize..3, 1_i64..3, 0_usize..4);
    (what, any_instant(), prop::option::of(-2_i64..9), -2_i64..20).prop_map(
        move |((place, id, sha, attempt, outcome), created_at, started, ended)| CiRun {
            repository: REPOSITORIES[place].into(),
            head_sha: SHAS[sha].to_owned(),
            attempt,
            outcome: outcomes[outcome],
            created_at,
            started_at: started.map(|halves| created_at + Duration::minutes(30 * halves)),
            updated_at: created_at + Duration::minutes(30 * ended),
            ..run(&format!("workflow:{id}"), "03-03 12:00", CiOutcome::Pending)
        },
    )
}

prop_compose! {
    fn any_facts()(
        changes in prop::collection::vec(any_change(), 0..20),
        open in prop::collection::vec(any_open(), 0..20),
        reviews in prop::collection::vec(any_review(), 0..25),
        runs in prop::collection::vec(any_run(), 0..25),
    ) -> FlowFacts {
        FlowFacts { changes, open, reviews, runs }
    }
}

/// Everything two times, and shuffled.
fn told_otherwise(facts: &FlowFacts) -> impl Strategy<Value = FlowFacts> + use<> {
    let twice = facts.clone();
    (
        Just([facts.changes.clone(), twice.changes].concat()).prop_shuffle(),
        Just([facts.open.clone(), twice.open].concat()).prop_shuffle(),
        Just([facts.reviews.clone(), twice.reviews].concat()).prop_shuffle(),
        Just([facts.runs.clone(), twice.runs].concat()).prop_shuffle(),
    )
        .prop_map(|(changes, open, reviews, runs)| FlowFacts {
            changes,
            open,
            reviews,
            runs,
        })
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let zones = [
        chrono_tz::Tz::UTC,
        chrono_tz::America::New_York,
        chrono_tz::Asia::Kolkata,
        chrono_tz::Europe::Berlin,
    ];
    let repositories = prop::option::weighted(0.4, prop::collection::btree_set(0_usize..3, 0..3));
    let members = prop::option::weighted(0.3, prop::collection::btree_set(0_usize..5, 0..4));
    let zone = prop::sample::select(zones.to_vec());
    (0_i64..900, -20_i64..1_500, zone, repositories, members).prop_map(
        |(from, length, zone, repositories, members)| Asked {
            from: instant(from),
            to: instant(from + length),
            zone,
            repositories: repositories
                .map(|all| all.into_iter().map(|nth| REPOSITORIES[nth].into()).collect()),
            members: members.map(|all| all.into_iter().map(|nth| PEOPLE[nth].into()).collect()),
        },
    )
}

fn any_definitions() -> impl Strategy<Value = Definitions> {
    (any::<bool>(), any::<bool>()).prop_map(|(count_bots, is_renamed)| Definitions {
        count_bots,
        renamed: if is_renamed {
            BTreeMap::from([("acme/old".into(), API.into())])
        } else {
            BTreeMap::new()
        },
        ..Definitions::default()
    })
}

fn is_near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}

fn weeks_of(asked: &Asked) -> f64 {
    (asked.to - asked.from).as_seconds_f64() / 604_800.0
}

/// Where the week from a Monday on ends, or the window.
fn ends(asked: &Asked, monday: chrono::NaiveDate) -> DateTime<Utc> {
    let next = monday + chrono::Days::new(7);
    let midnight = asked
        .zone
        .from_local_datetime(&next.and_time(NaiveTime::MIN))
        .unwrap();
    midnight.with_timezone(&Utc).min(asked.to)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_real_thing_says_what_the_slow_one_says(
        facts in any_facts(), asked in any_asked(), definitions in any_definitions(),
    ) {
        let flow = measure(&facts, &definitions, &asked);
        let is_window = asked.from < asked.to;
        for metric in FlowMetric::ALL {
            let rows = slow::rows(&facts, &definitions, &asked, metric);
            let mut told = counted(&flow, metric);
            told.sort_by(|a, b| a.0.cmp(&b.0));
            let wanted: Vec<(String, f64)> = rows.iter().map(|row| (row.name.clone(), row.value)).collect();
            prop_assert_eq!(told, wanted, "{:?}", metric);
            let mut wanted = slow::value(metric, &rows).filter(|_| is_window);
            if metric == FlowMetric::Throughput {
                wanted = wanted.map(|many| many / weeks_of(&asked));
            }
            prop_assert!(is_near(value(&flow, metric).ok(), wanted), "{:?} {:?} {:?}", metric, value(&flow, metric), wanted);
            for week in &flow.weeks {
                let end = ends(&asked, week.monday);
                let is_open = matches!(metric, FlowMetric::WorkInProgress | FlowMetric::WorkAge);
                let of_week: Vec<slow::Row> = if is_open {
                    let until = Asked { to: end, ..asked.clone() };
                    slow::rows(&facts, &definitions, &until, metric)
                } else {
                    let local = |row: &&slow::Row| row.at.with_timezone(&asked.zone).date_naive().iso_week();
                    rows.iter().filter(|row| local(row) == week.monday.iso_week()).cloned().collect()
                };
                let wanted = slow::value(metric, &of_week);
                prop_assert!(is_near(week.value(metric), wanted), "{:?} {:?} {:?}", metric, week, wanted);
            }
        }
    }

    #[test]
    fn the_order_and_number_of_facts_do_not_matter(
        (facts, otherwise) in any_facts().prop_flat_map(|facts| {
            let otherwise = told_otherwise(&facts);
            (Just(facts), otherwise)
        }),
        asked in any_asked(), definitions in any_definitions(),
    ) {
        prop_assert_eq!(measure(&facts, &definitions, &asked), measure(&otherwise, &definitions, &asked));
    }

    #[test]
    fn every_number_is_sound(facts in any_facts(), asked in any_asked(), definitions in any_definitions()) {
        let flow = measure(&facts, &definitions, &asked);
        for metric in FlowMetric::ALL {
            let FlowMeasured { measured, percentiles } = flow.of(metric);
            prop_assert_eq!(measured.unit, metric.unit());
            let numbers = measured.value.iter().copied()
                .chain(measured.interval.iter().flat_map(|interval| [interval.low, interval.high]))
                .chain(measured.proof.iter().filter_map(|row| row.value))
                .chain(percentiles.iter().map(|one| one.value))
                .chain(flow.weeks.iter().filter_map(|week| week.value(metric)));
            let most = if matches!(metric.unit(), Unit::Share | Unit::Gini) { 1.0 } else { f64::MAX };
            let least = 0.0;
            for number in numbers {
                prop_assert!((least..=most).contains(&number), "{:?} {}", metric, number);
            }
            let has_percentiles = matches!(metric.unit(), Unit::Seconds | Unit::Lines) && measured.value.is_ok();
            prop_assert_eq!(percentiles.len(), if has_percentiles { 4 } else { 0 });
            prop_assert_eq!(measured.statistic == Statistic::Median, matches!(metric.unit(), Unit::Seconds | Unit::Lines));
            prop_assert_eq!(counted(&flow, metric).len(), measured.sample);
            let band = if measured.value.is_ok() { NoBand::NonePublished } else { NoBand::NoValue };
            prop_assert_eq!(measured.band, Err(band));
            prop_assert!(measured.notes.iter().all(|note| 0 < note.count && note.count <= note.of));
            prop_assert!(measured.proof.is_sorted_by_key(|row| (row.at, row.subject.clone())));
        }
        if let (Some(last), Ok(open)) = (flow.weeks.last(), value(&flow, FlowMetric::WorkInProgress)) {
            prop_assert_eq!(last.value(FlowMetric::WorkInProgress), Some(open));
            prop_assert_eq!(last.work_age, value(&flow, FlowMetric::WorkAge).ok());
        }
        let merged: usize = flow.weeks.iter().map(|week| week.merged).sum();
        prop_assert_eq!(merged, flow.of(FlowMetric::Throughput).measured.sample);
    }
}
