//! `/em-agent triage post`: one message in a channel that follows what happens for the rest of the working day.

use chrono::Duration;
use em_simulator::github::Pull;
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::{TestBot, both_engines};

use crate::scene::{Scene, assert_snapshot, entry, january};

both_engines!(
    a_posted_list_is_struck_through_line_by_line,
    posting_again_the_same_day_edits_and_the_next_day_posts_anew,
    without_a_channel_it_goes_to_the_default_one,
    the_button_under_a_private_list_posts_it_to_the_channel,
    a_channel_that_cannot_be_posted_to_gets_advice,
    a_schedule_posts_at_its_time_and_once_for_all_replicas,
    a_quiet_day_is_posted_as_one_sentence,
    anybody_in_the_channel_can_ask_why_from_the_posted_list,
    a_line_that_somebody_snoozes_says_so_on_the_posted_list,
);

/// What the bot has posted to a channel for all to see.
fn posted(bot: &TestBot, channel: &str) -> Vec<Message> {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    bot.slack
        .read(|w| w.messages(channel).filter(for_all).cloned().collect())
}

/// Waits until the only message posted to a channel says something.
async fn until_posted(bot: &TestBot, channel: &str, words: &str) -> Message {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    bot.until(|w| {
        w.messages(channel)
            .filter(for_all)
            .find(|m| w.message_text(m).contains(words))
            .cloned()
    })
    .await
}

async fn three_pulls(scene: &Scene) -> [Pull; 3] {
    let retry = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&retry.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    let rename = scene.pull("Rename the ledger", "ben-k").await;
    let receipts = scene.pull("Fix the time zone of receipts", "ben-k").await;
    scene
        .tell(&receipts.review("chloe-m", "approved", january(14, 12)))
        .await;
    [retry, rename, receipts]
}

async fn a_posted_list_is_struck_through_line_by_line(database: TestDatabase) {
    // Chloe is known, and still a posted list must not ping her.
    let scene = Scene::start_with(database, "[people]\nU0CHLOE = \"chloe-m\"\n").await;
    let [retry, rename, receipts] = three_pulls(&scene).await;

    let confirmed = scene.answer("ana", "/em-agent triage post #payments").await;
    assert!(confirmed.contains("Posted to #payments"), "{confirmed}");
    let first = until_posted(&scene.bot, "#payments", "0 of 3 cleared").await;
    assert_eq!(first.mentions(), []);

    scene.tell(&receipts.merge("ben-k", january(15, 10))).await;
    let second = until_posted(&scene.bot, "#payments", "1 of 3 cleared").await;
    assert_snapshot!(scene.bot.text(&second), @r"
    em-agent (edited):
      # What is stuck, Thu 15 Jan · 1 of 3 cleared
      *Waiting for a reviewer*
      *Rename the ledger <https://github.com/acme/payments/pull/2>*
      acme/payments#2 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 1 d 7 h of working time since Tue 13 Jan 11:00
      *chloe-m* to review
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Ready to merge*
      ✓ Done: ~Fix the time zone of receipts <https://github.com/acme/payments/pull/3>~
      acme/payments#3 · moved on Thu 15 Jan 10:00
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");

    // The reviewer has moved, and the turn passed on: that line is done too.
    scene
        .tell(&retry.review("chloe-m", "approved", january(15, 10)))
        .await;
    until_posted(&scene.bot, "#payments", "2 of 3 cleared").await;
    scene.tell(&rename.close("ben-k", january(15, 10))).await;
    let last = until_posted(&scene.bot, "#payments", "3 of 3 cleared").await;
    assert!(
        scene
            .bot
            .text(&last)
            .contains("Everything on this list has moved")
    );
    assert_eq!(last.ts, first.ts);
    assert_eq!(posted(&scene.bot, "#payments").len(), 1, "edited, not repeated");
    scene.finish().await;
}

async fn posting_again_the_same_day_edits_and_the_next_day_posts_anew(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let [_, _, receipts] = three_pulls(&scene).await;
    scene.answer("ana", "/em-agent triage post #payments").await;

    let again = scene.answer("ben", "/em-agent triage post #payments").await;
    assert!(again.contains("Posted to #payments"), "{again}");
    assert_eq!(posted(&scene.bot, "#payments").len(), 1);

    scene.bot.clock.set(january(16, 9));
    scene.answer("ana", "/em-agent triage post #payments").await;
    let all = posted(&scene.bot, "#payments");
    assert_eq!(all.len(), 2);
    assert!(scene.bot.text(&all[1]).contains("Fri 16 Jan · 0 of 3 cleared"));

    // Yesterday's list is yesterday's: only the new one follows.
    scene.tell(&receipts.merge("ben-k", january(16, 9))).await;
    until_posted(&scene.bot, "#payments", "Fri 16 Jan · 1 of 3 cleared").await;
    let all = posted(&scene.bot, "#payments");
    assert!(scene.bot.text(&all[0]).contains("Thu 15 Jan · 0 of 3 cleared"));
    scene.finish().await;
}

async fn without_a_channel_it_goes_to_the_default_one(database: TestDatabase) {
    let scene = Scene::start_with(database, "[slack]\ndefault_channel = \"#payments\"\n").await;
    scene.pull("Retry failed payouts", "ben-k").await;

    let confirmed = scene.answer("ana", "/em-agent triage post").await;

    assert!(confirmed.contains("Posted to #payments"), "{confirmed}");
    assert_eq!(
        (
            posted(&scene.bot, "#payments").len(),
            posted(&scene.bot, "#ops").len()
        ),
        (1, 0)
    );
    scene.finish().await;
}

async fn the_button_under_a_private_list_posts_it_to_the_channel(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    let confirmed = scene.click("ana", &list, "triage.share").await;

    assert!(scene.bot.text(&confirmed).contains("Posted to #ops"));
    assert!(
        scene
            .bot
            .text(&posted(&scene.bot, "#ops")[0])
            .contains("Retry failed payouts")
    );
    scene.finish().await;
}

async fn a_channel_that_cannot_be_posted_to_gets_advice(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;

    assert_snapshot!(scene.answer("ana", "/em-agent triage post #random").await, @r"
    em-agent (only ana sees this):
      I am not in that channel. Type `/invite @EM Agent` there and try again.
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage post #nowhere").await, @r"
    em-agent (only ana sees this):
      I cannot find that channel. If it is private, invite me to it first; otherwise check the name.
    ");

    // Once it is invited, the same command works.
    scene.bot.slack.arrange(|w| {
        let bot = w.app.user_id.clone();
        w.channels
            .iter_mut()
            .find(|c| c.name == "random")
            .unwrap()
            .members
            .push(bot);
    });
    let confirmed = scene.answer("ana", "/em-agent triage post #random").await;
    assert!(confirmed.contains("Posted to #random"), "{confirmed}");
    scene.finish().await;
}

const SCHEDULE: &str = "[[schedules]]\nname = \"morning\"\ncron = \"0 9 * * 1-5\"\nrun = \"triage post\"\n\
                        channel = \"#payments\"\nzone = \"Europe/Berlin\"\n";

async fn a_schedule_posts_at_its_time_and_once_for_all_replicas(database: TestDatabase) {
    let scene = Scene::start_with(database, SCHEDULE).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let replica = scene.bot.replica(SCHEDULE).await;
    assert!(
        scene
            .bot
            .slack
            .socket()
            .wait_for_connections(4, em_tests::PATIENCE)
            .await
    );

    // Friday, 09:00 in Berlin.
    scene.bot.clock.set(january(16, 8));
    until_posted(&scene.bot, "#payments", "Fri 16 Jan").await;
    // Both have looked at the clock once more when a later tick has come: on Monday.
    scene.bot.clock.set(january(19, 8) + Duration::minutes(5));
    until_posted(&scene.bot, "#payments", "Mon 19 Jan").await;
    assert_eq!(posted(&scene.bot, "#payments").len(), 2);
    let heard = scene.bot.slack.read(|w| {
        w.messages("#payments")
            .filter(|m| m.ephemeral_for.is_some())
            .count()
    });
    assert_eq!(heard, 0, "a schedule answers nobody");
    replica.stop().await;
    scene.finish().await;
}

async fn a_quiet_day_is_posted_as_one_sentence(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.answer("ana", "/em-agent triage post #payments").await;
    let only = posted(&scene.bot, "#payments").pop().unwrap();
    assert_snapshot!(scene.bot.text(&only), @r"
    em-agent:
      # What is stuck, Thu 15 Jan
      Nothing is stuck today.
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
    ");
    scene.finish().await;
}

async fn anybody_in_the_channel_can_ask_why_from_the_posted_list(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    scene.answer("ana", "/em-agent triage post #payments").await;
    let list = posted(&scene.bot, "#payments").pop().unwrap();

    let why = scene.click("eve", &list, entry(&list, 1, "Why here?")).await;

    assert_eq!(why.ephemeral_for.as_deref(), Some("U0EVE"), "only she sees it");
    assert!(scene.bot.text(&why).contains("Why is this here?"));
    scene.finish().await;
}

async fn a_line_that_somebody_snoozes_says_so_on_the_posted_list(database: TestDatabase) {
    let scene = Scene::start(database).await;
    three_pulls(&scene).await;
    scene.answer("ana", "/em-agent triage post #payments").await;
    let list = until_posted(&scene.bot, "#payments", "0 of 3 cleared").await;
    let ben = scene.bot.user("ben");
    let click = ben.clicks(&list, entry(&list, 1, "Snooze…")).unwrap();
    assert!(click.await.is_acked());
    let modal = scene.until_modal("ben").await;
    let chosen = [
        ("reason", "Parked on purpose"),
        ("until", "Next working day · Fri 16 Jan 09:00"),
    ];
    assert!(ben.submits(&modal, chosen).unwrap().await.is_acked());

    let edited = until_posted(&scene.bot, "#payments", "Snoozed: ").await;
    let text = scene.bot.text(&edited);
    assert!(
        text.contains("Snoozed: Retry failed payouts") && text.contains("until Fri 16 Jan 09:00"),
        "{text}"
    );
    assert!(text.contains("0 of 3 cleared"), "it is not done: {text}");
    assert_eq!(posted(&scene.bot, "#payments").len(), 1);
    scene.finish().await;
}
