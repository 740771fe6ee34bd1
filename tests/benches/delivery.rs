//! Purpose: how long the five delivery metrics of any 90 days take over a long history, what the first computation of all of it
//! costs, and how much faster that is than the same question in plain SQL over the stored events.
//!
//! `cargo bench -p em-tests --bench delivery [-- EVENTS... [sqlite|postgres]]` prints tables; the default is 100,000 and
//! 1,000,000 events on both engines. Whatever their number, events are spread over five years and 50 repositories: so ten
//! times the events are a company ten times as large. Forty events make a change, in the form of GitHub's webhooks: opened,
//! review asked for, jobs and checks of CI, remarks, approval, merge; every fourth is deployed, every fortieth deployment has an
//! incident.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod peer;
mod story;
mod watch;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::delivery::{Asked, Definitions, Mode, measure};
use em_integrations::normalise::normalise;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_storage::{DeliveryOf, Store};
use tokio::task::JoinSet;

use story::{END, Story};
use watch::Watch;

const PER_BATCH: u64 = 4_000;
/// Windows that are asked for, each beginning elsewhere in the five years.
const ASKED: u64 = 60;
/// The window.
const DAYS: i64 = 90;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut sizes: Vec<u64> = arguments.iter().filter_map(|text| text.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    let is_asked = |engine: &str, other: &str| {
        arguments.iter().all(|name| name != other) || arguments.iter().any(|name| name == engine)
    };
    println!(
        "| engine, events | work | of | seconds | per second | processor s | resident memory: start, middle, end (most) |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | --- |");
    for events in &sizes {
        if is_asked("sqlite", "postgres") {
            run("SQLite", TestDatabase::sqlite().await, *events).await;
        }
    }
    if !is_asked("postgres", "sqlite") {
        return;
    }
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    for events in sizes {
        run("PostgreSQL", TestDatabase::postgres_on(&server).await, events).await;
    }
}

async fn run(engine: &str, database: TestDatabase, events: u64) {
    let history = Story { events };
    let about = format!("{engine}, {events}");
    let store = &database.store;
    let watch = Watch::start();
    import(store, history).await;
    watch.row(&about, "import", events);

    let watch = Watch::start();
    let packs = store.delivery().refresh().await.unwrap();
    watch.row(&about, "first computation: days of all five years", packs as u64);

    let watch = Watch::start();
    let whole = Asked {
        from: story::BEGIN,
        ..window(END)
    };
    let changes = answer(store, &whole).await;
    watch.row(&about, "answer over all five years: changes", changes as u64);

    let (answers, changes) = answers(store).await;
    let percentile = |percent: usize| answers[(answers.len() - 1) * percent / 100];
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "| {about} | answer over {DAYS} days: p50 {:.1} ms, p95 {:.1} ms, most {:.1} ms | {changes} | | | | |",
        ms(percentile(50)),
        ms(percentile(95)),
        ms(percentile(100)),
    );
    let asked = window(END - TimeDelta::days(400));
    let peer = peer::ask(&database, &asked).await;
    let started = Instant::now();
    let facts = facts(store, &asked).await;
    let keys = measure(&facts, &Definitions::default(), &asked, Mode::Ours);
    let ours = started.elapsed();
    let deployments = u64::try_from(keys.frequency.rate.sample).unwrap();
    assert_eq!(peer.deployments, deployments, "both count the same deployments");
    println!(
        "| {about} | two of the five in plain SQL over the stored JSON: {:.0} times as long as all five of ours | | {:.2} | | | |",
        peer.took.as_secs_f64() / ours.as_secs_f64(),
        peer.took.as_secs_f64()
    );
}

fn window(to: DateTime<Utc>) -> Asked {
    Asked {
        from: to - TimeDelta::days(DAYS),
        to,
        zone: chrono_tz::Europe::Berlin,
        repositories: None,
        members: None,
    }
}

async fn facts(store: &Store, asked: &Asked) -> em_domain::delivery::DeliveryFacts {
    let definitions = Definitions::default();
    let of = DeliveryOf {
        asked,
        definitions: &definitions,
        now: END,
    };
    store.delivery().facts(of).await.unwrap()
}

/// Reads and counts; answers how many changes counted.
async fn answer(store: &Store, asked: &Asked) -> usize {
    let facts = facts(store, asked).await;
    let keys = measure(&facts, &Definitions::default(), asked, Mode::Ours);
    assert!(keys.frequency.rate.value.is_ok(), "something went live");
    keys.lead_time.time.sample
}

/// The times of many answers, sorted, and how many changes one of them is made of.
async fn answers(store: &Store) -> (Vec<Duration>, usize) {
    let mut times = Vec::new();
    let mut changes = 0;
    for number in 0..ASKED {
        // All over the five years, and never two the same.
        let back = i64::try_from(number * 27 + 3).unwrap();
        let asked = window(END - TimeDelta::days(back));
        let started = Instant::now();
        changes = answer(store, &asked).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    (times, changes)
}

/// Two batches at a time: one is read while the other is written, as an import does.
async fn import(store: &Store, history: Story) {
    let mut writing = JoinSet::new();
    let mut next = 0;
    while next < history.events {
        if writing.len() == 2 {
            writing.join_next().await.unwrap().unwrap();
        }
        let numbers = next..(next + PER_BATCH).min(history.events);
        next = numbers.end;
        let store = store.clone();
        writing.spawn(async move {
            let batch =
                tokio::task::spawn_blocking(move || numbers.map(|number| history.event(number)).collect());
            let stored = store
                .events()
                .append_batch(batch.await.unwrap(), normalise)
                .await
                .unwrap();
            assert_eq!(stored.unrecognised, 0, "the story is in the form that we read");
        });
    }
    while let Some(done) = writing.join_next().await {
        done.unwrap();
    }
    store.facts().finish_import().await.unwrap();
}
