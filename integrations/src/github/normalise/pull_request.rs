//! Purpose: `pull_request` events, and the pull request object wherever it is found.

use std::borrow::Cow;

use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::pull_request::{PullRequest, PullRequestState, Size, Snapshot};
use em_domain::stamped::Stamped;
use serde::{Deserialize, Deserializer};

use super::Changes;
use crate::github::payload::{Asked, Repository, Text, Time, User, account, filled, read};
use crate::references::{references, reverts};

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    pull_request: Pull<'a>,
    repository: Repository,
    requested_reviewer: Option<Asked>,
    /// Set by the poller where mergeability changed while the pull request itself did not: when it was seen.
    polled_at: Option<Time>,
}

/// A pull request as REST and webhooks show it. Lists and review events leave out `merged`, size and mergeability.
#[derive(Debug, Deserialize)]
pub(super) struct Pull<'a> {
    number: i64,
    #[serde(borrow)]
    state: Cow<'a, str>,
    title: Text,
    #[serde(default, borrow)]
    body: Body<'a>,
    html_url: Text,
    #[serde(borrow)]
    user: Option<User<'a>>,
    created_at: Time,
    updated_at: Time,
    closed_at: Option<Time>,
    merged_at: Option<Time>,
    merged: Option<bool>,
    merge_commit_sha: Option<Text>,
    draft: Option<bool>,
    mergeable: Option<bool>,
    #[serde(borrow)]
    mergeable_state: Option<Cow<'a, str>>,
    additions: Option<i64>,
    deletions: Option<i64>,
    changed_files: Option<i64>,
    requested_reviewers: Option<Vec<Asked>>,
    requested_teams: Option<Vec<Team>>,
    labels: Option<Vec<Label>>,
    base: Branch,
    head: Branch,
}

/// The text, empty where it is null; `None` where the sender leaves the field out.
#[derive(Debug, Default)]
struct Body<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written<'a>(#[serde(borrow)] Cow<'a, str>);
        let written = Option::<Written<'a>>::deserialize(deserializer)?;
        Ok(Self(Some(written.map(|Written(text)| text).unwrap_or_default())))
    }
}

#[derive(Debug, Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: Text,
    sha: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Team {
    slug: Text,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: Text,
}

/// Every action states the pull request in full; a few state an instant as well.
pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event<'_> = read(payload)?;
    let updated_at = event.pull_request.updated_at.0;
    let mut pull = fact(event.pull_request, &event.repository)?;
    if let (Some(conflicts), Some(polled_at)) = (pull.conflicts.as_mut(), event.polled_at) {
        conflicts.at = polled_at.0;
    }
    match &*event.action {
        "synchronize" => pull.pushed_at = Some(updated_at),
        "ready_for_review" => pull.ready_at = Some(updated_at),
        "review_requested" => {
            if let Some(login) = event.requested_reviewer.and_then(|asked| filled(asked.login)) {
                pull.requests.insert(Login(login), updated_at);
            }
        }
        _ => {}
    }
    let mut changes = vec![FactChange::PullRequest(Box::new(pull))];
    changes.extend(event.repository.fact(updated_at));
    Ok(changes)
}

/// What the object says by itself.
pub(super) fn fact(pull: Pull<'_>, repository: &Repository) -> Result<PullRequest, String> {
    let mut fact = PullRequest::new(repository.pull(pull.number)?);
    let at = pull.updated_at.0;
    fact.size = size(&pull).map(|value| Stamped { at, value });
    fact.conflicts = conflicts(&pull).map(|value| Stamped { at, value });
    fact.snapshot = Some(Stamped {
        at,
        value: snapshot(pull)?,
    });
    Ok(fact)
}

fn snapshot(pull: Pull<'_>) -> Result<Snapshot, String> {
    let state = state(&pull)?;
    let references = pull.body.0.as_ref().map(|text| references(&pull.title.0, text));
    let reverts = pull.body.0.as_ref().map(|text| reverts(&pull.title.0, text));
    let is_merged = state == PullRequestState::Merged;
    let at = |time: Option<Time>| time.map(|time| time.0);
    Ok(Snapshot {
        state,
        is_ready: !pull.draft.unwrap_or(false),
        // In GitHub's order, oldest first: of two statements of one second the longer list compares greater.
        requested_reviewers: pull
            .requested_reviewers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|asked| filled(asked.login).map(Login))
            .collect(),
        requested_teams: names(pull.requested_teams, |team| team.slug),
        labels: names(pull.labels, |label| label.name),
        author: account(pull.user),
        title: pull.title.0,
        url: pull.html_url.0,
        base_ref: pull.base.name.0,
        head_ref: pull.head.name.0,
        head_sha: filled(pull.head.sha),
        created_at: pull.created_at.0,
        closed_at: at(pull.closed_at),
        merged_at: at(pull.merged_at),
        // Before the merge this is a trial merge that GitHub makes anew all the time.
        merge_commit_sha: filled(pull.merge_commit_sha).filter(|_| is_merged),
        references,
        reverts,
    })
}

fn names<T>(items: Option<Vec<T>>, name: impl Fn(T) -> Text) -> Vec<String> {
    items
        .unwrap_or_default()
        .into_iter()
        .map(|item| name(item).0)
        .collect()
}

fn state(pull: &Pull<'_>) -> Result<PullRequestState, String> {
    match &*pull.state {
        _ if pull.merged_at.is_some() || pull.merged == Some(true) => Ok(PullRequestState::Merged),
        "open" => Ok(PullRequestState::Open),
        "closed" => Ok(PullRequestState::Closed),
        _ => Err("pull_request.state: neither open nor closed".to_owned()),
    }
}

fn size(pull: &Pull<'_>) -> Option<Size> {
    Some(Size {
        additions: pull.additions?,
        deletions: pull.deletions?,
        changed_files: pull.changed_files?,
    })
}

/// GitHub works mergeability out in the background: until then `mergeable` is null and the state `unknown`.
fn conflicts(pull: &Pull<'_>) -> Option<bool> {
    match pull.mergeable_state.as_deref() {
        Some("dirty") => Some(true),
        Some(_) | None => pull.mergeable.map(|mergeable| !mergeable),
    }
}
