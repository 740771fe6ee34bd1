//! Purpose: the listener against a pretend Slack over real sockets: nothing is lost, whatever happens to them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chrono::{DateTime, Duration as Span, Utc};
use em_domain::clock::{Clock, SystemClock, TestClock};
use em_integrations::slack::SlackConfig;
use em_simulator::{DisconnectReason, Fault, Options, Simulator};
use tokio::task::JoinHandle;

use super::super::InboundKind;
use super::*;

const SOON: Duration = Duration::from_secs(10);

/// The defaults, twenty times faster.
fn quick() -> Timing {
    Timing {
        tick: Duration::from_millis(20),
        ping_every: Duration::from_millis(100),
        dead_after: Duration::from_millis(500),
        drain: Duration::from_secs(2),
        ..Timing::default()
    }
}

struct Setup {
    connections: usize,
    room: usize,
    clock: SharedClock,
    options: Options,
}

impl Default for Setup {
    fn default() -> Self {
        let options = Options {
            disconnect_grace: Duration::from_millis(300),
            ..Options::default()
        };
        Self {
            connections: 1,
            room: 1000,
            clock: Arc::new(SystemClock),
            options,
        }
    }
}

struct Running {
    slack: Simulator,
    health: SocketHealth,
    inbound: mpsc::Receiver<Inbound>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Setup {
    async fn start(self) -> Running {
        let connections = self.connections;
        let mut running = self.start_unconnected(0).await;
        let connected = tokio::time::timeout(SOON, running.health.connected(connections)).await;
        assert!(connected.expect("connects in time"), "the listener ended");
        running
    }

    async fn start_unconnected(self, refusals: usize) -> Running {
        let slack = Simulator::start(self.options).await.unwrap();
        slack.socket().refuse(refusals);
        let config = SlackConfig {
            api_url: slack.slack_api_url(),
            app_token: Some(slack.app_token().to_owned().into()),
            ..SlackConfig::default()
        };
        let (sender, inbound) = mpsc::channel(self.room);
        let shutdown = CancellationToken::new();
        let listener = SocketMode {
            slack: Slack::new(&config, Arc::clone(&self.clock)).unwrap(),
            clock: self.clock,
            connections: self.connections,
            inbound: sender,
            shutdown: shutdown.clone(),
            timing: quick(),
        };
        let (health, task) = listener.start();
        Running {
            slack,
            health,
            inbound,
            shutdown,
            task,
        }
    }
}

impl Running {
    async fn connected(&mut self, wanted: usize) {
        let connected = tokio::time::timeout(SOON, self.health.connected(wanted)).await;
        assert!(connected.is_ok(), "{:?}", self.health.now());
    }

    /// Waits until Slack has seen `sockets` sockets in all.
    async fn opened(&mut self, sockets: u64) {
        let since = Instant::now();
        while self.slack.socket().counts().opened < sockets {
            assert!(since.elapsed() < SOON, "{:?}", self.slack.socket().counts());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.connected(1).await;
    }

    async fn acked_command(&self, text: &str) {
        let outcome = self
            .slack
            .user("ana")
            .types("#ops", &format!("/em-agent {text}"))
            .unwrap()
            .await;
        assert!(outcome.is_acked(), "{text}: {outcome:?}");
    }

    fn received(&mut self) -> Vec<Inbound> {
        std::iter::from_fn(|| self.inbound.try_recv().ok()).collect()
    }
}

#[tokio::test]
async fn commands_clicks_and_events_are_acknowledged_before_anybody_works_on_them() {
    let mut running = Setup::default().start().await;
    for n in 0..20 {
        running.acked_command(&format!("triage {n}")).await;
    }
    let heard = running
        .slack
        .user("ana")
        .says("#ops", "@em-agent hello", None)
        .unwrap()
        .await;
    assert!(heard.is_acked(), "{heard:?}");
    let clicked = running.slack.user("ana").shortcut("nudge", None).unwrap().await;
    assert!(clicked.is_acked() && clicked.payload().is_none(), "{clicked:?}");
    let received = running.received();
    assert_eq!(received.len(), 22);
    let command: serde_json::Value = serde_json::from_str(received[19].payload.get()).unwrap();
    assert_eq!(
        (command["text"].as_str(), command["command"].as_str()),
        (Some("triage 19"), Some("/em-agent"))
    );
    let kinds: Vec<_> = received[19..].iter().map(|inbound| inbound.kind).collect();
    assert_eq!(
        kinds,
        [
            InboundKind::SlashCommand,
            InboundKind::Event,
            InboundKind::Interaction
        ]
    );
    assert!(
        received[20].id.starts_with("Ev"),
        "events are known by their own id: {}",
        received[20].id
    );
}

#[tokio::test]
async fn a_burst_of_hundreds_of_commands_is_acknowledged_to_the_last() {
    let mut running = Setup::default().start().await;
    let ana = running.slack.user("ana");
    let sent: Vec<_> = (0..700)
        .map(|n| ana.types("#ops", &format!("/em-agent {n}")).unwrap())
        .collect();
    for outcome in futures::future::join_all(sent.into_iter().map(IntoFuture::into_future)).await {
        assert!(outcome.is_acked(), "{outcome:?}");
    }
    assert_eq!(running.received().len(), 700);
}

#[tokio::test]
async fn a_full_queue_tells_the_person_and_lets_slack_repeat_the_event() {
    let options = Options {
        ack_window: Duration::from_millis(300),
        ..Options::default()
    };
    let mut running = Setup {
        room: 1,
        options,
        ..Setup::default()
    }
    .start()
    .await;
    running.acked_command("first").await;
    let shed = running
        .slack
        .user("ana")
        .types("#ops", "/em-agent second")
        .unwrap()
        .await;
    let said = shed
        .payload()
        .and_then(|payload| payload["text"].as_str())
        .map(str::to_owned);
    assert_eq!(said.as_deref(), Some("EM Agent is busy; try again in a moment."));
    let event = running
        .slack
        .user("ana")
        .says("#ops", "@em-agent hello", None)
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        running.slack.socket().unacked(),
        1,
        "not acknowledged, so that it comes again"
    );
    assert_eq!(running.received().len(), 1);
    assert!(event.await.is_acked());
    assert_eq!(running.received().len(), 1, "it came again when there was room");
}

#[tokio::test]
async fn on_a_disconnect_envelope_the_next_socket_is_dialled_first_and_the_old_one_drained() {
    let mut running = Setup::default().start().await;
    assert!(
        running
            .slack
            .socket()
            .disconnect_one(DisconnectReason::RefreshRequested)
    );
    running.opened(2).await;
    assert_eq!(
        running.slack.socket().open_sockets(),
        2,
        "the old socket is closed by Slack, not by us"
    );
    for n in 0..10 {
        running.acked_command(&n.to_string()).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(running.slack.socket().open_sockets(), 1);
    assert_eq!(running.health.now().connected, 1);
    assert_eq!(running.received().len(), 10);
}

#[tokio::test]
async fn an_old_socket_that_slack_forgets_to_close_is_closed_by_us() {
    let options = Options {
        disconnect_grace: Duration::from_mins(10),
        ..Options::default()
    };
    let mut running = Setup {
        options,
        ..Setup::default()
    }
    .start()
    .await;
    assert!(running.slack.socket().disconnect_one(DisconnectReason::Warning));
    running.opened(2).await;
    let since = Instant::now();
    while running.slack.socket().open_sockets() > 1 {
        assert!(since.elapsed() < SOON, "still open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_reset_and_a_close_are_followed_by_a_redial_and_nothing_is_lost() {
    let mut running = Setup::default().start().await;
    running.acked_command("before").await;
    assert!(running.slack.socket().abort_one());
    running.acked_command("after the reset").await;
    assert!(running.slack.socket().drop_one());
    running.acked_command("after the close").await;
    assert_eq!(running.slack.socket().counts().opened, 3);
    assert_eq!(running.received().len(), 3);
}

#[tokio::test]
async fn two_hundred_commands_survive_a_storm_of_losses() {
    let mut running = Setup {
        connections: 3,
        ..Setup::default()
    }
    .start()
    .await;
    let (ana, socket) = (running.slack.user("ana"), running.slack.socket());
    let mut sent = Vec::new();
    for n in 0..200 {
        sent.push(ana.types("#ops", &format!("/em-agent {n}")).unwrap());
        match n % 12 {
            0 => drop(socket.abort_one()),
            4 => drop(socket.drop_one()),
            8 => drop(socket.disconnect_one(DisconnectReason::RefreshRequested)),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for (n, outcome) in futures::future::join_all(sent.into_iter().map(IntoFuture::into_future))
        .await
        .iter()
        .enumerate()
    {
        assert!(outcome.is_acked(), "{n}: {outcome:?}");
    }
    let different: HashSet<String> = running.received().into_iter().map(|inbound| inbound.id).collect();
    assert_eq!(different.len(), 200, "what comes twice has the same id");
}

#[tokio::test]
async fn a_refusing_slack_is_asked_at_growing_distances() {
    let mut running = Setup::default().start_unconnected(4).await;
    running.connected(1).await;
    let calls = running.slack.calls("apps.connections.open");
    assert_eq!(calls.len(), 5);
    let last = calls[4].at - calls[3].at;
    assert!(last >= FIRST_PAUSE * 8, "the fourth pause was only {last:?}");
    assert_eq!(running.health.now().trouble, None);
}

#[tokio::test]
async fn retry_after_is_waited_out_before_the_next_dial() {
    let mut running = Setup::default().start().await;
    running
        .slack
        .faults()
        .next("apps.connections.open", Fault::RateLimited(1));
    running.slack.socket().abort_all();
    running.opened(2).await;
    let calls = running.slack.calls("apps.connections.open");
    let [.., limited, next] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert!(next.at - limited.at >= Duration::from_secs(1));
}

#[tokio::test]
async fn too_many_sockets_do_not_make_it_dial_in_a_loop() {
    let running = Setup::default().start().await;
    assert!(
        running
            .slack
            .socket()
            .disconnect_one(DisconnectReason::TooManyWebsockets)
    );
    let since = Instant::now();
    while running.health.now().trouble.is_none() {
        assert!(since.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(running.slack.calls("apps.connections.open").len(), 1);
}

#[tokio::test]
async fn with_ten_connections_the_replacement_waits_for_the_old_one_to_go() {
    let mut running = Setup {
        connections: 10,
        ..Setup::default()
    }
    .start()
    .await;
    assert!(
        running
            .slack
            .socket()
            .disconnect_one(DisconnectReason::RefreshRequested)
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.connected(10).await;
    assert!(running.slack.socket().wait_for_connections(10, SOON).await);
}

#[tokio::test]
async fn a_half_open_socket_is_noticed_by_its_silence() {
    let mut running = Setup::default().start().await;
    let since = Instant::now();
    assert!(running.slack.socket().half_open_one(Duration::from_millis(1500)));
    running.opened(2).await;
    assert!(
        since.elapsed() < Duration::from_millis(1500),
        "only after the reset: {:?}",
        since.elapsed()
    );
    running.acked_command("anyone there").await;
}

#[tokio::test]
async fn a_silent_but_living_socket_is_kept() {
    let running = Setup::default().start().await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(
        running.slack.socket().counts().opened,
        1,
        "our pings are answered"
    );
}

#[tokio::test]
async fn after_the_machine_slept_the_socket_is_replaced_without_losing_anything() {
    let clock = TestClock::at("2026-11-20T10:00:00Z".parse().unwrap());
    let mut running = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    }
    .start()
    .await;
    clock.advance(Span::hours(8));
    running.opened(2).await;
    running.acked_command("good morning").await;
    clock.advance(Span::hours(-8));
    running.acked_command("the clock was set back").await;
    assert_eq!(
        running.slack.socket().counts().opened,
        2,
        "which is no reason to dial"
    );
}

/// Panics once when told to, in whichever task asks for the time next.
#[derive(Debug, Default)]
struct Explosive(AtomicBool);

impl Clock for Explosive {
    fn now(&self) -> DateTime<Utc> {
        assert!(!self.0.swap(false, Ordering::SeqCst), "a defect");
        SystemClock.now()
    }
}

#[tokio::test]
async fn a_panic_in_a_connection_costs_that_connection_and_no_command() {
    let clock = Arc::new(Explosive::default());
    let mut running = Setup {
        clock: clock.clone(),
        ..Setup::default()
    }
    .start()
    .await;
    clock.0.store(true, Ordering::SeqCst);
    running.acked_command("boom").await;
    assert_eq!(running.slack.socket().counts().opened, 2);
    running.connected(1).await;
    assert_eq!(running.received().len(), 1);
}

#[tokio::test]
async fn shutdown_sends_what_is_owed_and_closes_the_sockets() {
    let mut running = Setup {
        connections: 2,
        ..Setup::default()
    }
    .start()
    .await;
    let ana = running.slack.user("ana");
    let sent: Vec<_> = (0..50)
        .map(|n| ana.types("#ops", &format!("/em-agent {n}")).unwrap())
        .collect();
    let first = running.inbound.recv().await.unwrap();
    running.shutdown.cancel();
    tokio::time::timeout(SOON, running.task)
        .await
        .expect("ends in time")
        .unwrap();
    let mut taken = HashSet::from([first.id]);
    taken.extend(std::iter::from_fn(|| running.inbound.try_recv().ok()).map(|inbound| inbound.id));
    let owed: Vec<_> = sent
        .into_iter()
        .filter(|sent| taken.contains(&sent.envelope_id))
        .collect();
    for outcome in futures::future::join_all(owed.into_iter().map(IntoFuture::into_future)).await {
        assert!(outcome.is_acked(), "taken and not acknowledged: {outcome:?}");
    }
    let since = Instant::now();
    while running.slack.socket().open_sockets() > 0 {
        assert!(since.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.health.now().connected, 0);
}
