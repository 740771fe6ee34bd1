//! Purpose: how fast and how reliably Socket Mode envelopes are acknowledged, with Slack and the bot on one machine.
//!
//! `cargo bench -p em-tests --bench socket` prints two tables:
//! 1. 200 commands per second while connections are lost all the time: the time from a person's command to its
//!    acknowledgement (redeliveries after a loss included), and how many were never acknowledged or never handed over;
//! 2. acknowledged commands per second on one connection.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use em_bot::slack::Inbound;
use em_bot::slack::socket::{SocketMode, Timing};
use em_domain::clock::SystemClock;
use em_integrations::slack::{Slack, SlackConfig};
use em_simulator::{Counts, DisconnectReason, Options, Simulator};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Commands per second in the first part.
const RATE: u64 = 200;
/// Connections lost in the first part.
const LOSSES: u64 = 1_000;
/// Losses per second: each connection lives for a few dozen commands.
const LOSSES_PER_SECOND: u64 = 20;
/// Commands in the second part. The pretend Slack keeps 50,000 response URLs; tidying them up must not be measured.
const BULK: usize = 40_000;
/// Commands that people wait for at the same time in the second part.
const WAITING: usize = 256;

#[tokio::main]
async fn main() {
    let _recorder = em_telemetry::metrics::install();
    println!(
        "{RATE} commands/s, {LOSSES} losses (a third each: TCP reset, close frame, `disconnect` envelope)\n"
    );
    println!(
        "| connections | commands | losses | ack p50 | ack p99 | ack max | redelivered | unacknowledged | lost |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for connections in [2, 4] {
        println!("{}", under_losses(connections).await);
    }
    println!("\none connection, {WAITING} commands at a time\n");
    println!(
        "| commands | seconds | acknowledged/s | ack p50 | ack p99 |\n| ---: | ---: | ---: | ---: | ---: |"
    );
    println!("{}", flat_out().await);
}

struct Bench {
    slack: Simulator,
    shutdown: CancellationToken,
    listener: JoinHandle<()>,
    /// The different ids that were handed over.
    handed_over: JoinHandle<HashSet<String>>,
}

impl Bench {
    async fn start(connections: usize) -> Self {
        // Slack gives an old socket ten seconds; at several refreshes per second that would exceed ten sockets.
        let options = Options {
            disconnect_grace: Duration::from_millis(100),
            ..Options::default()
        };
        let slack = Simulator::start(options).await.unwrap();
        let config = SlackConfig {
            api_url: slack.slack_api_url(),
            app_token: Some(slack.app_token().to_owned().into()),
            ..SlackConfig::default()
        };
        let clock = Arc::new(SystemClock);
        let (sender, inbound) = mpsc::channel(1024);
        let shutdown = CancellationToken::new();
        let listener = SocketMode {
            slack: Slack::new(&config, clock.clone()).unwrap(),
            clock,
            connections,
            inbound: sender,
            shutdown: shutdown.clone(),
            timing: Timing::default(),
        };
        let (mut health, listener) = listener.start();
        assert!(health.connected(connections).await);
        Self {
            slack,
            shutdown,
            listener,
            handed_over: tokio::spawn(ids(inbound)),
        }
    }

    /// Ends it, and tells how many commands were acknowledged but never handed over.
    async fn lost(self) -> usize {
        let acked = usize::try_from(self.slack.socket().counts().acked).unwrap();
        self.shutdown.cancel();
        self.listener.await.unwrap();
        acked - self.handed_over.await.unwrap().len().min(acked)
    }
}

async fn ids(mut inbound: mpsc::Receiver<Inbound>) -> HashSet<String> {
    let mut seen = HashSet::new();
    while let Some(inbound) = inbound.recv().await {
        seen.insert(inbound.id);
    }
    seen
}

async fn under_losses(connections: usize) -> String {
    let bench = Bench::start(connections).await;
    let (ana, socket) = (bench.slack.user("ana"), bench.slack.socket());
    let mut beat = tokio::time::interval(Duration::from_secs(1) / u32::try_from(RATE).unwrap());
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let commands = LOSSES * RATE / LOSSES_PER_SECOND;
    let mut broken = 0;
    for n in 0..commands {
        beat.tick().await;
        drop(ana.types("#ops", "/em-agent triage").unwrap());
        if n % (RATE / LOSSES_PER_SECOND) == 0 {
            broken += u64::from(match broken % 3 {
                0 => socket.abort_one(),
                1 => socket.drop_one(),
                _ => socket.disconnect_one(DisconnectReason::RefreshRequested),
            });
        }
    }
    settle(&bench).await;
    let Counts {
        sent,
        timed_out,
        redelivered,
        ..
    } = socket.counts();
    let unacknowledged = timed_out + u64::try_from(socket.unacked()).unwrap();
    let times = Times::of(&bench);
    let lost = bench.lost().await;
    format!(
        "| {connections} | {sent} | {broken} | {times} | {:.1} ms | {redelivered} | {unacknowledged} | {lost} |",
        times.max
    )
}

/// Waits until Slack waits for nothing any more; it gives up on a command after three seconds.
async fn settle(bench: &Bench) {
    let since = Instant::now();
    while bench.slack.socket().unacked() > 0 && since.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn flat_out() -> String {
    let bench = Bench::start(1).await;
    let (ana, room) = (bench.slack.user("ana"), Arc::new(Semaphore::new(WAITING)));
    let began = Instant::now();
    for _ in 0..BULK {
        let place = Arc::clone(&room).acquire_owned().await.unwrap();
        let sent = ana.types("#ops", "/em-agent triage").unwrap();
        tokio::spawn(async move {
            sent.await;
            drop(place);
        });
    }
    drop(room.acquire_many(u32::try_from(WAITING).unwrap()).await.unwrap());
    let seconds = began.elapsed().as_secs_f64();
    let acked = bench.slack.socket().counts().acked;
    assert_eq!(usize::try_from(acked).unwrap(), BULK, "all are acknowledged");
    let times = Times::of(&bench);
    assert_eq!(bench.lost().await, 0, "and handed over");
    #[expect(clippy::cast_precision_loss, reason = "a rate for a person to read")]
    let rate = acked as f64 / seconds;
    format!("| {acked} | {seconds:.1} | {rate:.0} | {times} |")
}

/// Milliseconds from a person's command to its acknowledgement.
struct Times {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Times {
    fn of(bench: &Bench) -> Self {
        let mut times = bench.slack.socket().ack_latencies();
        times.sort_unstable();
        let at =
            |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
        Self {
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ms | {:.2} ms", self.p50, self.p99)
    }
}
