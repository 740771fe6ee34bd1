//! Purpose: what a person does on the page, handed to the simulator's people. The answer is `{}` once the app has
//! acknowledged, or `{"error": sentence}`; what changed arrives by the page's own refresh.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::actors::{ActError, Click, Sent, User};
use crate::shared::Shared;
use crate::socket::Outcome;
use crate::workspace::{Message, View};

/// Who acts and where.
#[derive(Debug, Deserialize)]
pub(super) struct Actor {
    #[serde(rename = "as")]
    person: String,
    #[serde(default)]
    at: String,
}

impl Actor {
    fn user(&self, shared: &Arc<Shared>) -> User {
        User::new(shared, &self.person)
    }

    /// The conversation as the actors name it.
    fn channel(&self, shared: &Shared) -> String {
        match self.at.as_str() {
            "app" | "home" => shared.options.cast.app.user_id.clone(),
            channel => channel.to_owned(),
        }
    }
}

/// A typed command or message.
#[derive(Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(flatten)]
    actor: Actor,
    text: String,
    thread: Option<String>,
}

/// A click or choice, in a message or in a view.
#[derive(Debug, Deserialize)]
pub(super) struct Used {
    #[serde(flatten)]
    actor: Actor,
    channel: Option<String>,
    ts: Option<String>,
    view: Option<String>,
    block: String,
    action: String,
    #[serde(default)]
    value: Value,
}

/// A submitted or closed modal.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    #[serde(flatten)]
    actor: Actor,
    view: String,
    #[serde(default)]
    values: Vec<Filled>,
}

/// One filled input of a modal.
#[derive(Debug, Deserialize)]
struct Filled {
    block: String,
    value: Value,
}

/// A tab of the app that was opened.
#[derive(Debug, Deserialize)]
pub(super) struct Opened {
    #[serde(flatten)]
    actor: Actor,
    tab: String,
}

/// Something done to the world around the workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
    deed: String,
}

/// `POST /ui/deed`
pub(super) async fn deed(State(shared): State<Arc<Shared>>, Json(done): Json<Done>) -> Json<Value> {
    let Some(stage) = shared.stage.get() else {
        return Json(json!({"error": "There is nothing around this workspace yet."}));
    };
    let outcome = stage.act(&done.deed);
    shared.changed_around();
    Json(match outcome {
        Ok(said) => json!({"said": said}),
        Err(why) => json!({"error": why}),
    })
}

/// `POST /ui/command`
pub(super) async fn command(State(shared): State<Arc<Shared>>, Json(typed): Json<Typed>) -> Json<Value> {
    let known = &shared.options.command;
    let word = typed.text.split_whitespace().next().unwrap_or_default();
    if word != known {
        return Json(json!({"error": format!("{word} is not a command here. Try {known} help.")}));
    }
    answer(
        typed
            .actor
            .user(&shared)
            .types(&typed.actor.channel(&shared), &typed.text),
    )
    .await
}

/// `POST /ui/say`
pub(super) async fn say(State(shared): State<Arc<Shared>>, Json(typed): Json<Typed>) -> Json<Value> {
    let channel = typed.actor.channel(&shared);
    let sent = typed
        .actor
        .user(&shared)
        .says(&channel, &typed.text, typed.thread.as_deref());
    // Nobody waits for the app to have heard what was said.
    Json(sent.err().map_or_else(|| json!({}), |error| problem(&error)))
}

/// `POST /ui/click`
pub(super) async fn click(State(shared): State<Arc<Shared>>, Json(used): Json<Used>) -> Json<Value> {
    let person = used.actor.user(&shared);
    let action = used.action.as_str();
    let click = if used.value.is_null() {
        Click::from(action)
    } else {
        Click::from((action, used.value))
    };
    let click = click.in_block(&used.block);
    if let Some(id) = &used.view {
        return answer(find_view(&shared, &person, id).and_then(|view| person.clicks_in_view(&view, click)))
            .await;
    }
    let (channel, ts) = (used.channel.unwrap_or_default(), used.ts.unwrap_or_default());
    answer(find_message(&shared, &person, &channel, &ts).and_then(|message| person.clicks(&message, click)))
        .await
}

/// `POST /ui/submit`
pub(super) async fn submit(State(shared): State<Arc<Shared>>, Json(form): Json<Form>) -> Json<Value> {
    let user = form.actor.user(&shared);
    let values = form
        .values
        .iter()
        .map(|filled| (filled.block.as_str(), filled.value.clone()));
    answer(find_view(&shared, &user, &form.view).and_then(|view| user.submits(&view, values))).await
}

/// `POST /ui/close`
pub(super) async fn close(State(shared): State<Arc<Shared>>, Json(form): Json<Form>) -> Json<Value> {
    let user = form.actor.user(&shared);
    answer(find_view(&shared, &user, &form.view).and_then(|view| user.closes(&view))).await
}

/// `POST /ui/home`
pub(super) async fn home(State(shared): State<Arc<Shared>>, Json(opened): Json<Opened>) -> Json<Value> {
    // An app may ignore this event, so its silence is nothing to complain of.
    drop(opened.actor.user(&shared).opens_tab(&opened.tab));
    Json(json!({}))
}

fn find_message(shared: &Shared, user: &User, channel: &str, ts: &str) -> Result<Message, ActError> {
    let found = shared.read(|w| w.message(channel, ts).cloned());
    found.ok_or_else(|| ActError::Message(user.name.clone()))
}

fn find_view(shared: &Shared, user: &User, id: &str) -> Result<View, ActError> {
    shared
        .read(|w| w.view(id).cloned())
        .ok_or_else(|| ActError::View(user.name.clone()))
}

/// Waits for the acknowledgement and says what went wrong, in words for the person.
async fn answer(sent: Result<Sent, ActError>) -> Json<Value> {
    let sent = match sent {
        Ok(sent) if !sent.heard() => return Json(json!({})),
        Ok(sent) => sent,
        Err(error) => return Json(problem(&error)),
    };
    Json(match sent.await {
        Outcome::Acked { .. } => json!({}),
        Outcome::TimedOut => json!({"error": "The app did not answer in time. It may not be running."}),
        Outcome::Refused(_, why) => json!({"error": format!("The app refused this: {why}")}),
    })
}

fn problem(error: &ActError) -> Value {
    match error {
        ActError::Required(action) => json!({"error": "Please fill this in.", "action": action}),
        ActError::Channel(..) | ActError::Message(_) | ActError::View(_) => {
            json!({"error": "That is no longer there; the page has been brought up to date."})
        }
        ActError::Element(why) => json!({"error": why}),
    }
}
