//! Purpose: what the rules look at, and what is open, as of one moment.

use chrono::{DateTime, Duration, Utc};
use em_domain::ci_run::CiRun;
use em_domain::id::SignalId;
use em_domain::incident::Incident;
use em_domain::incident_story::REMEMBERED;
use em_domain::signal::{Facts, MEASURED_KINDS, OpenSignal, PENDING_RUNS_COUNT_DAYS, WatchedPull};
use em_domain::triage::TriageFilter;
use serde::de::DeserializeOwned;
use sqlx::types::Json;

use super::Signals;
use crate::engine::{Conn, on_conn};
use crate::error::StoreError;
use crate::failures::Failures;

/// One moment: comparing facts with signals that were read later would resolve what another replica has just opened.
#[derive(Debug, Clone)]
pub struct Watch {
    /// What is known.
    pub facts: Facts,
    /// Which signals are open, but for those of [`MEASURED_KINDS`].
    pub open: Vec<OpenSignal>,
}

impl Signals<'_> {
    /// What the rules look at. `None` while it is being worked out what open pull requests wait for (during an import,
    /// or after an upgrade): with half of the facts, signals would open and resolve for nothing.
    pub async fn watch(&self, now: DateTime<Utc>) -> Result<Option<Watch>, StoreError> {
        const STALE: &str = "SELECT EXISTS (SELECT 1 FROM waiting_stale)";
        let mut tx = self.store.pool().begin_read().await?;
        let mut conn = tx.conn();
        let is_stale: bool = on_conn!(&mut conn, |c| sqlx::query_scalar(STALE).fetch_one(c).await)?;
        if is_stale {
            return Ok(None);
        }
        let open = open(&mut conn).await?;
        let everything = TriageFilter::default();
        let failures = Failures::new(&everything, now);
        let facts = Facts {
            pulls: pulls(&mut conn).await?,
            pending_runs: pending_runs(&mut conn, now).await?,
            failing_branches: failures.branches(&mut conn).await?,
            failed_deployments: failures.deployments(&mut conn).await?,
            incidents: incidents(&mut conn, now).await?,
        };
        tx.commit().await?;
        Ok(Some(Watch { facts, open }))
    }
}

/// Tens of thousands of rows are read as one JSON text: handing over and decoding each by itself takes longer than all
/// the rest of an evaluation.
async fn as_one<T: DeserializeOwned + Send + 'static>(
    conn: &mut Conn<'_>,
    sql: &'static str,
) -> Result<Vec<T>, StoreError> {
    let joined: Option<String> = on_conn!(conn, |c| sqlx::query_scalar(sql).fetch_one(c).await)?;
    decode(joined).await
}

/// Reads values of JSON that were joined by commas.
pub(crate) async fn decode<T: DeserializeOwned + Send + 'static>(
    joined: Option<String>,
) -> Result<Vec<T>, StoreError> {
    let list = format!("[{}]", joined.unwrap_or_default());
    // Away from the async threads, which have others to answer.
    let read = tokio::task::spawn_blocking(move || serde_json::from_str(&list));
    let read = read
        .await
        .map_err(|error| StoreError::Unavailable(format!("reading stopped: {error}")))?;
    read.map_err(|error| StoreError::Corrupt(format!("rows as one: {error}")))
}

async fn open(conn: &mut Conn<'_>) -> Result<Vec<OpenSignal>, StoreError> {
    // What is found less often is compared by whoever finds it: here it would seem to be gone.
    const OPEN: &str = "SELECT id, rule, subject, digest FROM signals \
                        WHERE state = 'open' AND kind NOT IN ($1, $2) ORDER BY id";
    let [missed, shifted] = MEASURED_KINDS;
    let rows: Vec<(String, String, String, String)> = on_conn!(conn, |c| sqlx::query_as(OPEN)
        .bind(missed)
        .bind(shifted)
        .fetch_all(c)
        .await)?;
    let signal = |(id, rule, subject, digest): (String, String, String, String)| {
        let wrong = || StoreError::Corrupt(format!("signal {id}: its id"));
        Ok(OpenSignal {
            id: SignalId::parse(&id).ok_or_else(wrong)?,
            rule,
            subject,
            digest,
        })
    };
    rows.into_iter().map(signal).collect()
}

async fn pulls(conn: &mut Conn<'_>) -> Result<Vec<WatchedPull>, StoreError> {
    const PULLS: &str = "SELECT STRING_AGG(CAST(watch AS TEXT), ',') FROM waiting \
                         WHERE is_ready AND watch IS NOT NULL";
    let mut pulls: Vec<WatchedPull> = as_one(conn, PULLS).await?;
    // Read in any order, which is quicker than reading in the order of the index.
    pulls.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(pulls)
}

async fn pending_runs(conn: &mut Conn<'_>, now: DateTime<Utc>) -> Result<Vec<CiRun>, StoreError> {
    const RUNS: &str = "SELECT r.fact FROM ci_runs r WHERE r.outcome = 'pending' AND r.created_at >= $1 \
        AND (r.on_default_branch OR EXISTS (SELECT 1 FROM pull_requests p WHERE p.state = 'open' \
            AND p.head_sha = r.head_sha AND p.repository = r.repository)) \
        ORDER BY r.created_at, r.id";
    let runs: Vec<Json<CiRun>> = on_conn!(conn, |c| sqlx::query_scalar(RUNS)
        .bind(now - Duration::days(PENDING_RUNS_COUNT_DAYS))
        .fetch_all(c)
        .await)?;
    Ok(runs.into_iter().map(|Json(run)| run).collect())
}

async fn incidents(conn: &mut Conn<'_>, now: DateTime<Utc>) -> Result<Vec<Incident>, StoreError> {
    const INCIDENTS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM incidents WHERE state = 'open' \
        OR (state = 'resolved' AND resolved_at >= $1)";
    let joined: Option<String> = on_conn!(conn, |c| sqlx::query_scalar(INCIDENTS)
        .bind(now - REMEMBERED)
        .fetch_one(c)
        .await)?;
    decode(joined).await
}
