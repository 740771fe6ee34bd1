//! Purpose: what GitLab's API answers. Only the fields that are kept.
//!
//! Source: docs.gitlab.com, "REST API resources", and `lib/api/entities` of GitLab's code. What is optional here is absent from
//! older versions, from answers to tokens that may not see it, or of accounts that are gone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `GET /projects/:id`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Project {
    pub(super) path_with_namespace: String,
    pub(super) default_branch: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) visibility: Option<String>,
    merge_requests_access_level: Option<String>,
    builds_access_level: Option<String>,
    environments_access_level: Option<String>,
    issues_access_level: Option<String>,
    releases_access_level: Option<String>,
}

impl Project {
    /// Whether the project has switched this part of GitLab off: asking for it would be refused.
    pub(super) fn goes_without(&self, list: &str) -> bool {
        let level = match list {
            super::MERGE_REQUESTS => &self.merge_requests_access_level,
            super::PIPELINES => &self.builds_access_level,
            super::DEPLOYMENTS => &self.environments_access_level,
            super::ISSUES => &self.issues_access_level,
            _ => &self.releases_access_level,
        };
        level.as_deref() == Some("disabled")
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct User {
    pub(super) id: Option<i64>,
    pub(super) username: Option<String>,
}

/// An item of `GET /projects/:id/merge_requests`.
#[derive(Debug, Deserialize)]
pub(super) struct MergeRequest {
    pub(super) iid: i64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) state: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) merged_at: Option<DateTime<Utc>>,
    pub(super) closed_at: Option<DateTime<Utc>>,
    pub(super) source_branch: String,
    pub(super) target_branch: String,
    pub(super) author: Option<User>,
    pub(super) assignees: Option<Vec<User>>,
    pub(super) reviewers: Option<Vec<User>>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    pub(super) draft: Option<bool>,
    pub(super) work_in_progress: Option<bool>,
    pub(super) merge_status: Option<String>,
    pub(super) detailed_merge_status: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) web_url: Option<String>,
}

/// What is asked for besides a merge request.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    /// None where GitLab does not say how far they are.
    pub(super) reviewers: Option<Vec<Reviewer>>,
    pub(super) approved_by: Vec<Approval>,
    pub(super) notes: Vec<Note>,
}

/// An item of `GET /projects/:id/merge_requests/:iid/reviewers`.
#[derive(Debug, Deserialize)]
pub(super) struct Reviewer {
    pub(super) user: Option<User>,
    pub(super) state: Option<String>,
    /// When the person was asked.
    pub(super) created_at: Option<DateTime<Utc>>,
}

/// `GET /projects/:id/merge_requests/:iid/approvals`.
#[derive(Debug, Deserialize)]
pub(super) struct Approvals {
    pub(super) approved_by: Option<Vec<Approval>>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Approval {
    pub(super) user: Option<User>,
    /// Newer versions say it.
    pub(super) approved_at: Option<DateTime<Utc>>,
}

/// An item of `GET /projects/:id/merge_requests/:iid/notes`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Note {
    pub(super) id: i64,
    pub(super) author: Option<User>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) system: Option<bool>,
    /// For members alone.
    #[serde(skip_serializing)]
    pub(super) internal: Option<bool>,
    /// Kept of GitLab's own notes alone.
    pub(super) body: Option<String>,
}

/// An item of `GET /projects/:id/pipelines`.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) id: i64,
    pub(super) updated_at: DateTime<Utc>,
}

/// `GET /projects/:id/pipelines/:id`; as it is, the attributes of a webhook, but for `web_url`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Pipeline {
    pub(super) id: i64,
    pub(super) iid: Option<i64>,
    pub(super) name: Option<String>,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) tag: Option<bool>,
    pub(super) sha: String,
    pub(super) source: Option<String>,
    pub(super) status: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    #[serde(rename(deserialize = "web_url", serialize = "url"))]
    pub(super) url: Option<String>,
}

/// An item of `GET /projects/:id/deployments`.
#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: i64,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) sha: Option<String>,
    pub(super) status: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) user: Option<User>,
    pub(super) environment: Environment,
    pub(super) deployable: Option<Deployable>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    pub(super) name: String,
}

/// The job that deploys.
#[derive(Debug, Deserialize)]
pub(super) struct Deployable {
    pub(super) web_url: Option<String>,
}

/// An item of `GET /projects/:id/issues`.
#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) iid: i64,
    pub(super) title: String,
    pub(super) state: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) closed_at: Option<DateTime<Utc>>,
    pub(super) closed_by: Option<User>,
    pub(super) author: Option<User>,
    pub(super) assignees: Option<Vec<User>>,
    pub(super) web_url: Option<String>,
}

/// An item of `GET /projects/:id/releases`.
#[derive(Debug, Deserialize)]
pub(super) struct Release {
    /// Absent where the token may not read the code.
    pub(super) tag_name: Option<String>,
    pub(super) name: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) released_at: Option<DateTime<Utc>>,
    pub(super) author: Option<User>,
    #[serde(rename = "_links")]
    pub(super) links: Option<Links>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Links {
    #[serde(rename = "self")]
    pub(super) own: Option<String>,
}
