//! Purpose: 20,000 alerts within a minute, of 40 services: whether all of them are kept, how many messages people get, and how long
//! a command takes meanwhile.
//!
//! `cargo bench -p em-tests --bench storm` prints a table for both engines.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::clock::Clock as _;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_tests::{Setting, TestBot};
use serde_json::{Value, json};

const ALERTS: u32 = 20_000;
/// In one delivery.
const TOGETHER: u32 = 50;
const SERVICES: u32 = 40;
const LASTING: Duration = Duration::from_mins(1);
const SECRET: &str = "the secret of this benchmark";
const RULES: &str = "- kind: incident_open\n- kind: incident_open_too_long\n  older_than: 4h\n";

#[tokio::main]
async fn main() {
    println!(
        "{ALERTS} alerts of {SERVICES} services in {} s\n",
        LASTING.as_secs()
    );
    println!(
        "| engine | open incidents kept | messages | edits | `triage` p50 ms | p95 ms | most ms | worked in after |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    measure("SQLite", TestDatabase::sqlite().await).await;
    match PostgresServer::start(Flush::On) {
        Some(server) => measure("PostgreSQL", TestDatabase::postgres_on(&server).await).await,
        None => println!("| PostgreSQL | no server on this machine |"),
    }
}

async fn measure(engine: &str, database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, RULES).unwrap();
    let setting = Setting {
        toml: format!(
            "[slack]\ndefault_channel = \"#payments\"\n[signals]\nenabled = true\nrules = '{}'\n",
            rules.display()
        ),
        environment: vec![("ALERTMANAGER_WEBHOOK_SECRET", SECRET.to_owned())],
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let deliveries = ALERTS / TOGETHER;
    let (started, each) = (Instant::now(), LASTING / deliveries);
    let mut waits = Vec::new();
    for number in 0..deliveries {
        tokio::time::sleep_until((started + each * number).into()).await;
        let headers = vec![("authorization", format!("Bearer {SECRET}"))];
        let body = delivery(&bot, number).to_string().into_bytes();
        let answer = bot.post("/webhooks/alertmanager", headers, body).await;
        assert_eq!(answer.status().as_u16(), 202);
        if number % 10 == 9 {
            let asked = Instant::now();
            bot.ask("ana", "#ops", "/em-agent triage").await;
            waits.push(asked.elapsed());
        }
    }
    let sent = Instant::now();
    bot.folded_within(Duration::from_mins(10)).await;
    let worked_in = sent.elapsed();
    // Whatever is still to be told is told at the next look.
    tokio::time::sleep(Duration::from_secs(20)).await;
    waits.sort_unstable();
    let ms = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    let kept = bot.database.store.incidents().count_open().await.unwrap();
    let messages = bot.slack.read(|workspace| {
        let of_bot = workspace.messages("#payments").filter(|message| message.by_app);
        of_bot.count()
    });
    let edits = bot.slack.faults().all_calls();
    let edits = edits.iter().filter(|call| call.method == "chat.update").count();
    println!(
        "| {engine} | {kept} | {messages} | {edits} | {:.0} | {:.0} | {:.0} | {:.1} s |",
        ms(50),
        ms(95),
        ms(100),
        worked_in.as_secs_f64()
    );
    bot.finish().await;
}

/// Alerts of one service, each of another machine.
fn delivery(bot: &TestBot, number: u32) -> Value {
    let service = format!("service-{}", number % SERVICES);
    let began = bot.clock.now() - TimeDelta::seconds(30);
    let alert = |which: u32| {
        let machine = format!("node-{}", number * TOGETHER + which);
        json!({
            "status": "firing", "fingerprint": format!("{:016x}", number * TOGETHER + which),
            "labels": { "alertname": "NodeDown", "service": service, "instance": machine, "severity": "critical" },
            "annotations": { "summary": format!("{machine} does not answer") },
            "startsAt": began.to_rfc3339(), "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph"
        })
    };
    json!({
        "version": "4", "groupKey": format!("{{}}:{{service=\"{service}\"}}:{number}"), "status": "firing",
        "receiver": "em-agent", "externalURL": "http://alerts.example", "truncatedAlerts": 0, "groupLabels": {},
        "commonLabels": {}, "commonAnnotations": {}, "alerts": (0..TOGETHER).map(alert).collect::<Vec<_>>()
    })
}
