//! Purpose: tests of the self-check: what agrees is believed, and whatever is changed is found and named.

use proptest::prelude::*;

use super::*;
use crate::delivery::{Means, Outcome};
use crate::pull_request::{Account, PullRequestKey};

fn at(hours: i64) -> DateTime<Utc> {
    // Monday, 5 January 2026.
    DateTime::from_timestamp(1_767_571_200 + hours * 3_600, 0).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn account(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: false,
    }
}

fn change(number: i64, merged: i64) -> Change {
    Change {
        key: PullRequestKey {
            repository: "acme/api".into(),
            number,
        },
        merged_at: at(merged),
        opened_at: at(merged - 20),
        first_commit_at: Some(at(merged - 25)),
        ready_at: None,
        first_review_at: Some(at(merged - 3)),
        first_response_any_at: None,
        approved_at: Some(at(merged - 1)),
        merge_commit_sha: None,
        author: account("ana"),
        title: format!("change {number}"),
        url: String::new(),
        labels: Vec::new(),
        base_ref: "main".to_owned(),
        size: None,
        reverts: Vec::new(),
    }
}

fn facts(merged: &[i64]) -> WeekFacts {
    let changes: Vec<Change> = (1..)
        .zip(merged)
        .map(|(number, at)| change(number, *at))
        .collect();
    let deployed = |nth: i64, hours: i64| Deployed {
        id: format!("acme/api/{nth}"),
        created_at: at(hours),
        ended_at: at(hours),
        outcome: Outcome::Success,
        repository: "acme/api".into(),
        means: Means::Deployment,
        name: "production".to_owned(),
        sha: None,
        git_ref: "main".to_owned(),
        url: String::new(),
        labels: Vec::new(),
        description: None,
    };
    let reviews = changes.iter().map(|change| Reviewed {
        key: change.key.clone(),
        id: change.key.number * 10,
        at: change.merged_at - Duration::hours(3),
        reviewer: account("ben"),
        url: String::new(),
    });
    WeekFacts {
        flow: FlowFacts {
            reviews: reviews.collect(),
            changes: changes.clone(),
            ..FlowFacts::default()
        },
        delivery: DeliveryFacts {
            changes,
            deployments: vec![deployed(1, -10), deployed(2, 40), deployed(3, 150)],
            ..DeliveryFacts::default()
        },
    }
}

fn checked(stored: &WeekFacts, recounted: &WeekFacts, kept_since: Option<DateTime<Utc>>) -> Checked {
    let definitions = Definitions::default();
    check(
        day("2026-01-05"),
        chrono_tz::UTC,
        &definitions,
        kept_since,
        stored,
        recounted,
    )
}

#[test]
fn a_number_that_follows_from_a_changed_fact_is_named_beside_it() {
    let said = facts(&[30, 60, 100]);
    let mut stored = said.clone();
    stored.delivery.changes[2].first_commit_at = Some(at(0));
    let found = checked(&stored, &said, None);
    assert_eq!(
        found
            .differences
            .iter()
            .map(Difference::words)
            .collect::<Vec<_>>(),
        ["acme/api#3 is stored otherwise: first_commit_at"]
    );
    assert_eq!(
        found
            .differing
            .iter()
            .map(|one| one.metric.as_str())
            .collect::<Vec<_>>(),
        ["lead-time"]
    );
    assert!(!found.agrees());
}

#[test]
fn what_began_before_the_events_that_are_kept_is_counted_and_not_judged() {
    let said = facts(&[30, 60, 100]);
    let mut stored = said.clone();
    stored.delivery.changes[0].title = "purged".to_owned();
    stored.flow.changes[0].title = "purged".to_owned();
    let found = checked(&stored, &said, Some(at(20)));
    assert!(found.agrees(), "{found:?}");
    // The change in both lists, and the first deployment.
    assert_eq!(found.skipped, 3);
    assert!(!checked(&stored, &said, None).agrees());
}

#[test]
fn a_week_has_been_over_for_a_day() {
    let pick = |now: DateTime<Utc>, seed| super::pick(at(0), now, chrono_tz::UTC, seed);
    assert_eq!(pick(at(7 * 24), 1), None);
    assert_eq!(pick(at(8 * 24), 1), Some(day("2026-01-05")));
    assert_eq!(
        super::pick(at(1), at(8 * 24), chrono_tz::UTC, 1),
        Some(day("2026-01-05"))
    );
    assert_eq!(super::pick(at(24), at(8 * 24), chrono_tz::UTC, 1), None);
}

/// How a fact is changed behind the product's back.
#[derive(Debug, Clone)]
enum Harm {
    Title(usize),
    Merged(usize),
    Gone(usize),
    Deployment(usize),
    Review(usize),
}

fn any_harm() -> impl Strategy<Value = Harm> {
    let nth = 0usize..3;
    prop_oneof![
        nth.clone().prop_map(Harm::Title),
        nth.clone().prop_map(Harm::Merged),
        nth.clone().prop_map(Harm::Gone),
        nth.clone().prop_map(Harm::Deployment),
        nth.prop_map(Harm::Review),
    ]
}

/// Does it, and says what must be named.
fn harm(facts: &mut WeekFacts, harm: &Harm) -> Subject {
    let key = |nth: usize| PullRequestKey {
        repository: "acme/api".into(),
        number: i64::try_from(nth).unwrap() + 1,
    };
    match harm {
        Harm::Title(nth) => facts.delivery.changes[*nth].title.push('!'),
        Harm::Merged(nth) => facts.flow.changes[*nth].merged_at += Duration::seconds(1),
        Harm::Gone(nth) => drop(facts.delivery.changes.remove(*nth)),
        Harm::Deployment(nth) => {
            facts.delivery.deployments[*nth].ended_at += Duration::seconds(1);
            return Subject::Deployment(format!("acme/api/{}", nth + 1));
        }
        Harm::Review(nth) => {
            facts.flow.reviews[*nth].reviewer = account("eve");
            let key = key(*nth);
            return Subject::Review {
                id: key.number * 10,
                key,
            };
        }
    }
    let (Harm::Title(nth) | Harm::Merged(nth) | Harm::Gone(nth)) = harm else {
        panic!("it is a change")
    };
    Subject::Change(key(*nth))
}

proptest! {
    #[test]
    fn the_same_facts_agree_in_any_order_and_number(merged in prop::collection::vec(-50i64..200, 3..6)) {
        let said = facts(&merged);
        let mut stored = said.clone();
        stored.delivery.changes.reverse();
        stored.delivery.deployments.extend(said.delivery.deployments.clone());
        let found = checked(&stored, &said, None);
        prop_assert!(found.agrees(), "{:?}", found);
        prop_assert_eq!(found.compared, merged.len() * 3 + 3);
        prop_assert_eq!(found.numbers, AnyMetric::all().count());
    }

    #[test]
    fn whatever_is_changed_on_either_side_is_named_and_nothing_else(
        merged in prop::collection::vec(-50i64..200, 3..6), how in any_harm(), is_stored in any::<bool>(),
    ) {
        let said = facts(&merged);
        let mut other = said.clone();
        let subject = harm(&mut other, &how);
        let found = if is_stored { checked(&other, &said, None) } else { checked(&said, &other, None) };
        prop_assert_eq!(found.differences.len(), 1);
        prop_assert_eq!(&found.differences[0].subject, &subject);
    }

    #[test]
    fn a_picked_week_is_a_monday_of_the_past_and_each_has_its_turn(days in 15i64..400, seed in any::<u64>()) {
        let now = at(days * 24);
        let week = pick(at(0), now, chrono_tz::UTC, seed).unwrap();
        prop_assert_eq!(week.weekday(), chrono::Weekday::Mon);
        let window = window(week, chrono_tz::UTC);
        prop_assert!(at(0) <= window.from && window.to + Duration::days(1) <= now);
        prop_assert_eq!(pick(at(0), now, chrono_tz::UTC, seed), Some(week));
        let seeds = 0..days.unsigned_abs() * 10;
        let weeks: std::collections::BTreeSet<_> = seeds.filter_map(|seed| pick(at(0), now, chrono_tz::UTC, seed)).collect();
        prop_assert_eq!(i64::try_from(weeks.len()).unwrap(), (days - 1) / 7);
    }
}
