//! Purpose: what signals were: those of a kind that changed lately, and how long those that are over are kept.

use chrono::{DateTime, Duration, Utc};
use em_domain::shift::{SHIFTED, WEEKS};
use em_domain::signal::Signal;

use super::{SignalRow, Signals, signals};
use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;

impl Signals<'_> {
    /// The signals of a kind that opened or changed since `since`, open or resolved, in the order in which they opened.
    pub async fn list_changed(&self, kind: &str, since: DateTime<Utc>) -> Result<Vec<Signal>, StoreError> {
        const CHANGED: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM signals WHERE kind = $1 AND updated_at >= $2 ORDER BY id"
        );
        let rows: Vec<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(CHANGED)
            .bind(kind)
            .bind(since)
            .fetch_all(c)
            .await)?;
        signals(rows)
    }

    /// Removes signals that were resolved before `before`; answers how many. Shifts stay for as much longer as weeks are
    /// looked at: of what is still among these weeks people would be told again.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM signals WHERE state = 'resolved' AND resolved_at < $1 \
                             AND (kind <> $2 OR resolved_at < $3)";
        Ok(on_writer!(self.store.pool(), |c| sqlx::query(PURGE)
            .bind(before)
            .bind(SHIFTED.name)
            .bind(before - Duration::weeks(i64::from(WEEKS)))
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?)
    }
}
