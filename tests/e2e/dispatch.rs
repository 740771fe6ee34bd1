//! From whatever people type, click or open to one answer in the right place.

use em_simulator::workspace::Message;
use em_simulator::{HttpTarget, Signing, sign};
use em_storage::testing::TestDatabase;
use em_tests::{TestBot, both_engines};
use serde_json::json;

use crate::scene::{Scene, assert_snapshot, entry};

both_engines!(
    a_mention_in_a_channel_is_answered_to_its_writer_alone,
    a_mention_in_a_thread_is_answered_in_the_thread,
    a_direct_message_is_answered_in_the_conversation,
    a_mention_without_words_gets_help,
    what_slack_escapes_or_links_is_shown_as_it_was_typed,
    own_messages_edits_and_other_bots_are_not_answered,
    a_request_that_comes_twice_acts_once,
    who_types_too_fast_is_told_to_wait,
    ten_thousand_characters_get_a_short_answer,
    the_shortcut_answers_in_a_direct_message,
    everything_works_over_signed_http_too,
    a_forged_request_does_nothing,
);

const LIST: &str = "What is stuck, and who must move";

async fn one_open_pull(database: TestDatabase) -> Scene {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    scene
}

/// Waits for a message of the bot in a channel.
async fn until_said(bot: &TestBot, channel: &str, words: &str) -> Message {
    let said = bot.until(|w| {
        w.messages(channel)
            .find(|m| m.by_app && w.message_text(m).contains(words))
            .cloned()
    });
    said.await
}

fn said_by_bot(bot: &TestBot) -> usize {
    bot.slack.read(|w| w.all_messages().filter(|m| m.by_app).count())
}

async fn a_mention_in_a_channel_is_answered_to_its_writer_alone(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    for typed in [
        "@em-agent triage",
        "@em-agent /em-agent TRIAGE",
        "hello @em-agent",
        "@em-agent: triage",
    ] {
        scene.bot.user("ana").says("#ops", typed, None).unwrap().await;
    }
    let answer = until_said(&scene.bot, "#ops", LIST).await;
    assert_eq!(answer.ephemeral_for.as_deref(), Some("U0ANA"));
    assert_eq!(answer.thread_ts, None);
    scene
        .bot
        .until(|w| (w.all_messages().filter(|m| m.by_app).count() == 4).then_some(()))
        .await;
    let texts = scene.bot.slack.read(|w| {
        w.messages("#ops")
            .filter(|m| m.by_app)
            .map(|m| w.message_text(m))
            .collect::<Vec<_>>()
    });
    assert_eq!(
        texts.iter().filter(|text| text.contains(LIST)).count(),
        3,
        "{texts:#?}"
    );
    assert!(
        texts.iter().any(|text| text.contains("I do not know `hello`")),
        "{texts:#?}"
    );
    scene.finish().await;
}

async fn a_mention_in_a_thread_is_answered_in_the_thread(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    let parent = scene
        .bot
        .user("ben")
        .says("#ops", "What about the payouts?", None)
        .unwrap()
        .ts
        .unwrap();
    scene
        .bot
        .user("ana")
        .says("#ops", "@em-agent triage", Some(&parent))
        .unwrap()
        .await;
    let answer = until_said(&scene.bot, "#ops", LIST).await;
    assert_eq!(answer.ephemeral_for.as_deref(), Some("U0ANA"));
    assert_eq!(answer.thread_ts.as_ref(), Some(&parent));

    let why = scene.click("ana", &answer, entry(&answer, 1, "Why here?")).await;
    assert!(scene.bot.text(&why).contains("Why is this here?"));
    scene.finish().await;
}

async fn a_direct_message_is_answered_in_the_conversation(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    scene
        .bot
        .user("ana")
        .says("@em-agent", "triage", None)
        .unwrap()
        .await;
    let answers = scene.until_direct("ana", 1).await;
    assert!(scene.bot.text(&answers[0]).contains(LIST));
    assert_eq!(answers[0].ephemeral_for, None, "nobody else is there");

    // The answer comes back to the bot as an event, and must not be answered in turn.
    scene
        .bot
        .user("ana")
        .says("@em-agent", "traige", None)
        .unwrap()
        .await;
    let answers = scene.until_direct("ana", 2).await;
    assert!(
        scene
            .bot
            .text(&answers[1])
            .contains("Did you mean `/em-agent triage`?")
    );
    assert_eq!(said_by_bot(&scene.bot), 2);

    let typed = scene.bot.ask("ana", "@em-agent", "/em-agent triage").await;
    assert!(
        scene.bot.text(&typed).contains("Retry failed payouts"),
        "the slash command works there too"
    );
    scene.finish().await;
}

async fn what_slack_escapes_or_links_is_shown_as_it_was_typed(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("ana", "/em-agent a&b<c>").await, @r"
    em-agent (only ana sees this):
      I do not know `a&b<c>`. This shows what I can do: `/em-agent help`
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage @ben").await, @r"
    em-agent (only ana sees this):
      I do not understand “<@U0BEN>”.
      It is typed like this: `/em-agent triage [mine] [--team T]`
    ");
    assert_snapshot!(scene.answer("ana", "/em-agent triage post #ops #payments").await, @r"
    em-agent (only ana sees this):
      I do not understand “#payments”.
      It is typed like this: `/em-agent triage post [#channel]`
    ");
    scene.finish().await;
}

async fn a_mention_without_words_gets_help(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    scene
        .bot
        .user("ana")
        .says("#ops", "@em-agent", None)
        .unwrap()
        .await;
    until_said(&scene.bot, "#ops", "What I can do").await;
    scene.finish().await;
}

/// Posts to one of the bot's addresses for Slack, signed as Slack signs.
async fn post(bot: &TestBot, path: &str, content_type: &str, body: &str) -> u16 {
    let now = em_domain::clock::Clock::now(&bot.clock).timestamp();
    let request = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(bot.url(path))
        .header("content-type", content_type)
        .header("x-slack-request-timestamp", now.to_string())
        .header(
            "x-slack-signature",
            sign(bot.slack.signing_secret(), now, body.as_bytes()),
        )
        .body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

/// An event as the Events API sends it.
async fn event(bot: &TestBot, id: &str, event: serde_json::Value) {
    let body =
        json!({"type": "event_callback", "event_id": id, "team_id": "T0ACME", "event": event}).to_string();
    assert_eq!(post(bot, "/slack/events", "application/json", &body).await, 200);
}

async fn own_messages_edits_and_other_bots_are_not_answered(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    let says = |more: serde_json::Value| {
        let mut event = json!({"type": "message", "channel_type": "im", "channel": "C0OPS", "user": "U0ANA", "text": "triage"});
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    event(&scene.bot, "Ev-own", says(json!({"user": "U0EMAGENT"}))).await;
    event(&scene.bot, "Ev-bot", says(json!({"bot_id": "B0OTHER"}))).await;
    event(&scene.bot, "Ev-edit", says(json!({"subtype": "message_changed"}))).await;
    event(&scene.bot, "Ev-join", says(json!({"subtype": "channel_join"}))).await;
    event(&scene.bot, "Ev-nobody", says(json!({"user": null}))).await;
    event(
        &scene.bot,
        "Ev-unknown",
        json!({"type": "reaction_added", "user": "U0ANA"}),
    )
    .await;
    // The events before are done with once a later one is answered.
    event(&scene.bot, "Ev-ana", says(json!({"text": "whoami"}))).await;
    until_said(&scene.bot, "#ops", "You are @ana").await;
    assert_eq!(said_by_bot(&scene.bot), 1);
    scene.finish().await;
}

async fn a_request_that_comes_twice_acts_once(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    let mention =
        json!({"type": "app_mention", "channel": "C0OPS", "user": "U0ANA", "text": "<@U0EMAGENT> whoami"});
    event(&scene.bot, "Ev-1", mention.clone()).await;
    event(&scene.bot, "Ev-1", mention.clone()).await;
    until_said(&scene.bot, "#ops", "You are @ana").await;
    // Another replica, or this one after a restart, knows the id from the database.
    let scene = scene.restart("").await;
    event(&scene.bot, "Ev-1", mention).await;

    let url = "http://127.0.0.1:9/nowhere";
    let body = format!(
        "command=/em-agent&text=triage+post+%23payments&user_id=U0ANA&channel_id=C0OPS&trigger_id=t1&response_url={url}"
    );
    for _ in 0..2 {
        assert_eq!(
            post(
                &scene.bot,
                "/slack/commands",
                "application/x-www-form-urlencoded",
                &body
            )
            .await,
            200
        );
    }
    until_said(&scene.bot, "#payments", "What is stuck").await;
    scene.answer("ben", "/em-agent whoami").await;
    assert_eq!(said_by_bot(&scene.bot), 3, "one answer to each");
    scene.finish().await;
}

async fn who_types_too_fast_is_told_to_wait(database: TestDatabase) {
    let scene = Scene::start_with(database, "[http]\nrate_limit_per_min = 2\n").await;
    for _ in 0..2 {
        assert!(
            scene
                .answer("ana", "/em-agent whoami")
                .await
                .contains("You are @ana")
        );
    }
    assert_snapshot!(scene.answer("ana", "/em-agent whoami").await, @r"
    em-agent (only ana sees this):
      That was a lot at once. Wait a minute, then go on.
    ");
    assert!(
        scene
            .answer("ben", "/em-agent whoami")
            .await
            .contains("You are @ben"),
        "others are not held up"
    );
    scene.finish().await;
}

async fn ten_thousand_characters_get_a_short_answer(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let long = "<!channel>*_~`x".repeat(10_000 / 15);
    for text in [
        format!("/em-agent {long}"),
        format!("/em-agent triage {long}"),
        format!("/em-agent help {long}"),
        format!("/em-agent link github {long}"),
    ] {
        let answer = scene.bot.ask("ana", "#ops", &text).await;
        assert_eq!(answer.mentions(), []);
        let said = scene.bot.text(&answer);
        assert!(said.chars().count() < 2_000, "{said}");
    }
    let words = "qz ".repeat(3_300);
    assert_snapshot!(scene.answer("ana", &format!("/em-agent {words}")).await, @r"
    em-agent (only ana sees this):
      I do not know `qz`. This shows what I can do: `/em-agent help`
    ");
    scene.finish().await;
}

async fn the_shortcut_answers_in_a_direct_message(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    assert!(
        scene
            .bot
            .user("dmitri")
            .shortcut("triage.show", None)
            .unwrap()
            .await
            .is_acked()
    );
    let answers = scene.until_direct("dmitri", 1).await;
    assert!(scene.bot.text(&answers[0]).contains("Retry failed payouts"));
    // A list in a direct message has the same buttons.
    scene.pull("Rename the ledger", "ben-k").await;
    assert!(
        scene
            .bot
            .user("dmitri")
            .clicks(&answers[0], "triage.refresh")
            .unwrap()
            .await
            .is_acked()
    );
    let direct = answers[0].channel.clone();
    until_said(&scene.bot, &direct, "Rename the ledger").await;
    assert_eq!(scene.direct("dmitri").len(), 1, "replaced, not repeated");
    scene.finish().await;
}

fn target(bot: &TestBot) -> HttpTarget {
    HttpTarget {
        commands: bot.url("/slack/commands"),
        interactions: bot.url("/slack/interactions"),
        events: bot.url("/slack/events"),
        signing: Signing::Right,
    }
}

async fn everything_works_over_signed_http_too(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    let ana = scene.bot.user("ana").over_http(target(&scene.bot));
    assert!(ana.types("#ops", "/em-agent triage").unwrap().await.is_acked());
    let list = until_said(&scene.bot, "#ops", LIST).await;
    assert!(
        ana.clicks(&list, entry(&list, 1, "Why here?"))
            .unwrap()
            .await
            .is_acked()
    );
    until_said(&scene.bot, "#ops", "Why is this here?").await;
    assert!(
        ana.clicks(&list, entry(&list, 1, "Snooze…"))
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    let chosen = [
        ("reason", "Parked on purpose"),
        ("until", "Next working day · Fri 16 Jan 09:00"),
    ];
    assert!(ana.submits(&modal, chosen).unwrap().await.is_acked());
    until_said(&scene.bot, "#ops", "Snoozed acme/payments#1").await;
    ana.says("#ops", "@em-agent whoami", None).unwrap().await;
    until_said(&scene.bot, "#ops", "You are @ana").await;
    assert!(ana.opens_home().await.is_acked());
    scene.bot.until(|w| w.home("ana").cloned()).await;
    scene.finish().await;
}

async fn a_forged_request_does_nothing(database: TestDatabase) {
    let scene = one_open_pull(database).await;
    for signing in [Signing::Wrong, Signing::Missing, Signing::Old(301)] {
        let forger = scene
            .bot
            .user("ana")
            .over_http(target(&scene.bot).signed(signing));
        let outcome = forger.types("#ops", "/em-agent triage post #ops").unwrap().await;
        assert!(!outcome.is_acked(), "{signing:?}: {outcome:?}");
    }
    scene.answer("ana", "/em-agent whoami").await;
    assert_eq!(said_by_bot(&scene.bot), 1);
    scene.finish().await;
}
