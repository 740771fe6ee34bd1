//! Purpose: answers that somebody stands for, until they expire.

use chrono::{DateTime, Utc};
use em_domain::ask::OfficialAnswer;
use em_domain::id::AnswerId;
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The official answers of a store.
#[derive(Debug, Clone, Copy)]
pub struct OfficialAnswers<'s> {
    store: &'s Store,
}

impl Store {
    /// Answers that somebody stands for.
    pub fn official_answers(&self) -> OfficialAnswers<'_> {
        OfficialAnswers { store: self }
    }
}

impl OfficialAnswers<'_> {
    /// Keeps it, in place of an earlier one of the same id.
    pub async fn upsert(&self, answer: &OfficialAnswer) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO official_answers (id, at, until, record) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (id) DO UPDATE SET at = excluded.at, until = excluded.until, record = excluded.record";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(UPSERT)
                .bind(answer.id.as_str())
                .bind(answer.at)
                .bind(answer.until)
                .bind(Json(answer))
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Those that have not expired, the newest first, at most `limit`.
    pub async fn list(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<OfficialAnswer>, StoreError> {
        const LIST: &str =
            "SELECT record FROM official_answers WHERE until > $1 ORDER BY at DESC, id DESC LIMIT $2";
        let rows: Vec<(Json<OfficialAnswer>,)> = on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .bind(now)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|(record,)| record.0).collect())
    }

    /// Takes it away; answers whether it was there.
    pub async fn remove(&self, id: &AnswerId) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM official_answers WHERE id = $1";
        let removed = on_writer!(self.store.pool(), |c| {
            sqlx::query(REMOVE)
                .bind(id.as_str())
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(removed > 0)
    }

    /// Forgets those that expired before `before`; answers how many that were.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM official_answers WHERE until <= $1";
        Ok(on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?)
    }
}
