//! Purpose: what went wrong since: the incidents, as far as decisions depend on them.

use chrono::{DateTime, Utc};
use em_domain::id::RepositoryName;
use em_domain::incident::Incident;
use sqlx::types::Json;

use crate::engine::on_engine;
use crate::error::StoreError;
use crate::open::Store;

/// The incidents of a store.
#[derive(Debug, Clone, Copy)]
pub struct Incidents<'s> {
    store: &'s Store,
}

impl Store {
    /// The incidents.
    pub fn incidents(&self) -> Incidents<'_> {
        Incidents { store: self }
    }
}

impl Incidents<'_> {
    /// The first incident that opened at or after `since` and was one, in `repository` or of no repository; in any
    /// where none is named.
    pub async fn find_since(
        &self,
        since: DateTime<Utc>,
        repository: Option<&RepositoryName>,
    ) -> Result<Option<Incident>, StoreError> {
        const SINCE: &str = "SELECT fact FROM incidents WHERE opened_at >= $1 AND state <> 'dismissed' \
            AND ($2 IS NULL OR repository IS NULL OR repository = $2) ORDER BY opened_at, id LIMIT 1";
        let row: Option<Json<Incident>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(SINCE)
            .bind(since)
            .bind(repository.map(RepositoryName::as_str))
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// Whether an incident is open in `repository`, or one of no repository; any where none is named.
    pub async fn has_open(&self, repository: Option<&RepositoryName>) -> Result<bool, StoreError> {
        const OPEN: &str = "SELECT COUNT(*) FROM incidents WHERE state = 'open' \
            AND ($1 IS NULL OR repository IS NULL OR repository = $1)";
        let open: i64 = on_engine!(self.store.pool(), |c| sqlx::query_scalar(OPEN)
            .bind(repository.map(RepositoryName::as_str))
            .fetch_one(c)
            .await)?;
        Ok(open > 0)
    }

    /// How many are open.
    pub async fn count_open(&self) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM incidents WHERE state = 'open'";
        let open = on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .fetch_one(c)
            .await)?;
        Ok(open)
    }
}
