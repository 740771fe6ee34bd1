//! The App Home: what waits for the one who looks.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot, entry_of, january};

both_engines!(
    the_home_of_a_linked_person_shows_what_waits_for_them,
    the_home_of_a_stranger_says_how_to_begin,
    refresh_draws_the_page_anew,
    a_row_on_the_page_works_as_in_a_message,
    an_open_page_follows_the_standup_and_shows_a_manager_their_team,
    settings_are_changed_on_the_page,
);

async fn waiting_for_chloe(database: TestDatabase) -> Scene {
    let scene = Scene::start_with(database, "[people]\nU0CHLOE = \"chloe-m\"\n").await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&pull.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    scene
}

async fn until_home(scene: &Scene, user: &str, words: &str) -> em_simulator::workspace::View {
    scene
        .bot
        .until(|w| {
            w.home(user)
                .filter(|home| w.view_text(home).contains(words))
                .cloned()
        })
        .await
}

async fn the_home_of_a_linked_person_shows_what_waits_for_them(database: TestDatabase) {
    let scene = waiting_for_chloe(database).await;
    assert!(scene.bot.user("chloe").opens_home().await.is_acked());
    let home = until_home(&scene, "chloe", "Retry failed payouts").await;
    assert_snapshot!(scene.bot.slack.read(|w| w.view_text(&home)), @r"
    App Home of chloe
      # What waits for you
      *Waiting for your review · 1*
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · by ben-k · 1 d 7 h of working time since Tue 13 Jan 11:00
      *@chloe* to review
      [⋯ Why here? | Nudge | Snooze… | Open]
      ---
      *You and your settings*
      | *GitHub*: chloe-m | *Quiet hours*: none
      | *Days off*: none | *Unasked messages a day*: at most 20, more of it the next morning
      | *Not at all*: nothing is turned off
      [Settings…]
      ---
      *To start with*
      `/em-agent triage [mine] [--team T]`
      What is stuck, and who must move.
      `/em-agent triage post [#channel]`
      Post the list to a channel; I strike lines through as they clear.
      `/em-agent standup [--team T] [since]`
      What was done since the last working day, what is blocked, and who can unblock it.
      `/em-agent standup post [#channel] [--standup NAME]`
      Post the standup of today to its channel now, or bring the one that stands there up to date.
      `/em-agent standup checkin`
      Answer your team’s standup of today, or edit your answer.
      `/em-agent standup skip`
      Say nothing in today’s standup, and be asked nothing.
      `/em-agent standup away [<from> [<to>] | off]`
      Say when you are away: you are asked and reminded of nothing on those days.
      `/em-agent standup blockers`
      What holds people up, for how long, with a button for what is resolved.
      · Everything: `/em-agent help`
      · You are *chloe-m* on GitHub. As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Refresh]
    ");
    scene.finish().await;
}

async fn the_home_of_a_stranger_says_how_to_begin(database: TestDatabase) {
    let scene = waiting_for_chloe(database).await;
    assert!(scene.bot.user("dmitri").opens_home().await.is_acked());
    let home = until_home(&scene, "dmitri", "link github NAME").await;
    let text = scene.bot.slack.read(|w| w.view_text(&home));
    assert!(
        text.contains("Tell me who you are on GitHub") && !text.contains("Retry failed"),
        "{text}"
    );
    scene.finish().await;
}

async fn refresh_draws_the_page_anew(database: TestDatabase) {
    let scene = waiting_for_chloe(database).await;
    scene.bot.user("chloe").opens_home().await;
    let home = until_home(&scene, "chloe", "Retry failed payouts").await;
    let other = scene.pull("Rename the ledger", "ben-k").await;
    scene
        .tell(&other.request_review("ben-k", "chloe-m", january(15, 9)))
        .await;
    assert!(
        scene
            .bot
            .user("chloe")
            .clicks_in_view(&home, "home.refresh")
            .unwrap()
            .await
            .is_acked()
    );
    until_home(&scene, "chloe", "Rename the ledger").await;
    scene.finish().await;
}

async fn a_row_on_the_page_works_as_in_a_message(database: TestDatabase) {
    let scene = waiting_for_chloe(database).await;
    scene.bot.user("chloe").opens_home().await;
    let home = until_home(&scene, "chloe", "Retry failed payouts").await;
    let person = scene.bot.user("chloe");

    // There is no message to answer under, so the answer comes directly.
    assert!(
        person
            .clicks_in_view(&home, entry_of(home.blocks(), 1, "Why here?"))
            .unwrap()
            .await
            .is_acked()
    );
    let why = scene.until_direct("chloe", 1).await;
    assert!(scene.bot.text(&why[0]).contains("Why is this here?"));

    assert!(
        person
            .clicks_in_view(&home, entry_of(home.blocks(), 1, "Snooze…"))
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("chloe").await;
    let chosen = [
        ("reason", "Parked on purpose"),
        ("until", "Next working day · Fri 16 Jan 09:00"),
    ];
    assert!(person.submits(&modal, chosen).unwrap().await.is_acked());
    let all = scene.until_direct("chloe", 2).await;
    assert!(
        scene.bot.text(&all[1]).contains("Snoozed acme/payments#1"),
        "{}",
        scene.bot.text(&all[1])
    );
    until_home(&scene, "chloe", "Nothing waits for you").await;
    scene.finish().await;
}

/// Everybody is asked at nine in Berlin, eight UTC; Dmitri looks after the team.
const STANDUP: &str = r#"
[calendar]
zone = "Europe/Berlin"
[people]
U0ANA = "ana-ruiz"
U0BEN = "ben-k"
[teams.payments]
repositories = ["acme/payments"]
members = ["ana-ruiz", "ben-k"]
[standups.payments]
channel = "ops"
ask_at = "09:00"
post_at = "10:00"
asks_in_own_zone = false
escalate_to = "U0DMITRI"
"#;

async fn an_open_page_follows_the_standup_and_shows_a_manager_their_team(database: TestDatabase) {
    let scene = Scene::start_with(database, "").await;
    let merged = scene.pull("Round half to even", "ana-ruiz").await;
    scene.tell(&merged.merge("ana-ruiz", january(15, 9))).await;
    scene.pull("Rename the ledger", "ben-k").await;
    let scene = scene.restart(STANDUP).await;
    scene
        .bot
        .clock
        .set(january(16, 8) + chrono::TimeDelta::minutes(1));
    scene.until_direct("ana", 1).await;
    for person in ["ana", "dmitri"] {
        assert!(scene.bot.user(person).opens_home().await.is_acked());
    }
    let mine = until_home(&scene, "ana", "you have not answered yet").await;
    let text = scene.bot.slack.read(|w| w.view_text(&mine));
    assert!(
        text.contains("What you did since the last working day")
            && text.contains("Merged Round half to even"),
        "{text}"
    );
    until_home(
        &scene,
        "dmitri",
        "*payments* · 1 waiting · 0 blocked · 0 of 2 answered",
    )
    .await;

    let ana = scene.bot.user("ana");
    assert!(
        ana.clicks_in_view(&mine, "standup.answer")
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    let sent = ana
        .submits(&modal, [("blocked", "No access to staging")])
        .unwrap()
        .await;
    assert!(sent.is_acked());
    until_home(
        &scene,
        "dmitri",
        "*payments* · 1 waiting · 1 blocked · 1 of 2 answered",
    )
    .await;
    let held_up = until_home(&scene, "ana", "What holds you up · 1").await;
    let text = scene.bot.slack.read(|w| w.view_text(&held_up));
    assert!(!text.contains("you have not answered yet"), "{text}");
    assert!(
        ana.clicks_in_view(&held_up, "standup.resolve")
            .unwrap()
            .await
            .is_acked()
    );
    until_home(&scene, "ana", "Nothing waits for you").await;
    scene.finish().await;
}

async fn settings_are_changed_on_the_page(database: TestDatabase) {
    let scene = waiting_for_chloe(database).await;
    let chloe = scene.bot.user("chloe");
    assert!(chloe.opens_home().await.is_acked());
    let home = until_home(&scene, "chloe", "*Quiet hours*: none").await;
    assert!(
        chloe
            .clicks_in_view(&home, "settings.open")
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("chloe").await;
    let values = [("quiet_from", "20:00"), ("quiet_to", "08:00")];
    assert!(chloe.submits(&modal, values).unwrap().await.is_acked());
    until_home(&scene, "chloe", "*Quiet hours*: 20:\u{2060}00–08:").await;
    scene.finish().await;
}
