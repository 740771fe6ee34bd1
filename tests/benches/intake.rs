//! Purpose: how many webhooks the real bot takes in, signature checked and durable on disk before each answer, with
//! the sender on the same machine.
//!
//! `cargo bench -p em-tests --bench intake` prints a table for SQLite and PostgreSQL (both with fsync), each at several
//! numbers of connections that are kept alive.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use em_simulator::github::signed_headers;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_tests::{TestBot, WEBHOOK_SECRET};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long each row sends.
const LASTING: Duration = Duration::from_secs(15);
/// Connections at a time.
const CONNECTIONS: [usize; 3] = [16, 64, 128];

#[tokio::main]
async fn main() {
    println!(
        "webhooks of 2 kB for {} s each, sender and bot on the same cores\n",
        LASTING.as_secs()
    );
    println!("| engine | connections | accepted/s | p50 ms | p99 ms | max ms | refused |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    run("SQLite", TestDatabase::sqlite().await).await;
    match PostgresServer::start(Flush::On) {
        Some(server) => run("PostgreSQL", TestDatabase::postgres_on(&server).await).await,
        None => println!("| PostgreSQL | no server on this machine |"),
    }
}

async fn run(engine: &str, database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for connections in CONNECTIONS {
        println!("{}", row(engine, &bot, connections).await);
    }
    bot.folded_within(Duration::from_mins(10)).await;
    bot.finish().await;
}

async fn row(engine: &str, bot: &TestBot, connections: usize) -> String {
    let (next, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let senders: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(send(bot.bot.http_addr, Arc::clone(&next), Arc::clone(&refused))))
        .collect();
    let mut latencies = Vec::new();
    for sender in senders {
        latencies.extend(sender.await.unwrap());
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    // The latency that `percent` of the deliveries kept under.
    let at = |percent: usize| {
        let index = (latencies.len() * percent / 100).min(latencies.len() - 1);
        latencies[index].as_secs_f64() * 1000.0
    };
    let accepted = u32::try_from(latencies.len()).unwrap();
    format!(
        "| {engine} | {connections} | {:.0} | {:.1} | {:.1} | {:.1} | {} |",
        f64::from(accepted) / seconds,
        at(50),
        at(99),
        at(100),
        refused.load(Ordering::Relaxed)
    )
}

/// One connection that sends one webhook after the other.
async fn send(bot: std::net::SocketAddr, next: Arc<AtomicU64>, refused: Arc<AtomicU64>) -> Vec<Duration> {
    let mut stream = TcpStream::connect(bot).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut latencies, mut answer) = (Vec::new(), vec![0; 4096]);
    let started = Instant::now();
    while started.elapsed() < LASTING {
        let request = request(next.fetch_add(1, Ordering::Relaxed), std::process::id());
        let sent = Instant::now();
        stream.write_all(&request).await.unwrap();
        let read = stream.read(&mut answer).await.unwrap();
        latencies.push(sent.elapsed());
        if !answer[..read].starts_with(b"HTTP/1.1 202") {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
    latencies
}

/// A `pull_request` delivery of about 2 kB, different each time.
fn request(number: u64, run: u32) -> Vec<u8> {
    let pull = number % 5_000 + 1;
    let filler = "x".repeat(1_200);
    let body = format!(
        r#"{{"action":"opened","number":{pull},"pull_request":{{"id":{number},"number":{pull},"state":"open","title":"Change {number}","body":"{filler}","draft":false,"merged":false,"created_at":"2026-01-14T10:00:00Z","updated_at":"2026-01-14T10:00:{:02}Z","user":{{"login":"dev-{}","type":"User"}},"labels":[],"requested_reviewers":[],"requested_teams":[],"base":{{"ref":"main","repo":{{"full_name":"acme/payments"}}}},"head":{{"ref":"b{pull}","sha":"{number:040x}"}},"additions":5,"deletions":1,"changed_files":2,"html_url":"https://github.com/acme/payments/pull/{pull}"}},"repository":{{"id":1,"name":"payments","full_name":"acme/payments","private":false,"html_url":"https://github.com/acme/payments","default_branch":"main","owner":{{"login":"acme","type":"Organization"}}}},"sender":{{"login":"dev","type":"User"}}}}"#,
        number % 60,
        number % 20,
    );
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let mut head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: bot\r\nx-github-event: pull_request\r\nx-github-delivery: {run}-{number}-{now}\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in signed_headers(WEBHOOK_SECRET, body.as_bytes()) {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    [head.into_bytes(), body.into_bytes()].concat()
}
