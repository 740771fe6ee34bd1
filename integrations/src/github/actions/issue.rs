//! Purpose: what issues and pull requests have in common: comments, labels, assignees, open and closed; new issues.

use chrono::{DateTime, SecondsFormat, Utc};
use em_domain::id::Login;
use em_domain::pull_request::PullRequestKey;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Placed, done, lists, part};
use crate::github::client::{GithubClient, GithubError};

/// An issue to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewIssue {
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is to work on it.
    pub assignees: Vec<Login>,
}

/// A comment or an issue as lists show it.
#[derive(Deserialize)]
struct Row {
    /// Absent where nothing was written.
    body: Option<String>,
    #[serde(flatten)]
    placed: Placed,
}

fn path(key: &PullRequestKey, rest: &str) -> String {
    format!("/repos/{}/issues/{}{rest}", key.repository, key.number)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl GithubClient {
    /// Writes a comment. Source: <https://docs.github.com/rest/issues/comments>.
    pub async fn comment(&self, key: &PullRequestKey, text: &str) -> Result<Placed, GithubError> {
        let body = json!({ "body": text });
        self.send_json(Method::POST, &path(key, "/comments"), &body)
            .await?
            .json()
    }

    /// The comment since `oldest` that holds `mark`.
    pub async fn find_comment(
        &self,
        key: &PullRequestKey,
        mark: &str,
        oldest: DateTime<Utc>,
    ) -> Result<Option<Placed>, GithubError> {
        let since = stamp(oldest);
        self.find_marked(path(key, &format!("/comments?per_page=100&since={since}")), mark)
            .await
    }

    /// Writes an issue. Source: <https://docs.github.com/rest/issues/issues#create-an-issue>.
    pub async fn create_issue(&self, repository: &str, new: &NewIssue) -> Result<Placed, GithubError> {
        let path = format!("/repos/{repository}/issues");
        self.send_json(Method::POST, &path, new).await?.json()
    }

    /// The issue since `oldest` that holds `mark`.
    pub async fn find_issue(
        &self,
        repository: &str,
        mark: &str,
        oldest: DateTime<Utc>,
    ) -> Result<Option<Placed>, GithubError> {
        let since = stamp(oldest);
        let first = format!("/repos/{repository}/issues?state=all&per_page=100&since={since}");
        self.find_marked(first, mark).await
    }

    async fn find_marked(&self, first: String, mark: &str) -> Result<Option<Placed>, GithubError> {
        lists::search(self, first, |page| {
            let mut rows = page.json::<Vec<Row>>()?.into_iter();
            Ok(rows
                .find(|row| row.body.as_deref().is_some_and(|body| body.contains(mark)))
                .map(|row| row.placed))
        })
        .await
    }

    /// Whether the repository has the label. GitHub makes one that it does not have, which nobody wants of a typing
    /// mistake.
    pub async fn has_label(&self, repository: &str, label: &str) -> Result<bool, GithubError> {
        match self
            .get(&format!("/repos/{repository}/labels/{}", part(label)))
            .await
        {
            Ok(_) => Ok(true),
            Err(GithubError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The labels of a repository, by name.
    pub async fn label_names(&self, repository: &str) -> Result<Vec<String>, GithubError> {
        #[derive(Deserialize)]
        struct Label {
            name: String,
        }
        let labels: Vec<Label> = lists::all(self, format!("/repos/{repository}/labels?per_page=100")).await?;
        Ok(labels.into_iter().map(|label| label.name).collect())
    }

    /// Adds a label. Source: <https://docs.github.com/rest/issues/labels>.
    pub async fn add_label(&self, key: &PullRequestKey, label: &str) -> Result<(), GithubError> {
        let body = json!({ "labels": [label] });
        done(self, Method::POST, &path(key, "/labels"), body).await
    }

    /// Takes a label off.
    pub async fn remove_label(&self, key: &PullRequestKey, label: &str) -> Result<(), GithubError> {
        let path = path(key, &format!("/labels/{}", part(label)));
        done(self, Method::DELETE, &path, json!({})).await
    }

    /// Adds an assignee. GitHub leaves out whom it does not know without a word; look with
    /// [`GithubClient::can_be_assigned`] before. Source: <https://docs.github.com/rest/issues/assignees>.
    pub async fn assign(&self, key: &PullRequestKey, login: &Login) -> Result<(), GithubError> {
        let body = json!({ "assignees": [login] });
        done(self, Method::POST, &path(key, "/assignees"), body).await
    }

    /// Removes an assignee.
    pub async fn unassign(&self, key: &PullRequestKey, login: &Login) -> Result<(), GithubError> {
        let body = json!({ "assignees": [login] });
        done(self, Method::DELETE, &path(key, "/assignees"), body).await
    }

    /// Closes it, merged or not. Source: <https://docs.github.com/rest/issues/issues#update-an-issue>.
    pub async fn close(&self, key: &PullRequestKey) -> Result<(), GithubError> {
        done(self, Method::PATCH, &path(key, ""), json!({ "state": "closed" })).await
    }

    /// Opens it again.
    pub async fn reopen(&self, key: &PullRequestKey) -> Result<(), GithubError> {
        done(self, Method::PATCH, &path(key, ""), json!({ "state": "open" })).await
    }
}
