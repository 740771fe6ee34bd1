//! Purpose: what a person's act means to the app, and what the app's acknowledgement (or its silence) means to the
//! person: a command is answered, a view closes or complains, or Slack says that the app did not answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::response_url::{self, Address};
use crate::shared::Shared;
use crate::socket::Outcome;
use crate::socket::hub::Pending;
use crate::validate;
use crate::workspace::{Message, SLACKBOT, View, Workspace};

/// Why something was sent to the app.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    Command { command: String, address: Address },
    Action { user: String },
    Submission { user: String, view: String },
    Shortcut { user: String },
    Closed,
    Suggestion,
    Event,
}

impl Shared {
    /// The app acknowledged over a socket.
    pub(crate) fn answered(
        self: &Arc<Self>,
        mut pending: Pending,
        latency: Duration,
        payload: Option<Value>,
    ) {
        self.take_answer(&pending.purpose, payload.as_ref());
        if let Some(answer) = pending.answer.take() {
            // Whoever acted may not be waiting.
            let _ = answer.send(Outcome::Acked { latency, payload });
        }
    }

    /// What came with an acknowledgement takes effect.
    pub(crate) fn take_answer(&self, purpose: &Purpose, payload: Option<&Value>) {
        match purpose {
            Purpose::Command { address, .. } => {
                let says = |p: &&Value| p.get("text").is_some() || p.get("blocks").is_some();
                if let Some(payload) = payload.filter(says) {
                    self.change(|w| {
                        if let Err(error) = response_url::respond(w, address, payload) {
                            w.violation("ack", error, payload.to_string());
                        }
                    });
                }
            }
            Purpose::Submission { user, view } => self.change(|w| submitted(w, user, view, payload)),
            Purpose::Action { .. }
            | Purpose::Shortcut { .. }
            | Purpose::Closed
            | Purpose::Suggestion
            | Purpose::Event => {}
        }
    }

    /// Nobody acknowledged in time.
    pub(crate) fn timed_out(&self, purpose: &Purpose) {
        match purpose {
            Purpose::Command { command, address } => self.change(|w| {
                let text = format!("{command} failed with the error \"operation_timeout\"");
                w.notices.push((address.user.clone(), text.clone()));
                w.post(Message {
                    channel: address.channel.clone(),
                    user: SLACKBOT.into(),
                    text,
                    ephemeral_for: Some(address.user.clone()),
                    ..Message::default()
                });
            }),
            Purpose::Action { user } | Purpose::Shortcut { user } => self.change(|w| {
                w.notices.push((user.clone(), "operation_timeout".into()));
            }),
            Purpose::Submission { user, view } => self.change(|w| {
                w.notices.push((user.clone(), "operation_timeout".into()));
                if let Some(view) = w.view_mut(view) {
                    view.failure = Some("We had some trouble connecting. Try again?".into());
                }
            }),
            Purpose::Closed | Purpose::Suggestion | Purpose::Event => {}
        }
    }
}

/// What the app answered to a submitted view.
fn submitted(w: &mut Workspace, user: &str, id: &str, payload: Option<&Value>) {
    let action = payload
        .and_then(|p| p.get("response_action"))
        .and_then(Value::as_str);
    let body = payload.and_then(|p| p.get("view")).cloned();
    match (action, body) {
        (None, _) => close_view(w, user, id),
        (Some("clear"), _) => {
            w.modals.remove(user);
        }
        (Some("errors"), _) => complain(w, id, payload.and_then(|p| p.get("errors"))),
        (Some("update"), Some(body)) => {
            if let Some(mut body) = checked(w, body) {
                w.complete_view(&mut body);
                let hash = w.new_hash();
                if let Some(view) = w.view_mut(id) {
                    view.replace(body, hash);
                }
            }
        }
        (Some("push"), Some(body)) => {
            if let Some(body) = checked(w, body) {
                push_view(w, user, body);
            }
        }
        (Some(other), _) => w.violation("ack", "invalid_response_action", other),
    }
}

fn checked(w: &mut Workspace, body: Value) -> Option<Value> {
    let problems = validate::view(&body, "modal");
    if problems.is_empty() {
        return Some(body);
    }
    w.violation("ack", "invalid_view", validate::summary(&problems));
    None
}

fn complain(w: &mut Workspace, id: &str, errors: Option<&Value>) {
    let known: Vec<String> = w
        .view(id)
        .map(View::blocks)
        .unwrap_or_default()
        .iter()
        .map(block_id)
        .collect();
    let errors = errors.and_then(Value::as_object).cloned().unwrap_or_default();
    if errors.is_empty() || errors.keys().any(|block| !known.contains(block)) {
        w.violation("ack", "errors_name_no_input_block", json!(errors).to_string());
    }
    if let Some(view) = w.view_mut(id) {
        view.errors = errors
            .iter()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
            .collect();
    }
}

fn block_id(block: &Value) -> String {
    block
        .get("block_id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Takes one view from a person's screen.
pub(crate) fn close_view(w: &mut Workspace, user: &str, id: &str) {
    if let Some(stack) = w.modals.get_mut(user) {
        stack.retain(|v| v.id != id);
    }
}

/// Puts a view on top of what a person has open; returns its JSON, or `None` when three are open.
pub(crate) fn push_view(w: &mut Workspace, user: &str, body: Value) -> Option<Value> {
    let below = w.modals.get(user).and_then(|s| s.last()).cloned();
    if w.modals.get(user).is_some_and(|s| s.len() >= 3) {
        w.violation("views.push", "push_limit_reached", user);
        return None;
    }
    let view = w.new_view(user, body, below.as_ref());
    let json = w.view_json(&view);
    w.modals.entry(user.to_owned()).or_default().push(view);
    Some(json)
}
