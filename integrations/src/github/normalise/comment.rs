//! Purpose: remarks: `issue_comment` (a pull request's conversation) and `pull_request_review_comment` (its lines).

use std::borrow::Cow;

use em_domain::fact::FactChange;
use em_domain::review::Comment;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Changes;
use crate::github::payload::{Numbered, Repository, Time, User, account, read};

#[derive(Debug, Deserialize)]
struct InConversation<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    comment: Remark<'a>,
    issue: Issue,
    repository: Repository,
}

/// Pull requests are issues too: one that is has `pull_request`.
#[derive(Debug, Deserialize)]
struct Issue {
    number: i64,
    pull_request: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct OnLines<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    comment: Remark<'a>,
    pull_request: Numbered,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Remark<'a> {
    id: i64,
    #[serde(borrow)]
    user: Option<User<'a>>,
    created_at: Time,
}

pub(super) fn in_conversation(payload: &[u8]) -> Changes {
    let event: InConversation<'_> = read(payload)?;
    if event.issue.pull_request.is_none() {
        return Ok(Vec::new());
    }
    remark(
        "issue",
        &event.action,
        event.comment,
        (&event.repository, event.issue.number),
    )
}

pub(super) fn on_lines(payload: &[u8]) -> Changes {
    let event: OnLines<'_> = read(payload)?;
    let place = (&event.repository, event.pull_request.number);
    remark("review", &event.action, event.comment, place)
}

fn remark(kind: &str, action: &str, comment: Remark<'_>, place: (&Repository, i64)) -> Changes {
    let (repository, number) = place;
    // What was said was said: a deletion takes nothing back from the course of the conversation.
    if action == "deleted" {
        return Ok(Vec::new());
    }
    Ok(vec![FactChange::Comment(Comment {
        pull_request: repository.pull(number)?,
        id: format!("{kind}:{}", comment.id),
        author: account(comment.user),
        created_at: comment.created_at.0,
    })])
}
