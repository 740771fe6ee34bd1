//! Purpose: the postmortems that stand on an account's status pages as documents. Other reviews PagerDuty's REST API does
//! not give. Source: <https://developer.pagerduty.com/api-reference> (Status Pages).

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::documents::{Content, Document, DocumentsError};
use crate::rest::Rest;

/// Posts in one answer: what PagerDuty gives by itself.
const POSTS: &str = "25";

/// What is still to be read.
#[derive(Debug, Default)]
pub(super) struct Postmortems {
    pages: Option<VecDeque<StatusPage>>,
    /// Posts that were read of the first page in the list.
    offset: usize,
}

impl Postmortems {
    /// The next documents, perhaps none; `None` after the last.
    pub(super) async fn next(&mut self, rest: &Rest) -> Result<Option<Vec<Document>>, DocumentsError> {
        let pages = match &mut self.pages {
            Some(pages) => pages,
            None => self.pages.insert(status_pages(rest).await?),
        };
        let Some(page) = pages.front() else {
            return Ok(None);
        };
        let path = format!("/status_pages/{}/posts", page.id);
        let offset = self.offset.to_string();
        let list: Posts = rest.get(&path, &[("limit", POSTS), ("offset", &offset)]).await?;
        let mut documents = Vec::new();
        for post in list.all.iter().filter(|post| post.postmortem.is_some()) {
            documents.extend(document(rest, page, post).await?);
        }
        // Where the offset is not heeded, the first posts would come for ever.
        if list.more && list.offset == self.offset && !list.all.is_empty() {
            self.offset += list.all.len();
        } else {
            pages.pop_front();
            self.offset = 0;
        }
        Ok(Some(documents))
    }
}

/// None where the account has none, or keeps them from the token.
async fn status_pages(rest: &Rest) -> Result<VecDeque<StatusPage>, DocumentsError> {
    match rest.get::<StatusPages>("/status_pages", &[]).await {
        Ok(found) => Ok(found.status_pages.into()),
        Err(error @ (DocumentsError::Gone(_) | DocumentsError::Refused(_))) => {
            tracing::debug!(%error, "status pages could not be read");
            Ok(VecDeque::new())
        }
        Err(error @ DocumentsError::Unavailable(_)) => Err(error),
    }
}

async fn document(rest: &Rest, page: &StatusPage, post: &Post) -> Result<Option<Document>, DocumentsError> {
    let path = format!("/status_pages/{}/posts/{}/postmortem", page.id, post.id);
    let Some(One { postmortem }) = rest.find::<One>(&path).await? else {
        return Ok(None);
    };
    if !has_words(&postmortem.message) {
        return Ok(None);
    }
    Ok(Some(Document {
        name: format!("postmortem-{}", post.id),
        title: Some(format!("Postmortem: {}", post.title.trim())),
        url: page.url.clone(),
        author: None,
        owners: Vec::new(),
        changed_at: postmortem.reported_at,
        content: Content::File {
            name: "page.html".to_owned(),
            bytes: postmortem.message.into_bytes(),
        },
    }))
}

/// Whether anything stands outside of tags.
fn has_words(html: &str) -> bool {
    let outside = html
        .split('<')
        .map(|part| part.rsplit('>').next().unwrap_or_default());
    outside
        .into_iter()
        .any(|text| text.replace("&nbsp;", " ").chars().any(char::is_alphanumeric))
}

#[derive(Debug, Deserialize)]
struct StatusPages {
    status_pages: Vec<StatusPage>,
}

#[derive(Debug, Deserialize)]
struct StatusPage {
    id: String,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Posts {
    #[serde(rename = "posts")]
    all: Vec<Post>,
    #[serde(default)]
    offset: usize,
    #[serde(default)]
    more: bool,
}

#[derive(Debug, Deserialize)]
struct Post {
    id: String,
    title: String,
    #[serde(default)]
    postmortem: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct One {
    postmortem: Postmortem,
}

#[derive(Debug, Deserialize)]
struct Postmortem {
    /// HTML.
    message: String,
    #[serde(default)]
    reported_at: Option<DateTime<Utc>>,
}
