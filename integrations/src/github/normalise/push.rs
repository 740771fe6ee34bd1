//! Purpose: `push` events: who pushed how many commits where. A commit also shows which account writes under which
//! e-mail address; that is how a person on GitHub is found in Slack.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::fact::{AccountEmail, FactChange};
use em_domain::id::Login;
use em_domain::pull_request::Account;
use em_domain::push::Push;
use serde::Deserialize;

use super::Changes;
use crate::github::payload::{Repository, Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(rename = "ref", borrow)]
    reference: Option<Cow<'a, str>>,
    after: Option<Text>,
    commits: Vec<Commit>,
    compare: Option<Text>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    timestamp: Time,
    author: Author,
    message: Option<Text>,
    url: Option<Text>,
    /// Not there before this push. Commits that a merge brings along are not.
    distinct: Option<bool>,
}

/// `username` is there only if GitHub knows the address.
#[derive(Debug, Deserialize)]
struct Author {
    username: Option<Text>,
    email: Option<Text>,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event<'_> = read(payload)?;
    let mut changes = pushes(&event);
    let seen = event.commits.into_iter().filter_map(|commit| {
        address(
            filled(commit.author.username)?,
            filled(commit.author.email)?,
            commit.timestamp.0,
        )
    });
    changes.extend(newest_of_each(seen));
    Ok(changes)
}

/// One fact for each author of new commits on a branch. A tag, or a branch that went, is no push.
fn pushes(event: &Event<'_>) -> Vec<FactChange> {
    let branch = event
        .reference
        .as_deref()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    let head = event
        .after
        .as_ref()
        .filter(|sha| sha.0.bytes().any(|byte| byte != b'0'));
    let (Some(branch), Some(head), Some(repository)) = (branch, head, &event.repository) else {
        return Vec::new();
    };
    let newest = event.commits.iter().map(|commit| commit.timestamp.0).max();
    let Some(at) = repository.pushed_at.map(|at| at.0).or(newest) else {
        return Vec::new();
    };
    let push = |(login, commits): (&str, Vec<&Commit>)| {
        FactChange::Push(Push {
            repository: repository.name(),
            branch: branch.to_owned(),
            head_sha: head.0.clone(),
            author: Account {
                login: Login(login.to_owned()),
                is_bot: login.ends_with("[bot]"),
            },
            at,
            commits: i64::try_from(commits.len()).unwrap_or(i64::MAX),
            on_default_branch: repository.has_default(branch),
            title: commits.last().map(|commit| subject(commit)).unwrap_or_default(),
            url: page(event, &commits).unwrap_or_else(|| repository.page()),
        })
    };
    let pushed = new_by_author(event).into_iter().map(push);
    pushed.chain(repository.fact(at)).collect()
}

/// The commits that were not there before the push, by the account that wrote them, the oldest first.
fn new_by_author<'e>(event: &'e Event<'_>) -> BTreeMap<&'e str, Vec<&'e Commit>> {
    let mut by_author: BTreeMap<&str, Vec<&Commit>> = BTreeMap::new();
    for commit in event
        .commits
        .iter()
        .filter(|commit| commit.distinct != Some(false))
    {
        if let Some(login) = commit
            .author
            .username
            .as_ref()
            .filter(|login| !login.0.is_empty())
        {
            by_author.entry(&login.0).or_default().push(commit);
        }
    }
    by_author
}

/// Where to see the commits: one by itself, several as a comparison.
fn page(event: &Event<'_>, commits: &[&Commit]) -> Option<String> {
    let alone = match commits {
        [commit] => commit.url.as_ref(),
        _ => None,
    };
    alone.or(event.compare.as_ref()).map(|page| page.0.clone())
}

/// The first line of a commit's message.
fn subject(commit: &Commit) -> String {
    let message = commit.message.as_ref().map_or("", |message| message.0.as_str());
    message.lines().next().unwrap_or_default().to_owned()
}

/// The statement that `login` writes as `email`, unless the address says nothing: GitHub's own no-reply addresses
/// and those of programs.
pub(super) fn address(login: String, email: String, seen_at: DateTime<Utc>) -> Option<AccountEmail> {
    let lower = email.to_ascii_lowercase();
    let says_nothing = lower.contains("noreply")
        || lower.contains("no-reply")
        || !lower.contains('@')
        || login.ends_with("[bot]");
    (!says_nothing).then_some(AccountEmail {
        login: Login(login),
        email,
        seen_at,
    })
}

/// One statement per account and address, with the latest sight of it.
pub(super) fn newest_of_each(seen: impl Iterator<Item = AccountEmail>) -> Vec<FactChange> {
    let mut all: Vec<AccountEmail> = seen.collect();
    let order = |a: &AccountEmail, b: &AccountEmail| (&a.login, &a.email).cmp(&(&b.login, &b.email));
    all.sort_by(|a, b| order(a, b).then(b.seen_at.cmp(&a.seen_at)));
    all.dedup_by(|later, kept| order(later, kept).is_eq());
    all.into_iter().map(FactChange::AccountEmail).collect()
}
