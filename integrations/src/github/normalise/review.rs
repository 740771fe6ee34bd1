//! Purpose: `pull_request_review` events.

use std::borrow::Cow;

use em_domain::fact::FactChange;
use em_domain::review::{Review, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Changes, pull_request};
use crate::github::payload::{Numbered, Repository, Text, Time, User, account, read};

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    review: Given<'a>,
    #[serde(borrow)]
    pull_request: &'a RawValue,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Given<'a> {
    id: i64,
    #[serde(borrow)]
    user: Option<User<'a>>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    /// Absent from a review that its writer has not submitted yet.
    submitted_at: Option<Time>,
    html_url: Text,
}

/// The review, and the pull request as far as the event states it: the poller gives its number alone.
pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event<'_> = read(payload)?;
    let Numbered { number } =
        read(event.pull_request.get().as_bytes()).map_err(|reason| format!("pull_request: {reason}"))?;
    let review = event.review;
    let Some(submitted_at) = review
        .submitted_at
        .filter(|_| !review.state.eq_ignore_ascii_case("pending"))
    else {
        return Ok(Vec::new());
    };
    let verdict = Verdict::parse(&review.state)
        .ok_or_else(|| format!("review.state: unknown verdict `{}`", review.state))?;
    let mut changes = vec![FactChange::Review(Review {
        pull_request: event.repository.pull(number)?,
        id: review.id,
        reviewer: account(review.user),
        verdict,
        submitted_at: submitted_at.0,
        url: review.html_url.0,
    })];
    if let Ok(pull) = serde_json::from_str(event.pull_request.get()) {
        let pull = pull_request::fact(pull, &event.repository)?;
        changes.push(FactChange::PullRequest(Box::new(pull)));
    }
    Ok(changes)
}
