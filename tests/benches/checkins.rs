//! Purpose: 500 people are asked for their standup one morning while the pretend Slack limits every method and every channel as
//! Slack does: how many were reached, how long it took, and how often Slack said "too fast".
//!
//! `cargo bench -p em-tests --bench checkins` prints a table. The time is pretended: the clock of the bot and of the pretend Slack
//! is moved on by a second again and again.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;
use em_domain::clock::Clock as _;

use em_simulator::workspace::{Person, Workspace};
use em_simulator::{Options, PostingLimit};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_tests::{Setting, TestBot};

const PEOPLE: usize = 500;
/// Of the machine's time for each second of pretended time: enough for the bot to look at its jobs.
const STEP: Duration = Duration::from_millis(100);
/// Of pretended time, until it is given up.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

#[tokio::main]
async fn main() {
    println!("{PEOPLE} people are asked, Slack's limits are on\n");
    println!("| engine | asked | minutes until the last | calls refused as too fast | of calls |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    measure("SQLite", TestDatabase::sqlite().await).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", TestDatabase::postgres_on(&server).await).await;
}

async fn measure(engine: &str, database: TestDatabase) {
    let mut slack = Options {
        posting_limit: Some(PostingLimit {
            burst: 4,
            per_second: 1.0,
        }),
        method_limits: true,
        ..Options::default()
    };
    slack.cast.people.extend((0..PEOPLE).map(person));
    let setting = Setting {
        toml: toml(),
        slack,
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    // Friday, a second before people are asked in Berlin.
    bot.clock.set("2026-01-16T07:59:59Z".parse().unwrap());
    let began = bot.clock.now();
    while bot.slack.read(asked) < PEOPLE && bot.clock.now() - began < PATIENCE {
        bot.clock.advance(TimeDelta::seconds(1));
        tokio::time::sleep(STEP).await;
    }
    let minutes = (bot.clock.now() - began).to_std().unwrap().as_secs_f64() / 60.0;
    let calls = bot.slack.faults().all_calls();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls
        .iter()
        .filter(|call| call.error.as_deref() == Some("ratelimited"))
    {
        *refused.entry(&call.method).or_default() += 1;
    }
    println!(
        "| {engine} | {} | {minutes:.1} | {refused:?} | {} |",
        bot.slack.read(asked),
        calls.len()
    );
    bot.finish().await;
}

fn person(number: usize) -> Person {
    Person {
        id: format!("U0DEV{number}"),
        name: format!("dev-{number}"),
        real_name: format!("Developer {number}"),
        email: format!("dev-{number}@acme.example"),
        tz: "Europe/Berlin".to_owned(),
        ..Person::default()
    }
}

fn toml() -> String {
    let mut toml = "[calendar]\nzone = \"Europe/Berlin\"\n[people]\n".to_owned();
    for number in 0..PEOPLE {
        writeln!(toml, "U0DEV{number} = \"dev-{number}\"").unwrap();
    }
    let members: Vec<String> = (0..PEOPLE).map(|number| format!("\"dev-{number}\"")).collect();
    writeln!(
        toml,
        "[teams.everybody]\nrepositories = [\"acme/api\"]\nmembers = [{}]\n[standups.everybody]\nchannel = \"ops\"\nask_at = \"09:00\"\npost_at = \"11:00\"",
        members.join(", ")
    )
    .unwrap();
    toml
}

/// How many people have a direct message of the bot.
fn asked(workspace: &Workspace) -> usize {
    let told: std::collections::BTreeSet<&str> = workspace
        .all_messages()
        .filter(|message| message.by_app && message.channel.starts_with('D'))
        .map(|message| message.channel.as_str())
        .collect();
    told.len()
}
