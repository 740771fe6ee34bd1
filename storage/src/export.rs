//! Purpose: reads facts in pages, in the order of their time, so that a history of any length can be taken out. Each page goes on
//! behind the last row of the one before; nothing is held between them, so writers are not kept waiting.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::delivery::{Definitions, Means};
use em_domain::deployment::{Deployment, Release};
use em_domain::export::ExportedDeployment;
use em_domain::id::RepositoryName;
use em_domain::incident::Incident;
use em_domain::review::Review;
use serde::de::DeserializeOwned;
use sqlx::types::Json;

use crate::delivery::known_names;
use crate::engine::on_engine;
use crate::error::StoreError;
use crate::open::Store;

/// Rows of a page.
const PAGE: i64 = 2_000;

/// Where a page goes on: behind this instant, and behind this name at it.
const RUNS: &str = "SELECT created_at, id, fact FROM ci_runs \
    WHERE created_at >= $1 AND created_at < $2 AND (created_at > $1 OR id > $3) \
    AND ($4 OR repository IN LIST($5)) ORDER BY created_at, id LIMIT $6";
const INCIDENTS: &str = "SELECT opened_at, id, fact FROM incidents \
    WHERE opened_at >= $1 AND opened_at < $2 AND (opened_at > $1 OR id > $3) \
    AND ($4 OR repository IN LIST($5)) ORDER BY opened_at, id LIMIT $6";
const REVIEWS: &str = "SELECT r.submitted_at, r.id, r.fact FROM reviews r \
    WHERE r.submitted_at >= $1 AND r.submitted_at < $2 AND (r.submitted_at > $1 OR r.id > $3) \
    AND ($4 OR EXISTS (SELECT 1 FROM pull_requests p WHERE p.id = r.pull_request AND p.repository IN LIST($5))) \
    ORDER BY r.submitted_at, r.id LIMIT $6";
/// A release and a deployment may have the same id within a repository: their names begin differently.
const DEPLOYMENTS: &str = "SELECT at, name, fact FROM ( \
    SELECT created_at AS at, 'deployment ' || id AS name, fact FROM deployments \
    WHERE created_at >= $1 AND created_at < $2 AND ($4 OR repository IN LIST($5)) \
    UNION ALL SELECT published_at, 'release ' || id, fact FROM releases \
    WHERE $7 AND published_at >= $1 AND published_at < $2 AND ($4 OR repository IN LIST($5))) AS found \
    WHERE at > $1 OR name > $3 ORDER BY at, name LIMIT $6";

/// Reads facts to be taken out.
#[derive(Debug, Clone, Copy)]
pub struct Exports<'s> {
    store: &'s Store,
}

/// Which facts.
#[derive(Debug, Clone, Copy)]
pub struct RowsOf<'a> {
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Before this instant.
    pub to: DateTime<Utc>,
    /// Only those of these repositories; all where `None`.
    pub repositories: Option<&'a BTreeSet<RepositoryName>>,
    /// Former names of repositories, and what counts as a deployment.
    pub definitions: &'a Definitions,
}

/// Where the next page begins.
#[derive(Debug, Clone)]
pub struct Position {
    at: DateTime<Utc>,
    name: String,
}

/// Some rows, and where the next ones are; `None` after the last.
pub type Page<T> = (Vec<T>, Option<Position>);

/// A row of any kind: when, its name, and the fact.
type Row<T> = (DateTime<Utc>, String, Json<T>);

impl Store {
    /// Facts in pages.
    pub fn exports(&self) -> Exports<'_> {
        Exports { store: self }
    }
}

impl Exports<'_> {
    /// Runs of CI, by when they were made.
    pub async fn ci_runs(&self, of: RowsOf<'_>, after: Option<Position>) -> Result<Page<CiRun>, StoreError> {
        Ok(page(self.rows(RUNS, of, after).await?))
    }

    /// Incidents, by when they began. Of some repositories: those that belong to one of them.
    pub async fn incidents(
        &self,
        of: RowsOf<'_>,
        after: Option<Position>,
    ) -> Result<Page<Incident>, StoreError> {
        Ok(page(self.rows(INCIDENTS, of, after).await?))
    }

    /// Reviews, by when they were given.
    pub async fn reviews(&self, of: RowsOf<'_>, after: Option<Position>) -> Result<Page<Review>, StoreError> {
        Ok(page(self.rows(REVIEWS, of, after).await?))
    }

    /// Deployments, by when they were made, and releases among them where these count as deployments.
    pub async fn deployments(
        &self,
        of: RowsOf<'_>,
        after: Option<Position>,
    ) -> Result<Page<ExportedDeployment>, StoreError> {
        let (from, name) = begins(of, after);
        let names = of.repositories.map(|names| known_names(names, of.definitions));
        let pool = self.store.pool();
        let sql = pool.lists(DEPLOYMENTS);
        let rows: Vec<Row<serde_json::Value>> = on_engine!(pool, |c| sqlx::query_as(sql)
            .bind(from)
            .bind(of.to)
            .bind(&name)
            .bind(names.is_none())
            .bind(names.as_deref().unwrap_or("[]"))
            .bind(PAGE)
            .bind(of.definitions.counts_any(Means::Release))
            .fetch_all(c)
            .await)?;
        let (rows, next) = named_page(rows);
        let read = rows.into_iter().map(|(name, fact)| {
            if name.starts_with("release ") {
                let release: Release = known(fact)?;
                Ok(ExportedDeployment::release(release, of.definitions))
            } else {
                let deployment: Deployment = known(fact)?;
                Ok(ExportedDeployment::deployment(deployment, of.definitions))
            }
        });
        let rows: Result<Vec<_>, StoreError> = read.collect();
        Ok((rows?, next))
    }

    /// When the first of these went live from `after` on, by anything that may count as a deployment; `None` where none did.
    pub async fn next_live(
        &self,
        repositories: &BTreeSet<RepositoryName>,
        definitions: &Definitions,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const NEXT: &str = "SELECT MIN(at) FROM ( \
            SELECT MIN(succeeded_at) AS at FROM deployments \
            WHERE succeeded_at >= $1 AND succeeded_at IS NOT NULL AND repository IN LIST($2) \
            UNION ALL SELECT MIN(published_at) FROM releases \
            WHERE $3 AND published_at >= $1 AND repository IN LIST($2) \
            UNION ALL SELECT MIN(created_at) FROM ci_runs \
            WHERE $4 AND on_default_branch AND outcome = 'success' AND created_at >= $1 \
            AND repository IN LIST($2)) AS found";
        let pool = self.store.pool();
        let sql = pool.lists(NEXT);
        Ok(on_engine!(pool, |c| sqlx::query_scalar(sql)
            .bind(after)
            .bind(known_names(repositories, definitions))
            .bind(definitions.counts_any(Means::Release))
            .bind(definitions.counts_any(Means::WorkflowRun))
            .fetch_one(c)
            .await)?)
    }

    /// When the first thing happened that a table or a metric is made from; `None` where nothing is known.
    pub async fn first_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const FIRST: &str = "SELECT MIN(at) FROM ( \
            SELECT MIN(created_at) AS at FROM pull_requests \
            UNION ALL SELECT MIN(created_at) FROM deployments \
            UNION ALL SELECT MIN(published_at) FROM releases \
            UNION ALL SELECT MIN(submitted_at) FROM reviews \
            UNION ALL SELECT MIN(created_at) FROM ci_runs) AS found";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIRST)
            .fetch_one(c)
            .await)?)
    }

    async fn rows<T: DeserializeOwned + Send + Unpin + 'static>(
        &self,
        sql: &'static str,
        of: RowsOf<'_>,
        after: Option<Position>,
    ) -> Result<Vec<Row<T>>, StoreError> {
        let (from, name) = begins(of, after);
        let names = of.repositories.map(|names| known_names(names, of.definitions));
        let pool = self.store.pool();
        let sql = pool.lists(sql);
        Ok(on_engine!(pool, |c| sqlx::query_as(sql)
            .bind(from)
            .bind(of.to)
            .bind(&name)
            .bind(names.is_none())
            .bind(names.as_deref().unwrap_or("[]"))
            .bind(PAGE)
            .fetch_all(c)
            .await)?)
    }
}

/// Where a page begins; no name is before the empty one.
fn begins(of: RowsOf<'_>, after: Option<Position>) -> (DateTime<Utc>, String) {
    after.map_or_else(|| (of.from, String::new()), |after| (after.at, after.name))
}

fn named_page<T>(rows: Vec<Row<T>>) -> Page<(String, T)> {
    let next = rows.last().map(|(at, name, _)| Position {
        at: *at,
        name: name.clone(),
    });
    let rows = rows.into_iter().map(|(_, name, Json(fact))| (name, fact));
    (rows.collect(), next)
}

fn page<T>(rows: Vec<Row<T>>) -> Page<T> {
    let (rows, next) = named_page(rows);
    (rows.into_iter().map(|(_, fact)| fact).collect(), next)
}

fn known<T: DeserializeOwned>(fact: serde_json::Value) -> Result<T, StoreError> {
    serde_json::from_value(fact).map_err(|error| StoreError::corrupt("fact", &error.to_string()))
}
