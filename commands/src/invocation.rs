//! Purpose: what came from a person (or the clock), and what they get back.

use em_domain::id::{SlackChannel, SlackUser};
use em_domain::job::JobError;
use em_integrations::slack::SlackError;
use em_storage::StoreError;
use slack_morphism::prelude::{SlackMessageContent, SlackView, SlackViewState};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A person in Slack.
    Person(SlackUser),
    /// A schedule, by its name.
    Schedule(String),
}

impl std::fmt::Display for Caller {
    /// As the audit log names them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(user) => user.fmt(f),
            Self::Schedule(name) => write!(f, "schedule:{name}"),
        }
    }
}

/// Where an answer goes.
#[derive(Debug, Clone)]
pub enum AnswerTo {
    /// To whoever typed a command or clicked in a message.
    ResponseUrl(String),
    /// To somebody who wrote a message.
    Message {
        /// Where it was written.
        channel: SlackChannel,
        /// Who wrote it.
        user: SlackUser,
        /// The thread it was written in.
        thread: Option<String>,
        /// It was written to the bot alone.
        is_direct: bool,
    },
    /// In a direct message: there is nothing else to answer to.
    Direct(SlackUser),
}

/// A typed command, however it came: slash command, mention, direct message, schedule.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Who asks.
    pub caller: Caller,
    /// Where it was typed (for a schedule: where to post).
    pub channel: Option<SlackChannel>,
    /// What follow-ups belong to: the thread's first message, or [`DIRECT`]. None for slash commands, which Slack takes in
    /// no thread, and for schedules.
    pub conversation: Option<String>,
    /// Where the answer goes; nowhere for a schedule.
    pub answer_to: Option<AnswerTo>,
    /// Opens a modal within three seconds; only a slash command has one.
    pub trigger_id: Option<String>,
    /// The words after the command's path, as typed.
    pub words: Vec<String>,
}

/// The conversation of direct messages outside of threads.
pub const DIRECT: &str = "direct";

impl Invocation {
    /// The person who asks.
    ///
    /// # Errors
    /// A schedule asks, and this command is for people.
    pub fn person(&self) -> Result<&SlackUser, CommandError> {
        match &self.caller {
            Caller::Person(user) => Ok(user),
            Caller::Schedule(_) => Err(CommandError::user(
                "This command answers a person; a schedule cannot run it.",
            )),
        }
    }
}

/// A click on something in a message or view.
#[derive(Debug, Clone)]
pub struct Click {
    /// Who clicked.
    pub user: SlackUser,
    /// What it asks for: `feature.verb`.
    pub action: String,
    /// What the row is about (`owner/name#12`); empty outside a row.
    pub subject: String,
    /// The button's value; empty for a menu.
    pub value: String,
    /// The conversation of the message, where it is in one.
    pub channel: Option<SlackChannel>,
    /// The clicked message.
    pub message_ts: Option<String>,
    /// Opens a modal within three seconds.
    pub trigger_id: String,
    /// Where an answer can be sent, for messages.
    pub response_url: Option<String>,
    /// The modal that it is in, where it is in one.
    pub modal: Option<ClickedModal>,
}

/// The modal that a click is in.
#[derive(Debug, Clone)]
pub struct ClickedModal {
    /// Its id: for giving it new content.
    pub id: String,
    /// What it was opened for.
    pub private_metadata: String,
}

/// A submitted modal.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Who submitted.
    pub user: SlackUser,
    /// The modal's kind: `feature.verb`.
    pub callback_id: String,
    /// What the modal was opened for.
    pub private_metadata: String,
    /// What was chosen and typed.
    pub state: SlackViewState,
}

/// An emoji that somebody put on a message.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// Who.
    pub user: SlackUser,
    /// The emoji's name, without colons.
    pub emoji: String,
    /// The conversation of the message.
    pub channel: SlackChannel,
    /// The message.
    pub message_ts: String,
}

/// A used shortcut: from anywhere, or on a message.
#[derive(Debug, Clone)]
pub struct ShortcutUse {
    /// Who used it.
    pub user: SlackUser,
    /// Opens a modal within three seconds.
    pub trigger_id: String,
    /// The message that it was used on.
    pub message: Option<UsedOn>,
    /// The conversation of that message.
    pub channel: Option<SlackChannel>,
    /// Where an answer can be sent, for messages.
    pub response_url: Option<String>,
}

/// The message that a shortcut was used on.
#[derive(Debug, Clone)]
pub struct UsedOn {
    /// What it says.
    pub text: String,
    /// Its id within the channel.
    pub ts: String,
    /// The first message of its thread, where it is in one.
    pub thread_ts: Option<String>,
}

/// What a handler wants said.
#[derive(Debug)]
pub enum Reply {
    /// To the person alone.
    Private(Box<SlackMessageContent>),
    /// In place of the message that was clicked.
    Replace(Box<SlackMessageContent>),
    /// Opens a modal, over the one that the click was in. The trigger lives three seconds.
    Modal(Box<SlackView>),
    /// Gives the modal that the click was in new content.
    Redraw(Box<SlackView>),
    /// Where a modal was opened from, to the person alone.
    Answer {
        /// The response address of the message it was opened from; absent where there was none.
        response_url: Option<String>,
        /// What is said.
        content: Box<SlackMessageContent>,
    },
    /// The effect speaks for itself.
    Done,
}

impl Reply {
    /// To the person alone.
    pub fn private(content: SlackMessageContent) -> Self {
        Self::Private(Box::new(content))
    }
}

/// Why something did not happen. All but the last are written for the person; that one is logged in full, and the
/// person gets its id.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// One clear sentence: what, why, what now.
    #[error("{0}")]
    User(String),
    /// The policy says no, and why.
    #[error("{0}")]
    Denied(String),
    /// The words could not be read.
    #[error("{problem}")]
    Usage {
        /// What was not understood.
        problem: String,
        /// How it is written.
        usage: String,
    },
    /// Slack refused in a way that the person can mend.
    #[error("{0}")]
    Slack(SlackError),
    /// Our failure.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// What a handler returns.
pub type Outcome = Result<Reply, CommandError>;

impl CommandError {
    /// A sentence for the person.
    pub fn user(sentence: impl Into<String>) -> Self {
        Self::User(sentence.into())
    }
}

/// What the failure of a command means for the job that typed it: what a person must mend is not tried again.
impl From<CommandError> for JobError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::User(sentence) | CommandError::Denied(sentence) => Self::Fail(sentence),
            CommandError::Usage { problem, .. } => Self::Fail(problem),
            CommandError::Slack(error) => match error {
                // A post is claimed before it is sent, and looked for before it is sent again.
                SlackError::RateLimited { .. }
                | SlackError::Unavailable { .. }
                | SlackError::Ambiguous { .. } => Self::retry(error.to_string()),
                SlackError::NoToken { .. }
                | SlackError::Unauthorized { .. }
                | SlackError::NotInChannel
                | SlackError::ChannelNotFound
                | SlackError::Expired { .. }
                | SlackError::Rejected { .. }
                | SlackError::DailyLimit { .. }
                | SlackError::Invalid(_) => Self::Fail(error.advice()),
            },
            CommandError::Internal(error) => Self::retry(format!("{error:#}")),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Internal(anyhow::Error::new(error))
    }
}

impl From<SlackError> for CommandError {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}
