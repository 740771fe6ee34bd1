//! Purpose: the GraphQL queries for threads, and the shapes of their answers. Kinds of threads differ in few words, and
//! aliases make their answers the same.

use serde::Deserialize;

use super::Kind;
use super::thread::{Comment, Thread};

/// What the repository has.
pub(super) const ABOUT: &str = "query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { hasIssuesEnabled hasDiscussionsEnabled }
}";

/// A page of threads, those that changed last first.
pub(super) fn threads(kind: Kind) -> String {
    let (connection, special) = match kind {
        Kind::Issue => ("issues", "state assignees(first: 10) { nodes { login } }"),
        Kind::Pull => ("pullRequests", "state assignees(first: 10) { nodes { login } }"),
        Kind::Discussion => ("discussions", "category { name }"),
    };
    let comments = comment(kind);
    format!(
        "query($owner: String!, $name: String!, $size: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    threads: {connection}(first: $size, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{
        number title body url updatedAt author {{ login }} labels(first: 20) {{ nodes {{ name }} }} {special}
        comments(first: 50) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {comments} }} }}
      }}
    }}
  }}
}}"
    )
}

/// Further comments of one thread.
pub(super) fn comments(kind: Kind) -> String {
    let thread = match kind {
        Kind::Issue => "issue",
        Kind::Pull => "pullRequest",
        Kind::Discussion => "discussion",
    };
    let comments = comment(kind);
    format!(
        "query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    thread: {thread}(number: $number) {{
      comments(first: 50, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {comments} }} }}
    }}
  }}
}}"
    )
}

fn comment(kind: Kind) -> &'static str {
    match kind {
        Kind::Issue | Kind::Pull => "author { login } body createdAt",
        Kind::Discussion => {
            "author { login } body createdAt isAnswer replies(first: 20) { nodes { author { login } body createdAt } }"
        }
    }
}

/// An answer about a repository.
#[derive(Debug, Deserialize)]
pub(super) struct Whole<T> {
    pub(super) repository: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    pub(super) has_issues_enabled: bool,
    pub(super) has_discussions_enabled: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Threads {
    pub(super) threads: Connection<Thread>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rest {
    pub(super) thread: Comments,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Connection<Comment>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection<T> {
    pub(super) nodes: Vec<T>,
    pub(super) page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}
