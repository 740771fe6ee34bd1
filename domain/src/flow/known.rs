//! Purpose: from what events said to what flow metrics are made from.

use super::facts::{OpenChange, Reviewed};
use crate::pull_request::PullRequest;
use crate::review::Review;

/// The pull request as one that is or was open; `None` while nothing but side events is known of it.
pub fn open(pull: &PullRequest) -> Option<OpenChange> {
    let snapshot = &pull.snapshot.as_ref()?.value;
    Some(OpenChange {
        key: pull.key.clone(),
        closed_at: snapshot.closed_at.or(snapshot.merged_at),
        opened_at: snapshot.created_at,
        first_commit_at: pull.first_commit_at,
        pushed_at: pull.pushed_at,
        is_draft: !snapshot.is_ready,
        author: snapshot.author.clone(),
        title: snapshot.title.clone(),
        url: snapshot.url.clone(),
    })
}

/// The review as something that was given.
pub fn reviewed(review: &Review) -> Reviewed {
    Reviewed {
        key: review.pull_request.clone(),
        id: review.id,
        at: review.submitted_at,
        reviewer: review.reviewer.clone(),
        url: review.url.clone(),
    }
}
