//! Purpose: events that were stored and not understood: to be looked at, and to be tried again after a fix.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::engine::{on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// One event that no normaliser understood. It stays stored as it came.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DeadLetter {
    /// The event's id, which is ours.
    pub id: String,
    /// The sending system.
    pub source: String,
    /// The vendor's name of the event.
    pub event_type: String,
    /// What could not be read.
    pub reason: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// The events of a store that were not understood.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters<'s> {
    store: &'s Store,
}

impl Store {
    /// The events that were not understood.
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters { store: self }
    }
}

impl DeadLetters<'_> {
    /// The newest `limit`, of `source` where one is named.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn list(&self, source: Option<&str>, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        // Ids sort by receipt.
        const LIST: &str = "SELECT u.id, u.source, u.event_type, u.reason, r.received_at \
            FROM events_unrecognised u JOIN events_raw r ON r.id = u.id \
            WHERE ($1 IS NULL OR u.source = $1) ORDER BY u.id DESC LIMIT $2";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .bind(source)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?)
    }

    /// The payload of one, as it came; `None` if there is none of this id.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn payload(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const PAYLOAD: &str =
            "SELECT r.payload FROM events_unrecognised u JOIN events_raw r ON r.id = u.id WHERE u.id = $1";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(PAYLOAD)
            .bind(id)
            .fetch_optional(c)
            .await)?)
    }

    /// Has them read again: the one of `id`, or all of `source`, or all. Returns how many. What is still not understood comes
    /// back with its new reason.
    ///
    /// # Errors
    /// The database cannot be reached; nothing is changed then.
    pub async fn retry(&self, id: Option<&str>, source: Option<&str>) -> Result<u64, StoreError> {
        const AGAIN: &str = "INSERT INTO events_pending (event_id) SELECT id FROM events_unrecognised \
            WHERE ($1 IS NULL OR id = $1) AND ($2 IS NULL OR source = $2) ON CONFLICT (event_id) DO NOTHING";
        const FORGET: &str = "DELETE FROM events_unrecognised \
            WHERE ($1 IS NULL OR id = $1) AND ($2 IS NULL OR source = $2)";
        // Nobody folds meanwhile, so what is forgotten here is what waits again.
        let _turn = self.store.inner.facts_turn.lock().await;
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        on_conn!(&mut conn, |c| sqlx::query(AGAIN)
            .bind(id)
            .bind(source)
            .execute(c)
            .await
            .map(drop))?;
        let retried = on_conn!(&mut conn, |c| sqlx::query(FORGET)
            .bind(id)
            .bind(source)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        tx.commit().await?;
        Ok(retried)
    }
}
