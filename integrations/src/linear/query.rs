//! Purpose: the GraphQL queries for issues, and the shapes of their answers.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// Which workspace the token belongs to, and the team.
pub(super) const ABOUT: &str = "query($key: String!) {
  organization { urlKey }
  teams(filter: {key: {eq: $key}}, first: 1) { nodes { id } }
}";

/// A page of issues, those that changed last first; archived ones are still what the team knows.
pub(super) const ISSUES: &str = "query($filter: IssueFilter, $size: Int!, $after: String) {
  issues(filter: $filter, first: $size, after: $after, orderBy: updatedAt, includeArchived: true) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id identifier title description url updatedAt trashed
      state { name } project { name } creator { name } assignee { name } labels(first: 5) { nodes { name } }
      comments(first: 5, orderBy: createdAt) {
        pageInfo { hasNextPage endCursor }
        nodes { body createdAt updatedAt user { name } botActor { name } }
      }
    }
  }
}";

/// Further comments of one issue.
pub(super) const COMMENTS: &str = "query($id: String!, $after: String) {
  issue(id: $id) {
    comments(first: 100, after: $after, orderBy: createdAt) {
      pageInfo { hasNextPage endCursor }
      nodes { body createdAt updatedAt user { name } botActor { name } }
    }
  }
}";

#[derive(Debug, Deserialize)]
pub(super) struct About {
    pub(super) organization: Organization,
    pub(super) teams: Nodes<Team>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    /// The workspace's name in addresses.
    pub(super) url_key: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Nodes<T> {
    pub(super) nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) nodes: Vec<T>,
    pub(super) page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Where the next page begins; none after the last.
    pub(super) fn next(&self) -> Option<String> {
        self.end_cursor.clone().filter(|_| self.has_next_page)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) issues: Page<Issue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) identifier: String,
    pub(super) title: String,
    /// Markdown.
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) url: String,
    pub(super) updated_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) trashed: Option<bool>,
    pub(super) state: Name,
    #[serde(default)]
    pub(super) project: Option<Name>,
    #[serde(default)]
    pub(super) creator: Option<Name>,
    #[serde(default)]
    pub(super) assignee: Option<Name>,
    pub(super) labels: Nodes<Name>,
    pub(super) comments: Page<Comment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Name {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct More {
    pub(super) issue: Commented,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commented {
    pub(super) comments: Page<Comment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    /// Markdown.
    pub(super) body: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) user: Option<Author>,
    /// A program that wrote in nobody's name.
    #[serde(default)]
    pub(super) bot_actor: Option<Author>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Author {
    #[serde(default)]
    pub(super) name: Option<String>,
}
