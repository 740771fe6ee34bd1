//! Purpose: work that must be done although programs die: what a job is, when it is tried again, when it is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::JobId;

/// Who goes first among jobs that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is nothing else to do.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// A person waits for it.
    High,
    /// Something is broken.
    Incident,
}

impl Priority {
    /// Every priority, the one that goes first at the beginning.
    pub const ALL: [Self; 4] = [Self::Incident, Self::High, Self::Normal, Self::Low];

    /// The priority stored as `number`.
    pub fn parse(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_i64() == number)
    }

    /// The number it is stored as; the greater goes first.
    pub fn as_i64(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 10,
            Self::High => 20,
            Self::Incident => 30,
        }
    }
}

/// Work to be done once, at or after a time.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its id; the caller makes it.
    pub id: JobId,
    /// Which handler does it: `execute_approval`.
    pub kind: String,
    /// What the handler needs.
    pub payload: Value,
    /// While a job with this key is unfinished, no second one is taken in.
    pub unique_key: Option<String>,
    /// Who goes first.
    pub priority: Priority,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// How often it is begun at most; a job that kills its process has used up an attempt too.
    pub max_attempts: u32,
    /// After this long an attempt counts as failed.
    pub time_limit: Duration,
}

/// How often a job is begun at most, if nothing else is said.
pub const USUAL_ATTEMPTS: u32 = 5;
/// How long an attempt may take, if nothing else is said.
pub const USUAL_TIME_LIMIT: Duration = Duration::from_mins(1);

impl NewJob {
    /// A job of the usual kind, due at `run_at`.
    pub fn new(id: JobId, kind: impl Into<String>, payload: Value, run_at: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: kind.into(),
            payload,
            unique_key: None,
            priority: Priority::Normal,
            run_at,
            max_attempts: USUAL_ATTEMPTS,
            time_limit: USUAL_TIME_LIMIT,
        }
    }

    /// The same, but only one unfinished job of this key at a time.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Due now or later.
    Waiting,
    /// Somebody holds it.
    Running,
    /// Done.
    Done,
    /// Given up: a person must look. It can be tried again by hand.
    Dead,
    /// Called off before it was done.
    Cancelled,
}

impl JobState {
    /// Every state, in the order of life.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Dead,
        Self::Cancelled,
    ];

    /// The name it is stored under and shown as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing more happens to it by itself.
    pub fn is_finished(self) -> bool {
        match self {
            Self::Waiting | Self::Running => false,
            Self::Done | Self::Dead | Self::Cancelled => true,
        }
    }
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Which handler does it.
    pub kind: String,
    /// What the handler needs.
    pub payload: Value,
    /// While it is unfinished, no second one of this key is taken in.
    pub unique_key: Option<String>,
    /// Where it is in its life.
    pub state: JobState,
    /// Who goes first.
    pub priority: Priority,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// How often it was begun. While it runs, the running attempt counts.
    pub attempts: u32,
    /// How often it is begun at most.
    pub max_attempts: u32,
    /// After this long an attempt counts as failed.
    pub time_limit: Duration,
    /// Counts how often it was claimed; whoever holds an older one may not finish it.
    pub lease_token: i64,
    /// Until when its holder has it.
    pub lease_until: Option<DateTime<Utc>>,
    /// Who has or had it last.
    pub worker: Option<String>,
    /// Somebody wants it called off; its holder hears of it.
    pub cancel_asked: bool,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was taken in.
    pub enqueued_at: DateTime<Utc>,
    /// When it was last begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done, given up or called off.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Why a handler did not do a job. The texts are for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Nothing was done, or doing it again does no harm.
    #[error("{error}")]
    Retry {
        /// What went wrong.
        error: String,
        /// When the other side wants to be asked again, if it said so.
        at: Option<DateTime<Utc>>,
    },
    /// Trying again would not help.
    #[error("{0}")]
    Fail(String),
    /// Perhaps it was done, and doing it twice would do harm: a person must look.
    #[error("{0}")]
    Unknown(String),
    /// The program stops, and the handler noticed: another may go on from here. It costs no attempt.
    #[error("the program stops")]
    Stopped,
}

impl JobError {
    /// A failure that the usual retries may cure.
    pub fn retry(error: impl Into<String>) -> Self {
        Self::Retry {
            error: error.into(),
            at: None,
        }
    }
}

/// How an attempt ended, as its holder reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// The job is done.
    Done,
    /// It is tried again at `at`.
    Again {
        /// When.
        at: DateTime<Utc>,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        error: String,
    },
    /// It was not really begun: another may have it from `at` on, and the attempt does not count.
    HandedBack {
        /// Not before.
        at: DateTime<Utc>,
    },
    /// It was called off while it ran.
    Cancelled,
}

impl JobEnd {
    /// The name it has in the history and in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again { .. } => "failed",
            Self::Dead { .. } => "dead",
            Self::HandedBack { .. } => "handed_back",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that the job has after it.
    pub fn state(&self) -> JobState {
        match self {
            Self::Done => JobState::Done,
            Self::Again { .. } | Self::HandedBack { .. } => JobState::Waiting,
            Self::Dead { .. } => JobState::Dead,
            Self::Cancelled => JobState::Cancelled,
        }
    }
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct JobCounts {
    /// Due now or later.
    pub waiting: i64,
    /// Of those, due by now.
    pub due: i64,
    /// Held by somebody.
    pub running: i64,
    /// Given up.
    pub dead: i64,
}

/// One time that a job was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobAttempt {
    /// Which attempt; one that was handed back does not count, and the next has its number.
    pub attempt: i64,
    /// Who began it.
    pub worker: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it: what [`JobEnd::as_str`] says, or `lost` where its worker was gone.
    pub outcome: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
}

/// What became of the wish to call a job off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCancel {
    /// It will not run: it was waiting, or had been given up and is now forgotten about.
    Cancelled,
    /// It runs; whoever runs it is told within seconds, and stops.
    Asked,
    /// It was done or called off before.
    Finished(JobState),
    /// There is no such job.
    Unknown,
}

/// What became of the wish to run a job once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobReplay {
    /// It is due now, with all its attempts.
    Due,
    /// It is neither dead nor cancelled, but this.
    Not(JobState),
    /// Another unfinished job does the same.
    Rivalled,
    /// There is no such job.
    Unknown,
}

/// The wait before the second attempt.
pub const FIRST_WAIT: Duration = Duration::from_secs(2);
/// No wait is longer, however often a job failed.
pub const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// How long to wait after the `attempts`th attempt failed: twice as long each time, and of that a part between half
/// and all that `dice` (any number) decides, so that jobs that failed together do not come back together.
pub fn wait_after(attempts: u32, dice: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    let half = wait / 2;
    let spread = u64::try_from(half.as_millis())
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    half + Duration::from_millis(dice % spread)
}

/// What becomes of a job whose attempt failed with `error` at `now`. `dice` is any number, see [`wait_after`].
pub fn after_failure(job: &Job, error: JobError, now: DateTime<Utc>, dice: u64) -> JobEnd {
    match error {
        JobError::Retry { error, .. } if job.attempts >= job.max_attempts => JobEnd::Dead { error },
        JobError::Retry { error, at } => {
            let wait = wait_after(job.attempts, dice);
            let usual = chrono::Duration::from_std(wait).map_or(now, |wait| now + wait);
            // The other side knows best when, but never sooner than our own patience allows.
            let at = at.map_or(usual, |at| at.max(usual));
            JobEnd::Again { at, error }
        }
        JobError::Fail(error) | JobError::Unknown(error) => JobEnd::Dead { error },
        JobError::Stopped => JobEnd::HandedBack { at: now },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;

    fn job(attempts: u32, max_attempts: u32) -> Job {
        Job {
            id: JobId::new(Ulid::from_parts(1, 1)),
            kind: "test".to_owned(),
            payload: Value::Null,
            unique_key: None,
            state: JobState::Running,
            priority: Priority::Normal,
            run_at: DateTime::UNIX_EPOCH,
            attempts,
            max_attempts,
            time_limit: USUAL_TIME_LIMIT,
            lease_token: i64::from(attempts),
            lease_until: None,
            worker: None,
            cancel_asked: false,
            last_error: None,
            enqueued_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn the_greater_priority_goes_first() {
        let numbers = Priority::ALL.map(Priority::as_i64);
        assert!(numbers.is_sorted_by(|first, second| first > second));
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_i64()), Some(priority));
        }
        assert_eq!(Priority::parse(11), None);
    }

    #[test]
    fn states_are_read_back_as_they_were_written() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
        }
        assert_eq!(JobState::parse("lost"), None);
    }

    #[test]
    fn what_cannot_be_cured_or_may_have_happened_is_not_tried_again() {
        for error in [JobError::Fail("no".into()), JobError::Unknown("no".into())] {
            let end = after_failure(&job(1, 5), error, DateTime::UNIX_EPOCH, 0);
            assert_eq!(end, JobEnd::Dead { error: "no".into() });
        }
    }

    #[test]
    fn a_handler_that_stops_with_its_program_costs_no_attempt() {
        let end = after_failure(&job(5, 5), JobError::Stopped, DateTime::UNIX_EPOCH, 0);
        assert_eq!(
            end,
            JobEnd::HandedBack {
                at: DateTime::UNIX_EPOCH
            }
        );
    }

    proptest! {
        #[test]
        fn a_wait_doubles_within_its_bounds_whatever_the_dice(attempts in 0u32..5000, dice: u64) {
            let wait = wait_after(attempts, dice);
            prop_assert!(wait >= FIRST_WAIT / 2);
            prop_assert!(wait <= LONGEST_WAIT);
            prop_assert!(wait_after(attempts + 1, 0) >= wait_after(attempts, 0));
            if attempts >= 1 && wait_after(attempts + 1, 0) < LONGEST_WAIT / 2 {
                prop_assert_eq!(wait_after(attempts + 1, 0), wait_after(attempts, 0) * 2);
            }
        }

        #[test]
        fn a_job_that_always_fails_is_given_up_after_exactly_its_attempts(max_attempts in 1u32..40, dice: u64) {
            let mut now = DateTime::UNIX_EPOCH;
            for attempt in 1..=max_attempts {
                match after_failure(&job(attempt, max_attempts), JobError::retry("no"), now, dice) {
                    JobEnd::Again { at, .. } => {
                        prop_assert!(attempt < max_attempts);
                        prop_assert!(at > now);
                        now = at;
                    }
                    JobEnd::Dead { .. } => prop_assert_eq!(attempt, max_attempts),
                    end @ (JobEnd::Done | JobEnd::HandedBack { .. } | JobEnd::Cancelled) => {
                        return Err(TestCaseError::fail(format!("{end:?}")));
                    }
                }
            }
        }

        #[test]
        fn nobody_is_asked_again_before_the_time_they_named(attempts in 1u32..5, seconds in 0i64..100_000, dice: u64) {
            let at = DateTime::UNIX_EPOCH + chrono::Duration::seconds(seconds);
            let error = JobError::Retry { error: "busy".into(), at: Some(at) };
            let JobEnd::Again { at: again, .. } = after_failure(&job(attempts, 5), error, DateTime::UNIX_EPOCH, dice) else {
                return Err(TestCaseError::fail("given up"));
            };
            prop_assert!(again >= at && again > DateTime::UNIX_EPOCH);
        }
    }
}
