//! Purpose: how long the answer to `/em-agent triage` takes with 20,000 open and 200,000 closed pull requests.
//!
//! `cargo bench -p em-tests --bench triage` prints a table: the store's part of the answer, on both engines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod crowd;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::snooze::{Snooze, SnoozeReason};
use em_domain::triage::{TeamScope, TriageFilter};
use em_storage::Store;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};

use crowd::{CLOSED, OPEN, key, login, now, repository};

const SNOOZED: i64 = 200;
/// Questions per row of the table.
const ASKED: usize = 200;
const ROWS_PER_GROUP: u32 = 10;

#[tokio::main]
async fn main() {
    println!("{OPEN} open and {CLOSED} closed pull requests, {ASKED} questions each\n");
    println!("| engine | question | p50 ms | p95 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: |");
    measure("SQLite", &TestDatabase::sqlite().await.store).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", &TestDatabase::postgres_on(&server).await.store).await;
}

/// What is asked, by name.
fn questions() -> [(&'static str, TriageFilter); 4] {
    let ignoring = TriageFilter {
        ignored_labels: vec!["on hold".to_owned(), "wip".to_owned()],
        ..TriageFilter::default()
    };
    let team = TeamScope {
        name: "one".to_owned(),
        repositories: (0..3).map(repository).collect(),
        members: (0..12).map(login).collect(),
    };
    [
        ("triage", ignoring.clone()),
        (
            "triage --team",
            TriageFilter {
                team: Some(team),
                ..ignoring.clone()
            },
        ),
        (
            "triage mine",
            TriageFilter {
                actor: Some(login(7)),
                ..ignoring.clone()
            },
        ),
        (
            "drafts and bots too",
            TriageFilter {
                with_bots: true,
                with_drafts: true,
                ..ignoring
            },
        ),
    ]
}

async fn measure(engine: &str, store: &Store) {
    crowd::fill(store, 1..=OPEN + CLOSED).await;
    snooze(store).await;
    for (question, filter) in questions() {
        let report = store
            .triage()
            .report(&filter, now(), ROWS_PER_GROUP)
            .await
            .unwrap();
        assert!(
            report.groups.iter().any(|group| group.total > 0),
            "{question} has an answer"
        );
        let mut times = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            let asked = Instant::now();
            store
                .triage()
                .report(&filter, now(), ROWS_PER_GROUP)
                .await
                .unwrap();
            times.push(asked.elapsed());
        }
        row(engine, question, times);
    }
    let mut times = Vec::with_capacity(ASKED);
    for number in (1..=OPEN).step_by(usize::try_from(OPEN).unwrap() / ASKED) {
        let asked = Instant::now();
        assert!(store.triage().find(&key(number), now()).await.unwrap().is_some());
        times.push(asked.elapsed());
    }
    row(engine, "Why here?", times);
}

fn row(engine: &str, question: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {question} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}

async fn snooze(store: &Store) {
    for number in 1..=SNOOZED {
        let snooze = Snooze {
            subject: key(number * 7),
            reason: SnoozeReason::Parked,
            until: now() + TimeDelta::days(1),
            by: "U1".into(),
            created_at: now(),
        };
        store.snoozes().upsert(&snooze).await.unwrap();
    }
}
