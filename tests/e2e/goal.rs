//! Goals: whoever can act is told when a pull request nears one, the channel when the team misses it, and when it holds again.

use chrono::{DateTime, Duration, Utc};
use em_commands::{goal, signal};
use em_simulator::forms::interactive;
use em_simulator::github::NewPull;
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene, assert_snapshot, january};

both_engines!(
    a_goal_is_neared_then_missed_and_holds_again,
    the_team_misses_its_goal_is_told_once_and_hears_when_it_holds_again,
    a_goal_that_is_taken_out_closes_and_two_replicas_tell_once,
);

/// The team's goal, and one rule that finds nothing here, so that nothing else is told.
fn toml(folder: &tempfile::TempDir) -> String {
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, "- kind: failing_main\n").unwrap();
    format!(
        "[slack]\ndefault_channel = \"#payments\"\n[signals]\nenabled = true\nrules = '{}'\n[people]\nU0BEN = 'ben-k'\n\
         [teams.payments]\nrepositories = ['{REPO}']\ngoals = [{{ metric = 'time-to-first-review', \
         value = '4 working hours', window = '7d' }}]\n",
        rules.display()
    )
}

/// What stands in #payments, the replies in threads too.
fn posted(scene: &Scene) -> Vec<Message> {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    scene
        .bot
        .slack
        .read(|w| w.messages("#payments").filter(for_all).cloned().collect())
}

/// What is posted once the first message says so and this many are there: the bot looks by itself too, and may be at it.
async fn until_posted(scene: &Scene, count: usize, first: &str) -> Vec<Message> {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    scene
        .bot
        .until(|workspace| {
            let all: Vec<Message> = workspace.messages("#payments").filter(for_all).cloned().collect();
            let says_so = all
                .first()
                .is_some_and(|message| workspace.message_text(message).contains(first));
            (says_so && all.len() >= count).then_some(all)
        })
        .await
}

fn text(scene: &Scene, message: &Message) -> String {
    scene.bot.text(message).replace('\u{2060}', "")
}

fn texts(scene: &Scene) -> Vec<String> {
    posted(scene).iter().map(|message| text(scene, message)).collect()
}

async fn look(scene: &Scene) {
    signal::evaluate(&scene.bot.bot.ctx).await.unwrap();
}

async fn look_at_goals(scene: &Scene) {
    goal::evaluate(&scene.bot.bot.ctx).await.unwrap();
}

async fn a_goal_is_neared_then_missed_and_holds_again(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::start_with(database, &toml(&folder)).await;
    let new = NewPull::new("Retry failed payouts", "ana-ruiz");
    let pull = scene.open(&new, january(15, 10)).await;
    scene
        .tell(&pull.request_review("ana-ruiz", "ben-k", january(15, 10)))
        .await;
    scene.bot.clock.advance(Duration::minutes(179));
    look(&scene).await;
    assert_eq!(posted(&scene).len(), 0, "there is time");

    scene.bot.clock.advance(Duration::minutes(1));
    look(&scene).await;
    let told = until_posted(&scene, 1, "1 signal").await;
    assert_eq!(told.len(), 1);
    assert_snapshot!(scene.bot.text(&told[0]), @r"
    em-agent:
      # 1 signal, Thu 15 Jan 13:00
      *About to miss a goal · 1*
      *First review due within 4 working hours: Retry failed payouts <https://github.com/acme/payments/pull/1>*
      acme/payments#1 · info · *ben-k* · since Thu 15 Jan 10:00
      [Explain…]
    ");
    let direct = scene.until_direct("ben", 1).await;
    let said = text(&scene, &direct[0]);
    assert!(said.contains("Retry failed payouts"), "{said}");
    explains(&scene, &told[0]).await;

    scene.bot.clock.advance(Duration::hours(1));
    look(&scene).await;
    look(&scene).await;
    let past = until_posted(&scene, 1, "overdue").await;
    assert_eq!(past.len(), 1, "the same message");
    assert!(
        text(&scene, &past[0]).contains("First review overdue, goal 4 working hours: Retry failed payouts"),
        "{}",
        text(&scene, &past[0])
    );
    assert_eq!(scene.direct("ben").len(), 1, "nobody is told twice");

    scene
        .tell(&pull.review("ben-k", "commented", january(15, 14)))
        .await;
    look(&scene).await;
    let over = until_posted(&scene, 1, "✓").await;
    assert_eq!(over.len(), 1);
    assert!(
        text(&scene, &over[0]).contains("✓ Resolved"),
        "{}",
        text(&scene, &over[0])
    );
    scene.finish().await;
}

/// The button beside a signal opens the rows of its number.
async fn explains(scene: &Scene, message: &Message) {
    let buttons = interactive(&message.blocks);
    let value = buttons
        .iter()
        .find(|one| one.action_id == "dora.explain")
        .and_then(|one| one.element["value"].as_str())
        .map(str::to_owned);
    assert_eq!(
        value.as_deref(),
        Some("time-to-first-review 7d ours team payments")
    );
    let ana = scene.bot.user("ana");
    let click = ana.clicks(message, ("dora.explain", value.unwrap()));
    assert!(click.expect("it is there").await.is_acked());
    let view = scene.until_modal("ana").await;
    let shown = scene.bot.slack.read(|w| w.view_text(&view));
    assert!(shown.contains("payments, the last 7 days"), "{shown}");
}

/// Five changes on a day, each reviewed and merged these hours after it was put before reviewers at 9.
async fn changes(scene: &Scene, day: u32, reviewed: i64) {
    let at: DateTime<Utc> = january(day, 9);
    for number in 0..5 {
        let new = NewPull::new(&format!("Change {number} of {day}"), "ana-ruiz");
        let (pull, opened) = scene.github.open_pull(REPO, &new, at);
        let review = pull.review("ben-k", "approved", at + Duration::hours(reviewed));
        let merged = pull.merge("ben-k", at + Duration::hours(reviewed + 1));
        for delivery in [opened, review, merged] {
            scene.bot.github(&delivery).await;
        }
    }
    scene.bot.folded().await;
}

async fn the_team_misses_its_goal_is_told_once_and_hears_when_it_holds_again(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::start_with(database, &toml(&folder)).await;
    changes(&scene, 14, 6).await;
    look_at_goals(&scene).await;
    let told = until_posted(&scene, 1, "1 signal").await;
    assert_eq!(told.len(), 1);
    assert_snapshot!(scene.bot.text(&told[0]), @r"
    em-agent:
      # 1 signal, Thu 15 Jan 10:00
      *Goals that are missed · 1*
      *Time to first review of payments: 6 h in 7 days, goal at most 4 working hours*
      warning · since Thu 15 Jan 10:00
      [Explain…]
    ");
    explains(&scene, &told[0]).await;
    let told_text = texts(&scene);
    for _ in 0..3 {
        scene.bot.clock.advance(Duration::hours(1));
        look_at_goals(&scene).await;
        look(&scene).await;
    }
    assert_eq!(
        texts(&scene),
        told_text,
        "it is told once, and rules do not close it"
    );

    let missed = scene.answer("ana", "/em-agent flow 30d --team payments").await;
    let line = "✗ Time to first review: at most 4 working hours in 7 days · missed, 6 h";
    assert!(missed.contains(line), "{missed}");
    let listed = scene.answer("ana", "/em-agent signals goal_missed").await;
    assert!(listed.contains("Time to first review of payments"), "{listed}");

    // Nothing of the window is known any more: nobody can say that it holds.
    scene.bot.clock.advance(Duration::days(8));
    look_at_goals(&scene).await;
    assert_eq!(texts(&scene), told_text);

    changes(&scene, 22, 1).await;
    look_at_goals(&scene).await;
    look_at_goals(&scene).await;
    let mut after = until_posted(&scene, 2, "✓").await;
    // Should the bot have looked by itself while a change was open and not yet reviewed, it warned of that, too.
    after.retain(|message| !text(&scene, message).contains("About to miss"));
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(
        text(&scene, &after[0]).contains("✓ Resolved"),
        "{}",
        text(&scene, &after[0])
    );
    assert_snapshot!(scene.bot.text(&after[1]), @r"
    ↳ em-agent:
        ✓ Time to first review of payments holds again: 1 h in 7 days, goal at most 4 working hours.
    ");
    assert_eq!(after[1].thread_ts.as_deref(), Some(after[0].ts.as_str()));
    let held = scene.answer("ana", "/em-agent flow 30d --team payments").await;
    assert!(
        held.contains("✓ Time to first review: at most 4 working hours in 7 days · held, 1 h"),
        "{held}"
    );
    scene.finish().await;
}

async fn a_goal_that_is_taken_out_closes_and_two_replicas_tell_once(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let with_goal = toml(&folder);
    let scene = Scene::start_with(database, &with_goal).await;
    let replica = scene.bot.replica(&with_goal).await;
    changes(&scene, 14, 6).await;
    let (here, there) = tokio::join!(goal::evaluate(&scene.bot.bot.ctx), goal::evaluate(&replica.ctx));
    here.unwrap();
    there.unwrap();
    assert_eq!(until_posted(&scene, 1, "1 signal").await.len(), 1);
    replica.stop().await;

    let without = with_goal.split("goals = ").next().unwrap().to_owned();
    let scene = scene.restart(&without).await;
    look_at_goals(&scene).await;
    let after = until_posted(&scene, 1, "✓").await;
    assert_eq!(after.len(), 1, "nothing holds again: {after:?}");
    assert!(
        text(&scene, &after[0]).contains("✓ Resolved"),
        "{}",
        text(&scene, &after[0])
    );
    scene.finish().await;
}
