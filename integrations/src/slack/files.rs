//! Purpose: pictures: brought to Slack, and shown in a thread.
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

/// A picture to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Its name as a file, by which it is found again: nothing else in the thread has it.
    pub name: &'a str,
    /// What people read above it.
    pub title: &'a str,
    /// What it shows, in words: at most 1,000 characters.
    pub alt_text: &'a str,
    /// The file: PNG.
    pub png: &'a [u8],
}

#[derive(Deserialize)]
struct Ticket {
    upload_url: url::Url,
    file_id: String,
}

impl Slack {
    /// Shows a picture in the thread that `place` names. After [`SlackError::Ambiguous`] look with [`Slack::has_picture`] before
    /// showing it again.
    pub async fn show_picture(&self, place: &Place, picture: &Picture<'_>) -> Result<(), SlackError> {
        let ticket = self.ticket(picture).await?;
        self.bring(&ticket, picture.png).await?;
        let day = self.0.clock.now().date_naive();
        self.0.daily_posts.take(day)?;
        let body = json!({
            "files": [{"id": ticket.file_id, "title": picture.title}],
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

    /// Whether a picture of this name is in the thread since `oldest`. Slack shows a file some time after it has taken it.
    pub async fn has_picture(
        &self,
        place: &Place,
        name: &str,
        oldest: DateTime<Utc>,
    ) -> Result<bool, SlackError> {
        let found = self.find_message(place, oldest, |message| message.has_file(name));
        Ok(found.await?.is_some())
    }

    async fn ticket(&self, picture: &Picture<'_>) -> Result<Ticket, SlackError> {
        let length = picture.png.len().to_string();
        let params = [
            ("filename", picture.name),
            ("length", length.as_str()),
            ("alt_txt", picture.alt_text),
        ];
        let call = Call::new("files.getUploadURLExternal", Safety::Repeatable);
        self.get(call, &params).await
    }

    /// The bytes, to the address that Slack gave for them; the address is the permission.
    async fn bring(&self, ticket: &Ticket, png: &[u8]) -> Result<(), SlackError> {
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
            let sent = connector.http_post_uri_binary::<Value>(address, "image/png".to_owned(), png, context);
            sent.await.map(drop).map_err(Failure::from)
        };
        self.0.caller.run(call, attempt).await
    }
}
