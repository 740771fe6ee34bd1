//! Purpose: `push` events. A commit shows which account writes under which e-mail address; that is how a person on
//! GitHub is found in Slack.

use chrono::{DateTime, Utc};
use em_domain::fact::{AccountEmail, FactChange};
use em_domain::id::Login;
use serde::Deserialize;

use super::Changes;
use crate::github::payload::{Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct Event {
    commits: Vec<Commit>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    timestamp: Time,
    author: Author,
}

/// `username` is there only if GitHub knows the address.
#[derive(Debug, Deserialize)]
struct Author {
    username: Option<Text>,
    email: Option<Text>,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event = read(payload)?;
    let seen = event.commits.into_iter().filter_map(|commit| {
        address(
            filled(commit.author.username)?,
            filled(commit.author.email)?,
            commit.timestamp.0,
        )
    });
    Ok(newest_of_each(seen))
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
