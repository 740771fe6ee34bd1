//! The outgoing bus: what happens is told to other programs over a real NATS server, and whatever dies meanwhile, each
//! message stands in the stream once.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use chrono::TimeDelta;
use em_domain::bus::{Message, SUBJECTS};
use em_integrations::nats::{Credentials, Nats, NatsConfig, NatsError, Sent, Servers};
use em_simulator::github::{Delivery, GithubSimulator, GithubWorld, NewPull};
use em_simulator::{Options, Simulator};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use em_tests::nats::NatsServer;
use em_tests::{PATIENCE, Setting, TestBot, WEBHOOK_SECRET, story, thursday_morning};
use futures::StreamExt as _;
use futures::future::join_all;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::process::Program;

both_engines!(
    a_webhook_is_told_once_with_its_key_and_its_times,
    what_comes_while_the_broker_is_away_is_told_when_it_is_back,
    what_rules_find_and_what_people_are_asked_is_told,
    two_replicas_tell_everything_once,
    without_a_bus_nothing_is_written,
);

/// The stream that the bot makes.
const STREAM: &str = "EM_AGENT";

/// What another program reads.
#[derive(Debug)]
struct Told {
    subject: String,
    id: String,
    body: Value,
}

/// Another program's connection.
async fn listen(server: &NatsServer) -> Context {
    jetstream::new(async_nats::connect(server.url()).await.unwrap())
}

/// Everything in a stream, as a consumer gets it that acknowledges each message.
async fn read(stream: &Stream) -> Vec<Told> {
    let count = usize::try_from(stream.cached_info().state.messages).unwrap();
    let config = pull::Config {
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    let mut told = Vec::with_capacity(count);
    while told.len() < count {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await;
        let message = message.expect("in time").expect("one more").unwrap();
        message.ack().await.unwrap();
        let headers = message.headers.as_ref().unwrap();
        told.push(Told {
            subject: message.subject.to_string(),
            id: headers.get("Nats-Msg-Id").unwrap().as_str().to_owned(),
            body: serde_json::from_slice(&message.payload).unwrap(),
        });
    }
    told
}

/// Waits until something is in the stream of that name.
async fn until<T>(context: &Context, stream: &str, mut look: impl FnMut(Vec<Told>) -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + 2 * PATIENCE;
    loop {
        let mut seen = 0;
        // The bot makes it when it is first connected.
        if let Ok(stream) = context.get_stream(stream).await {
            let told = read(&stream).await;
            seen = told.len();
            if let Some(found) = look(told) {
                return found;
            }
        }
        let is_over = tokio::time::Instant::now() > deadline;
        assert!(!is_over, "what is looked for is not among {seen} messages");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until so many messages are in the stream that the bot makes.
async fn told(context: &Context, count: usize) -> Vec<Told> {
    until(context, STREAM, |told| (told.len() >= count).then_some(told)).await
}

fn by(server: &NatsServer, toml: &str) -> Setting {
    Setting {
        toml: toml.to_owned(),
        environment: vec![("NATS_URL", server.url())],
        ..Setting::default()
    }
}

fn deliveries() -> Vec<Delivery> {
    story::tell(
        &GithubWorld::new("token"),
        thursday_morning() - TimeDelta::days(2),
    )
}

/// The delivery keys of events that were told.
fn keys(told: &[Told]) -> Vec<&str> {
    let mut keys: Vec<&str> = told
        .iter()
        .filter(|told| told.subject.starts_with("events."))
        .map(|told| told.body["delivery_key"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    keys
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    let mut ids: Vec<&str> = deliveries.iter().map(|delivery| delivery.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

async fn waiting(bot: &TestBot) -> i64 {
    bot.database.store.outbox().backlog().await.unwrap().count
}

/// Waits until so many messages wait.
async fn until_waiting(bot: &TestBot, count: i64) {
    let deadline = tokio::time::Instant::now() + 2 * PATIENCE;
    while waiting(bot).await != count {
        let is_over = tokio::time::Instant::now() > deadline;
        assert!(!is_over, "{} wait, not {count}", waiting(bot).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks the doctor until the answer says something.
async fn until_doctor_says(bot: &TestBot, words: &str) -> String {
    let deadline = tokio::time::Instant::now() + 2 * PATIENCE;
    loop {
        let text = bot.text(&bot.ask("ana", "#ops", "/em-agent doctor").await);
        // What keeps text from being formatted cannot be seen.
        let text = text.replace('\u{2060}', "");
        if text.contains(words) {
            return text;
        }
        assert!(tokio::time::Instant::now() < deadline, "no “{words}” in {text}");
    }
}

async fn a_webhook_is_told_once_with_its_key_and_its_times(database: TestDatabase) {
    let Some(server) = NatsServer::start(&[]).await else {
        return;
    };
    let bot = TestBot::start_with(database, by(&server, "")).await;
    let [first, second, ..] = &deliveries()[..] else {
        panic!("a story")
    };
    bot.github(first).await;
    bot.github(first).await;
    bot.github(second).await;

    let context = listen(&server).await;
    let told = told(&context, 2).await;
    assert_eq!(keys(&told), ids(&[first.clone(), second.clone()]));
    let of_first = told
        .iter()
        .find(|told| told.body["delivery_key"] == first.id.as_str());
    let of_first = of_first.unwrap();
    assert_eq!(of_first.subject, "events.github");
    let id = of_first.body["id"].as_str().unwrap();
    assert_eq!(of_first.id, id);
    assert!(id.starts_with("evt_"), "{id}");
    assert_eq!(
        of_first.body,
        json!({
            "version": 1,
            "id": id,
            "source": "github",
            "type": "pull_request",
            "delivery_key": first.id,
            "origin": "webhook",
            "occurred_at": of_first.body["occurred_at"],
            "received_at": "2026-01-15T10:00:00Z",
        }),
        "nothing of the body is in it"
    );

    until_waiting(&bot, 0).await;
    let stream = context.get_stream(STREAM).await.unwrap();
    let info = stream.cached_info();
    assert_eq!(info.state.messages, 2, "the repetition is not told");
    assert_eq!(info.config.subjects, SUBJECTS);
    assert_eq!(info.config.storage, StorageType::File);
    assert_eq!(info.config.duplicate_window, Duration::from_mins(10));
    assert_eq!(info.config.max_age, Duration::from_hours(168));
    let (_, metrics) = bot.get("/metrics").await;
    assert!(
        metrics.contains("em_bus_messages_total{outcome=\"published\"}"),
        "{metrics}"
    );
    bot.finish().await;
}

async fn what_comes_while_the_broker_is_away_is_told_when_it_is_back(database: TestDatabase) {
    let Some(mut server) = NatsServer::start(&[]).await else {
        return;
    };
    let bot = TestBot::start_with(database, by(&server, "")).await;
    let all = deliveries();
    let (before, after) = all.split_at(2);
    for delivery in before {
        bot.github(delivery).await;
    }
    told(&listen(&server).await, before.len()).await;
    until_waiting(&bot, 0).await;

    server.kill();
    for delivery in after {
        bot.github(delivery).await;
    }
    let found = until_doctor_says(&bot, "Other programs are not told what happens").await;
    for words in [
        format!("NATS cannot be reached at {}", server.address()),
        "Since 2026-01-15 10:00 UTC".to_owned(),
        format!(
            "{} messages wait, the oldest since 2026-01-15 10:00 UTC",
            after.len()
        ),
        "less than 168 hours".to_owned(),
    ] {
        assert!(found.contains(&words), "no “{words}” in {found}");
    }
    assert_eq!(waiting(&bot).await, i64::try_from(after.len()).unwrap());

    server.start_again().await;
    until_waiting(&bot, 0).await;
    let context = listen(&server).await;
    let told = told(&context, all.len()).await;
    assert_eq!(keys(&told), ids(&all), "all of them, each once");
    let works = format!(
        "Other programs are told by NATS at {}; nothing waits",
        server.address()
    );
    until_doctor_says(&bot, &works).await;
    bot.finish().await;
}

async fn what_rules_find_and_what_people_are_asked_is_told(database: TestDatabase) {
    const REPO: &str = "acme/api";
    const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let Some(server) = NatsServer::start(&[]).await else {
        return;
    };
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    github
        .world()
        .add_repo(REPO, thursday_morning() - TimeDelta::days(90));
    github.world().add_people(&["ana-ruiz", "ben-k", "chloe-m"]);
    let mut setting = by(
        &server,
        "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\n[slack]\ndefault_channel = \"#ops\"\n\
         [signals]\nenabled = true\n",
    );
    setting.environment.push(("GITHUB_TOKEN", TOKEN.to_owned()));
    setting.environment.push(("GITHUB_API_URL", github.api_url()));
    let bot = TestBot::start_with(database, setting).await;
    let context = listen(&server).await;

    let at = thursday_morning() - TimeDelta::days(2);
    let new = NewPull::new("Retry failed payouts", "chloe-m");
    let (pull, opened) = github.world().open_pull(REPO, &new, at);
    bot.github(&opened).await;
    let find = |told: Vec<Told>, list: &str| {
        let mut told = told
            .into_iter()
            .filter(|told| told.subject == "signals.evaluated");
        told.find(|told| !told.body[list].as_array().unwrap().is_empty())
    };
    let found = until(&context, STREAM, |told| find(told, "opened")).await;
    let signals = bot.database.store.signals().list_open(None).await.unwrap();
    let [signal] = signals.as_slice() else {
        panic!("{signals:?}")
    };
    assert_eq!(
        found.body["counts"],
        json!({ "opened": 1, "updated": 0, "resolved": 0 })
    );
    assert_eq!(found.body["opened"][0]["id"], signal.id.as_str());
    assert_eq!(found.body["opened"][0]["kind"], "pr_without_review");
    assert_eq!(found.body["opened"][0]["subject"], "acme/api#1");
    assert_eq!(found.id, format!("{}-1", found.body["id"].as_str().unwrap()));

    let typed = "/em-agent propose close acme/api#1 -- nobody wants it any more";
    bot.ask("ana", "#ops", typed).await;
    let asked = until(&context, STREAM, |told| {
        told.into_iter()
            .find(|told| told.subject == "approvals.requested")
    })
    .await;
    let about = bot
        .database
        .store
        .approvals()
        .list_about("acme/api#1")
        .await
        .unwrap();
    assert_eq!(asked.body["id"], about[0].id.as_str());
    assert_eq!(asked.id, about[0].id.as_str());
    assert_eq!(asked.body["action"], "github.close");
    assert_eq!(asked.body["title"], "Close acme/api#1");
    assert_eq!(
        asked.body["requested_by"],
        json!({ "person": bot.user("ana").id })
    );
    assert_eq!(asked.body["asked_at"], "2026-01-15T10:00:00Z");

    let reviewed = pull.review("ben-k", "commented", thursday_morning());
    bot.github(&reviewed).await;
    let resolved = until(&context, STREAM, |told| find(told, "resolved")).await;
    assert_eq!(resolved.body["resolved"], json!([signal.id.as_str()]));
    until_waiting(&bot, 0).await;
    let everything = format!("{:?}", told(&context, 5).await);
    for private in ["Retry failed payouts", "nobody wants it", "commented"] {
        assert!(!everything.contains(private), "{private} is told: {everything}");
    }
    bot.finish().await;
}

async fn two_replicas_tell_everything_once(database: TestDatabase) {
    let Some(mut server) = NatsServer::start(&[]).await else {
        return;
    };
    let bot = TestBot::start_with(database, by(&server, "")).await;
    let other = bot.replica("").await;
    let all = deliveries();
    bot.github(&all[0]).await;
    told(&listen(&server).await, 1).await;
    // Both find the same messages when it is back.
    server.kill();
    for delivery in &all[1..] {
        bot.github(delivery).await;
    }
    server.start_again().await;
    until_waiting(&bot, 0).await;
    let told = told(&listen(&server).await, all.len()).await;
    assert_eq!(keys(&told), ids(&all));
    other.stop().await;
    bot.finish().await;
}

async fn without_a_bus_nothing_is_written(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for delivery in deliveries() {
        bot.github(&delivery).await;
    }
    bot.folded().await;
    assert_eq!(waiting(&bot).await, 0);
    let text = bot.text(&bot.ask("ana", "#ops", "/em-agent doctor").await);
    assert!(!text.contains("NATS"), "{text}");
    bot.finish().await;
}

fn config(server: &NatsServer) -> NatsConfig {
    NatsConfig {
        servers: Servers::parse(&server.url()).unwrap(),
        credentials: None,
        stream: Some(STREAM.to_owned()),
        keep: Duration::from_hours(1),
    }
}

fn message(id: &str, subject: &str, length: usize) -> Message {
    Message {
        subject: subject.to_owned(),
        id: id.to_owned(),
        at: thursday_morning(),
        body: format!("\"{}\"", "x".repeat(length)),
    }
}

/// A stream of somebody else's.
async fn others_stream(context: &Context, name: &str, subjects: &[&str]) -> Config {
    let config = Config {
        name: name.to_owned(),
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        storage: StorageType::Memory,
        max_messages: 7,
        max_message_size: 1000,
        ..Config::default()
    };
    let made = context.create_stream(config).await.unwrap();
    made.cached_info().config.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_somebody_elses_is_used_and_never_changed() {
    let Some(server) = NatsServer::start(&[]).await else {
        return;
    };
    let context = listen(&server).await;
    let theirs = others_stream(
        &context,
        "OPS",
        &["events.>", "signals.*", "approvals.>", "other"],
    )
    .await;
    // `signals.*` is not all of `signals.>`, and no other stream may take it.
    let error = Nats::connect(&config(&server)).await.unwrap_err();
    assert!(
        matches!(&error, NatsError::Stream { stream, why } if stream == "OPS" && why.contains("`signals.>`")),
        "{error}"
    );
    context.delete_stream("OPS").await.unwrap();
    let theirs = Config {
        subjects: SUBJECTS.iter().map(|subject| (*subject).to_owned()).collect(),
        ..theirs
    };
    context.create_stream(theirs.clone()).await.unwrap();

    let nats = Nats::connect(&config(&server)).await.unwrap();
    let (small, large) = (
        message("a", "events.github", 10),
        message("b", "signals.evaluated", 1000),
    );
    let sent = nats.publish(&[&small, &large, &small]).await;
    assert_eq!(sent[0], Sent::Taken);
    assert!(
        matches!(&sent[1], Sent::Refused(_)),
        "larger than the stream takes: {sent:?}"
    );
    assert_eq!(sent[2], Sent::Taken, "a repetition is acknowledged too");
    let found = context.get_stream("OPS").await.unwrap();
    assert_eq!(found.cached_info().state.messages, 1);
    assert_eq!(found.cached_info().config, theirs);
    assert!(context.get_stream(STREAM).await.is_err(), "none of ours is made");

    // One that has our name, and takes something else.
    context.delete_stream("OPS").await.unwrap();
    others_stream(&context, STREAM, &["other"]).await;
    let error = Nats::connect(&config(&server)).await.unwrap_err();
    assert!(error.to_string().contains("does not take `events.>`"), "{error}");
    assert!(error.advice().contains("bus.stream"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_no_stream_takes_gets_a_stream_and_without_a_name_none_is_made() {
    let Some(server) = NatsServer::start(&[]).await else {
        return;
    };
    let context = listen(&server).await;
    let none = NatsConfig {
        stream: None,
        ..config(&server)
    };
    let nats = Nats::connect(&none).await.unwrap();
    let one = message("a", "events.github", 10);
    let sent = nats.publish(&[&one]).await;
    assert!(
        matches!(&sent[..], [Sent::Unknown(NatsError::NotTaken { .. })]),
        "{sent:?}"
    );
    assert!(context.get_stream(STREAM).await.is_err());

    others_stream(&context, "EVENTS", &["events.>"]).await;
    assert_eq!(nats.publish(&[&one]).await, [Sent::Taken]);
    Nats::connect(&config(&server)).await.unwrap();
    let ours = context.get_stream(STREAM).await.unwrap();
    assert_eq!(ours.cached_info().config.subjects, ["signals.>", "approvals.>"]);
    assert_eq!(ours.cached_info().config.max_age, Duration::from_hours(1));
    // Again, as after a restart.
    Nats::connect(&config(&server)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_jetstream_is_named_with_what_to_do() {
    let Some(server) = NatsServer::start_plain(&[]).await else {
        return;
    };
    let error = Nats::connect(&config(&server)).await.unwrap_err();
    let servers = server.address();
    assert_eq!(error, NatsError::NoJetStream { servers });
    assert!(error.advice().contains("nats-server -js"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_to_streams_is_told_so_and_publishes_without_looking() {
    const RIGHTS: &str = "authorization { users: [\n\
        { user: em, password: publishes, permissions: { publish: [\"events.>\", \"signals.>\", \"approvals.>\"] } }\n\
        { user: ops, password: everything }\n] }\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rights.conf");
    std::fs::write(&file, RIGHTS).unwrap();
    let Some(server) = NatsServer::start(&["-c", &file.display().to_string()]).await else {
        return;
    };
    let looks = NatsConfig {
        credentials: Some(Credentials::of_token(&SecretString::from("em:publishes"))),
        ..config(&server)
    };
    let error = Nats::connect(&looks).await.unwrap_err();
    assert!(error.to_string().contains("make bus.stream empty"), "{error}");

    let options =
        async_nats::ConnectOptions::with_user_and_password("ops".to_owned(), "everything".to_owned());
    let context = jetstream::new(options.connect(server.url()).await.unwrap());
    others_stream(&context, "OPS", &SUBJECTS).await;
    let publishes = NatsConfig {
        stream: None,
        ..looks.clone()
    };
    let nats = Nats::connect(&publishes).await.unwrap();
    let one = message("a", "events.github", 10);
    assert_eq!(nats.publish(&[&one]).await, [Sent::Taken]);

    let nobody = NatsConfig {
        credentials: None,
        ..looks
    };
    let error = Nats::connect(&nobody).await.unwrap_err();
    assert!(matches!(error, NatsError::Refused { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_waited_too_long_is_dropped_and_the_rest_is_told() {
    let Some(mut server) = NatsServer::start(&[]).await else {
        return;
    };
    let bot = TestBot::start_with(
        TestDatabase::sqlite().await,
        by(&server, "[bus]\nkeep_hours = 2\n"),
    )
    .await;
    let [first, second, third, ..] = &deliveries()[..] else {
        panic!("a story")
    };
    bot.github(first).await;
    told(&listen(&server).await, 1).await;
    until_waiting(&bot, 0).await;
    server.kill();
    bot.github(second).await;
    until_waiting(&bot, 1).await;
    bot.clock.advance(TimeDelta::minutes(121));
    bot.github(third).await;
    until_waiting(&bot, 1).await;
    server.start_again().await;
    let told = told(&listen(&server).await, 2).await;
    assert_eq!(keys(&told), ids(&[first.clone(), third.clone()]));
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_are_said_once_and_no_credential_is_ever_logged() {
    let Some(server) = NatsServer::start(&["--user", "em", "--pass", "hunter2-right"]).await else {
        return;
    };
    let slack = Simulator::start(Options::default()).await.unwrap();
    let program = Program::new()
        .for_slack(&slack)
        .env("NATS_URL", &server.url())
        .env("RUST_LOG", "trace");
    let wrong = program.env("NATS_TOKEN", "em:hunter2-wrong");
    let mut bot = wrong.start().await;
    // What the library says of each try; by itself it would be logged as often.
    bot.wait_for_times("authorization violation", 3).await;
    let (code, _, log) = bot.terminate().await;
    assert_eq!(code, Some(0));
    let said = log.matches("other programs are not told for now").count();
    assert_eq!(said, 1, "{log}");
    assert!(log.contains("Set NATS_TOKEN or NATS_CREDS to what the server accepts"));

    let right = wrong.env("NATS_TOKEN", "em:hunter2-right");
    let mut bot = right.start().await;
    bot.wait_for("made a stream").await;
    let (code, _, more) = bot.terminate().await;
    assert_eq!(code, Some(0));
    for line in log.lines().chain(more.lines()) {
        assert!(!line.contains("hunter2"), "{line}");
    }
    let done = right.run(&["config", "show"]).await;
    assert!(done.stdout.contains("# NATS_TOKEN: set"), "{done:?}");
    assert!(!done.stdout.contains("hunter2"), "{done:?}");
    slack.stop().await;
}

/// How often the program is killed while it publishes.
const CRASHES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_the_bot_is_killed_nothing_is_lost_and_nothing_is_told_twice() {
    let Some(server) = NatsServer::start(&[]).await else {
        return;
    };
    // As the program does first thing.
    rustls::crypto::ring::default_provider().install_default().ok();
    let slack = Simulator::start(Options::default()).await.unwrap();
    let program = Program::new().for_slack(&slack).env("NATS_URL", &server.url());
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let mut all = Vec::new();
    for round in 0..CRASHES {
        let batch: Vec<Delivery> = deliveries()
            .into_iter()
            .map(|mut delivery| {
                delivery.id = format!("{round}-{}", delivery.id);
                delivery
            })
            .collect();
        let bot = program.start().await;
        let url = bot.url("/webhooks/github");
        let sending = join_all(batch.iter().map(|delivery| send(&http, &url, delivery)));
        // Killed a little later each time: before the first is stored, and after the last is published.
        let life = Duration::from_millis(15 * round as u64);
        let _ = tokio::time::timeout(life, sending).await;
        bot.kill().await;
        all.extend(batch);
    }
    let bot = program.start().await;
    let url = bot.url("/webhooks/github");
    // As GitHub's people do with what was not answered.
    let sent = join_all(all.iter().map(|delivery| send(&http, &url, delivery))).await;
    assert!(sent.iter().all(|is_accepted| *is_accepted));
    let context = listen(&server).await;
    let told = told(&context, all.len()).await;
    assert_eq!(keys(&told), ids(&all));
    let message_ids: BTreeSet<&str> = told.iter().map(|told| told.id.as_str()).collect();
    assert_eq!(message_ids.len(), told.len());
    let (code, _, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    slack.stop().await;
}

async fn send(http: &reqwest::Client, url: &str, delivery: &Delivery) -> bool {
    let mut request = http.post(url).body(delivery.bytes());
    for (name, value) in delivery.headers(WEBHOOK_SECRET) {
        request = request.header(name, value);
    }
    request
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
}
