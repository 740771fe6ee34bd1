//! Jobs and `kill -9`: real processes are killed while they work; every effect is there, and nothing is done for ever.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use em_domain::clock::{Clock as _, SystemClock};
use em_domain::id::JobId;
use em_domain::job::{Job, JobState, NewJob};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::process::{Child, Command};
use ulid::Ulid;

both_engines!(
    workers_are_killed_again_and_again_and_every_effect_is_there_once,
    another_worker_takes_over_within_the_lease_of_one_that_was_killed,
);

/// As the worker has it.
const LEASE: Duration = Duration::from_millis(1500);
/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(90);
const JOBS: u64 = 300;
const WORKERS: usize = 3;
const KILLS: usize = 6;
/// The attempts of the job that kills its process.
const POISON_ATTEMPTS: u32 = 3;

fn start(database: &TestDatabase, effects: &Path, name: &str) -> Child {
    let address = database.config.url.as_ref().map_or_else(
        || database.config.data_dir.display().to_string(),
        |url| url.expose_secret().to_owned(),
    );
    Command::new(env!("CARGO_BIN_EXE_job-worker-under-test"))
        .arg(address)
        .arg(effects)
        .arg(name)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn new(number: u64, kind: &str) -> NewJob {
    let id = JobId::new(Ulid::from_parts(number, 1));
    let payload = json!({"fails_once": number % 10 == 3});
    NewJob {
        // A worker that dies costs all its jobs an attempt, and here they die often.
        max_attempts: 50,
        ..NewJob::new(id, kind, payload, SystemClock.now())
    }
}

async fn find(database: &TestDatabase, id: &JobId) -> Job {
    database.store.jobs().find(id).await.unwrap().unwrap()
}

async fn outcomes(database: &TestDatabase, id: &JobId) -> Vec<String> {
    let attempts = database.store.jobs().list_attempts(id).await.unwrap();
    attempts
        .into_iter()
        .map(|attempt| attempt.outcome.unwrap_or_else(|| "runs".to_owned()))
        .collect()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn workers_are_killed_again_and_again_and_every_effect_is_there_once(database: TestDatabase) {
    let effects = tempfile::tempdir().unwrap();
    let poison = NewJob {
        max_attempts: POISON_ATTEMPTS,
        ..new(JOBS, "poison")
    };
    let mut jobs: Vec<NewJob> = (0..JOBS).map(|number| new(number, "effect")).collect();
    jobs.insert(50, poison.clone());
    database
        .store
        .jobs()
        .enqueue_many(&jobs, SystemClock.now())
        .await
        .unwrap();
    let mut workers: Vec<Child> = (0..WORKERS)
        .map(|number| start(&database, effects.path(), &format!("w{number}")))
        .collect();
    for kill in 0..KILLS {
        // It is killed while it holds work.
        let name = format!("w{kill}");
        until("work for the one to be killed", async || {
            let running = database.store.jobs().list(JobState::Running, 100).await.unwrap();
            running.iter().any(|job| job.worker.as_deref() == Some(&name)) || all_done(&database).await
        })
        .await;
        workers.remove(0).kill().await.unwrap();
        workers.push(start(&database, effects.path(), &format!("w{}", kill + WORKERS)));
    }
    // Whoever meets the poison dies too; somebody is always there.
    until("the end of all jobs", async || {
        for worker in &mut workers {
            if worker.try_wait().unwrap().is_some() {
                *worker = start(&database, effects.path(), "reserve");
            }
        }
        all_done(&database).await
    })
    .await;

    assert_eq!(std::fs::read_dir(effects.path()).unwrap().count() as u64, JOBS);
    let mut lost = 0;
    for job in jobs.iter().filter(|job| job.id != poison.id) {
        assert_eq!(find(&database, &job.id).await.state, JobState::Done);
        let outcomes = outcomes(&database, &job.id).await;
        let done = outcomes.iter().filter(|outcome| *outcome == "done").count();
        assert_eq!(
            (done, outcomes.last().map(String::as_str)),
            (1, Some("done")),
            "{outcomes:?}"
        );
        lost += outcomes.iter().filter(|outcome| *outcome == "lost").count();
    }
    assert!(lost > 0, "nobody was killed at work");
    let dead = find(&database, &poison.id).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, POISON_ATTEMPTS));
    assert_eq!(outcomes(&database, &poison.id).await, ["lost"; 3]);
}

async fn all_done(database: &TestDatabase) -> bool {
    let counts = database.store.jobs().count(SystemClock.now()).await.unwrap();
    (counts.waiting, counts.running) == (0, 0)
}

async fn another_worker_takes_over_within_the_lease_of_one_that_was_killed(database: TestDatabase) {
    let effects = tempfile::tempdir().unwrap();
    let job = new(1, "hold");
    database
        .store
        .jobs()
        .enqueue(&job, SystemClock.now())
        .await
        .unwrap();
    let mut doomed = start(&database, effects.path(), "doomed");
    until("work for the doomed", async || {
        find(&database, &job.id).await.state == JobState::Running
    })
    .await;
    let _heir = start(&database, effects.path(), "heir");
    // While the holder lives, the job is its own, longer than a lease.
    let watched = Instant::now();
    until("two leases", async || {
        assert_eq!(find(&database, &job.id).await.worker.as_deref(), Some("doomed"));
        watched.elapsed() > LEASE * 2
    })
    .await;
    doomed.kill().await.unwrap();
    let killed = Instant::now();
    until("the heir", async || {
        find(&database, &job.id).await.state == JobState::Done
    })
    .await;
    // A lease, a look, and a busy machine.
    assert!(killed.elapsed() < LEASE * 2, "{:?}", killed.elapsed());
    assert_eq!(find(&database, &job.id).await.worker.as_deref(), Some("heir"));
    assert_eq!(outcomes(&database, &job.id).await, ["lost", "done"]);
}
