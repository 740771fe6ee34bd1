//! Slack being slow, down, confused or gone: whoever asked still gets an answer, and nothing is posted twice.

use chrono::TimeDelta;
use em_bot::run;
use em_simulator::github::GithubWorld;
use em_simulator::workspace::{Message, Workspace};
use em_simulator::{DisconnectReason, Fault};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, Setting, TestBot, both_engines, story, thursday_morning};
use futures::future::join_all;

both_engines!(
    a_post_whose_answer_was_lost_is_found_again_and_not_repeated,
    a_post_that_never_arrived_is_made_up_for_once,
    two_people_who_post_at_the_same_moment_make_one_post,
);

async fn bot(database: TestDatabase) -> TestBot {
    let bot = TestBot::start(database).await;
    for delivery in story::tell(
        &GithubWorld::new("token"),
        thursday_morning() - TimeDelta::days(2),
    ) {
        bot.github(&delivery).await;
    }
    bot.folded().await;
    bot
}

async fn sqlite_bot() -> TestBot {
    bot(TestDatabase::sqlite().await).await
}

/// What everybody sees in a channel.
fn posts(workspace: &Workspace, channel: &str) -> Vec<Message> {
    let id = workspace.channel(channel).unwrap().id.clone();
    workspace
        .messages(&id)
        .filter(|message| message.ephemeral_for.is_none() && !message.deleted)
        .cloned()
        .collect()
}

fn posts_in_ops(bot: &TestBot) -> usize {
    bot.slack.read(|workspace| posts(workspace, "ops").len())
}

async fn ask(bot: &TestBot, command: &str) -> String {
    let answer = bot.ask("ana", "#ops", command).await;
    // Without the invisible characters that keep a text from being formatted.
    bot.text(&answer).replace('\u{2060}', "")
}

async fn a_post_whose_answer_was_lost_is_found_again_and_not_repeated(database: TestDatabase) {
    let bot = bot(database).await;
    for fault in [Fault::ResetAfterEffect, Fault::ResetAfterEffect] {
        bot.slack.faults().next("chat.postMessage", fault);
    }
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert!(text.contains("did not confirm"), "{text}");
    // Slack's clock may be behind ours: the message then looks older than the wish to post it.
    bot.clock.advance(TimeDelta::seconds(30));
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert!(text.contains("ops"), "{text}");
    assert_eq!(posts_in_ops(&bot), 1);
    assert_eq!(bot.slack.faults().count("chat.postMessage"), 1);

    // It is a board like any other now: it follows the facts.
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert!(!text.contains("did not confirm"), "{text}");
    bot.finish().await;
}

async fn a_post_that_never_arrived_is_made_up_for_once(database: TestDatabase) {
    let bot = bot(database).await;
    bot.slack.faults().next("chat.postMessage", Fault::Status(500));
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert!(text.contains("did not confirm"), "{text}");
    assert_eq!(posts_in_ops(&bot), 0);
    // Looking fails too, after the claim was taken over; the next look must still be sure.
    bot.clock.advance(TimeDelta::minutes(3));
    let (first, second) = tokio::join!(
        ask(&bot, "/em-agent triage post #ops"),
        bot.ask("ben", "#ops", "/em-agent triage post #ops")
    );
    assert_eq!(posts_in_ops(&bot), 1, "{first} / {}", second.text);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_read_is_not_taken_for_a_post() {
    let bot = sqlite_bot().await;
    bot.slack.faults().next("chat.postMessage", Fault::Garbage);
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert!(text.contains("did not confirm"), "{text}");
    bot.clock.advance(TimeDelta::minutes(3));
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert_eq!(posts_in_ops(&bot), 1, "{text}");
    bot.finish().await;
}

async fn two_people_who_post_at_the_same_moment_make_one_post(database: TestDatabase) {
    let bot = bot(database).await;
    let (first, second) = tokio::join!(
        bot.ask("ana", "#ops", "/em-agent triage post #ops"),
        bot.ask("ben", "#general", "/em-agent triage post #ops"),
    );
    assert_eq!(posts_in_ops(&bot), 1, "{} / {}", first.text, second.text);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limited_post_waits_as_long_as_slack_says_and_arrives_once() {
    let bot = sqlite_bot().await;
    bot.slack.faults().next("chat.postMessage", Fault::RateLimited(1));
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert_eq!(posts_in_ops(&bot), 1, "{text}");
    let calls = bot.slack.calls("chat.postMessage");
    assert_eq!(calls.len(), 2);
    assert!(
        calls[1].at - calls[0].at >= std::time::Duration::from_secs(1),
        "it did not wait"
    );
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_slack_declines_is_explained_and_can_be_tried_again() {
    let bot = sqlite_bot().await;
    for (fault, words) in [
        (Fault::Error("not_in_channel".into()), "/invite @EM Agent"),
        (
            Fault::Error("channel_not_found".into()),
            "cannot find that channel",
        ),
        (Fault::Error("msg_too_long".into()), "msg_too_long"),
        (Fault::Error("token_revoked".into()), "refused my token"),
    ] {
        bot.slack.faults().next("chat.postMessage", fault);
        let text = ask(&bot, "/em-agent triage post #ops").await;
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = ask(&bot, "/em-agent triage post #ops").await;
    assert_eq!(posts_in_ops(&bot), 1, "{text}");
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_arrives_although_its_address_limits_fails_or_breaks_off() {
    let bot = sqlite_bot().await;
    for fault in [
        Fault::RateLimited(1),
        Fault::Status(500),
        Fault::Reset,
        Fault::Status(503),
    ] {
        bot.slack.faults().next("response_url", fault.clone());
        let text = ask(&bot, "/em-agent triage").await;
        assert!(text.contains("Faster checkout"), "{fault:?}: {text}");
    }
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_shown_although_slack_does_not_say_who_people_are() {
    let bot = sqlite_bot().await;
    for method in ["users.info", "users.list", "users.lookupByEmail"] {
        bot.slack
            .faults()
            .repeat(method, &Fault::Error("fatal_error".into()), 3);
    }
    let text = ask(&bot, "/em-agent triage").await;
    assert!(text.contains("Faster checkout"), "{text}");
    bot.slack.faults().clear();
    bot.slack.faults().remove_scope("users:read");
    let text = ask(&bot, "/em-agent triage mine").await;
    assert!(text.contains("users:read") || text.contains("link"), "{text}");
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_cannot_be_opened_is_explained() {
    let bot = sqlite_bot().await;
    let list = bot.ask("ana", "#ops", "/em-agent triage").await;
    for fault in [Fault::Error("expired_trigger_id".into()), Fault::Status(500)] {
        bot.slack.faults().repeat("views.open", &fault, 5);
        let before = answers(&bot);
        assert!(
            bot.user("ana")
                .clicks(&list, (em_blocks::interaction::MENU, "Snooze…"))
                .unwrap()
                .await
                .is_acked()
        );
        let text = bot
            .until(|w| {
                w.all_messages()
                    .filter(|m| m.ephemeral_for.as_deref() == Some("U0ANA"))
                    .nth(before)
                    .cloned()
            })
            .await
            .text;
        assert!(text.contains("Slack"), "{text}");
        bot.slack.faults().clear();
    }
    bot.finish().await;
}

fn answers(bot: &TestBot) -> usize {
    bot.slack.read(|w| {
        w.all_messages()
            .filter(|m| m.ephemeral_for.as_deref() == Some("U0ANA"))
            .count()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sockets_drop_break_and_are_renewed_every_command_is_answered_once() {
    const COMMANDS: usize = 40;
    let bot = sqlite_bot().await;
    let typing = (0..COMMANDS).map(|at| {
        let bot = &bot;
        async move {
            // One after another, a few milliseconds apart, while the sockets go.
            tokio::time::sleep(std::time::Duration::from_millis(20 * at as u64)).await;
            match at % 10 {
                3 => drop(bot.slack.socket().drop_one()),
                5 => drop(bot.slack.socket().abort_one()),
                8 => drop(
                    bot.slack
                        .socket()
                        .disconnect_one(DisconnectReason::RefreshRequested),
                ),
                _ => {}
            }
            bot.user("ana").types("#ops", "/em-agent whoami").unwrap().await
        }
    });
    let outcomes = join_all(typing).await;
    let lost: Vec<_> = outcomes.iter().filter(|outcome| !outcome.is_acked()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    bot.until(|_| (answered(&bot) >= COMMANDS).then_some(())).await;
    assert!(bot.slack.socket().wait_for_connections(2, PATIENCE).await);
    assert_eq!(answered(&bot), COMMANDS);
    assert!(
        bot.slack.socket().counts().losses >= 4,
        "{:?}",
        bot.slack.socket().counts()
    );
    bot.finish().await;
}

/// Answers that were accepted, each of which somebody saw.
fn answered(bot: &TestBot) -> usize {
    bot.slack
        .calls("response_url")
        .iter()
        .filter(|call| call.error.is_none())
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_stop_is_answered() {
    let bot = sqlite_bot().await;
    let TestBot { slack, bot, .. } = bot;
    let sent: Vec<_> = (0..30)
        .map(|_| slack.user("ana").types("#ops", "/em-agent whoami").unwrap())
        .collect();
    let stopping = async {
        slack
            .wait_until(PATIENCE, |_| (slack.socket().counts().acked > 0).then_some(()))
            .await
            .expect("an acknowledgement");
        bot.stop().await;
    };
    tokio::join!(stopping, async {});
    let acked = slack.socket().counts().acked;
    let answered = slack
        .calls("response_url")
        .iter()
        .filter(|call| call.error.is_none())
        .count();
    assert!(acked > 0);
    assert_eq!(
        u64::try_from(answered).unwrap(),
        acked,
        "acknowledged and then forgotten"
    );
    drop(sent);
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_starts_while_slack_is_down_and_works_when_it_is_back() {
    let bot = sqlite_bot().await;
    bot.slack.faults().repeat("auth.test", &Fault::Status(503), 5);
    bot.slack.socket().refuse(2);
    let bot = bot.restart("").await;
    let text = ask(&bot, "/em-agent triage").await;
    assert!(text.contains("Faster checkout"), "{text}");
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_slack_refuses_stops_the_start_with_advice() {
    let bot = TestBot::start_with(TestDatabase::sqlite().await, Setting::default()).await;
    bot.slack
        .faults()
        .next("auth.test", Fault::Error("invalid_auth".into()));
    let config = bot.configuration("");
    let refused = run::start(config, std::sync::Arc::new(bot.clock.clone()))
        .await
        .err()
        .expect("it does not start");
    assert!(
        refused
            .to_string()
            .contains("Slack refused my token (invalid_auth)"),
        "{refused}"
    );
    bot.finish().await;
}
