//! Kept schedules and the clock: each tick once, whatever dies, moves or goes wrong in between.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::audit::AuditEntry;
use em_domain::clock::{Clock as _, SystemClock};
use em_domain::schedule::{Definition, Kept, Missed, ScheduleId};
use em_simulator::workspace::Workspace;
use em_simulator::{Fault, Options, Simulator};
use em_storage::testing::TestDatabase;
use em_storage::{Consequences, ScheduleAdded, Store, both_engines};
use em_tests::{PATIENCE, thursday_morning};
use serde_json::json;

use super::kept::{only_one, plain};
use super::looked_at_again;
use crate::process::Program;
use crate::scene::{Scene, january};

both_engines!(
    a_kept_schedule_posts_once_at_its_minute_also_with_two_replicas,
    a_schedule_that_is_added_edited_or_paused_is_seen_by_the_other_replica,
    after_a_weekend_of_silence_each_rule_does_what_it_says,
    a_channel_that_is_gone_is_told_to_the_owner_once_and_then_the_schedule_rests,
    an_edit_in_the_middle_fires_nothing_twice_and_nothing_of_before,
    a_program_killed_between_tick_and_post_leaves_one_post,
);

/// When a kept schedule is due next, and in which zone.
struct Timing<'a> {
    cron: &'a str,
    zone: &'a str,
    missed: Missed,
}

/// Keeps a schedule of ana's that posts the list to #ops.
async fn keep(store: &Store, timing: &Timing<'_>, now: DateTime<Utc>) -> ScheduleId {
    let definition = Definition {
        run: "gaps post".to_owned(),
        channel: "C0OPS".into(),
        cron: timing.cron.to_owned(),
        zone: timing.zone.parse().unwrap(),
        missed: timing.missed,
    };
    let schedule = em_jobs::schedule::Schedule::parse("s", timing.cron, definition.zone).unwrap();
    let id = ScheduleId::new("triage", now.timestamp_millis().unsigned_abs().into());
    let next_at = schedule.next_after(now);
    let kept = Kept::new(id.clone(), "U0ANA".into(), definition, next_at, now);
    let entry = AuditEntry {
        at: now,
        actor: "U0ANA".to_owned(),
        kind: "schedule.added".to_owned(),
        subject: id.to_string(),
        data: json!({}),
    };
    let added = store.kept_schedules().insert(&kept, &entry).await.unwrap();
    assert_eq!(added, ScheduleAdded::New);
    id
}

/// What the bot posted to #ops for everybody.
pub(crate) fn posts(slack: &Simulator) -> usize {
    slack.read(posted)
}

fn posted(w: &Workspace) -> usize {
    let posted = w
        .messages("C0OPS")
        .filter(|m| m.by_app && m.ephemeral_for.is_none());
    posted.count()
}

/// Waits until this tick was taken and done.
async fn fired(scene: &Scene, due_at: DateTime<Utc>) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        // In this order: once a tick is taken, its job is there.
        let kept = only_one(&scene.bot).await;
        let jobs = scene
            .bot
            .database
            .store
            .jobs()
            .count(scene.bot.clock.now())
            .await
            .unwrap();
        if kept.fired_at == Some(due_at) && jobs.due == 0 && jobs.running == 0 {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{jobs:?} {kept:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_kept_schedule_posts_once_at_its_minute_also_with_two_replicas(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let replica = scene.bot.replica("").await;
    let usual = Timing {
        cron: "30 11 * * *",
        zone: "Europe/Berlin",
        missed: Missed::USUAL,
    };
    keep(&scene.bot.database.store, &usual, scene.bot.clock.now()).await;
    scene.bot.clock.set(thursday_morning() + TimeDelta::minutes(29));
    looked_at_again().await;
    assert_eq!(posts(&scene.bot.slack), 0);
    let due_at = thursday_morning() + TimeDelta::minutes(30);
    scene.bot.clock.set(due_at);
    fired(&scene, due_at).await;
    looked_at_again().await;
    assert_eq!(posts(&scene.bot.slack), 1);
    assert_eq!(
        only_one(&scene.bot).await.next_at,
        Some(due_at + TimeDelta::days(1))
    );
    replica.stop().await;
    scene.finish().await;
}

async fn a_schedule_that_is_added_edited_or_paused_is_seen_by_the_other_replica(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let replica = scene.bot.replica("").await;
    // What one replica (here: its store) writes, both look at within a second; neither remembers an older version.
    let usual = Timing {
        cron: "0 12 * * *",
        zone: "UTC",
        missed: Missed::USUAL,
    };
    keep(&scene.bot.database.store, &usual, scene.bot.clock.now()).await;
    looked_at_again().await;
    let kept = only_one(&scene.bot).await;
    let paused = kept.paused(scene.bot.clock.now());
    assert!(
        scene
            .bot
            .database
            .store
            .kept_schedules()
            .record(&paused, &Consequences::default())
            .await
            .unwrap()
    );
    scene.bot.clock.set(january(15, 12));
    looked_at_again().await;
    assert_eq!(posts(&scene.bot.slack), 0);
    replica.stop().await;
    scene.finish().await;
}

async fn after_a_weekend_of_silence_each_rule_does_what_it_says(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let store = scene.bot.database.store.clone();
    // On Thursday at ten; then silence until Monday at 10:30 while each day at ten something was due.
    let late = Timing {
        cron: "0 10 * * *",
        zone: "UTC",
        missed: Missed::Late(1),
    };
    keep(&store, &late, scene.bot.clock.now()).await;
    scene.bot.clock.set(january(19, 10) + TimeDelta::minutes(30));
    let scene = scene.restart("").await;
    fired(&scene, january(19, 10)).await;
    assert_eq!(posts(&scene.bot.slack), 1);
    assert_eq!(scene.direct("ana").len(), 0, "what was wanted has happened");

    let id = only_one(&scene.bot).await.id;
    let entry = AuditEntry {
        at: scene.bot.clock.now(),
        actor: "U0ANA".to_owned(),
        kind: "schedule.removed".to_owned(),
        subject: id.to_string(),
        data: json!({}),
    };
    assert!(store.kept_schedules().remove(&id, &entry).await.unwrap());
    let skip = Timing {
        missed: Missed::Skip,
        ..late
    };
    keep(&store, &skip, scene.bot.clock.now()).await;
    scene.bot.clock.set(january(22, 10) + TimeDelta::minutes(30));
    let scene = scene.restart("").await;
    let told = scene.until_direct("ana", 1).await;
    let text = plain(&scene.bot.text(&told[0]));
    assert!(
        text.contains("was due 3 times while I was not running, from Tue 20 Jan 10:00 to Thu 22 Jan 10:00"),
        "{text}"
    );
    looked_at_again().await;
    assert_eq!(scene.direct("ana").len(), 1);
    assert_eq!(posts(&scene.bot.slack), 1, "nothing was posted late");
    assert_eq!(only_one(&scene.bot).await.next_at, Some(january(23, 10)));
    scene.finish().await;
}

async fn a_channel_that_is_gone_is_told_to_the_owner_once_and_then_the_schedule_rests(
    database: TestDatabase,
) {
    let scene = Scene::start(database).await;
    let daily = Timing {
        cron: "0 12 * * *",
        zone: "UTC",
        missed: Missed::USUAL,
    };
    keep(&scene.bot.database.store, &daily, scene.bot.clock.now()).await;
    scene.bot.slack.arrange(|w| {
        if let Some(ops) = w.channels.iter_mut().find(|channel| channel.id == "C0OPS") {
            ops.is_archived = true;
        }
    });
    for day in [15, 16, 17] {
        scene.bot.clock.set(january(day, 12));
        fired(&scene, january(day, 12)).await;
        let told = scene.until_direct("ana", 1).await;
        assert_eq!(told.len(), 1, "one trouble, one message");
    }
    let text = scene
        .bot
        .until(|w| {
            let direct = w.direct_with("U0ANA")?.id.clone();
            let text = w.message_text(w.messages(&direct).last()?);
            text.contains("3 times in a row").then_some(text)
        })
        .await;
    assert!(
        text.contains("#ops is archived") && text.contains("I have paused it"),
        "{text}"
    );
    let list = scene.bot.ask("ana", "#general", "/em-agent schedule list").await;
    let list = scene.bot.text(&list);
    assert!(list.contains("Paused") && list.contains("archived"), "{list}");
    let doctor = scene.bot.ask("ana", "#general", "/em-agent doctor").await;
    let doctor = scene.bot.text(&doctor);
    assert!(doctor.contains("does not work"), "{doctor}");
    scene.bot.clock.set(january(18, 12));
    looked_at_again().await;
    assert_eq!(scene.direct("ana").len(), 1);
    scene.finish().await;
}

async fn an_edit_in_the_middle_fires_nothing_twice_and_nothing_of_before(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let store = scene.bot.database.store.clone();
    let daily = Timing {
        cron: "0 12 * * *",
        zone: "UTC",
        missed: Missed::USUAL,
    };
    keep(&store, &daily, scene.bot.clock.now()).await;
    scene.bot.clock.set(january(15, 12));
    fired(&scene, january(15, 12)).await;
    // At five past, to a time that has just been: it comes tomorrow, and not late today.
    scene.bot.clock.set(january(15, 12) + TimeDelta::minutes(5));
    let kept = only_one(&scene.bot).await;
    let edit = format!("/em-agent schedule edit {} daily at 12:03 in UTC", kept.id);
    let draft = scene.bot.ask("ana", "#general", &edit).await;
    let text = plain(&scene.bot.text(&draft));
    assert!(text.contains("• Fri 16 Jan 12:03"), "{text}");
    assert!(
        scene
            .bot
            .user("ana")
            .clicks(&draft, "schedule.save")
            .unwrap()
            .await
            .is_acked()
    );
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while only_one(&scene.bot).await.definition.cron != "3 12 * * *" {
        assert!(tokio::time::Instant::now() < deadline, "it is not saved");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    looked_at_again().await;
    assert_eq!(posts(&scene.bot.slack), 1);
    // A tick of the version before, as a slow replica would bring it, is not taken.
    let late = kept.ticked(Some(january(16, 12)), None, scene.bot.clock.now());
    assert!(
        !store
            .kept_schedules()
            .record(&late, &Consequences::default())
            .await
            .unwrap()
    );
    // A draft of the version before is not saved over it.
    assert_eq!(only_one(&scene.bot).await.fired_at, Some(january(15, 12)));
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_schedule_follows_the_wall_clock_over_both_changes_of_it() {
    let scene = Scene::start(TestDatabase::sqlite().await).await;
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (zone, cron, first, ticks) in [
        // Forward on Sunday 29 March 2026 at 02:00: there is no 02:30 that day.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-28T00:00:00Z",
            ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"],
        ),
        // Back on 25 October at 03:00: 02:30 comes twice, and is due the first time.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-25T00:00:00Z",
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        ),
        (
            "America/New_York",
            "30 2 * * *",
            "2027-03-13T00:00:00Z",
            ["2027-03-13T07:30:00Z", "2027-03-15T06:30:00Z"],
        ),
        // There the hour that comes twice begins at one.
        (
            "America/New_York",
            "30 1 * * *",
            "2027-11-07T00:00:00Z",
            ["2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"],
        ),
    ] {
        scene.bot.clock.set(at(first));
        let store = &scene.bot.database.store;
        let nightly = Timing {
            cron,
            zone,
            missed: Missed::USUAL,
        };
        let id = keep(store, &nightly, at(first)).await;
        for tick in ticks {
            assert_eq!(only_one(&scene.bot).await.next_at, Some(at(tick)), "{zone}");
            scene.bot.clock.set(at(tick));
            fired(&scene, at(tick)).await;
        }
        let entry = AuditEntry {
            at: at(first),
            actor: "U0ANA".to_owned(),
            kind: "schedule.removed".to_owned(),
            subject: id.to_string(),
            data: json!({}),
        };
        assert!(store.kept_schedules().remove(&id, &entry).await.unwrap());
    }
    scene.finish().await;
}

/// Waits until the program has begun to post, and Slack does not answer.
pub(crate) async fn begun_to_post(slack: &Simulator) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while slack.faults().count("chat.postMessage") == 0 {
        assert!(tokio::time::Instant::now() < deadline, "nothing is posted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Starts the program after it was killed while it posted, and stops it when there is one post and no more comes.
pub(crate) async fn posts_once_when_started_again(program: &Program, slack: &Simulator) {
    let bot = program.start().await;
    // The dead one's lease has to run out first.
    let found = slack
        .wait_until(Duration::from_secs(90), |w| (posted(w) == 1).then_some(()))
        .await;
    assert!(found.is_ok(), "the post is lost");
    // The clock is looked at every two seconds at the most.
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(posts(slack), 1);
    let (code, _, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
}

async fn a_program_killed_between_tick_and_post_leaves_one_post(database: TestDatabase) {
    let slack = Simulator::start(Options::default()).await.unwrap();
    let program = Program::new().for_slack(&slack).on(&database);
    // Due a minute ago, when nobody was there.
    let usual = Timing {
        cron: "* * * * *",
        zone: "UTC",
        missed: Missed::USUAL,
    };
    let id = keep(&database.store, &usual, SystemClock.now() - TimeDelta::minutes(2)).await;
    slack.faults().next("chat.postMessage", Fault::Hang);
    let bot = program.start().await;
    begun_to_post(&slack).await;
    bot.kill().await;
    assert_eq!(posts(&slack), 0);
    // So that only the tick that was taken is left.
    let kept = database.store.kept_schedules().find(&id).await.unwrap().unwrap();
    assert!(kept.fired_at.is_some());
    let rare = kept.ticked(None, None, SystemClock.now());
    assert!(
        database
            .store
            .kept_schedules()
            .record(&rare, &Consequences::default())
            .await
            .unwrap()
    );

    posts_once_when_started_again(&program, &slack).await;
    slack.stop().await;
}
