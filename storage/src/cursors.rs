//! Purpose: how far each poller got, so that it goes on there after a restart.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The cursors of a store.
#[derive(Debug, Clone, Copy)]
pub struct Cursors<'s> {
    store: &'s Store,
}

/// How far a poller got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<T> {
    /// The poller's own idea of its place.
    pub value: T,
    /// When it was there.
    pub updated_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct CursorRow {
    value: Json<serde_json::Value>,
    updated_at: DateTime<Utc>,
}

impl Store {
    /// How far the pollers got.
    pub fn cursors(&self) -> Cursors<'_> {
        Cursors { store: self }
    }
}

impl Cursors<'_> {
    /// Where the poller `name` was last. `None` also if it was left by a version whose cursor cannot be read: the
    /// poller then begins anew, which repeats work but loses nothing.
    pub async fn find<T: DeserializeOwned>(&self, name: &str) -> Result<Option<Cursor<T>>, StoreError> {
        const FIND: &str = "SELECT value, updated_at FROM cursors WHERE name = $1";
        let row: Option<CursorRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(name)
            .fetch_optional(c)
            .await)?;
        let read = |row: CursorRow| {
            let value = serde_json::from_value(row.value.0).ok()?;
            Some(Cursor {
                value,
                updated_at: row.updated_at,
            })
        };
        Ok(row.and_then(read))
    }

    /// Remembers where the poller `name` is.
    pub async fn upsert<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO cursors (name, value, updated_at) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
        let value = serde_json::to_value(value)
            .map_err(|error| StoreError::Refused(format!("a cursor that is not JSON: {error}")))?;
        on_writer!(self.store.pool(), |c| {
            sqlx::query(UPSERT)
                .bind(name)
                .bind(Json(value))
                .bind(now)
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}
