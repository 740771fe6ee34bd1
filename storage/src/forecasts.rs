//! Purpose: forecasts that were told, so that the next report says what came true of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use em_domain::pull_request::PullRequestKey;
use em_domain::sprint::promise::{End, Promise};
use sqlx::types::Json;

use crate::engine::{IDS_PER_STATEMENT, list, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The forecasts of a store.
#[derive(Debug, Clone, Copy)]
pub struct Forecasts<'s> {
    store: &'s Store,
}

impl Store {
    /// What was forecast.
    pub fn forecasts(&self) -> Forecasts<'_> {
        Forecasts { store: self }
    }
}

impl Forecasts<'_> {
    /// Remembers what the post of this purpose told; a later telling by the same post takes its place.
    pub async fn upsert(&self, purpose: &str, series: &str, promise: &Promise) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO forecasts (purpose, series, made_at, promise) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (purpose) DO UPDATE SET made_at = excluded.made_at, promise = excluded.promise \
            WHERE forecasts.made_at <= excluded.made_at";
        on_writer!(self.store.pool(), |c| sqlx::query(UPSERT)
            .bind(purpose)
            .bind(series)
            .bind(promise.made_at)
            .bind(Json(promise))
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// What other posts of the series told, the newest first.
    pub async fn list_former(
        &self,
        series: &str,
        purpose: &str,
        limit: usize,
    ) -> Result<Vec<Promise>, StoreError> {
        const FORMER: &str = "SELECT promise FROM forecasts WHERE series = $1 AND purpose <> $2 \
            ORDER BY made_at DESC, purpose DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Json<Promise>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FORMER)
            .bind(series)
            .bind(purpose)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|Json(promise)| promise).collect())
    }

    /// How those of the pull requests ended that did.
    pub async fn list_ends(
        &self,
        keys: &[PullRequestKey],
    ) -> Result<HashMap<PullRequestKey, End>, StoreError> {
        const ENDS: &str = "SELECT id, closed_at, merged_at FROM pull_requests \
                            WHERE id IN LIST($1) AND closed_at IS NOT NULL";
        let mut ends = HashMap::new();
        for chunk in keys.chunks(IDS_PER_STATEMENT) {
            let ids = list(chunk.iter().map(ToString::to_string));
            let sql = self.store.pool().lists(ENDS);
            let rows: Vec<(String, DateTime<Utc>, Option<DateTime<Utc>>)> =
                on_engine!(self.store.pool(), |c| sqlx::query_as(sql)
                    .bind(&ids)
                    .fetch_all(c)
                    .await)?;
            for (id, closed_at, merged_at) in rows {
                let key =
                    PullRequestKey::parse(&id).ok_or_else(|| StoreError::corrupt("pull request", &id))?;
                let end = End {
                    at: merged_at.unwrap_or(closed_at),
                    is_merged: merged_at.is_some(),
                };
                ends.insert(key, end);
            }
        }
        Ok(ends)
    }

    /// Forgets what was told before `before`; answers how many that were.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM forecasts WHERE made_at < $1";
        Ok(on_writer!(self.store.pool(), |c| sqlx::query(PURGE)
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
