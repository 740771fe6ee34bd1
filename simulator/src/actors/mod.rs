//! Purpose: people: what a person in the workspace can do, in tests and on the page.

mod click;
pub(crate) mod events;
mod interactions;
mod screens;
mod sent;

use std::sync::Arc;

use serde_json::{Value, json};

pub use click::Click;
pub use sent::Sent;

use crate::deliver::Purpose;
use crate::response_url::Address;
use crate::shared::Shared;
use crate::socket::EnvelopeKind;
use crate::workspace::Message;

/// Why a person cannot do that.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ActError {
    /// No such channel, or the person is not in it.
    #[error("{0} is no channel that {1} can see")]
    Channel(String, String),
    /// The message is gone or meant for somebody else.
    #[error("{0} does not see that message")]
    Message(String),
    /// No such view on the person's screen.
    #[error("{0} has no such view open")]
    View(String),
    /// No such button, menu or input there.
    #[error("nothing to use: {0}")]
    Element(String),
    /// A required input is empty.
    #[error("Slack wants `{0}` filled in before it submits")]
    Required(String),
}

/// A person, to act as.
#[derive(Debug, Clone)]
pub struct User {
    pub(crate) shared: Arc<Shared>,
    /// User id.
    pub id: String,
    /// Handle.
    pub name: String,
    http: Option<crate::http_transport::HttpTarget>,
}

impl User {
    pub(crate) fn new(shared: &Arc<Shared>, key: &str) -> Self {
        let found = shared.read(|w| w.person(key).map(|p| (p.id.clone(), p.name.clone())));
        let (id, name) = found.unwrap_or_else(|| (key.to_owned(), key.to_owned()));
        Self {
            shared: shared.clone(),
            id,
            name,
            http: None,
        }
    }

    /// The same person, whose acts reach the app by signed HTTP requests to `target`.
    #[must_use]
    pub fn over_http(mut self, target: crate::http_transport::HttpTarget) -> Self {
        self.http = Some(target);
        self
    }

    /// Types into the composer of a channel (`#ops`), of a person's direct message with the app (`@em-agent` or the
    /// app's name): a text that begins with the app's command is a slash command, anything else is said.
    ///
    /// # Errors
    /// The person does not see the channel.
    pub fn types(&self, channel: &str, text: &str) -> Result<Sent, ActError> {
        let channel = self.channel(channel)?;
        let (command, rest) = text
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((text.trim(), ""));
        if command != self.shared.options.command {
            return self.says(&channel, text, None);
        }
        let options = &self.shared.options;
        let (trigger, token, name, rest) = self.shared.quietly(|w| {
            let trigger = w.new_trigger(&self.id);
            let token = w.new_response(&self.id, &channel, None);
            let name = w.channel(&channel).map(|c| c.payload_name().to_owned());
            let rest = rest.trim();
            let rest = if options.escapes_command {
                w.link_names_in(rest)
            } else {
                rest.to_owned()
            };
            (trigger, token, name, rest)
        });
        let payload = json!({
            "token": "simulated", "team_id": options.cast.team.id, "team_domain": options.cast.team.domain,
            "channel_id": channel, "channel_name": name, "user_id": self.id, "user_name": self.name,
            "command": command, "text": rest, "api_app_id": options.cast.app.id,
            "is_enterprise_install": "false", "trigger_id": trigger,
            "response_url": format!("{}/response/{token}", self.shared.base_url),
        });
        let address = Address {
            user: self.id.clone(),
            channel,
            original: None,
        };
        let purpose = Purpose::Command {
            command: command.to_owned(),
            address,
        };
        Ok(self.send(EnvelopeKind::SlashCommands, &payload, purpose))
    }

    /// Says something in a channel, in a thread if given: the app hears it as its subscriptions allow.
    ///
    /// # Errors
    /// The person does not see the channel.
    pub fn says(&self, channel: &str, text: &str, thread: Option<&str>) -> Result<Sent, ActError> {
        let channel = self.channel(channel)?;
        let (event, ts) = self.shared.change(|w| {
            let text = w.link_names_in(text);
            let thread_ts = thread.map(str::to_owned);
            let user = self.id.clone();
            let ts = w.post(Message {
                channel: channel.clone(),
                thread_ts,
                user,
                text,
                ..Message::default()
            });
            (events::said(w, &channel, &ts), ts)
        });
        let event = event.filter(|e| self.subscribed(e));
        let sent = match event {
            Some(event) => self.send(
                EnvelopeKind::EventsApi,
                &events::wrap(&self.shared, &event),
                Purpose::Event,
            ),
            None => Sent::unheard(),
        };
        Ok(sent.with_ts(ts))
    }

    /// Puts an emoji on a message (<https://docs.slack.dev/reference/events/reaction_added>).
    ///
    /// # Errors
    /// The person does not see the message.
    pub fn reacts(&self, message: &Message, emoji: &str) -> Result<Sent, ActError> {
        let channel = self.channel(&message.channel)?;
        let event = self.shared.change(|w| {
            w.react(&channel, &message.ts, emoji, &self.id)?;
            let now = w.next_ts();
            Some(json!({
                "type": "reaction_added", "user": self.id, "reaction": emoji, "item_user": message.user,
                "item": {"type": "message", "channel": channel, "ts": message.ts}, "event_ts": now,
            }))
        });
        let event = event.ok_or_else(|| ActError::Message(self.name.clone()))?;
        if !self.subscribed(&event) {
            return Ok(Sent::unheard());
        }
        let payload = events::wrap(&self.shared, &event);
        Ok(self.send(EnvelopeKind::EventsApi, &payload, Purpose::Event))
    }

    fn subscribed(&self, event: &Value) -> bool {
        events::subscribed(&self.shared, event)
    }

    /// The id of a channel the person sees; `@em-agent` is the direct message with the app.
    pub(crate) fn channel(&self, key: &str) -> Result<String, ActError> {
        let app = &self.shared.options.cast.app;
        if key.strip_prefix('@').is_some_and(|name| name == app.name) || key == app.user_id {
            return Ok(self.shared.change(|w| w.open_direct(&self.id)));
        }
        let found = self
            .shared
            .read(|w| w.channel(key).filter(|c| c.has(&self.id)).map(|c| c.id.clone()));
        found.ok_or_else(|| ActError::Channel(key.to_owned(), self.name.clone()))
    }

    pub(crate) fn send(&self, kind: EnvelopeKind, payload: &Value, purpose: Purpose) -> Sent {
        let ids = sent::Ids::of(payload);
        let (answer, outcome) = tokio::sync::oneshot::channel();
        if let Some(target) = &self.http {
            crate::http_transport::deliver(&self.shared, target, kind, payload, purpose, answer);
            return Sent::new(String::new(), ids, outcome);
        }
        let envelope = self
            .shared
            .hub
            .send(kind, payload.to_string(), purpose, Some(answer));
        Sent::new(envelope, ids, outcome)
    }
}
