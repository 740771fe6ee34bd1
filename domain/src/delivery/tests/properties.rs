//! Purpose: histories made up at random, on which the real thing must say what the slow one says, whatever the order, and
//! laws that hold in every mode.

use proptest::prelude::*;

use super::bad_input::assert_sound;
use super::slow::{Slow, slow};
use super::*;

const REPOSITORIES: [&str; 2] = ["acme/api", "acme/web"];
const TITLES: [&str; 9] = [
    "Add a page",
    "fix: a sum",
    "Fix rounding",
    "docs: words",
    "chore: tidy",
    "Revert \"Add\"",
    "Revert \"Tidy\"",
    "fix(api)!: a sign",
    "ci: faster",
];

/// Six hours: few instants, so that many things happen at one, and spans of exactly a day or a week are common.
const STEP: i64 = 6;
/// Three weeks of steps.
const STEPS: i64 = 84;

fn hour(hours: i64) -> DateTime<Utc> {
    at("02-20 00:00") + Duration::hours(hours)
}

fn any_change() -> impl Strategy<Value = Change> {
    let times = (
        0..STEPS,
        -5_i64..60,
        prop::option::of(-10_i64..80),
        prop::option::of(-5_i64..60),
    );
    let reviews = (prop::option::of(-5_i64..60), prop::option::of(-5_i64..60));
    let rest = (
        0_usize..2,
        0_usize..6,
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
        prop::option::of(0_i64..12),
    );
    (times, reviews, rest, prop::bool::weighted(0.9)).prop_map(
        |(
            (merged, open, first, ready),
            (reviewed, approved),
            (place, title, is_bot, is_hotfix, reverts),
            has_sha,
        )| {
            let before = |hours: i64| hour(merged - hours);
            let mut made = change(0, "03-01 00:00");
            made.key.repository = REPOSITORIES[place].into();
            let merged = STEP * merged;
            made.merged_at = hour(merged);
            made.opened_at = before(open);
            made.first_commit_at = first.map(before);
            made.ready_at = ready.map(before);
            made.first_review_at = reviewed.map(before);
            made.approved_at = approved.map(before);
            made.author.is_bot = is_bot;
            made.title = TITLES[title].to_owned();
            made.labels = if is_hotfix {
                vec!["hotfix".to_owned()]
            } else {
                Vec::new()
            };
            made.reverts = match reverts {
                Some(number) if (5..=6).contains(&title) && number % 2 == 0 => vec![format!("#{number}")],
                Some(number) if (5..=6).contains(&title) => vec![sha(number)],
                _ => Vec::new(),
            };
            made.merge_commit_sha = has_sha.then(String::new);
            made
        },
    )
}

fn any_deployed() -> impl Strategy<Value = Deployed> {
    let rest = (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
    );
    (0..STEPS, -1_i64..3, 0_usize..2, prop::option::of(0_i64..30), rest).prop_map(
        |(made, took, place, of, (has_failed, is_staging, is_labelled))| Deployed {
            created_at: hour(STEP * made),
            ended_at: hour(STEP * (made + took / 2)),
            repository: REPOSITORIES[place].into(),
            outcome: if has_failed {
                Outcome::Failure
            } else {
                Outcome::Success
            },
            name: if is_staging { "staging" } else { "production" }.to_owned(),
            labels: if is_labelled {
                vec!["rollback".to_owned()]
            } else {
                Vec::new()
            },
            ..deployed(0, "03-01 00:00", of)
        },
    )
}

fn any_outage() -> impl Strategy<Value = Outage> {
    (0..STEPS, prop::option::of(-3_i64..60), 0_usize..3, any::<bool>()).prop_map(
        |(begun, took, place, dismissed)| Outage {
            opened_at: hour(STEP * begun),
            resolved_at: took.map(|took| hour(STEP * begun + took)),
            repository: REPOSITORIES.get(place).map(|name| (*name).into()),
            dismissed: dismissed && begun % 4 == 0,
            ..outage("", "03-01 00:00", None)
        },
    )
}

prop_compose! {
    /// Each thing with a name of its own; commits of some deployments are those of changes or pushes.
    fn any_facts()(
        mut changes in prop::collection::vec(any_change(), 0..24),
        mut deployments in prop::collection::vec(any_deployed(), 0..16),
        mut outages in prop::collection::vec(any_outage(), 0..6),
        pushed in prop::collection::vec((0..STEPS, 0_usize..2), 0..4),
    ) -> DeliveryFacts {
        for (number, change) in (0_i64..).zip(&mut changes) {
            // Numbers begin with 1; a deployment may be of a commit that nobody knows.
            change.key.number = number + 1;
            change.merge_commit_sha = change.merge_commit_sha.is_some().then(|| sha(number + 1));
        }
        for (nth, one) in deployments.iter_mut().enumerate() {
            one.id = format!("{}/{nth}", one.repository);
        }
        for (nth, one) in outages.iter_mut().enumerate() {
            one.external_id = format!("o{nth}");
        }
        let pushes = (25_i64..).zip(pushed).map(|(number, (pushed_at, place))| DirectPush {
            at: hour(STEP * pushed_at),
            repository: REPOSITORIES[place].into(),
            ..push(&sha(number), "03-01 00:00", "03-01 00:00")
        });
        DeliveryFacts { pushes: pushes.collect(), changes, deployments, outages, corrections: Vec::new() }
    }
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let zones = [
        chrono_tz::Tz::UTC,
        chrono_tz::America::New_York,
        chrono_tz::Asia::Kolkata,
        chrono_tz::Pacific::Apia,
    ];
    (-20_i64..300, 0_i64..600, prop::sample::select(zones.to_vec())).prop_map(|(from, length, zone)| Asked {
        from: hour(from),
        to: hour(from + length),
        zone,
        ..march()
    })
}

/// What the real thing says, in the form of the slow one.
fn told(keys: &FiveKeys) -> Slow {
    let counted = |measured: &Measured| -> Vec<(String, f64)> {
        let rows = measured
            .proof
            .iter()
            .filter(|row| row.standing == Standing::Counted);
        rows.map(|row| (row.subject.to_string(), row.value.unwrap()))
            .collect()
    };
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds")]
    let whole = |measured: &Measured| {
        counted(measured)
            .into_iter()
            .map(|(name, value)| (name, value as i64))
            .collect()
    };
    let fit = |measured: &Measured| {
        let rows = counted(measured).into_iter().filter(|(_, value)| *value > 0.5);
        rows.map(|(name, _)| name).collect()
    };
    Slow {
        live: fit(&keys.frequency.rate),
        lead: whole(&keys.lead_time.time),
        failed: fit(&keys.change_fail),
        recovered: whole(&keys.recovery),
        rework: fit(&keys.rework),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_real_thing_says_what_the_slow_one_says(facts in any_facts(), asked in any_asked()) {
        let keys = measure(&facts, &Definitions::default(), &asked, Mode::Ours);
        let wanted = if asked.from < asked.to { slow(&facts, &asked, &REPOSITORIES) } else { Slow::default() };
        prop_assert_eq!(told(&keys), wanted);
    }

    #[test]
    fn the_order_and_number_of_facts_do_not_matter(
        (facts, shuffled) in any_facts().prop_flat_map(|facts| {
            let twice = |facts: &DeliveryFacts| {
                let mut twice = facts.clone();
                twice.changes.extend(facts.changes.clone());
                twice.deployments.extend(facts.deployments.clone());
                twice.outages.extend(facts.outages.clone());
                twice.pushes.extend(facts.pushes.clone());
                twice
            };
            let all = twice(&facts);
            let shuffled = (
                Just(all.changes).prop_shuffle(),
                Just(all.deployments).prop_shuffle(),
                Just(all.outages).prop_shuffle(),
                Just(all.pushes).prop_shuffle(),
            ).prop_map(|(changes, deployments, outages, pushes)| DeliveryFacts {
                changes, deployments, outages, pushes, corrections: Vec::new(),
            });
            (Just(facts), shuffled)
        }),
        asked in any_asked(),
    ) {
        let of = |facts: &DeliveryFacts| compare(facts, &Definitions::default(), &asked);
        prop_assert_eq!(of(&facts), of(&shuffled));
    }

    #[test]
    fn every_number_is_sound_and_follows_from_its_proof(facts in any_facts(), asked in any_asked()) {
        for keys in compare(&facts, &Definitions::default(), &asked) {
            assert_sound(&keys);
            for measured in [&keys.change_fail, &keys.rework] {
                let counted: Vec<f64> = measured.proof.iter().filter(|row| row.standing == Standing::Counted)
                    .filter_map(|row| row.value).collect();
                if let Ok(value) = measured.value {
                    prop_assert_eq!(counted.len(), measured.sample);
                    #[expect(clippy::cast_precision_loss, reason = "a handful")]
                    let share = counted.iter().sum::<f64>() / counted.len() as f64;
                    prop_assert!((share - value).abs() < 1e-12);
                }
            }
            for row in &keys.lead_time.time.proof {
                if let (Some(parts), Some(value)) = (row.parts, row.value) {
                    let all = [parts.coding, parts.pickup, parts.review, parts.merge, parts.deploy];
                    prop_assert!(all.iter().all(|part| *part >= 0));
                    #[expect(clippy::cast_precision_loss, reason = "seconds of a year")]
                    let total = all.iter().sum::<i64>() as f64;
                    prop_assert!((total - value).abs() < 0.5);
                }
            }
            let deployments: usize = keys.weeks.iter().map(|week| week.deployments).sum();
            let failed: usize = keys.weeks.iter().map(|week| week.delivered).sum();
            prop_assert_eq!(deployments, keys.frequency.rate.sample);
            prop_assert_eq!(failed, keys.lead_time.time.sample);
        }
    }

    #[test]
    fn what_two_adjoining_windows_hold_one_window_over_both_holds(
        facts in any_facts(), from in 0_i64..400, middle in 1_i64..300, length in 1_i64..300,
    ) {
        let of = |from: i64, to: i64| {
            let asked = Asked { from: hour(from), to: hour(to), ..march() };
            told(&measure(&facts, &Definitions::default(), &asked, Mode::Ours))
        };
        let (mut first, second) = (of(from, from + middle), of(from + middle, from + middle + length));
        first.live.extend(second.live);
        first.lead.extend(second.lead);
        first.failed.extend(second.failed);
        first.recovered.extend(second.recovered);
        first.rework.extend(second.rework);
        prop_assert_eq!(first, of(from, from + middle + length));
    }
}
