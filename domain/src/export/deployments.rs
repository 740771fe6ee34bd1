//! Purpose: deployments as a table, and releases where these count as deployments.

use chrono::{DateTime, Utc};

use super::{Cell, Table, columns};
use crate::delivery::{Definitions, Means};
use crate::deployment::{Deployment, DeploymentState, Release};
use crate::id::{Login, RepositoryName};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDeployment {
    id: String,
    repository: RepositoryName,
    means: Means,
    name: String,
    is_production: bool,
    state: DeploymentState,
    created_at: DateTime<Utc>,
    state_at: DateTime<Utc>,
    succeeded_at: Option<DateTime<Utc>>,
    sha: Option<String>,
    git_ref: String,
    creator: Option<Login>,
    url: String,
}

impl ExportedDeployment {
    /// The row of a deployment.
    pub fn deployment(fact: Deployment, definitions: &Definitions) -> Self {
        let target = fact.target.value;
        Self {
            id: format!("{}/{}", fact.repository, fact.id),
            repository: fact.repository,
            means: Means::Deployment,
            is_production: definitions.counts(Means::Deployment, &target.environment),
            name: target.environment,
            state: fact.state.value,
            created_at: target.created_at,
            state_at: fact.state.at,
            succeeded_at: fact.succeeded_at,
            sha: Some(target.sha).filter(|sha| !sha.is_empty()),
            git_ref: target.git_ref,
            creator: target.creator,
            url: target.url,
        }
    }

    /// The row of a release: it is live when it is published.
    pub fn release(fact: Release, definitions: &Definitions) -> Self {
        Self {
            id: format!("{}/release/{}", fact.repository, fact.id),
            repository: fact.repository,
            means: Means::Release,
            is_production: definitions.counts(Means::Release, &fact.tag),
            name: fact.tag.clone(),
            state: DeploymentState::Success,
            created_at: fact.published_at,
            state_at: fact.published_at,
            succeeded_at: Some(fact.published_at),
            sha: None,
            git_ref: fact.tag,
            creator: fact.author,
            url: fact.url,
        }
    }
}

/// The columns. A deployment belongs to the day on which it was made.
pub static DEPLOYMENTS: Table<ExportedDeployment> = Table {
    columns: columns! {
        id Text "what reports call it" = |row| Cell::text(&row.id);
        repository Text "owner/name" = |row| Cell::text(row.repository.as_str());
        means Text "`deployment`, or `release` where releases count" = |row| super::word(row.means);
        name Text "the environment, or the tag" = |row| Cell::text(&row.name);
        is_production Boolean "by the configuration it counts as production" = |row| Cell::Boolean(row.is_production);
        state Text "`pending`, `in_progress`, `success` or `failure`" = |row| Cell::text(row.state.as_str());
        created_at Instant "when it was made" = |row| Cell::Instant(row.created_at);
        state_at Instant "since when it has that state" = |row| Cell::Instant(row.state_at);
        succeeded_at Instant "when it first went live" = |row| Cell::maybe(row.succeeded_at, Cell::Instant);
        sha Text "the deployed commit" = |row| Cell::maybe(row.sha.as_deref(), Cell::text);
        git_ref Text "the branch or tag that was asked for" = |row| Cell::text(&row.git_ref);
        creator Text "who asked for it" = |row| Cell::maybe(row.creator.as_ref(), |login| Cell::text(login.as_str()));
        url Text "the page for people" = |row| Cell::text(&row.url);
    },
    day: |row| row.created_at.date_naive(),
};
