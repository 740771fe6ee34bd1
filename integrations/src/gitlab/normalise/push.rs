//! Purpose: `push` events: who pushed how many commits where. Of a commit GitLab says the writer's name and address, but not
//! their account: a commit counts for the account that pushed it if it bears that account's name or address.

use em_domain::fact::{AccountEmail, FactChange};
use em_domain::id::Login;
use em_domain::push::Push;
use serde::Deserialize;

use super::Changes;
use crate::gitlab::payload::{Project, account};
use crate::payload::{Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "ref")]
    reference: Text,
    after: Option<Text>,
    user_username: Option<Text>,
    user_name: Option<Text>,
    user_email: Option<Text>,
    project: Project,
    /// The newest 20 at most, the oldest first.
    commits: Option<Vec<Commit>>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    id: Text,
    message: Option<Text>,
    timestamp: Time,
    url: Option<Text>,
    author: Option<Author>,
}

#[derive(Debug, Deserialize)]
struct Author {
    name: Option<Text>,
    email: Option<Text>,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let mut event: Event = read(payload)?;
    let commits = event.commits.take().unwrap_or_default();
    let Some(at) = commits.iter().map(|commit| commit.timestamp.0).max() else {
        return Ok(Vec::new());
    };
    let login = filled(event.user_username.take()).map(Login);
    let (name, email) = (filled(event.user_name.take()), filled(event.user_email.take()));
    let own = commits
        .iter()
        .filter(|commit| is_by(commit, name.as_deref(), email.as_deref()));
    let own: Vec<&Commit> = own.collect();
    let mut changes = Vec::new();
    if let Some(login) = login {
        changes.extend(push(&event, &own, &login).map(FactChange::Push));
        let address = email.filter(|email| is_address(email));
        changes.extend(address.map(|email| {
            FactChange::AccountEmail(AccountEmail {
                login,
                email,
                seen_at: at,
            })
        }));
    }
    changes.extend(event.project.fact(at));
    Ok(changes)
}

/// A tag, or a branch that went, is no push; nor is one that brings only others' work.
fn push(event: &Event, own: &[&Commit], login: &Login) -> Option<Push> {
    let branch = event.reference.0.strip_prefix("refs/heads/")?;
    let head = event
        .after
        .as_ref()
        .filter(|sha| sha.0.bytes().any(|byte| byte != b'0'))?;
    let newest = own.last()?;
    let title = newest
        .message
        .as_ref()
        .and_then(|message| message.0.lines().next());
    let alone = newest.url.as_ref().filter(|_| own.len() == 1);
    Some(Push {
        repository: event.project.name(),
        branch: branch.to_owned(),
        head_sha: head.0.clone(),
        author: account(login.clone()),
        at: own.iter().map(|commit| commit.timestamp.0).max()?,
        commits: i64::try_from(own.len()).unwrap_or(i64::MAX),
        on_default_branch: event.project.has_default(branch),
        title: title.unwrap_or_default().to_owned(),
        url: alone.map_or_else(
            || event.project.page(&format!("commits/{}", head.0)),
            |url| url.0.clone(),
        ),
    })
}

fn is_by(commit: &Commit, name: Option<&str>, email: Option<&str>) -> bool {
    let Some(author) = &commit.author else {
        return false;
    };
    let is = |field: &Option<Text>, known: Option<&str>| {
        let field = field
            .as_ref()
            .map(|text| text.0.as_str())
            .filter(|text| !text.is_empty());
        field.zip(known).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    let email = email.filter(|email| email.contains('@'));
    !commit.id.0.is_empty() && (is(&author.email, email) || is(&author.name, name))
}

/// Whether an address says whose it is: GitLab writes `[REDACTED]` for those who hide theirs.
fn is_address(email: &str) -> bool {
    let lower = email.to_ascii_lowercase();
    lower.contains('@') && !lower.contains("noreply") && !lower.contains("no-reply")
}
