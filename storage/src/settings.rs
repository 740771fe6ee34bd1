//! Purpose: what people want to be told unasked, and when.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use em_domain::id::SlackUser;
use em_domain::settings::PersonSettings;
use sqlx::types::Json;

use crate::engine::{list, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The settings of a store.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'s> {
    store: &'s Store,
}

impl Store {
    /// What people want.
    pub fn settings(&self) -> Settings<'_> {
        Settings { store: self }
    }
}

impl Settings<'_> {
    /// What somebody wants; the usual, where they have not said.
    pub async fn get(&self, user: &SlackUser) -> Result<PersonSettings, StoreError> {
        let mut found = self.list(std::slice::from_ref(user)).await?;
        Ok(found.remove(user).unwrap_or_default())
    }

    /// What those of `users` want who have said so.
    pub async fn list(&self, users: &[SlackUser]) -> Result<HashMap<SlackUser, PersonSettings>, StoreError> {
        const LIST: &str = "SELECT slack_user, record FROM person_settings WHERE slack_user IN LIST($1)";
        let pool = self.store.pool();
        let users = list(users.iter().map(SlackUser::as_str));
        let rows: Vec<(String, Json<PersonSettings>)> =
            on_engine!(pool, |c| sqlx::query_as(pool.lists(LIST))
                .bind(users)
                .fetch_all(c)
                .await)?;
        Ok(rows
            .into_iter()
            .map(|(user, record)| (SlackUser(user), record.0))
            .collect())
    }

    /// Keeps what somebody wants from now on.
    pub async fn upsert(
        &self,
        user: &SlackUser,
        settings: &PersonSettings,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO person_settings (slack_user, updated_at, record) VALUES ($1, $2, $3) \
            ON CONFLICT (slack_user) DO UPDATE SET updated_at = excluded.updated_at, record = excluded.record";
        on_writer!(self.store.pool(), |c| sqlx::query(UPSERT)
            .bind(user.as_str())
            .bind(now)
            .bind(Json(settings))
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }
}
