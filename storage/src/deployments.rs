//! Purpose: the deployments that moved lately.

use chrono::{DateTime, Utc};
use em_domain::deployment::Deployment;
use em_domain::id::RepositoryName;
use sqlx::types::Json;

use crate::engine::on_engine;
use crate::error::StoreError;
use crate::facts::within;
use crate::open::Store;

/// More than any channel wants to hear of at once.
const MOST: i64 = 200;

/// The deployments of a store.
#[derive(Debug, Clone, Copy)]
pub struct Deployments<'s> {
    store: &'s Store,
}

impl Store {
    /// The deployments.
    pub fn deployments(&self) -> Deployments<'_> {
        Deployments { store: self }
    }
}

impl Deployments<'_> {
    /// Those that came to their state at `since` or later, the earliest first; at most 200, the latest.
    pub async fn list_moved(&self, since: DateTime<Utc>) -> Result<Vec<Deployment>, StoreError> {
        const MOVED: &str =
            "SELECT fact FROM deployments WHERE state_at >= $1 ORDER BY state_at DESC, id DESC LIMIT $2";
        let mut rows: Vec<Json<Deployment>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(MOVED)
            .bind(since)
            .bind(MOST)
            .fetch_all(c)
            .await)?;
        rows.reverse();
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// One of them, by its repository and the forge's id.
    pub async fn find(&self, repository: &RepositoryName, id: i64) -> Result<Option<Deployment>, StoreError> {
        const FIND: &str = "SELECT fact FROM deployments WHERE id = $1";
        let row: Option<Json<Deployment>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(within(repository, id))
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }
}
