//! Purpose: the few fields of Slack's payloads that dispatch reads. Everything else is passed over, so that a click
//! is never lost because an unrelated part of its message is new to us.
//!
//! Shapes: docs.slack.dev/interactivity/implementing-slash-commands, /reference/interaction-payloads,
//! /reference/events.

use std::collections::HashMap;

use em_blocks::interaction::clicked;
use em_commands::invocation::{Click, ClickedModal, Reaction, ShortcutUse, Submission, UsedOn};
use em_domain::id::{SlackChannel, SlackUser};
use serde::Deserialize;
use slack_morphism::prelude::{SlackInteractionActionInfo, SlackViewState};

/// A slash command.
#[derive(Debug, Deserialize)]
pub(crate) struct SlashCommand {
    pub(crate) user_id: SlackUser,
    pub(crate) channel_id: SlackChannel,
    #[serde(default)]
    pub(crate) text: String,
    pub(crate) response_url: String,
    pub(crate) trigger_id: Option<String>,
}

/// Something was clicked, submitted or chosen from a menu.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Interaction {
    /// A click in a message or view.
    BlockActions(BlockActions),
    /// A submitted modal.
    ViewSubmission(ViewSubmission),
    /// A global shortcut.
    Shortcut(Shortcut),
    /// A shortcut on a message.
    MessageAction(Shortcut),
    /// A dismissed modal: nothing to do.
    ViewClosed,
    /// Anything else.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Id<T> {
    pub(crate) id: T,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BlockActions {
    user: Id<SlackUser>,
    #[serde(default)]
    trigger_id: String,
    channel: Option<Id<SlackChannel>>,
    #[serde(default)]
    container: Container,
    response_url: Option<String>,
    /// What the click was in, where that is a view.
    view: Option<ClickedView>,
    #[serde(default)]
    actions: Vec<SlackInteractionActionInfo>,
}

#[derive(Debug, Deserialize)]
struct ClickedView {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    private_metadata: String,
}

#[derive(Debug, Default, Deserialize)]
struct Container {
    message_ts: Option<String>,
}

impl BlockActions {
    /// The clicks in it; Slack sends one at a time.
    pub(crate) fn clicks(self) -> impl Iterator<Item = Click> {
        let Self {
            user,
            trigger_id,
            channel,
            container,
            response_url,
            view,
            actions,
        } = self;
        let modal = view.filter(|view| view.kind == "modal").map(|view| ClickedModal {
            id: view.id,
            private_metadata: view.private_metadata,
        });
        actions.into_iter().map(move |action| {
            let clicked = clicked(&action);
            Click {
                user: user.id.clone(),
                action: clicked.action.to_owned(),
                subject: clicked.subject.to_owned(),
                value: clicked.value.to_owned(),
                channel: channel.as_ref().map(|channel| channel.id.clone()),
                message_ts: container.message_ts.clone(),
                trigger_id: trigger_id.clone(),
                response_url: response_url.clone(),
                modal: modal.clone(),
            }
        })
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct ViewSubmission {
    user: Id<SlackUser>,
    view: View,
}

#[derive(Debug, Deserialize)]
struct View {
    callback_id: String,
    #[serde(default)]
    private_metadata: String,
    #[serde(default = "nothing_chosen")]
    state: SlackViewState,
}

fn nothing_chosen() -> SlackViewState {
    SlackViewState::new(HashMap::new())
}

impl ViewSubmission {
    pub(crate) fn submission(self) -> Submission {
        Submission {
            user: self.user.id,
            callback_id: self.view.callback_id,
            private_metadata: self.view.private_metadata,
            state: self.view.state,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Shortcut {
    user: Id<SlackUser>,
    pub(crate) callback_id: String,
    #[serde(default)]
    trigger_id: String,
    message: Option<ShortcutMessage>,
    channel: Option<Id<SlackChannel>>,
    response_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ShortcutMessage {
    #[serde(default)]
    text: String,
    ts: Option<String>,
    thread_ts: Option<String>,
}

impl Shortcut {
    pub(crate) fn used(self) -> ShortcutUse {
        ShortcutUse {
            user: self.user.id,
            trigger_id: self.trigger_id,
            message: self.message.map(|message| UsedOn {
                text: message.text,
                ts: message.ts.unwrap_or_default(),
                thread_ts: message.thread_ts,
            }),
            channel: self.channel.map(|channel| channel.id),
            response_url: self.response_url,
        }
    }
}

/// The envelope of an event.
#[derive(Debug, Deserialize)]
pub(crate) struct EventCallback {
    pub(crate) event: Event,
}

/// The events the app subscribes to.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event {
    /// Somebody wrote to the bot in a channel.
    AppMention(Message),
    /// Somebody wrote to the bot directly (or the bot itself did).
    Message(Message),
    /// Somebody looks at the app's page.
    AppHomeOpened(HomeOpened),
    /// Somebody put an emoji on a message.
    ReactionAdded(ReactionAdded),
    /// Anything else.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) user: Option<SlackUser>,
    pub(crate) bot_id: Option<String>,
    pub(crate) subtype: Option<String>,
    pub(crate) channel: SlackChannel,
    pub(crate) channel_type: Option<String>,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) ts: String,
    pub(crate) thread_ts: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReactionAdded {
    user: SlackUser,
    reaction: String,
    item: ReactedTo,
}

#[derive(Debug, Deserialize)]
struct ReactedTo {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
}

impl ReactionAdded {
    pub(crate) fn reaction(self) -> Reaction {
        Reaction {
            user: self.user,
            emoji: self.reaction,
            channel: self.item.channel.as_str().into(),
            message_ts: self.item.ts,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct HomeOpened {
    pub(crate) user: SlackUser,
    pub(crate) tab: Option<String>,
}
