//! Purpose: what people see of jobs, and what they do to them.

use chrono::{DateTime, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobState};
use serde::Serialize;
use sqlx::FromRow;

use super::Jobs;
use super::row::{JobRow, columns};
use crate::engine::{on_conn, on_engine, on_writer};
use crate::error::StoreError;

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, FromRow)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Attempt {
    /// Which attempt; one that was handed back does not count, and the next has its number.
    pub attempt: i64,
    /// Who began it.
    pub worker: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it: `done`, `failed`, `dead`, `handed_back`, `cancelled`, `lost`.
    pub outcome: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
}

/// What became of the wish to call a job off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// It was waiting and will not run.
    Cancelled,
    /// It runs; whoever runs it is told within seconds, and stops.
    Asked,
    /// It was finished before, like this.
    Finished(JobState),
    /// There is no such job.
    Unknown,
}

/// What became of the wish to run a job once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is due now, with all its attempts.
    Due,
    /// It is neither dead nor cancelled, but this.
    Not(JobState),
    /// Another unfinished job does the same.
    Rivalled,
    /// There is no such job.
    Unknown,
}

impl Jobs<'_> {
    /// The job `id`.
    pub async fn find(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1");
        let row: Option<JobRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        row.map(Job::try_from).transpose()
    }

    /// The jobs of one state: waiting and running ones in the order of claiming, finished ones the newest first.
    pub async fn list(&self, state: JobState, limit: u16) -> Result<Vec<Job>, StoreError> {
        let sql = match state {
            JobState::Waiting => concat!(
                "SELECT ",
                columns!(),
                " FROM jobs WHERE state = 'waiting' ORDER BY priority DESC, run_at, id LIMIT $1"
            ),
            JobState::Running => concat!(
                "SELECT ",
                columns!(),
                " FROM jobs WHERE state = 'running' ORDER BY priority DESC, run_at, id LIMIT $1"
            ),
            JobState::Dead => concat!(
                "SELECT ",
                columns!(),
                " FROM jobs WHERE state = 'dead' ORDER BY finished_at DESC LIMIT $1"
            ),
            JobState::Done => concat!(
                "SELECT ",
                columns!(),
                " FROM jobs WHERE state IN ('done', 'cancelled') AND state = 'done' ORDER BY finished_at DESC LIMIT $1"
            ),
            JobState::Cancelled => concat!(
                "SELECT ",
                columns!(),
                " FROM jobs WHERE state IN ('done', 'cancelled') AND state = 'cancelled' ORDER BY finished_at DESC \
                 LIMIT $1"
            ),
        };
        let rows: Vec<JobRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(sql)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        rows.into_iter().map(Job::try_from).collect()
    }

    /// Every time that the job was begun, the first one first.
    pub async fn list_attempts(&self, id: &JobId) -> Result<Vec<Attempt>, StoreError> {
        const ATTEMPTS: &str = "SELECT attempt, worker, started_at, ended_at, outcome, error FROM job_attempts \
                                WHERE job = $1 ORDER BY lease_token";
        let attempts: Vec<Attempt> = on_engine!(self.store.pool(), |c| sqlx::query_as(ATTEMPTS)
            .bind(id.as_str())
            .fetch_all(c)
            .await)?;
        Ok(attempts)
    }

    /// How many jobs there are at `now`. It reads the whole index of waiting ones.
    pub async fn count(&self, now: DateTime<Utc>) -> Result<JobCounts, StoreError> {
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM jobs WHERE state = 'waiting') AS waiting, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'waiting' AND run_at <= $1) AS due, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'running') AS running, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'dead') AS dead";
        let counts: JobCounts = on_engine!(self.store.pool(), |c| sqlx::query_as(COUNT)
            .bind(now)
            .fetch_one(c)
            .await)?;
        Ok(counts)
    }

    /// Calls a job off: a waiting one at once; a running one is marked, and its holder hears of it when it next renews
    /// its lease.
    pub async fn cancel(&self, id: &JobId, now: DateTime<Utc>) -> Result<Cancel, StoreError> {
        const CANCEL: &str = "UPDATE jobs SET cancel_asked = TRUE, \
            finished_at = CASE state WHEN 'waiting' THEN $2 END, \
            state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END \
            WHERE id = $1 AND finished_at IS NULL RETURNING state";
        let state: Option<String> = on_writer!(self.store.pool(), |c| sqlx::query_scalar(CANCEL)
            .bind(id.as_str())
            .bind(now)
            .fetch_optional(c)
            .await)?;
        Ok(match state.as_deref().and_then(JobState::parse) {
            Some(JobState::Running) => Cancel::Asked,
            Some(_) => Cancel::Cancelled,
            None => self
                .find(id)
                .await?
                .map_or(Cancel::Unknown, |job| Cancel::Finished(job.state)),
        })
    }

    /// Runs a dead or cancelled job once more, with all its attempts. Its history stays.
    pub async fn replay(&self, id: &JobId, now: DateTime<Utc>) -> Result<Replay, StoreError> {
        const REPLAY: &str = "UPDATE jobs SET state = 'waiting', attempts = 0, run_at = $2, finished_at = NULL, \
            cancel_asked = FALSE WHERE id = $1 AND state IN ('dead', 'cancelled') AND NOT EXISTS \
            (SELECT 1 FROM jobs o WHERE o.unique_key = jobs.unique_key AND o.finished_at IS NULL)";
        let replayed = on_writer!(self.store.pool(), |c| sqlx::query(REPLAY)
            .bind(id.as_str())
            .bind(now)
            .execute(c)
            .await
            .map(|r| r.rows_affected()));
        match replayed {
            Ok(0) => {}
            Ok(_) => return Ok(Replay::Due),
            // A rival came in at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(Replay::Rivalled),
            Err(error) => return Err(error.into()),
        }
        Ok(match self.find(id).await?.map(|job| job.state) {
            None => Replay::Unknown,
            Some(JobState::Dead | JobState::Cancelled) => Replay::Rivalled,
            Some(state @ (JobState::Waiting | JobState::Running | JobState::Done)) => Replay::Not(state),
        })
    }

    /// Forgets jobs that were done or cancelled before `ended_before`, and dead ones given up before `dead_before`;
    /// answers how many.
    pub async fn purge(
        &self,
        ended_before: DateTime<Utc>,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const ATTEMPTS: &str = "DELETE FROM job_attempts WHERE job IN (SELECT id FROM jobs \
            WHERE state IN ('done', 'cancelled') AND finished_at < $1 UNION ALL \
            SELECT id FROM jobs WHERE state = 'dead' AND finished_at < $2)";
        const ENDED: &str = "DELETE FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < $1";
        const DEAD: &str = "DELETE FROM jobs WHERE state = 'dead' AND finished_at < $1";
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        on_conn!(&mut conn, |c| sqlx::query(ATTEMPTS)
            .bind(ended_before)
            .bind(dead_before)
            .execute(c)
            .await
            .map(drop))?;
        let mut purged = 0;
        for (sql, before) in [(ENDED, ended_before), (DEAD, dead_before)] {
            purged += on_conn!(&mut conn, |c| sqlx::query(sql)
                .bind(before)
                .execute(c)
                .await
                .map(|r| r.rows_affected()))?;
        }
        tx.commit().await?;
        Ok(purged)
    }
}
