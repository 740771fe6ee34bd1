//! Purpose: the two things that the poller reads and no webhook sends in this form: a pull request's commits, and
//! the repository's issue events (who was asked for a review, and when).

use std::borrow::Cow;

use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::pull_request::PullRequest;
use serde::Deserialize;

use super::Changes;
use super::push::{address, newest_of_each};
use crate::github::payload::{Asked, Numbered, Repository, Text, Time, filled, read};

/// `GET /repos/{o}/{r}/pulls/{n}/commits`, as `{"pull_request": {…}, "commits": […], "repository": {…}}`.
pub(crate) const COMMITS: &str = "pull_request_commits";
/// `GET /repos/{o}/{r}/issues/events`, one by one as `{"issue_event": {…}, "pull_request": {"number": …},
/// "repository": {…}}`.
pub(crate) const ISSUE_EVENT: &str = "issue_event";
/// The issue events that say something here.
pub(crate) const ISSUE_EVENTS_READ: [&str; 3] =
    ["review_requested", "ready_for_review", "head_ref_force_pushed"];

#[derive(Debug, Deserialize)]
struct CommitsEvent {
    pull_request: Dated,
    commits: Vec<Listed>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Dated {
    number: i64,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Deserialize)]
struct Listed {
    commit: Commit,
    /// The account that GitHub found for the commit's address: null or `{}` where it found none.
    author: Option<Asked>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    author: Option<Signature>,
    committer: Option<Signature>,
}

#[derive(Debug, Deserialize)]
struct Signature {
    email: Option<Text>,
    date: Option<Time>,
}

/// When work began, when commits last came, and whose addresses the commits show.
pub(super) fn commits(payload: &[u8]) -> Changes {
    let event: CommitsEvent = read(payload)?;
    let pull = event.pull_request;
    let mut fact = PullRequest::new(event.repository.pull(pull.number)?);
    let authored = |listed: &Listed| listed.commit.author.as_ref()?.date;
    let committed = |listed: &Listed| listed.commit.committer.as_ref()?.date;
    fact.first_commit_at = event.commits.iter().filter_map(authored).min().map(|at| at.0);
    // GitHub does not list pushes; a commit made after the opening was pushed after it. The writer's clock may be
    // ahead, but a push cannot be later than the pull request's last change.
    fact.pushed_at = event
        .commits
        .iter()
        .filter_map(committed)
        .max()
        .filter(|at| *at > pull.created_at)
        .map(|at| at.min(pull.updated_at).0);
    let seen = event.commits.into_iter().filter_map(|listed| {
        let login = filled(listed.author?.login)?;
        let signature = listed.commit.author?;
        address(login, filled(signature.email)?, signature.date?.0)
    });
    let mut changes = newest_of_each(seen);
    changes.push(FactChange::PullRequest(Box::new(fact)));
    Ok(changes)
}

#[derive(Debug, Deserialize)]
struct IssueEventEvent<'a> {
    #[serde(borrow)]
    issue_event: IssueEvent<'a>,
    pull_request: Numbered,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct IssueEvent<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    created_at: Time,
    requested_reviewer: Option<Asked>,
}

/// The instants that the pull request object does not keep.
pub(super) fn issue_event(payload: &[u8]) -> Changes {
    let IssueEventEvent {
        issue_event: event,
        pull_request,
        repository,
    } = read(payload)?;
    let mut fact = PullRequest::new(repository.pull(pull_request.number)?);
    let at = event.created_at.0;
    match &*event.event {
        "ready_for_review" => fact.ready_at = Some(at),
        "head_ref_force_pushed" => fact.pushed_at = Some(at),
        "review_requested" => {
            let Some(login) = event.requested_reviewer.and_then(|asked| filled(asked.login)) else {
                return Ok(Vec::new());
            };
            fact.requests.insert(Login(login), at);
        }
        _ => return Ok(Vec::new()),
    }
    Ok(vec![FactChange::PullRequest(Box::new(fact))])
}
