//! Purpose: `files.getUploadURLExternal`, the address that it gives, `files.completeUploadExternal`, and the pictures themselves.
//! Source: docs.slack.dev/reference/methods/files.getUploadURLExternal and files.completeUploadExternal.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::chat::may_post;
use super::params::Params;
use super::{Answer, ApiError, broken};
use crate::faults::{Call, Fault};
use crate::line::Line;
use crate::shared::Shared;
use crate::workspace::{File, Message, Workspace};

/// The longest description.
const ALT_MAX: usize = 1_000;
/// How a PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Announces a file and says where its bytes go.
pub(super) fn ticket(shared: &Shared, params: &Params) -> Answer {
    let name = params.text("filename").ok_or("missing_argument")?;
    let length = params.number("length").filter(|length| *length > 0);
    let length = length.ok_or("missing_argument")?;
    let alt_text = params.text("alt_txt").unwrap_or_default();
    if alt_text.chars().count() > ALT_MAX {
        return Err("alt_txt_too_large".into());
    }
    shared.change(|w| {
        if alt_text.is_empty() && !File::is_table(name) {
            w.violation(
                "files.getUploadURLExternal",
                "missing_alt_txt",
                "screen readers read it",
            );
        }
        let id = format!("F0FILE{:04}", w.next_number());
        let token = ulid::Ulid::new().to_string().to_lowercase();
        let address = format!("{}/upload/{token}", shared.base_url);
        w.files.push(File {
            id: id.clone(),
            name: name.to_owned(),
            title: name.to_owned(),
            alt_text: alt_text.to_owned(),
            length,
            token,
            ..File::default()
        });
        Ok(json!({"upload_url": address, "file_id": id}))
    })
}

/// Takes the bytes of an announced file.
pub(crate) async fn upload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(token): Path<String>,
    body: Bytes,
) -> Response {
    let fault = shared.faults.take("upload");
    let takes_effect = fault
        .as_ref()
        .is_none_or(|fault| *fault == Fault::ResetAfterEffect);
    let outcome = if takes_effect {
        shared.change(|w| take(w, &token, &body))
    } else {
        Err("fault")
    };
    shared.faults.record(Call {
        method: "upload".to_owned(),
        at: Instant::now(),
        params: json!({"bytes": body.len()}),
        error: outcome.err().map(str::to_owned),
    });
    shared.change(|_| ());
    match (fault, outcome) {
        (Some(fault), _) => broken(&shared, &line, fault).await,
        (None, Ok(())) => format!("OK - {}", body.len()).into_response(),
        (None, Err(problem)) => (StatusCode::BAD_REQUEST, problem).into_response(),
    }
}

fn take(w: &mut Workspace, token: &str, bytes: &Bytes) -> Result<(), &'static str> {
    let file = w.files.iter_mut().find(|file| file.token == token);
    let file = file.ok_or("unknown upload")?;
    if file.is_shown {
        return Err("already complete");
    }
    if file.length != bytes.len() {
        let detail = format!("{} announced, {} sent", file.length, bytes.len());
        w.violation("upload", "wrong_length", detail);
        return Err("wrong length");
    }
    file.bytes = bytes.to_vec();
    Ok(())
}

/// Shows a file in a channel or thread. Slack does so some time later; here it is at once.
pub(super) fn complete(shared: &Shared, params: &Params) -> Answer {
    let Some([file]) = params.json("files").and_then(Value::as_array).map(Vec::as_slice) else {
        return Err("invalid_arguments".into());
    };
    let id = file["id"].as_str().ok_or("invalid_arguments")?;
    let title = file["title"].as_str().map(str::to_owned);
    let channel = params.text("channel_id");
    shared.change(|w| {
        if let Some(channel) = channel {
            may_post(shared, w, channel)?;
        }
        let thread_ts = params.text("thread_ts").map(str::to_owned);
        let is_lost = |ts: &String| channel.is_none_or(|channel| w.message(channel, ts).is_none());
        if thread_ts.as_ref().is_some_and(is_lost) {
            return Err("invalid_thread_ts".into());
        }
        let file = finish(w, id, title)?;
        if let Some(channel) = channel {
            let message = Message {
                channel: channel.to_owned(),
                thread_ts,
                user: w.app.user_id.clone(),
                by_app: true,
                files: vec![id.to_owned()],
                ..Message::default()
            };
            w.post(message);
        }
        Ok(json!({"files": [file]}))
    })
}

/// Marks a file as shown, unless Slack would refuse.
fn finish(w: &mut Workspace, id: &str, title: Option<String>) -> Result<Value, ApiError> {
    let file = w.files.iter_mut().find(|file| file.id == id);
    let file = file
        .filter(|file| !file.bytes.is_empty())
        .ok_or("file_not_found")?;
    if file.is_shown {
        return Err("file_already_completed".into());
    }
    if !File::is_table(&file.name) && !file.bytes.starts_with(PNG) {
        let name = file.name.clone();
        w.violation("files.completeUploadExternal", "not_a_picture", name);
        return Err("file_type_not_allowed".into());
    }
    file.is_shown = true;
    file.title = title.unwrap_or_else(|| file.name.clone());
    Ok(file.json())
}

/// A picture or table that was shown, for the page.
pub(crate) async fn shown(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let bytes = shared.read(|w| {
        w.file(&id)
            .filter(|file| file.is_shown)
            .map(|file| (file.media_type(), file.bytes.clone()))
    });
    match bytes {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
