//! Purpose: deployments that wait for a person: which environments, what was decided, deciding.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{done, lists};
use crate::github::client::{GithubClient, GithubError};

/// An environment that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// GitHub's id.
    pub id: i64,
    /// Its name: `production`.
    pub environment: String,
    /// Whether GitHub lets the token's owner decide.
    pub is_ours_to_decide: bool,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Approved,
    /// It ends here.
    Rejected,
}

impl Verdict {
    /// GitHub's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// A decision about an environment in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Which environment.
    pub environment: String,
    /// GitHub's name of what was decided.
    pub state: String,
    /// What was said.
    pub comment: String,
}

#[derive(Deserialize)]
struct Environment {
    id: i64,
    name: String,
}

fn path(repository: &str, run: i64, rest: &str) -> String {
    format!("/repos/{repository}/actions/runs/{run}/{rest}")
}

impl GithubClient {
    /// The environments that a run waits for. Source:
    /// <https://docs.github.com/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run>.
    pub async fn pending_deployments(&self, repository: &str, run: i64) -> Result<Vec<Waiting>, GithubError> {
        #[derive(Deserialize)]
        struct Row {
            environment: Environment,
            #[serde(default)]
            current_user_can_approve: bool,
        }
        let rows: Vec<Row> = lists::all(self, path(repository, run, "pending_deployments")).await?;
        Ok(rows
            .into_iter()
            .map(|row| Waiting {
                id: row.environment.id,
                environment: row.environment.name,
                is_ours_to_decide: row.current_user_can_approve,
            })
            .collect())
    }

    /// What was decided about a run so far. Source:
    /// <https://docs.github.com/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run>.
    pub async fn decisions(&self, repository: &str, run: i64) -> Result<Vec<Decided>, GithubError> {
        #[derive(Deserialize)]
        struct Row {
            state: String,
            #[serde(default)]
            comment: Option<String>,
            environments: Vec<Environment>,
        }
        let rows: Vec<Row> = lists::all(self, path(repository, run, "approvals")).await?;
        let of_row = |row: Row| {
            let comment = row.comment.unwrap_or_default();
            row.environments
                .into_iter()
                .map(|environment| Decided {
                    environment: environment.name,
                    state: row.state.clone(),
                    comment: comment.clone(),
                })
                .collect::<Vec<_>>()
        };
        Ok(rows.into_iter().flat_map(of_row).collect())
    }

    /// Lets a deployment go on, or ends it. Source:
    /// <https://docs.github.com/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run>.
    pub async fn decide_deployment(
        &self,
        repository: &str,
        run: i64,
        environment: i64,
        verdict: Verdict,
        comment: &str,
    ) -> Result<(), GithubError> {
        let body = json!({ "environment_ids": [environment], "state": verdict.as_str(), "comment": comment });
        done(
            self,
            Method::POST,
            &path(repository, run, "pending_deployments"),
            body,
        )
        .await
    }
}
