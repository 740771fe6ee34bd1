//! Purpose: jobs are done by one worker at a time, never lost, and given up after exactly their attempts.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobCancel, JobEnd, JobReplay, JobState, NewJob, Priority};
use em_storage::testing::TestDatabase;
use em_storage::{Claimant, Enqueued, Held, Settlement, Store, both_engines};
use serde_json::json;
use tokio::task::JoinSet;
use ulid::Ulid;

use crate::support::at;

both_engines!(
    each_job_is_claimed_once_by_many_workers,
    the_greatest_priority_goes_first_and_what_is_due_later_waits,
    a_job_comes_back_as_it_went_in,
    whoever_lost_the_lease_changes_nothing,
    a_renewed_lease_is_not_taken_over,
    of_many_who_offer_the_same_work_one_is_taken_in,
    a_key_is_free_again_once_its_job_is_finished,
    a_job_that_is_handed_back_has_not_used_up_an_attempt,
    a_job_that_kills_its_worker_is_given_up_after_exactly_its_attempts,
    a_failing_job_waits_until_its_time_and_is_then_tried_again,
    a_job_that_is_called_off_stops_wherever_it_is,
    a_dead_job_is_replayed_with_all_its_attempts,
    a_tick_and_its_job_are_taken_together_or_not_at_all,
    a_worker_whose_clock_jumped_takes_nothing_from_others,
    only_what_ended_long_ago_is_forgotten,
    one_that_is_not_there_is_said_to_be_unknown,
    text_that_a_database_cannot_keep_does_not_stop_a_failure_from_being_recorded,
);

fn new(number: u64) -> NewJob {
    let id = JobId::new(Ulid::from_parts(number, 1));
    NewJob::new(id, "test", json!({"number": number}), at(0))
}

async fn enqueue(store: &Store, job: &NewJob) -> Enqueued {
    store.jobs().enqueue(job, at(0)).await.unwrap()
}

/// Claims with a lease of one minute.
async fn claim(store: &Store, worker: &str, limit: u16, now: DateTime<Utc>) -> Vec<Job> {
    let claimant = Claimant {
        worker,
        limit,
        lease: Duration::minutes(1),
        takes_lost: true,
    };
    store.jobs().claim(&claimant, now).await.unwrap()
}

async fn claim_one(store: &Store, now: DateTime<Utc>) -> Job {
    let mut jobs = claim(store, "w1", 10, now).await;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// Whether the hold was still good.
async fn settle(store: &Store, job: &Job, end: JobEnd, now: DateTime<Utc>) -> bool {
    let settlement = Settlement {
        held: Held::from(job),
        end,
    };
    store.jobs().settle(&[settlement], now).await.unwrap() == [true]
}

async fn find(store: &Store, id: &JobId) -> Job {
    store.jobs().find(id).await.unwrap().unwrap()
}

/// What came of each time that the job was begun.
async fn outcomes(store: &Store, id: &JobId) -> Vec<String> {
    let attempts = store.jobs().list_attempts(id).await.unwrap();
    let outcome = |outcome: Option<String>| outcome.unwrap_or_else(|| "runs".to_owned());
    attempts
        .into_iter()
        .map(|attempt| outcome(attempt.outcome))
        .collect()
}

async fn each_job_is_claimed_once_by_many_workers(db: TestDatabase) {
    let jobs: Vec<NewJob> = (0..300).map(new).collect();
    let enqueued = db.store.jobs().enqueue_many(&jobs, at(0)).await.unwrap();
    assert!(enqueued.iter().all(Enqueued::is_new));
    let replicas = [db.store.clone(), db.replica().await, db.replica().await];
    let mut workers = JoinSet::new();
    for number in 0..9 {
        let store = replicas[number % 3].clone();
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let jobs = claim(&store, &format!("w{number}"), 7, at(1)).await;
                if jobs.is_empty() {
                    return mine;
                }
                for job in &jobs {
                    assert!(settle(&store, job, JobEnd::Done, at(1)).await);
                }
                mine.extend(jobs.into_iter().map(|job| job.id));
            }
        });
    }
    let mut times = BTreeMap::new();
    for id in workers.join_all().await.into_iter().flatten() {
        *times.entry(id).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 300);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let counts = db.store.jobs().count(at(1)).await.unwrap();
    assert_eq!((counts.waiting, counts.running, counts.dead), (0, 0, 0));
}

async fn the_greatest_priority_goes_first_and_what_is_due_later_waits(db: TestDatabase) {
    let job = |number, priority, minutes| NewJob {
        priority,
        run_at: at(minutes),
        ..new(number)
    };
    for job in [
        job(1, Priority::Low, 0),
        job(2, Priority::Normal, 5),
        job(3, Priority::Normal, 2),
        job(4, Priority::Incident, 9),
        job(5, Priority::High, 60),
        job(6, Priority::High, 8),
    ] {
        enqueue(&db.store, &job).await;
    }
    let numbers = |jobs: &[Job]| -> Vec<u64> {
        jobs.iter()
            .map(|job| job.payload["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers(&claim(&db.store, "w1", 3, at(10)).await), [4, 6, 3]);
    assert_eq!(numbers(&claim(&db.store, "w1", 9, at(10)).await), [2, 1]);
    let waiting = db.store.jobs().list(JobState::Waiting, 10).await.unwrap();
    assert_eq!(numbers(&waiting), [5]);
    let counts = db.store.jobs().count(at(10)).await.unwrap();
    assert_eq!((counts.waiting, counts.due, counts.running), (1, 0, 5));
}

async fn a_job_comes_back_as_it_went_in(db: TestDatabase) {
    let job = NewJob {
        payload: json!({"text": "“ünïcode” 'quotes'", "list": [1, null, {"deep": true}]}),
        priority: Priority::High,
        run_at: at(3),
        max_attempts: 9,
        time_limit: std::time::Duration::from_millis(1500),
        ..new(1).unique("key")
    };
    enqueue(&db.store, &job).await;
    let stored = find(&db.store, &job.id).await;
    assert_eq!(
        (&stored.id, &stored.kind, &stored.payload, &stored.unique_key),
        (&job.id, &job.kind, &job.payload, &job.unique_key)
    );
    assert_eq!(
        (
            stored.priority,
            stored.run_at,
            stored.max_attempts,
            stored.time_limit
        ),
        (job.priority, job.run_at, job.max_attempts, job.time_limit)
    );
    assert_eq!(
        (stored.state, stored.attempts, stored.enqueued_at),
        (JobState::Waiting, 0, at(0))
    );
    let claimed = claim_one(&db.store, at(3)).await;
    assert_eq!(claimed, find(&db.store, &job.id).await);
    assert_eq!(
        (claimed.worker.as_deref(), claimed.attempts, claimed.lease_until),
        (Some("w1"), 1, Some(at(4)))
    );
}

async fn whoever_lost_the_lease_changes_nothing(db: TestDatabase) {
    enqueue(&db.store, &new(1)).await;
    let slow = claim_one(&db.store, at(0)).await;
    let quick = claim_one(&db.store, at(2)).await;
    assert_eq!((slow.id.clone(), quick.attempts), (quick.id.clone(), 2));
    assert!(quick.lease_token > slow.lease_token);
    let again = JobEnd::Again {
        at: at(9),
        error: "no".into(),
    };
    let dead = JobEnd::Dead { error: "no".into() };
    for end in [
        JobEnd::Done,
        again,
        dead,
        JobEnd::HandedBack { at: at(3) },
        JobEnd::Cancelled,
    ] {
        assert!(!settle(&db.store, &slow, end, at(3)).await);
        assert_eq!(find(&db.store, &slow.id).await, quick);
    }
    let renewed = db.store.jobs().renew(&[Held::from(&slow)], at(60)).await.unwrap();
    assert!(renewed.is_empty());
    assert!(settle(&db.store, &quick, JobEnd::Done, at(3)).await);
    assert!(!settle(&db.store, &quick, JobEnd::Done, at(3)).await, "once only");
    assert_eq!(outcomes(&db.store, &quick.id).await, ["lost", "done"]);
}

async fn a_renewed_lease_is_not_taken_over(db: TestDatabase) {
    for number in 0..5 {
        enqueue(&db.store, &new(number)).await;
    }
    let held: Vec<Held> = claim(&db.store, "w1", 9, at(0))
        .await
        .iter()
        .map(Held::from)
        .collect();
    let kept = db.store.jobs().renew(&held[..3], at(5)).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|renewed| !renewed.cancel_asked));
    assert_eq!(claim(&db.store, "w2", 9, at(2)).await.len(), 2);
    assert_eq!(db.store.jobs().renew(&held, at(6)).await.unwrap().len(), 3);
}

async fn of_many_who_offer_the_same_work_one_is_taken_in(db: TestDatabase) {
    let replicas = [db.store.clone(), db.replica().await];
    let mut offers = JoinSet::new();
    for number in 0..20 {
        let store = replicas[usize::from(number % 2 == 0)].clone();
        offers.spawn(async move { enqueue(&store, &new(number).unique("poll")).await });
    }
    let answers = offers.join_all().await;
    let taken: Vec<&Enqueued> = answers.iter().filter(|answer| answer.is_new()).collect();
    assert_eq!(taken.len(), 1);
    assert!(answers.iter().all(|answer| answer.id() == taken[0].id()));
    // Also of one list, and while it runs.
    assert_eq!(claim(&db.store, "w1", 9, at(1)).await.len(), 1);
    let list = [
        new(100).unique("poll"),
        new(101),
        new(102).unique("x"),
        new(103).unique("x"),
    ];
    let answers = db.store.jobs().enqueue_many(&list, at(1)).await.unwrap();
    assert_eq!(answers[0], Enqueued::Existing(taken[0].id().clone()));
    assert_eq!(answers[1], Enqueued::New(list[1].id.clone()));
    assert_eq!(answers[3], Enqueued::Existing(list[2].id.clone()));
}

async fn a_key_is_free_again_once_its_job_is_finished(db: TestDatabase) {
    let dead = JobEnd::Dead { error: "no".into() };
    for (number, end) in [JobEnd::Done, dead, JobEnd::Cancelled].into_iter().enumerate() {
        assert!(
            enqueue(&db.store, &new(number as u64).unique("key"))
                .await
                .is_new()
        );
        let job = claim_one(&db.store, at(0)).await;
        assert!(settle(&db.store, &job, end, at(0)).await);
    }
    assert_eq!(
        enqueue(&db.store, &new(0)).await,
        Enqueued::Existing(new(0).id),
        "an id is used once"
    );
}

async fn a_job_that_is_handed_back_has_not_used_up_an_attempt(db: TestDatabase) {
    let job = NewJob {
        max_attempts: 1,
        ..new(1)
    };
    enqueue(&db.store, &job).await;
    for minute in 0..4 {
        let held = claim_one(&db.store, at(minute)).await;
        assert_eq!(held.attempts, 1);
        assert!(
            settle(
                &db.store,
                &held,
                JobEnd::HandedBack { at: at(minute) },
                at(minute)
            )
            .await
        );
    }
    let held = claim_one(&db.store, at(9)).await;
    assert!(settle(&db.store, &held, JobEnd::Done, at(9)).await);
    assert_eq!(find(&db.store, &job.id).await.attempts, 1);
    assert_eq!(outcomes(&db.store, &job.id).await.len(), 5);
}

async fn a_job_that_kills_its_worker_is_given_up_after_exactly_its_attempts(db: TestDatabase) {
    enqueue(&db.store, &new(1)).await;
    let mut begun = 0;
    for minute in (0..60).step_by(2) {
        db.store.jobs().reap(at(minute)).await.unwrap();
        begun += claim(&db.store, "doomed", 1, at(minute)).await.len();
    }
    assert_eq!(begun, 5);
    let job = find(&db.store, &new(1).id).await;
    assert_eq!((job.state, job.attempts), (JobState::Dead, 5));
    assert!(job.last_error.unwrap().contains("cut off"));
    assert_eq!(outcomes(&db.store, &job.id).await, ["lost"; 5]);
    let dead = db.store.jobs().list(JobState::Dead, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
}

async fn a_failing_job_waits_until_its_time_and_is_then_tried_again(db: TestDatabase) {
    enqueue(&db.store, &new(1)).await;
    let job = claim_one(&db.store, at(0)).await;
    let again = JobEnd::Again {
        at: at(5),
        error: "the other side is down".into(),
    };
    assert!(settle(&db.store, &job, again, at(1)).await);
    assert!(claim(&db.store, "w1", 9, at(4)).await.is_empty());
    let second = claim_one(&db.store, at(5)).await;
    assert_eq!(
        (second.attempts, second.last_error.as_deref()),
        (2, Some("the other side is down"))
    );
    let dead = JobEnd::Dead {
        error: "it never was".into(),
    };
    assert!(settle(&db.store, &second, dead, at(6)).await);
    let attempts = db.store.jobs().list_attempts(&job.id).await.unwrap();
    let errors: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.error.as_deref().unwrap())
        .collect();
    assert_eq!(errors, ["the other side is down", "it never was"]);
    assert_eq!(
        (attempts[0].started_at, attempts[0].ended_at),
        (at(0), Some(at(1)))
    );
}

async fn a_job_that_is_called_off_stops_wherever_it_is(db: TestDatabase) {
    let jobs = db.store.jobs();
    enqueue(&db.store, &new(1)).await;
    assert_eq!(
        jobs.cancel(&new(1).id, at(0)).await.unwrap(),
        JobCancel::Cancelled
    );
    assert_eq!(
        jobs.cancel(&new(1).id, at(1)).await.unwrap(),
        JobCancel::Finished(JobState::Cancelled)
    );
    assert!(claim(&db.store, "w1", 9, at(1)).await.is_empty());

    enqueue(&db.store, &new(2)).await;
    let running = claim_one(&db.store, at(1)).await;
    assert_eq!(jobs.cancel(&running.id, at(1)).await.unwrap(), JobCancel::Asked);
    let renewed = jobs.renew(&[Held::from(&running)], at(2)).await.unwrap();
    assert!(renewed[0].cancel_asked);
    // Its holder hears of it too late, and would try again: it is not tried again.
    let again = JobEnd::Again {
        at: at(5),
        error: "no".into(),
    };
    assert!(settle(&db.store, &running, again, at(2)).await);
    let cancelled = find(&db.store, &running.id).await;
    assert_eq!(
        (cancelled.state, cancelled.finished_at),
        (JobState::Cancelled, Some(at(2)))
    );

    // Its holder is gone: nobody takes it over.
    enqueue(&db.store, &new(3)).await;
    let lost = claim_one(&db.store, at(3)).await;
    assert_eq!(jobs.cancel(&lost.id, at(3)).await.unwrap(), JobCancel::Asked);
    assert!(claim(&db.store, "w2", 9, at(9)).await.is_empty());
    assert_eq!(jobs.reap(at(9)).await.unwrap()[0].state, JobState::Cancelled);

    // A dead one that nobody wants any more is no longer counted.
    enqueue(&db.store, &new(4)).await;
    let dead = claim_one(&db.store, at(10)).await;
    assert!(settle(&db.store, &dead, JobEnd::Dead { error: "no".into() }, at(10)).await);
    assert_eq!(jobs.cancel(&dead.id, at(11)).await.unwrap(), JobCancel::Cancelled);
    assert_eq!(jobs.count(at(11)).await.unwrap().dead, 0);
}

async fn a_dead_job_is_replayed_with_all_its_attempts(db: TestDatabase) {
    let jobs = db.store.jobs();
    enqueue(&db.store, &new(1).unique("key")).await;
    let job = claim_one(&db.store, at(0)).await;
    assert_eq!(
        jobs.replay(&job.id, at(0)).await.unwrap(),
        JobReplay::Not(JobState::Running)
    );
    let dead = JobEnd::Dead { error: "no".into() };
    assert!(settle(&db.store, &job, dead, at(0)).await);
    enqueue(&db.store, &new(2).unique("key")).await;
    assert_eq!(jobs.replay(&job.id, at(1)).await.unwrap(), JobReplay::Rivalled);
    jobs.cancel(&new(2).id, at(1)).await.unwrap();
    assert_eq!(jobs.replay(&job.id, at(1)).await.unwrap(), JobReplay::Due);
    let again = claim_one(&db.store, at(1)).await;
    assert_eq!((&again.id, again.attempts), (&job.id, 1));
    assert!(
        !settle(&db.store, &job, JobEnd::Done, at(1)).await,
        "the old hold is still no good"
    );
    assert!(settle(&db.store, &again, JobEnd::Done, at(1)).await);
    assert_eq!(outcomes(&db.store, &job.id).await, ["dead", "done"]);
}

async fn a_tick_and_its_job_are_taken_together_or_not_at_all(db: TestDatabase) {
    let replicas = [db.store.clone(), db.replica().await, db.replica().await];
    let mut claims = JoinSet::new();
    for number in 0..12 {
        let store = replicas[usize::try_from(number).unwrap() % 3].clone();
        claims.spawn(async move {
            let ticks = store.schedules();
            ticks
                .claim_tick_for("morning", at(0), &new(number), at(0))
                .await
                .unwrap()
        });
    }
    let mine = claims.join_all().await.into_iter().filter(|mine| *mine).count();
    assert_eq!(mine, 1);
    assert_eq!(db.store.jobs().count(at(0)).await.unwrap().waiting, 1);
    // A job that cannot be stored leaves the tick to be taken.
    let unstorable = NewJob {
        payload: json!("nul: \0"),
        ..new(50)
    };
    let schedules = db.store.schedules();
    let claimed = schedules
        .claim_tick_for("morning", at(1), &unstorable, at(1))
        .await;
    if claimed.is_err() {
        assert_eq!(schedules.find_last_tick("morning").await.unwrap(), Some(at(0)));
        assert_eq!(db.store.jobs().count(at(1)).await.unwrap().waiting, 1);
    } else {
        assert_eq!(db.store.engine(), "sqlite", "PostgreSQL keeps no NUL");
    }
    assert_eq!(
        schedules.purge(at(10)).await.unwrap(),
        1 + u64::from(claimed.is_ok())
    );
}

async fn a_worker_whose_clock_jumped_takes_nothing_from_others(db: TestDatabase) {
    enqueue(&db.store, &new(1)).await;
    claim_one(&db.store, at(0)).await;
    enqueue(&db.store, &new(2)).await;
    let jumped = Claimant {
        worker: "w2",
        limit: 9,
        lease: Duration::minutes(1),
        takes_lost: false,
    };
    let mine = db.store.jobs().claim(&jumped, at(60)).await.unwrap();
    assert_eq!(mine.len(), 1, "what waits it may take");
    assert_eq!(mine[0].id, new(2).id);
    // A clock that goes back delays, and breaks nothing.
    assert!(claim(&db.store, "w3", 9, at(-60)).await.is_empty());
    assert!(settle(&db.store, &mine[0], JobEnd::Done, at(-60)).await);
}

async fn only_what_ended_long_ago_is_forgotten(db: TestDatabase) {
    for number in 0..4 {
        enqueue(&db.store, &new(number)).await;
    }
    let jobs = claim(&db.store, "w1", 3, at(0)).await;
    assert!(settle(&db.store, &jobs[0], JobEnd::Done, at(1)).await);
    assert!(settle(&db.store, &jobs[1], JobEnd::Dead { error: "no".into() }, at(1)).await);
    assert_eq!(db.store.jobs().purge(at(1), at(1)).await.unwrap(), 0);
    assert_eq!(db.store.jobs().purge(at(2), at(1)).await.unwrap(), 1);
    assert_eq!(db.store.jobs().find(&jobs[0].id).await.unwrap(), None);
    assert!(outcomes(&db.store, &jobs[0].id).await.is_empty());
    assert_eq!(db.store.jobs().purge(at(2), at(2)).await.unwrap(), 1);
    let counts = db.store.jobs().count(at(2)).await.unwrap();
    assert_eq!((counts.waiting, counts.running, counts.dead), (1, 1, 0));
}

async fn one_that_is_not_there_is_said_to_be_unknown(db: TestDatabase) {
    let jobs = db.store.jobs();
    assert_eq!(jobs.find(&new(1).id).await.unwrap(), None);
    assert_eq!(jobs.cancel(&new(1).id, at(0)).await.unwrap(), JobCancel::Unknown);
    assert_eq!(jobs.replay(&new(1).id, at(0)).await.unwrap(), JobReplay::Unknown);
    assert!(jobs.renew(&[], at(0)).await.unwrap().is_empty());
    assert!(jobs.settle(&[], at(0)).await.unwrap().is_empty());
    assert!(jobs.reap(at(0)).await.unwrap().is_empty());
}

async fn text_that_a_database_cannot_keep_does_not_stop_a_failure_from_being_recorded(db: TestDatabase) {
    enqueue(&db.store, &new(1)).await;
    let job = claim_one(&db.store, at(0)).await;
    let dead = JobEnd::Dead {
        error: "before\0after".into(),
    };
    assert!(settle(&db.store, &job, dead, at(0)).await);
    assert_eq!(
        find(&db.store, &job.id).await.last_error.as_deref(),
        Some("before\u{fffd}after")
    );
}
