//! Purpose: webhooks of many systems: how many events of each one core reads into facts in a second, and how long senders wait
//! when 5,000 deliveries of ten systems come in each second, each with a proof of its own, durable before the answer.
//!
//! `cargo bench -p em-tests --bench vendors` prints two tables.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use em_domain::clock::Clock as _;
use em_domain::event::RawEvent;
use em_domain::id::EventId;
use em_integrations::normalise::normalise;
use em_integrations::vendors::vendor;
use em_integrations::webhook::{Delivery, Trust, receive};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_tests::{Setting, TestBot};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep_until;
use ulid::Ulid;

/// How long each vendor's events are read.
const READING: Duration = Duration::from_secs(1);
const PER_SECOND: u32 = 5_000;
const LASTING: Duration = Duration::from_secs(20);
/// Few long-lived ones, and as many as ten systems with some two dozen senders each have: what arrives on many at once shares
/// a commit, and no delivery waits for the one before it on the same connection.
const CONNECTIONS: [u32; 2] = [64, 256];
const SECRET: &str = "the secret of this benchmark";

/// The systems that are mixed, with a sample that each sends.
const MIX: [(&str, &str); 10] = [
    ("alertmanager", "conformance/samples/alertmanager/alerts.firing"),
    (
        "circleci",
        "conformance/samples/circleci/workflow-completed.success",
    ),
    ("github", "github/samples/pull_request.synchronize"),
    ("gitlab", "conformance/samples/gitlab/merge_request.open"),
    ("heroku", "conformance/samples/heroku/release.update"),
    ("jira", "conformance/samples/jira/jira_issue_updated.in-progress"),
    ("linear", "conformance/samples/linear/Issue.update-state"),
    ("pagerduty", "conformance/samples/pagerduty/incident.triggered"),
    ("sentry", "conformance/samples/sentry/issue.created"),
    (
        "shortcut",
        "conformance/samples/shortcut/story.update-workflow-state",
    ),
];

#[tokio::main]
async fn main() {
    read_all();
    println!(
        "\n{PER_SECOND} deliveries/s of ten systems for {} s\n",
        LASTING.as_secs()
    );
    println!("| engine | connections | accepted/s | p50 ms | p95 ms | p99 ms | most ms | refused |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for connections in CONNECTIONS {
        take_in("SQLite", TestDatabase::sqlite().await, connections).await;
    }
    let Some(server) = PostgresServer::start(Flush::On) else {
        println!("| PostgreSQL | no server on this machine |");
        return;
    };
    for connections in CONNECTIONS {
        take_in(
            "PostgreSQL",
            TestDatabase::postgres_on(&server).await,
            connections,
        )
        .await;
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../integrations/tests")
}

/// The samples of one system as events, or as far as they are recognised.
fn events(name: &str) -> Vec<RawEvent> {
    let samples = folder().join("conformance/samples").join(name);
    let paths = std::fs::read_dir(samples)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let bodies = paths.filter(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".json") && !name.ends_with(".headers.json")
    });
    bodies
        .filter_map(|path| {
            let headers = headers(&path);
            let body = std::fs::read(path).unwrap();
            let delivery = Delivery {
                headers: &headers,
                query: None,
                body: &body,
                certificate: None,
            };
            let trust = Trust {
                secrets: &[],
                takes_unsigned: true,
            };
            let now = chrono::DateTime::UNIX_EPOCH;
            receive(vendor(name)?, delivery, trust, now, EventId::new(Ulid::nil())).ok()
        })
        .collect()
}

fn headers(body: &Path) -> HeaderMap {
    let path = body.to_string_lossy().replace(".json", ".headers.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = all.as_object().unwrap().iter();
    all.filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.as_str()?.parse().ok()?)))
        .collect::<HeaderMap<HeaderValue>>()
}

fn read_all() {
    println!("| system | events/s on one core | bytes on average |");
    println!("| --- | ---: | ---: |");
    let mut all = Vec::new();
    let mut names: Vec<String> = std::fs::read_dir(folder().join("conformance/samples"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| vendor(name).is_some())
        .collect();
    names.sort();
    for name in &names {
        let events = events(name);
        if !events.is_empty() {
            row(name, &events);
            all.push(events);
        }
    }
    // Each system as often as every other, however many samples it has.
    let longest = all.iter().map(Vec::len).max().unwrap_or_default();
    let mixed: Vec<RawEvent> = (0..longest)
        .flat_map(|turn| all.iter().map(move |events| events[turn % events.len()].clone()))
        .collect();
    row("all, in turns", &mixed);
}

fn row(name: &str, events: &[RawEvent]) {
    let bytes: usize = events.iter().map(|event| event.payload.len()).sum();
    let (started, mut done) = (Instant::now(), 0_u32);
    for event in events.iter().cycle() {
        black_box(normalise(event));
        done += 1;
        if done.is_multiple_of(64) && started.elapsed() > READING {
            break;
        }
    }
    let rate = f64::from(done) / started.elapsed().as_secs_f64();
    println!("| {name} | {rate:.0} | {} |", bytes / events.len());
}

async fn take_in(engine: &str, database: TestDatabase, connections: u32) {
    let variables: Vec<&'static str> = MIX
        .iter()
        .map(|(name, _)| &*vendor(name).unwrap().secret_variable().leak())
        .collect();
    let setting = Setting {
        environment: variables
            .into_iter()
            .map(|name| (name, SECRET.to_owned()))
            .collect(),
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let mut bodies: Vec<Value> = MIX.iter().map(|(_, path)| sample(path)).collect();
    // Linear signs when it sent; the bot's clock is pretended and stands still.
    let linear = MIX.iter().position(|(name, _)| *name == "linear").unwrap();
    bodies[linear]["webhookTimestamp"] = json!(bot.clock.now().timestamp_millis());
    let templates = MIX.iter().zip(bodies);
    let bodies: Arc<Vec<Template>> = Arc::new(
        templates
            .map(|((name, _), body)| Template::of(name, body))
            .collect(),
    );
    let refused = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let senders: Vec<_> = (0..connections)
        .map(|number| {
            let (bodies, refused) = (Arc::clone(&bodies), Arc::clone(&refused));
            let place = (number, connections);
            tokio::spawn(send(bot.bot.http_addr, place, bodies, refused))
        })
        .collect();
    let mut waits = Vec::new();
    for sender in senders {
        waits.extend(sender.await.unwrap());
    }
    let seconds = started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at =
        |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {connections} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
        f64::from(u32::try_from(waits.len()).unwrap()) / seconds,
        at(50),
        at(95),
        at(99),
        at(100),
        refused.load(Ordering::Relaxed)
    );
    bot.folded_within(Duration::from_mins(10)).await;
    bot.finish().await;
}

fn sample(path: &str) -> Value {
    let path = folder().join(format!("{path}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// One connection of so many, whose deliveries are due at even times. How long each waited since it was due: a late answer
/// makes the next ones late too, as it would to senders who do not wait for each other.
async fn send(
    bot: SocketAddr,
    (number, connections): (u32, u32),
    bodies: Arc<Vec<Template>>,
    refused: Arc<AtomicU64>,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(bot).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let each = Duration::from_secs(1) * connections / PER_SECOND;
    let started = tokio::time::Instant::now() + each * number / connections;
    let (mut waits, mut answer) = (Vec::new(), vec![0; 4096]);
    for turn in 0.. {
        let due = started + each * turn;
        if due - started > LASTING {
            break;
        }
        let unique = u64::from(turn) * u64::from(connections) + u64::from(number);
        let request = request(&bodies, unique);
        sleep_until(due).await;
        stream.write_all(&request).await.unwrap();
        let read = stream.read(&mut answer).await.unwrap();
        waits.push(due.elapsed());
        if !answer[..read].starts_with(b"HTTP/1.1 202") {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
    waits
}

/// A sample as it is sent, cut where the id stands by which its sender counts: what the sender does beside signing would be
/// taken from the bot, which has the same cores.
struct Template {
    before: String,
    after: String,
}

/// Stands in a body for the id.
const PLACE: &str = "bench-00000000";

impl Template {
    fn of(name: &str, mut body: Value) -> Self {
        match name {
            "pagerduty" => body["event"]["id"] = json!(PLACE),
            "circleci" | "heroku" | "shortcut" => body["id"] = json!(PLACE),
            "alertmanager" => body["alerts"][0]["fingerprint"] = json!(PLACE),
            _ => {}
        }
        let whole = body.to_string();
        let (before, after) = whole.split_once(PLACE).unwrap_or((&whole, ""));
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    fn body(&self, id: &str) -> String {
        match self.after.as_str() {
            "" => self.before.clone(),
            after => [&self.before, id, after].concat(),
        }
    }
}

/// A delivery that differs from all others by what its sender counts by.
fn request(bodies: &[Template], unique: u64) -> Vec<u8> {
    let which = usize::try_from(unique).unwrap_or_default() % MIX.len();
    let (name, _) = MIX[which];
    let id = format!("bench-{unique:08}");
    let body = bodies[which].body(&id);
    let mut head = format!(
        "POST /webhooks/{name} HTTP/1.1\r\nhost: bot\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in proof(name, &id, body.as_bytes()) {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("content-type: application/json\r\n\r\n");
    [head.into_bytes(), body.into_bytes()].concat()
}

/// The headers by which a system is believed and counts its deliveries.
fn proof(name: &str, id: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, body);
    let hex: String = tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let id = id.to_owned();
    match name {
        "alertmanager" => vec![("authorization", format!("Bearer {SECRET}"))],
        "circleci" => vec![
            ("circleci-signature", format!("v1={hex}")),
            ("circleci-event-type", "workflow-completed".to_owned()),
        ],
        "github" => vec![
            ("x-hub-signature-256", format!("sha256={hex}")),
            ("x-github-event", "pull_request".to_owned()),
            ("x-github-delivery", id),
        ],
        "gitlab" => vec![
            ("x-gitlab-token", SECRET.to_owned()),
            ("x-gitlab-event", "Merge Request Hook".to_owned()),
            ("idempotency-key", id),
        ],
        "heroku" => vec![("heroku-webhook-hmac-sha256", STANDARD.encode(tag))],
        "jira" => vec![
            ("x-hub-signature", format!("sha256={hex}")),
            ("x-atlassian-webhook-identifier", id),
        ],
        "linear" => vec![
            ("linear-signature", hex),
            ("linear-event", "Issue".to_owned()),
            ("linear-delivery", id),
        ],
        "pagerduty" => vec![("x-pagerduty-signature", format!("v1={hex}"))],
        "sentry" => vec![
            ("sentry-hook-signature", hex),
            ("sentry-hook-resource", "issue".to_owned()),
            ("request-id", id),
        ],
        _ => vec![("payload-signature", hex)],
    }
}
