//! Purpose: CircleCI's workflows as they stand, and one that is run again. Source: circleci.com/docs/api/v2, "Get a workflow",
//! "Get a pipeline's workflows" and "Rerun a workflow".

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::poller::rest;
use crate::documents::DocumentsError;
use crate::rest::{Access, ChangeError, Patience, Rest};

/// Where CircleCI's cloud shows its pages; of servers only their owners know it.
const PAGES: &str = "https://app.circleci.com";
const CLOUD_API_HOST: &str = "circleci.com";
/// No pipeline has more workflows than these pages hold.
const MOST_PAGES: usize = 5;

/// A client that reads workflows and runs them again.
#[derive(Debug)]
pub struct CircleciClient {
    rest: Rest,
    is_cloud: bool,
}

/// How a workflow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything in it succeeded.
    Success,
    /// Something in it failed.
    Failed,
    /// It could not be run, for what its configuration says.
    Error,
    /// Somebody called it off.
    Canceled,
    /// Whoever started it was not allowed to.
    Unauthorized,
    /// It has not ended: it runs, or waits for somebody.
    #[serde(other)]
    Open,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Unauthorized => "unauthorized",
            Self::Open => "open",
        })
    }
}

/// A workflow as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// Its id, as in its address.
    pub id: String,
    /// Its name in the configuration of the project.
    pub name: String,
    /// How it stands.
    pub status: RunStatus,
    /// Its project: `gh/acme/shop`.
    pub project_slug: String,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    pipeline_id: String,
    pipeline_number: i64,
}

#[derive(Deserialize)]
struct Listed {
    items: Vec<Run>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Started {
    workflow_id: String,
}

impl CircleciClient {
    /// A client for the API that `access` names.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let host = Url::parse(&access.api_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        Ok(Self {
            rest: rest(access, patience)?,
            is_cloud: host.as_deref() == Some(CLOUD_API_HOST),
        })
    }

    /// The workflow of this id, which must be made of hexadecimal digits and dashes.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn workflow(&self, id: &str) -> Result<Run, ChangeError> {
        self.rest.look(&format!("/workflow/{id}"), &[]).await
    }

    /// The newest workflow of the same name that was started later in the same pipeline: running one again makes a new one.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn newer(&self, workflow: &Run) -> Result<Option<Run>, ChangeError> {
        let path = format!("/pipeline/{}/workflow", workflow.pipeline_id);
        let mut newest: Option<Run> = None;
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let query = token.as_deref().map(|token| ("page-token", token));
            let listed: Listed = self.rest.look(&path, query.as_slice()).await?;
            let later = |one: &Run| one.name == workflow.name && one.created_at > workflow.created_at;
            let found = listed.items.into_iter().filter(later);
            newest = newest.into_iter().chain(found).max_by_key(|one| one.created_at);
            token = listed.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(newest)
    }

    /// Runs a workflow again; of one that failed only what failed, and what comes after it. Gives the new one's id.
    ///
    /// # Errors
    /// `CircleCI` declines it, or nobody knows what became of it.
    pub async fn rerun(&self, workflow: &Run) -> Result<String, ChangeError> {
        let path = format!("/workflow/{}/rerun", workflow.id);
        let body = json!({ "from_failed": workflow.status == RunStatus::Failed });
        let none = HeaderMap::new();
        let answer = self.rest.change(Method::POST, &path, &none, &body).await?;
        let Started { workflow_id } = self.rest.made(&answer)?;
        Ok(workflow_id)
    }

    /// Where people see the workflow of this id in the pipeline of `beside`, where that is known.
    pub fn page(&self, beside: &Run, id: &str) -> Option<String> {
        let Run {
            project_slug,
            pipeline_number,
            ..
        } = beside;
        self.is_cloud
            .then(|| format!("{PAGES}/pipelines/{project_slug}/{pipeline_number}/workflows/{id}"))
    }
}
