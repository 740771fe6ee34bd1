//! Purpose: a schedule fires once on each day that has its hour, whatever the clocks of the country or the machine do.
//!
//! The rule: a wall-clock time that a change of the clocks leaves out does not come that day; one that comes twice
//! fires the first time. A tick that was missed is made up for within an hour, and of several only the newest.

use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use em_domain::clock::{Clock as _, TestClock};
use em_domain::id::JobId;
use em_domain::job::{JobState, NewJob};
use em_jobs::schedule::Schedule;
use em_jobs::ticker::Ticker;
use em_storage::testing::TestDatabase;
use em_storage::{Store, both_engines};
use serde_json::json;
use ulid::Ulid;

both_engines!(
    a_nightly_schedule_fires_once_a_day_over_both_changes_of_the_year,
    a_tick_missed_by_less_than_an_hour_is_made_up_for_and_a_later_one_is_not,
    a_tick_and_its_job_survive_whoever_took_it,
);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn nightly(zone: Tz) -> Schedule {
    Schedule::parse(&format!("nightly {zone}"), "30 2 * * *", zone).unwrap()
}

fn ticker(store: &Store, clock: &TestClock, schedule: &Schedule) -> Ticker {
    let now = clock.clone();
    let make_job = move |tick: &em_jobs::ticker::Tick| {
        NewJob::new(
            JobId::new(Ulid::new()),
            "tick",
            json!({"due_at": tick.due_at}),
            now.now(),
        )
    };
    Ticker::new(
        store.clone(),
        Arc::new(clock.clone()),
        vec![schedule.clone()],
        Box::new(make_job),
    )
}

/// The instants of the jobs that were made, the first one first.
async fn made(store: &Store) -> Vec<DateTime<Utc>> {
    let jobs = store.jobs().list(JobState::Waiting, 1000).await.unwrap();
    let due = |job: em_domain::job::Job| job.payload["due_at"].as_str().unwrap().parse().unwrap();
    let mut made: Vec<_> = jobs.into_iter().map(due).collect();
    made.sort_unstable();
    made
}

/// Two replicas watch the clock for five days from `start`, and answer with the ticks by wall clock.
async fn watched(db: &TestDatabase, zone: Tz, start: DateTime<Utc>) -> Vec<String> {
    let (clock, schedule) = (TestClock::at(start), nightly(zone));
    let replica = db.replica().await;
    let mut replicas = [
        ticker(&db.store, &clock, &schedule),
        ticker(&replica, &clock, &schedule),
    ];
    let before = made(&db.store).await.len();
    let mut ticks = Vec::new();
    while clock.now() < start + Duration::days(5) {
        let [one, other] = &mut replicas;
        let (mine, theirs) = tokio::join!(one.claim_due(), other.claim_due());
        ticks.extend(mine.unwrap());
        ticks.extend(theirs.unwrap());
        clock.advance(Duration::minutes(10));
    }
    assert_eq!(
        made(&db.store).await.len() - before,
        ticks.len(),
        "each tick has its job"
    );
    replica.close().await;
    let wall = |tick: em_jobs::ticker::Tick| {
        tick.due_at
            .with_timezone(&zone)
            .format("%m-%d %H:%M %Z")
            .to_string()
    };
    ticks.into_iter().map(wall).collect()
}

async fn a_nightly_schedule_fires_once_a_day_over_both_changes_of_the_year(db: TestDatabase) {
    // The day before the day of the change, at noon; what the ticks are by wall clock.
    for (zone, day, expected) in [
        (
            Tz::Europe__Berlin,
            "2026-03-27",
            [
                "03-28 02:30 CET",
                "03-30 02:30 CEST",
                "03-31 02:30 CEST",
                "04-01 02:30 CEST",
            ]
            .as_slice(),
        ),
        (
            Tz::Europe__Berlin,
            "2026-10-23",
            &[
                "10-24 02:30 CEST",
                "10-25 02:30 CEST",
                "10-26 02:30 CET",
                "10-27 02:30 CET",
                "10-28 02:30 CET",
            ],
        ),
        (
            Tz::America__New_York,
            "2026-03-06",
            &[
                "03-07 02:30 EST",
                "03-09 02:30 EDT",
                "03-10 02:30 EDT",
                "03-11 02:30 EDT",
            ],
        ),
        (
            Tz::America__New_York,
            "2026-10-30",
            &[
                "10-31 02:30 EDT",
                "11-01 02:30 EST",
                "11-02 02:30 EST",
                "11-03 02:30 EST",
                "11-04 02:30 EST",
            ],
        ),
    ] {
        let start: NaiveDate = day.parse().unwrap();
        let start = start.and_hms_opt(12, 0, 0).unwrap().and_utc();
        assert_eq!(watched(&db, zone, start).await, expected, "{zone} {day}");
    }
}

async fn a_tick_missed_by_less_than_an_hour_is_made_up_for_and_a_later_one_is_not(db: TestDatabase) {
    let clock = TestClock::at(at("2026-06-01T00:00:00Z"));
    let schedule = nightly(Tz::UTC);
    let mut watching = ticker(&db.store, &clock, &schedule);
    assert_eq!(watching.claim_due().await.unwrap(), []);
    // Nobody watches from midnight on; half an hour too late a program starts.
    clock.set(at("2026-06-01T03:00:00Z"));
    let mut late = ticker(&db.store, &clock, &schedule);
    assert_eq!(late.claim_due().await.unwrap().len(), 1);
    assert_eq!(
        watching.claim_due().await.unwrap(),
        [],
        "the other comes back to find it taken"
    );
    // The next night, an hour and a minute too late.
    clock.set(at("2026-06-02T03:31:00Z"));
    assert_eq!(late.claim_due().await.unwrap(), []);
    assert_eq!(
        ticker(&db.store, &clock, &schedule).claim_due().await.unwrap(),
        []
    );
    // Three nights at once: only the newest.
    clock.set(at("2026-06-05T02:40:00Z"));
    assert_eq!(late.claim_due().await.unwrap().len(), 1);
    assert_eq!(
        made(&db.store).await,
        [at("2026-06-01T02:30:00Z"), at("2026-06-05T02:30:00Z")]
    );
}

async fn a_tick_and_its_job_survive_whoever_took_it(db: TestDatabase) {
    let clock = TestClock::at(at("2026-06-01T02:31:00Z"));
    let schedule = nightly(Tz::UTC);
    let mut taken = ticker(&db.store, &clock, &schedule);
    assert_eq!(taken.claim_due().await.unwrap().len(), 1);
    // It dies before it has done anything; the job is there for the next one, and no second tick.
    drop(taken);
    let replica = db.replica().await;
    assert_eq!(ticker(&replica, &clock, &schedule).claim_due().await.unwrap(), []);
    assert_eq!(made(&replica).await, [at("2026-06-01T02:30:00Z")]);
}
