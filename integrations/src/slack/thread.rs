//! Purpose: what was said in a thread.

use serde::Deserialize;

use super::call::{Call, Safety};
use super::{Page, Slack, SlackError};

/// Messages per page; Slack advises at most 200. Source: <https://docs.slack.dev/reference/methods/conversations.replies>
const PAGE: &str = "200";
/// Pages read of one thread: 2,000 messages are longer than anybody reads.
const PAGES: usize = 10;

/// A thread, or a message that nobody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its messages, the first one first.
    pub messages: Vec<Said>,
    /// All of them were read; else the first 2,000.
    pub is_whole: bool,
}

/// A message of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Said {
    /// The message's id within the channel, which is also when it was said: seconds since 1970, a dot, microseconds.
    pub ts: String,
    /// Who said it (`U...`); not set for some apps.
    #[serde(default)]
    pub user: Option<String>,
    /// What an app calls itself.
    #[serde(default)]
    pub username: Option<String>,
    /// The text, as `mrkdwn`.
    #[serde(default)]
    pub text: String,
}

impl Slack {
    /// The thread that the message `root` began in `channel`. [`SlackError::NotInChannel`] or, for a private channel,
    /// [`SlackError::ChannelNotFound`] where the bot is not in it; [`SlackError::Rejected`] with `thread_not_found` if there
    /// is no such message.
    pub async fn thread(&self, channel: &str, root: &str) -> Result<Thread, SlackError> {
        let (mut messages, mut cursor): (Vec<Said>, _) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let params = [
                ("channel", channel),
                ("ts", root),
                ("limit", PAGE),
                ("cursor", cursor.as_str()),
            ];
            let call = Call::new("conversations.replies", Safety::Repeatable);
            let page: Page<Said> = self.get(call, &params).await?;
            let next = page.next();
            // The first message comes again at the head of each page.
            let is_new = |said: &Said| messages.iter().all(|known| known.ts != said.ts);
            let new: Vec<Said> = page.rows.into_iter().filter(is_new).collect();
            messages.extend(new);
            match next {
                Some(next) => cursor = next,
                None => {
                    return Ok(Thread {
                        messages,
                        is_whole: true,
                    });
                }
            }
        }
        Ok(Thread {
            messages,
            is_whole: false,
        })
    }
}
