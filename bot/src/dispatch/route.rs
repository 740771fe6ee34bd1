//! Purpose: which handler serves a delivery.

use std::sync::Arc;

use em_commands::invocation::{
    AnswerTo, Caller, Click, ClickedModal, CommandError, DIRECT, Invocation, Outcome, Reply,
};
use em_commands::registry::{self, Found};
use em_domain::id::{SlackChannel, SlackUser};
use em_integrations::slack::OpenedView;
use serde::de::DeserializeOwned;

use super::answer::clicker;
use super::payload::{Event, EventCallback, Interaction, Message, Shortcut, SlashCommand};
use super::{Dispatcher, Entry};
use crate::slack::{Inbound, InboundKind};

/// What is said to somebody who types faster than allowed.
const TOO_FAST: &str = "That was a lot at once. Wait a minute, then go on.";

/// Text from a person, or from the clock.
struct Typed<'a> {
    caller: Caller,
    text: &'a str,
    channel: SlackChannel,
    conversation: Option<String>,
    answer_to: Option<AnswerTo>,
    trigger_id: Option<String>,
}

impl Dispatcher {
    pub(super) async fn route(self: &Arc<Self>, inbound: Inbound) {
        match inbound.kind {
            InboundKind::SlashCommand => {
                let Some(command) = read::<SlashCommand>(&inbound) else {
                    return;
                };
                let to = AnswerTo::ResponseUrl(command.response_url);
                let typed = Typed {
                    caller: Caller::Person(command.user_id),
                    text: &command.text,
                    channel: command.channel_id,
                    conversation: None,
                    answer_to: Some(to.clone()),
                    trigger_id: command.trigger_id.clone(),
                };
                let outcome = self.typed(typed).await;
                let trigger = command.trigger_id.unwrap_or_default();
                let outcome = self.opened(&trigger, None, outcome).await;
                self.answer(to, outcome).await;
            }
            InboundKind::Interaction => {
                if let Some(interaction) = read::<Interaction>(&inbound) {
                    self.interaction(interaction).await;
                }
            }
            InboundKind::Event => {
                if let Some(callback) = read::<EventCallback>(&inbound) {
                    self.event(callback.event).await;
                }
            }
        }
    }

    /// A command as text, wherever it was typed.
    async fn typed(&self, typed: Typed<'_>) -> Outcome {
        if let Caller::Person(user) = &typed.caller
            && self.is_too_fast(user)
        {
            return Err(CommandError::user(TOO_FAST));
        }
        let words: Vec<String> = typed.text.split_whitespace().map(unescaped).collect();
        let found = match &typed.conversation {
            Some(_) => registry::find_in_message(&words),
            None => registry::find(&words),
        };
        let (command, named_by) = match found {
            Found::Command(command, named_by) => (command, named_by),
            Found::Nothing => return Ok(Reply::private(em_commands::help::overview())),
            Found::Unknown(suggestion) => {
                let word = words.first().map(String::as_str).unwrap_or_default();
                return Ok(Reply::private(em_blocks::help::message_unknown(word, suggestion)));
            }
        };
        let invocation = Invocation {
            caller: typed.caller.clone(),
            channel: Some(typed.channel),
            conversation: typed.conversation,
            answer_to: typed.answer_to,
            trigger_id: typed.trigger_id,
            words: words[named_by..].to_vec(),
        };
        let about = shortened(&words[named_by..].join(" "));
        let running = (command.run)(self.ctx.clone(), invocation);
        self.run(Entry::Command(command.spec.path), &typed.caller, about, running)
            .await
    }

    /// A command that a schedule types; its failure is the log's.
    pub async fn scheduled(&self, name: &str, text: &str, channel: &str) -> Outcome {
        self.typed(Typed {
            caller: Caller::Schedule(name.to_owned()),
            text,
            channel: channel.into(),
            conversation: None,
            answer_to: None,
            trigger_id: None,
        })
        .await
    }

    async fn interaction(self: &Arc<Self>, interaction: Interaction) {
        match interaction {
            Interaction::BlockActions(actions) => {
                for click in actions.clicks() {
                    self.clicked(click).await;
                }
            }
            Interaction::ViewSubmission(submitted) => {
                let submission = submitted.submission();
                let user = submission.user.clone();
                let found = registry::SUBMISSIONS
                    .iter()
                    .find(|(id, _)| *id == submission.callback_id);
                let Some((name, handler)) = found else {
                    return tracing::warn!(callback = %submission.callback_id, "no such modal");
                };
                let running = handler(self.ctx.clone(), submission);
                let caller = Caller::Person(user.clone());
                // What was typed into a form is between its sender and the handler.
                let outcome = self
                    .run(Entry::Modal(name), &caller, String::new(), running)
                    .await;
                self.answer(AnswerTo::Direct(user), outcome).await;
            }
            Interaction::Shortcut(shortcut) | Interaction::MessageAction(shortcut) => {
                self.shortcut(shortcut).await;
            }
            Interaction::ViewClosed => {}
            Interaction::Other => tracing::info!("an interaction of a kind that is not used here"),
        }
    }

    async fn shortcut(self: &Arc<Self>, shortcut: Shortcut) {
        let found = registry::SHORTCUTS
            .iter()
            .find(|(id, _)| *id == shortcut.callback_id);
        let Some((name, handler)) = found else {
            return tracing::warn!(callback = %shortcut.callback_id, "no such shortcut");
        };
        let used = shortcut.used();
        let (person, trigger) = (used.user.clone(), used.trigger_id.clone());
        let to = match &used.response_url {
            Some(url) => AnswerTo::ResponseUrl(url.clone()),
            None => AnswerTo::Direct(person.clone()),
        };
        let running = handler(self.ctx.clone(), used);
        let outcome = self
            .run(
                Entry::Shortcut(name),
                &Caller::Person(person),
                String::new(),
                running,
            )
            .await;
        let outcome = self.opened(&trigger, None, outcome).await;
        self.answer(to, outcome).await;
    }

    /// Opens the modal that a handler wants, while its trigger lives; over or in place of the one that was clicked in.
    async fn opened(&self, trigger: &str, clicked: Option<ClickedModal>, outcome: Outcome) -> Outcome {
        let slack = &self.ctx.slack;
        let opened = match (outcome, clicked) {
            (Ok(Reply::Modal(view)), None) => slack.open_modal(trigger, &view).await,
            (Ok(Reply::Modal(view)), Some(_)) => slack.push_modal(trigger, &view).await,
            (Ok(Reply::Redraw(view)), Some(ClickedModal { id, .. })) => {
                slack.update_modal(&OpenedView { id, hash: None }, &view).await
            }
            (outcome, _) => return outcome,
        };
        opened.map(|_| Reply::Done).map_err(Into::into)
    }

    async fn clicked(self: &Arc<Self>, click: Click) {
        let to = clicker(&click);
        let found = registry::CLICKS.iter().find(|(id, _)| *id == click.action);
        let outcome = match found {
            // Buttons that only open a page are sent too; there is nothing to do for them.
            None => return tracing::debug!(action = %click.action, "a click that needs nothing"),
            Some(_) if self.is_too_fast(&click.user) => Err(CommandError::user(TOO_FAST)),
            Some((name, handler)) => {
                let (trigger, modal) = (click.trigger_id.clone(), click.modal.clone());
                let caller = Caller::Person(click.user.clone());
                let about = if click.subject.is_empty() {
                    &click.value
                } else {
                    &click.subject
                };
                let about = shortened(about.split(' ').next().unwrap_or_default());
                let running = handler(self.ctx.clone(), click);
                let outcome = self.run(Entry::Click(name), &caller, about, running).await;
                self.opened(&trigger, modal, outcome).await
            }
        };
        self.answer(to, outcome).await;
    }

    async fn event(self: &Arc<Self>, event: Event) {
        match event {
            Event::AppMention(message) => self.written(message, false).await,
            Event::Message(message) if message.channel_type.as_deref() == Some("im") => {
                self.written(message, true).await;
            }
            Event::AppHomeOpened(opened) if opened.tab.as_deref() != Some("messages") => {
                self.home_opened(opened.user).await;
            }
            Event::ReactionAdded(added) => {
                let reaction = added.reaction();
                let user = reaction.user.clone();
                if registry::is_vote(&reaction) {
                    let running = registry::reacted(self.ctx.clone(), reaction);
                    let entry = Entry::Click("approval.react");
                    let outcome = self
                        .run(entry, &Caller::Person(user.clone()), String::new(), running)
                        .await;
                    self.answer(AnswerTo::Direct(user), outcome).await;
                }
            }
            Event::Message(_) | Event::AppHomeOpened(_) | Event::Other => {}
        }
    }

    /// A message to the bot, by mention or directly.
    async fn written(self: &Arc<Self>, message: Message, is_direct: bool) {
        // Its own messages, edits and joins come back as events too.
        let (Some(user), None, None) = (message.user, message.bot_id, message.subtype) else {
            return;
        };
        let bot_user = self.bot_user.get().map(String::as_str).unwrap_or_default();
        if user.as_str() == bot_user {
            return;
        }
        let mention = format!("<@{bot_user}>");
        let text = message.text.replacen(&mention, "", 1);
        // “@EM Agent: triage”, and people who are used to the slash command write it here too.
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || ",:".contains(c));
        let text = text
            .strip_prefix(registry::SLASH_COMMAND)
            .unwrap_or(text)
            .to_owned();
        let root = message.thread_ts.clone();
        let conversation = match (root, is_direct) {
            (Some(root), _) => root,
            (None, true) => DIRECT.to_owned(),
            // Whoever goes on from this answers it in a thread.
            (None, false) => message.ts,
        };
        let to = AnswerTo::Message {
            channel: message.channel.clone(),
            user: user.clone(),
            thread: message.thread_ts,
            is_direct,
        };
        let typed = Typed {
            caller: Caller::Person(user),
            text: &text,
            channel: message.channel,
            conversation: Some(conversation),
            answer_to: Some(to.clone()),
            trigger_id: None,
        };
        let outcome = self.typed(typed).await;
        self.answer(to, outcome).await;
    }

    async fn home_opened(self: &Arc<Self>, user: SlackUser) {
        let caller = Caller::Person(user.clone());
        let running = Box::pin(registry::home_opened(self.ctx.clone(), user));
        if let Err(error) = self
            .run(Entry::Command("home"), &caller, String::new(), running)
            .await
        {
            tracing::error!(error = format!("{error:#}"), "the home page could not be drawn");
        }
    }
}

/// What the audit log keeps of a line of text.
pub(super) fn shortened(text: &str) -> String {
    /// Characters of it.
    const KEPT: usize = 300;
    text.chars().take(KEPT).collect()
}

/// Slack escapes three characters in what people write
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn unescaped(word: &str) -> String {
    word.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn read<T: DeserializeOwned>(inbound: &Inbound) -> Option<T> {
    let read = serde_json::from_str(inbound.payload.get());
    read.map_err(|error| tracing::error!(%error, "a payload from Slack could not be read"))
        .ok()
}
