//! *Snooze…* on a row: a question, a reason, a time; then the row is out of the way until then.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot, entry, january};

both_engines!(
    a_snoozed_row_leaves_the_list_is_shown_with_its_reason_and_comes_back,
    what_is_closed_cannot_be_snoozed,
    a_second_snooze_takes_the_place_of_the_first,
);

async fn a_snoozed_row_leaves_the_list_is_shown_with_its_reason_and_comes_back(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    scene.pull("Rename the ledger", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    assert!(
        scene
            .bot
            .user("ana")
            .clicks(&list, entry(&list, 1, "Snooze…"))
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal("ana").await;
    assert_snapshot!(scene.bot.slack.read(|w| w.view_text(&modal)), @r#"
    modal "Snooze"
      Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1
      Why may it wait?: [(x) Waiting on product | ( ) Waiting on another change | ( ) The person is away | ( ) Parked on purpose]
      Until when?: [Next working day · Fri 16 Jan 09:00 ▾]
      · It is left out of the lists until then, and shown under Snoozed with your name.
      [Cancel] [Snooze]
    "#);

    let chosen = [
        ("reason", "Waiting on product"),
        ("until", "Next working day · Fri 16 Jan 09:00"),
    ];
    assert!(
        scene
            .bot
            .user("ana")
            .submits(&modal, chosen)
            .unwrap()
            .await
            .is_acked()
    );
    let confirmed = scene.bot.until(|w| {
        let seen = w.seen_by("ana", "#ops");
        seen.iter()
            .map(|m| w.message_text(m))
            .find(|text| text.contains("Snoozed acme/payments#1"))
    });
    assert_snapshot!(confirmed.await, @r"
    em-agent (only ana sees this):
      Snoozed acme/payments#1 until Fri 16 Jan 09:00: waiting on product. It comes back by itself.
    ");
    assert!(
        scene.bot.slack.read(|w| w.modal("ana").is_none()),
        "the question is gone"
    );

    assert_snapshot!(scene.answer("ana", "/em-agent triage").await, @r"
    em-agent (only ana sees this):
      # What is stuck, and who must move
      *1* open pull request waits
      *Waiting for a reviewer · 1*
      *Rename the ledger <https://github.com/acme/payments/pull/2>*
      acme/payments#2 · by ben-k · 2 d of working time since Tue 13 Jan 10:00
      Nobody has been asked to review yet; the author can ask somebody
      [⋯ Why here? | Nudge | Snooze… | Open]
      *Snoozed · 1*
      • Retry failed payouts <https://github.com/acme/payments/pull/1> · acme/payments#1
         waiting on product · by @ana · until Fri 16 Jan 09:00
      · As of Thu 15 Jan 10:00. Waits count working hours: Mon–Fri 09:00–17:00, UTC
      [Post to channel] [Refresh]
    ");

    scene.bot.clock.set(january(16, 9));
    let back = scene.answer("ana", "/em-agent triage").await;
    assert!(
        back.contains("*2* open pull requests wait") && !back.contains("Snoozed"),
        "{back}"
    );
    scene.finish().await;
}

async fn what_is_closed_cannot_be_snoozed(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    scene.tell(&pull.merge("ben-k", january(15, 10))).await;
    let answer = scene.click("ana", &list, entry(&list, 1, "Snooze…")).await;
    assert_snapshot!(scene.bot.text(&answer), @r"
    em-agent (only ana sees this):
      That pull request no longer waits for anybody, so there is nothing to snooze.
    ");
    scene.finish().await;
}

async fn a_second_snooze_takes_the_place_of_the_first(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    let mut later = String::new();
    for (reason, until) in [
        ("Parked on purpose", "In 2 working days · Mon 19 Jan 09:00"),
        ("The person is away", "In 2 weeks · Thu 29 Jan 09:00"),
    ] {
        assert!(
            scene
                .bot
                .user("ana")
                .clicks(&list, entry(&list, 1, "Snooze…"))
                .unwrap()
                .await
                .is_acked()
        );
        let modal = scene.until_modal("ana").await;
        let chosen = [("reason", reason), ("until", until)];
        assert!(
            scene
                .bot
                .user("ana")
                .submits(&modal, chosen)
                .unwrap()
                .await
                .is_acked()
        );
        let wanted = reason.to_lowercase();
        scene
            .bot
            .until(|w| {
                w.seen_by("ana", "#ops")
                    .iter()
                    .find(|m| w.message_text(m).to_lowercase().contains(&wanted))
                    .map(|_| ())
            })
            .await;
        later = scene.answer("ana", "/em-agent triage").await;
    }
    assert!(
        later.contains("the person is away · by @ana · until Thu 29 Jan 09:00"),
        "{later}"
    );
    assert_eq!(later.matches("Retry failed payouts").count(), 1, "{later}");
    scene.finish().await;
}
