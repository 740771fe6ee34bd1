//! Purpose: `merge_request` events.
//!
//! Source: docs.gitlab.com, "Webhook events", "Merge request events". What GitLab does not say is not stated here: lines and
//! files changed, and the first commit. The author is a number, so their name is taken from whoever the event names.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::Changes;
use super::review::reviews;
use crate::gitlab::payload::{Change, Label, Project, User, account, newcomers};
use crate::payload::{Text, Time, filled, read};
use crate::references::{references, reverts};

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) user: Option<User>,
    project: Project,
    object_attributes: Attributes,
    labels: Option<Vec<Label>>,
    assignees: Option<Vec<User>>,
    pub(super) reviewers: Option<Vec<User>>,
    pub(super) changes: Option<Changed>,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    iid: i64,
    author_id: Option<i64>,
    title: Text,
    description: Option<Text>,
    state: Text,
    action: Option<Text>,
    source_branch: Text,
    target_branch: Text,
    last_commit: Option<Commit>,
    merge_commit_sha: Option<Text>,
    created_at: Time,
    updated_at: Time,
    /// When the act happened that the event tells of; newer versions say so.
    actioned_at: Option<Time>,
    draft: Option<bool>,
    /// What a draft was called before.
    work_in_progress: Option<bool>,
    merge_status: Option<Text>,
    detailed_merge_status: Option<Text>,
    /// The commit before a push.
    oldrev: Option<Text>,
    /// GitLab did it by itself: the user is only who gave cause.
    system: Option<bool>,
    url: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    id: Text,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Changed {
    draft: Option<Change<bool>>,
    work_in_progress: Option<Change<bool>>,
    pub(super) reviewers: Option<Change<Vec<User>>>,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let mut event: Event = read(payload)?;
    let updated_at = event.object_attributes.updated_at.0;
    let at = event.object_attributes.actioned_at.map_or(updated_at, |at| at.0);
    let mut fact = PullRequest::new(event.key()?);
    let reviews = reviews(&event, &fact.key, at);
    moments(&mut event, &mut fact, at);
    // Only the event that ended it knows when.
    let ends = matches!(
        (action(&event), event.state()),
        ("close", "closed") | ("merge", "merged")
    );
    let author = author(&event);
    let facts = stated(event, fact, author, ends.then_some(at))?;
    Ok(facts.into_iter().chain(reviews).collect())
}

/// What any statement about a merge request says of it, added to `fact`; and of its project.
pub(super) fn stated(
    event: Event,
    mut fact: PullRequest,
    author: Option<Account>,
    ended_at: Option<DateTime<Utc>>,
) -> Changes {
    let at = event.object_attributes.updated_at.0;
    fact.opened_by = author.map(|value| Stamped { at, value });
    fact.conflicts = conflicts(&event.object_attributes).map(|value| Stamped { at, value });
    let seen = event.project.fact(at);
    fact.snapshot = snapshot(event, ended_at)?.map(|mut value| {
        if let Some(author) = &fact.opened_by {
            value.author.clone_from(&author.value);
        }
        Stamped { at, value }
    });
    let pull = FactChange::PullRequest(Box::new(fact));
    Ok(std::iter::once(pull).chain(seen).collect())
}

pub(super) fn action(event: &Event) -> &str {
    let action = event.object_attributes.action.as_ref();
    action.map_or("", |action| action.0.as_str())
}

impl Event {
    pub(super) fn key(&self) -> Result<PullRequestKey, String> {
        self.project.numbered(self.object_attributes.iid)
    }

    /// In GitLab's word.
    pub(super) fn state(&self) -> &str {
        &self.object_attributes.state.0
    }

    /// GitLab did it by itself: the user only gave cause.
    pub(super) fn is_by_gitlab(&self) -> bool {
        self.object_attributes.system == Some(true)
    }
}

/// The author's account, if the event names it: among those who are named with their numbers, or as who opened it.
fn author(event: &Event) -> Option<Account> {
    let number = event.object_attributes.author_id;
    let lists = event.assignees.iter().chain(&event.reviewers).flatten();
    let named = event
        .user
        .iter()
        .chain(lists)
        .find(|user| user.id.is_some() && user.id == number);
    let opener = event
        .user
        .as_ref()
        .filter(|user| action(event) == "open" && user.id.is_none());
    named.or(opener).and_then(User::account)
}

/// What happened once: a push, the end of a draft, a request for a review.
fn moments(event: &mut Event, fact: &mut PullRequest, at: DateTime<Utc>) {
    let changed = event.changes.take().unwrap_or_default();
    let is_over = |change: &Change<bool>| change.previous == Some(true) && change.current == Some(false);
    match action(event) {
        "open" => {
            let asked = event.reviewers.iter().flatten().filter_map(User::login);
            fact.requests.extend(asked.map(|login| (login, at)));
        }
        "update" => {
            let drafts = [changed.draft, changed.work_in_progress];
            fact.ready_at = drafts.iter().flatten().any(is_over).then_some(at);
            fact.pushed_at = event.object_attributes.oldrev.is_some().then_some(at);
            let again = event
                .reviewers
                .iter()
                .flatten()
                .filter(|user| user.re_requested == Some(true));
            let asked = changed.reviewers.map(newcomers).unwrap_or_default();
            let asked = again.filter_map(User::login).chain(asked);
            fact.requests.extend(asked.map(|login| (login, at)));
        }
        _ => {}
    }
}

/// Whether it conflicts with its target, as far as GitLab has worked it out; `merge_status` is what older versions have.
fn conflicts(attributes: &Attributes) -> Option<bool> {
    let text = |field: &Option<Text>| field.as_ref().map(|status| status.0.clone());
    if attributes.state.0 != "opened" {
        return None;
    }
    match text(&attributes.detailed_merge_status).as_deref() {
        Some("conflict") => return Some(true),
        Some("unchecked" | "checking" | "preparing") => return None,
        _ => {}
    }
    match text(&attributes.merge_status).as_deref() {
        Some("can_be_merged") => Some(false),
        Some("cannot_be_merged") => Some(true),
        _ => None,
    }
}

pub(super) fn url(event: &Event) -> String {
    let attributes = &event.object_attributes;
    filled(attributes.url.clone())
        .unwrap_or_else(|| event.project.page(&format!("merge_requests/{}", attributes.iid)))
}

/// The merge request in full. Of one that has ended nothing is stated where it is not known when, so that its end stays known
/// from elsewhere.
fn snapshot(event: Event, ended_at: Option<DateTime<Utc>>) -> Result<Option<Snapshot>, String> {
    let state = state(event.state())?;
    let ended_at = ended_at.filter(|_| state != PullRequestState::Open);
    if state != PullRequestState::Open && ended_at.is_none() {
        return Ok(None);
    }
    let url = url(&event);
    let attributes = event.object_attributes;
    let text = filled(attributes.description).unwrap_or_default();
    let is_draft = attributes.draft.or(attributes.work_in_progress).unwrap_or(false);
    let reviewers = event.reviewers.unwrap_or_default();
    Ok(Some(Snapshot {
        state,
        is_ready: !is_draft,
        requested_reviewers: reviewers
            .iter()
            .filter(|user| is_awaited(user))
            .filter_map(User::login)
            .collect(),
        requested_teams: Vec::new(),
        labels: event
            .labels
            .unwrap_or_default()
            .into_iter()
            .map(|label| label.title.0)
            .collect(),
        author: numbered(attributes.author_id),
        references: Some(references(&attributes.title.0, &text)),
        reverts: Some(reverts(&attributes.title.0, &numbers_of_merge_requests(&text))),
        title: attributes.title.0,
        url,
        base_ref: attributes.target_branch.0,
        head_ref: attributes.source_branch.0,
        head_sha: attributes.last_commit.and_then(|commit| filled(Some(commit.id))),
        created_at: attributes.created_at.0,
        closed_at: ended_at,
        merged_at: ended_at.filter(|_| state == PullRequestState::Merged),
        merge_commit_sha: filled(attributes.merge_commit_sha).filter(|_| state == PullRequestState::Merged),
    }))
}

fn state(word: &str) -> Result<PullRequestState, String> {
    match word {
        // Locked: it is being merged at this moment.
        "opened" | "locked" => Ok(PullRequestState::Open),
        "closed" => Ok(PullRequestState::Closed),
        "merged" => Ok(PullRequestState::Merged),
        other => Err(format!("object_attributes.state: unknown state `{other}`")),
    }
}

/// An account of which only the number is known, in a form that no name of an account has.
fn numbered(id: Option<i64>) -> Account {
    account(Login(
        id.map_or_else(|| "id:unknown".to_owned(), |id| format!("id:{id}")),
    ))
}

/// Whether a reviewer still owes a review. Older versions do not say how far reviewers are.
fn is_awaited(reviewer: &User) -> bool {
    let state = reviewer.state.as_ref().map(|state| state.0.as_str());
    reviewer.re_requested == Some(true) || matches!(state, None | Some("unreviewed" | "review_started"))
}

/// GitLab writes `This reverts merge request !12` where GitHub writes `#12`.
fn numbers_of_merge_requests(text: &str) -> String {
    text.replace("reverts merge request !", "reverts merge request #")
}
