//! Purpose: the GraphQL queries for issues with their histories, and the shapes of their answers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::linear::query::{Nodes, Page, Team};

/// The team, and a page of its issues; those that Linear put away by itself changed as well.
pub(super) const CHANGED: &str =
    "query($team: TeamFilter, $filter: IssueFilter, $size: Int!, $changes: Int!, $after: String) {
  teams(filter: $team, first: 1) { nodes { id } }
  issues(filter: $filter, first: $size, after: $after, orderBy: updatedAt, includeArchived: true) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id identifier title url createdAt updatedAt startedAt completedAt canceledAt
      state { type } assignee { name app } creator { name app } botActor { name }
      history(first: $changes) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id createdAt updatedAt actor { name app } botActor { name } fromState { type } toState { type }
          fromAssignee { name app } toAssignee { name app }
        }
      }
    }
  }
}";

/// Further changes of one issue.
pub(super) const CHANGES: &str = "query($id: String!, $after: String) {
  issue(id: $id) {
    history(first: 50, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id createdAt updatedAt actor { name app } botActor { name } fromState { type } toState { type }
        fromAssignee { name app } toAssignee { name app }
      }
    }
  }
}";

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    /// None if there is no such team.
    pub(super) teams: Nodes<Team>,
    pub(super) issues: Page<Issue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct More {
    pub(super) issue: WithHistory,
}

#[derive(Debug, Deserialize)]
pub(super) struct WithHistory {
    pub(super) history: Page<Change>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) identifier: String,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) canceled_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing)]
    pub(super) state: State,
    #[serde(skip_serializing)]
    pub(super) assignee: Option<Person>,
    #[serde(skip_serializing)]
    pub(super) creator: Option<Person>,
    /// A program that made it in nobody's name.
    #[serde(skip_serializing)]
    pub(super) bot_actor: Option<Person>,
    #[serde(skip_serializing)]
    pub(super) history: Page<Change>,
}

/// An entry of the history. What did not change is null.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    pub(super) id: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: Option<DateTime<Utc>>,
    pub(super) actor: Option<Person>,
    pub(super) bot_actor: Option<Person>,
    pub(super) from_state: Option<State>,
    pub(super) to_state: Option<State>,
    pub(super) from_assignee: Option<Person>,
    pub(super) to_assignee: Option<Person>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct State {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) app: bool,
}
