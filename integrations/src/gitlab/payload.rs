//! Purpose: the pieces that GitLab's payloads are made of. Only the fields that facts are made from.
//!
//! Source: docs.gitlab.com, "Webhook events". Times come in two forms, even within one kind of event.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::repository::Repository;
use serde::Deserialize;

use crate::payload::{Text, Time, filled};

/// The project that an event belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    path_with_namespace: Text,
    default_branch: Option<Text>,
    web_url: Option<Text>,
    visibility_level: Option<i64>,
}

/// Projects of this level and above are open to the whole world.
const PUBLIC: i64 = 20;

impl Project {
    /// Its path, with all its groups: `acme/platform/api`.
    pub(super) fn name(&self) -> RepositoryName {
        RepositoryName(self.path_with_namespace.0.clone())
    }

    /// Who may look into it, as GitLab saw it at `at`. What every account of the instance may see is not public.
    pub(super) fn fact(&self, at: DateTime<Utc>) -> Option<FactChange> {
        let is_private = self.visibility_level? < PUBLIC;
        Some(FactChange::Repository(Repository::seen(
            self.name(),
            is_private,
            at,
        )))
    }

    /// Whether `branch` is the one that everything goes into.
    pub(super) fn has_default(&self, branch: &str) -> bool {
        self.default_branch.as_ref().is_some_and(|name| name.0 == branch)
    }

    /// The address of one of its pages; empty where GitLab does not say where the project is.
    pub(super) fn page(&self, path: &str) -> String {
        self.web_url
            .as_ref()
            .map_or_else(String::new, |url| format!("{}/-/{path}", url.0))
    }

    /// The key of its merge request or issue `number` (GitLab: `iid`).
    pub(super) fn numbered(&self, number: i64) -> Result<PullRequestKey, String> {
        if number < 1 {
            return Err(format!(
                "object_attributes.iid: {number} is not the number of anything"
            ));
        }
        Ok(PullRequestKey {
            repository: self.name(),
            number,
        })
    }
}

/// A person or a program. Older bodies have no `id`; job events have no `username`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: Option<i64>,
    pub(super) username: Option<Text>,
    /// Of a reviewer: how far they are.
    pub(super) state: Option<Text>,
    /// Of a reviewer: whether they were asked once more.
    pub(super) re_requested: Option<bool>,
    /// Of a reviewer: when they were asked. Only the API says it.
    pub(super) created_at: Option<Time>,
}

impl User {
    /// The name of the account, where the sender gives it.
    pub(super) fn login(&self) -> Option<Login> {
        filled(self.username.clone()).map(Login)
    }

    /// The account, where the sender names it.
    pub(super) fn account(&self) -> Option<Account> {
        self.login().map(account)
    }
}

/// The account of this name. Tokens of projects and groups act through accounts of their own (docs.gitlab.com, "Project access
/// tokens", "Service accounts").
pub(super) fn account(login: Login) -> Account {
    let rest = |prefix: &str| login.0.strip_prefix(prefix);
    let is_token = ["project_", "group_"].into_iter().filter_map(rest).any(|rest| {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        after.len() < rest.len() && (after == "_bot" || after.starts_with("_bot_") || is_numbered_bot(after))
    });
    let is_service = login.0.starts_with("service_account_");
    Account {
        is_bot: is_token || is_service || login.0.ends_with("[bot]"),
        login,
    }
}

/// `_bot2`: how older versions told a project's tokens apart.
fn is_numbered_bot(text: &str) -> bool {
    text.strip_prefix("_bot")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A label.
#[derive(Debug, Deserialize)]
pub(super) struct Label {
    pub(super) title: Text,
}

/// What a field was and is.
#[derive(Debug, Deserialize)]
pub(super) struct Change<T> {
    pub(super) previous: Option<T>,
    pub(super) current: Option<T>,
}

/// Those who are in the list now and were not before, in GitLab's order.
pub(super) fn newcomers(change: Change<Vec<User>>) -> Vec<Login> {
    let before: std::collections::BTreeSet<Login> =
        change.previous.iter().flatten().filter_map(User::login).collect();
    let now = change.current.unwrap_or_default();
    now.iter()
        .filter_map(User::login)
        .filter(|login| !before.contains(login))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_tokens_are_programs() {
        for (name, is_bot) in [
            ("project_7_bot", true),
            ("project_7_bot2", true),
            ("group_12_bot_0af3", true),
            ("service_account_group_7_0af3", true),
            ("project_lead", false),
            ("project_7_bottle", false),
            ("robot", false),
        ] {
            assert_eq!(account(name.into()).is_bot, is_bot, "{name}");
        }
    }
}
