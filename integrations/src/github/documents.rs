//! Purpose: the issues, pull requests and discussions of a repository as documents: what was asked, and what was answered.
//!
//! They are read by GraphQL: REST has no discussions, and would need a request for the comments of each.
//! Source: <https://docs.github.com/graphql/reference/objects#repository>.

mod query;
mod thread;

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::client::{GithubClient, GithubError};
use crate::documents::{Document, DocumentsError};
use query::{About, Connection, Rest, Whole};

/// Threads in one answer. With their comments that stays far below what one query may touch.
const THREADS: u32 = 25;
/// Comments of one thread that are read: more are a log, and no document.
const MOST_COMMENTS: usize = 1_000;

/// What a repository has of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Issue,
    Pull,
    Discussion,
}

/// Reads the threads of a repository, kind by kind, those that changed last first.
#[derive(Debug)]
pub struct Threads<'a> {
    client: &'a GithubClient,
    owner: String,
    name: String,
    since: Option<DateTime<Utc>>,
    /// What is still to be read; none before the repository was looked at.
    kinds: Option<VecDeque<Kind>>,
    after: Option<String>,
}

impl<'a> Threads<'a> {
    /// The threads of `repository` (`owner/name`); with `since` only those that changed then or later.
    pub fn new(client: &'a GithubClient, repository: &str, since: Option<DateTime<Utc>>) -> Self {
        let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
        Self {
            client,
            owner: owner.to_owned(),
            name: name.to_owned(),
            since,
            kinds: None,
            after: None,
        }
    }

    /// Whether the repository can be read at all.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        self.kinds().await.map(drop).map_err(DocumentsError::from)
    }

    /// The next documents, a few at a time; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        if self.kinds.is_none() {
            self.kinds = Some(self.kinds().await?);
        }
        let Some(kind) = self.kinds.as_ref().and_then(|kinds| kinds.front().copied()) else {
            return Ok(None);
        };
        let Connection { mut nodes, page_info } = self.page(kind).await?;
        let read = nodes.len();
        nodes.retain(|thread| self.since.is_none_or(|since| thread.updated_at >= since));
        let is_last = nodes.len() < read || !page_info.has_next_page;
        self.after = page_info.end_cursor.filter(|_| !is_last);
        if is_last && let Some(kinds) = &mut self.kinds {
            kinds.pop_front();
        }
        let mut documents = Vec::with_capacity(nodes.len());
        for mut thread in nodes {
            self.complete(kind, &mut thread).await?;
            documents.push(thread::document(kind, thread));
        }
        Ok(Some(documents))
    }

    async fn kinds(&self) -> Result<VecDeque<Kind>, GithubError> {
        let variables = json!({ "owner": self.owner, "name": self.name });
        let about: Whole<About> = self.client.query(query::ABOUT, variables).await?;
        let about = about.repository;
        let kinds = [
            (Kind::Issue, about.has_issues_enabled),
            (Kind::Pull, true),
            (Kind::Discussion, about.has_discussions_enabled),
        ];
        Ok(kinds
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(kind, _)| kind)
            .collect())
    }

    async fn page(&self, kind: Kind) -> Result<Connection<thread::Thread>, GithubError> {
        let variables = json!({
            "owner": self.owner, "name": self.name, "size": THREADS, "after": self.after,
        });
        let page: Whole<query::Threads> = self.client.query(&query::threads(kind), variables).await?;
        Ok(page.repository.threads)
    }

    /// Adds the comments that did not come with the thread.
    async fn complete(&self, kind: Kind, thread: &mut thread::Thread) -> Result<(), GithubError> {
        while thread.comments.page_info.has_next_page && thread.comments.nodes.len() < MOST_COMMENTS {
            let variables = json!({
                "owner": self.owner, "name": self.name, "number": thread.number,
                "after": thread.comments.page_info.end_cursor,
            });
            let rest: Whole<Rest> = self.client.query(&query::comments(kind), variables).await?;
            let more = rest.repository.thread.comments;
            thread.comments.nodes.extend(more.nodes);
            thread.comments.page_info = more.page_info;
        }
        Ok(())
    }
}

impl From<GithubError> for DocumentsError {
    fn from(error: GithubError) -> Self {
        match error {
            GithubError::NotFound => Self::Gone("is not there, or GITHUB_TOKEN may not see it".to_owned()),
            GithubError::Unauthorized => {
                Self::Refused("cannot be read: GitHub does not accept GITHUB_TOKEN".to_owned())
            }
            GithubError::Forbidden { missing } => Self::Refused(format!(
                "cannot be read: GITHUB_TOKEN lacks a permission: {missing}"
            )),
            GithubError::Refused { reason } => {
                Self::Refused(format!("cannot be read: GitHub declines: {reason}"))
            }
            GithubError::RateLimited { retry_at } => Self::Unavailable(format!(
                "cannot be read before {}: GitHub's rate limit is used up",
                retry_at.format("%H:%M UTC")
            )),
            GithubError::Ambiguous { detail } | GithubError::Unavailable { detail } => {
                Self::Unavailable(format!("cannot be read now: GitHub cannot be reached: {detail}"))
            }
            GithubError::Malformed { detail } => Self::Unavailable(format!(
                "cannot be read: GitHub's answer makes no sense: {detail}"
            )),
        }
    }
}
