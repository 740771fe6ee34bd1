//! Purpose: schedules that people keep. Every change is one conditional statement: it is stored over the version that it
//! was decided on or not at all, together with the jobs that follow from it and its line in the audit log. So a tick is
//! taken once across replicas, and none is taken by a definition that somebody has changed meanwhile.

use chrono::{DateTime, Utc};
use em_domain::audit::AuditEntry;
use em_domain::schedule::{Kept, MOST_IN_ALL, MOST_PER_PERSON, ScheduleId};
use sqlx::types::Json;

use crate::approvals::{Consequences, follow};
use crate::audit::append_in;
use crate::engine::{on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// The kept schedules of a store.
#[derive(Debug, Clone, Copy)]
pub struct KeptSchedules<'s> {
    store: &'s Store,
}

/// Whether a schedule was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleAdded {
    /// It was.
    New,
    /// There is one of this name: the same, if it was added twice.
    NameTaken,
    /// Its owner keeps [`MOST_PER_PERSON`] already.
    TooManyOfOne,
    /// All together keep [`MOST_IN_ALL`] already.
    TooMany,
}

impl Store {
    /// Schedules that people keep.
    pub fn kept_schedules(&self) -> KeptSchedules<'_> {
        KeptSchedules { store: self }
    }
}

impl KeptSchedules<'_> {
    /// Adds a schedule, within the limits of how many there may be.
    pub async fn insert(&self, kept: &Kept, entry: &AuditEntry) -> Result<ScheduleAdded, StoreError> {
        const INSERT: &str = "INSERT INTO schedules (id, version, owner, state, next_at, created_at, record) \
            SELECT $1, $2, $3, $4, $5, $6, $7 \
            WHERE (SELECT COUNT(*) FROM schedules) < $8 \
              AND (SELECT COUNT(*) FROM schedules WHERE owner = $3) < $9 \
            ON CONFLICT (id) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let inserted = on_conn!(&mut tx.conn(), |c| sqlx::query(INSERT)
            .bind(kept.id.as_str())
            .bind(kept.version)
            .bind(kept.owner.as_str())
            .bind(kept.state.as_str())
            .bind(kept.next_at)
            .bind(kept.created_at)
            .bind(Json(kept))
            .bind(MOST_IN_ALL)
            .bind(MOST_PER_PERSON)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if inserted == 0 {
            tx.rollback().await?;
            return self.why_not(kept).await;
        }
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(ScheduleAdded::New)
    }

    async fn why_not(&self, kept: &Kept) -> Result<ScheduleAdded, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM schedules";
        if self.find(&kept.id).await?.is_some() {
            return Ok(ScheduleAdded::NameTaken);
        }
        let all: i64 = on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .fetch_one(c)
            .await)?;
        Ok(if all >= MOST_IN_ALL {
            ScheduleAdded::TooMany
        } else {
            ScheduleAdded::TooManyOfOne
        })
    }

    /// Stores `next` over the version before it, with what follows from it; `false` if the schedule has changed since or
    /// is gone: read and decide again.
    pub async fn record(&self, next: &Kept, follows: &Consequences) -> Result<bool, StoreError> {
        const RECORD: &str = "UPDATE schedules SET version = $2, state = $3, next_at = $4, record = $5 \
                              WHERE id = $1 AND version = $2 - 1";
        let mut tx = self.store.pool().begin_write().await?;
        let recorded = on_conn!(&mut tx.conn(), |c| sqlx::query(RECORD)
            .bind(next.id.as_str())
            .bind(next.version)
            .bind(next.state.as_str())
            .bind(next.next_at)
            .bind(Json(next))
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if recorded == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        follow(&mut tx, follows, next.updated_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets a schedule; `false` if it is gone already.
    pub async fn remove(&self, id: &ScheduleId, entry: &AuditEntry) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM schedules WHERE id = $1";
        let mut tx = self.store.pool().begin_write().await?;
        let removed = on_conn!(&mut tx.conn(), |c| sqlx::query(REMOVE)
            .bind(id.as_str())
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if removed == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The schedule of this name.
    pub async fn find(&self, id: &ScheduleId) -> Result<Option<Kept>, StoreError> {
        const FIND: &str = "SELECT record FROM schedules WHERE id = $1";
        let row: Option<Json<Kept>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// All schedules, the oldest first.
    pub async fn list(&self) -> Result<Vec<Kept>, StoreError> {
        const LIST: &str = "SELECT record FROM schedules ORDER BY created_at, id";
        let rows: Vec<Json<Kept>> =
            on_engine!(self.store.pool(), |c| sqlx::query_scalar(LIST).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// The schedules that something has come due of by `now`; an index answers, so that it may be asked each second.
    pub async fn list_due(&self, now: DateTime<Utc>) -> Result<Vec<Kept>, StoreError> {
        const DUE: &str = "SELECT record FROM schedules WHERE next_at IS NOT NULL AND next_at <= $1 \
                           ORDER BY next_at, id";
        let rows: Vec<Json<Kept>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(DUE)
            .bind(now)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
