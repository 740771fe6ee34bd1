//! Purpose: the pieces that GitHub's payloads are made of. Only the fields that facts are made from; whatever else a
//! payload holds is skipped without being built.
//!
//! Source: docs.github.com, "Webhook events and payloads"; webhook and REST objects have the same fields, of which
//! the webhook leaves some out.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::repository::Repository as Seen;
use serde::{Deserialize, Serialize};

pub(crate) use crate::payload::{Text, Time, filled, read};

/// A person or a program. Deleted accounts are `null` where a user is expected: GitHub shows them as "ghost".
#[derive(Debug, Deserialize)]
pub(crate) struct User<'a> {
    login: Text,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

/// The account, or the ghost of one.
pub(crate) fn account(user: Option<User<'_>>) -> Account {
    user.map_or_else(
        || Account {
            login: "ghost".into(),
            is_bot: false,
        },
        |user| Account {
            is_bot: user.kind.as_deref() == Some("Bot") || user.login.0.ends_with("[bot]"),
            login: Login(user.login.0),
        },
    )
}

/// An account by its login alone. Among those asked for a review, old payloads have teams, which have no login.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) login: Option<Text>,
}

/// The repository that an event belongs to.
#[derive(Debug, Deserialize)]
pub(crate) struct Repository {
    full_name: Text,
    default_branch: Option<Text>,
    html_url: Option<Text>,
    private: Option<bool>,
    /// When somebody last pushed; in push events, when this push was made.
    pub(crate) pushed_at: Option<Time>,
}

impl Repository {
    /// `owner/name`.
    pub(crate) fn name(&self) -> RepositoryName {
        RepositoryName(self.full_name.0.clone())
    }

    /// Who may look into it, as the sender saw it at `at`, where the sender says so.
    pub(crate) fn fact(&self, at: DateTime<Utc>) -> Option<FactChange> {
        let is_private = self.private?;
        Some(FactChange::Repository(Seen::seen(self.name(), is_private, at)))
    }

    /// Whether `branch` is the one that everything goes into.
    pub(crate) fn has_default(&self, branch: &str) -> bool {
        self.default_branch.as_ref().is_some_and(|name| name.0 == branch)
    }

    /// The page of the repository.
    pub(crate) fn page(&self) -> String {
        match &self.html_url {
            Some(url) => url.0.clone(),
            None => format!("https://github.com/{}", self.full_name.0),
        }
    }

    /// The key of its pull request `number`.
    pub(crate) fn pull(&self, number: i64) -> Result<PullRequestKey, String> {
        if number < 1 {
            return Err(format!("number: {number} is not the number of a pull request"));
        }
        Ok(PullRequestKey {
            repository: self.name(),
            number,
        })
    }
}

/// Anything that is told apart by its number alone.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Numbered {
    pub(crate) number: i64,
}
