//! Purpose: red default branches, failed deployments and open incidents, the second half of triage.
//!
//! The candidates are the workflows and environments of the red runs and failed deployments of the last fortnight,
//! read from partial indexes that hold nothing else; each is looked up a few times in the index of its runs or
//! deployments. The cost grows with the number of recent failures (a pass over index entries) and of the places that
//! they happened at (lookups), not with the history.

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::deployment::Deployment;
use em_domain::id::RepositoryName;
use em_domain::incident::Incident;
use em_domain::incident_story::{IncidentStory, stories};
use em_domain::triage::{FailedDeployment, FailingBranch, TriageFilter, failures_since};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{Conn, list, on_conn};
use crate::error::StoreError;
use crate::signals::decode;

/// Workflows that were red of late, when each was last green, and its newest run if that is later than the green one.
/// Runs that ended without a verdict do not count. It has been red since its first red run after the green one ended.
/// What is recent is materialised, or SQLite would walk through all runs by workflow to find the distinct ones.
const BRANCHES: &str = "WITH recent AS MATERIALIZED (\
        SELECT repository, workflow FROM ci_runs \
        WHERE on_default_branch AND outcome = 'failure' AND updated_at >= $1), \
    lines AS (SELECT DISTINCT repository, workflow FROM recent), \
    verdicts AS (\
        SELECT l.repository, l.workflow, COALESCE((SELECT MAX(g.created_at) FROM ci_runs g \
            WHERE g.on_default_branch AND g.repository = l.repository AND g.workflow = l.workflow \
            AND g.outcome = 'success'), $2) AS green_at FROM lines l) \
    SELECT red.fact, \
        (SELECT f.updated_at FROM ci_runs f WHERE f.on_default_branch AND f.repository = v.repository \
            AND f.workflow = v.workflow AND f.outcome = 'failure' AND f.created_at > v.green_at \
            ORDER BY f.created_at, f.id LIMIT 1) AS since \
    FROM verdicts v JOIN ci_runs red ON red.id = \
        (SELECT n.id FROM ci_runs n WHERE n.on_default_branch AND n.repository = v.repository \
            AND n.workflow = v.workflow AND n.outcome = 'failure' AND n.created_at > v.green_at \
            ORDER BY n.created_at DESC, n.id DESC LIMIT 1) \
    WHERE red.updated_at >= $1 AND ($3 OR LOWER(red.repository) IN LIST($4)) \
    ORDER BY since, red.repository, red.workflow";

/// Environments to which a deployment failed of late, and their newest deployment, where that is one that failed.
const DEPLOYMENTS: &str = "WITH recent AS MATERIALIZED (\
        SELECT repository, environment FROM deployments WHERE state = 'failure' AND state_at >= $1), \
    places AS (SELECT DISTINCT repository, environment FROM recent) \
    SELECT d.fact FROM places p JOIN deployments d ON d.id = \
        (SELECT n.id FROM deployments n WHERE n.repository = p.repository AND n.environment = p.environment \
            ORDER BY n.created_at DESC, n.id DESC LIMIT 1) \
    WHERE d.state = 'failure' AND d.state_at >= $1 AND ($2 OR LOWER(d.repository) IN LIST($3)) \
    ORDER BY d.state_at DESC, d.repository, d.environment";

/// Open incidents, the latest first. Whoever lives with one for so long has decided to.
const INCIDENTS: &str = "SELECT STRING_AGG(CAST(fact AS TEXT), ',') FROM (SELECT fact FROM incidents \
    WHERE state = 'open' AND opened_at >= $1 AND ($2 OR LOWER(repository) IN LIST($3)) \
    ORDER BY opened_at DESC, id LIMIT $4) AS latest";
/// Nobody reads more; a storm of tens of thousands is a few stories, of which the latest alerts tell.
const MOST_INCIDENTS: i64 = 2_000;

/// Which failures are asked for.
pub(crate) struct Failures<'f> {
    filter: &'f TriageFilter,
    from: DateTime<Utc>,
    repositories: String,
}

#[derive(FromRow)]
struct RedRun {
    fact: Json<CiRun>,
    since: Option<DateTime<Utc>>,
}

impl<'f> Failures<'f> {
    pub(crate) fn new(filter: &'f TriageFilter, now: DateTime<Utc>) -> Self {
        let repositories = filter.team.as_ref().map_or(&[][..], |team| &team.repositories);
        let repositories = list(
            repositories
                .iter()
                .map(|name: &RepositoryName| name.as_str().to_lowercase()),
        );
        Self {
            filter,
            from: failures_since(now),
            repositories,
        }
    }

    fn any_team(&self) -> bool {
        self.filter.team.is_none()
    }

    /// Red default branches, the oldest first.
    pub(crate) async fn branches(&self, conn: &mut Conn<'_>) -> Result<Vec<FailingBranch>, StoreError> {
        if self.filter.actor.is_some() {
            return Ok(Vec::new());
        }
        let sql = conn.lists(BRANCHES);
        let rows: Vec<RedRun> = on_conn!(conn, |c| {
            sqlx::query_as(sql)
                .bind(self.from)
                .bind(DateTime::UNIX_EPOCH)
                .bind(self.any_team())
                .bind(&self.repositories)
                .fetch_all(c)
                .await
        })?;
        Ok(rows.into_iter().map(failing_branch).collect())
    }

    /// Failed deployments, the newest first.
    pub(crate) async fn deployments(&self, conn: &mut Conn<'_>) -> Result<Vec<FailedDeployment>, StoreError> {
        let sql = conn.lists(DEPLOYMENTS);
        let rows: Vec<Json<Deployment>> = on_conn!(conn, |c| {
            sqlx::query_scalar(sql)
                .bind(self.from)
                .bind(self.any_team())
                .bind(&self.repositories)
                .fetch_all(c)
                .await
        })?;
        let failed = rows
            .into_iter()
            .map(|Json(deployment)| failed_deployment(deployment));
        Ok(failed.filter(|deployment| self.concerns(deployment)).collect())
    }

    /// Open incidents as stories: those of the team's repositories, or of the actor. In a storm, of the latest.
    pub(crate) async fn incidents(&self, conn: &mut Conn<'_>) -> Result<Vec<IncidentStory>, StoreError> {
        let sql = conn.lists(INCIDENTS);
        let joined: Option<String> = on_conn!(conn, |c| {
            sqlx::query_scalar(sql)
                .bind(self.from)
                .bind(self.any_team())
                .bind(&self.repositories)
                .bind(MOST_INCIDENTS)
                .fetch_one(c)
                .await
        })?;
        let mut open: Vec<Incident> = decode(joined).await?;
        if let Some(actor) = &self.filter.actor {
            open.retain(|incident| {
                let assignees = &incident.snapshot.value.assignees;
                assignees.iter().any(|login| login.same(actor))
            });
        }
        Ok(stories(&open))
    }

    fn concerns(&self, deployment: &FailedDeployment) -> bool {
        let Some(actor) = &self.filter.actor else {
            return true;
        };
        deployment
            .creator
            .as_ref()
            .is_some_and(|creator| creator.same(actor))
    }
}

fn failing_branch(
    RedRun {
        fact: Json(run),
        since,
    }: RedRun,
) -> FailingBranch {
    FailingBranch {
        repository: run.repository,
        branch: run.branch,
        workflow: run.workflow,
        url: run.url,
        since: since.unwrap_or(run.updated_at),
    }
}

fn failed_deployment(deployment: Deployment) -> FailedDeployment {
    let target = deployment.target.value;
    FailedDeployment {
        repository: deployment.repository,
        environment: target.environment,
        git_ref: target.git_ref,
        creator: target.creator,
        url: deployment.log_url.map_or(target.url, |stamped| stamped.value),
        failed_at: deployment.state.at,
    }
}
