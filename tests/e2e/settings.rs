//! `/em-agent settings`: what somebody wants to be told, and when; what was held comes in one message in the morning.

use chrono::{DateTime, TimeDelta, Utc};
use em_storage::testing::TestDatabase;
use em_tests::both_engines;
use serde_json::{Value, json};

use crate::scene::{Scene, assert_snapshot, entry, january};

both_engines!(
    settings_are_shown_changed_by_a_form_and_mistakes_stand_beside_their_fields,
    what_comes_at_night_comes_in_one_message_in_the_morning_without_what_is_done_by_then,
    whoever_does_not_want_nudges_gets_none_and_the_asker_hears_it,
    what_is_more_than_somebody_wants_in_a_day_waits_for_the_next,
    a_night_survives_a_restart_and_two_replicas_deliver_once,
    an_account_is_linked_and_taken_back_in_the_form,
);

const CHLOE: &str = "[people]\nU0CHLOE = \"chloe-m\"\n";

fn at(day: u32, hour: u32, minute: i64) -> DateTime<Utc> {
    january(day, hour) + TimeDelta::minutes(minute)
}

async fn form(scene: &Scene, user: &str) -> em_simulator::workspace::View {
    let shown = scene.bot.ask(user, "#ops", "/em-agent settings").await;
    let opened = scene
        .bot
        .user(user)
        .clicks(&shown, "settings.open")
        .unwrap()
        .await;
    assert!(opened.is_acked(), "{opened:?}");
    scene.until_modal(user).await
}

/// Saves the form, and waits until it is said to be saved.
async fn save(scene: &Scene, user: &str, values: &[(&str, Value)]) -> String {
    let before = scene.direct(user).len();
    let modal = form(scene, user).await;
    let sent = scene
        .bot
        .user(user)
        .submits(&modal, values.to_vec())
        .unwrap()
        .await;
    assert!(sent.is_acked(), "{sent:?}");
    let said = scene.until_direct(user, before + 1).await;
    scene.bot.text(&said[before]).replace('\u{2060}', "")
}

/// Ben's pull requests wait for Chloe, who wants quiet from 18:00 to 08:00 in Berlin.
async fn quiet_nights(database: TestDatabase, pulls: &[&str]) -> (Scene, Vec<em_simulator::github::Pull>) {
    let scene = Scene::start_with(database, CHLOE).await;
    let mut opened = Vec::new();
    for title in pulls {
        let pull = scene.pull(title, "ben-k").await;
        scene
            .tell(&pull.request_review("ben-k", "chloe-m", january(13, 11)))
            .await;
        opened.push(pull);
    }
    let quiet = [("quiet_from", json!("18:00")), ("quiet_to", json!("8"))];
    let saved = save(&scene, "chloe", &quiet).await;
    assert!(saved.contains("18:00–08:00"), "{saved}");
    (scene, opened)
}

async fn nudge(scene: &Scene, number: u64) -> String {
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    let told = scene.click("ana", &list, entry(&list, number, "Nudge")).await;
    scene.bot.text(&told)
}

async fn settings_are_shown_changed_by_a_form_and_mistakes_stand_beside_their_fields(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("fatima", "/em-agent settings").await, @r"
    em-agent (only fatima sees this):
      # Your settings
      | *GitHub*: not linked | *Quiet hours*: none
      | *Days off*: none | *Unasked messages a day*: at most 20, more of it the next morning
      | *Not at all*: nothing is turned off
      [Change…]
      · Days off: `/em-agent standup away 2026-08-03 2026-08-14` · What I hold back comes in one message when your quiet time ends.
    ");
    let modal = form(&scene, "fatima").await;
    let fatima = scene.bot.user("fatima");
    for (field, typed, says) in [
        ("github", "not--a--login", "cannot be a GitHub name"),
        ("quiet_from", "22:00", "Say until when"),
    ] {
        let values = [("github", ""), ("quiet_from", ""), (field, typed)];
        let _ = fatima.submits(&modal, values).unwrap().await;
        let shown = scene
            .bot
            .until(|w| {
                let view = w.modal("fatima")?;
                (!view.errors.is_empty()).then(|| format!("{:?}", view.errors))
            })
            .await;
        assert!(shown.contains(says), "{shown}");
    }
    let values = [
        ("github", json!("")),
        ("quiet_from", json!("22:00")),
        ("quiet_to", json!("7.30")),
        ("cap", json!("5")),
        ("muted", json!(["nudge", "blocker"])),
    ];
    assert!(fatima.submits(&modal, values).unwrap().await.is_acked());
    let saved = scene.until_direct("fatima", 1).await;
    assert_snapshot!(scene.bot.text(&saved[0]), @r"
    em-agent:
      Your settings are saved.
      | *GitHub*: not linked | *Quiet hours*: 22:00–07:30, Asia/Kolkata, and days without work
      | *Days off*: none | *Unasked messages a day*: at most 5, more of it the next morning
      | *Not at all*: Nudges about pull requests, Blockers that I am told of
    ");
    // The form is filled in with what was saved.
    let again = form(&scene, "fatima").await;
    let text = scene.bot.slack.read(|w| w.view_text(&again));
    assert!(text.contains("[22:00]") && text.contains("[07:30]"), "{text}");
    scene.finish().await;
}

async fn what_comes_at_night_comes_in_one_message_in_the_morning_without_what_is_done_by_then(
    database: TestDatabase,
) {
    let (scene, pulls) = quiet_nights(
        database,
        &["Retry failed payouts", "Rename the ledger", "Bump serde"],
    )
    .await;
    scene.bot.clock.set(at(15, 19, 0));
    for number in 1..=3 {
        let told = nudge(&scene, number).await;
        assert!(told.contains("when their quiet time ends"), "{told}");
    }
    let again = nudge(&scene, 1).await;
    assert!(again.contains("already"), "{again}");
    assert_eq!(scene.direct("chloe").len(), 1, "only what was saved");
    scene.tell(&pulls[1].merge("ben-k", at(15, 22, 0))).await;

    // Half past six in Berlin is still quiet.
    scene.bot.clock.set(at(16, 5, 30));
    assert_eq!(scene.direct("chloe").len(), 1);
    scene.bot.clock.set(at(16, 7, 0));
    let all = scene.until_direct("chloe", 2).await;
    assert_snapshot!(scene.bot.text(&all[1]), @r"
    em-agent:
      # While you had quiet: 2 things
      *Your turn*
      • Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1 · needed: your review · @ana asks for your help
      • Bump serde <https://github.com/acme/payments/pull/3> · acme/payments#3 · needed: your review · @ana asks for your help
      · When I write to you, and what about: `/em-agent settings`
      [Settings…]
    ");
    let now = nudge(&scene, 1).await;
    assert!(now.contains("Told *@chloe*"), "a new day, and no quiet: {now}");
    assert_eq!(scene.until_direct("chloe", 3).await.len(), 3);
    scene.finish().await;
}

async fn whoever_does_not_want_nudges_gets_none_and_the_asker_hears_it(database: TestDatabase) {
    let (scene, _) = quiet_nights(database, &["Retry failed payouts"]).await;
    save(&scene, "chloe", &[("muted", json!(["nudge"]))]).await;
    let told = nudge(&scene, 1).await;
    assert_snapshot!(told, @r"
    em-agent (only ana sees this):
      Not told: *@chloe* does not want to be nudged. Ask about acme/payments#1 in person.
    ");
    assert_eq!(scene.direct("chloe").len(), 2, "only what was saved");
    // Whoever changes their mind can be nudged on the same day.
    save(&scene, "chloe", &[("muted", json!([]))]).await;
    let told = nudge(&scene, 1).await;
    assert!(told.contains("Told *@chloe*"), "{told}");
    // The message itself turns its kind off too.
    let nudged = scene.direct("chloe").pop().unwrap();
    let muted = scene.bot.user("chloe").clicks(&nudged, "settings.mute").unwrap();
    assert!(muted.await.is_acked());
    scene
        .bot
        .until(|w| {
            let seen = w.all_messages().map(|message| w.message_text(message));
            let mut said = seen.filter(|text| text.contains("Your settings are saved."));
            said.find(|text| text.contains("*Not at all*: Nudges about pull requests"))
        })
        .await;
    scene.finish().await;
}

async fn what_is_more_than_somebody_wants_in_a_day_waits_for_the_next(database: TestDatabase) {
    let titles = ["One", "Two", "Three", "Four", "Five"];
    let (scene, _) = quiet_nights(database, &titles).await;
    save(&scene, "chloe", &[("cap", json!("3"))]).await;
    for number in 1..=3 {
        let told = nudge(&scene, number).await;
        assert!(told.contains("Told *@chloe*"), "{told}");
    }
    for number in 4..=5 {
        let told = nudge(&scene, number).await;
        assert!(told.contains("Not now"), "{told}");
    }
    let before = scene.until_direct("chloe", 5).await.len();
    scene.bot.clock.set(at(16, 7, 0));
    let all = scene.until_direct("chloe", before + 1).await;
    let text = scene.bot.text(&all[before]);
    assert!(
        text.contains("2 things") && text.contains("Four") && text.contains("Five"),
        "{text}"
    );
    scene.finish().await;
}

async fn a_night_survives_a_restart_and_two_replicas_deliver_once(database: TestDatabase) {
    let (scene, _) = quiet_nights(database, &["Retry failed payouts"]).await;
    scene.bot.clock.set(at(15, 19, 0));
    nudge(&scene, 1).await;
    let scene = scene.restart(CHLOE).await;
    let replica = scene.bot.replica(CHLOE).await;
    scene.bot.clock.set(at(16, 7, 0));
    let all = scene.until_direct("chloe", 2).await;
    assert!(scene.bot.text(&all[1]).contains("While you had quiet: one thing"));
    let user = em_domain::id::SlackUser::from("U0CHLOE");
    let overdue = scene
        .bot
        .database
        .store
        .notices()
        .list_overdue(at(17, 0, 0))
        .await
        .unwrap();
    assert!(overdue.iter().all(|(owner, _)| *owner == user));
    replica.stop().await;
    let scene = scene.restart(CHLOE).await;
    // What is asked for afterwards comes after whatever the start would have sent.
    scene.answer("chloe", "/em-agent whoami").await;
    assert_eq!(scene.direct("chloe").len(), 2);
    scene.finish().await;
}

async fn an_account_is_linked_and_taken_back_in_the_form(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let saved = save(&scene, "fatima", &[("github", json!("@octocat"))]).await;
    assert!(saved.contains("*GitHub*: octocat"), "{saved}");
    let taken = save(&scene, "ben", &[("github", json!("OctoCat"))]).await;
    assert!(
        taken.contains("linked to somebody else") && taken.contains("*GitHub*: not linked"),
        "{taken}"
    );
    let gone = save(&scene, "fatima", &[("github", json!(""))]).await;
    assert!(gone.contains("*GitHub*: not linked"), "{gone}");
    scene.finish().await;
}
