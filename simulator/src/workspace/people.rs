//! Purpose: people, channels, the team and the app, and how Slack writes them.

use serde_json::{Value, json};

use super::SLACKBOT;

/// The workspace as a whole.
#[derive(Debug, Clone)]
pub struct Team {
    /// `T...`
    pub id: String,
    /// The name people see.
    pub name: String,
    /// First label of `<domain>.slack.com`.
    pub domain: String,
}

/// The app under test.
#[derive(Debug, Clone)]
pub struct App {
    /// `A...`
    pub id: String,
    /// `B...`
    pub bot_id: String,
    /// The bot's `U...`
    pub user_id: String,
    /// Handle.
    pub name: String,
    /// Display name.
    pub real_name: String,
}

impl App {
    pub(super) fn as_person(&self) -> Person {
        Person {
            id: self.user_id.clone(),
            name: self.name.clone(),
            real_name: self.real_name.clone(),
            tz: "UTC".into(),
            is_bot: true,
            ..Person::default()
        }
    }
}

/// Somebody in the workspace.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of Slack's user object"
)]
pub struct Person {
    /// `U...`
    pub id: String,
    /// Handle, without `@`.
    pub name: String,
    /// Full name.
    pub real_name: String,
    /// Mail address; empty for bots.
    pub email: String,
    /// IANA time zone name.
    pub tz: String,
    /// What the profile says they do.
    pub title: String,
    /// A bot user.
    pub is_bot: bool,
    /// A guest, who sees only the channels they were invited to.
    pub is_guest: bool,
    /// A workspace administrator.
    pub is_admin: bool,
    /// A deactivated account.
    pub is_deleted: bool,
    /// Emoji and text beside their name.
    pub status: (String, String),
}

impl Person {
    pub(super) fn slackbot() -> Self {
        let (id, name) = (SLACKBOT.into(), "slackbot".into());
        Self {
            id,
            name,
            real_name: "Slackbot".into(),
            tz: "UTC".into(),
            is_bot: true,
            ..Self::default()
        }
    }

    /// The user object of the Web API; the mail address needs its own scope.
    pub(crate) fn json(&self, team: &str, with_email: bool) -> Value {
        let mut profile = json!({
            "real_name": self.real_name, "real_name_normalized": self.real_name,
            "display_name": self.name, "display_name_normalized": self.name,
            "title": self.title, "team": team,
            "status_emoji": self.status.0, "status_text": self.status.1, "status_expiration": 0,
        });
        if with_email && !self.email.is_empty() {
            profile["email"] = json!(self.email);
        }
        json!({
            "id": self.id, "team_id": team, "name": self.name, "real_name": self.real_name,
            "deleted": self.is_deleted, "tz": self.tz, "tz_label": self.tz, "is_bot": self.is_bot,
            "is_admin": self.is_admin, "is_owner": self.is_admin, "is_primary_owner": false,
            "is_restricted": self.is_guest, "is_ultra_restricted": false, "is_app_user": false,
            "updated": 1_690_000_000, "profile": profile,
        })
    }
}

/// What kind of conversation a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Anybody may join.
    Public,
    /// By invitation.
    Private,
    /// Between the app and one person.
    Direct,
}

/// A conversation.
#[derive(Debug, Clone)]
pub struct Channel {
    /// `C...`, or `D...` for direct messages.
    pub id: String,
    /// Name without `#`.
    pub name: String,
    /// Public, private or direct.
    pub kind: ChannelKind,
    /// User ids, the bot's included when it is a member.
    pub members: Vec<String>,
    /// No longer in use.
    pub is_archived: bool,
    /// Who made it; empty for those that were there at the start.
    pub creator: String,
}

impl Channel {
    /// A channel with these members.
    pub fn new(id: &str, name: &str, kind: ChannelKind, members: Vec<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            kind,
            members,
            is_archived: false,
            creator: String::new(),
        }
    }

    /// A direct message.
    pub fn is_direct(&self) -> bool {
        self.kind == ChannelKind::Direct
    }

    /// Whether the user is in it.
    pub fn has(&self, user: &str) -> bool {
        self.members.iter().any(|m| m == user)
    }

    /// The name an interaction payload carries.
    pub(crate) fn payload_name(&self) -> &str {
        match self.kind {
            ChannelKind::Public | ChannelKind::Private => &self.name,
            ChannelKind::Direct => "directmessage",
        }
    }

    /// The conversation object of the Web API as seen by the bot.
    pub(crate) fn json(&self, bot: &str) -> Value {
        let direct = self.is_direct();
        let private = self.kind == ChannelKind::Private;
        let mut value = json!({
            "id": self.id, "created": 1_690_000_000, "is_archived": self.is_archived, "is_im": direct,
            "is_mpim": false, "is_private": private || direct, "is_channel": self.kind == ChannelKind::Public,
            "is_group": private, "is_general": self.name == "general", "is_member": self.has(bot),
            "is_shared": false, "is_ext_shared": false, "is_org_shared": false, "unlinked": 0,
        });
        if direct {
            value["user"] = json!(self.members.iter().find(|m| *m != bot));
        } else {
            value["name"] = json!(self.name);
            value["creator"] = json!(self.creator);
            value["name_normalized"] = json!(self.name);
            value["num_members"] = json!(self.members.len());
            value["topic"] = json!({"value": "", "creator": "", "last_set": 0});
            value["purpose"] = json!({"value": "", "creator": "", "last_set": 0});
        }
        value
    }
}
