//! Schedules: they fire by the team's clock, once, whatever the machine's clock does and however many replicas watch.

pub(crate) mod fire;
mod kept;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_simulator::github::GithubWorld;
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, Setting, TestBot, both_engines, story, thursday_morning};

both_engines!(
    a_schedule_posts_the_list_once_also_with_two_replicas,
    after_a_jump_of_a_day_the_stale_tick_is_skipped_and_the_next_one_fires,
    a_clock_that_goes_back_fires_nothing_twice,
);

/// Posts at 11:00 in Berlin, which is 10:00 UTC in winter: right when a test begins.
const MORNING: &str = "[[schedules]]\nname = 'morning'\ncron = '0 11 * * *'\nzone = 'Europe/Berlin'\nrun = 'triage post'\nchannel = '#ops'";

/// A bot that has something to post, an hour and a half before the schedule.
async fn bot(database: TestDatabase, toml: &str) -> TestBot {
    let bot = TestBot::start_with(database, Setting::default()).await;
    for delivery in story::tell(
        &GithubWorld::new("token"),
        thursday_morning() - TimeDelta::days(2),
    ) {
        bot.github(&delivery).await;
    }
    bot.folded().await;
    bot.clock.set(thursday_morning() - TimeDelta::minutes(90));
    bot.restart(toml).await
}

fn posts(bot: &TestBot) -> usize {
    bot.slack.faults().count("chat.postMessage")
}

async fn posted(bot: &TestBot, count: usize) {
    let seen = bot
        .slack
        .wait_until(PATIENCE, |_| (posts(bot) >= count).then_some(()))
        .await;
    assert!(
        seen.is_ok(),
        "{} posts instead of {count} at {:?}",
        posts(bot),
        bot.clock
    );
}

/// Lets the schedules be looked at again; they are looked at every second of the machine's time.
async fn looked_at_again() {
    tokio::time::sleep(Duration::from_millis(1300)).await;
}

async fn a_schedule_posts_the_list_once_also_with_two_replicas(database: TestDatabase) {
    let bot = bot(database, MORNING).await;
    let replica = bot.replica(MORNING).await;
    bot.clock.set(thursday_morning() + TimeDelta::seconds(5));
    posted(&bot, 1).await;
    looked_at_again().await;
    assert_eq!(posts(&bot), 1);
    let text = bot.slack.read(|workspace| {
        let ops = workspace.channel("ops").unwrap().id.clone();
        let found = workspace
            .messages(&ops)
            .last()
            .map(|message| workspace.message_text(message));
        found.unwrap()
    });
    assert!(text.contains("Faster checkout"), "{text}");
    replica.stop().await;
    bot.finish().await;
}

async fn after_a_jump_of_a_day_the_stale_tick_is_skipped_and_the_next_one_fires(database: TestDatabase) {
    let bot = bot(database, MORNING).await;
    // The machine slept from half past eight on Thursday until noon on Friday: both ticks are stale.
    bot.clock.set(thursday_morning() + TimeDelta::hours(26));
    looked_at_again().await;
    assert_eq!(posts(&bot), 0);
    // It slept again, until half an hour after Saturday's.
    bot.clock
        .set(thursday_morning() + TimeDelta::hours(48) + TimeDelta::minutes(30));
    posted(&bot, 1).await;
    bot.finish().await;
}

async fn a_clock_that_goes_back_fires_nothing_twice(database: TestDatabase) {
    let bot = bot(database, MORNING).await;
    bot.clock.set(thursday_morning() + TimeDelta::seconds(5));
    posted(&bot, 1).await;
    bot.clock.set(thursday_morning() - TimeDelta::minutes(10));
    looked_at_again().await;
    bot.clock.set(thursday_morning() + TimeDelta::seconds(30));
    looked_at_again().await;
    assert_eq!(posts(&bot), 1);
    // A restart does not forget it either.
    let bot = bot.restart(MORNING).await;
    looked_at_again().await;
    assert_eq!(posts(&bot), 1);
    bot.finish().await;
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn daylight_saving_moves_the_schedule_with_the_wall_clock_and_doubles_nothing() {
    let nightly = MORNING.replace("0 11 * * *", "30 2 * * *");
    let bot = bot(TestDatabase::sqlite().await, "").await;
    // Sunday 25 October 2026: half past two comes twice in Berlin, at 00:30 and at 01:30 UTC.
    bot.clock.set(at("2026-10-25T00:00:00Z"));
    let bot = bot.restart(&nightly).await;
    bot.clock.set(at("2026-10-25T00:30:05Z"));
    posted(&bot, 1).await;
    bot.clock.set(at("2026-10-25T01:30:05Z"));
    looked_at_again().await;
    assert_eq!(posts(&bot), 1);
    // On Monday it is an hour later by UTC.
    bot.clock.set(at("2026-10-26T01:30:05Z"));
    posted(&bot, 2).await;
    bot.finish().await;
}
