//! Purpose: one person, many accounts: which Slack user is which account elsewhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, SlackUser};

/// Why two accounts are believed to be one person. A later variant beats an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrigin {
    /// The same e-mail address on both sides.
    Email,
    /// The person said so with `link`.
    Person,
    /// The operator's configuration says so.
    Configuration,
}

impl LinkOrigin {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Person => "person",
            Self::Configuration => "configuration",
        }
    }

    /// The origin stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Email, Self::Person, Self::Configuration]
            .into_iter()
            .find(|o| o.as_str() == name)
    }
}

/// A Slack user is this GitHub account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The person in Slack.
    pub slack_user: SlackUser,
    /// The account on GitHub.
    pub login: Login,
    /// Why we believe it.
    pub origin: LinkOrigin,
    /// Since when.
    pub linked_at: DateTime<Utc>,
}

/// One person, by the accounts that are known of them; at least one is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The person in Slack.
    pub slack_user: Option<SlackUser>,
    /// The account on GitHub.
    pub login: Option<Login>,
}

/// Whether `text` can be a GitHub login: 1 to 39 letters, digits or single dashes, not at an end
/// (docs.github.com, "Username considerations"). `[bot]` accounts do not use Slack.
pub fn is_github_login(text: &str) -> bool {
    (1..=39).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}
