//! Purpose: an application of Argo CD as it stands, and its synchronisation. Source: argo-cd.readthedocs.io, "API Docs",
//! `GET /api/v1/applications/{name}` and `POST /api/v1/applications/{name}/sync`.

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::poller::rest;
use crate::documents::DocumentsError;
use crate::rest::{Access, ChangeError, Patience, Rest};

/// A client that reads applications and synchronises them.
#[derive(Debug)]
pub struct ArgocdClient {
    rest: Rest,
    /// Where its pages are: beside its API.
    pages: String,
}

/// An application as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// The project that it belongs to.
    pub project: String,
    /// The name of the cluster that it is deployed to, else the namespace.
    pub destination: Option<String>,
    /// What the next synchronisation brings: the commit, or the chart's version. Of several sources, all of them.
    pub wanted: String,
    /// Whether the cluster has what is wanted.
    pub is_synced: bool,
    /// `Healthy`, `Degraded`, ...
    pub health: String,
    /// When its last synchronisation began.
    pub last_sync_at: Option<DateTime<Utc>>,
    /// One goes on, or is about to begin.
    pub is_syncing: bool,
    /// Where people see it.
    pub url: String,
}

#[derive(Deserialize)]
struct Whole {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
    /// What was asked for and has not begun.
    operation: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    project: String,
    #[serde(default)]
    destination: Destination,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    name: String,
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    sync: Sync,
    health: Health,
    operation_state: Option<OperationState>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sync {
    status: String,
    revision: String,
    revisions: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Health {
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationState {
    phase: String,
    started_at: DateTime<Utc>,
}

impl ArgocdClient {
    /// A client for the API that `access` names.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        Ok(Self {
            rest: rest(access, patience)?,
            pages: access.api_url.trim_end_matches('/').to_owned(),
        })
    }

    /// The application of this name, which must be letters, digits, dashes and dots.
    ///
    /// # Errors
    /// There is none, or it cannot be read. To a token that may not see all of them, Argo CD says of both that it is not allowed.
    pub async fn application(&self, name: &str) -> Result<Application, ChangeError> {
        let path = format!("/api/v1/applications/{name}");
        let whole: Whole = self.rest.look(&path, &[]).await?;
        Ok(self.read(whole))
    }

    fn read(&self, whole: Whole) -> Application {
        let Whole {
            metadata: Metadata { name },
            spec,
            status,
            operation,
        } = whole;
        let Destination {
            name: cluster,
            namespace,
        } = spec.destination;
        let Sync {
            status: sync,
            revision,
            revisions,
        } = status.sync;
        let last = status.operation_state;
        let goes_on = |last: &OperationState| matches!(last.phase.as_str(), "Running" | "Terminating");
        Application {
            url: format!("{}/applications/{name}", self.pages),
            name,
            project: spec.project,
            destination: [cluster, namespace].into_iter().find(|text| !text.is_empty()),
            wanted: if revisions.is_empty() {
                revision
            } else {
                revisions.join(", ")
            },
            is_synced: sync == "Synced",
            health: status.health.status,
            last_sync_at: last.as_ref().map(|last| last.started_at),
            is_syncing: operation.is_some() || last.as_ref().is_some_and(goes_on),
        }
    }

    /// Brings the cluster to what is wanted. What is wanted no more is left there, as Argo CD does unless it is told otherwise.
    ///
    /// # Errors
    /// Argo CD declines it (another synchronisation goes on, say), or nobody knows what became of it.
    pub async fn sync(&self, application: &Application) -> Result<(), ChangeError> {
        let path = format!("/api/v1/applications/{}/sync", application.name);
        let body = json!({ "name": application.name, "dryRun": false, "prune": false });
        let none = HeaderMap::new();
        let answer = self.rest.change(Method::POST, &path, &none, &body).await?;
        self.rest.made::<IgnoredAny>(&answer).map(drop)
    }
}
