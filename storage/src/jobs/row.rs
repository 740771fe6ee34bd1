//! Purpose: a job as a row.

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_domain::id::JobId;
use em_domain::job::{Job, JobState, Priority};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::error::StoreError;

/// The columns of a job, in any statement that returns some.
macro_rules! columns {
    () => {
        "id, kind, payload, unique_key, state, priority, run_at, attempts, max_attempts, time_limit_ms, lease_token, \
         lease_until, worker, cancel_asked, last_error, enqueued_at, started_at, finished_at"
    };
}
pub(super) use columns;

#[derive(FromRow)]
pub(super) struct JobRow {
    id: String,
    kind: String,
    payload: Json<Value>,
    unique_key: Option<String>,
    state: String,
    priority: i64,
    run_at: DateTime<Utc>,
    attempts: i64,
    max_attempts: i64,
    time_limit_ms: i64,
    lease_token: i64,
    lease_until: Option<DateTime<Utc>>,
    worker: Option<String>,
    cancel_asked: bool,
    last_error: Option<String>,
    enqueued_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// The id stored as `text`.
pub(super) fn job_id(text: &str) -> Result<JobId, StoreError> {
    JobId::parse(text).ok_or_else(|| StoreError::corrupt("the id of a job", text))
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let count = |what, number: i64| {
            u32::try_from(number).map_err(|_| StoreError::corrupt(what, &number.to_string()))
        };
        Ok(Self {
            id: job_id(&row.id)?,
            state: JobState::parse(&row.state)
                .ok_or_else(|| StoreError::corrupt("the state of a job", &row.state))?,
            priority: Priority::parse(row.priority)
                .ok_or_else(|| StoreError::corrupt("the priority of a job", &row.priority.to_string()))?,
            attempts: count("the attempts of a job", row.attempts)?,
            max_attempts: count("the most attempts of a job", row.max_attempts)?,
            time_limit: Duration::from_millis(u64::try_from(row.time_limit_ms).unwrap_or_default()),
            kind: row.kind,
            payload: row.payload.0,
            unique_key: row.unique_key,
            run_at: row.run_at,
            lease_token: row.lease_token,
            lease_until: row.lease_until,
            worker: row.worker,
            cancel_asked: row.cancel_asked,
            last_error: row.last_error,
            enqueued_at: row.enqueued_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    }
}
