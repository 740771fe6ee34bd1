//! Purpose: the pieces of an application of Argo CD that facts are made from.
//!
//! Source: argo-cd.readthedocs.io, "Application specification". Every field may be missing: the body is a template.

use serde::Deserialize;

use crate::payload::{Text, Time, filled};

#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub(super) context: Option<Context>,
    pub(super) app: App,
}

#[derive(Debug, Deserialize)]
pub(super) struct Context {
    #[serde(rename = "argocdUrl")]
    pub(super) argocd_url: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    pub(super) metadata: Metadata,
    pub(super) spec: Option<Spec>,
    pub(super) status: Option<Status>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: Text,
    pub(super) namespace: Option<Text>,
    pub(super) uid: Option<Text>,
    pub(super) deletion_timestamp: Option<Time>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Spec {
    pub(super) destination: Option<Destination>,
    pub(super) source: Option<Source>,
    pub(super) sources: Option<Vec<Source>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Destination {
    pub(super) name: Option<Text>,
    pub(super) namespace: Option<Text>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Source {
    #[serde(rename = "repoURL")]
    pub(super) repo_url: Option<Text>,
    pub(super) target_revision: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) health: Option<Health>,
    pub(super) operation_state: Option<OperationState>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    pub(super) status: Option<Text>,
    pub(super) last_transition_time: Option<Time>,
}

/// One synchronisation: a deployment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationState {
    pub(super) phase: Text,
    pub(super) started_at: Time,
    pub(super) finished_at: Option<Time>,
    pub(super) operation: Option<Operation>,
    pub(super) sync_result: Option<Revisions>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) initiated_by: Option<InitiatedBy>,
    pub(super) sync: Option<Asked>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InitiatedBy {
    pub(super) username: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    pub(super) dry_run: Option<bool>,
    #[serde(flatten)]
    pub(super) revisions: Revisions,
}

/// One revision, or one for each source where an application has several.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Revisions {
    pub(super) revision: Option<Text>,
    pub(super) revisions: Option<Vec<Text>>,
}

impl Revisions {
    /// The revision of the source at `place`.
    pub(super) fn at(&self, place: usize) -> Option<String> {
        let listed = self.revisions.as_ref().and_then(|all| all.get(place)).cloned();
        filled(listed).or_else(|| filled(self.revision.clone()).filter(|_| place == 0))
    }
}
