//! Purpose: red default branches and failed deployments, the second half of triage.
//!
//! The candidates are the red runs and failed deployments of the last fortnight, found by partial indexes that hold
//! nothing else; each is looked up once in the index of its workflow or environment. The cost grows with the number
//! of recent failures, not with the history.

use chrono::{DateTime, Utc};
use em_domain::ci_run::CiRun;
use em_domain::deployment::Deployment;
use em_domain::id::RepositoryName;
use em_domain::triage::{FailedDeployment, FailingBranch, TriageFilter, failures_since};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{Conn, list, on_conn};
use crate::error::StoreError;

/// The newest ended run of each workflow, where it is red; runs that ended without a verdict do not count. With the
/// time at which the last green run was made, the first red one after it ended at `since`.
const BRANCHES: &str = "SELECT red.fact, \
        (SELECT MIN(r.updated_at) FROM ci_runs r WHERE r.on_default_branch AND r.repository = red.repository \
            AND r.workflow = red.workflow AND r.outcome = 'failure' \
            AND r.created_at > COALESCE((SELECT MAX(g.created_at) FROM ci_runs g WHERE g.on_default_branch \
                AND g.repository = red.repository AND g.workflow = red.workflow AND g.outcome = 'success'), $2)) \
        AS since \
    FROM ci_runs red WHERE red.on_default_branch AND red.outcome = 'failure' AND red.updated_at >= $1 \
        AND NOT EXISTS (SELECT 1 FROM ci_runs n WHERE n.on_default_branch AND n.repository = red.repository \
            AND n.workflow = red.workflow AND n.outcome = 'success' AND n.created_at >= red.created_at) \
        AND NOT EXISTS (SELECT 1 FROM ci_runs n WHERE n.on_default_branch AND n.repository = red.repository \
            AND n.workflow = red.workflow AND n.outcome = 'failure' AND n.created_at >= red.created_at \
            AND (n.created_at > red.created_at OR n.id > red.id)) \
        AND ($3 OR LOWER(red.repository) IN LIST($4)) \
    ORDER BY since, red.repository, red.workflow";

/// The newest deployment to each environment, where it failed.
const DEPLOYMENTS: &str = "SELECT f.fact FROM deployments f WHERE f.state = 'failure' AND f.state_at >= $1 \
        AND NOT EXISTS (SELECT 1 FROM deployments n WHERE n.repository = f.repository \
            AND n.environment = f.environment AND n.created_at >= f.created_at \
            AND (n.created_at > f.created_at OR n.id > f.id)) \
        AND ($2 OR LOWER(f.repository) IN LIST($3)) \
    ORDER BY f.state_at DESC, f.repository, f.environment";

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
