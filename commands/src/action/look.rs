//! Purpose: how the target of an action on GitHub stands now, and what of it people and policies rely on.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::{Action, TargetState};
use em_domain::pull_request::{PullRequestKey, PullRequestState};
use em_integrations::github::DEFAULT_API_URL;
use em_integrations::github::actions::{Ci, Pull, Reviews, Subject};
use em_integrations::github::client::{GithubClient, GithubError};
use serde_json::{Value, json};

use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// GitHub's client.
pub(super) fn client(ctx: &Ctx) -> Result<Arc<GithubClient>, Trouble> {
    ctx.github
        .as_ref()
        .map(|github| Arc::clone(&github.client))
        .ok_or_else(|| {
            Trouble::says(
                "I have no GitHub token, so I can change nothing there. An admin can set GITHUB_TOKEN.",
            )
        })
}

/// The pull request or issue that is the target.
pub(super) fn key(action: &Action) -> Result<PullRequestKey, Trouble> {
    PullRequestKey::parse(&action.target)
        .filter(|key| is_repository(key.repository.as_str()))
        .ok_or_else(|| {
            Trouble::says(format!(
                "“{}” names no pull request. Write it as `owner/name#12`.",
                action.target
            ))
        })
}

/// Whether this can be `owner/name`: it becomes part of an address.
fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    name.split_once('/')
        .is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

/// The repository that is the target.
pub(super) fn repository(action: &Action) -> Result<&str, Trouble> {
    Some(action.target.as_str())
        .filter(|name| is_repository(name))
        .ok_or_else(|| {
            Trouble::says(format!(
                "“{}” names no repository. Write it as `owner/name`.",
                action.target
            ))
        })
}

/// Says which thing is not there.
pub(super) fn or_missing<T>(found: Result<T, GithubError>, what: &str) -> Result<T, Trouble> {
    found.map_err(|error| {
        if error == GithubError::NotFound {
            return Trouble::says(format!(
                "GitHub shows me no {what}: check the name, or let an admin give my token access to it."
            ));
        }
        Trouble::Github(error)
    })
}

/// The target as it stands.
pub(super) async fn subject(client: &GithubClient, action: &Action) -> Result<Subject, Trouble> {
    let key = key(action)?;
    or_missing(client.subject(&key).await, &key.to_string())
}

/// What only a pull request has.
pub(super) fn pull(subject: &Subject) -> Result<&Pull, Trouble> {
    subject.pull.as_ref().ok_or_else(|| {
        Trouble::says(format!(
            "{} is an issue; this can be done to a pull request only.",
            subject.key
        ))
    })
}

/// Fails unless it is open.
pub(super) fn must_be_open(subject: &Subject) -> Result<(), Trouble> {
    match subject.state {
        PullRequestState::Open => Ok(()),
        PullRequestState::Closed => Err(Trouble::says(format!("{} is closed.", subject.key))),
        PullRequestState::Merged => Err(Trouble::says(format!("{} is merged already.", subject.key))),
    }
}

/// What whoever agrees relies on: that it is still open or closed.
pub(super) fn state_of(subject: &Subject) -> TargetState {
    TargetState::of([("state", subject.state.as_str().to_owned())])
}

/// The same, and that nobody pushed since.
pub(super) fn state_with_head(subject: &Subject) -> TargetState {
    let mut state = state_of(subject);
    if let Some(pull) = &subject.pull {
        state.0.insert("head commit".to_owned(), pull.head_sha.clone());
    }
    state
}

/// What policies may ask of the target.
pub(super) async fn facts(
    client: &GithubClient,
    subject: &Subject,
) -> Result<BTreeMap<String, Value>, Trouble> {
    let mut facts = of_repository(subject.key.repository.as_str());
    let mut add = |name: &str, value: Value| drop(facts.insert(name.to_owned(), value));
    add("state", json!(subject.state.as_str()));
    add("author", json!(subject.author));
    add("labels", json!(subject.labels));
    add("assignees", json!(subject.assignees));
    add("is_pull_request", json!(subject.pull.is_some()));
    if let Some(pull) = &subject.pull {
        let repository = subject.key.repository.as_str();
        let (checks, reviews) = tokio::join!(
            client.checks(repository, &pull.head_sha),
            client.reviews(&subject.key)
        );
        let ci = unless_hidden(checks.map(|checks| checks.ci), Ci::Unknown)?;
        let reviews = unless_hidden(reviews, Reviews::default())?;
        add("base_ref", json!(pull.base_ref));
        add("draft", json!(pull.is_draft));
        add("ci", json!(ci.as_str()));
        add("approvals", json!(reviews.approvals.len()));
        add("changes_requested", json!(reviews.changes_requested.len()));
    }
    Ok(facts)
}

/// What policies may ask of a repository.
pub(super) fn of_repository(repository: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("repository".to_owned(), json!(repository))])
}

/// A token that may not read the checks still may add a label.
fn unless_hidden<T>(read: Result<T, GithubError>, otherwise: T) -> Result<T, GithubError> {
    match read {
        Err(GithubError::Forbidden { .. } | GithubError::NotFound) => Ok(otherwise),
        other => other,
    }
}

/// What a check of a pull request or an issue found, without a word yet on what would be done.
pub(super) async fn checked(
    client: &GithubClient,
    action: Action,
    subject: &Subject,
) -> Result<Checked, Trouble> {
    Ok(Checked {
        action: Action {
            target: subject.key.to_string(),
            ..action
        },
        title: String::new(),
        subject_title: subject.title.clone(),
        url: Some(subject.url.clone()),
        state: state_of(subject),
        facts: facts(client, subject).await?,
        author: Some(subject.author.clone()),
        effect: Vec::new(),
    })
}

/// Something that is a change of the target itself, so that the target shows whether it was made.
pub(super) struct Change {
    /// `Closed.`
    pub(super) said: String,
    /// `It was closed already.`
    pub(super) said_already: String,
    /// What takes it back.
    pub(super) undo: Option<Action>,
}

impl Change {
    /// It was made now.
    pub(super) fn made(self, subject: &Subject) -> Done {
        self.made_at(Some(subject.url.clone()))
    }

    /// The same, of something that is there to see, or nowhere.
    pub(super) fn made_at(self, url: Option<String>) -> Done {
        Done {
            said: self.said,
            url,
            undo: self.undo,
            was_done_already: false,
        }
    }

    /// It had been made. By an earlier attempt, perhaps: then it is still ours to take back.
    pub(super) fn found_made(self, subject: &Subject, attempt: &Attempt) -> Done {
        self.found_made_at(Some(subject.url.clone()), attempt)
    }

    /// The same, of something that is there to see, or nowhere.
    pub(super) fn found_made_at(self, url: Option<String>, attempt: &Attempt) -> Done {
        let is_ours = attempt.may_have_happened;
        Done {
            said: if is_ours { self.said } else { self.said_already },
            url,
            undo: self.undo.filter(|_| is_ours),
            was_done_already: true,
        }
    }
}

/// Where people see GitHub: github.com, or the server whose API is configured.
pub(super) fn site(ctx: &Ctx) -> String {
    let api = ctx
        .github
        .as_ref()
        .map_or(DEFAULT_API_URL, |github| github.config.api_url.as_str())
        .trim_end_matches('/');
    match api.strip_suffix("/api/v3") {
        Some(server) => server.to_owned(),
        None => "https://github.com".to_owned(),
    }
}
