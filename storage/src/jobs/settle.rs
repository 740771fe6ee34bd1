//! Purpose: how jobs end, and how their holders keep them. Every statement names the lease token that its holder was
//! given: one that is no longer the newest changes nothing, and its holder is told.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobEnd};

use super::Jobs;
use super::row::job_id;
use crate::engine::{Conn, list, on_conn, on_writer, storable};
use crate::error::StoreError;

/// A job and the token that its holder was given for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// The token of the claim.
    pub lease_token: i64,
}

impl From<&Job> for Held {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id.clone(),
            lease_token: job.lease_token,
        }
    }
}

impl Held {
    /// How statements that take many compare it; they also look for the id, for which there is an index.
    fn pair(&self) -> String {
        format!("{} {}", self.id, self.lease_token)
    }
}

/// How somebody's hold of a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which hold.
    pub held: Held,
    /// How it ended.
    pub end: JobEnd,
}

/// A hold that was renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The job.
    pub id: JobId,
    /// Somebody wants it called off: stop, and settle it as cancelled.
    pub cancel_asked: bool,
}

/// The values of an end that is stored by itself.
struct EndRow<'e> {
    state: &'static str,
    outcome: &'static str,
    run_at: Option<DateTime<Utc>>,
    error: Option<&'e str>,
    /// What is taken off the number of attempts.
    uncharged: i64,
}

impl<'e> From<&'e JobEnd> for EndRow<'e> {
    fn from(end: &'e JobEnd) -> Self {
        let (run_at, error, uncharged) = match end {
            JobEnd::Done | JobEnd::Cancelled => (None, None, 0),
            JobEnd::Again { at, error } => (Some(*at), Some(error.as_str()), 0),
            JobEnd::Dead { error } => (None, Some(error.as_str()), 0),
            JobEnd::HandedBack { at } => (Some(*at), None, 1),
        };
        Self {
            state: end.state().as_str(),
            outcome: end.as_str(),
            run_at,
            error,
            uncharged,
        }
    }
}

impl Jobs<'_> {
    /// Keeps jobs until `lease_until`. Those that are not among the answers belong to somebody else by now, or to
    /// nobody: whoever does them must stop.
    pub async fn renew(&self, held: &[Held], lease_until: DateTime<Utc>) -> Result<Vec<Renewed>, StoreError> {
        const RENEW: &str = "UPDATE jobs SET lease_until = $3 WHERE state = 'running' AND id IN LIST($1) \
            AND id || ' ' || CAST(lease_token AS TEXT) IN LIST($2) RETURNING id, cancel_asked";
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, pairs) = lists_of(held);
        let sql = self.store.pool().lists(RENEW);
        let rows: Vec<(String, bool)> = on_writer!(self.store.pool(), |c| sqlx::query_as(sql)
            .bind(ids)
            .bind(pairs)
            .bind(lease_until)
            .fetch_all(c)
            .await)?;
        let renewed = |(id, cancel_asked): (String, bool)| {
            Ok(Renewed {
                id: job_id(&id)?,
                cancel_asked,
            })
        };
        rows.into_iter().map(renewed).collect()
    }

    /// Reports how holds ended, in one transaction; answers, in their order, which were still good. The others changed
    /// nothing: somebody else has the job now.
    pub async fn settle(
        &self,
        settlements: &[Settlement],
        now: DateTime<Utc>,
    ) -> Result<Vec<bool>, StoreError> {
        let done = settlements.iter().filter(|s| s.end == JobEnd::Done);
        let done: Vec<Held> = done.map(|settlement| settlement.held.clone()).collect();
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let mut settled = complete(&mut conn, &done, now).await?;
        for settlement in settlements.iter().filter(|s| s.end != JobEnd::Done) {
            if end_one(&mut conn, settlement, now).await? {
                settled.insert(settlement.held.id.to_string());
            }
        }
        tx.commit().await?;
        let is_settled = |settlement: &Settlement| settled.contains(settlement.held.id.as_str());
        Ok(settlements.iter().map(is_settled).collect())
    }
}

/// The ids, and the pairs of id and token, each as one parameter.
fn lists_of(held: &[Held]) -> (String, String) {
    (
        list(held.iter().map(|held| held.id.as_str())),
        list(held.iter().map(Held::pair)),
    )
}

/// Completes jobs and answers with the ids of those whose hold was still good.
async fn complete(
    conn: &mut Conn<'_>,
    held: &[Held],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    const COMPLETE: &str = "UPDATE jobs SET state = 'done', finished_at = $3, lease_until = NULL \
        WHERE state = 'running' AND id IN LIST($1) AND id || ' ' || CAST(lease_token AS TEXT) IN LIST($2) RETURNING id";
    const ATTEMPTS: &str = "UPDATE job_attempts SET ended_at = $3, outcome = 'done' \
        WHERE job IN LIST($1) AND job || ' ' || CAST(lease_token AS TEXT) IN LIST($2) AND ended_at IS NULL";
    if held.is_empty() {
        return Ok(HashSet::new());
    }
    let (ids, pairs) = lists_of(held);
    let sql = conn.lists(COMPLETE);
    let done: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(sql)
        .bind(&ids)
        .bind(&pairs)
        .bind(now)
        .fetch_all(c)
        .await)?;
    let sql = conn.lists(ATTEMPTS);
    on_conn!(conn, |c| sqlx::query(sql)
        .bind(&ids)
        .bind(&pairs)
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(done.into_iter().collect())
}

/// Ends one hold otherwise than by completion. What would be tried again, but was to be called off, is called off; and
/// nothing waits that has no attempt left.
async fn end_one(
    conn: &mut Conn<'_>,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const END: &str = "UPDATE jobs SET \
        state = CASE WHEN $3 <> 'waiting' THEN $3 WHEN cancel_asked THEN 'cancelled' \
            WHEN attempts - $7 >= max_attempts THEN 'dead' ELSE 'waiting' END, \
        finished_at = CASE WHEN $3 <> 'waiting' OR cancel_asked OR attempts - $7 >= max_attempts THEN $4 END, \
        run_at = COALESCE($5, run_at), last_error = COALESCE($6, last_error), attempts = attempts - $7, \
        lease_until = NULL WHERE state = 'running' AND id = $1 AND lease_token = $2";
    const ATTEMPT: &str = "UPDATE job_attempts SET ended_at = $3, outcome = $4, error = $5 \
                           WHERE job = $1 AND lease_token = $2 AND ended_at IS NULL";
    let Settlement { held, end } = settlement;
    let row = EndRow::from(end);
    let error = row.error.map(|error| storable(error.into()));
    let ended = on_conn!(conn, |c| sqlx::query(END)
        .bind(held.id.as_str())
        .bind(held.lease_token)
        .bind(row.state)
        .bind(now)
        .bind(row.run_at)
        .bind(error.as_deref())
        .bind(row.uncharged)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    on_conn!(conn, |c| sqlx::query(ATTEMPT)
        .bind(held.id.as_str())
        .bind(held.lease_token)
        .bind(now)
        .bind(row.outcome)
        .bind(error.as_deref())
        .execute(c)
        .await
        .map(drop))?;
    Ok(ended > 0)
}
