//! Purpose: messages: post, edit, answer, find again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::{
    SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest,
    SlackMessageContent, SlackMessageMetadata,
};
use url::Url;

use super::call::{Call, Safety};
use super::{As, Done, Page, Slack, SlackError};

/// The `event_type` of the metadata that [`tagged`] puts on a message.
const PURPOSE_EVENT: &str = "em_message";
/// Longer fallback text is cut to this. Source: <https://docs.slack.dev/reference/methods/chat.postMessage>
const TEXT_MAX_CHARS: usize = 4_000;
/// Nobody means to send more than this; Slack would cut it itself.
const TEXT_REFUSED_CHARS: usize = 40_000;
/// Source: <https://docs.slack.dev/reference/block-kit/blocks>
const BLOCKS_MAX: usize = 50;
/// Messages per page when looking for one.
const HISTORY_PAGE: &str = "200";
/// Pages read when looking for one: the newest 2,000 messages.
const HISTORY_PAGES: usize = 10;

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The channel's id (`C...`, `D...`).
    pub channel: String,
    /// The thread's first message, to answer in the thread.
    pub thread_ts: Option<String>,
}

impl Place {
    /// The channel itself.
    pub fn channel(id: impl Into<String>) -> Self {
        Self {
            channel: id.into(),
            thread_ts: None,
        }
    }

    /// A thread in it.
    #[must_use]
    pub fn in_thread(self, ts: impl Into<String>) -> Self {
        Self {
            thread_ts: Some(ts.into()),
            ..self
        }
    }
}

/// A message that is in Slack; enough to edit it or link to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's id within the channel.
    pub ts: String,
}

/// What to do with a response URL.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// A message for the person who asked.
    Ephemeral(&'a SlackMessageContent),
    /// A message that the whole channel sees.
    InChannel(&'a SlackMessageContent),
    /// New content for the message that was clicked.
    ReplaceOriginal(&'a SlackMessageContent),
    /// Removes the message that was clicked.
    DeleteOriginal,
}

/// Marks a message with what it is for, so that [`Slack::find_posted`] finds it when nobody knows whether it arrived.
/// Metadata holds strings only: a click on a message with anything else in it cannot be read by slack-morphism.
#[must_use]
pub fn tagged(content: SlackMessageContent, purpose_key: &str) -> SlackMessageContent {
    let payload = HashMap::from([("key".to_owned(), purpose_key.to_owned())]);
    content.with_metadata(SlackMessageMetadata::new(PURPOSE_EVENT.to_owned()).with_event_payload(payload))
}

impl Slack {
    /// Posts a new message. After [`SlackError::Ambiguous`] look with [`Slack::find_posted`] before posting again.
    pub async fn post(&self, place: &Place, content: &SlackMessageContent) -> Result<Posted, SlackError> {
        let content = sendable(content)?;
        let day = self.0.clock.now().date_naive();
        self.0.daily_posts.take(day)?;
        let request = SlackApiChatPostMessageRequest::new(place.channel.clone().into(), content)
            .opt_thread_ts(place.thread_ts.clone().map(Into::into))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let call = Call::new("chat.postMessage", Safety::Once).as_post(&place.channel);
        let posted = self.send(call, As::Bot, &request).await;
        if !matches!(posted, Ok(_) | Err(SlackError::Ambiguous { .. })) {
            self.0.daily_posts.give_back(day);
        }
        posted
    }

    /// Gives a message new content; what the content does not have (blocks, say) is removed.
    pub async fn update(&self, posted: &Posted, content: &SlackMessageContent) -> Result<(), SlackError> {
        let mut content = sendable(content)?;
        // Without the field Slack keeps the old blocks.
        content.blocks.get_or_insert_default();
        let request =
            SlackApiChatUpdateRequest::new(posted.channel.clone().into(), content, posted.ts.clone().into());
        let call = Call::new("chat.update", Safety::Repeatable).in_order(&posted.channel);
        self.send(call, As::Bot, &request).await.map(|_: Done| ())
    }

    /// Shows a message to one person in a channel; it is gone when they reload.
    pub async fn post_ephemeral(
        &self,
        place: &Place,
        user: &str,
        content: &SlackMessageContent,
    ) -> Result<(), SlackError> {
        let request = SlackApiChatPostEphemeralRequest::new(
            place.channel.clone().into(),
            user.to_owned().into(),
            sendable(content)?,
        )
        .opt_thread_ts(place.thread_ts.clone().map(Into::into));
        let call = Call::new("chat.postEphemeral", Safety::Once).in_order(&place.channel);
        self.send(call, As::Bot, &request).await.map(|_: Done| ())
    }

    /// Answers a command or a click by its response URL: good for 30 minutes and five answers, works in channels
    /// that the bot is not in.
    pub async fn respond(&self, response_url: &Url, answer: Answer<'_>) -> Result<(), SlackError> {
        let (content, response_type, safety) = match answer {
            // At worst the one person who asked reads the answer twice, which is better than not at all.
            Answer::Ephemeral(content) => (Some(content), Some("ephemeral"), Safety::Repeatable),
            Answer::InChannel(content) => (Some(content), Some("in_channel"), Safety::Once),
            Answer::ReplaceOriginal(content) => (Some(content), None, Safety::Repeatable),
            Answer::DeleteOriginal => (None, None, Safety::Repeatable),
        };
        let body = Response {
            content: content.map(sendable).transpose()?,
            response_type,
            replace_original: matches!(answer, Answer::ReplaceOriginal(_)),
            delete_original: matches!(answer, Answer::DeleteOriginal),
        };
        self.send_to(Call::new("response_url", safety), response_url, &body)
            .await
    }

    /// The channel of direct messages between the bot and a person.
    pub async fn open_dm(&self, user: &str) -> Result<String, SlackError> {
        #[derive(Deserialize)]
        struct Opened {
            channel: Id,
        }
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        let load = async {
            let body = serde_json::json!({ "users": user });
            let call = Call::new("conversations.open", Safety::Repeatable);
            let opened: Opened = self.send(call, As::Bot, &body).await?;
            Ok(opened.channel.id)
        };
        let channel = self.0.direct_messages.try_get_with_by_ref(user, load).await;
        channel.map_err(|error: std::sync::Arc<SlackError>| error.as_ref().clone())
    }

    /// Posts a direct message to a person.
    pub async fn send_dm(&self, user: &str, content: &SlackMessageContent) -> Result<Posted, SlackError> {
        let channel = self.open_dm(user).await?;
        self.post(&Place::channel(channel), content).await
    }

    /// Looks for a message that was [`tagged`] with this key, among the newest 2,000 since `oldest`.
    pub async fn find_posted(
        &self,
        place: &Place,
        purpose_key: &str,
        oldest: DateTime<Utc>,
    ) -> Result<Option<Posted>, SlackError> {
        self.find_message(place, oldest, |message| message.is_for(purpose_key))
            .await
    }

    /// The first message that `is_it` finds, a page at a time, among the newest 2,000 since `oldest`.
    pub(super) async fn find_message(
        &self,
        place: &Place,
        oldest: DateTime<Utc>,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Option<Posted>, SlackError> {
        let oldest = format!("{}.{:06}", oldest.timestamp(), oldest.timestamp_subsec_micros());
        let mut cursor = String::new();
        for _ in 0..HISTORY_PAGES {
            let page = self.history(place, &oldest, &cursor).await?;
            let next = page.next();
            if let Some(found) = page.rows.into_iter().find(|message| is_it(message)) {
                return Ok(Some(Posted {
                    channel: place.channel.clone(),
                    ts: found.ts,
                }));
            }
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        Ok(None)
    }

    async fn history(&self, place: &Place, oldest: &str, cursor: &str) -> Result<Page<Message>, SlackError> {
        let mut params = vec![
            ("channel", place.channel.as_str()),
            ("limit", HISTORY_PAGE),
            ("include_all_metadata", "true"),
            ("oldest", oldest),
            ("cursor", cursor),
        ];
        let method = match &place.thread_ts {
            Some(thread_ts) => {
                params.push(("ts", thread_ts));
                "conversations.replies"
            }
            None => "conversations.history",
        };
        self.get(Call::new(method, Safety::Repeatable), &params).await
    }

    /// A link to a message.
    pub async fn permalink(&self, posted: &Posted) -> Result<Url, SlackError> {
        #[derive(Deserialize)]
        struct Link {
            permalink: Url,
        }
        let params = [
            ("channel", posted.channel.as_str()),
            ("message_ts", posted.ts.as_str()),
        ];
        let link: Link = self
            .get(Call::new("chat.getPermalink", Safety::Repeatable), &params)
            .await?;
        Ok(link.permalink)
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "Slack's own names")]
struct Response {
    #[serde(flatten)]
    content: Option<SlackMessageContent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_type: Option<&'static str>,
    replace_original: bool,
    delete_original: bool,
}

/// A message as the history shows it, as far as we look.
#[derive(Deserialize)]
pub(super) struct Message {
    ts: String,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    files: Vec<SharedFile>,
}

#[derive(Deserialize)]
struct SharedFile {
    /// Missing of a file that was deleted.
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Metadata {
    event_type: String,
    #[serde(default)]
    event_payload: serde_json::Value,
}

impl Message {
    /// Whether it shows a file of this name.
    pub(super) fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    fn is_for(&self, purpose_key: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            metadata.event_type == PURPOSE_EVENT
                && metadata
                    .event_payload
                    .get("key")
                    .and_then(serde_json::Value::as_str)
                    == Some(purpose_key)
        })
    }
}

/// The content with its fallback text checked: notifications and screen readers have only that.
fn sendable(content: &SlackMessageContent) -> Result<SlackMessageContent, SlackError> {
    let text = content.text.as_deref().map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Err(SlackError::Invalid("a message without fallback text".to_owned()));
    }
    let chars = text.chars().count();
    if chars > TEXT_REFUSED_CHARS {
        return Err(SlackError::Invalid(format!(
            "a message text of {chars} characters"
        )));
    }
    if let Some(blocks) = content.blocks.as_ref().filter(|blocks| blocks.len() > BLOCKS_MAX) {
        return Err(SlackError::Invalid(format!(
            "a message of {} blocks",
            blocks.len()
        )));
    }
    let mut content = content.clone();
    if chars > TEXT_MAX_CHARS {
        content.text = Some(text.chars().take(TEXT_MAX_CHARS - 1).chain(['…']).collect());
    }
    Ok(content)
}

/// How many messages were posted today.
pub(super) struct DailyPosts {
    limit: u32,
    today: Mutex<(NaiveDate, u32)>,
}

impl DailyPosts {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            today: Mutex::new((NaiveDate::MIN, 0)),
        }
    }

    pub(super) fn take(&self, day: NaiveDate) -> Result<(), SlackError> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.0 != day {
            *today = (day, 0);
        }
        if today.1 >= self.limit {
            return Err(SlackError::DailyLimit { limit: self.limit });
        }
        today.1 += 1;
        Ok(())
    }

    /// Uncounts a message that Slack did not take.
    pub(super) fn give_back(&self, day: NaiveDate) {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.0 == day {
            today.1 = today.1.saturating_sub(1);
        }
    }
}
