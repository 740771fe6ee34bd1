//! Purpose: Jira Cloud's issues as a poller reads them: what was created, and what their histories say.
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/>,
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>.

mod changelog;
mod draft;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::VENDOR;
use crate::documents::DocumentsError;
use crate::payload::{Text, Time};
use crate::poll::feed::{At, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, atlassian};
use changelog::Changelog;

/// Issues in one answer; their histories come with them.
const ISSUES: u32 = 50;
/// What is read of an issue.
const FIELDS: [&str; 7] = [
    "summary",
    "status",
    "statuscategorychangedate",
    "assignee",
    "creator",
    "created",
    "updated",
];
/// All projects that the token may see.
const ALL: &str = "*";
/// Jira's own limit for a project's key.
const MAX_KEY_CHARS: usize = 255;

/// Reads the issues of projects.
pub(crate) struct JiraFeed {
    rest: Rest,
    /// The category of each status by the status's id, as far as known.
    categories: Mutex<HashMap<String, String>>,
}

/// A feed over the site at `access`.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<JiraFeed, DocumentsError> {
    let authorization = atlassian(&access.token);
    Ok(JiraFeed {
        rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
        categories: Mutex::default(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    issues: Vec<Issue>,
    #[serde(default)]
    next_page_token: Option<String>,
    #[serde(default)]
    is_last: bool,
}

#[derive(Debug, Deserialize)]
struct Issue {
    id: Text,
    key: Text,
    #[serde(rename = "self")]
    address: Option<Text>,
    fields: Fields,
    #[serde(default)]
    changelog: Changelog,
}

#[derive(Debug, Deserialize)]
struct Fields {
    summary: Option<Text>,
    status: Option<Status>,
    statuscategorychangedate: Option<Time>,
    assignee: Option<User>,
    creator: Option<User>,
    created: Time,
    updated: Time,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    id: String,
    status_category: Option<Category>,
}

#[derive(Debug, Deserialize)]
struct Category {
    key: String,
}

/// A person or an app, as far as the normaliser reads one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl Feed for JiraFeed {
    const SOURCE: &'static str = "jira";
    const LISTS: &'static [&'static str] = &["issues"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let mut body = json!({
            "jql": jql(at.thing, at.since)?,
            "fields": FIELDS, "expand": "changelog", "maxResults": ISSUES,
        });
        if let Some(token) = at.next {
            body["nextPageToken"] = json!(token);
        }
        let found: Result<Found, ReadError> = self.rest.page_by("/rest/api/3/search/jql", &body).await;
        let mut found = match found {
            Ok(found) => found,
            Err(refused) => return Err(self.why(at.thing, refused).await),
        };
        let newest = found.issues.iter().map(|issue| issue.fields.updated.0).max();
        for issue in &mut found.issues {
            self.complete(issue, at.since).await?;
        }
        let categories = self.categories(&found.issues).await?;
        let drafts = found
            .issues
            .iter()
            .flat_map(|issue| draft::drafts(issue, &categories, at.since))
            .collect();
        Ok(Page {
            drafts,
            newest,
            next: found.next_page_token.filter(|_| !found.is_last),
            ..Page::default()
        })
    }
}

impl JiraFeed {
    /// Jira refuses to search in a project that is not there as if the question were wrong.
    async fn why(&self, project: &str, error: ReadError) -> ReadError {
        let is_doubtful = matches!(error, ReadError::Refused(_)) && project != ALL;
        if !is_doubtful {
            return error;
        }
        let path = format!("/rest/api/3/project/{project}");
        match self.rest.find::<Value>(&path).await {
            Ok(None) => ReadError::Gone("is not there, or JIRA_TOKEN may not see it".to_owned()),
            Ok(Some(_)) | Err(_) => error,
        }
    }

    /// The categories of all statuses that the issues' histories name. Of the present status the issue tells it; the others are
    /// asked for, once.
    async fn categories(&self, issues: &[Issue]) -> Result<HashMap<String, String>, ReadError> {
        let mut known = self
            .categories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for status in issues.iter().filter_map(|issue| issue.fields.status.as_ref()) {
            if let Some(category) = &status.status_category {
                known.insert(status.id.clone(), category.key.clone());
            }
        }
        let named = || issues.iter().flat_map(|issue| issue.changelog.statuses());
        if named().any(|id| !known.contains_key(id)) {
            let all: Vec<Status> = self.rest.page("/rest/api/3/status", &[]).await?.body;
            let all = all.into_iter().map(|status| (status.id, status.status_category));
            known.extend(all.map(|(id, category)| (id, category.map_or_else(String::new, |it| it.key))));
            // One that was deleted stays unknown, and is not asked for again with each page.
            for id in named() {
                known.entry(id.to_owned()).or_default();
            }
        }
        let mut kept = self.categories.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone_from(&known);
        Ok(known)
    }
}

/// What changed in `project` since then, in the order in which it changed: so what changes meanwhile is met again at the end.
///
/// Texts in JQL are minutes in the account's own time zone. A number is milliseconds since 1970 everywhere: neither Jira's help
/// nor its schema says so, but clients of Jira Cloud rely on it (<https://github.com/airbytehq/airbyte/pull/48395>).
fn jql(project: &str, since: DateTime<Utc>) -> Result<String, ReadError> {
    let changed = format!("updated >= {} ORDER BY updated ASC", since.timestamp_millis());
    if project == ALL {
        return Ok(changed);
    }
    let is_key = project.starts_with(|first: char| first.is_ascii_alphabetic())
        && project.len() <= MAX_KEY_CHARS
        && project.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_key {
        let why = "cannot be read: this is no key of a project; of `PAY-12` it is `PAY`";
        return Err(ReadError::Refused(why.to_owned()));
    }
    Ok(format!("project = \"{project}\" AND {changed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_project_and_an_instant_in_no_time_zone() {
        let asked = |project| jql(project, DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(90));
        assert_eq!(
            asked("PAY").unwrap(),
            "project = \"PAY\" AND updated >= 90000 ORDER BY updated ASC"
        );
        assert_eq!(asked("*").unwrap(), "updated >= 90000 ORDER BY updated ASC");
        for wrong in [
            "",
            "PAY-1",
            "PAY\" OR project != \"X",
            "1PAY",
            "../PAY",
            "pay roll",
        ] {
            assert!(matches!(asked(wrong), Err(ReadError::Refused(_))), "{wrong}");
        }
    }
}
