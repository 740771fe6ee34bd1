//! Purpose: the reviews that `merge_request` events tell of: approvals given and taken back, and reviews without one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::review::{Review, Verdict};

use super::merge_request::{Event, action, url};
use crate::gitlab::payload::{User, account};
use crate::payload::number_of;

/// GitLab's webhooks say when they were sent, its lists when it happened: a few seconds before. What one person says twice within
/// so many seconds counts once, by the later time.
const ONE_REVIEW_SECONDS: i64 = 600;

/// A review. GitLab gives them no numbers: one is told by who gave which verdict when.
pub(super) fn review(
    key: &PullRequestKey,
    reviewer: Account,
    verdict: Verdict,
    at: DateTime<Utc>,
    url: &str,
) -> FactChange {
    let told_by = format!(
        "{} {} {}",
        reviewer.login,
        verdict.as_str(),
        at.timestamp() / ONE_REVIEW_SECONDS
    );
    FactChange::Review(Review {
        pull_request: key.clone(),
        id: number_of(&told_by),
        reviewer,
        verdict,
        submitted_at: at,
        url: url.to_owned(),
    })
}

/// The verdicts that the event tells of.
pub(super) fn reviews(event: &Event, key: &PullRequestKey, at: DateTime<Utc>) -> Vec<FactChange> {
    let by_user = |verdict| {
        let account = event.user.as_ref().and_then(User::account);
        account.map(|account| (account, verdict)).into_iter().collect()
    };
    let verdicts: Vec<(Account, Verdict)> = match action(event) {
        // A push took them away: whose they were shows only where they are reviewers.
        "unapproved" | "unapproval" if event.is_by_gitlab() => {
            let lost = event.reviewers.iter().flatten();
            let lost = lost.filter(|user| is_state(user, "unapproved"));
            lost.filter_map(User::account)
                .map(|account| (account, Verdict::Withdrawn))
                .collect()
        }
        "approved" | "approval" => by_user(Verdict::Approved),
        "unapproved" | "unapproval" => by_user(Verdict::Withdrawn),
        "update" => submitted(event),
        _ => Vec::new(),
    };
    let url = url(event);
    let review = |(reviewer, verdict)| review(key, reviewer, verdict, at, &url);
    verdicts.into_iter().map(review).collect()
}

fn is_state(user: &User, state: &str) -> bool {
    user.state.as_ref().is_some_and(|own| own.0 == state)
}

/// Reviews that were submitted without an approval: the reviewers whose state has just become so. An approval has an event of
/// its own.
fn submitted(event: &Event) -> Vec<(Account, Verdict)> {
    let change = event
        .changes
        .as_ref()
        .and_then(|changed| changed.reviewers.as_ref());
    let Some(change) = change else { return Vec::new() };
    let before: BTreeMap<Login, Option<Verdict>> = change
        .previous
        .iter()
        .flatten()
        .filter_map(|user| Some((user.login()?, verdict(user))))
        .collect();
    let now = change.current.iter().flatten();
    now.filter_map(|user| {
        let (login, said) = (user.login()?, verdict(user)?);
        let is_new = before.get(&login) != Some(&Some(said));
        is_new.then(|| (account(login), said))
    })
    .collect()
}

fn verdict(reviewer: &User) -> Option<Verdict> {
    match reviewer.state.as_ref()?.0.as_str() {
        "requested_changes" => Some(Verdict::ChangesRequested),
        "reviewed" => Some(Verdict::Commented),
        _ => None,
    }
}
