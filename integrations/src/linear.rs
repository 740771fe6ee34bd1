//! Purpose: the issues of a team in Linear as documents, those that changed last first.
//! Source: <https://linear.app/developers/graphql>, the schema at
//! <https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql>.

mod normalise;
pub(crate) mod poller;
mod query;
pub mod webhook;
mod write;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use crate::documents::{Content, Conversation, Document, DocumentsError, Remark};
use crate::rest::{Access, Patience, Rest, Vendor};
use query::{About, Comment, Found, Issue, More};

pub use write::{LinearIssue, State, comment_id};

/// Issues in one answer. With their first comments they stay far below the 10,000 points that a query may cost
/// (<https://linear.app/developers/rate-limiting>).
const ISSUES: u32 = 50;
/// Comments of one issue that are read: more are a log, and no document.
const MOST_COMMENTS: usize = 1_000;
const PATH: &str = "/graphql";
const VENDOR: Vendor = Vendor {
    name: "Linear",
    token: "LINEAR_TOKEN",
    api_url: "LINEAR_API_URL",
};

/// Reads Linear, comments on issues and moves them.
#[derive(Debug)]
pub struct LinearClient {
    rest: Rest,
}

impl LinearClient {
    /// A client for `https://api.linear.app`.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let authorization = authorization(&access.token);
        Ok(Self {
            rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
        })
    }

    /// The issues of the team at `address` (`https://linear.app/WORKSPACE/team/KEY`); with `since` only those that changed
    /// or were commented on then or later.
    ///
    /// # Errors
    /// There is no such team in the token's workspace, or it cannot be read.
    pub async fn team(
        &self,
        address: &Url,
        since: Option<DateTime<Utc>>,
    ) -> Result<Issues<'_>, DocumentsError> {
        let path: Vec<&str> = address.path_segments().into_iter().flatten().collect();
        let [workspace, _, key] = path.as_slice() else {
            return Err(DocumentsError::Refused("is not the address of a team".to_owned()));
        };
        let about: About = self
            .rest
            .query(PATH, query::ABOUT, &json!({ "key": key }))
            .await?;
        let found = about.organization.url_key;
        if found != *workspace {
            return Err(DocumentsError::Refused(format!(
                "is in another workspace than LINEAR_TOKEN, which leads to {found}"
            )));
        }
        let gone = || DocumentsError::Gone("is not there, or LINEAR_TOKEN may not see it".to_owned());
        let team = about.teams.nodes.into_iter().next().ok_or_else(gone)?;
        let mut filter = json!({ "team": { "id": { "eq": team.id } } });
        if let Some(since) = since {
            // A comment need not count as a change of its issue.
            let since = json!({ "updatedAt": { "gte": since } });
            filter["or"] = json!([since, { "comments": { "some": since } }]);
        }
        Ok(Issues {
            client: self,
            filter,
            place: Place::Start,
        })
    }
}

/// How Linear takes tokens: a person's key as it is, anything else as a bearer token
/// (<https://linear.app/developers/graphql#authentication>).
fn authorization(token: &SecretString) -> SecretString {
    let text = token.expose_secret();
    if text.starts_with("lin_api_") {
        token.clone()
    } else {
        SecretString::from(format!("Bearer {text}"))
    }
}

#[derive(Debug)]
enum Place {
    Start,
    After(String),
    End,
}

/// The issues of one team.
#[derive(Debug)]
pub struct Issues<'a> {
    client: &'a LinearClient,
    filter: serde_json::Value,
    place: Place,
}

impl Issues<'_> {
    /// The next documents, a few at a time; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        let after = match &self.place {
            Place::Start => None,
            Place::After(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let variables = json!({ "filter": self.filter, "size": ISSUES, "after": after });
        let found: Found = self.client.rest.query(PATH, query::ISSUES, &variables).await?;
        let page = found.issues;
        self.place = page.page_info.next().map_or(Place::End, Place::After);
        let mut documents = Vec::with_capacity(page.nodes.len());
        for mut issue in page.nodes {
            if issue.trashed != Some(true) {
                self.complete(&mut issue).await?;
                documents.push(document(issue));
            }
        }
        Ok(Some(documents))
    }

    /// Adds the comments that did not come with the issue.
    async fn complete(&self, issue: &mut Issue) -> Result<(), DocumentsError> {
        while let Some(after) = issue.comments.page_info.next() {
            if issue.comments.nodes.len() >= MOST_COMMENTS {
                break;
            }
            let variables = json!({ "id": issue.id, "after": after });
            let more: More = self.client.rest.query(PATH, query::COMMENTS, &variables).await?;
            issue.comments.nodes.extend(more.issue.comments.nodes);
            issue.comments.page_info = more.issue.comments.page_info;
        }
        Ok(())
    }
}

fn document(issue: Issue) -> Document {
    let labels: Vec<String> = issue.labels.nodes.into_iter().map(|label| label.name).collect();
    let labels = (!labels.is_empty()).then(|| format!("labels: {}", labels.join(", ")));
    let project = issue.project.map(|project| format!("project: {}", project.name));
    let mut comments = issue.comments.nodes;
    comments.sort_by_key(|comment| comment.created_at);
    let newest = comments.iter().map(|comment| comment.updated_at).max();
    let text = Conversation {
        about: [Some("Issue".to_owned()), Some(issue.state.name), project, labels]
            .into_iter()
            .flatten()
            .collect(),
        text: issue.description.unwrap_or_default(),
        remarks: comments.into_iter().map(remark).collect(),
    };
    Document {
        title: Some(format!("{} ({})", issue.title.trim(), issue.identifier)),
        // An issue that moves to another team gets another key, and keeps its id.
        name: issue.id,
        url: Some(issue.url),
        author: issue.creator.map(|creator| creator.name),
        owners: issue.assignee.map(|assignee| assignee.name).into_iter().collect(),
        changed_at: newest.max(Some(issue.updated_at)),
        content: Content::Markdown(text.markdown()),
    }
}

fn remark(comment: Comment) -> Remark {
    let author = comment.user.or(comment.bot_actor);
    Remark {
        author: author.and_then(|author| author.name),
        did: "commented",
        at: Some(comment.created_at),
        text: comment.body,
    }
}
