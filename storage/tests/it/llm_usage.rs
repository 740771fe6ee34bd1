//! Purpose: language models are used within the limits of a day, however many ask at once.

use chrono::NaiveDate;
use em_domain::llm_usage::{Account, Limits, Usage};
use em_storage::testing::TestDatabase;
use em_storage::{DayOfUse, Reservation, Reserved, Spent, both_engines};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::at;

both_engines!(
    what_a_call_used_takes_the_place_of_what_was_reserved_on_every_account,
    many_at_once_do_not_use_more_than_is_allowed,
    people_of_several_teams_do_not_wait_for_each_other_in_a_circle,
    whoever_is_at_a_limit_has_reserved_nothing_anywhere,
    a_call_that_ends_after_midnight_is_counted_on_its_own_day,
    any_order_of_calls_leaves_the_sums_of_what_they_used,
);

fn day(number: i64) -> NaiveDate {
    at(number * 24 * 60).date_naive()
}

fn limits(person: i64, team: i64, everybody: i64) -> Limits {
    Limits {
        person: Some(person),
        team: Some(team),
        everybody: Some(everybody),
    }
}

fn spent(tokens_in: i64, tokens_out: i64, succeeded: bool) -> Spent {
    Spent {
        usage: Usage {
            tokens_in,
            tokens_out,
            is_estimated: !succeeded,
        },
        cost_micros: tokens_in + 4 * tokens_out,
        succeeded,
    }
}

fn granted(reserved: Reserved) -> Reservation {
    match reserved {
        Reserved::Granted(reservation) => reservation,
        Reserved::Exhausted(account) => panic!("{account:?} is at its limit"),
    }
}

fn person(name: &str) -> Account {
    Account::Person(name.to_owned())
}

fn team(name: &str) -> Account {
    Account::Team(name.to_owned())
}

async fn what_a_call_used_takes_the_place_of_what_was_reserved_on_every_account(db: TestDatabase) {
    let usage = db.store.llm_usage();
    let teams = ["api".to_owned(), "web".to_owned()];
    let accounts = [person("U1"), team("api"), team("web"), Account::Everybody];
    assert_eq!(usage.find_spent(day(0), &accounts[0]).await.unwrap(), None);

    let reserved = usage
        .reserve(day(0), ("U1", &teams), 1000, &limits(5000, 5000, 5000))
        .await;
    let reservation = granted(reserved.unwrap());
    for account in &accounts {
        let now = usage.find_spent(day(0), account).await.unwrap().unwrap();
        assert_eq!((now.reserved, now.calls), (1000, 0));
    }
    usage.settle(reservation, spent(300, 20, true)).await.unwrap();
    let again = usage
        .reserve(day(0), ("U1", &teams), 1000, &Limits::default())
        .await;
    usage
        .settle(granted(again.unwrap()), spent(5, 0, false))
        .await
        .unwrap();

    for account in accounts {
        let expected = DayOfUse {
            account: account.clone(),
            reserved: 0,
            tokens_in: 305,
            tokens_out: 20,
            cost_micros: 385,
            calls: 2,
            failures: 1,
        };
        assert_eq!(usage.find_spent(day(0), &account).await.unwrap(), Some(expected));
    }
    assert_eq!(usage.list(day(0), 10).await.unwrap().len(), 4);
    assert_eq!(usage.list(day(0), 2).await.unwrap().len(), 2);
    assert_eq!(usage.list(day(1), 10).await.unwrap(), []);
}

async fn many_at_once_do_not_use_more_than_is_allowed(db: TestDatabase) {
    let replicas = [db.store.clone(), db.replica().await];
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..60 {
        let store = replicas[number % 2].clone();
        calls.spawn(async move {
            let teams = ["api".to_owned()];
            let who = format!("U{}", number % 6);
            let allowed = limits(300, 1_000_000, 1250);
            let reserved = store
                .llm_usage()
                .reserve(day(0), (&who, &teams), 100, &allowed)
                .await;
            matches!(reserved.unwrap(), Reserved::Granted(_))
        });
    }
    let granted = calls
        .join_all()
        .await
        .into_iter()
        .filter(|granted| *granted)
        .count();
    assert_eq!(granted, 12, "twelve hundreds are within 1250, thirteen are not");
    let usage = db.store.llm_usage();
    let everybody = usage
        .find_spent(day(0), &Account::Everybody)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(everybody.reserved, 1200);
    for number in 0..6 {
        let one = usage
            .find_spent(day(0), &person(&format!("U{number}")))
            .await
            .unwrap();
        assert!(one.is_none_or(|one| one.reserved <= 300));
    }
}

async fn people_of_several_teams_do_not_wait_for_each_other_in_a_circle(db: TestDatabase) {
    let names = ["api".to_owned(), "web".to_owned(), "ops".to_owned()];
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (store, mut teams) = (db.store.clone(), names.to_vec());
        teams.rotate_left(number % 3);
        calls.spawn(async move {
            let usage = store.llm_usage();
            let reserved = usage
                .reserve(day(0), ("U1", &teams), 10, &Limits::default())
                .await;
            usage
                .settle(granted(reserved.unwrap()), spent(4, 3, true))
                .await
                .unwrap();
        });
    }
    calls.join_all().await;
    let ops = db
        .store
        .llm_usage()
        .find_spent(day(0), &team("ops"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (ops.reserved, ops.tokens_in, ops.tokens_out, ops.calls),
        (0, 120, 90, 30)
    );
}

async fn whoever_is_at_a_limit_has_reserved_nothing_anywhere(db: TestDatabase) {
    let usage = db.store.llm_usage();
    let teams = ["api".to_owned()];
    let reserve = async |who: &str, tokens, allowed: Limits| {
        usage
            .reserve(day(0), (who, &teams), tokens, &allowed)
            .await
            .unwrap()
    };
    let first = reserve("U1", 600, limits(1000, 1000, 1000)).await;
    assert!(matches!(first, Reserved::Granted(_)));
    for (who, tokens, allowed, full) in [
        ("U1", 401, limits(1000, 9000, 9000), person("U1")),
        ("U2", 401, limits(1000, 1000, 9000), team("api")),
        ("U2", 401, limits(1000, 9000, 1000), Account::Everybody),
        ("U3", 1001, limits(1000, 9000, 9000), person("U3")),
    ] {
        assert_eq!(reserve(who, tokens, allowed).await, Reserved::Exhausted(full));
    }
    for who in ["U2", "U3"] {
        assert_eq!(
            usage.find_spent(day(0), &person(who)).await.unwrap(),
            None,
            "{who}"
        );
    }
    let team = usage.find_spent(day(0), &team("api")).await.unwrap().unwrap();
    assert_eq!(team.reserved, 600);
    let last = reserve("U1", 400, limits(1000, 1000, 1000)).await;
    assert!(matches!(last, Reserved::Granted(_)), "exactly the rest");
}

async fn a_call_that_ends_after_midnight_is_counted_on_its_own_day(db: TestDatabase) {
    let usage = db.store.llm_usage();
    let allowed = limits(100, 100, 100);
    let late = granted(usage.reserve(day(0), ("U1", &[]), 100, &allowed).await.unwrap());
    let early = granted(usage.reserve(day(1), ("U1", &[]), 100, &allowed).await.unwrap());
    usage.settle(late, spent(30, 0, true)).await.unwrap();
    let days = [day(0), day(1)].map(|day| usage.find_spent(day, &Account::Everybody));
    let [before, after] = days;
    let (before, after) = (before.await.unwrap().unwrap(), after.await.unwrap().unwrap());
    assert_eq!((before.tokens_in, before.reserved), (30, 0));
    assert_eq!((after.tokens_in, after.reserved), (0, 100));

    assert_eq!(usage.purge(day(1)).await.unwrap(), 2);
    usage.settle(early, spent(1, 1, true)).await.unwrap();
    assert_eq!(usage.find_spent(day(0), &Account::Everybody).await.unwrap(), None);
    assert_eq!(usage.list(day(1), 10).await.unwrap().len(), 2);
}

/// Calls of random people and sizes; each ends at once, later, or never.
async fn any_order_of_calls_leaves_the_sums_of_what_they_used(db: TestDatabase) {
    let call = (0..4_usize, 0..400_i64, 0..200_i64, 0..200_i64, any::<bool>());
    let mut runner = TestRunner::deterministic();
    let calls = prop::collection::vec(call, 40..80)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let usage = db.store.llm_usage();
    let allowed = limits(1500, 1_000_000, 4000);
    let (mut open, mut used, mut reserved, mut made) = (Vec::new(), [0; 4], [0; 4], [0; 4]);
    for (who, tokens, tokens_in, tokens_out, ends_now) in calls {
        let fits = reserved[who] + used[who] + tokens <= 1500
            && reserved.iter().chain(&used).sum::<i64>() + tokens <= 4000;
        let outcome = usage
            .reserve(day(0), (&format!("U{who}"), &[]), tokens, &allowed)
            .await;
        let outcome = outcome.unwrap();
        assert_eq!(matches!(outcome, Reserved::Granted(_)), fits, "{who} {tokens}");
        let Reserved::Granted(reservation) = outcome else {
            continue;
        };
        reserved[who] += tokens;
        open.push((who, tokens, reservation, spent(tokens_in, tokens_out, ends_now)));
        if ends_now {
            let (who, tokens, reservation, spent) = open.swap_remove(open.len() / 2);
            reserved[who] -= tokens;
            used[who] += spent.usage.total();
            made[who] += 1;
            usage.settle(reservation, spent).await.unwrap();
        }
    }
    assert!(made.iter().sum::<i64>() > 5, "{made:?}");
    for who in 0..4 {
        let found = usage
            .find_spent(day(0), &person(&format!("U{who}")))
            .await
            .unwrap();
        let found = found.map(|found| (found.tokens_in + found.tokens_out, found.reserved, found.calls));
        assert_eq!(found.unwrap_or_default(), (used[who], reserved[who], made[who]));
    }
}
