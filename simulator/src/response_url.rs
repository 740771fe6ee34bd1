//! Purpose: `POST /response/{token}`: answers to commands and clicks, five times in thirty minutes.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::faults::{Call, Fault};
use crate::line::Line;
use crate::shared::Shared;
use crate::validate;
use crate::workspace::message::Message;
use crate::workspace::{ResponseUrl, Workspace};

/// Where an answer goes and what it may replace.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) user: String,
    pub(crate) channel: String,
    /// The message whose button was clicked.
    pub(crate) original: Option<String>,
}

pub(crate) async fn post(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(token): Path<String>,
    body: Bytes,
) -> Response {
    let params = serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null);
    let mut call = Call {
        method: "response_url".into(),
        at: Instant::now(),
        params,
        error: None,
    };
    let fault = shared.faults.take("response_url");
    if let Some(fault) = fault.as_ref().filter(|f| **f != Fault::ResetAfterEffect) {
        call.error = Some("fault".into());
        shared.faults.record(call);
        shared.change(|_| ());
        return broken(&shared, &line, fault).await;
    }
    let result = if call.params.is_object() {
        shared.change(|w| take_use(w, &token).and_then(|address| respond(w, &address, &call.params)))
    } else {
        Err("invalid_payload")
    };
    call.error = result.err().map(str::to_owned);
    if let Some(error) = &call.error {
        shared.change(|w| w.violation("response_url", error, call.params.to_string()));
    }
    shared.faults.record(call);
    shared.change(|_| ());
    if fault.is_some() {
        line.cut();
    }
    match result {
        Ok(()) => "ok".into_response(),
        Err(error) => {
            let gone = matches!(error, "expired_url" | "used_url");
            let status = if gone {
                StatusCode::NOT_FOUND
            } else {
                StatusCode::BAD_REQUEST
            };
            (status, axum::Json(json!({"ok": false, "error": error}))).into_response()
        }
    }
}

async fn broken(shared: &Shared, line: &Line, fault: &Fault) -> Response {
    match fault {
        Fault::RateLimited(after) => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, after.to_string())],
            "",
        )
            .into_response(),
        Fault::Status(status) => StatusCode::from_u16(*status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response(),
        Fault::Garbage => "<html>not what you expected".into_response(),
        Fault::Error(error) => (
            StatusCode::NOT_FOUND,
            axum::Json(json!({"ok": false, "error": error})),
        )
            .into_response(),
        Fault::Hang => {
            shared.stop.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::Reset | Fault::ResetAfterEffect => {
            line.cut();
            StatusCode::OK.into_response()
        }
    }
}

fn take_use(w: &mut Workspace, token: &str) -> Result<Address, &'static str> {
    let now = w.time.micros();
    let url = w.responses.get_mut(token).ok_or("expired_url")?;
    if !url.alive(now) {
        return Err("expired_url");
    }
    if url.uses >= ResponseUrl::USES {
        return Err("used_url");
    }
    url.uses += 1;
    Ok(Address {
        user: url.user.clone(),
        channel: url.channel.clone(),
        original: url.original.clone(),
    })
}

/// Does what a response says: posts, replaces or deletes.
pub(crate) fn respond(w: &mut Workspace, address: &Address, body: &Value) -> Result<(), &'static str> {
    let flag = |name: &str| {
        body.get(name)
            .is_some_and(|v| v.as_bool() == Some(true) || v.as_str() == Some("true"))
    };
    let text = body
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let blocks = body
        .get("blocks")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if flag("delete_original") {
        let original = address.original.as_deref().ok_or("invalid_payload")?;
        w.message_mut(&address.channel, original)
            .ok_or("message_not_found")?
            .deleted = true;
        return Ok(());
    }
    if text.is_empty() && blocks.is_empty() {
        return Err("no_text");
    }
    let problems = validate::message_blocks(&blocks);
    if !problems.is_empty() {
        w.violation("response_url", "invalid_blocks", validate::summary(&problems));
        return Err("invalid_blocks");
    }
    if text.is_empty() {
        w.violation("response_url", "missing_text_in_message", address.channel.clone());
    }
    if let Some(original) = address.original.clone().filter(|_| flag("replace_original")) {
        return replace(w, &address.channel, &original, text, blocks);
    }
    let in_channel = body.get("response_type").and_then(Value::as_str) == Some("in_channel");
    let thread_ts = body.get("thread_ts").and_then(Value::as_str).map(str::to_owned);
    w.post(Message {
        channel: address.channel.clone(),
        thread_ts,
        user: w.app.user_id.clone(),
        by_app: true,
        text,
        blocks,
        ephemeral_for: (!in_channel).then(|| address.user.clone()),
        ..Message::default()
    });
    Ok(())
}

fn replace(
    w: &mut Workspace,
    channel: &str,
    ts: &str,
    text: String,
    mut blocks: Vec<Value>,
) -> Result<(), &'static str> {
    w.name_blocks(&mut blocks);
    let edited = w.next_ts();
    let message = w.message_mut(channel, ts).ok_or("message_not_found")?;
    message.values = crate::forms::initial_values(&blocks);
    message.text = text;
    message.blocks = blocks;
    message.edited = message.ephemeral_for.is_none().then_some(edited);
    Ok(())
}
