//! Purpose: who could write down what is not: who reviewed lately, and where.

use chrono::{DateTime, Utc};
use em_domain::gaps::Reviewed;
use em_domain::id::{Login, RepositoryName};

use crate::engine::{list, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// What a store knows about what is not written down.
#[derive(Debug, Clone, Copy)]
pub struct Gaps<'s> {
    store: &'s Store,
}

impl Store {
    /// Who could write down what is not.
    pub fn gaps(&self) -> Gaps<'_> {
        Gaps { store: self }
    }
}

impl Gaps<'_> {
    /// Who reviewed how many pull requests of others since then, by repository. `repositories` are in lower case.
    pub async fn list_reviewers<'r>(
        &self,
        repositories: impl IntoIterator<Item = &'r RepositoryName>,
        since: DateTime<Utc>,
    ) -> Result<Vec<Reviewed>, StoreError> {
        const REVIEWERS: &str = "SELECT LOWER(p.repository), r.reviewer, COUNT(DISTINCT r.pull_request) \
            FROM reviews r JOIN pull_requests p ON p.id = r.pull_request \
            WHERE r.submitted_at >= $2 AND LOWER(p.repository) IN LIST($1) \
            AND (p.author IS NULL OR LOWER(p.author) <> LOWER(r.reviewer)) \
            GROUP BY LOWER(p.repository), r.reviewer ORDER BY 1, 2";
        let names = list(repositories.into_iter().map(RepositoryName::as_str));
        let sql = self.store.pool().lists(REVIEWERS);
        let rows: Vec<(String, String, i64)> = on_engine!(self.store.pool(), |c| sqlx::query_as(sql)
            .bind(&names)
            .bind(since)
            .fetch_all(c)
            .await)?;
        let reviewed = |(repository, reviewer, pull_requests)| Reviewed {
            repository: RepositoryName(repository),
            reviewer: Login(reviewer),
            pull_requests,
        };
        Ok(rows.into_iter().map(reviewed).collect())
    }
}
