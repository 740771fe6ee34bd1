//! Purpose: clicks, choices, modals, shortcuts and App Home, as the person who does them.

use serde_json::{Map, Value, json};

use super::{ActError, Sent, User, events};
use crate::deliver::{Purpose, close_view};
use crate::forms::{self, Place};
use crate::socket::EnvelopeKind;
use crate::workspace::{Message, View, Workspace};

/// What is clicked or chosen: an action id alone, or with the value or label that tells which of several.
#[derive(Debug, Clone)]
pub struct Click {
    action_id: String,
    choice: Option<Value>,
    block_id: Option<String>,
}

impl Click {
    /// Only in this block.
    #[must_use]
    pub fn in_block(mut self, block_id: &str) -> Self {
        self.block_id = Some(block_id.to_owned());
        self
    }
}

impl From<&str> for Click {
    fn from(action_id: &str) -> Self {
        Self {
            action_id: action_id.to_owned(),
            choice: None,
            block_id: None,
        }
    }
}

impl<V: Into<Value>> From<(&str, V)> for Click {
    fn from((action_id, choice): (&str, V)) -> Self {
        Self {
            choice: Some(choice.into()),
            ..Self::from(action_id)
        }
    }
}

impl Click {
    /// The element that is meant and what is then chosen in it.
    fn find<'a>(&self, blocks: &'a [Value]) -> Result<(Place<'a>, Value), ActError> {
        let here = |p: &Place<'_>| {
            p.action_id == self.action_id && self.block_id.as_deref().is_none_or(|b| p.block_id == b)
        };
        let mut why = format!("no `{}` is there", self.action_id);
        for place in forms::interactive(blocks).into_iter().filter(here) {
            let chosen = match (place.kind(), &self.choice) {
                ("button" | "workflow_button", None) => Ok(json!({"type": "button"})),
                ("button" | "workflow_button", Some(choice)) => {
                    let named = place.element.get("value") == Some(choice)
                        || place.element.pointer("/text/text") == Some(choice);
                    if named {
                        Ok(json!({"type": "button"}))
                    } else {
                        Err(format!("no button {choice}"))
                    }
                }
                (_, choice) => forms::chosen(&place, choice.as_ref().unwrap_or(&Value::Null)),
            };
            match chosen {
                Ok(chosen) => return Ok((place, chosen)),
                Err(reason) => why = reason,
            }
        }
        Err(ActError::Element(why))
    }
}

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

    /// Fills in a modal and submits it. Values are named by action id or block id.
    ///
    /// # Errors
    /// The view is not open, a value does not fit, or a required input is empty: Slack then sends nothing.
    pub fn submits<'a, V: Into<Value>>(
        &self,
        view: &View,
        values: impl IntoIterator<Item = (&'a str, V)>,
    ) -> Result<Sent, ActError> {
        let payload = self.shared.change(|w| {
            self.own_view(w, view)?;
            for (name, value) in values {
                fill(w, &view.id, name, &value.into())?;
            }
            let view = self.own_view(w, view)?;
            required_filled(view)?;
            let (id, trigger) = (view.id.clone(), w.new_trigger(&self.id));
            let view = w.view(&id).map(|v| w.view_json(v));
            Ok::<_, ActError>(self.payload(
                w,
                "view_submission",
                json!({
                    "trigger_id": trigger, "view": view, "response_urls": [],
                }),
            ))
        })?;
        let purpose = Purpose::Submission {
            user: self.id.clone(),
            view: view.id.clone(),
        };
        Ok(self.send(EnvelopeKind::Interactive, &payload, purpose))
    }

    /// Closes a modal; the app hears of it when the view asks for that.
    ///
    /// # Errors
    /// The view is not open.
    pub fn closes(&self, view: &View) -> Result<Sent, ActError> {
        let payload = self.shared.change(|w| {
            let view = self.own_view(w, view)?.clone();
            let json = w.view_json(&view);
            close_view(w, &self.id, &view.id);
            let told = view.body["notify_on_close"] == json!(true);
            let fields = json!({"view": json, "is_cleared": false});
            Ok::<_, ActError>(told.then(|| self.payload(w, "view_closed", fields)))
        })?;
        Ok(match payload {
            Some(payload) => self.send(EnvelopeKind::Interactive, &payload, Purpose::Closed),
            None => Sent::unheard(),
        })
    }

    /// Opens the app's Home tab.
    pub fn opens_home(&self) -> Sent {
        self.opens_tab("home")
    }

    /// Opens the app's `home` or `messages` tab.
    pub fn opens_tab(&self, tab: &str) -> Sent {
        let event = self.shared.change(|w| {
            let mut event = json!({
                "type": "app_home_opened", "user": self.id, "tab": tab, "channel": w.open_direct(&self.id),
                "event_ts": w.next_ts(),
            });
            if let Some(view) = w.homes.get(&self.id).filter(|_| tab == "home") {
                event["view"] = w.view_json(view);
            }
            event
        });
        if !events::subscribed(&self.shared, &event) {
            return Sent::unheard();
        }
        self.send(
            EnvelopeKind::EventsApi,
            &events::wrap(&self.shared, event),
            Purpose::Event,
        )
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

    /// Types into a menu whose options come from the app; the outcome's payload holds them.
    ///
    /// # Errors
    /// The view is not open, or there is no such menu on it.
    pub fn searches(&self, view: &View, action_id: &str, query: &str) -> Result<Sent, ActError> {
        let payload = self.shared.read(|w| {
            let view = self.own_view(w, view)?;
            let menus = forms::interactive(view.blocks());
            let menu = menus
                .iter()
                .find(|p| p.action_id == action_id && p.kind().ends_with("external_select"));
            let menu = menu.ok_or_else(|| ActError::Element(action_id.to_owned()))?;
            Ok::<_, ActError>(self.payload(w, "block_suggestion", json!({
                "action_id": action_id, "block_id": menu.block_id, "value": query, "view": w.view_json(view),
                "container": {"type": "view", "view_id": view.id},
            })))
        })?;
        Ok(self.send(EnvelopeKind::Interactive, &payload, Purpose::Suggestion))
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

    /// The view as it is now, if it is on the person's screen.
    fn own_view<'w>(&self, w: &'w Workspace, view: &View) -> Result<&'w View, ActError> {
        w.view(&view.id)
            .filter(|v| v.user == self.id)
            .ok_or_else(|| ActError::View(self.name.clone()))
    }

    fn response_url(&self, w: &mut Workspace, channel: &str, original: Option<String>) -> String {
        format!(
            "{}/response/{}",
            self.shared.base_url,
            w.new_response(&self.id, channel, original)
        )
    }

    /// The fields every interaction has.
    fn payload(&self, w: &Workspace, kind: &str, mut fields: Value) -> Value {
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

fn fill(w: &mut Workspace, view: &str, name: &str, value: &Value) -> Result<(), ActError> {
    let blocks = w.view(view).map(|v| v.blocks().to_vec()).unwrap_or_default();
    let places = forms::interactive(&blocks);
    let place = places.iter().find(|p| p.action_id == name || p.block_id == name);
    let place = place.ok_or_else(|| ActError::Element(format!("no input `{name}`")))?;
    let state = forms::chosen(place, value).map_err(ActError::Element)?;
    if let Some(view) = w.view_mut(view) {
        forms::put(&mut view.values, place, state);
    }
    Ok(())
}

fn required_filled(view: &View) -> Result<(), ActError> {
    let empty = Map::new();
    for place in forms::interactive(view.blocks()) {
        let block = view
            .values
            .get(place.block_id)
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let optional = place.block.get("optional") == Some(&json!(true));
        if place.is_input() && !optional && block.get(place.action_id).is_none_or(forms::is_empty) {
            return Err(ActError::Required(place.action_id.to_owned()));
        }
    }
    Ok(())
}
