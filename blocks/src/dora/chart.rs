//! Purpose: what is said of a picture that was asked for.

use slack_morphism::prelude::SlackMessageContent;

use super::ALT_TEXT;
use crate::layout::Layout;
use crate::mrkdwn::{bold, escape, join, words};

/// What a picture shows, for who cannot see it.
pub fn alt_text(title: &str, shown: &str) -> String {
    format!("{title}. {shown}").chars().take(ALT_TEXT).collect()
}

/// Says where the picture is, and the most important of what it shows.
pub fn message_sent(title: &str, shown: &str) -> SlackMessageContent {
    let text = join(
        [
            bold(escape(title)),
            escape(shown),
            words("The picture is in your direct messages with me."),
        ],
        "\n",
    );
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}
