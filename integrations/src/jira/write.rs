//! Purpose: comments on issues, and moves them. Source: "Issue comments" and "Transition issue",
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/>,
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>.

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{JiraClient, Name, SHARED_HOST, adf, moment};
use crate::rest::ChangeError;

/// Comments in one answer.
const COMMENTS: usize = 100;
/// Comments that are looked through for an earlier one: more were not written since.
const MOST_COMMENTS: usize = 1_000;

/// An issue as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraIssue {
    /// Its key now: an issue that moved to another project is found under its old key too.
    pub key: String,
    /// Its title.
    pub summary: String,
    /// The name of its status.
    pub status: String,
    /// Where people see it, where the site is known.
    pub url: Option<Url>,
}

/// A way out of an issue's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Its id in the workflow.
    pub id: String,
    /// The name of the status that it leads to.
    pub to: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraComment {
    /// Its id.
    pub id: String,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(rename = "self")]
    address: String,
    key: String,
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    summary: String,
    status: Name,
}

#[derive(Deserialize)]
struct Transitions {
    transitions: Vec<Way>,
}

#[derive(Deserialize)]
struct Way {
    id: String,
    to: Name,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    body: Value,
    created: String,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

impl JiraClient {
    /// The issue of this key, which must be letters, digits and underscores, a dash and a number.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn issue(&self, key: &str) -> Result<JiraIssue, ChangeError> {
        let path = format!("/rest/api/3/issue/{key}");
        let issue: Issue = self.rest.look(&path, &[("fields", "summary,status")]).await?;
        let url = Url::parse(&issue.address)
            .ok()
            .filter(|url| url.host_str() != Some(SHARED_HOST))
            .and_then(|url| url.join(&format!("/browse/{}", issue.key)).ok());
        Ok(JiraIssue {
            key: issue.key,
            summary: issue.fields.summary,
            status: issue.fields.status.name,
            url,
        })
    }

    /// The ways out of its status that the token may take.
    ///
    /// # Errors
    /// There is no such issue, or it cannot be read.
    pub async fn transitions(&self, key: &str) -> Result<Vec<Transition>, ChangeError> {
        let path = format!("/rest/api/3/issue/{key}/transitions");
        let found: Transitions = self.rest.look(&path, &[]).await?;
        let transition = |way: Way| Transition {
            id: way.id,
            to: way.to.name,
        };
        Ok(found.transitions.into_iter().map(transition).collect())
    }

    /// Takes one of them.
    ///
    /// # Errors
    /// Jira declines it (a field is required, say), or nobody knows what became of it.
    pub async fn transition(&self, key: &str, transition: &Transition) -> Result<(), ChangeError> {
        let path = format!("/rest/api/3/issue/{key}/transitions");
        let body = json!({ "transition": { "id": transition.id } });
        let none = HeaderMap::new();
        self.rest
            .change(Method::POST, &path, &none, &body)
            .await
            .map(drop)
    }

    /// Comments on an issue with plain text, and below it, set apart, a line that says where it comes from.
    ///
    /// # Errors
    /// Jira declines it, or nobody knows what became of it.
    pub async fn comment(&self, key: &str, text: &str, line: &str) -> Result<JiraComment, ChangeError> {
        let path = format!("/rest/api/3/issue/{key}/comment");
        let body = json!({ "body": document(text, line) });
        let none = HeaderMap::new();
        let answer = self.rest.change(Method::POST, &path, &none, &body).await?;
        let Id { id } = self.rest.made(&answer)?;
        Ok(JiraComment { id })
    }

    /// The newest comment since `oldest` whose last line ends with `mark`.
    ///
    /// # Errors
    /// There is no such issue, or it cannot be read.
    pub async fn find_comment(
        &self,
        key: &str,
        mark: &str,
        oldest: DateTime<Utc>,
    ) -> Result<Option<JiraComment>, ChangeError> {
        let path = format!("/rest/api/3/issue/{key}/comment");
        let most = COMMENTS.to_string();
        for start in (0..MOST_COMMENTS).step_by(COMMENTS) {
            let from = start.to_string();
            let query = [
                ("orderBy", "-created"),
                ("maxResults", most.as_str()),
                ("startAt", &from),
            ];
            let page: Page = self.rest.look(&path, &query).await?;
            let is_last = page.comments.len() < COMMENTS;
            for comment in page.comments {
                if moment(&comment.created).is_some_and(|created| created < oldest) {
                    return Ok(None);
                }
                if last_line(&comment.body).ends_with(mark) {
                    return Ok(Some(JiraComment { id: comment.id }));
                }
            }
            if is_last {
                break;
            }
        }
        Ok(None)
    }
}

/// Plain text in Atlassian's format, a rule, and the line: an empty line divides paragraphs.
fn document(text: &str, line: &str) -> Value {
    let paragraphs = text
        .split("\n\n")
        .filter(|text| !text.trim().is_empty())
        .map(paragraph);
    let end = [json!({ "type": "rule" }), paragraph(line)];
    let content: Vec<Value> = paragraphs.chain(end).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

fn paragraph(text: &str) -> Value {
    let mut content = Vec::new();
    // Jira takes no empty text.
    for (at, line) in text.trim().lines().enumerate() {
        if at > 0 {
            content.push(json!({ "type": "hardBreak" }));
        }
        if !line.is_empty() {
            content.push(json!({ "type": "text", "text": line }));
        }
    }
    json!({ "type": "paragraph", "content": content })
}

fn last_line(document: &Value) -> String {
    let text = adf::markdown(document);
    text.lines().last().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_plain_text_and_its_last_line_is_found_again() {
        let written = document("One <b>\ntwo\n\nThree *x*", "By Ana. (apr_1)");
        assert_eq!(
            adf::markdown(&written),
            "One <b>\ntwo\n\nThree *x*\n\n---\n\nBy Ana. (apr_1)"
        );
        assert_eq!(last_line(&written), "By Ana. (apr_1)");
        assert_eq!(last_line(&Value::Null), "");
        let empty = document("a\n \n\n\n\nb", "c").to_string();
        assert!(!empty.contains(r#""text":"""#), "{empty}");
    }
}
