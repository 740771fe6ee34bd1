//! Purpose: an answer that takes a while: something is shown at once, and grows into the answer where Slack can edit it.
//!
//! Only posted messages can be edited, so this is for direct messages. What one person sees in a channel cannot: not by
//! `chat.update`, and a slash command's response URL posts a new message for `replace_original`
//! (<https://docs.slack.dev/messaging/modifying-messages>). There the beginning is shown, and then the answer.

use chrono::{DateTime, Duration, Utc};
use em_integrations::slack::{Answer, Place, Posted, Slack, SlackError};
use slack_morphism::prelude::SlackMessageContent;
use url::Url;

use crate::ctx::Ctx;
use crate::invocation::{AnswerTo, CommandError, Outcome, Reply};

/// The least time between two edits of one message: `chat.update` is allowed about fifty times a minute
/// (<https://docs.slack.dev/apis/web-api/rate-limits>), for all messages together.
const EDIT_EVERY: Duration = Duration::milliseconds(1_500);

/// A message in the making.
pub(crate) struct Draft<'a> {
    ctx: &'a Ctx,
    posted: Option<Posted>,
    edited_at: DateTime<Utc>,
}

impl AnswerTo {
    /// Says something there; answers where it stands, if it can be edited.
    ///
    /// # Errors
    /// Slack does not take it.
    pub async fn say(
        &self,
        slack: &Slack,
        content: &SlackMessageContent,
    ) -> Result<Option<Posted>, SlackError> {
        match self {
            Self::ResponseUrl(url) => {
                let url =
                    Url::parse(url).map_err(|error| SlackError::Invalid(format!("response_url: {error}")))?;
                slack
                    .respond(&url, Answer::Ephemeral(content))
                    .await
                    .map(|()| None)
            }
            Self::Message {
                channel,
                user,
                thread,
                is_direct,
            } => {
                let place = Place {
                    channel: channel.0.clone(),
                    thread_ts: thread.clone(),
                };
                if *is_direct {
                    return slack.post(&place, content).await.map(Some);
                }
                slack
                    .post_ephemeral(&place, user.as_str(), content)
                    .await
                    .map(|()| None)
            }
            Self::Direct(user) => slack.send_dm(user.as_str(), content).await.map(Some),
        }
    }
}

impl<'a> Draft<'a> {
    /// Shows `content` at once. Where that fails the answer itself is still to come, so it is only logged.
    pub(crate) async fn begin(ctx: &'a Ctx, to: Option<&AnswerTo>, content: &SlackMessageContent) -> Self {
        let posted = match to {
            Some(to) => to.say(&ctx.slack, content).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the beginning of an answer could not be shown");
                None
            }),
            None => None,
        };
        Self {
            posted,
            ..Self::unseen(ctx)
        }
    }

    /// One that nobody watches.
    pub(crate) fn unseen(ctx: &'a Ctx) -> Self {
        Self {
            ctx,
            posted: None,
            edited_at: ctx.clock.now(),
        }
    }

    /// Shows more of it, where it can be edited and was not just now.
    pub(crate) async fn grow(&mut self, content: impl FnOnce() -> Option<SlackMessageContent>) {
        let Some(posted) = &self.posted else { return };
        if self.ctx.clock.now() - self.edited_at < EDIT_EVERY {
            return;
        }
        let Some(content) = content() else { return };
        self.edited_at = self.ctx.clock.now();
        if let Err(error) = self.ctx.slack.update(posted, &content).await {
            tracing::debug!(%error, "a growing answer could not be edited");
        }
    }

    /// Shows the answer, or in place of what was shown `stopped` and why.
    pub(crate) async fn finish(
        self,
        answer: Result<SlackMessageContent, CommandError>,
        stopped: impl FnOnce() -> SlackMessageContent,
    ) -> Outcome {
        let Some(posted) = self.posted else {
            return answer.map(Reply::private);
        };
        match answer {
            Ok(answer) => self.ctx.slack.update(&posted, &answer).await?,
            Err(error) => {
                if let Err(error) = self.ctx.slack.update(&posted, &stopped()).await {
                    tracing::warn!(%error, "an unfinished answer could not be taken back");
                }
                return Err(error);
            }
        }
        Ok(Reply::Done)
    }
}
