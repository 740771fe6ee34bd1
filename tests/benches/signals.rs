//! Purpose: how long an evaluation of all rules takes with 20,000 open pull requests, and that 200,000 closed ones
//! besides do not make it longer.
//!
//! `cargo bench -p em-tests --bench signals` prints a table: reading the facts, evaluating, comparing and storing, on
//! both engines. Posting is Slack's time and not counted.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod crowd;

use std::time::{Duration, Instant};

use em_domain::calendar::WorkCalendar;
use em_domain::id::SignalId;
use em_domain::signal::{
    ChangedFiles, KINDS, LooksAt, PathPatterns, Rule, Rules, Signal, Span, diff, evaluate,
};
use em_storage::Store;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use ulid::Ulid;

use crowd::{CLOSED, OPEN, now};

/// Evaluations per row of the table.
const EVALUATIONS: usize = 50;
/// Files that each pull request changes.
const FILES: i64 = 10;

#[tokio::main]
async fn main() {
    println!("{OPEN} open pull requests, all {} kinds of rules\n", KINDS.len());
    println!("| engine | evaluation | open signals | p50 ms | p95 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    measure("SQLite", &TestDatabase::sqlite().await.store).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", &TestDatabase::postgres_on(&server).await.store).await;
}

async fn measure(engine: &str, store: &Store) {
    crowd::fill(store, 1..=OPEN).await;
    // With the defaults most of these pull requests are stale and unreviewed; with patience few are.
    let eager = Rules(KINDS.iter().map(Rule::of).collect());
    let patient = patient(&eager);
    once(store, &patient).await;
    many(engine, "nothing new", store, &patient).await;
    let (first, open) = once(store, &eager).await;
    row(engine, "most open at once", open, vec![first]);
    many(engine, "nothing new", store, &eager).await;
    once(store, &patient).await;
    learn_files(store).await;
    let narrowed = narrowed(&patient);
    once(store, &narrowed).await;
    let title = format!("nothing new, all narrowed by paths, {FILES} files each");
    many(engine, &title, store, &narrowed).await;
    once(store, &patient).await;
    crowd::fill(store, OPEN + 1..=OPEN + CLOSED).await;
    once(store, &patient).await;
    let title = format!("nothing new, {CLOSED} closed besides");
    many(engine, &title, store, &patient).await;
}

/// The same rules with thresholds that few exceed.
fn patient(rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    for rule in &mut rules.0 {
        rule.parameters.older_than = Span::parse("80h").unwrap();
        rule.parameters.limit = 36;
    }
    rules
}

/// The same rules, where pull requests change one folder of ten and more than texts.
fn narrowed(rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    let about_pulls = |rule: &&mut Rule| rule.kind.looks_at == LooksAt::PullRequests;
    for rule in rules.0.iter_mut().filter(about_pulls) {
        let patterns = ["src/module-3/**", "!**/*.md"].map(str::to_owned);
        rule.scope.paths = PathPatterns::new(patterns.into()).unwrap();
    }
    rules
}

/// What GitHub would have answered about every open pull request.
async fn learn_files(store: &Store) {
    for number in 1..=OPEN {
        let (key, head_sha) = (crowd::key(number), format!("{number:040x}"));
        let path = |file: i64| format!("src/module-{}/part-{file}/lib.rs", (number + file) % 30);
        let files = ChangedFiles {
            key,
            head_sha,
            paths: (0..FILES).map(path).collect(),
            is_truncated: false,
        };
        let signals = store.signals();
        signals
            .record_files(&files.key, &files.head_sha, Some(&files), now())
            .await
            .unwrap();
    }
}

async fn many(engine: &str, title: &str, store: &Store, rules: &Rules) {
    let mut times = Vec::with_capacity(EVALUATIONS);
    let mut open = 0;
    for _ in 0..EVALUATIONS {
        let (took, found) = once(store, rules).await;
        times.push(took);
        open = found;
    }
    row(engine, title, open, times);
}

/// One evaluation as the bot does it; answers how long it took, and how many signals are open after it.
async fn once(store: &Store, rules: &Rules) -> (Duration, usize) {
    let started = Instant::now();
    let watch = store.signals().watch(now()).await.unwrap().unwrap();
    let mut facts = watch.facts;
    if rules.look_at_paths() {
        facts.add_files(store.signals().list_files().await.unwrap());
    }
    let found = evaluate(rules, &facts, now(), &WorkCalendar::default());
    let open = found.len();
    let changes = diff(&watch.open, found);
    if !changes.is_empty() {
        let new = |finding: &em_domain::signal::Finding| {
            Signal::opened(SignalId::new(Ulid::new()), finding.clone(), now())
        };
        let opened: Vec<Signal> = changes.open.iter().map(new).collect();
        store.signals().apply(&opened, &changes, now()).await.unwrap();
    }
    (started.elapsed(), open)
}

fn row(engine: &str, evaluation: &str, open: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {evaluation} | {open} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}
