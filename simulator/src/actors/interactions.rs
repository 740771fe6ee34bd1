//! Purpose: clicks, choices and shortcuts, as the person who does them.

use serde_json::{Value, json};

use super::{ActError, Click, Sent, User};
use crate::deliver::Purpose;
use crate::forms::{self, Place};
use crate::socket::EnvelopeKind;
use crate::workspace::{Message, View, Workspace};

impl User {
    /// Clicks a button, or chooses in a menu, of a message.
    ///
    /// # Errors
    /// The person does not see the message, or there is no such element on it.
    pub fn clicks(&self, message: &Message, click: impl Into<Click>) -> Result<Sent, ActError> {
        let click = click.into();
        let (payload, user) = (
            self.shared.change(|w| self.click_message(w, message, &click))?,
            self.id.clone(),
        );
        Ok(self.send(EnvelopeKind::Interactive, &payload, Purpose::Action { user }))
    }

    /// Chooses in a menu or types into an input of a message; the same as `clicks` with a choice.
    ///
    /// # Errors
    /// As `clicks`.
    pub fn selects(
        &self,
        message: &Message,
        action: &str,
        choice: impl Into<Value>,
    ) -> Result<Sent, ActError> {
        self.clicks(message, (action, choice.into()))
    }

    /// Clicks or chooses in a modal or in App Home.
    ///
    /// # Errors
    /// The view is not open, or there is no such element on it.
    pub fn clicks_in_view(&self, view: &View, click: impl Into<Click>) -> Result<Sent, ActError> {
        let click = click.into();
        let (payload, user) = (
            self.shared.change(|w| self.click_view(w, view, &click))?,
            self.id.clone(),
        );
        Ok(self.send(EnvelopeKind::Interactive, &payload, Purpose::Action { user }))
    }

    /// Uses a message shortcut on a message, or a global shortcut without one.
    ///
    /// # Errors
    /// The person does not see the message.
    pub fn shortcut(&self, callback_id: &str, message: Option<&Message>) -> Result<Sent, ActError> {
        let payload = self.shared.change(|w| {
            let trigger = w.new_trigger(&self.id);
            let action_ts = w.next_ts();
            let mut fields =
                json!({"callback_id": callback_id, "trigger_id": trigger, "action_ts": action_ts});
            let Some(message) = message else {
                return Ok(self.payload(w, "shortcut", fields));
            };
            let message = self.seen(w, message)?;
            let (channel, ts) = (message.channel.clone(), message.ts.clone());
            fields["message"] = w.message_json(message);
            fields["message_ts"] = json!(ts);
            fields["channel"] = channel_json(w, &channel);
            fields["response_url"] = json!(self.response_url(w, &channel, Some(ts)));
            Ok::<_, ActError>(self.payload(w, "message_action", fields))
        })?;
        let purpose = Purpose::Shortcut {
            user: self.id.clone(),
        };
        Ok(self.send(EnvelopeKind::Interactive, &payload, purpose))
    }

    fn click_message(&self, w: &mut Workspace, message: &Message, click: &Click) -> Result<Value, ActError> {
        let message = self.seen(w, message)?.clone();
        let (place, chosen) = click.find(&message.blocks)?;
        if let Some(now) = w.message_mut(&message.channel, &message.ts)
            && place.kind() != "button"
            && place.kind() != "overflow"
        {
            forms::put(&mut now.values, &place, chosen.clone());
        }
        let action = action_json(w, &place, chosen);
        let trigger = w.new_trigger(&self.id);
        let ephemeral = message.ephemeral_for.is_some();
        let mut container = json!({
            "type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": ephemeral,
        });
        if let Some(thread) = &message.thread_ts {
            container["thread_ts"] = json!(thread);
        }
        let now = w.message(&message.channel, &message.ts).unwrap_or(&message);
        let mut fields = json!({
            "trigger_id": trigger, "container": container, "channel": channel_json(w, &message.channel),
            "state": {"values": now.values}, "actions": [action],
        });
        if !ephemeral {
            // Slack leaves an ephemeral message out of the payload.
            fields["message"] = w.message_json(now);
        }
        fields["response_url"] = json!(self.response_url(w, &message.channel, Some(message.ts.clone())));
        Ok(self.payload(w, "block_actions", fields))
    }

    fn click_view(&self, w: &mut Workspace, view: &View, click: &Click) -> Result<Value, ActError> {
        let view = self.own_view(w, view)?.clone();
        let (place, chosen) = click.find(view.blocks())?;
        if let Some(now) = w.view_mut(&view.id)
            && place.kind() != "button"
            && place.kind() != "overflow"
        {
            forms::put(&mut now.values, &place, chosen.clone());
        }
        let action = action_json(w, &place, chosen);
        let trigger = w.new_trigger(&self.id);
        let json = w.view(&view.id).map(|v| w.view_json(v));
        let values = w.view(&view.id).map(|v| v.values.clone());
        Ok(self.payload(
            w,
            "block_actions",
            json!({
                "trigger_id": trigger, "container": {"type": "view", "view_id": view.id}, "view": json,
                "state": {"values": values}, "actions": [action],
            }),
        ))
    }

    /// The message as it is now, if the person sees it.
    fn seen<'w>(&self, w: &'w Workspace, message: &Message) -> Result<&'w Message, ActError> {
        let inside = w.channel(&message.channel).is_some_and(|c| c.has(&self.id));
        let now = w
            .message(&message.channel, &message.ts)
            .filter(|m| inside && m.visible_to(&self.id));
        now.ok_or_else(|| ActError::Message(self.name.clone()))
    }

    fn response_url(&self, w: &mut Workspace, channel: &str, original: Option<String>) -> String {
        format!(
            "{}/response/{}",
            self.shared.base_url,
            w.new_response(&self.id, channel, original)
        )
    }

    /// The fields every interaction has.
    pub(super) fn payload(&self, w: &Workspace, kind: &str, mut fields: Value) -> Value {
        let user = json!({"id": self.id, "username": self.name, "name": self.name, "team_id": w.team.id});
        fields["type"] = json!(kind);
        fields["team"] = w.team_json();
        fields["user"] = user;
        fields["api_app_id"] = json!(w.app.id);
        fields["token"] = json!("simulated");
        fields["enterprise"] = Value::Null;
        fields["is_enterprise_install"] = json!(false);
        fields
    }
}

fn channel_json(w: &Workspace, id: &str) -> Value {
    json!({"id": id, "name": w.channel(id).map(crate::workspace::Channel::payload_name)})
}

fn action_json(w: &mut Workspace, place: &Place<'_>, mut chosen: Value) -> Value {
    chosen["action_id"] = json!(place.action_id);
    chosen["block_id"] = json!(place.block_id);
    chosen["action_ts"] = json!(w.next_ts());
    if place.kind() == "button" {
        for key in ["text", "value", "style", "url"] {
            if let Some(value) = place.element.get(key) {
                chosen[key] = value.clone();
            }
        }
    }
    chosen
}
