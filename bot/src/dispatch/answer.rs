//! Purpose: a handler's result becomes words for the person who asked: in the right place, private by default, and
//! never silence.

use em_commands::invocation::{AnswerTo, Click, CommandError, Outcome, Reply};
use em_domain::id::ErrorId;
use em_integrations::slack::{Answer, SlackError};
use em_telemetry::names;
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;
use url::Url;

use super::Dispatcher;

/// Whoever clicked, in the message where they did.
pub(super) fn clicker(click: &Click) -> AnswerTo {
    match &click.response_url {
        Some(url) => AnswerTo::ResponseUrl(url.clone()),
        None => AnswerTo::Direct(click.user.clone()),
    }
}

impl Dispatcher {
    /// Says what came of it.
    pub(super) async fn answer(&self, to: AnswerTo, outcome: Outcome) {
        let reply = match outcome {
            Ok(reply) => reply,
            Err(error) => Reply::private(explain(error)),
        };
        let slack = &self.ctx.slack;
        let said = match reply {
            Reply::Private(content) => to.say(slack, &content).await.map(drop),
            Reply::Replace(content) => match &to {
                AnswerTo::ResponseUrl(url) => self.respond(url, Answer::ReplaceOriginal(&content)).await,
                AnswerTo::Message { .. } | AnswerTo::Direct(_) => to.say(slack, &content).await.map(drop),
            },
            Reply::Answer {
                response_url,
                content,
            } => {
                let to = response_url.map_or(to, AnswerTo::ResponseUrl);
                to.say(slack, &content).await.map(drop)
            }
            Reply::Modal(_) | Reply::Redraw(_) => {
                tracing::error!("a modal has no place here");
                return;
            }
            Reply::Done => return,
        };
        if let Err(error) = said {
            tracing::error!(%error, "an answer did not arrive");
            metrics::counter!(names::ERRORS_TOTAL, "area" => "answer").increment(1);
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
