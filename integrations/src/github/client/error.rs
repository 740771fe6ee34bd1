//! Purpose: the ways GitHub can fail, as the decisions they call for.

use chrono::{DateTime, Utc};

/// Why GitHub gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// The token is missing, expired or revoked: an operator must replace it.
    #[error("GitHub does not accept the token")]
    Unauthorized,
    /// The token may not do this: an operator must grant it something.
    #[error("the GitHub token lacks a permission: {missing}")]
    Forbidden {
        /// What GitHub says it wants, or its message.
        missing: String,
    },
    /// There is no such thing, or the token may not know that there is.
    #[error("GitHub shows no such thing to this token")]
    NotFound,
    /// Nothing may be sent before `retry_at`.
    #[error("GitHub's rate limit is used up until {retry_at}")]
    RateLimited {
        /// When to go on.
        retry_at: DateTime<Utc>,
    },
    /// GitHub understood what was to be done and declines it: asking again gives the same answer.
    #[error("GitHub declined it: {reason}")]
    Refused {
        /// GitHub's reason, as a sentence.
        reason: String,
    },
    /// Something was to be done and no clear answer came back: it may or may not have been done. Look before it is
    /// asked for again.
    #[error("GitHub gave no clear answer: {detail}")]
    Ambiguous {
        /// What was seen, without addresses or tokens.
        detail: String,
    },
    /// GitHub or the network between is down; already tried several times. Nothing was changed.
    #[error("GitHub cannot be reached: {detail}")]
    Unavailable {
        /// What was seen, without addresses or tokens.
        detail: String,
    },
    /// The answer is not what GitHub's documentation says, or the configured address is wrong.
    #[error("GitHub's answer cannot be read: {detail}")]
    Malformed {
        /// What was seen.
        detail: String,
    },
}

impl GithubError {
    /// A request that got no whole answer.
    pub(super) fn on_the_way(error: reqwest::Error) -> Self {
        let detail = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if error.is_connect() {
            "no connection".to_owned()
        } else {
            error.without_url().to_string()
        };
        Self::Unavailable { detail }
    }
}
