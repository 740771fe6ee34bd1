//! `/em-agent jobs` and `em-agent jobs`: what was given up is found, understood, retried or called off.

use std::time::Duration;

use em_domain::clock::Clock as _;
use em_domain::id::JobId;
use em_domain::job::{JobState, NewJob};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, TestBot, both_engines};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::process::Program;

both_engines!(
    a_schedule_whose_channel_is_gone_is_found_by_doctor_and_retried_with_a_click,
    a_waiting_job_is_called_off,
    an_id_that_means_nothing_is_said_to_be_unknown,
    a_list_that_comes_too_late_is_not_posted,
);

/// A job that posts the list to `channel`, as a tick makes it.
fn post(bot: &TestBot, number: u64, channel: &str) -> NewJob {
    let now = bot.clock.now();
    let payload = json!({"schedule": "morning", "due_at": now, "run": "triage post", "channel": channel});
    NewJob::new(
        JobId::new(Ulid::from_parts(number, 1)),
        "schedule.run",
        payload,
        now,
    )
}

async fn enqueue(bot: &TestBot, job: &NewJob) {
    let enqueued = bot.database.store.jobs().enqueue(job, bot.clock.now()).await;
    assert!(enqueued.unwrap().is_new());
    bot.bot.ctx.wake_jobs();
}

async fn reached(bot: &TestBot, id: &JobId, state: JobState) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let job = bot.database.store.jobs().find(id).await.unwrap().unwrap();
        if job.state == state {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{job:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn a_schedule_whose_channel_is_gone_is_found_by_doctor_and_retried_with_a_click(
    database: TestDatabase,
) {
    let bot = TestBot::start(database).await;
    let job = post(&bot, 1, "#nowhere");
    enqueue(&bot, &job).await;
    reached(&bot, &job.id, JobState::Dead).await;

    let doctor = bot.ask("ana", "#ops", "/em-agent doctor").await;
    let text = bot.text(&doctor);
    assert!(
        text.contains("1 job was given up") && text.contains("I cannot find that channel"),
        "{text}"
    );
    let list = bot.ask("ana", "#ops", "/em-agent jobs dead").await;
    let text = bot.text(&list);
    assert!(
        text.contains("1 given up") && text.contains(job.id.as_str()),
        "{text}"
    );
    let one = bot
        .ask("ana", "#ops", &format!("/em-agent jobs show {}", job.id))
        .await;
    let text = bot.text(&one);
    assert!(
        text.contains("dead: I cannot find that channel") && text.contains("1 of 5"),
        "{text}"
    );

    let clicked = bot.user("ana").clicks(&one, em_blocks::job::RETRY).unwrap().await;
    assert!(clicked.is_acked(), "{clicked:?}");
    let said = format!("Job {} runs again now.", job.id);
    bot.until(|workspace| {
        workspace
            .all_messages()
            .any(|message| workspace.message_text(message).replace('`', "").contains(&said))
            .then_some(())
    })
    .await;
    reached(&bot, &job.id, JobState::Dead).await;
    let attempts = bot.database.store.jobs().list_attempts(&job.id).await.unwrap();
    assert_eq!(attempts.len(), 2);
    bot.finish().await;
}

async fn a_waiting_job_is_called_off(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    let job = NewJob {
        run_at: bot.clock.now() + chrono::TimeDelta::days(2),
        ..post(&bot, 1, "#ops")
    };
    enqueue(&bot, &job).await;
    let list = bot.ask("ana", "#ops", "/em-agent jobs waiting").await;
    let text = bot.text(&list);
    assert!(text.contains("1 waiting (0 of them due)"), "{text}");
    let answer = bot
        .ask("ana", "#ops", &format!("/em-agent jobs cancel {}", job.id))
        .await;
    assert!(
        bot.text(&answer).contains("is called off"),
        "{}",
        bot.text(&answer)
    );
    reached(&bot, &job.id, JobState::Cancelled).await;
    let answer = bot
        .ask("ana", "#ops", &format!("/em-agent jobs cancel {}", job.id))
        .await;
    assert!(
        bot.text(&answer).contains("was called off already"),
        "{}",
        bot.text(&answer)
    );
    bot.finish().await;
}

async fn an_id_that_means_nothing_is_said_to_be_unknown(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    for command in ["show", "retry", "cancel"] {
        for id in ["nonsense", "job_01KAKBDXR00000000000000007"] {
            let answer = bot
                .ask("ana", "#ops", &format!("/em-agent jobs {command} {id}"))
                .await;
            let text = bot.text(&answer);
            assert!(text.contains("I know no job") && text.contains(id), "{text}");
        }
    }
    bot.finish().await;
}

async fn a_list_that_comes_too_late_is_not_posted(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    // Its program died after the tick, and comes back the next day.
    let job = NewJob {
        run_at: bot.clock.now() + chrono::TimeDelta::days(1),
        ..post(&bot, 1, "#ops")
    };
    enqueue(&bot, &job).await;
    bot.clock.advance(chrono::TimeDelta::days(1));
    bot.bot.ctx.wake_jobs();
    reached(&bot, &job.id, JobState::Done).await;
    assert_eq!(bot.slack.faults().count("chat.postMessage"), 0);
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_lists_retries_and_calls_off() {
    let program = Program::new();
    assert_eq!(program.run(&["migrate"]).await.code, Some(0));
    let empty = program.run(&["jobs"]).await;
    assert_eq!(
        (empty.code, empty.stdout.as_str()),
        (Some(0), "There are no such jobs.\n")
    );
    let store = program.store().await;
    let now = em_domain::clock::SystemClock.now();
    let job = NewJob::new(JobId::new(Ulid::from_parts(1, 1)), "later", json!({}), now);
    store.jobs().enqueue(&job, now).await.unwrap();
    let id = job.id.as_str();

    let listed = program.run(&["jobs", "list", "--json"]).await;
    let jobs: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(
        (&jobs[0]["id"], &jobs[0]["state"]),
        (&json!(id), &json!("waiting"))
    );
    let cancelled = program.run(&["jobs", "cancel", id]).await;
    assert_eq!(cancelled.stdout, format!("{id}: cancelled\n"));
    let retried = program.run(&["jobs", "retry", id, "--json"]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&retried.stdout).unwrap(),
        json!({"id": id, "outcome": "due"})
    );
    let again = program.run(&["jobs", "retry", id]).await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains("is waiting") && again.stdout.is_empty(),
        "{again:?}"
    );
    let unknown = program.run(&["jobs", "cancel", "nonsense"]).await;
    assert!(
        unknown.code == Some(1) && unknown.stderr.contains("not the id of a job"),
        "{unknown:?}"
    );
}
