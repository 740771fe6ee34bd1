//! Purpose: what can go wrong with a call to Slack, told apart by what a caller does about it.

use std::time::Duration;

/// Why a call to Slack did not succeed. Carries codes and names, never message text or tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Slack asked to wait longer than the call may take, or the channel's queue is that long. Nothing was sent:
    /// try again after the delay.
    #[error("Slack's rate limit: try again in {} s", retry_after.as_secs())]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Slack cannot be reached or has a fault. Nothing was changed, or the call may be repeated without harm.
    #[error("Slack is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for the log.
        reason: String,
    },
    /// Sent, but no usable answer came back: the message may be there. Look with
    /// [`find_posted`](super::Slack::find_posted) before posting it again.
    #[error("no clear answer from Slack to {method}: {reason}")]
    Ambiguous {
        /// Slack's name of the method.
        method: &'static str,
        /// What was seen, for the log.
        reason: String,
    },
    /// No token is configured.
    #[error("{name} is not set")]
    NoToken {
        /// The setting that is missing.
        name: &'static str,
    },
    /// The token is refused or lacks a scope.
    #[error("Slack refused the token: {code}{}", needed.as_ref().map(|scope| format!(", needs {scope}")).unwrap_or_default())]
    Unauthorized {
        /// Slack's error code.
        code: String,
        /// The scope that Slack says is missing.
        needed: Option<String>,
    },
    /// The bot has not been invited to the channel.
    #[error("the bot is not in the channel")]
    NotInChannel,
    /// There is no such channel, or it is private and the bot is not in it.
    #[error("no such channel")]
    ChannelNotFound,
    /// The button, form or command is too old to be answered: response URLs live 30 minutes and five uses,
    /// trigger ids 3 seconds and one use.
    #[error("too late to answer: {code}")]
    Expired {
        /// Slack's error code.
        code: String,
    },
    /// Slack understood the call and declined it; the same call will be declined again.
    #[error("Slack declined the call: {code}")]
    Rejected {
        /// Slack's error code.
        code: String,
    },
    /// `MAX_DAILY_SLACK_POSTS` messages were posted today (UTC).
    #[error("the daily limit of {limit} posts is used up")]
    DailyLimit {
        /// The configured limit.
        limit: u32,
    },
    /// Not sent, because Slack could not accept it: a defect of the caller or of the configuration.
    #[error("not sendable: {0}")]
    Invalid(String),
}

impl SlackError {
    /// One sentence or two for a person: what happened and what to do now.
    pub fn advice(&self) -> String {
        match self {
            Self::RateLimited { retry_after } => format!(
                "Slack asked me to slow down. Try again in {}.",
                if retry_after.as_secs() < 2 {
                    "a moment".to_owned()
                } else {
                    format!("{} seconds", retry_after.as_secs())
                }
            ),
            Self::Unavailable { .. } => {
                "Slack could not be reached. Nothing was sent; try again in a minute.".to_owned()
            }
            Self::Ambiguous { .. } => {
                "Slack did not confirm the message. Look whether it is there before you try again.".to_owned()
            }
            Self::NoToken { name } => format!("I have no Slack token: set {name} and start me again."),
            Self::Unauthorized {
                needed: Some(scope), ..
            } => format!(
                "I lack the Slack permission `{scope}`. Ask a workspace admin to add the scope and reinstall the app."
            ),
            Self::Unauthorized { needed: None, code } => {
                format!("Slack refused my token ({code}). Ask an admin to check it with `em-agent doctor`.")
            }
            Self::NotInChannel => {
                "I am not in that channel. Type `/invite @EM Agent` there and try again.".to_owned()
            }
            Self::ChannelNotFound => "I cannot find that channel. If it is private, invite me to it first; \
                                      otherwise check the name."
                .to_owned(),
            Self::Expired { .. } => "That was too long ago for Slack. Run the command again.".to_owned(),
            Self::Rejected { code } => {
                format!("Slack did not accept it ({code}). An admin can look it up in the log.")
            }
            Self::DailyLimit { limit } => format!(
                "I have posted {limit} messages today, which is my limit. I will post again tomorrow (UTC), or an \
                 admin can raise MAX_DAILY_SLACK_POSTS."
            ),
            Self::Invalid(_) => {
                "I built a message that Slack cannot show. An admin can see why in the log.".to_owned()
            }
        }
    }
}
