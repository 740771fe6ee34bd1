//! Purpose: a pull request or an issue as it stands at this moment on GitHub, not as events told of it.

use em_domain::id::Login;
use em_domain::pull_request::{PullRequestKey, PullRequestState};
use serde::Deserialize;

use crate::github::client::{GithubClient, GithubError};

/// A pull request or an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Which one.
    pub key: PullRequestKey,
    /// Open, closed or merged.
    pub state: PullRequestState,
    /// As written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// Who opened it.
    pub author: Login,
    /// Label names.
    pub labels: Vec<String>,
    /// Who works on it.
    pub assignees: Vec<Login>,
    /// What only a pull request has; absent for an issue.
    pub pull: Option<Pull>,
}

/// What only a pull request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// GitHub's global id, for GraphQL.
    pub node_id: String,
    /// The newest commit.
    pub head_sha: String,
    /// The branch it goes into.
    pub base_ref: String,
    /// Not ready for review.
    pub is_draft: bool,
    /// Whether it can be merged without conflicts; `None` while GitHub works it out.
    pub mergeable: Option<bool>,
    /// Who is asked for a review.
    pub reviewers: Vec<Login>,
    /// Which teams are asked, by slug.
    pub teams: Vec<String>,
    /// GitHub merges it by itself once everything is fulfilled.
    pub has_auto_merge: bool,
}

#[derive(Deserialize)]
struct Account {
    login: Login,
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "slug")]
    name: String,
}

/// Teams have a name and a slug; only the slug is an address.
#[derive(Deserialize)]
struct Team {
    slug: String,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
}

/// What issues and pull requests share, and, where they are there, the members of a pull request.
#[derive(Deserialize)]
struct Row {
    state: String,
    title: String,
    html_url: String,
    /// Absent for accounts that were deleted.
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<Named>,
    #[serde(default)]
    assignees: Vec<Account>,
    #[serde(default)]
    node_id: String,
    #[serde(default)]
    merged: bool,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    mergeable: Option<bool>,
    #[serde(default)]
    requested_reviewers: Vec<Account>,
    #[serde(default)]
    requested_teams: Vec<Team>,
    #[serde(default)]
    auto_merge: Option<serde_json::Value>,
    #[serde(default)]
    head: Option<Side>,
    #[serde(default)]
    base: Option<Side>,
}

/// Whom GitHub shows in place of accounts that were deleted.
const GHOST: &str = "ghost";

impl Row {
    fn subject(self, key: &PullRequestKey) -> Subject {
        let logins = |accounts: Vec<Account>| accounts.into_iter().map(|account| account.login).collect();
        let state = match (self.merged, self.state.as_str()) {
            (true, _) => PullRequestState::Merged,
            (false, "open") => PullRequestState::Open,
            (false, _) => PullRequestState::Closed,
        };
        let pull = match (self.head, self.base) {
            (Some(head), Some(base)) => Some(Pull {
                node_id: self.node_id,
                head_sha: head.sha,
                base_ref: base.branch,
                is_draft: self.draft,
                mergeable: self.mergeable,
                reviewers: logins(self.requested_reviewers),
                teams: self.requested_teams.into_iter().map(|team| team.slug).collect(),
                has_auto_merge: self.auto_merge.is_some(),
            }),
            (_, _) => None,
        };
        Subject {
            key: key.clone(),
            state,
            title: self.title,
            url: self.html_url,
            author: self.user.map_or_else(|| GHOST.into(), |user| user.login),
            labels: self.labels.into_iter().map(|label| label.name).collect(),
            assignees: logins(self.assignees),
            pull,
        }
    }
}

impl Subject {
    /// Whether `login` is among the people who work on it.
    pub fn is_assigned(&self, login: &Login) -> bool {
        self.assignees.iter().any(|assignee| assignee.same(login))
    }

    /// Whether it carries the label; GitHub compares labels without case.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|have| have.eq_ignore_ascii_case(label))
    }
}

impl GithubClient {
    /// A pull request or an issue: they share their numbers. Source: <https://docs.github.com/rest/pulls/pulls#get-a-pull-request>.
    pub async fn subject(&self, key: &PullRequestKey) -> Result<Subject, GithubError> {
        let (repository, number) = (&key.repository, key.number);
        let page = match self.get(&format!("/repos/{repository}/pulls/{number}")).await {
            Err(GithubError::NotFound) => self.get(&format!("/repos/{repository}/issues/{number}")).await?,
            other => other?,
        };
        Ok(page.json::<Row>()?.subject(key))
    }

    /// The default branch of a repository; also shows whether the token sees it.
    pub async fn default_branch(&self, repository: &str) -> Result<String, GithubError> {
        #[derive(Deserialize)]
        struct About {
            default_branch: String,
        }
        let about: About = self.get(&format!("/repos/{repository}")).await?.json()?;
        Ok(about.default_branch)
    }
}
