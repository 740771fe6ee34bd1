//! Purpose: whatever people, workers and clocks do to jobs, in whatever order: the store does as a simple model says.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use em_domain::id::JobId;
use em_domain::job::{JobEnd, JobState, NewJob};
use em_storage::testing::TestDatabase;
use em_storage::{Claimant, Held, Settlement, Store, both_engines};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use ulid::Ulid;

use crate::support::at;

both_engines!(the_store_does_what_the_model_says);

/// What is done, one after the other. Jobs and holds are named by numbers, taken round and round.
const STEPS: usize = 240;
const LEASE: Duration = Duration::minutes(2);
const MAX_ATTEMPTS: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Enqueue,
    Claim { limit: u16 },
    Settle { hold: usize, end: usize },
    Renew { hold: usize },
    Cancel { job: usize },
    Replay { job: usize },
    Reap,
    Wait { minutes: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0_usize..1000;
    prop_oneof![
        2 => Just(Step::Enqueue),
        4 => (1_u16..4).prop_map(|limit| Step::Claim { limit }),
        5 => (number.clone(), 0_usize..5).prop_map(|(hold, end)| Step::Settle { hold, end }),
        2 => number.clone().prop_map(|hold| Step::Renew { hold }),
        1 => number.clone().prop_map(|job| Step::Cancel { job }),
        1 => number.prop_map(|job| Step::Replay { job }),
        1 => Just(Step::Reap),
        3 => (-1_i64..4).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

/// A job as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    state: JobState,
    attempts: u32,
    token: i64,
    run_at: DateTime<Utc>,
    lease_until: Option<DateTime<Utc>>,
    cancel_asked: bool,
}

struct World {
    store: Store,
    now: DateTime<Utc>,
    jobs: BTreeMap<JobId, Model>,
    /// Every hold there ever was; most are stale.
    holds: Vec<Held>,
}

impl World {
    fn nth_job(&self, number: usize) -> Option<JobId> {
        let index = number.checked_rem(self.jobs.len())?;
        self.jobs.keys().nth(index).cloned()
    }

    /// Among the newest holds, so that it is sometimes a good one.
    fn nth_hold(&self, number: usize) -> Option<Held> {
        let index = number.checked_rem(self.holds.len().min(6))?;
        self.holds.iter().rev().nth(index).cloned()
    }

    /// The job of a hold that is still good.
    fn held(&mut self, hold: &Held) -> Option<&mut Model> {
        let job = self.jobs.get_mut(&hold.id)?;
        (job.state == JobState::Running && job.token == hold.lease_token).then_some(job)
    }

    async fn enqueue(&mut self) {
        let id = JobId::new(Ulid::from_parts(self.jobs.len() as u64, 1));
        let job = NewJob {
            max_attempts: MAX_ATTEMPTS,
            ..NewJob::new(id.clone(), "test", Value::Null, self.now)
        };
        assert!(self.store.jobs().enqueue(&job, self.now).await.unwrap().is_new());
        let model = Model {
            state: JobState::Waiting,
            attempts: 0,
            token: 0,
            run_at: self.now,
            lease_until: None,
            cancel_asked: false,
        };
        self.jobs.insert(id, model);
    }

    async fn claim(&mut self, limit: u16) {
        let claimant = Claimant {
            worker: "w",
            limit,
            lease: LEASE,
            takes_lost: true,
        };
        let claimed = self.store.jobs().claim(&claimant, self.now).await.unwrap();
        let now = self.now;
        let is_free = |job: &Model| match job.state {
            JobState::Waiting => job.run_at <= now,
            JobState::Running => {
                job.lease_until <= Some(now) && job.attempts < MAX_ATTEMPTS && !job.cancel_asked
            }
            JobState::Done | JobState::Dead | JobState::Cancelled => false,
        };
        let free = self.jobs.values().filter(|job| is_free(job)).count();
        assert_eq!(claimed.len(), free.min(usize::from(limit)));
        for job in claimed {
            let model = self.jobs.get_mut(&job.id).unwrap();
            assert!(is_free(model), "{model:?}");
            model.state = JobState::Running;
            model.attempts += 1;
            model.token += 1;
            model.lease_until = Some(now + LEASE);
            assert_eq!(job.lease_token, model.token);
            self.holds.push(Held::from(&job));
        }
    }

    async fn settle(&mut self, held: Held, end: usize) {
        let later = self.now + Duration::minutes(1);
        let error = || "no".to_owned();
        let end = [
            JobEnd::Done,
            JobEnd::Again {
                at: later,
                error: error(),
            },
            JobEnd::Dead { error: error() },
            JobEnd::HandedBack { at: self.now },
            JobEnd::Cancelled,
        ][end]
            .clone();
        let settlement = Settlement {
            held: held.clone(),
            end: end.clone(),
        };
        let good = self.store.jobs().settle(&[settlement], self.now).await.unwrap();
        let Some(job) = self.held(&held) else {
            return assert_eq!(good, [false], "a hold that is not good any more");
        };
        assert_eq!(good, [true]);
        job.lease_until = None;
        job.state = end.state();
        match end {
            JobEnd::Again { at, .. } => job.run_at = at,
            JobEnd::HandedBack { at } => {
                job.run_at = at;
                job.attempts -= 1;
            }
            JobEnd::Done | JobEnd::Dead { .. } | JobEnd::Cancelled => {}
        }
        if job.state == JobState::Waiting && job.cancel_asked {
            job.state = JobState::Cancelled;
        } else if job.state == JobState::Waiting && job.attempts >= MAX_ATTEMPTS {
            job.state = JobState::Dead;
        }
    }

    async fn renew(&mut self, held: Held) {
        let until = self.now + LEASE;
        let renewed = self
            .store
            .jobs()
            .renew(std::slice::from_ref(&held), until)
            .await
            .unwrap();
        let expected = self.held(&held).map(|job| {
            job.lease_until = Some(until);
            job.cancel_asked
        });
        assert_eq!(renewed.first().map(|renewed| renewed.cancel_asked), expected);
    }

    async fn cancel(&mut self, id: &JobId) {
        self.store.jobs().cancel(id, self.now).await.unwrap();
        let job = self.jobs.get_mut(id).unwrap();
        match job.state {
            JobState::Waiting | JobState::Dead => {
                job.state = JobState::Cancelled;
                job.cancel_asked = true;
            }
            JobState::Running => job.cancel_asked = true,
            JobState::Done | JobState::Cancelled => {}
        }
    }

    async fn replay(&mut self, id: &JobId) {
        self.store.jobs().replay(id, self.now).await.unwrap();
        let job = self.jobs.get_mut(id).unwrap();
        if matches!(job.state, JobState::Dead | JobState::Cancelled) {
            job.state = JobState::Waiting;
            job.attempts = 0;
            job.run_at = self.now;
            job.cancel_asked = false;
        }
    }

    async fn reap(&mut self) {
        self.store.jobs().reap(self.now).await.unwrap();
        for job in self.jobs.values_mut() {
            let is_lost = job.state == JobState::Running && job.lease_until <= Some(self.now);
            if is_lost && (job.cancel_asked || job.attempts >= MAX_ATTEMPTS) {
                job.state = if job.cancel_asked {
                    JobState::Cancelled
                } else {
                    JobState::Dead
                };
                job.lease_until = None;
            }
        }
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Enqueue => self.enqueue().await,
            Step::Claim { limit } => self.claim(limit).await,
            Step::Settle { hold, end } => {
                if let Some(held) = self.nth_hold(hold) {
                    self.settle(held, end).await;
                }
            }
            Step::Renew { hold } => {
                if let Some(held) = self.nth_hold(hold) {
                    self.renew(held).await;
                }
            }
            Step::Cancel { job } => {
                if let Some(id) = self.nth_job(job) {
                    self.cancel(&id).await;
                }
            }
            Step::Replay { job } => {
                if let Some(id) = self.nth_job(job) {
                    self.replay(&id).await;
                }
            }
            Step::Reap => self.reap().await,
            Step::Wait { minutes } => self.now += Duration::minutes(minutes),
        }
    }

    async fn check(&self) {
        for (id, expected) in &self.jobs {
            let job = self.store.jobs().find(id).await.unwrap().unwrap();
            let found = Model {
                state: job.state,
                attempts: job.attempts,
                token: job.lease_token,
                run_at: job.run_at,
                lease_until: job.lease_until,
                cancel_asked: job.cancel_asked,
            };
            assert_eq!(&found, expected, "{id}");
            assert!(job.attempts <= MAX_ATTEMPTS);
            assert_eq!(job.finished_at.is_some(), job.state.is_finished());
            let attempts = self.store.jobs().list_attempts(id).await.unwrap();
            assert_eq!(attempts.len(), usize::try_from(job.lease_token).unwrap());
            let open = attempts
                .iter()
                .filter(|attempt| attempt.outcome.is_none())
                .count();
            assert_eq!(open, usize::from(job.state == JobState::Running), "{attempts:?}");
        }
    }
}

async fn the_store_does_what_the_model_says(db: TestDatabase) {
    let mut random = TestRunner::default();
    let mut world = World {
        store: db.store.clone(),
        now: at(0),
        jobs: BTreeMap::new(),
        holds: Vec::new(),
    };
    let steps = prop::collection::vec(step(), STEPS)
        .new_tree(&mut random)
        .unwrap()
        .current();
    for (number, step) in steps.iter().enumerate() {
        // Shown where the test fails.
        eprintln!("{step:?}");
        world.take(step).await;
        // Every answer is compared at once; all jobs now and then, because that takes long.
        if number % 8 == 7 {
            world.check().await;
        }
    }
    assert!(world.holds.len() > STEPS / 20, "hardly anything was claimed");
}
