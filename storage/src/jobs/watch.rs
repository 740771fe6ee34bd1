//! Purpose: what people see of jobs, and what they do to them.

use chrono::{DateTime, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobAttempt, JobCancel, JobCounts, JobReplay, JobState};
use sqlx::FromRow;

use super::Jobs;
use super::row::{JobRow, columns};
use crate::engine::{on_conn, on_engine, on_writer};
use crate::error::StoreError;

#[derive(FromRow)]
struct AttemptRow {
    attempt: i64,
    worker: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    error: Option<String>,
}

impl From<AttemptRow> for JobAttempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            attempt: row.attempt,
            worker: row.worker,
            started_at: row.started_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
            error: row.error,
        }
    }
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
    pub async fn list_attempts(&self, id: &JobId) -> Result<Vec<JobAttempt>, StoreError> {
        const ATTEMPTS: &str = "SELECT attempt, worker, started_at, ended_at, outcome, error FROM job_attempts \
                                WHERE job = $1 ORDER BY lease_token";
        let attempts: Vec<AttemptRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(ATTEMPTS)
            .bind(id.as_str())
            .fetch_all(c)
            .await)?;
        Ok(attempts.into_iter().map(JobAttempt::from).collect())
    }

    /// How many jobs there are at `now`. It reads the whole index of waiting ones.
    pub async fn count(&self, now: DateTime<Utc>) -> Result<JobCounts, StoreError> {
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM jobs WHERE state = 'waiting') AS waiting, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'waiting' AND run_at <= $1) AS due, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'running') AS running, \
            (SELECT COUNT(*) FROM jobs WHERE state = 'dead') AS dead";
        let (waiting, due, running, dead): (i64, i64, i64, i64) =
            on_engine!(self.store.pool(), |c| sqlx::query_as(COUNT)
                .bind(now)
                .fetch_one(c)
                .await)?;
        Ok(JobCounts {
            waiting,
            due,
            running,
            dead,
        })
    }

    /// Calls a job off: a waiting one at once, and a dead one too, which is then no longer counted; a running one is marked, and its holder hears of it when it next renews
    /// its lease.
    pub async fn cancel(&self, id: &JobId, now: DateTime<Utc>) -> Result<JobCancel, StoreError> {
        const CANCEL: &str = "UPDATE jobs SET cancel_asked = TRUE, \
            finished_at = CASE WHEN state <> 'running' THEN $2 END, \
            state = CASE WHEN state <> 'running' THEN 'cancelled' ELSE state END \
            WHERE id = $1 AND state IN ('waiting', 'running', 'dead') RETURNING state";
        let state: Option<String> = on_writer!(self.store.pool(), |c| sqlx::query_scalar(CANCEL)
            .bind(id.as_str())
            .bind(now)
            .fetch_optional(c)
            .await)?;
        Ok(match state.as_deref().and_then(JobState::parse) {
            Some(JobState::Running) => JobCancel::Asked,
            Some(_) => JobCancel::Cancelled,
            None => self
                .find(id)
                .await?
                .map_or(JobCancel::Unknown, |job| JobCancel::Finished(job.state)),
        })
    }

    /// Runs a dead or cancelled job once more, with all its attempts. Its history stays.
    pub async fn replay(&self, id: &JobId, now: DateTime<Utc>) -> Result<JobReplay, StoreError> {
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
            Ok(_) => return Ok(JobReplay::Due),
            // A rival came in at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Ok(JobReplay::Rivalled);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(match self.find(id).await?.map(|job| job.state) {
            None => JobReplay::Unknown,
            Some(JobState::Dead | JobState::Cancelled) => JobReplay::Rivalled,
            Some(state @ (JobState::Waiting | JobState::Running | JobState::Done)) => JobReplay::Not(state),
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
