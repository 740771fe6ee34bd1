//! Purpose: how long after a click on *Approve* the card is rewritten, and after what time the deed is done; on SQLite and
//! on PostgreSQL, against the pretend Slack and the pretend GitHub on the same machine.
//!
//! `cargo bench -p em-tests --bench approval` prints a table.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_simulator::github::{GithubSimulator, NewPull};
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, thursday_morning};

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const REPO: &str = "acme/api";
/// Questions that are put and answered, one after the other: each posts two messages, and Slack takes one a second.
const QUESTIONS: u64 = 60;

const SETTINGS: &str = "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\nU0CHLOE = \"chloe-m\"\n\
    [http]\nrate_limit_per_min = 100000\n[slack]\nmax_daily_posts = 100000\n";

#[tokio::main]
async fn main() {
    println!("| engine | questions | click to rewritten card p50 | p95 | p99 | click to done p50 | p95 |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    println!("{}", measured("sqlite", TestDatabase::sqlite().await).await);
    match TestDatabase::postgres().await {
        Some(database) => println!("{}", measured("postgresql", database).await),
        None => println!("| postgresql | no server | | | | | |"),
    }
}

async fn measured(engine: &str, database: TestDatabase) -> String {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    github
        .world()
        .add_repo(REPO, thursday_morning() - TimeDelta::days(90));
    github.world().add_people(&["ana-ruiz", "ben-k", "chloe-m"]);
    let setting = Setting {
        toml: SETTINGS.to_owned(),
        environment: vec![
            ("GITHUB_TOKEN", TOKEN.to_owned()),
            ("GITHUB_API_URL", github.api_url()),
        ],
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let (mut rewritten, mut done) = (Vec::new(), Vec::new());
    for number in 0..QUESTIONS {
        let new = NewPull::new(&format!("Change {number}"), "chloe-m");
        let at = thursday_morning() - TimeDelta::days(1);
        let pull = github.world().open_pull(REPO, &new, at).0.number();
        let card = asked(&bot, pull).await;
        let clicked = Instant::now();
        bot.user("ben").clicks(&card, "approval.approve").unwrap().await;
        shows(&bot, &card, "*Approved*").await;
        rewritten.push(clicked.elapsed());
        shows(&bot, &card, "*Done.*").await;
        done.push(clicked.elapsed());
    }
    bot.finish().await;
    let (rewritten, done) = (sorted(rewritten), sorted(done));
    format!(
        "| {engine} | {QUESTIONS} | {:.1?} | {:.1?} | {:.1?} | {:.1?} | {:.1?} |",
        percentile(&rewritten, 50),
        percentile(&rewritten, 95),
        percentile(&rewritten, 99),
        percentile(&done, 50),
        percentile(&done, 95)
    )
}

/// Ana asks for a pull request to be closed; the card that everybody sees.
async fn asked(bot: &TestBot, pull: u64) -> Message {
    let title = format!("Close {REPO}#{pull}");
    bot.ask("ana", "#ops", &format!("/em-agent propose close {REPO}#{pull}"))
        .await;
    bot.until(|w| {
        let cards = w
            .messages("#ops")
            .rev()
            .filter(|m| m.by_app && m.ephemeral_for.is_none());
        cards
            .take(5)
            .find(|m| w.message_text(m).lines().any(|line| line.ends_with(&title)))
            .cloned()
    })
    .await
}

async fn shows(bot: &TestBot, card: &Message, words: &str) {
    bot.until(|w| {
        w.message_text(w.message(&card.channel, &card.ts)?)
            .contains(words)
            .then_some(())
    })
    .await;
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort();
    times
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}
