//! Purpose: how many jobs are taken in, done and completed each second, and how long a claim takes when a million wait.
//!
//! `cargo bench -p em-tests --bench jobs` prints two tables, for SQLite and PostgreSQL (both with fsync).

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::JobId;
use em_domain::job::{Job, JobEnd, NewJob, Priority};
use em_jobs::runner::{Handlers, Pace, Runner};
use em_jobs::wake::Wake;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_storage::{Claimant, Held, Settlement, Store};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

/// Runners, each with its own connections, as replicas have them.
const WORKERS: usize = 4;
/// Jobs that are taken in while they are done.
const JOBS: u64 = 40_000;
/// Jobs that one call takes in.
const BATCHES: [u64; 3] = [1, 16, 100];
/// Callers that take jobs in at one time.
const CALLERS: u64 = 16;
/// Claims timed for each row.
const CLAIMS: usize = 200;
/// Jobs of one claim.
const CLAIMED: u16 = 16;
/// Jobs written at once to fill the table.
const FILLED: u64 = 10_000;

#[tokio::main]
async fn main() {
    let server = PostgresServer::start(Flush::On);
    println!("{JOBS} jobs that do nothing, {WORKERS} workers, taken in by {CALLERS} callers meanwhile\n");
    println!("| engine | taken in at once | jobs/s, taken in, done and completed |");
    println!("| --- | ---: | ---: |");
    for batch in BATCHES {
        through("SQLite", &TestDatabase::sqlite().await, batch).await;
        if let Some(server) = &server {
            through("PostgreSQL", &TestDatabase::postgres_on(server).await, batch).await;
        }
    }
    println!("\nup to {CLAIMS} claims of {CLAIMED} jobs, each completed after\n");
    println!("| engine | jobs in the table | claim p50 ms | p99 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: |");
    claims("SQLite", async || TestDatabase::sqlite().await).await;
    if let Some(server) = &server {
        claims("PostgreSQL", async || TestDatabase::postgres_on(server).await).await;
    }
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn new(number: u64, run_at: DateTime<Utc>, priority: Priority) -> NewJob {
    let id = JobId::new(Ulid::from_parts(number, u128::from(number)));
    NewJob {
        priority,
        ..NewJob::new(id, "nothing", json!({ "number": number }), run_at)
    }
}

/// Jobs are taken in while runners do them; the clock stops when the last one is completed.
async fn through(engine: &str, database: &TestDatabase, batch: u64) {
    let (stop, done, wake) = (
        CancellationToken::new(),
        Arc::new(AtomicU64::new(0)),
        Wake::default(),
    );
    let mut runners = Vec::new();
    for number in 0..WORKERS {
        let done = Arc::clone(&done);
        let handlers = Handlers::default().with("nothing", move |_| {
            done.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        let runner = Runner {
            // On SQLite all share the one process and its one writer; on PostgreSQL each is a replica.
            store: if database.store.engine() == "sqlite" {
                database.store.clone()
            } else {
                database.replica().await
            },
            clock: Arc::new(SystemClock),
            handlers,
            worker: format!("w{number}"),
            pace: Pace {
                at_once: 64,
                look: Duration::from_millis(20),
                ..Pace::default()
            },
            wake: wake.clone(),
        };
        runners.push(tokio::spawn(runner.run(stop.clone())));
    }
    let started = Instant::now();
    take_in(&database.store, batch, &wake).await;
    while database.store.jobs().count(now()).await.unwrap() != em_domain::job::JobCounts::default() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    stop.cancel();
    for runner in runners {
        runner.await.unwrap();
    }
    assert_eq!(done.load(Ordering::Relaxed), JOBS, "each was begun once");
    let jobs = f64::from(u32::try_from(JOBS).unwrap());
    println!("| {engine} | {batch} | {:.0} |", jobs / seconds);
}

async fn take_in(store: &Store, batch: u64, wake: &Wake) {
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (store, next, wake) = (store.clone(), Arc::clone(&next), wake.clone());
        callers.spawn(async move {
            loop {
                let first = next.fetch_add(batch, Ordering::Relaxed);
                if first >= JOBS {
                    return;
                }
                let numbers = first..(first + batch).min(JOBS);
                let jobs: Vec<NewJob> = numbers
                    .map(|number| new(number, now(), Priority::Normal))
                    .collect();
                store.jobs().enqueue_many(&jobs, now()).await.unwrap();
                wake.wake();
            }
        });
    }
    callers.join_all().await;
}

/// How long claims take on tables of several sizes.
async fn claims(engine: &str, make: impl AsyncFn() -> TestDatabase) {
    let later = now() + TimeDelta::days(30);
    let due = now() - TimeDelta::hours(1);
    for (what, waiting, run_at, priority) in [
        ("1,000 due", 1_000, due, Priority::Normal),
        ("1,000,000 due", 1_000_000, due, Priority::Normal),
        (
            "1,000,000 due later, of a higher priority",
            1_000_000,
            later,
            Priority::High,
        ),
    ] {
        let database = make().await;
        fill(&database.store, waiting, run_at, priority).await;
        if run_at > now() {
            // Something to claim behind them.
            let behind = u64::from(CLAIMED) * CLAIMS as u64;
            let jobs = (0..behind).map(|number| new(10_000_000 + number, due, Priority::Normal));
            let jobs: Vec<NewJob> = jobs.collect();
            database.store.jobs().enqueue_many(&jobs, now()).await.unwrap();
        }
        println!("| {engine} | {what} | {} |", row(&database.store).await);
    }
}

async fn fill(store: &Store, waiting: u64, run_at: DateTime<Utc>, priority: Priority) {
    let mut first = 0;
    while first < waiting {
        let numbers = first..(first + FILLED).min(waiting);
        let jobs = numbers.map(|number| {
            // Each at another time, as they come.
            let run_at = run_at + TimeDelta::milliseconds(i64::try_from(number).unwrap());
            new(number, run_at, priority)
        });
        let jobs: Vec<NewJob> = jobs.collect();
        store.jobs().enqueue_many(&jobs, now()).await.unwrap();
        first += FILLED;
    }
}

async fn row(store: &Store) -> String {
    let claimant = Claimant {
        worker: "w1",
        limit: CLAIMED,
        lease: TimeDelta::minutes(1),
        takes_lost: true,
    };
    let mut times = Vec::new();
    for _ in 0..CLAIMS {
        let started = Instant::now();
        let jobs = store.jobs().claim(&claimant, now()).await.unwrap();
        if jobs.is_empty() {
            break;
        }
        times.push(started.elapsed());
        complete(store, &jobs).await;
    }
    times.sort_unstable();
    let at =
        |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    format!("{:.2} | {:.2} | {:.2}", at(50), at(99), at(100))
}

async fn complete(store: &Store, jobs: &[Job]) {
    let done = |job: &Job| Settlement {
        held: Held::from(job),
        end: JobEnd::Done,
    };
    let settlements: Vec<Settlement> = jobs.iter().map(done).collect();
    store.jobs().settle(&settlements, now()).await.unwrap();
}
