//! Purpose: messages: what was said, by whom, for whose eyes, and how Slack writes it.

use serde_json::{Map, Value, json};

use super::{File, Workspace};
use crate::mentions::{Mention, mentions_in};

/// One message of a channel.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Channel id.
    pub channel: String,
    /// Seconds and microseconds, unique; the message's name.
    pub ts: String,
    /// The message that began the thread, when this is a reply.
    pub thread_ts: Option<String>,
    /// Who wrote it.
    pub user: String,
    /// Written by the app under test.
    pub by_app: bool,
    /// The top-level text: notifications and screen readers.
    pub text: String,
    /// Block Kit blocks, block ids filled in.
    pub blocks: Vec<Value>,
    /// Files shown with it, by id.
    pub files: Vec<String>,
    /// Message metadata: `event_type` and `event_payload`.
    pub metadata: Option<Value>,
    /// When it was last edited.
    pub edited: Option<String>,
    /// The only person who sees it.
    pub ephemeral_for: Option<String>,
    /// Taken back.
    pub deleted: bool,
    /// Emoji name and who put it.
    pub reactions: Vec<(String, Vec<String>)>,
    /// What is chosen in the message's own inputs: block id, action id, value.
    pub values: Map<String, Value>,
    /// `parse=full` or `link_names`: plain `@channel` pings too.
    pub links_names: bool,
}

impl Message {
    /// Seen by this person (who must be in the channel for it).
    pub fn visible_to(&self, user: &str) -> bool {
        !self.deleted && self.ephemeral_for.as_deref().is_none_or(|only| only == user)
    }

    /// Whom it pings.
    pub fn mentions(&self) -> Vec<Mention> {
        mentions_in(&self.text, &self.blocks, self.links_names)
    }

    /// A reply, and not the message that began the thread.
    pub fn is_reply(&self) -> bool {
        self.thread_ts.as_ref().is_some_and(|parent| *parent != self.ts)
    }
}

impl Workspace {
    /// The messages of a channel (id or `#name`) in order, deleted ones left out, ephemeral ones included.
    pub fn messages(&self, channel: &str) -> impl DoubleEndedIterator<Item = &Message> {
        let id = self.channel(channel).map_or(channel, |c| c.id.as_str());
        self.messages.get(id).into_iter().flatten().filter(|m| !m.deleted)
    }

    /// All messages of all channels that are not deleted.
    pub fn all_messages(&self) -> impl Iterator<Item = &Message> {
        self.channels.iter().flat_map(|c| self.messages(&c.id))
    }

    /// What a person sees of a channel.
    pub fn seen_by(&self, user: &str, channel: &str) -> Vec<&Message> {
        let user = self.person(user).map_or(user, |p| p.id.as_str());
        self.messages(channel).filter(|m| m.visible_to(user)).collect()
    }

    /// The message with this timestamp, unless deleted.
    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.messages
            .get(channel)?
            .iter()
            .rev()
            .find(|m| m.ts == ts && !m.deleted)
    }

    /// Puts somebody's emoji on a message that they see; `None` if they do not, or it is there already.
    pub(crate) fn react(&mut self, channel: &str, ts: &str, emoji: &str, user: &str) -> Option<()> {
        let message = self.message_mut(channel, ts).filter(|m| m.visible_to(user))?;
        match message.reactions.iter_mut().find(|(name, _)| name == emoji) {
            Some((_, who)) if who.iter().any(|known| known == user) => return None,
            Some((_, who)) => who.push(user.to_owned()),
            None => message.reactions.push((emoji.to_owned(), vec![user.to_owned()])),
        }
        Some(())
    }

    pub(crate) fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        self.messages
            .get_mut(channel)?
            .iter_mut()
            .rev()
            .find(|m| m.ts == ts && !m.deleted)
    }

    /// Puts a message into its channel: fills in the timestamp and missing block ids. Returns the timestamp.
    pub(crate) fn post(&mut self, mut message: Message) -> String {
        message.ts = self.next_ts();
        self.name_blocks(&mut message.blocks);
        message.values = crate::forms::initial_values(&message.blocks);
        let ts = message.ts.clone();
        self.messages
            .entry(message.channel.clone())
            .or_default()
            .push(message);
        ts
    }

    /// Slack names blocks and elements that came without a name.
    pub(crate) fn name_blocks(&mut self, blocks: &mut [Value]) {
        for block in blocks {
            if block.get("block_id").is_none() {
                block["block_id"] = json!(format!("blk{}", self.next_number()));
            }
            for element in crate::forms::elements_mut(block) {
                if element.get("action_id").is_none() {
                    element["action_id"] = json!(format!("act{}", self.next_number()));
                }
            }
        }
    }

    /// The message object of the Web API and of payloads.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let mut value = json!({
            "type": "message", "user": message.user, "text": message.text, "ts": message.ts,
            "team": self.team.id,
        });
        if message.by_app {
            value["bot_id"] = json!(self.app.bot_id);
            value["app_id"] = json!(self.app.id);
            value["bot_profile"] = json!({
                "id": self.app.bot_id, "app_id": self.app.id, "name": self.app.real_name, "deleted": false,
                "updated": 1_690_000_000, "team_id": self.team.id, "icons": {},
            });
        }
        if !message.blocks.is_empty() {
            value["blocks"] = json!(message.blocks);
        }
        let files = message.files.iter().filter_map(|id| self.file(id));
        let files: Vec<Value> = files.map(File::json).collect();
        if !files.is_empty() {
            value["files"] = json!(files);
        }
        if let Some(thread) = &message.thread_ts {
            value["thread_ts"] = json!(thread);
        }
        if let Some(ts) = &message.edited {
            value["edited"] = json!({"user": message.user, "ts": ts});
        }
        if !message.reactions.is_empty() {
            let each = |(name, users): &(String, Vec<String>)| json!({"name": name, "users": users, "count": users.len()});
            value["reactions"] = message.reactions.iter().map(each).collect();
        }
        value
    }
}
