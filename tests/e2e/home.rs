//! The App Home: what waits for the one who looks.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot, entry_of, january};

both_engines!(
    the_home_of_a_linked_person_shows_what_waits_for_them,
    the_home_of_a_stranger_says_how_to_begin,
    refresh_draws_the_page_anew,
    a_row_on_the_page_works_as_in_a_message,
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
      *To start with*
      `/em-agent triage [mine] [--team T]`
      What is stuck, and who must move.
      `/em-agent triage post [#channel]`
      Post the list to a channel; I strike lines through as they clear.
      `/em-agent approvals [mine|all|<id>]`
      What waits for a decision, what waits for yours, and what became of the rest.
      `/em-agent approvals explain <id>`
      Which rules ask for an approval, who is missing, who could decide now.
      `/em-agent approve <id> [remark]`
      Agree to what somebody asks for.
      `/em-agent decline <id> [reason]`
      Say no to what somebody asks for.
      `/em-agent propose <action> <target> [options] [-- reason]`
      Ask for something to be done; the policy says whether somebody has to agree first.
      `/em-agent approvals delegate <@person> <days>`
      Let somebody decide for you while you are away; 0 days takes it back.
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
