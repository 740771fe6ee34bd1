//! Purpose: what goes wrong on the way to an action, and what that means before it (a sentence for whoever proposes)
//! and while it is done (again, never, or ask people).

use chrono::{DateTime, Utc};
use em_integrations::github::client::GithubError;
use em_integrations::rest::{ChangeError, ChangeFailure};
use em_integrations::slack::SlackError;
use em_storage::StoreError;

use super::ActionError;
use crate::invocation::CommandError;

/// Why a check or an action did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// GitHub's answer.
    Github(GithubError),
    /// The answer of another system.
    Elsewhere(ChangeError),
    /// Slack's answer.
    Slack(SlackError),
    /// Our own.
    Command(CommandError),
    /// It may have been done, and only people can find out.
    Unknown(String),
}

impl Trouble {
    /// A sentence for people; trying again changes nothing.
    pub(super) fn says(sentence: impl Into<String>) -> Self {
        Self::Command(CommandError::user(sentence))
    }

    /// What it means while the action is done.
    pub(super) fn into_action(self, now: DateTime<Utc>) -> ActionError {
        match self {
            Self::Github(error) => of_github(error),
            Self::Elsewhere(error) => of_elsewhere(error, now),
            Self::Slack(error) | Self::Command(CommandError::Slack(error)) => of_slack(error, now),
            Self::Command(CommandError::User(sentence) | CommandError::Denied(sentence)) => {
                ActionError::Refused(sentence)
            }
            Self::Command(CommandError::Usage { problem, usage }) => {
                ActionError::Refused(format!("{problem} It is written `{usage}`."))
            }
            // Whatever of ours failed may have failed after the deed.
            Self::Command(CommandError::Internal(error)) => ActionError::Retry {
                error,
                may_have_happened: true,
                at: None,
            },
            Self::Unknown(sentence) => ActionError::Unknown(sentence),
        }
    }
}

fn of_github(error: GithubError) -> ActionError {
    let at = match &error {
        GithubError::RateLimited { retry_at } => Some(*retry_at),
        GithubError::Ambiguous { .. } | GithubError::Unavailable { .. } | GithubError::Malformed { .. } => {
            None
        }
        GithubError::Unauthorized
        | GithubError::Forbidden { .. }
        | GithubError::NotFound
        | GithubError::Refused { .. } => return ActionError::Refused(advice(&error)),
    };
    ActionError::Retry {
        may_have_happened: matches!(
            error,
            GithubError::Ambiguous { .. } | GithubError::Malformed { .. }
        ),
        error: error.into(),
        at,
    }
}

fn of_elsewhere(error: ChangeError, now: DateTime<Utc>) -> ActionError {
    let at = match &error.failure {
        ChangeFailure::RateLimited { after } => after
            .and_then(|after| chrono::Duration::from_std(after).ok())
            .map(|pause| now + pause),
        ChangeFailure::Ambiguous { .. }
        | ChangeFailure::Unavailable { .. }
        | ChangeFailure::Malformed { .. } => None,
        ChangeFailure::Unauthorized
        | ChangeFailure::Forbidden { .. }
        | ChangeFailure::NotFound
        | ChangeFailure::Refused { .. } => return ActionError::Refused(advice_elsewhere(&error)),
    };
    ActionError::Retry {
        may_have_happened: matches!(error.failure, ChangeFailure::Ambiguous { .. }),
        error: error.into(),
        at,
    }
}

fn of_slack(error: SlackError, now: DateTime<Utc>) -> ActionError {
    let at = match &error {
        SlackError::RateLimited { retry_after } => chrono::Duration::from_std(*retry_after)
            .ok()
            .map(|pause| now + pause),
        SlackError::Unavailable { .. } | SlackError::Ambiguous { .. } => None,
        SlackError::NoToken { .. }
        | SlackError::Unauthorized { .. }
        | SlackError::NotInChannel
        | SlackError::ChannelNotFound
        | SlackError::Expired { .. }
        | SlackError::Rejected { .. }
        | SlackError::DailyLimit { .. }
        | SlackError::Invalid(_) => return ActionError::Refused(error.advice()),
    };
    ActionError::Retry {
        may_have_happened: matches!(error, SlackError::Ambiguous { .. }),
        error: error.into(),
        at,
    }
}

/// One sentence or two for a person: what happened and what to do now.
fn advice(error: &GithubError) -> String {
    match error {
        GithubError::Unauthorized => {
            "GitHub does not accept my token. An admin must set GITHUB_TOKEN to a new one.".to_owned()
        }
        GithubError::Forbidden { missing } => format!(
            "My GitHub token lacks a permission: `{missing}`. An admin can grant it to the token that \
             GITHUB_TOKEN holds."
        ),
        GithubError::NotFound => {
            "GitHub shows me no such thing: it is not there, or my token may not see it.".to_owned()
        }
        GithubError::RateLimited { retry_at } => format!(
            "GitHub lets me ask nothing more until {} UTC. Try again then.",
            retry_at.format("%H:%M")
        ),
        GithubError::Refused { reason } => format!("GitHub declined it: {reason}."),
        GithubError::Ambiguous { .. } => {
            "GitHub gave no clear answer: it may or may not have happened. Look before you try again."
                .to_owned()
        }
        GithubError::Unavailable { .. } => {
            "GitHub cannot be reached just now. Nothing was done; try again in a minute.".to_owned()
        }
        GithubError::Malformed { .. } => {
            "GitHub gave an answer that I cannot read. Nothing was done; an admin can see why in the log."
                .to_owned()
        }
    }
}

/// The same about another system.
fn advice_elsewhere(error: &ChangeError) -> String {
    let ChangeError {
        vendor,
        token,
        failure,
    } = error;
    match failure {
        ChangeFailure::Unauthorized => {
            format!("{vendor} does not accept my token. An admin must set {token} to a new one.")
        }
        ChangeFailure::Forbidden { why } => format!(
            "{vendor} does not let my token do this: {why}. An admin can grant it to the token that {token} holds."
        ),
        ChangeFailure::NotFound => {
            format!("{vendor} shows me no such thing: it is not there, or my token may not see it.")
        }
        ChangeFailure::RateLimited { .. } => {
            format!("{vendor} lets me ask nothing more for now. Try again in a few minutes.")
        }
        ChangeFailure::Refused { reason } => format!("{vendor} declined it: {reason}."),
        ChangeFailure::Ambiguous { .. } => format!(
            "{vendor} gave no clear answer: it may or may not have happened. Look before you try again."
        ),
        ChangeFailure::Unavailable { .. } => {
            format!("{vendor} cannot be reached just now. Nothing was done; try again in a minute.")
        }
        ChangeFailure::Malformed { .. } => format!(
            "{vendor} gave an answer that I cannot read. Nothing was done; an admin can see why in the log."
        ),
    }
}

impl From<Trouble> for CommandError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Github(error) => {
                tracing::info!(%error, "an action could not be checked");
                Self::User(advice(&error))
            }
            Trouble::Elsewhere(error) => {
                tracing::info!(%error, "an action could not be checked");
                Self::User(advice_elsewhere(&error))
            }
            Trouble::Slack(error) => Self::Slack(error),
            Trouble::Command(error) => error,
            Trouble::Unknown(sentence) => Self::User(sentence),
        }
    }
}

impl From<GithubError> for Trouble {
    fn from(error: GithubError) -> Self {
        Self::Github(error)
    }
}

impl From<ChangeError> for Trouble {
    fn from(error: ChangeError) -> Self {
        Self::Elsewhere(error)
    }
}

impl From<SlackError> for Trouble {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

impl From<CommandError> for Trouble {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Command(error.into())
    }
}
