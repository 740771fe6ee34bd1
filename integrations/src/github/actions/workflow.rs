//! Purpose: runs of workflows: how they stand, again for what failed, started by hand.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{done, lists, part};
use crate::github::client::{GithubClient, GithubError};

/// One run of a workflow, in its newest attempt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// Which one; stays the same over attempts.
    pub id: i64,
    /// The workflow's name.
    #[serde(default)]
    pub name: Option<String>,
    /// `queued`, `in_progress`, `waiting`, `completed`, ...
    pub status: String,
    /// `success`, `failure`, ... once it is completed.
    pub conclusion: Option<String>,
    /// 1 for the first.
    pub run_attempt: i64,
    /// The page for people.
    #[serde(rename = "html_url")]
    pub url: String,
}

impl Run {
    /// Whether it ended and something in it can be run again.
    pub fn has_failed(&self) -> bool {
        matches!(
            self.conclusion.as_deref(),
            Some("failure" | "timed_out" | "cancelled" | "startup_failure")
        )
    }

    /// The workflow's name, as far as it has one.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("workflow")
    }
}

impl GithubClient {
    /// A run. Source: <https://docs.github.com/rest/actions/workflow-runs>.
    pub async fn run(&self, repository: &str, id: i64) -> Result<Run, GithubError> {
        self.get(&format!("/repos/{repository}/actions/runs/{id}"))
            .await?
            .json()
    }

    /// The runs on a commit.
    pub async fn runs_of(&self, repository: &str, sha: &str) -> Result<Vec<Run>, GithubError> {
        let sha = part(sha);
        let first = format!("/repos/{repository}/actions/runs?head_sha={sha}&per_page=100");
        lists::counted(self, first).await
    }

    /// The runs that wait for somebody to let them go on; the newest hundred.
    pub async fn waiting_runs(&self, repository: &str) -> Result<Vec<Run>, GithubError> {
        #[derive(Deserialize)]
        struct Runs {
            workflow_runs: Vec<Run>,
        }
        let path = format!("/repos/{repository}/actions/runs?status=waiting&per_page=100");
        let runs: Runs = self.get(&path).await?.json()?;
        Ok(runs.workflow_runs)
    }

    /// Runs what failed in a run again. Source:
    /// <https://docs.github.com/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run>.
    pub async fn rerun_failed(&self, repository: &str, id: i64) -> Result<(), GithubError> {
        let path = format!("/repos/{repository}/actions/runs/{id}/rerun-failed-jobs");
        done(self, Method::POST, &path, json!({})).await
    }

    /// Whether the repository has a workflow of this file name or id.
    pub async fn has_workflow(&self, repository: &str, workflow: &str) -> Result<bool, GithubError> {
        let path = format!("/repos/{repository}/actions/workflows/{}", part(workflow));
        match self.get(&path).await {
            Ok(_) => Ok(true),
            Err(GithubError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the repository has a branch or tag of this name.
    pub async fn has_ref(&self, repository: &str, name: &str) -> Result<bool, GithubError> {
        for kind in ["heads", "tags"] {
            let name: Vec<String> = name.split('/').map(part).collect();
            let path = format!("/repos/{repository}/git/ref/{kind}/{}", name.join("/"));
            match self.get(&path).await {
                Ok(_) => return Ok(true),
                Err(GithubError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Starts a workflow by hand. GitHub names no run in its answer, and starting twice runs twice. Source:
    /// <https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event>.
    pub async fn dispatch(
        &self,
        repository: &str,
        workflow: &str,
        reference: &str,
        inputs: &BTreeMap<String, String>,
    ) -> Result<(), GithubError> {
        let path = format!(
            "/repos/{repository}/actions/workflows/{}/dispatches",
            part(workflow)
        );
        let body = json!({ "ref": reference, "inputs": inputs });
        done(self, Method::POST, &path, body).await
    }
}
