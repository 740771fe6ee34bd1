//! Purpose: what people did around pull requests: asked for reviews, took them out of draft, remarked.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::cursor::RepositoryCursor;
use super::draft::{Draft, part};
use super::visit::{Target, Visit, outline};
use crate::github::client::GithubError;
use crate::github::normalise::{ISSUE_EVENT, ISSUE_EVENTS_READ};
use crate::github::payload::Numbered;

#[derive(Debug, Deserialize)]
struct IssueEvent {
    id: i64,
    event: String,
    created_at: DateTime<Utc>,
    /// Left out where the events of one issue are listed.
    issue: Option<Issue>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: i64,
    pull_request: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: i64,
    updated_at: DateTime<Utc>,
    html_url: String,
    /// On lines only.
    pull_request_url: Option<String>,
}

impl Visit<'_> {
    /// A page of the repository's issue events.
    pub(super) async fn issue_events(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let walk = &mut cursor.issue_events;
        let page = self
            .client
            .get(&walk.page(target.path("issues/events?per_page=100")))
            .await?;
        let mut times = Vec::new();
        for item in page.json::<Vec<Box<RawValue>>>()? {
            let event: IssueEvent = outline(&item)?;
            times.push(event.created_at);
            let issue = event.issue.as_ref().filter(|issue| issue.pull_request.is_some());
            if let Some(issue) = issue.filter(|_| walk.takes(event.created_at)) {
                self.issue_event(target, (&event, &item), issue.number)?;
            }
        }
        walk.advance(&times, page.next);
        Ok(())
    }

    /// The issue events of one pull request that is older than the first look goes back.
    pub(super) async fn issue_events_of(&mut self, target: &Target, number: i64) -> Result<(), GithubError> {
        let path = target.path(&format!("issues/{number}/events?per_page=100"));
        for item in self.whole_list(path).await? {
            self.issue_event(target, (&outline(&item)?, &item), number)?;
        }
        Ok(())
    }

    fn issue_event(
        &mut self,
        target: &Target,
        (event, item): (&IssueEvent, &RawValue),
        number: i64,
    ) -> Result<(), GithubError> {
        if !ISSUE_EVENTS_READ.contains(&event.event.as_str()) {
            return Ok(());
        }
        self.emit(&Draft {
            event_type: ISSUE_EVENT,
            state: format!("{}:{}", target.name, event.id),
            parts: &[
                ("issue_event", item),
                ("pull_request", &*part(&Numbered { number })?),
                ("repository", &target.about),
            ],
        });
        Ok(())
    }

    /// A page of remarks in conversations. The list has those on issues too.
    pub(super) async fn issue_comments(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let list = &mut cursor.issue_comments;
        let path = target.path("issues/comments?sort=updated&direction=asc&per_page=100");
        let page = self.client.get(&list.page(&path)).await?;
        let mut times = Vec::new();
        for item in page.json::<Vec<Box<RawValue>>>()? {
            let comment: Comment = outline(&item)?;
            times.push(comment.updated_at);
            // …/pull/12#issuecomment-1, but …/issues/12#issuecomment-1
            let page_of_pull = comment.html_url.split('#').next().unwrap_or_default();
            let Some(number) = page_of_pull
                .rsplit_once("/pull/")
                .and_then(|(_, number)| number.parse().ok())
            else {
                continue;
            };
            let issue = PullAsIssue {
                number,
                pull_request: NoFields {},
            };
            self.emit(&Draft {
                event_type: "issue_comment",
                state: format!("{}:{}", target.name, comment.id),
                parts: &[
                    ("comment", &item),
                    ("issue", &*part(&issue)?),
                    ("repository", &target.about),
                ],
            });
        }
        list.advance(&times, page.next);
        Ok(())
    }

    /// A page of remarks on lines.
    pub(super) async fn review_comments(
        &mut self,
        target: &Target,
        cursor: &mut RepositoryCursor,
    ) -> Result<(), GithubError> {
        let list = &mut cursor.review_comments;
        let path = target.path("pulls/comments?sort=updated&direction=asc&per_page=100");
        let page = self.client.get(&list.page(&path)).await?;
        let mut times = Vec::new();
        for item in page.json::<Vec<Box<RawValue>>>()? {
            let comment: Comment = outline(&item)?;
            times.push(comment.updated_at);
            let number = comment
                .pull_request_url
                .as_deref()
                .and_then(|url| url.rsplit('/').next()?.parse().ok());
            let Some(number) = number else { continue };
            self.emit(&Draft {
                event_type: "pull_request_review_comment",
                state: format!("{}:{}", target.name, comment.id),
                parts: &[
                    ("comment", &item),
                    ("pull_request", &*part(&Numbered { number })?),
                    ("repository", &target.about),
                ],
            });
        }
        list.advance(&times, page.next);
        Ok(())
    }
}

#[derive(serde::Serialize)]
struct PullAsIssue {
    number: i64,
    pull_request: NoFields,
}

#[derive(serde::Serialize)]
struct NoFields {}
