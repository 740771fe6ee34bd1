//! Purpose: how long the App Home takes with 500 linked people and 20,000 open pull requests, from the event that opens it
//! until the pretend Slack has taken the page; on SQLite and on PostgreSQL.
//!
//! `cargo bench -p em-tests --bench home` prints a table.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

mod crowd;

use std::time::{Duration, Instant};

use em_commands::home;
use em_domain::id::SlackUser;
use em_domain::person::{Link, LinkOrigin};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_tests::{Setting, TestBot, thursday_morning};

use crowd::{CLOSED, OPEN, login};

/// Pages that are opened, by the people of the workspace in turn: while the bot, just started, looks through all that waits, and
/// then as on any day.
const OPENED: [(&str, usize); 2] = [("the first, while the bot starts", 200), ("afterwards", 1_000)];
const PEOPLE: i64 = 500;
const VIEWERS: [&str; 4] = ["U0ANA", "U0BEN", "U0CHLOE", "U0DMITRI"];

/// Two teams with standups; Ana looks after both.
const TOML: &str = r#"
[people]
U0ANA = "dev-7"
U0BEN = "dev-8"
U0CHLOE = "dev-9"
U0DMITRI = "dev-10"
[policy.roles]
manager = ["U0ANA"]
[teams.one]
repositories = ["acme/service-1", "acme/service-2"]
members = ["dev-7", "dev-8", "dev-9"]
[teams.two]
repositories = ["acme/service-3"]
members = ["dev-9", "dev-10"]
[standups.one]
channel = "ops"
[standups.two]
channel = "ops"
"#;

#[tokio::main]
async fn main() {
    println!("{OPEN} open and {CLOSED} closed pull requests, {PEOPLE} linked people\n");
    println!("| engine | pages | p50 ms | p95 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: |");
    measure("SQLite", TestDatabase::sqlite().await).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", TestDatabase::postgres_on(&server).await).await;
}

async fn measure(engine: &str, database: TestDatabase) {
    crowd::fill(&database.store, 1..=OPEN + CLOSED).await;
    for number in 100..100 + PEOPLE {
        let link = Link {
            slack_user: SlackUser(format!("U{number}")),
            login: login(number),
            origin: LinkOrigin::Person,
            linked_at: thursday_morning(),
        };
        database.store.people().link(&link).await.unwrap();
    }
    let setting = Setting {
        toml: TOML.to_owned(),
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    for (when, pages) in OPENED {
        let mut times = Vec::with_capacity(pages);
        for number in 0..pages {
            let viewer = SlackUser::from(VIEWERS[number % VIEWERS.len()]);
            let opened = Instant::now();
            home::opened(bot.bot.ctx.clone(), viewer).await.unwrap();
            times.push(opened.elapsed());
        }
        row(engine, &format!("{pages} {when}"), times);
    }
    bot.finish().await;
}

fn row(engine: &str, pages: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {pages} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}
