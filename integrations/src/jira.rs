//! Purpose: the issues of a Jira project as documents, those that changed last first.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/>.

mod adf;
mod normalise;
pub(crate) mod poller;
pub mod webhook;
mod write;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::documents::{Content, Conversation, Document, DocumentsError, Remark};
use crate::rest::{Access, Patience, Rest, Vendor, atlassian};

pub use write::{JiraComment, JiraIssue, Transition};

/// Issues in one answer.
const ISSUES: u32 = 50;
/// Comments of one issue that are read: more are a log, and no document.
const MOST_COMMENTS: usize = 1_000;
/// What is read of an issue.
const FIELDS: [&str; 9] = [
    "summary",
    "description",
    "status",
    "issuetype",
    "labels",
    "assignee",
    "reporter",
    "updated",
    "comment",
];
/// Where tokens with scopes are used; it does not say which site they belong to.
const SHARED_HOST: &str = "api.atlassian.com";
const VENDOR: Vendor = Vendor {
    name: "Jira",
    token: "JIRA_TOKEN",
    api_url: "JIRA_API_URL",
};

/// Reads Jira, comments on issues and moves them.
#[derive(Debug)]
pub struct JiraClient {
    rest: Rest,
}

impl JiraClient {
    /// A client for `https://SITE.atlassian.net`.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn new(access: &Access, patience: Patience) -> Result<Self, DocumentsError> {
        let authorization = atlassian(&access.token);
        Ok(Self {
            rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
        })
    }

    /// The issues of the project at `address` (`https://SITE.atlassian.net/browse/KEY`); with `since` only those that
    /// changed then or later.
    ///
    /// # Errors
    /// There is no such project on the configured site, or it cannot be read.
    pub async fn project(
        &self,
        address: &Url,
        since: Option<DateTime<Utc>>,
    ) -> Result<Issues<'_>, DocumentsError> {
        let key = address
            .path_segments()
            .and_then(|mut path| path.next_back())
            .unwrap_or_default();
        let project: Project = self.rest.get(&format!("/rest/api/3/project/{key}"), &[]).await?;
        let site = Url::parse(&project.address).ok();
        let host = site.as_ref().and_then(Url::host_str).unwrap_or_default();
        if host != SHARED_HOST && Some(host) != address.host_str() {
            return Err(DocumentsError::Refused(format!(
                "is on another site than JIRA_API_URL, which leads to {host}"
            )));
        }
        Ok(Issues {
            client: self,
            address: address.clone(),
            project: project.key,
            since,
            place: Place::Start,
        })
    }
}

#[derive(Debug)]
enum Place {
    Start,
    At(String),
    End,
}

/// The issues of one project.
#[derive(Debug)]
pub struct Issues<'a> {
    client: &'a JiraClient,
    address: Url,
    project: String,
    since: Option<DateTime<Utc>>,
    place: Place,
}

impl Issues<'_> {
    /// The next documents, a few at a time; `None` after the last.
    ///
    /// # Errors
    /// They cannot be read; nothing is known of the rest.
    pub async fn next(&mut self) -> Result<Option<Vec<Document>>, DocumentsError> {
        let mut body = json!({
            "jql": format!("project = \"{}\" ORDER BY updated DESC", self.project),
            "fields": FIELDS, "maxResults": ISSUES,
        });
        match &self.place {
            Place::Start => {}
            Place::At(token) => body["nextPageToken"] = json!(token),
            Place::End => return Ok(None),
        }
        let found: Found = self.client.rest.post("/rest/api/3/search/jql", &body).await?;
        let mut is_last = found.next_page_token.is_none();
        let mut documents = Vec::with_capacity(found.issues.len());
        for mut issue in found.issues {
            let updated = moment(&issue.fields.updated);
            if updated
                .zip(self.since)
                .is_some_and(|(updated, since)| updated < since)
            {
                is_last = true;
                break;
            }
            self.complete(&mut issue).await?;
            documents.push(self.document(issue, updated));
        }
        self.place = match found.next_page_token {
            Some(token) if !is_last => Place::At(token),
            Some(_) | None => Place::End,
        };
        Ok(Some(documents))
    }

    /// Adds the comments that did not come with the issue.
    async fn complete(&self, issue: &mut Issue) -> Result<(), DocumentsError> {
        let Some(list) = &mut issue.fields.comment else {
            return Ok(());
        };
        while list.comments.len() < list.total.min(MOST_COMMENTS) {
            let start = list.comments.len().to_string();
            let path = format!("/rest/api/3/issue/{}/comment", issue.key);
            let query = [("startAt", start.as_str()), ("maxResults", "100")];
            let more: Comments = self.client.rest.get(&path, &query).await?;
            if more.comments.is_empty() {
                break;
            }
            list.comments.extend(more.comments);
        }
        Ok(())
    }

    fn document(&self, issue: Issue, changed_at: Option<DateTime<Utc>>) -> Document {
        let Issue { key, fields } = issue;
        let labels = (!fields.labels.is_empty()).then(|| format!("labels: {}", fields.labels.join(", ")));
        let about = [fields.issuetype, fields.status].map(|name| name.map(|name| name.name));
        let comments = fields.comment.map(|list| list.comments).unwrap_or_default();
        let remarks = comments.into_iter().map(|comment| Remark {
            author: comment.author.map(|author| author.display_name),
            did: "commented",
            at: moment(&comment.created),
            text: adf::markdown(&comment.body),
        });
        let text = Conversation {
            about: about.into_iter().flatten().chain(labels).collect(),
            text: adf::markdown(&fields.description),
            remarks: remarks.collect(),
        };
        let mut url = self.address.clone();
        url.set_path(&format!("browse/{key}"));
        Document {
            title: Some(format!("{} ({key})", fields.summary.trim())),
            name: key,
            url: Some(url.to_string()),
            author: fields.reporter.map(|reporter| reporter.display_name),
            owners: fields
                .assignee
                .map(|assignee| assignee.display_name)
                .into_iter()
                .collect(),
            changed_at,
            content: Content::Markdown(text.markdown()),
        }
    }
}

/// What makes a change of an issue recognisable, to webhooks and to the poller: both tell its number.
fn change_key(issue: &str, change: &str) -> String {
    format!("jira:issue_updated:{issue}:{change}")
}

/// Jira writes times as `2019-02-15T19:15:40.477-0800`, with and without a colon in the zone.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
    Some(at.to_utc())
}

#[derive(Debug, Deserialize)]
struct Project {
    key: String,
    #[serde(rename = "self")]
    address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    issues: Vec<Issue>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    key: String,
    fields: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    summary: String,
    /// A document in Atlassian's format, or null.
    #[serde(default)]
    description: Value,
    #[serde(default)]
    status: Option<Name>,
    #[serde(default)]
    issuetype: Option<Name>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    assignee: Option<Person>,
    #[serde(default)]
    reporter: Option<Person>,
    updated: String,
    #[serde(default)]
    comment: Option<Comments>,
}

#[derive(Debug, Deserialize)]
struct Comments {
    comments: Vec<Comment>,
    #[serde(default)]
    total: usize,
}

#[derive(Debug, Deserialize)]
struct Comment {
    #[serde(default)]
    author: Option<Person>,
    #[serde(default)]
    body: Value,
    created: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    display_name: String,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_colon_in_the_zone() {
        let expected = "2019-02-16T03:15:40.477Z".parse().ok();
        assert_eq!(moment("2019-02-15T19:15:40.477-0800"), expected);
        assert_eq!(moment("2019-02-15T19:15:40.477-08:00"), expected);
        assert_eq!(moment("yesterday"), None);
    }
}
