//! Purpose: a handler's result becomes words for the person who asked: in the right place, private by default, and
//! never silence.

use em_commands::invocation::{Click, CommandError, Outcome, Reply};
use em_domain::id::{ErrorId, SlackChannel, SlackUser};
use em_integrations::slack::{Answer, Place, SlackError};
use em_telemetry::names;
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;
use url::Url;

use super::Dispatcher;

/// Where an answer goes.
#[derive(Debug, Clone)]
pub(super) enum To {
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

impl To {
    /// Whoever clicked, in the message where they did.
    pub(super) fn clicker(click: &Click) -> Self {
        match &click.response_url {
            Some(url) => Self::ResponseUrl(url.clone()),
            None => Self::Direct(click.user.clone()),
        }
    }
}

impl Dispatcher {
    /// Says what came of it.
    pub(super) async fn answer(&self, to: To, outcome: Outcome) {
        let reply = match outcome {
            Ok(reply) => reply,
            Err(error) => Reply::private(explain(error)),
        };
        let said = match reply {
            Reply::Private(content) => self.say(&to, &content).await,
            Reply::Replace(content) => match &to {
                To::ResponseUrl(url) => self.respond(url, Answer::ReplaceOriginal(&content)).await,
                To::Message { .. } | To::Direct(_) => self.say(&to, &content).await,
            },
            Reply::Answer {
                response_url,
                content,
            } => {
                let to = response_url.map_or(to, To::ResponseUrl);
                self.say(&to, &content).await
            }
            Reply::Modal(_) => {
                tracing::error!("a modal has no trigger here");
                return;
            }
            Reply::Done => return,
        };
        if let Err(error) = said {
            tracing::error!(%error, "an answer did not arrive");
            metrics::counter!(names::ERRORS_TOTAL, "area" => "answer").increment(1);
        }
    }

    async fn say(&self, to: &To, content: &SlackMessageContent) -> Result<(), SlackError> {
        let slack = &self.ctx.slack;
        match to {
            To::ResponseUrl(url) => self.respond(url, Answer::Ephemeral(content)).await,
            To::Message {
                channel,
                thread,
                is_direct: true,
                ..
            } => {
                let place = Place::channel(channel.as_str());
                let place = thread
                    .as_ref()
                    .map_or(place.clone(), |thread| place.in_thread(thread));
                slack.post(&place, content).await.map(drop)
            }
            To::Message {
                channel,
                user,
                thread,
                is_direct: false,
            } => {
                let place = Place::channel(channel.as_str());
                let place = thread
                    .as_ref()
                    .map_or(place.clone(), |thread| place.in_thread(thread));
                slack
                    .post_ephemeral(&place, user.as_str(), content)
                    .await
                    .map(drop)
            }
            To::Direct(user) => slack.send_dm(user.as_str(), content).await.map(drop),
        }
    }

    async fn respond(&self, url: &str, answer: Answer<'_>) -> Result<(), SlackError> {
        let url = Url::parse(url).map_err(|error| SlackError::Invalid(format!("response_url: {error}")))?;
        self.ctx.slack.respond(&url, answer).await
    }
}

/// Words for the person; what only an operator can use goes to the log, under the id the person is told.
fn explain(error: CommandError) -> SlackMessageContent {
    match error {
        CommandError::User(sentence) => em_blocks::error::message_sorry(&sentence),
        CommandError::Denied(reason) => em_blocks::error::message_denied(&reason),
        CommandError::Usage { problem, usage } => em_blocks::error::message_bad_usage(&problem, &usage),
        CommandError::Slack(error) => {
            tracing::warn!(%error, "Slack refused");
            em_blocks::error::message_sorry(&error.advice())
        }
        CommandError::Internal(error) => {
            let id = ErrorId::new(Ulid::new());
            tracing::error!(error.id = %id, error = format!("{error:#}"), "a handler failed");
            metrics::counter!(names::ERRORS_TOTAL, "area" => "command").increment(1);
            em_blocks::error::message_failure(&id, em_blocks::error::Effect::Unsure)
        }
    }
}
