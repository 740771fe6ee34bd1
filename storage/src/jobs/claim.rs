//! Purpose: who does a job. One statement gives each due job to one worker, and takes those of workers that are gone.

use chrono::{DateTime, Duration, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobState};

use super::Jobs;
use super::row::{JobRow, columns, job_id};
use crate::engine::{Conn, Table, Value, list, on_conn};
use crate::error::StoreError;

const ATTEMPTS: Table = Table {
    name: "job_attempts",
    columns: &["job", "lease_token", "attempt", "worker", "started_at"],
    key_columns: 2,
};

/// Takes lost jobs first, then waiting ones, priority by priority: each step reads no more of its index than is still
/// wanted. The attempt counts from now on, so that a job that kills its process runs out of attempts too.
const CLAIM: &str = concat!(
    "WITH lost AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'running' AND lease_until <= $5 \
        AND attempts < max_attempts AND NOT cancel_asked ORDER BY lease_until LIMIT $2 SKIP LOCKED), \
     incident AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'waiting' AND priority = 30 AND run_at <= $1 \
        ORDER BY run_at, id LIMIT $2 - (SELECT COUNT(*) FROM lost) SKIP LOCKED), \
     high AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'waiting' AND priority = 20 AND run_at <= $1 \
        ORDER BY run_at, id LIMIT $2 - (SELECT COUNT(*) FROM lost) - (SELECT COUNT(*) FROM incident) SKIP LOCKED), \
     normal AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'waiting' AND priority = 10 AND run_at <= $1 \
        ORDER BY run_at, id LIMIT $2 - (SELECT COUNT(*) FROM lost) - (SELECT COUNT(*) FROM incident) \
        - (SELECT COUNT(*) FROM high) SKIP LOCKED), \
     low AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'waiting' AND priority = 0 AND run_at <= $1 \
        ORDER BY run_at, id LIMIT $2 - (SELECT COUNT(*) FROM lost) - (SELECT COUNT(*) FROM incident) \
        - (SELECT COUNT(*) FROM high) - (SELECT COUNT(*) FROM normal) SKIP LOCKED) \
     UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = lease_token + 1, lease_until = $4, \
        worker = $3, started_at = $1 \
     WHERE id IN QUERY(SELECT id FROM lost UNION ALL SELECT id FROM incident UNION ALL SELECT id FROM high \
        UNION ALL SELECT id FROM normal UNION ALL SELECT id FROM low) RETURNING ",
    columns!()
);

/// Who asks for jobs, and for how many.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// The worker's name, for people.
    pub worker: &'a str,
    /// How many jobs it takes at most.
    pub limit: u16,
    /// How long they are its own unless it renews them.
    pub lease: Duration,
    /// Whether it may take over jobs whose holder let the lease run out. A worker whose own clock has just jumped
    /// should not: to it every lease looks as if it had run out.
    pub takes_lost: bool,
}

/// A job that was taken from a holder that let it go too often, or that was to be called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The job.
    pub id: JobId,
    /// What it is now: dead or cancelled.
    pub state: JobState,
}

impl Jobs<'_> {
    /// Takes jobs that are due at `now`, the greatest priority first, then the longest due; and begins an attempt of
    /// each.
    pub async fn claim(&self, claimant: &Claimant<'_>, now: DateTime<Utc>) -> Result<Vec<Job>, StoreError> {
        let pool = self.store.pool();
        let lost_before = if claimant.takes_lost {
            now
        } else {
            DateTime::UNIX_EPOCH
        };
        let mut tx = pool.begin_claim().await?;
        let mut conn = tx.conn();
        let sql = pool.queue(CLAIM);
        let rows: Vec<JobRow> = on_conn!(&mut conn, |c| sqlx::query_as(sql)
            .bind(now)
            .bind(i64::from(claimant.limit))
            .bind(claimant.worker)
            .bind(now + claimant.lease)
            .bind(lost_before)
            .fetch_all(c)
            .await)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut jobs = rows
            .into_iter()
            .map(Job::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        begin_attempts(&mut conn, &jobs, claimant.worker, now).await?;
        tx.commit().await?;
        jobs.sort_by(|a, b| (b.priority, a.run_at, &a.id).cmp(&(a.priority, b.run_at, &b.id)));
        Ok(jobs)
    }

    /// Gives up jobs whose holder is gone and that have no attempt left, or that were to be called off.
    pub async fn reap(&self, now: DateTime<Utc>) -> Result<Vec<Reaped>, StoreError> {
        const REAP: &str = "UPDATE jobs SET state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'dead' END, \
            last_error = 'the program that did it ended or was cut off', lease_until = NULL, finished_at = $1 \
            WHERE state = 'running' AND lease_until <= $1 AND (cancel_asked OR attempts >= max_attempts) \
            RETURNING id, state";
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let rows: Vec<(String, String)> =
            on_conn!(&mut conn, |c| sqlx::query_as(REAP).bind(now).fetch_all(c).await)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        end_lost_attempts(&mut conn, rows.iter().map(|(id, _)| id.as_str()), now).await?;
        tx.commit().await?;
        let reaped = |(id, state): (String, String)| {
            Ok(Reaped {
                id: job_id(&id)?,
                state: JobState::parse(&state)
                    .ok_or_else(|| StoreError::corrupt("the state of a job", &state))?,
            })
        };
        rows.into_iter().map(reaped).collect()
    }
}

/// Notes the begun attempts of `jobs`. What a former holder left open was lost.
async fn begin_attempts(
    conn: &mut Conn<'_>,
    jobs: &[Job],
    worker: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let again = jobs
        .iter()
        .filter(|job| job.lease_token > 1)
        .map(|job| job.id.as_str());
    end_lost_attempts(conn, again, now).await?;
    let row = |job: &Job| {
        vec![
            Value::text(job.id.as_str().to_owned()),
            Value::Integer(job.lease_token),
            Value::Integer(i64::from(job.attempts)),
            Value::text(worker.to_owned()),
            Value::Time(now),
        ]
    };
    conn.upsert(&ATTEMPTS, jobs.iter().map(row).collect()).await
}

/// Ends what was begun of these jobs and not reported.
async fn end_lost_attempts<'a>(
    conn: &mut Conn<'_>,
    jobs: impl Iterator<Item = &'a str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const LOST: &str = "UPDATE job_attempts SET ended_at = $2, outcome = 'lost' \
                        WHERE job IN LIST($1) AND ended_at IS NULL";
    let jobs: Vec<&str> = jobs.collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let sql = conn.lists(LOST);
    on_conn!(conn, |c| sqlx::query(sql)
        .bind(list(jobs))
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
