//! Purpose: modals and App Home: the view as the app sent it, plus what the person filled in.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Workspace;

/// An open modal or an App Home.
#[derive(Debug, Clone)]
pub struct View {
    /// `V...`
    pub id: String,
    /// Changes with every update; an update may demand the one it has seen.
    pub hash: String,
    /// Whose screen it is on.
    pub user: String,
    /// The view as sent: type, title, blocks, `callback_id`, `private_metadata` and so on; block ids filled in.
    pub body: Value,
    /// The first view of the stack.
    pub root: String,
    /// The view below it.
    pub previous: Option<String>,
    /// What is filled in: block id, action id, value.
    pub values: Map<String, Value>,
    /// What the app complained about, by block id.
    pub errors: BTreeMap<String, String>,
    /// Slack's own words when the app did not answer in time.
    pub failure: Option<String>,
}

impl View {
    /// A text field of the view, such as `callback_id`; empty when absent.
    pub fn field(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The title people see.
    pub fn title(&self) -> &str {
        self.body
            .pointer("/title/text")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Its blocks.
    pub fn blocks(&self) -> &[Value] {
        self.body
            .get("blocks")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// Puts new content into the view, keeping what was typed into inputs that are still there.
    pub(crate) fn replace(&mut self, body: Value, hash: String) {
        self.body = body;
        self.hash = hash;
        self.errors.clear();
        self.failure = None;
        let mut values = crate::forms::initial_values(self.blocks());
        for (block, actions) in &mut values {
            let Some(actions) = actions.as_object_mut() else {
                continue;
            };
            for (action, value) in actions {
                if let Some(kept) = self.values.get(block).and_then(|b| b.get(action)) {
                    *value = kept.clone();
                }
            }
        }
        self.values = values;
    }
}

impl Workspace {
    /// Makes a view of a body that was found valid; it is not on anybody's screen yet.
    pub(crate) fn new_view(&mut self, user: &str, mut body: Value, below: Option<&View>) -> View {
        let id = format!("V{:04}", self.next_number());
        let hash = self.new_hash();
        self.complete_view(&mut body);
        let mut view = View {
            root: below.map_or_else(|| id.clone(), |v| v.root.clone()),
            previous: below.map(|v| v.id.clone()),
            id,
            hash,
            user: user.to_owned(),
            body,
            values: Map::new(),
            errors: BTreeMap::new(),
            failure: None,
        };
        view.values = crate::forms::initial_values(view.blocks());
        view
    }

    pub(crate) fn new_hash(&mut self) -> String {
        let number = self.next_number();
        format!("{}.{number:08x}", self.time.seconds())
    }

    /// Fills in the block ids and the fields that Slack always sends.
    pub(crate) fn complete_view(&mut self, body: &mut Value) {
        if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
            let mut taken = std::mem::take(blocks);
            self.name_blocks(&mut taken);
            body["blocks"] = Value::Array(taken);
        }
        for (key, missing) in [
            ("private_metadata", json!("")),
            ("callback_id", json!("")),
            ("external_id", json!("")),
            ("clear_on_close", json!(false)),
            ("notify_on_close", json!(false)),
            ("close", Value::Null),
            ("submit", Value::Null),
        ] {
            if body.get(key).is_none() {
                body[key] = missing;
            }
        }
    }

    /// The view object of the Web API and of payloads.
    pub(crate) fn view_json(&self, view: &View) -> Value {
        let mut value = view.body.clone();
        value["id"] = json!(view.id);
        value["team_id"] = json!(self.team.id);
        value["hash"] = json!(view.hash);
        value["root_view_id"] = json!(view.root);
        value["previous_view_id"] = json!(view.previous);
        value["app_id"] = json!(self.app.id);
        value["app_installed_team_id"] = json!(self.team.id);
        value["bot_id"] = json!(self.app.bot_id);
        value["state"] = json!({"values": view.values});
        value
    }

    pub(crate) fn view_mut(&mut self, id: &str) -> Option<&mut View> {
        self.modals
            .values_mut()
            .flatten()
            .chain(self.homes.values_mut())
            .find(|v| v.id == id)
    }

    /// A view by its id, wherever it is open.
    pub fn view(&self, id: &str) -> Option<&View> {
        self.modals
            .values()
            .flatten()
            .chain(self.homes.values())
            .find(|v| v.id == id)
    }
}
