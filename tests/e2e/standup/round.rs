//! A standup that is held: people are asked where they are, the answer is filled in already, one message is posted and
//! edited, blockers end by themselves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use em_domain::clock::{Clock as _, SystemClock};
use em_simulator::github::NewPull;
use em_simulator::workspace::Message;
use em_simulator::{Fault, Options, Simulator};
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::process::Program;
use crate::scene::{Scene, assert_snapshot, january};
use crate::schedule::fire::{begun_to_post, posts, posts_once_when_started_again};

both_engines!(
    a_standup_is_asked_for_answered_posted_and_edited_as_answers_come_and_blockers_end,
    whoever_is_away_or_says_nothing_is_left_in_peace,
    a_standup_is_posted_once_by_two_replicas_and_after_a_restart,
    a_program_killed_while_it_posts_a_standup_leaves_one_post,
    what_was_missed_for_hours_is_skipped_and_history_says_so,
    an_old_round_is_not_edited_and_strangers_have_no_part_in_it,
    an_old_blocker_is_told_to_somebody_once,
    nothing_to_say_is_not_posted,
    a_standup_can_be_posted_at_once_and_mistakes_are_answered_in_words,
);

/// Everybody is asked at nine in Berlin, eight UTC, and the standup is posted an hour later.
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

fn at(day: u32, hour: u32, minute: i64) -> DateTime<Utc> {
    january(day, hour) + TimeDelta::minutes(minute)
}

/// The bot on the evening before a standup of Friday the 16th, after Ana merged something and Ben waits for her.
async fn evening_before(database: TestDatabase, toml: &str) -> Scene {
    let scene = Scene::start_with(database, "").await;
    let merged = scene
        .open(&NewPull::new("Round half to even", "ana-ruiz"), january(15, 8))
        .await;
    scene.tell(&merged.merge("ana-ruiz", january(15, 9))).await;
    scene.bot.clock.set(at(15, 20, 0));
    scene.restart(toml).await
}

/// Lets what is due by the clock be looked at; the bot does so every two seconds of the machine's time.
async fn looked_at_again() {
    tokio::time::sleep(Duration::from_millis(3500)).await;
}

fn in_ops(scene: &Scene) -> Vec<Message> {
    scene.bot.slack.read(|workspace| {
        let ops = workspace.channel("ops").unwrap().id.clone();
        let all = workspace.messages(&ops);
        all.filter(|message| message.by_app && message.ephemeral_for.is_none())
            .cloned()
            .collect()
    })
}

async fn until_ops(scene: &Scene, what: impl Fn(&str) -> bool) -> Vec<Message> {
    scene
        .bot
        .until(|workspace| {
            let ops = workspace.channel("ops").unwrap().id.clone();
            let all: Vec<Message> = workspace
                .messages(&ops)
                .filter(|message| message.by_app && message.ephemeral_for.is_none())
                .cloned()
                .collect();
            all.iter()
                .any(|message| what(&workspace.message_text(message)))
                .then_some(all)
        })
        .await
}

async fn answer(scene: &Scene, user: &str, values: &[(&str, &str)]) {
    let question = scene.until_direct(user, 1).await[0].clone();
    let person = scene.bot.user(user);
    assert!(
        person
            .clicks(&question, "standup.answer")
            .unwrap()
            .await
            .is_acked()
    );
    let modal = scene.until_modal(user).await;
    let sent = person.submits(&modal, values.to_vec()).unwrap().await;
    assert!(sent.is_acked(), "{sent:?}");
    scene
        .bot
        .until(|workspace| {
            let channel = workspace.direct_with(&person.id)?.id.clone();
            let first = workspace.messages(&channel).find(|message| message.by_app)?;
            workspace.message_text(first).contains("Edit…").then_some(())
        })
        .await;
}

async fn a_standup_is_asked_for_answered_posted_and_edited_as_answers_come_and_blockers_end(
    database: TestDatabase,
) {
    let scene = evening_before(database, STANDUP).await;
    let blocked = scene
        .open(&NewPull::new("Rename the ledger", "ben-k"), january(15, 7))
        .await;
    scene.bot.clock.set(at(16, 8, 1));
    let question = scene.until_direct("ana", 1).await[0].clone();
    assert_snapshot!(scene.bot.text(&question), @r"
    em-agent:
      *Standup of payments*. I have filled in the one thing that I saw.
      [Answer…] [Nothing today]
      · It is posted Fri 16 Jan 10:00; a later answer is added to it. Away? `/em-agent standup away tomorrow 2026-08-14`
    ");

    let ana = scene.bot.user("ana");
    assert!(ana.clicks(&question, "standup.answer").unwrap().await.is_acked());
    let modal = scene.until_modal("ana").await;
    assert_snapshot!(scene.bot.slack.read(|w| w.view_text(&modal)), @r#"
    modal "Standup"
      *payments*
      • Merged Round half to even <https://github.com/acme/payments/pull/1> · acme/payments#1
      · This is what I saw. The fields are yours: take out, add, say it better.
      Done, a line each (optional): [Merged Round half to even (acme/payments#1)]
      Next, a line each (optional): [____]
      Blocked, a line each. I keep each until it is gone. (optional): [____]
      [Cancel] [Send]
    "#);
    let sent = ana
        .submits(&modal, [("next", "- Ledger rename <!channel>")])
        .unwrap()
        .await;
    assert!(sent.is_acked());
    let thanked = scene
        .bot
        .until(|workspace| {
            let channel = workspace.direct_with("U0ANA")?.id.clone();
            let first = workspace.messages(&channel).find(|message| message.by_app)?;
            let text = workspace.message_text(first);
            text.contains("Thank you").then_some(text)
        })
        .await;
    assert_snapshot!(thanked, @r"
    em-agent (edited):
      Thank you. Your answer to the standup of payments is in, Fri 16 Jan 09:01.
      [Edit…]
    ");

    // Only Ben is reminded.
    scene.bot.clock.set(at(16, 8, 31));
    scene.until_direct("ben", 2).await;
    assert_eq!(scene.direct("ana").len(), 1);

    scene.bot.clock.set(at(16, 9, 0));
    let posted = until_ops(&scene, |text| {
        text.contains("Round half to even") && text.contains("thread")
    })
    .await;
    assert_snapshot!(scene.bot.text(&posted[0]), @r"
    em-agent:
      # Standup: payments · Fri 16 Jan
      1 merged, 0 deployed or released, 0 reviewed
      *Shipped · 1*
      • Merged Round half to even <https://github.com/acme/payments/pull/1> · acme/payments#1
      *Blocked · 1*
      • Rename the ledger <https://github.com/acme/payments/pull/2> · acme/payments#2 · by ben-k · waiting for 1 d 1 h · Nobody has been asked to review yet; the author can ask somebody
      · 1 of 2 answered. What happened since Thu 15 Jan 00:00, until Fri 16 Jan 10:00. Who did what is in the thread.
    ");
    let thread = until_ops(&scene, |text| text.contains("Ledger rename")).await;
    assert_snapshot!(scene.bot.text(&thread[1]), @r"
    ↳ em-agent:
        *ana*
        Done: Merged Round half to even (acme/payments#1)
        Next: Ledger rename <!channel>
        *ben* · 1 opened, 1 blocked
        • Opened Rename the ledger <https://github.com/acme/payments/pull/2> · acme/payments#2
    ");

    // A late answer is edited in; its blocker ends when what it is about is merged.
    answer(&scene, "ben", &[("blocked", "review of acme/payments#2")]).await;
    let edited = until_ops(&scene, |text| text.contains("2 of 2 answered")).await;
    assert_eq!(edited.len(), 2);
    let named = scene.bot.text(&edited[0]);
    let to_it = "review of acme/payments#2 <https://github.com/acme/payments/pull/2>";
    assert!(named.contains(to_it), "{named}");
    scene.bot.clock.set(at(16, 11, 0));
    scene.tell(&blocked.merge("ana-ruiz", at(16, 10, 59))).await;
    let healed = scene
        .bot
        .until(|workspace| {
            let ops = workspace.channel("ops").unwrap().id.clone();
            let first = workspace
                .messages(&ops)
                .find(|message| message.by_app && message.ephemeral_for.is_none())?;
            let text = workspace.message_text(first);
            (!text.contains("Blocked")).then_some(text)
        })
        .await;
    assert!(healed.contains("2 of 2 answered"), "{healed}");
    assert_eq!(in_ops(&scene).len(), 2);
    scene.finish().await;
}

async fn whoever_is_away_or_says_nothing_is_left_in_peace(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    let away = scene.answer("ben", "/em-agent standup away tomorrow").await;
    assert_snapshot!(away, @r"
    em-agent (only ben sees this):
      You are away Fri 16 Jan. I ask you nothing on those days, and standups say that you are away.
      · To take it back: `/em-agent standup away off`
    ");
    scene.bot.clock.set(at(16, 8, 1));
    let question = scene.until_direct("ana", 1).await[0].clone();
    assert!(
        scene
            .bot
            .user("ana")
            .clicks(&question, "standup.skip")
            .unwrap()
            .await
            .is_acked()
    );
    scene.bot.clock.set(at(16, 9, 0));
    let posted = until_ops(&scene, |text| text.contains("Away: *ben*")).await;
    assert!(scene.bot.text(&posted[0]).contains("0 of 1 answered"));
    assert_eq!(scene.direct("ben").len(), 0);
    assert_eq!(scene.direct("ana").len(), 1);
    let back = scene.answer("ben", "/em-agent standup away off").await;
    assert!(back.contains("You are not away"), "{back}");
    scene.finish().await;
}

async fn a_standup_is_posted_once_by_two_replicas_and_after_a_restart(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    let replica = scene.bot.replica(STANDUP).await;
    scene.bot.clock.set(at(16, 9, 0));
    until_ops(&scene, |text| text.contains("Round half to even")).await;
    looked_at_again().await;
    replica.stop().await;
    let scene = scene.restart(STANDUP).await;
    looked_at_again().await;
    assert_eq!(in_ops(&scene).len(), 2);
    assert_eq!((scene.direct("ana").len(), scene.direct("ben").len()), (1, 1));
    scene.finish().await;
}

async fn a_program_killed_while_it_posts_a_standup_leaves_one_post(database: TestDatabase) {
    let slack = Simulator::start(Options::default()).await.unwrap();
    let program = Program::new().for_slack(&slack).on(&database);
    // In a zone where it is about noon now, by the machine's own clock; Etc/GMT+3 is three hours behind Greenwich.
    let now = SystemClock.now();
    let ahead = 12 - i64::from(now.hour());
    let due_at = now + TimeDelta::hours(ahead) - TimeDelta::minutes(1);
    let toml = format!(
        "[teams.payments]\nmembers = [\"ana-ruiz\"]\n[standups.payments]\nchannel = \"ops\"\nmode = \"digest\"\n\
         days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nposts_when_empty = true\n\
         zone = \"Etc/GMT{:+}\"\nask_at = \"09:00\"\npost_at = \"{}\"\n",
        -ahead,
        due_at.format("%H:%M")
    );
    program.write("em-agent.toml", toml);
    slack.faults().next("chat.postMessage", Fault::Hang);
    let bot = program.start().await;
    begun_to_post(&slack).await;
    bot.kill().await;
    assert_eq!(posts(&slack), 0);

    posts_once_when_started_again(&program, &slack).await;
    slack.stop().await;
}

async fn what_was_missed_for_hours_is_skipped_and_history_says_so(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    scene.bot.clock.set(at(16, 8, 1));
    scene.until_direct("ana", 1).await;
    // The machine sleeps over the hour of the post, and over the weekend.
    scene.bot.clock.set(at(16, 15, 0));
    looked_at_again().await;
    scene.bot.clock.set(at(18, 15, 0));
    looked_at_again().await;
    assert_eq!(in_ops(&scene).len(), 0);
    let history = scene.answer("ana", "/em-agent standup history").await;
    assert_snapshot!(history, @r"
    em-agent (only ana sees this):
      # Standup: payments · history
      *Fri 16 Jan* · skipped: I was not running when it was due
    ");
    scene.finish().await;
}

async fn an_old_round_is_not_edited_and_strangers_have_no_part_in_it(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    scene.bot.clock.set(at(16, 8, 1));
    let question = scene.until_direct("ana", 1).await[0].clone();
    scene.bot.clock.set(at(19, 8, 1));
    scene.until_direct("ana", 2).await;
    let refused = scene.click("ana", &question, "standup.answer").await;
    assert!(scene.bot.text(&refused).contains("The next standup has begun"));
    let none = scene.answer("chloe", "/em-agent standup checkin").await;
    assert!(none.contains("asks you anything"), "{none}");
    let mine = scene.answer("ana", "/em-agent standup checkin").await;
    assert!(mine.contains("Answer…"), "{mine}");
    scene.finish().await;
}

async fn an_old_blocker_is_told_to_somebody_once(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    scene.bot.clock.set(at(16, 8, 1));
    answer(&scene, "ana", &[("blocked", "No access to staging")]).await;
    // Two working days later: Friday, Monday, and a little of Tuesday.
    scene.bot.clock.set(at(20, 9, 0));
    let told = scene.until_direct("dmitri", 1).await[0].clone();
    assert_snapshot!(scene.bot.text(&told), @r"
    em-agent:
      *Can you unblock this?*
      @ana is blocked since Fri 16 Jan 09:01: No access to staging
      [Resolved] [Mute these]
      · You are told once. All of them: `/em-agent standup blockers`
    ");
    looked_at_again().await;
    assert_eq!(scene.direct("dmitri").len(), 1);
    let list = scene.answer("ana", "/em-agent standup blockers").await;
    assert!(list.contains("No access to staging"), "{list}");
    assert!(
        scene
            .bot
            .user("dmitri")
            .clicks(&told, "standup.resolve")
            .unwrap()
            .await
            .is_acked()
    );
    let list = scene
        .bot
        .until(|workspace| {
            let channel = workspace.direct_with("U0DMITRI")?.id.clone();
            let first = workspace.messages(&channel).find(|message| message.by_app)?;
            let text = workspace.message_text(first);
            text.contains("Resolved after").then_some(text)
        })
        .await;
    assert!(list.contains("somebody said so"), "{list}");
    scene.finish().await;
}

async fn nothing_to_say_is_not_posted(database: TestDatabase) {
    let scene = Scene::start_with(database, "").await;
    scene.bot.clock.set(at(15, 20, 0));
    let scene = scene.restart(STANDUP).await;
    scene.bot.clock.set(at(16, 9, 0));
    scene
        .bot
        .until(|_| {
            scene
                .bot
                .slack
                .faults()
                .count("chat.postMessage")
                .ge(&2)
                .then_some(())
        })
        .await;
    looked_at_again().await;
    assert_eq!(in_ops(&scene).len(), 0);
    // Whoever says something late is posted after all.
    answer(&scene, "ana", &[("done", "Thought about things")]).await;
    until_ops(&scene, |text| text.contains("Thought about things")).await;
    scene.finish().await;
}

async fn a_standup_can_be_posted_at_once_and_mistakes_are_answered_in_words(database: TestDatabase) {
    let scene = evening_before(database, STANDUP).await;
    let unknown = scene
        .answer("ana", "/em-agent standup post --standup search")
        .await;
    assert!(
        unknown.contains("There is no standup called “search”. There are: payments."),
        "{unknown}"
    );
    for (text, says) in [
        ("standup away 2026-02-30", "is not a day"),
        ("standup away 2026-02-03 2026-02-01", "is before"),
        ("standup away 2025-02-03", "is over"),
    ] {
        let said = scene.answer("ana", &format!("/em-agent {text}")).await;
        assert!(said.contains(says), "{said}");
    }
    let posted = scene.answer("ana", "/em-agent standup post").await;
    assert!(posted.contains("The standup stands in"), "{posted}");
    let again = scene.answer("ana", "/em-agent standup post").await;
    assert!(again.contains("The standup stands in"), "{again}");
    assert_eq!(in_ops(&scene).len(), 2);
    scene.finish().await;
}
