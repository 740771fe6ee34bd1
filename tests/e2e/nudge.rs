//! *Nudge* on a row: tells the person whose turn it is, in a direct message, at most once a day.

use em_simulator::Fault;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot, entry, january};

both_engines!(
    whose_turn_it_is_gets_one_direct_message_a_day,
    of_two_who_click_at_once_one_sends,
    people_who_are_not_known_in_slack_are_named,
    where_nobody_is_asked_nobody_is_told,
    what_has_moved_on_nudges_nobody,
    a_message_that_slack_refused_can_be_sent_again,
);

/// Ben's pull request waits for Chloe, whose account is known.
async fn waiting_for_chloe(database: TestDatabase) -> (Scene, em_simulator::github::Pull) {
    let scene = Scene::start_with(database, "[people]\nU0CHLOE = \"chloe-m\"\n").await;
    let pull = scene.pull("Retry failed payouts", "ben-k").await;
    scene
        .tell(&pull.request_review("ben-k", "chloe-m", january(13, 11)))
        .await;
    (scene, pull)
}

async fn whose_turn_it_is_gets_one_direct_message_a_day(database: TestDatabase) {
    let (scene, _) = waiting_for_chloe(database).await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    let told = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert_snapshot!(scene.bot.text(&told), @r"
    em-agent (only ana sees this):
      Told *@chloe* about acme/payments#1 in a direct message.
    ");
    assert_snapshot!(scene.bot.text(&scene.direct("chloe")[0]), @r"
    em-agent:
      @ana asks for your help with a pull request.
      *Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1
      What is needed: your review
      It has been your turn for 1 d 7 h of working time, since Tue 13 Jan 11:00
      [Open pull request] [Mute these]
      · You get at most one such message a day about each pull request.
    ");

    let again = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert_snapshot!(scene.bot.text(&again), @r"
    em-agent (only ana sees this):
      *@chloe* was told about acme/payments#1 already: Thu 15 Jan 10:00. Once a day is enough, so nothing was sent.
    ");
    assert_eq!(scene.direct("chloe").len(), 1);

    scene.bot.clock.set(january(16, 9));
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert_eq!(scene.direct("chloe").len(), 2, "a new day");
    scene.finish().await;
}

async fn of_two_who_click_at_once_one_sends(database: TestDatabase) {
    let (scene, _) = waiting_for_chloe(database).await;
    scene.answer("ana", "/em-agent triage post #payments").await;
    let list = scene
        .bot
        .until(|w| {
            w.messages("#payments")
                .find(|m| m.by_app && m.ephemeral_for.is_none())
                .cloned()
        })
        .await;

    let clicks = ["ana", "ben", "eve"].map(|user| scene.click(user, &list, entry(&list, 1, "Nudge")));
    let answers = futures::future::join_all(clicks).await;

    assert_eq!(scene.direct("chloe").len(), 1);
    let sent = answers
        .iter()
        .filter(|answer| scene.bot.text(answer).contains("in a direct message"))
        .count();
    let late = answers
        .iter()
        .filter(|answer| scene.bot.text(answer).contains("already"))
        .count();
    assert_eq!((sent, late), (1, 2));
    scene.finish().await;
}

async fn people_who_are_not_known_in_slack_are_named(database: TestDatabase) {
    let (scene, pull) = waiting_for_chloe(database).await;
    scene
        .tell(&pull.request_review("ben-k", "stranger", january(13, 12)))
        .await;
    let alone = scene.pull("Rename the ledger", "ben-k").await;
    scene
        .tell(&alone.request_review("ben-k", "stranger", january(13, 12)))
        .await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;

    let both = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert_snapshot!(scene.bot.text(&both), @r"
    em-agent (only ana sees this):
      Told *@chloe* about acme/payments#1 in a direct message.
      I do not know the Slack name of *stranger*. They can tell me with `/em-agent link github NAME`.
    ");
    let nobody = scene.click("ana", &list, entry(&list, 2, "Nudge")).await;
    assert_snapshot!(scene.bot.text(&nobody), @r"
    em-agent (only ana sees this):
      Nobody was told about acme/payments#2.
      I do not know the Slack name of *stranger*. They can tell me with `/em-agent link github NAME`.
    ");
    scene.finish().await;
}

async fn where_nobody_is_asked_nobody_is_told(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Rename the ledger", "ben-k").await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    let answer = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert_snapshot!(scene.bot.text(&answer), @r"
    em-agent (only ana sees this):
      Nobody is named on acme/payments#1, so nobody was told. Ask somebody to review it on GitHub.
    ");
    scene.finish().await;
}

async fn what_has_moved_on_nudges_nobody(database: TestDatabase) {
    let (scene, pull) = waiting_for_chloe(database).await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    scene.tell(&pull.merge("ben-k", january(15, 10))).await;

    let answer = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;

    assert_snapshot!(scene.bot.text(&answer), @r"
    em-agent (only ana sees this):
      acme/payments#1 has moved on since this list was made, so nobody was told.
    ");
    assert!(scene.direct("chloe").is_empty());
    scene.finish().await;
}

async fn a_message_that_slack_refused_can_be_sent_again(database: TestDatabase) {
    let (scene, _) = waiting_for_chloe(database).await;
    let list = scene.bot.ask("ana", "#ops", "/em-agent triage").await;
    scene
        .bot
        .slack
        .faults()
        .next("chat.postMessage", Fault::Error("restricted_action".to_owned()));

    let refused = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert!(
        scene.bot.text(&refused).contains("Slack did not accept it"),
        "{}",
        scene.bot.text(&refused)
    );
    assert!(scene.direct("chloe").is_empty());

    let sent = scene.click("ana", &list, entry(&list, 1, "Nudge")).await;
    assert!(
        scene.bot.text(&sent).contains("Told *@chloe*"),
        "{}",
        scene.bot.text(&sent)
    );
    assert_eq!(scene.direct("chloe").len(), 1);
    scene.finish().await;
}
