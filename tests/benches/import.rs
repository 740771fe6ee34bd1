//! Purpose: how fast recorded events are imported and replayed, how fast arriving events are stored, and whether
//! memory stays flat.
//!
//! `cargo bench -p em-tests --bench import [-- EVENTS [sqlite|postgres]]` prints a table; the default is 1,000,000 events
//! on both engines. The file of events is written first, in the form of GitHub's webhooks: per pull request nine or ten
//! (opened, review asked for, pushed, CI, remarks, approval, merge, deployment), overlapping with the others' in time.
//! Commits are flushed to disk on both engines. The processor time is this process's own: with SQLite that is all of
//! it, with PostgreSQL the server's comes on top.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod watch;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
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

use watch::Watch;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let events = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(DEFAULT_EVENTS);
    let is_asked = |engine: &str, other: &str| {
        arguments.iter().all(|name| name != other) || arguments.iter().any(|name| name == engine)
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    let mib = write_story(&file, events) >> 20;
    println!("{events} events, {mib} MiB\n");
    println!(
        "| engine | work | events | seconds | events/s | processor s | resident memory: start, middle, end (most) |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | --- |");
    if is_asked("sqlite", "postgres") {
        measure("SQLite", &TestDatabase::sqlite().await, &file, events).await;
    }
    if !is_asked("postgres", "sqlite") {
        return;
    }
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure(
        "PostgreSQL",
        &TestDatabase::postgres_on(&server).await,
        &file,
        events,
    )
    .await;
}

async fn measure(engine: &str, database: &TestDatabase, file: &Path, events: u64) {
    let store = &database.store;
    let watch = Watch::start();
    let imported = import::file(store, file, import::Reading::plain(at(events)), |_| ())
        .await
        .unwrap();
    watch.row(engine, "import", events);
    assert_eq!(
        (imported.stored, imported.unrecognised, imported.unreadable_lines),
        (events, 0, 0)
    );

    let facts = store.facts().digest().await.unwrap();
    let watch = Watch::start();
    let replayed = store.facts().replay(normalise, |_| ()).await.unwrap();
    watch.row(engine, "replay", replayed.events as u64);
    assert_eq!(
        store.facts().digest().await.unwrap(),
        facts,
        "a replay gives the same facts"
    );

    let watch = Watch::start();
    let mut waits = arrive(database, events).await;
    waits.sort_unstable();
    let percentile = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let work = format!(
        "store, {CALLERS} callers (p50 {:.1} ms, p99 {:.1} ms)",
        percentile(50),
        percentile(99)
    );
    watch.row(engine, &work, ARRIVING);

    let watch = Watch::start();
    let mut folded = 0;
    loop {
        match store.facts().fold_pending(1000, normalise).await.unwrap().events {
            0 => break,
            events => folded += events as u64,
        }
    }
    watch.row(engine, "fold what was stored", folded);
}

/// Stores events one by one from many callers; each waits until its event is durable.
async fn arrive(database: &TestDatabase, after: u64) -> Vec<Duration> {
    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
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
    callers.join_all().await.concat()
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

/// Writes `events` recorded lines; answers with the size of the file.
fn write_story(file: &Path, events: u64) -> u64 {
    let mut lines = BufWriter::new(File::create(file).unwrap());
    for number in 0..events {
        let (event_type, body) = event(number);
        let headers = json!({"x-github-event": event_type, "x-github-delivery": delivery(number)});
        serde_json::to_writer(&mut lines, &json!({"headers": headers, "body": body})).unwrap();
        lines.write_all(b"\n").unwrap();
    }
    lines.into_inner().unwrap().metadata().unwrap().len()
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
