//! Purpose: which channel a person means.

use std::sync::Arc;

use moka::future::Cache;
use serde::Deserialize;

use super::call::{Call, Safety};
use super::people::unshared;
use super::{CACHE_ENTRIES, CACHE_LIFETIME, Page, Slack, SlackError};

/// Channels per page. Source: <https://docs.slack.dev/reference/methods/conversations.list>
const PAGE: &str = "1000";
/// A name that is not in a list older than this makes the list be read again: the channel may be new.
const LIST_TRUSTED: std::time::Duration = std::time::Duration::from_mins(1);

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "Slack's own shape")]
pub struct Channel {
    /// `C...`, `G...` or `D...`.
    pub id: String,
    /// Without the `#`; empty for direct messages.
    #[serde(default)]
    pub name: String,
    /// Whether the bot is in it, which it must be to post.
    #[serde(default)]
    pub is_member: bool,
    /// A channel of the workspace, and no conversation between a few people.
    #[serde(default)]
    pub is_channel: bool,
    /// Only members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Direct messages between the bot and one person.
    #[serde(default)]
    pub is_im: bool,
    /// Nobody can post in it any more.
    #[serde(default)]
    pub is_archived: bool,
    /// Who made it (`U...`); empty for direct messages.
    #[serde(default)]
    pub creator: String,
}

impl Channel {
    /// Whether everybody in the workspace may read it. What Slack says nothing about is not.
    pub fn is_public(&self) -> bool {
        self.is_channel && !self.is_private && !self.is_im
    }
}

type List = Arc<[Arc<Channel>]>;

pub(super) struct Cached {
    by_id: Cache<String, Arc<Channel>>,
    list: Cache<(), (tokio::time::Instant, List)>,
}

impl Default for Cached {
    fn default() -> Self {
        Self {
            by_id: Cache::builder()
                .max_capacity(CACHE_ENTRIES)
                .time_to_live(CACHE_LIFETIME)
                .build(),
            list: Cache::builder()
                .max_capacity(1)
                .time_to_live(CACHE_LIFETIME)
                .build(),
        }
    }
}

impl Slack {
    /// The channel meant by `#ops`, `ops`, `<#C123|ops>` or `C123`; [`SlackError::ChannelNotFound`] if there is none
    /// that the bot can see.
    pub async fn resolve_channel(&self, wanted: &str) -> Result<Arc<Channel>, SlackError> {
        match meant(wanted) {
            Meant::Id(id) => self.channel(id).await,
            Meant::Name(name) => {
                let listed = self.listed(name).await?.ok_or(SlackError::ChannelNotFound)?;
                if listed.is_member {
                    Ok(listed)
                } else {
                    self.channel(&listed.id).await
                }
            }
        }
    }

    /// A channel by id. One that the bot is not in is asked for again each time, since it may have been invited.
    async fn channel(&self, id: &str) -> Result<Arc<Channel>, SlackError> {
        #[derive(Deserialize)]
        struct Found {
            channel: Channel,
        }
        if let Some(known) = self.0.channels.by_id.get(id).await {
            return Ok(known);
        }
        let call = Call::new("conversations.info", Safety::Repeatable);
        let found = Arc::new(self.get::<Found>(call, &[("channel", id)]).await?.channel);
        if found.is_member || found.is_im {
            self.0
                .channels
                .by_id
                .insert(found.id.clone(), Arc::clone(&found))
                .await;
        }
        Ok(found)
    }

    /// A channel by id as it is at this moment: it may have been made private just now.
    pub async fn channel_now(&self, id: &str) -> Result<Arc<Channel>, SlackError> {
        self.0.channels.by_id.invalidate(id).await;
        self.channel(id).await
    }

    /// The channel of this name as Slack lists it at this moment, for one that may have been made just now.
    pub async fn find_channel_now(&self, name: &str) -> Result<Option<Arc<Channel>>, SlackError> {
        self.forget_channels().await;
        let (_, list) = self.channel_list().await?;
        Ok(list.iter().find(|channel| channel.name == name).cloned())
    }

    /// Reads the list of channels again when it is next needed.
    pub(super) async fn forget_channels(&self) {
        self.0.channels.list.invalidate(&()).await;
    }

    async fn listed(&self, name: &str) -> Result<Option<Arc<Channel>>, SlackError> {
        let find = |list: &List| list.iter().find(|channel| channel.name == name).cloned();
        let (read_at, list) = self.channel_list().await?;
        if let Some(found) = find(&list) {
            return Ok(Some(found));
        }
        if read_at.elapsed() < LIST_TRUSTED {
            return Ok(None);
        }
        self.forget_channels().await;
        Ok(find(&self.channel_list().await?.1))
    }

    async fn channel_list(&self) -> Result<(tokio::time::Instant, List), SlackError> {
        self.0
            .channels
            .list
            .try_get_with((), self.load_channels())
            .await
            .map_err(unshared)
    }

    async fn load_channels(&self) -> Result<(tokio::time::Instant, List), SlackError> {
        let (mut channels, mut cursor) = (Vec::new(), String::new());
        loop {
            let params = [
                ("limit", PAGE),
                ("exclude_archived", "true"),
                ("types", "public_channel,private_channel"),
                ("cursor", cursor.as_str()),
            ];
            let page: Page<Channel> = self
                .get(Call::new("conversations.list", Safety::Repeatable), &params)
                .await?;
            let next = page.next();
            channels.extend(page.rows.into_iter().map(Arc::new));
            match next {
                Some(next) => cursor = next,
                None => return Ok((tokio::time::Instant::now(), channels.into())),
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meant<'a> {
    Id(&'a str),
    Name(&'a str),
}

/// Names are lower case in Slack and ids upper case, so they cannot be confused.
/// Source: <https://docs.slack.dev/messaging/formatting-message-text>
fn meant(wanted: &str) -> Meant<'_> {
    let wanted = wanted.trim();
    if let Some(link) = wanted.strip_prefix("<#").and_then(|rest| rest.strip_suffix('>')) {
        return Meant::Id(link.split_once('|').map_or(link, |(id, _)| id));
    }
    let is_id = wanted.len() >= 3
        && wanted.starts_with(['C', 'G', 'D'])
        && wanted
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    if is_id {
        Meant::Id(wanted)
    } else {
        Meant::Name(wanted.trim_start_matches('#'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_write_a_channel_mean_the_same() {
        for (written, expected) in [
            ("#ops", Meant::Name("ops")),
            (" ops ", Meant::Name("ops")),
            ("<#C123|ops>", Meant::Id("C123")),
            ("<#C123>", Meant::Id("C123")),
            ("C0123ABC", Meant::Id("C0123ABC")),
            ("#c", Meant::Name("c")),
            ("Coffee", Meant::Name("Coffee")),
        ] {
            assert_eq!(meant(written), expected, "{written}");
        }
    }
}
