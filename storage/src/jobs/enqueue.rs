//! Purpose: taking jobs in, by themselves or in the transaction of whatever makes them necessary.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use em_domain::id::JobId;
use em_domain::job::{JobState, NewJob};

use super::Jobs;
use super::row::job_id;
use crate::engine::{Conn, Table, Value, on_conn};
use crate::error::StoreError;

const JOBS: Table = Table {
    name: "jobs",
    columns: &[
        "id",
        "kind",
        "payload",
        "unique_key",
        "state",
        "priority",
        "run_at",
        "attempts",
        "max_attempts",
        "time_limit_ms",
        "lease_token",
        "cancel_asked",
        "enqueued_at",
    ],
    key_columns: 1,
};
/// How often a job is offered again whose rival is gone each time one looks.
const OFFERS: usize = 3;

/// Whether a job was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It was.
    New(JobId),
    /// An unfinished job has its key (or any job its id): this one.
    Existing(JobId),
}

impl Enqueued {
    /// The job that will do the work.
    pub fn id(&self) -> &JobId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }

    /// Whether it was taken in just now.
    pub fn is_new(&self) -> bool {
        match self {
            Self::New(_) => true,
            Self::Existing(_) => false,
        }
    }
}

impl Jobs<'_> {
    /// Takes `job` in.
    pub async fn enqueue(&self, job: &NewJob, now: DateTime<Utc>) -> Result<Enqueued, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let enqueued = enqueue_in(&mut tx.conn(), job, now).await?;
        tx.commit().await?;
        Ok(enqueued)
    }

    /// Takes all of `jobs` in, or none; the answers are in their order.
    pub async fn enqueue_many(
        &self,
        jobs: &[NewJob],
        now: DateTime<Utc>,
    ) -> Result<Vec<Enqueued>, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let enqueued = enqueue_many_in(&mut tx.conn(), jobs, now).await?;
        tx.commit().await?;
        Ok(enqueued)
    }
}

/// Takes `job` in if the transaction of `conn` is committed.
pub(crate) async fn enqueue_in(
    conn: &mut Conn<'_>,
    job: &NewJob,
    now: DateTime<Utc>,
) -> Result<Enqueued, StoreError> {
    let enqueued = enqueue_many_in(conn, std::slice::from_ref(job), now).await?;
    enqueued.into_iter().next().ok_or_else(|| gone(job))
}

/// Takes all of `jobs` in if the transaction of `conn` is committed; the answers are in their order.
async fn enqueue_many_in(
    conn: &mut Conn<'_>,
    jobs: &[NewJob],
    now: DateTime<Utc>,
) -> Result<Vec<Enqueued>, StoreError> {
    let mut new = insert(conn, jobs, now).await?;
    let mut enqueued = Vec::with_capacity(jobs.len());
    for job in jobs {
        // Taking the id out leaves the second of two equal jobs an existing one.
        enqueued.push(if new.remove(job.id.as_str()) {
            Enqueued::New(job.id.clone())
        } else {
            offer(conn, job, now).await?
        });
    }
    Ok(enqueued)
}

/// Inserts those of `jobs` that nothing stands against, and answers with their ids.
async fn insert(
    conn: &mut Conn<'_>,
    jobs: &[NewJob],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let rows = jobs.iter().map(|job| job_row(job, now));
    let rows = rows.collect::<Result<_, _>>()?;
    Ok(conn.insert_new(&JOBS, rows).await?.into_iter().collect())
}

fn job_row(job: &NewJob, now: DateTime<Utc>) -> Result<Vec<Value<'_>>, StoreError> {
    let time_limit_ms = i64::try_from(job.time_limit.as_millis()).unwrap_or(i64::MAX);
    Ok(vec![
        Value::text(job.id.as_str()),
        Value::text(&job.kind),
        Value::json(&job.payload)?,
        Value::maybe_text(job.unique_key.as_deref()),
        Value::text(JobState::Waiting.as_str()),
        Value::Integer(job.priority.as_i64()),
        Value::Time(job.run_at),
        Value::Integer(0),
        Value::Integer(i64::from(job.max_attempts)),
        Value::Integer(time_limit_ms),
        Value::Integer(0),
        Value::Boolean(false),
        Value::Time(now),
    ])
}

/// Finds what stands against `job`; if that was finished meanwhile, the job is taken in after all.
async fn offer(conn: &mut Conn<'_>, job: &NewJob, now: DateTime<Utc>) -> Result<Enqueued, StoreError> {
    for _ in 0..OFFERS {
        if let Some(existing) = find_rival(conn, job).await? {
            return Ok(Enqueued::Existing(existing));
        }
        if insert(conn, std::slice::from_ref(job), now).await?.len() == 1 {
            return Ok(Enqueued::New(job.id.clone()));
        }
    }
    Err(gone(job))
}

async fn find_rival(conn: &mut Conn<'_>, job: &NewJob) -> Result<Option<JobId>, StoreError> {
    const RIVAL: &str = "SELECT id FROM jobs WHERE id = $1 UNION ALL \
                         SELECT id FROM jobs WHERE unique_key = $2 AND finished_at IS NULL LIMIT 1";
    let rival: Option<String> = on_conn!(conn, |c| sqlx::query_scalar(RIVAL)
        .bind(job.id.as_str())
        .bind(job.unique_key.as_deref())
        .fetch_optional(c)
        .await)?;
    rival.as_deref().map(job_id).transpose()
}

fn gone(job: &NewJob) -> StoreError {
    StoreError::Conflict(format!(
        "jobs like {} come and go too fast to take one in",
        job.kind
    ))
}
