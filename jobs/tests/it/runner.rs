//! Purpose: whatever a handler or a worker does, its job is done, tried again, or given up.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use em_domain::job::{JobCancel, JobError, JobState, NewJob};
use em_jobs::runner::{Handlers, Pace};
use em_storage::both_engines;
use em_storage::testing::TestDatabase;
use tokio::sync::Notify;

use crate::support::{QUICK, Working, enqueue, new, now, outcomes, reached, until};

both_engines!(
    a_job_is_begun_at_once_when_the_runner_is_woken,
    a_job_that_another_process_took_in_is_found_by_looking,
    a_panic_is_the_failure_of_its_job_alone,
    a_job_that_takes_too_long_is_stopped_and_tried_again,
    a_failed_job_is_tried_again_after_a_wait_and_then_done,
    a_job_that_cannot_be_cured_is_given_up_at_once,
    a_job_longer_than_its_lease_is_done_once,
    a_stop_lets_short_jobs_finish_and_hands_long_ones_back,
    another_worker_takes_over_from_one_that_crashed,
    a_running_job_that_is_called_off_is_stopped,
    a_job_of_an_unknown_kind_is_left_to_others_and_costs_no_attempt,
    no_more_jobs_run_at_one_time_than_agreed,
);

/// A handler that does nothing, well.
fn at_once() -> Handlers {
    Handlers::default().with("test", |_| async { Ok(()) })
}

/// A handler that never ends by itself; it says when it began.
fn endless(begun: &Arc<Notify>) -> Handlers {
    let begun = Arc::clone(begun);
    Handlers::default().with("test", move |_| {
        let begun = Arc::clone(&begun);
        async move {
            begun.notify_one();
            pending().await
        }
    })
}

async fn a_job_is_begun_at_once_when_the_runner_is_woken(db: TestDatabase) {
    let lazy = Pace {
        look: Duration::from_hours(1),
        ..QUICK
    };
    let working = Working::start(&db.store, "w1", lazy, at_once());
    for number in 0..5 {
        enqueue(&db, &new(number)).await;
        working.wake.wake();
        reached(&db, number, JobState::Done).await;
    }
    working.stop().await;
}

async fn a_job_that_another_process_took_in_is_found_by_looking(db: TestDatabase) {
    let working = Working::start(&db.store, "w1", QUICK, at_once());
    enqueue(&db, &new(1)).await;
    let job = reached(&db, 1, JobState::Done).await;
    assert_eq!((job.attempts, job.worker.as_deref()), (1, Some("w1")));
    working.stop().await;
}

async fn a_panic_is_the_failure_of_its_job_alone(db: TestDatabase) {
    let handlers = Handlers::default().with("test", |job| async move {
        assert_ne!(job.payload["number"], 1, "asked to");
        Ok(())
    });
    let doomed = NewJob {
        max_attempts: 1,
        ..new(1)
    };
    enqueue(&db, &doomed).await;
    enqueue(&db, &new(2)).await;
    let working = Working::start(&db.store, "w1", QUICK, handlers);
    let dead = reached(&db, 1, JobState::Dead).await;
    assert!(dead.last_error.unwrap().contains("panic"));
    reached(&db, 2, JobState::Done).await;
    working.stop().await;
}

async fn a_job_that_takes_too_long_is_stopped_and_tried_again(db: TestDatabase) {
    let begun = Arc::new(Notify::new());
    let job = NewJob {
        time_limit: Duration::from_millis(80),
        ..new(1)
    };
    enqueue(&db, &job).await;
    let working = Working::start(&db.store, "w1", QUICK, endless(&begun));
    begun.notified().await;
    let waiting = until(async || {
        let job = db.store.jobs().find(&job.id).await.unwrap().unwrap();
        (job.state == JobState::Waiting).then_some(job)
    })
    .await;
    assert_eq!(waiting.last_error.as_deref(), Some("it took longer than 0.08 s"));
    assert_eq!(outcomes(&db, 1).await, ["failed"]);
    working.stop().await;
}

async fn a_failed_job_is_tried_again_after_a_wait_and_then_done(db: TestDatabase) {
    let handlers = Handlers::default().with("test", |job| async move {
        match job.attempts {
            1 => Err(JobError::retry("not yet")),
            _ => Ok(()),
        }
    });
    enqueue(&db, &new(1)).await;
    let working = Working::start(&db.store, "w1", QUICK, handlers);
    let began = Instant::now();
    let job = reached(&db, 1, JobState::Done).await;
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((job.attempts, job.last_error.as_deref()), (2, Some("not yet")));
    assert_eq!(outcomes(&db, 1).await, ["failed", "done"]);
    working.stop().await;
}

async fn a_job_that_cannot_be_cured_is_given_up_at_once(db: TestDatabase) {
    let handlers = Handlers::default().with("test", |job| async move {
        Err(match job.payload["number"].as_u64() {
            Some(1) => JobError::Fail("there is no such channel".to_owned()),
            _ => JobError::Unknown("perhaps it was posted".to_owned()),
        })
    });
    enqueue(&db, &new(1)).await;
    enqueue(&db, &new(2)).await;
    let working = Working::start(&db.store, "w1", QUICK, handlers);
    for (number, error) in [(1, "there is no such channel"), (2, "perhaps it was posted")] {
        let job = reached(&db, number, JobState::Dead).await;
        assert_eq!((job.attempts, job.last_error.as_deref()), (1, Some(error)));
    }
    working.stop().await;
}

async fn a_job_longer_than_its_lease_is_done_once(db: TestDatabase) {
    let begun = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&begun);
    let handlers = Handlers::default().with("test", move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(QUICK.lease * 3).await;
            Ok(())
        }
    });
    enqueue(&db, &new(1)).await;
    let workers = [
        Working::start(&db.store, "w1", QUICK, handlers.clone()),
        Working::start(&db.store, "w2", QUICK, handlers),
    ];
    reached(&db, 1, JobState::Done).await;
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    assert_eq!(outcomes(&db, 1).await, ["done"]);
    for working in workers {
        working.stop().await;
    }
}

async fn a_stop_lets_short_jobs_finish_and_hands_long_ones_back(db: TestDatabase) {
    let begun = Arc::new(Notify::new());
    let (says, go_on) = (Arc::clone(&begun), Arc::new(Notify::new()));
    let waits = Arc::clone(&go_on);
    let handlers = Handlers::default().with("test", move |job| {
        let (says, waits) = (Arc::clone(&says), Arc::clone(&waits));
        async move {
            says.notify_one();
            if job.payload["number"] == 1 {
                waits.notified().await;
                return Ok(());
            }
            pending().await
        }
    });
    let working = Working::start(&db.store, "w1", QUICK, handlers);
    for number in [1, 2] {
        enqueue(&db, &new(number)).await;
        working.wake.wake();
        begun.notified().await;
    }
    go_on.notify_one();
    working.stop().await;
    assert_eq!(reached(&db, 1, JobState::Done).await.attempts, 1);
    let long = reached(&db, 2, JobState::Waiting).await;
    assert_eq!((long.attempts, long.last_error), (0, None));
    assert_eq!(outcomes(&db, 2).await, ["handed_back"]);
    enqueue(&db, &new(3)).await;
    assert_eq!(
        reached(&db, 3, JobState::Waiting).await.attempts,
        0,
        "a stopped runner takes nothing"
    );
}

async fn another_worker_takes_over_from_one_that_crashed(db: TestDatabase) {
    let begun = Arc::new(Notify::new());
    enqueue(&db, &new(1)).await;
    let doomed = Working::start(&db.store, "doomed", QUICK, endless(&begun));
    begun.notified().await;
    doomed.crash().await;
    let heir = Working::start(&db.store, "heir", QUICK, at_once());
    let job = reached(&db, 1, JobState::Done).await;
    assert_eq!((job.attempts, job.worker.as_deref()), (2, Some("heir")));
    assert_eq!(outcomes(&db, 1).await, ["lost", "done"]);
    heir.stop().await;
}

async fn a_running_job_that_is_called_off_is_stopped(db: TestDatabase) {
    let begun = Arc::new(Notify::new());
    enqueue(&db, &new(1)).await;
    let working = Working::start(&db.store, "w1", QUICK, endless(&begun));
    begun.notified().await;
    let asked = db.store.jobs().cancel(&new(1).id, now()).await.unwrap();
    assert_eq!(asked, JobCancel::Asked);
    reached(&db, 1, JobState::Cancelled).await;
    assert_eq!(outcomes(&db, 1).await, ["cancelled"]);
    working.stop().await;
}

async fn a_job_of_an_unknown_kind_is_left_to_others_and_costs_no_attempt(db: TestDatabase) {
    let unknown = NewJob {
        kind: "from_the_future".to_owned(),
        max_attempts: 1,
        ..new(1)
    };
    enqueue(&db, &unknown).await;
    let working = Working::start(&db.store, "old", QUICK, at_once());
    let left = until(async || {
        let job = db.store.jobs().find(&unknown.id).await.unwrap().unwrap();
        (job.lease_token > 0 && job.state == JobState::Waiting).then_some(job)
    })
    .await;
    assert_eq!(left.attempts, 0);
    assert!(left.run_at > now() + chrono::Duration::seconds(30));
    working.stop().await;
}

async fn no_more_jobs_run_at_one_time_than_agreed(db: TestDatabase) {
    let (running, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (running_now, most_ever) = (Arc::clone(&running), Arc::clone(&most));
    let handlers = Handlers::default().with("test", move |_| {
        let (running, most) = (Arc::clone(&running_now), Arc::clone(&most_ever));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(3)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let jobs: Vec<NewJob> = (0..60).map(new).collect();
    db.store.jobs().enqueue_many(&jobs, now()).await.unwrap();
    let few = Pace { at_once: 3, ..QUICK };
    let working = Working::start(&db.store, "w1", few, handlers);
    for number in 0..60 {
        reached(&db, number, JobState::Done).await;
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    working.stop().await;
}
