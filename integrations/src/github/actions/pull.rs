//! Purpose: changes that only a pull request knows: reviewers, merging now, merging by itself.

use std::collections::BTreeMap;

use em_domain::id::Login;
use em_domain::pull_request::PullRequestKey;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{done, lists};
use crate::github::client::{GithubClient, GithubError};

/// How a pull request is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeMethod {
    /// A merge commit.
    Merge,
    /// All commits as one.
    Squash,
    /// The commits one after another.
    Rebase,
}

impl MergeMethod {
    /// Reads `merge`, `squash` or `rebase`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Merge, Self::Squash, Self::Rebase]
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(text))
    }

    /// GitHub's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// Who can be asked for a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewer {
    /// A person.
    Person(Login),
    /// A team of the owner, by slug.
    Team(String),
}

impl Reviewer {
    fn body(&self) -> serde_json::Value {
        match self {
            Self::Person(login) => json!({ "reviewers": [login], "team_reviewers": [] }),
            Self::Team(slug) => json!({ "reviewers": [], "team_reviewers": [slug] }),
        }
    }
}

/// What the reviews of a pull request come to: of each person only the newest verdict counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reviews {
    /// Who approves it.
    pub approvals: Vec<Login>,
    /// Who asks for changes.
    pub changes_requested: Vec<Login>,
}

/// Files that GitHub lists of one pull request at most. Source:
/// <https://docs.github.com/rest/pulls/pulls#list-pull-requests-files>.
const FILES_LISTED: usize = 3_000;
/// Files on one page.
const FILES_PER_PAGE: usize = 100;

/// The files that a pull request changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFiles {
    /// Their paths from the root of the repository; of a file that was moved, the new and the old one.
    pub paths: Vec<String>,
    /// There may be more: GitHub lists no more than 3,000 files.
    pub is_truncated: bool,
    /// How many requests it took.
    pub requests: usize,
}

fn path(key: &PullRequestKey, rest: &str) -> String {
    format!("/repos/{}/pulls/{}{rest}", key.repository, key.number)
}

impl GithubClient {
    /// The reviews. Source: <https://docs.github.com/rest/pulls/reviews>.
    pub async fn reviews(&self, key: &PullRequestKey) -> Result<Reviews, GithubError> {
        #[derive(Deserialize)]
        struct Account {
            login: Login,
        }
        #[derive(Deserialize)]
        struct Row {
            user: Option<Account>,
            state: String,
        }
        let rows: Vec<Row> = lists::all(self, path(key, "/reviews?per_page=100")).await?;
        let mut newest: BTreeMap<Login, String> = BTreeMap::new();
        for row in rows {
            let Some(user) = row.user else { continue };
            // A comment takes no verdict back; a dismissal does.
            if matches!(row.state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED") {
                newest.insert(user.login, row.state);
            }
        }
        let with = |state: &str| {
            newest
                .iter()
                .filter(|(_, have)| *have == state)
                .map(|(login, _)| login.clone())
                .collect()
        };
        Ok(Reviews {
            approvals: with("APPROVED"),
            changes_requested: with("CHANGES_REQUESTED"),
        })
    }

    /// The files that it changes. Source: <https://docs.github.com/rest/pulls/pulls#list-pull-requests-files>.
    pub async fn changed_files(&self, key: &PullRequestKey) -> Result<ListedFiles, GithubError> {
        #[derive(Deserialize)]
        struct Row {
            filename: String,
            previous_filename: Option<String>,
        }
        let first = path(key, &format!("/files?per_page={FILES_PER_PAGE}"));
        let rows: Vec<Row> = lists::all(self, first).await?;
        Ok(ListedFiles {
            is_truncated: rows.len() >= FILES_LISTED,
            requests: rows.len().div_ceil(FILES_PER_PAGE).max(1),
            paths: rows
                .into_iter()
                .flat_map(|row| [Some(row.filename), row.previous_filename])
                .flatten()
                .collect(),
        })
    }

    /// Asks for a review. Source: <https://docs.github.com/rest/pulls/review-requests>.
    pub async fn request_review(&self, key: &PullRequestKey, reviewer: &Reviewer) -> Result<(), GithubError> {
        let path = path(key, "/requested_reviewers");
        done(self, Method::POST, &path, reviewer.body()).await
    }

    /// Takes the request for a review back.
    pub async fn withdraw_review(
        &self,
        key: &PullRequestKey,
        reviewer: &Reviewer,
    ) -> Result<(), GithubError> {
        let path = path(key, "/requested_reviewers");
        done(self, Method::DELETE, &path, reviewer.body()).await
    }

    /// Merges it if its newest commit is `sha`, else refuses. Source:
    /// <https://docs.github.com/rest/pulls/pulls#merge-a-pull-request>.
    pub async fn merge(
        &self,
        key: &PullRequestKey,
        method: MergeMethod,
        sha: &str,
    ) -> Result<(), GithubError> {
        let body = json!({ "merge_method": method.as_str(), "sha": sha });
        done(self, Method::PUT, &path(key, "/merge"), body).await
    }

    /// Lets GitHub merge it by itself once everything that the repository asks for is fulfilled, if its newest commit
    /// is `sha` now. Source: <https://docs.github.com/graphql/reference/mutations#enablepullrequestautomerge>.
    pub async fn enable_auto_merge(
        &self,
        node_id: &str,
        method: MergeMethod,
        sha: &str,
    ) -> Result<(), GithubError> {
        const ENABLE: &str = "mutation($input: EnablePullRequestAutoMergeInput!) \
                              { enablePullRequestAutoMerge(input: $input) { clientMutationId } }";
        let method = method.as_str().to_uppercase();
        let input = json!({ "pullRequestId": node_id, "mergeMethod": method, "expectedHeadOid": sha });
        let _: serde_json::Value = self.mutate(ENABLE, json!({ "input": input })).await?;
        Ok(())
    }

    /// Takes that back.
    pub async fn disable_auto_merge(&self, node_id: &str) -> Result<(), GithubError> {
        const DISABLE: &str = "mutation($input: DisablePullRequestAutoMergeInput!) \
                               { disablePullRequestAutoMerge(input: $input) { clientMutationId } }";
        let input = json!({ "pullRequestId": node_id });
        let _: serde_json::Value = self.mutate(DISABLE, json!({ "input": input })).await?;
        Ok(())
    }
}
