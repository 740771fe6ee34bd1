//! Purpose: modals and App Home, as the person who has them on the screen.

use serde_json::{Map, Value, json};

use super::{ActError, Sent, User, events};
use crate::deliver::{Purpose, close_view};
use crate::forms;
use crate::socket::EnvelopeKind;
use crate::workspace::{View, Workspace};

impl User {
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
            if let Some(view) = w.view_mut(&id) {
                // What was complained about before is gone while the app looks at the new answer.
                view.errors.clear();
                view.failure = None;
            }
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
            &events::wrap(&self.shared, &event),
            Purpose::Event,
        )
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

    /// The view as it is now, if it is on the person's screen.
    pub(super) fn own_view<'w>(&self, w: &'w Workspace, view: &View) -> Result<&'w View, ActError> {
        w.view(&view.id)
            .filter(|v| v.user == self.id)
            .ok_or_else(|| ActError::View(self.name.clone()))
    }
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
