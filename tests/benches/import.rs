//! Purpose: how fast recorded events are imported and replayed, how fast arriving events are stored, and whether
//! memory stays flat.
//!
//! `cargo bench -p em-tests --bench import [-- EVENTS]` prints a table per engine; the default is 1,000,000 events. They are
//! made while they are read, in the form of GitHub's webhooks: per pull request eight or nine of its own (opened, review
//! asked for, pushed, CI, remarks, approval, merge), overlapping with the others' in time, and a deployment now and
//! then. Commits are flushed to disk on both engines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_bot::import;
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use em_integrations::normalise::normalise;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use ulid::Ulid;

const DEFAULT_EVENTS: u64 = 1_000_000;
/// Events that arrive one by one in the last part.
const ARRIVING: u64 = 100_000;
/// Callers that wait for their event to be stored at the same time.
const CALLERS: u64 = 64;
/// One in so many pull requests stays open.
const STAYS_OPEN: u64 = 50;
/// Events of one pull request.
const STEPS: u64 = 10;
/// Pull requests that begin between two events of one.
const OVERLAP: u64 = 37;

#[tokio::main]
async fn main() {
    let events = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_EVENTS);
    println!("| engine | work | events | seconds | events/s | resident memory, start, middle and end |");
    println!("| --- | --- | ---: | ---: | ---: | --- |");
    measure("SQLite", &TestDatabase::sqlite().await, events).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", &TestDatabase::postgres_on(&server).await, events).await;
}

async fn measure(engine: &str, database: &TestDatabase, events: u64) {
    let store = &database.store;
    let memory = Memory::watch();
    let start = Instant::now();
    let lines = BufReader::with_capacity(1 << 16, Story::of(events));
    let imported = import::lines(store, lines, at(events)).await.unwrap();
    row(engine, "import", events, start.elapsed(), &memory.end());
    assert_eq!(
        (imported.stored, imported.unrecognised, imported.unreadable_lines),
        (events, 0, 0)
    );

    let facts = store.facts().digest().await.unwrap();
    let memory = Memory::watch();
    let start = Instant::now();
    let replayed = store.facts().replay(normalise, |_| ()).await.unwrap();
    row(
        engine,
        "replay",
        replayed.events as u64,
        start.elapsed(),
        &memory.end(),
    );
    assert_eq!(
        store.facts().digest().await.unwrap(),
        facts,
        "a replay gives the same facts"
    );

    let memory = Memory::watch();
    let (took, mut waits) = arrive(database, events).await;
    waits.sort_unstable();
    let percentile = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let work = format!(
        "store, {CALLERS} callers (p50 {:.1} ms, p99 {:.1} ms)",
        percentile(50),
        percentile(99)
    );
    row(engine, &work, ARRIVING, took, &memory.end());
    let memory = Memory::watch();
    let start = Instant::now();
    let mut folded = 0;
    loop {
        match store.facts().fold_pending(1000, normalise).await.unwrap().events {
            0 => break,
            events => folded += events as u64,
        }
    }
    row(
        engine,
        "fold what was stored",
        folded,
        start.elapsed(),
        &memory.end(),
    );
}

fn row(engine: &str, work: &str, events: u64, took: Duration, memory: &str) {
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown to three digits")]
    let rate = events as f64 / seconds;
    println!("| {engine} | {work} | {events} | {seconds:.1} | {rate:.0} | {memory} |");
}

/// Stores events one by one from many callers; each waits until its event is durable.
async fn arrive(database: &TestDatabase, after: u64) -> (Duration, Vec<Duration>) {
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CALLERS {
        let (store, next) = (database.store.clone(), Arc::clone(&next));
        callers.spawn(async move {
            let mut waits = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= ARRIVING {
                    return waits;
                }
                let event = arriving(after + number);
                let asked = Instant::now();
                store.events().append(event).await.unwrap();
                waits.push(asked.elapsed());
            }
        });
    }
    let waits = callers.join_all().await.concat();
    (start.elapsed(), waits)
}

fn arriving(number: u64) -> RawEvent {
    let (event_type, body) = event(number);
    RawEvent {
        id: EventId::new(Ulid::new()),
        source: Source::github(),
        delivery_key: delivery(number),
        event_type: event_type.to_owned(),
        origin: Origin::Webhook,
        occurred_at: Some(at(number)),
        received_at: at(number),
        payload: serde_json::to_vec(&body).unwrap(),
    }
}

/// Resident memory now and then.
struct Memory {
    seen: tokio::task::JoinHandle<()>,
    samples: Arc<std::sync::Mutex<Vec<u64>>>,
}

impl Memory {
    fn watch() -> Self {
        let samples = Arc::new(std::sync::Mutex::new(vec![resident_mib()]));
        let into = Arc::clone(&samples);
        let seen = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                into.lock().unwrap().push(resident_mib());
            }
        });
        Self { seen, samples }
    }

    fn end(self) -> String {
        self.seen.abort();
        let samples = self.samples.lock().unwrap();
        let greatest = samples.iter().max().unwrap();
        let (first, middle, last) = (samples[0], samples[samples.len() / 2], samples[samples.len() - 1]);
        format!("{first}, {middle}, {last} MiB (most {greatest})")
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// Recorded lines, made as they are read.
struct Story {
    next: u64,
    end: u64,
    line: Vec<u8>,
    read: usize,
}

impl Story {
    fn of(events: u64) -> Self {
        Self {
            next: 0,
            end: events,
            line: Vec::new(),
            read: 0,
        }
    }

    fn tell(&mut self) {
        let (event_type, body) = event(self.next);
        let headers = json!({"x-github-event": event_type, "x-github-delivery": delivery(self.next)});
        self.line.clear();
        self.read = 0;
        // `body` last, and its bytes as they will be stored.
        serde_json::to_writer(&mut self.line, &json!({"headers": headers, "body": body})).unwrap();
        self.line.push(b'\n');
        self.next += 1;
    }
}

impl Read for Story {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.line.len() {
            if self.next == self.end {
                return Ok(0);
            }
            self.tell();
        }
        let size = buffer.len().min(self.line.len() - self.read);
        buffer[..size].copy_from_slice(&self.line[self.read..self.read + size]);
        self.read += size;
        Ok(size)
    }
}

/// A delivery id without any order, as GitHub's are.
fn delivery(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    format!(
        "{:08x}-{:04x}-4000-8000-{number:012x}",
        mixed >> 32,
        mixed & 0xffff
    )
}

/// The time of the event `number`: one every twenty seconds.
fn at(number: u64) -> DateTime<Utc> {
    let seconds = i64::try_from(number * 20).unwrap();
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

/// The event `number`: each pull request has one event in each of ten rounds.
fn event(number: u64) -> (&'static str, Value) {
    let (round, step) = (number / STEPS, number % STEPS);
    let Some(pull) = round.checked_sub(step * OVERLAP) else {
        // Before the first pull requests got so far, their repository is still being set up.
        return ("release", release(number));
    };
    let now = at(number);
    match step {
        0 => ("pull_request", pull_request(pull, "opened", now)),
        1 => ("pull_request", pull_request(pull, "review_requested", now)),
        2 => ("workflow_run", workflow_run(pull, "in_progress", now)),
        3 => ("workflow_run", workflow_run(pull, "completed", now)),
        4 => ("issue_comment", comment(pull, now)),
        5 => ("pull_request_review", review(pull, "commented", now)),
        6 => ("pull_request", pull_request(pull, "synchronize", now)),
        7 => ("pull_request_review", review(pull, "approved", now)),
        8 if pull.is_multiple_of(STAYS_OPEN) => ("issue_comment", comment(pull, now)),
        8 => ("pull_request", pull_request(pull, "closed", now)),
        _ => ("deployment_status", deployment_status(pull, now)),
    }
}

fn repository(pull: u64) -> Value {
    let name = format!("acme/service-{}", pull % 20);
    json!({
        "id": pull % 20, "name": name, "full_name": name, "private": true, "default_branch": "main",
        "html_url": format!("https://github.com/{name}"), "owner": {"login": "acme", "type": "Organization"},
        "description": "One of the services behind the public interface of the shop, with its own deployment",
        "topics": ["rust", "service"], "visibility": "private", "open_issues_count": 12, "forks_count": 3,
    })
}

fn person(number: u64) -> Value {
    let login = format!("dev-{}", number % 200);
    json!({
        "login": login, "id": number % 200, "type": "User", "site_admin": false,
        "html_url": format!("https://github.com/{login}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{number}?v=4"),
    })
}

fn pull_object(pull: u64, action: &str, now: DateTime<Utc>) -> Value {
    let is_merged = action == "closed";
    let opened = at(pull * STEPS);
    let asked = if action == "opened" {
        json!([])
    } else {
        json!([person(pull + 7)])
    };
    json!({
        "id": pull, "number": pull + 1, "state": if is_merged { "closed" } else { "open" }, "locked": false,
        "title": format!("Make the thing number {pull} do what people expect of it"),
        "html_url": format!("https://github.com/acme/service-{}/pull/{}", pull % 20, pull + 1),
        "body": "What changes and why: the list is read once instead of once per row, which the profile showed to be \
                 nearly all of the time. The test covers the empty list, one row and many rows.",
        "user": person(pull), "draft": false, "merged": is_merged,
        "created_at": opened, "updated_at": now,
        "closed_at": is_merged.then_some(now), "merged_at": is_merged.then_some(now),
        "merge_commit_sha": is_merged.then(|| format!("{pull:040x}")),
        "requested_reviewers": asked, "requested_teams": [],
        "labels": [{"id": 1, "name": "backend", "color": "ededed"}],
        "base": {"ref": "main", "sha": format!("{:040x}", pull + 5)},
        "head": {"ref": format!("change-{pull}"), "sha": format!("{:040x}", pull + 1_000_000_000)},
        "additions": 30 + pull % 200, "deletions": pull % 50, "changed_files": 1 + pull % 9,
    })
}

fn pull_request(pull: u64, action: &str, now: DateTime<Utc>) -> Value {
    json!({
        "action": action, "number": pull + 1, "pull_request": pull_object(pull, action, now),
        "requested_reviewer": person(pull + 7), "repository": repository(pull), "sender": person(pull),
    })
}

fn review(pull: u64, state: &str, now: DateTime<Utc>) -> Value {
    let id = pull * 10 + u64::from(state == "approved");
    json!({
        "action": "submitted",
        "review": {
            "id": id, "user": person(pull + 7), "state": state, "submitted_at": now, "body": "Looks right to me.",
            "html_url": format!("https://github.com/acme/service-{}/pull/{}#r{id}", pull % 20, pull + 1),
        },
        "pull_request": pull_object(pull, "synchronize", now), "repository": repository(pull), "sender": person(pull + 7),
    })
}

fn comment(pull: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "created",
        "issue": {"number": pull + 1, "pull_request": {"url": "https://api.github.com"}, "title": "Make the thing do"},
        "comment": {"id": pull * 2 + u64::from(now.timestamp().unsigned_abs() % 2 == 1), "user": person(pull + 3),
            "created_at": now, "body": "Could this also cover the case that the second list is longer than the first?"},
        "repository": repository(pull), "sender": person(pull + 3),
    })
}

fn workflow_run(pull: u64, status: &str, now: DateTime<Utc>) -> Value {
    let conclusion = match status {
        "completed" if pull.is_multiple_of(11) => Some("failure"),
        "completed" => Some("success"),
        _ => None,
    };
    let is_push = pull.is_multiple_of(5);
    json!({
        "action": status,
        "workflow_run": {
            "id": pull, "name": "CI", "head_branch": if is_push { "main".to_owned() } else { format!("change-{pull}") },
            "head_sha": format!("{:040x}", pull + 1_000_000_000), "event": if is_push { "push" } else { "pull_request" },
            "status": status, "conclusion": conclusion, "run_attempt": 1,
            "created_at": at(pull * STEPS), "run_started_at": at(pull * STEPS), "updated_at": now,
            "html_url": format!("https://github.com/acme/service-{}/actions/runs/{pull}", pull % 20),
        },
        "repository": repository(pull), "sender": person(pull),
    })
}

fn deployment_status(pull: u64, now: DateTime<Utc>) -> Value {
    json!({
        "action": "created",
        "deployment_status": {"id": pull, "state": if pull.is_multiple_of(30) { "failure" } else { "success" },
            "created_at": now, "log_url": "https://github.com/acme/logs", "environment": "production"},
        "deployment": {"id": pull, "sha": format!("{pull:040x}"), "ref": "main", "environment": "production",
            "creator": person(pull), "created_at": now, "updated_at": now},
        "repository": repository(pull), "sender": person(pull),
    })
}

fn release(number: u64) -> Value {
    json!({
        "action": "published",
        "release": {"id": number, "tag_name": format!("v0.{number}.0"), "name": null, "draft": false, "prerelease": false,
            "published_at": at(number), "created_at": at(number), "author": person(number),
            "html_url": format!("https://github.com/acme/releases/{number}"), "target_commitish": "main"},
        "repository": repository(number), "sender": person(number),
    })
}
