//! Purpose: makes channels and brings people into them.

use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Safety};
use super::{As, Channel, Done, Page, Slack, SlackError};

/// Members per page. Source: <https://docs.slack.dev/reference/methods/conversations.members>
const PAGE: &str = "1000";
/// The longest name of a channel. Source: <https://docs.slack.dev/reference/methods/conversations.create>
const NAME_MAX_CHARS: usize = 80;

/// Whether Slack takes this as the name of a channel: lower case letters, digits, hyphens and underscores.
pub fn is_channel_name(name: &str) -> bool {
    (1..=NAME_MAX_CHARS).contains(&name.chars().count())
        && name
            .chars()
            .all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_'))
}

impl Slack {
    /// Makes a channel, which the bot is then in. [`SlackError::Rejected`] with `name_taken` if there is one of this
    /// name, archived ones included.
    pub async fn create_channel(&self, name: &str, is_private: bool) -> Result<Channel, SlackError> {
        #[derive(Deserialize)]
        struct Created {
            channel: Channel,
        }
        let body = json!({ "name": name, "is_private": is_private });
        let call = Call::new("conversations.create", Safety::Once);
        let created: Created = self.send(call, As::Bot, &body).await?;
        self.forget_channels().await;
        Ok(created.channel)
    }

    /// Brings a person into a channel; `false` if they were in it. The bot must be in it too.
    pub async fn invite(&self, channel: &str, user: &str) -> Result<bool, SlackError> {
        let body = json!({ "channel": channel, "users": user });
        let call = Call::new("conversations.invite", Safety::Repeatable);
        match self.send(call, As::Bot, &body).await {
            Ok(Done { .. }) => Ok(true),
            Err(SlackError::Rejected { code }) if code == "already_in_channel" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a person is in a channel.
    pub async fn is_in_channel(&self, channel: &str, user: &str) -> Result<bool, SlackError> {
        let mut cursor = String::new();
        loop {
            let params = [("channel", channel), ("limit", PAGE), ("cursor", cursor.as_str())];
            let call = Call::new("conversations.members", Safety::Repeatable);
            let page: Page<String> = self.get(call, &params).await?;
            let next = page.next();
            if page.rows.iter().any(|member| member == user) {
                return Ok(true);
            }
            match next {
                Some(next) => cursor = next,
                None => return Ok(false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_channel_name;

    #[test]
    fn names_of_channels_are_what_slack_takes() {
        for name in ["inc-42", "a", "über_uns", &"x".repeat(80)] {
            assert!(is_channel_name(name), "{name}");
        }
        for name in ["", "Inc", "a b", "a.b", "#ops", &"x".repeat(81)] {
            assert!(!is_channel_name(name), "{name}");
        }
    }
}
