//! Purpose: pictures and tables: brought to Slack, and shown in a thread or a conversation.
//!
//! Slack takes a file in three steps (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal>): it is asked for an
//! address, the bytes go there, and the file is shown somewhere. Until the last step nobody sees anything, so the first two
//! may be repeated. A file that is shown nowhere is the app's alone, and a block that names it is refused while Slack still
//! looks at it for malware; so a picture is shown in a thread, which Slack does by itself when it is ready.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::SlackClientApiCallContext;
use slack_morphism::prelude::SlackClientHttpConnector as _;

use super::call::{Call, Safety};
use super::failure::Failure;
use super::{As, Done, Place, Slack, SlackError};

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Png,
    /// A table.
    Csv,
}

impl FileKind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Csv => "text/csv",
        }
    }
}

/// A file to be shown.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// What it is.
    pub kind: FileKind,
    /// Its name as a file, by which it is found again: nothing else in the thread has it.
    pub name: &'a str,
    /// What people read above it.
    pub title: &'a str,
    /// What a picture shows, in words: at most 1,000 characters; nothing for a table.
    pub alt_text: &'a str,
    /// The file itself.
    pub bytes: &'a [u8],
}

#[derive(Deserialize)]
struct Ticket {
    upload_url: url::Url,
    file_id: String,
}

impl Slack {
    /// Shows a file in the thread or conversation that `place` names. After [`SlackError::Ambiguous`] look with
    /// [`Slack::has_file`] before showing it again.
    pub async fn show_file(&self, place: &Place, file: &File<'_>) -> Result<(), SlackError> {
        let ticket = self.ticket(file).await?;
        self.bring(&ticket, file).await?;
        let day = self.0.clock.now().date_naive();
        self.0.daily_posts.take(day)?;
        let body = json!({
            "files": [{"id": ticket.file_id, "title": file.title}],
            "channel_id": place.channel,
            "thread_ts": place.thread_ts,
        });
        let call = Call::new("files.completeUploadExternal", Safety::Once).as_post(&place.channel);
        let shown: Result<Done, SlackError> = self.send(call, As::Bot, &body).await;
        if !matches!(shown, Ok(_) | Err(SlackError::Ambiguous { .. })) {
            self.0.daily_posts.give_back(day);
        }
        shown.map(drop)
    }

    /// Whether a file of this name is in the thread since `oldest`. Slack shows a file some time after it has taken it.
    pub async fn has_file(
        &self,
        place: &Place,
        name: &str,
        oldest: DateTime<Utc>,
    ) -> Result<bool, SlackError> {
        let found = self.find_message(place, oldest, |message| message.has_file(name));
        Ok(found.await?.is_some())
    }

    async fn ticket(&self, file: &File<'_>) -> Result<Ticket, SlackError> {
        let length = file.bytes.len().to_string();
        let mut params = vec![("filename", file.name), ("length", length.as_str())];
        if !file.alt_text.is_empty() {
            params.push(("alt_txt", file.alt_text));
        }
        let call = Call::new("files.getUploadURLExternal", Safety::Repeatable);
        self.get(call, &params).await
    }

    /// The bytes, to the address that Slack gave for them; the address is the permission.
    async fn bring(&self, ticket: &Ticket, file: &File<'_>) -> Result<(), SlackError> {
        let span = tracing::debug_span!("slack upload");
        let call = Call::new("upload", Safety::Repeatable);
        let attempt = || async {
            let context = SlackClientApiCallContext {
                rate_control_params: None,
                token: None,
                tracing_span: &span,
                is_sensitive_url: true,
            };
            let address = ticket.upload_url.clone();
            let connector = &self.0.client.http_api.connector;
            // Slack answers with a few words, which are no JSON.
            let sent = connector.http_post_uri_binary::<Value>(
                address,
                file.kind.media_type().to_owned(),
                file.bytes,
                context,
            );
            sent.await.map(drop).map_err(Failure::from)
        };
        self.0.caller.run(call, attempt).await
    }
}
