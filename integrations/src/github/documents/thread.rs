//! Purpose: an issue, pull request or discussion as one document: what was written first, then each comment under the
//! name of its author.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Kind;
use super::query::Connection;
use crate::documents::{Content, Conversation, Document, Remark};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thread {
    pub(super) number: u64,
    title: String,
    #[serde(default)]
    body: String,
    url: String,
    pub(super) updated_at: DateTime<Utc>,
    author: Option<Account>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    category: Option<Name>,
    #[serde(default)]
    labels: Option<List<Name>>,
    #[serde(default)]
    assignees: Option<List<Account>>,
    pub(super) comments: Connection<Comment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    /// None if the account is gone.
    author: Option<Account>,
    #[serde(default)]
    body: String,
    created_at: DateTime<Utc>,
    #[serde(default)]
    is_answer: bool,
    #[serde(default)]
    replies: Option<List<Comment>>,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    nodes: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Account {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

pub(super) fn document(kind: Kind, thread: Thread) -> Document {
    let folder = match kind {
        Kind::Issue => "issues",
        Kind::Pull => "pull",
        Kind::Discussion => "discussions",
    };
    let mut remarks = Vec::new();
    for comment in &thread.comments.nodes {
        remarks.push(comment.remark("commented"));
        let replies = comment.replies.iter().flat_map(|replies| &replies.nodes);
        remarks.extend(replies.map(|reply| reply.remark("replied")));
    }
    let conversation = Conversation {
        about: about(kind, &thread),
        text: readable(&thread.body),
        remarks,
    };
    let assignees = thread.assignees.into_iter().flat_map(|list| list.nodes);
    Document {
        name: format!("{folder}/{}", thread.number),
        title: Some(format!("{} (#{})", thread.title.trim(), thread.number)),
        url: Some(thread.url),
        author: thread.author.map(|author| author.login),
        owners: assignees.map(|account| format!("@{}", account.login)).collect(),
        changed_at: Some(thread.updated_at),
        content: Content::Markdown(conversation.markdown()),
    }
}

/// What it is, how it stands, what it is filed under.
fn about(kind: Kind, thread: &Thread) -> Vec<String> {
    let what = match kind {
        Kind::Issue => "Issue",
        Kind::Pull => "Pull request",
        Kind::Discussion => "Discussion",
    };
    let state = thread.state.as_ref().map(|state| state.to_lowercase());
    let category = thread
        .category
        .as_ref()
        .map(|category| format!("in {}", category.name));
    let labels: Vec<&str> = thread
        .labels
        .iter()
        .flat_map(|labels| &labels.nodes)
        .map(|label| label.name.as_str())
        .collect();
    let labels = (!labels.is_empty()).then(|| format!("labels: {}", labels.join(", ")));
    let parts = [Some(what.to_owned()), state, category, labels];
    parts.into_iter().flatten().collect()
}

impl Comment {
    fn remark(&self, did: &'static str) -> Remark {
        Remark {
            author: self.author.as_ref().map(|author| author.login.clone()),
            did: if self.is_answer { "gave the answer" } else { did },
            at: Some(self.created_at),
            text: readable(&self.body),
        }
    }
}

/// The text without what templates hide in it, `<!-- ... -->`.
fn readable(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, hidden)) = rest.split_once("<!--") {
        text.push_str(before);
        match hidden.split_once("-->") {
            Some((_, after)) => rest = after,
            None => rest = "",
        }
    }
    text.push_str(rest);
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_hides_is_not_read() {
        assert_eq!(readable("<!-- how? -->It fails.<!-- and\nwhy -->  "), "It fails.");
        assert_eq!(readable("It fails. <!-- never closed"), "It fails.");
    }
}
