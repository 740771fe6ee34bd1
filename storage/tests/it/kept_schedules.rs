//! Schedules that people keep.

use em_domain::audit::AuditEntry;
use em_domain::id::JobId;
use em_domain::job::{JobState, NewJob};
use em_domain::schedule::{Definition, Kept, MOST_PER_PERSON, Missed, ScheduleId};
use em_storage::testing::TestDatabase;
use em_storage::{Consequences, ScheduleAdded, both_engines};
use serde_json::json;
use ulid::Ulid;

use crate::support::at;

both_engines!(
    a_schedule_is_read_back_and_found_when_it_is_due,
    of_several_replicas_one_takes_a_tick_and_its_job_with_it,
    what_was_decided_on_an_older_version_is_not_stored,
    a_person_keeps_so_many_and_no_more,
    a_removed_schedule_is_gone_and_the_log_says_who_did_it,
);

fn kept(owner: &str, seed: u128) -> Kept {
    let definition = Definition {
        run: "triage post --team payments".to_owned(),
        channel: "C0OPS".into(),
        cron: "0 9 * * 1-5".to_owned(),
        zone: "Europe/Berlin".parse().unwrap(),
        missed: Missed::Late(4),
    };
    let id = ScheduleId::new("triage", seed);
    Kept::new(id, owner.into(), definition, Some(at(60)), at(0))
}

fn entry(kind: &str, kept: &Kept) -> AuditEntry {
    AuditEntry {
        at: at(0),
        actor: kept.owner.to_string(),
        kind: kind.to_owned(),
        subject: kept.id.to_string(),
        data: json!({}),
    }
}

async fn add(db: &TestDatabase, kept: &Kept) -> ScheduleAdded {
    let schedules = db.store.kept_schedules();
    schedules
        .insert(kept, &entry("schedule.added", kept))
        .await
        .unwrap()
}

async fn a_schedule_is_read_back_and_found_when_it_is_due(db: TestDatabase) {
    let (first, second) = (kept("U1", 1), kept("U2", 2));
    assert_eq!(add(&db, &first).await, ScheduleAdded::New);
    assert_eq!(add(&db, &first).await, ScheduleAdded::NameTaken);
    assert_eq!(add(&db, &second).await, ScheduleAdded::New);
    let schedules = db.store.kept_schedules();
    assert_eq!(schedules.list().await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(schedules.list_due(at(59)).await.unwrap(), []);
    assert!(
        schedules
            .record(&second.paused(at(1)), &Consequences::default())
            .await
            .unwrap()
    );
    assert_eq!(schedules.list_due(at(60)).await.unwrap(), [first]);
    assert_eq!(
        schedules.find(&second.id).await.unwrap(),
        Some(second.paused(at(1)))
    );
}

async fn of_several_replicas_one_takes_a_tick_and_its_job_with_it(db: TestDatabase) {
    let mut current = kept("U1", 1);
    add(&db, &current).await;
    let replicas = [db.store.clone(), db.replica().await, db.replica().await];
    for tick in 0..5 {
        let next = current.ticked(Some(at(60 + tick)), Some(at(61 + tick)), at(60 + tick));
        let mut takes = tokio::task::JoinSet::new();
        for store in replicas.clone() {
            let next = next.clone();
            takes.spawn(async move {
                let job = NewJob::new(JobId::new(Ulid::new()), "schedule.fire", json!({}), at(60));
                let follows = Consequences {
                    jobs: vec![job],
                    ..Consequences::default()
                };
                store.kept_schedules().record(&next, &follows).await.unwrap()
            });
        }
        assert_eq!(takes.join_all().await.into_iter().filter(|mine| *mine).count(), 1);
        current = next;
    }
    let jobs = db.store.jobs().list(JobState::Waiting, 100).await.unwrap();
    assert_eq!(jobs.len(), 5);
    assert_eq!(db.store.kept_schedules().list().await.unwrap(), [current]);
}

async fn what_was_decided_on_an_older_version_is_not_stored(db: TestDatabase) {
    let old = kept("U1", 1);
    add(&db, &old).await;
    let schedules = db.store.kept_schedules();
    let none = Consequences::default();
    assert!(schedules.record(&old.paused(at(1)), &none).await.unwrap());
    assert!(
        !schedules
            .record(&old.ticked(Some(at(60)), None, at(60)), &none)
            .await
            .unwrap()
    );
    assert_eq!(schedules.find(&old.id).await.unwrap(), Some(old.paused(at(1))));
}

async fn a_person_keeps_so_many_and_no_more(db: TestDatabase) {
    for number in 0..MOST_PER_PERSON {
        let kept = kept("U1", u128::try_from(number).unwrap());
        assert_eq!(add(&db, &kept).await, ScheduleAdded::New);
    }
    assert_eq!(add(&db, &kept("U1", 100)).await, ScheduleAdded::TooManyOfOne);
    assert_eq!(add(&db, &kept("U2", 100)).await, ScheduleAdded::New);
}

async fn a_removed_schedule_is_gone_and_the_log_says_who_did_it(db: TestDatabase) {
    let kept = kept("U1", 1);
    add(&db, &kept).await;
    let schedules = db.store.kept_schedules();
    let removed = entry("schedule.removed", &kept);
    assert!(schedules.remove(&kept.id, &removed).await.unwrap());
    assert!(!schedules.remove(&kept.id, &removed).await.unwrap());
    assert_eq!(schedules.list().await.unwrap(), []);
    let log = db.store.audit().list_about(kept.id.as_str(), 10).await.unwrap();
    let kinds: Vec<&str> = log.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["schedule.removed", "schedule.added"]);
}
