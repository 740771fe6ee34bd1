//! `POST /webhooks/github`, `/health`, `/ready` and `/metrics`: what comes in is signed, durable and kept once.

use std::time::Duration;

use em_simulator::github::{Delivery, GithubWorld, signed_headers};
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, WEBHOOK_SECRET, both_engines, story, thursday_morning};
use futures::future::join_all;
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

both_engines!(
    a_delivery_that_is_not_signed_with_our_secret_is_refused_and_not_stored,
    what_cannot_be_read_is_refused_with_the_reason,
    an_event_nobody_knows_is_kept_counted_and_shown_by_doctor,
    a_payload_with_missing_fields_is_kept_and_the_next_one_is_worked_in,
    the_same_delivery_a_hundred_times_at_once_is_stored_once,
    deliveries_out_of_order_and_repeated_give_the_same_facts,
    while_the_database_is_locked_senders_are_told_to_come_back_and_nothing_acknowledged_is_lost,
    a_bot_without_its_database_says_why_it_is_not_ready,
);

fn signed(event: &str, id: &str, body: &Value) -> (Vec<(&'static str, String)>, Vec<u8>) {
    let bytes = body.to_string().into_bytes();
    let mut headers = signed_headers(WEBHOOK_SECRET, &bytes);
    headers.push(("x-github-event", event.to_owned()));
    headers.push(("x-github-delivery", id.to_owned()));
    (headers, bytes)
}

fn deliveries() -> Vec<Delivery> {
    story::tell(
        &GithubWorld::new("token"),
        thursday_morning() - chrono::Duration::days(2),
    )
}

async fn stored(bot: &TestBot) -> i64 {
    let tomorrow = thursday_morning() + chrono::Duration::days(1);
    bot.database.store.events().count_before(tomorrow).await.unwrap()
}

async fn a_delivery_that_is_not_signed_with_our_secret_is_refused_and_not_stored(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    let delivery = &deliveries()[0];
    let unsigned = delivery
        .headers(WEBHOOK_SECRET)
        .into_iter()
        .filter(|(name, _)| *name != "x-hub-signature-256")
        .collect();
    let mut changed = delivery.bytes();
    changed.push(b' ');
    for (headers, body, reason) in [
        (
            delivery.headers("another secret"),
            delivery.bytes(),
            "Signature does not match",
        ),
        (unsigned, delivery.bytes(), "Signature missing"),
        (
            delivery.headers(WEBHOOK_SECRET),
            changed,
            "Signature does not match",
        ),
    ] {
        let answer = bot.post("/webhooks/github", headers, body).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], 401);
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
    }
    assert_eq!(stored(&bot).await, 0);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_a_rotation_both_secrets_are_accepted_and_without_one_nothing_is() {
    let environment = vec![("GITHUB_WEBHOOK_SECRET_PREVIOUS", "the old one".to_owned())];
    let bot = TestBot::start_with(
        TestDatabase::sqlite().await,
        Setting {
            environment,
            ..Setting::default()
        },
    )
    .await;
    let [first, second, third] = &deliveries()[..3] else {
        panic!("a story")
    };
    for (delivery, secret, expected) in [
        (first, "the old one", 202),
        (second, WEBHOOK_SECRET, 202),
        (third, "a third one", 401),
    ] {
        let status = bot
            .webhook("github", delivery.headers(secret), delivery.bytes())
            .await;
        assert_eq!(status.as_u16(), expected, "{secret}");
    }
    bot.finish().await;

    let environment = vec![("GITHUB_WEBHOOK_SECRET", String::new())];
    let bot = TestBot::start_with(
        TestDatabase::sqlite().await,
        Setting {
            environment,
            ..Setting::default()
        },
    )
    .await;
    let answer = bot
        .post("/webhooks/github", first.headers(""), first.bytes())
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.text().await.unwrap().contains("set GITHUB_WEBHOOK_SECRET"));
    bot.finish().await;
}

async fn what_cannot_be_read_is_refused_with_the_reason(database: TestDatabase) {
    let environment = vec![("MAX_PAYLOAD_BYTES", "4096".to_owned())];
    let bot = TestBot::start_with(
        database,
        Setting {
            environment,
            ..Setting::default()
        },
    )
    .await;
    let (headers, body) = signed("push", "big", &json!({ "text": "x".repeat(5000) }));
    let (no_event, fine) = signed("", "1", &json!({}));
    let not_json = |body: &[u8]| {
        [
            signed_headers(WEBHOOK_SECRET, body),
            vec![("x-github-event", "push".to_owned())],
        ]
        .concat()
    };
    for (source, headers, body, status, reason) in [
        ("github", headers, body, 413, "larger than accepted"),
        (
            "github",
            not_json(b"{\"a\":"),
            b"{\"a\":".to_vec(),
            400,
            "not a JSON object",
        ),
        (
            "github",
            not_json(b"[1]"),
            b"[1]".to_vec(),
            400,
            "not a JSON object",
        ),
        (
            "github",
            not_json(b"\xff\xfe"),
            b"\xff\xfe".to_vec(),
            400,
            "not a JSON object",
        ),
        ("github", not_json(b""), Vec::new(), 400, "not a JSON object"),
        ("github", no_event, fine.clone(), 400, "X-GitHub-Event"),
        (
            "trello",
            Vec::new(),
            fine.clone(),
            404,
            "no webhook named `trello`",
        ),
        ("git%0Ahub", Vec::new(), fine, 404, "no webhook named"),
    ] {
        let answer = bot.post(&format!("/webhooks/{source}"), headers, body).await;
        assert_eq!(answer.status().as_u16(), status, "{reason}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{reason}"
        );
        let text = answer.text().await.unwrap();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(stored(&bot).await, 0);
    bot.finish().await;
}

async fn an_event_nobody_knows_is_kept_counted_and_shown_by_doctor(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for id in ["a", "b"] {
        let (headers, body) = signed("hologram", id, &json!({ "action": "beamed" }));
        assert_eq!(bot.webhook("github", headers, body).await, StatusCode::ACCEPTED);
    }
    bot.folded().await;

    let [kind] = &bot.database.store.events().list_unrecognised().await.unwrap()[..] else {
        panic!("one kind")
    };
    assert_eq!((kind.event_type.as_str(), kind.count), ("hologram", 2));
    let answer = bot.ask("ana", "#ops", "/em-agent doctor").await;
    let text = bot.text(&answer);
    assert!(
        text.contains("2 events “hologram” from github were not understood"),
        "{text}"
    );
    bot.finish().await;
}

async fn a_payload_with_missing_fields_is_kept_and_the_next_one_is_worked_in(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    let odd = [
        ("pull_request", json!({ "action": "opened" })),
        (
            "pull_request",
            json!({ "action": "opened", "pull_request": { "number": "seven" } }),
        ),
        ("pull_request_review", json!({})),
        ("workflow_run", json!({ "workflow_run": null })),
        (
            "deployment_status",
            json!({ "deployment": {}, "deployment_status": [] }),
        ),
        ("push", json!({ "ref": 7 })),
    ];
    for (at, (event, body)) in odd.iter().enumerate() {
        let (headers, bytes) = signed(event, &format!("odd-{at}"), body);
        assert_eq!(
            bot.webhook("github", headers, bytes).await,
            StatusCode::ACCEPTED,
            "{event}"
        );
    }
    bot.github(&deliveries()[0]).await;
    bot.folded().await;

    let unrecognised = bot.database.store.events().list_unrecognised().await.unwrap();
    let kept: i64 = unrecognised.iter().map(|kind| kind.count).sum();
    assert!(kept >= 5, "{unrecognised:#?}");
    assert!(
        bot.database
            .store
            .facts()
            .dump()
            .await
            .unwrap()
            .contains("Faster checkout")
    );
    assert_eq!(stored(&bot).await, 7);
    bot.finish().await;
}

async fn the_same_delivery_a_hundred_times_at_once_is_stored_once(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    let delivery = &deliveries()[0];
    let send = || {
        bot.post(
            "/webhooks/github",
            delivery.headers(WEBHOOK_SECRET),
            delivery.bytes(),
        )
    };
    let answers = join_all((0..100).map(|_| async { send().await.json::<Value>().await.unwrap() })).await;
    let count = |status: &str| answers.iter().filter(|answer| answer["status"] == status).count();
    assert_eq!((count("stored"), count("duplicate")), (1, 99));
    assert_eq!(stored(&bot).await, 1);
    bot.finish().await;
}

async fn deliveries_out_of_order_and_repeated_give_the_same_facts(database: TestDatabase) {
    let deliveries = deliveries();
    let ordered = TestBot::start(database).await;
    for delivery in &deliveries {
        ordered.github(delivery).await;
    }
    ordered.folded().await;
    let expected = ordered.database.store.facts().dump().await.unwrap();
    ordered.finish().await;

    let shuffled = TestBot::start(TestDatabase::sqlite().await).await;
    // Backwards, each one twice, with a fold now and then in between.
    for (at, delivery) in deliveries.iter().rev().enumerate() {
        shuffled.github(delivery).await;
        shuffled.github(delivery).await;
        if at % 5 == 0 {
            shuffled.folded().await;
        }
    }
    shuffled.folded().await;
    assert_eq!(shuffled.database.store.facts().dump().await.unwrap(), expected);
    shuffled.finish().await;
}

/// Another program that keeps everybody from storing events.
enum Blocker {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Blocker {
    async fn block(database: &TestDatabase) -> Self {
        let Some(url) = &database.config.url else {
            let options = SqliteConnectOptions::new().filename(database.config.data_dir.join("em-agent.db"));
            let mut other = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE")
                .execute(&mut other)
                .await
                .unwrap();
            return Self::Sqlite(other);
        };
        let mut other = PgConnection::connect(url.expose_secret()).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE events_raw")
            .execute(&mut other)
            .await
            .unwrap();
        Self::Postgres(other)
    }

    async fn give_way(self) {
        match self {
            Self::Sqlite(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
            Self::Postgres(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
        }
    }
}

async fn while_the_database_is_locked_senders_are_told_to_come_back_and_nothing_acknowledged_is_lost(
    database: TestDatabase,
) {
    let patience = Some(Duration::from_millis(200));
    let bot = TestBot::start_with(
        database,
        Setting {
            patience,
            ..Setting::default()
        },
    )
    .await;
    let deliveries = deliveries();
    let blocker = Blocker::block(&bot.database).await;
    let sending = deliveries.iter().take(8).map(|delivery| async {
        // As a sender does: again and again until it is taken.
        let mut refused = 0;
        loop {
            let answer = bot
                .post(
                    "/webhooks/github",
                    delivery.headers(WEBHOOK_SECRET),
                    delivery.bytes(),
                )
                .await;
            if answer.status() == StatusCode::ACCEPTED {
                return refused;
            }
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()["retry-after"], "5");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            refused += 1;
        }
    });
    let giving_way = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        blocker.give_way().await;
    };
    let (refused, ()) = tokio::join!(join_all(sending), giving_way);
    assert!(refused.iter().all(|times| *times > 0), "{refused:?}");
    bot.folded().await;
    assert_eq!(stored(&bot).await, 8);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_postgresql_throws_every_connection_out_the_bot_goes_on() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let bot = TestBot::start(database).await;
    let deliveries = deliveries();
    bot.github(&deliveries[0]).await;
    let url = bot.database.config.url.clone().unwrap();
    let mut other = PgConnection::connect(url.expose_secret()).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
    for delivery in &deliveries[1..] {
        while bot
            .webhook("github", delivery.headers(WEBHOOK_SECRET), delivery.bytes())
            .await
            != StatusCode::ACCEPTED
        {}
    }
    bot.folded().await;
    assert_eq!(stored(&bot).await, i64::try_from(deliveries.len()).unwrap());
    let answer = bot.ask("ana", "#ops", "/em-agent triage").await;
    assert!(bot.text(&answer).contains("Faster checkout"));
    bot.finish().await;
}

async fn a_bot_without_its_database_says_why_it_is_not_ready(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    assert_eq!(bot.get("/health").await.0, StatusCode::OK);
    assert_eq!(bot.get("/ready").await, (StatusCode::OK, "ready\n".to_owned()));

    bot.bot.ctx.store.close().await;

    let (status, text) = bot.get("/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("The database does not answer."), "{text}");
    assert_eq!(
        bot.get("/health").await.0,
        StatusCode::OK,
        "it lives all the same"
    );
    let delivery = &deliveries()[0];
    let answer = bot
        .post(
            "/webhooks/github",
            delivery.headers(WEBHOOK_SECRET),
            delivery.bytes(),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_without_sockets_says_so_until_they_are_back() {
    let bot = TestBot::start(TestDatabase::sqlite().await).await;
    bot.slack.socket().refuse(1_000);
    bot.slack.socket().abort_all();
    let not_ready = async {
        loop {
            let (status, text) = bot.get("/ready").await;
            if status == StatusCode::SERVICE_UNAVAILABLE {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = tokio::time::timeout(em_tests::PATIENCE, not_ready)
        .await
        .expect("it notices");
    assert!(
        text.contains("No Socket Mode connection to Slack is open."),
        "{text}"
    );
    bot.slack.faults().clear();
    assert!(
        bot.slack
            .socket()
            .wait_for_connections(1, em_tests::PATIENCE)
            .await
    );
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_what_came_in_and_wrong_addresses_are_problems() {
    let bot = TestBot::start(TestDatabase::sqlite().await).await;
    bot.github(&deliveries()[0]).await;
    let (status, text) = bot.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    let counted = |name: &str| {
        text.lines()
            .any(|line| line.starts_with(name) && !line.ends_with(" 0"))
    };
    assert!(counted("em_events_received_total{"), "{text}");
    for (path, expected) in [("/webhooks/github", 405), ("/nothing", 404), ("/", 404)] {
        let (status, text) = bot.get(path).await;
        assert_eq!(status.as_u16(), expected, "{path}");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["status"],
            expected,
            "{path}: {text}"
        );
    }
    bot.finish().await;
}
