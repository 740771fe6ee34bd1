//! Purpose: `chat.*` and `reactions.add`.

use serde_json::{Value, json};

use super::params::Params;
use super::{Answer, ApiError, has_scope};
use crate::shared::Shared;
use crate::validate;
use crate::workspace::{Channel, ChannelKind, Message, Workspace};

/// Slack cuts texts above this; its advice is to stay under `TEXT_ADVICE`.
const TEXT_MAX: usize = 40_000;
const TEXT_ADVICE: usize = 4_000;
/// Characters of text in all blocks. One report of `msg_blocks_too_long` names it; Slack documents no number.
const BLOCKS_TEXT_MAX: usize = 13_200;

pub(super) fn post_message(shared: &Shared, params: &Params) -> Answer {
    let channel = shared.change(|w| target(w, params))?;
    if let Some(after) = shared.faults.too_fast(&channel) {
        return Err(ApiError::rate_limited(after));
    }
    let (answer, event) = shared.change(|w| -> Result<_, ApiError> {
        may_post(shared, w, &channel)?;
        let message = compose(w, "chat.postMessage", params, &channel)?;
        let ts = w.post(message);
        let message = w.message(&channel, &ts).ok_or("fatal_error")?;
        let mut json = w.message_json(message);
        if let Some(metadata) = &message.metadata {
            json["metadata"] = metadata.clone();
        }
        let answer = json!({"channel": channel, "ts": ts, "message": json});
        Ok((
            answer,
            crate::actors::events::own_direct_message(w, &channel, json),
        ))
    })?;
    if let Some(event) = event {
        crate::actors::events::send(shared, &event);
    }
    Ok(answer)
}

pub(super) fn post_ephemeral(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let channel = target(w, params)?;
        let user = params.text("user").ok_or("invalid_arguments")?;
        if w.person(user).is_none() {
            return Err("user_not_found".into());
        }
        may_post(shared, w, &channel)?;
        if !w.channel(&channel).is_some_and(|c| c.has(user)) {
            return Err("user_not_in_channel".into());
        }
        let ephemeral_for = Some(user.to_owned());
        let message = Message {
            ephemeral_for,
            ..compose(w, "chat.postEphemeral", params, &channel)?
        };
        Ok(json!({"message_ts": w.post(message)}))
    })
}

pub(super) fn update(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let (channel, ts) = own_message(w, params, "cant_update_message")?;
        if params
            .text("text")
            .is_some_and(|t| t.chars().count() > TEXT_ADVICE)
        {
            return Err("msg_too_long".into());
        }
        let mut new = compose(w, "chat.update", params, &channel)?;
        w.name_blocks(&mut new.blocks);
        let edited = w.next_ts();
        let old = w.message_mut(&channel, &ts).ok_or("message_not_found")?;
        // Slack keeps the blocks when neither blocks nor attachments are given.
        if params.json("blocks").is_some() {
            old.values = crate::forms::initial_values(&new.blocks);
            old.blocks = new.blocks;
        }
        old.text = new.text;
        old.metadata = new.metadata.or_else(|| old.metadata.take());
        old.edited = Some(edited);
        let text = old.text.clone();
        let message = w.message(&channel, &ts).map(|m| w.message_json(m));
        Ok(json!({"channel": channel, "ts": ts, "text": text, "message": message}))
    })
}

pub(super) fn delete(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let (channel, ts) = own_message(w, params, "cant_delete_message")?;
        w.message_mut(&channel, &ts).ok_or("message_not_found")?.deleted = true;
        Ok(json!({"channel": channel, "ts": ts}))
    })
}

pub(super) fn permalink(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let channel = known(w, params)?;
        let ts = params.text("message_ts").ok_or("message_not_found")?;
        if w.message(&channel.id, ts).is_none() {
            return Err("message_not_found".into());
        }
        let (domain, id, digits) = (&w.team.domain, &channel.id, ts.replace('.', ""));
        let link = format!("https://{domain}.slack.com/archives/{id}/p{digits}");
        Ok(json!({"channel": id, "permalink": link}))
    })
}

pub(super) fn add_reaction(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let channel = known(w, params)?.id.clone();
        let name = params.text("name").ok_or("invalid_name")?.to_owned();
        let (ts, user) = (
            params.text("timestamp").ok_or("bad_timestamp")?,
            w.app.user_id.clone(),
        );
        let reactions = &mut w.message_mut(&channel, ts).ok_or("message_not_found")?.reactions;
        match reactions.iter_mut().find(|(n, _)| *n == name) {
            Some((_, users)) if users.contains(&user) => return Err("already_reacted".into()),
            Some((_, users)) => users.push(user),
            None => reactions.push((name, vec![user])),
        }
        Ok(json!({}))
    })
}

fn known<'w>(w: &'w Workspace, params: &Params) -> Result<&'w Channel, ApiError> {
    let id = params.text("channel").ok_or("channel_not_found")?;
    w.channels
        .iter()
        .find(|c| c.id == id)
        .ok_or_else(|| "channel_not_found".into())
}

/// The id of the channel to post into; a user id means the direct message with them.
fn target(w: &mut Workspace, params: &Params) -> Result<String, ApiError> {
    let key = params.text("channel").ok_or("channel_not_found")?;
    if key.starts_with('U') && w.people.iter().any(|p| p.id == key) {
        let key = key.to_owned();
        return Ok(w.open_direct(&key));
    }
    let visible = |c: &&Channel| c.kind != ChannelKind::Private || c.has(&w.app.user_id);
    w.channel(key)
        .filter(visible)
        .map(|c| c.id.clone())
        .ok_or_else(|| "channel_not_found".into())
}

pub(super) fn may_post(shared: &Shared, w: &Workspace, channel: &str) -> Result<(), ApiError> {
    let channel = w.channel(channel).ok_or("channel_not_found")?;
    if channel.is_archived {
        return Err("is_archived".into());
    }
    let anywhere = channel.kind == ChannelKind::Public && has_scope(shared, "chat:write.public");
    if !channel.has(&w.app.user_id) && !anywhere {
        return Err("not_in_channel".into());
    }
    Ok(())
}

/// Reads and checks what the app wants to say.
fn compose(w: &mut Workspace, method: &str, params: &Params, channel: &str) -> Result<Message, ApiError> {
    let text = params.text("text").unwrap_or_default();
    let blocks = match params.json("blocks") {
        None => &Vec::new(),
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return Err("invalid_blocks_format".into()),
    };
    if text.is_empty() && blocks.is_empty() && params.json("attachments").is_none() {
        return Err("no_text".into());
    }
    check_size(w, method, text, blocks)?;
    let problems = validate::message_blocks(blocks);
    if !problems.is_empty() {
        return Err(refused(w, method, "invalid_blocks", &problems));
    }
    if let Some(metadata) = params.json("metadata")
        && !(metadata["event_type"].is_string() && metadata["event_payload"].is_object())
    {
        return Err("invalid_metadata_format".into());
    }
    let thread_ts = params.text("thread_ts").map(str::to_owned);
    if let Some(parent) = thread_ts.as_deref().filter(|ts| w.message(channel, ts).is_none()) {
        w.violation(method, "thread_not_found", parent);
    }
    Ok(Message {
        channel: channel.to_owned(),
        thread_ts,
        user: w.app.user_id.clone(),
        by_app: true,
        text: text.to_owned(),
        blocks: blocks.clone(),
        metadata: params.json("metadata").cloned(),
        links_names: params.flag("link_names") || params.text("parse") == Some("full"),
        ..Message::default()
    })
}

fn check_size(w: &mut Workspace, method: &str, text: &str, blocks: &[Value]) -> Result<(), ApiError> {
    let length = text.chars().count();
    if length > TEXT_MAX {
        w.violation(method, "msg_too_long", format!("{length} characters"));
        return Err("msg_too_long".into());
    }
    if length > TEXT_ADVICE {
        w.violation(method, "text_over_4000", format!("{length} characters"));
    }
    if text.is_empty() && !blocks.is_empty() {
        w.violation(
            method,
            "missing_text_in_message",
            "notifications and screen readers read the text",
        );
    }
    let characters: usize = blocks.iter().map(text_in).sum();
    if characters > BLOCKS_TEXT_MAX {
        w.violation(
            method,
            "msg_blocks_too_long",
            format!("{characters} characters in blocks"),
        );
        return Err("msg_blocks_too_long".into());
    }
    Ok(())
}

/// Characters of all `text` strings below a value.
fn text_in(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            let own = fields
                .get("text")
                .and_then(Value::as_str)
                .map_or(0, |t| t.chars().count());
            own + fields.values().map(text_in).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(text_in).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// The error that names every broken rule, which is written down too.
pub(super) fn refused(
    w: &mut Workspace,
    method: &str,
    code: &str,
    problems: &[validate::Problem],
) -> ApiError {
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    w.violation(method, code, messages.join("; "));
    let errors: Vec<&str> = problems.iter().map(|p| p.what.as_str()).collect();
    ApiError::from(code)
        .with("errors", json!(errors))
        .with("response_metadata", json!({"messages": messages}))
}

/// The app's own message that `channel` and `ts` name.
fn own_message(w: &Workspace, params: &Params, otherwise: &str) -> Result<(String, String), ApiError> {
    let channel = known(w, params)?.id.clone();
    let ts = params.text("ts").ok_or("message_not_found")?;
    let message = w
        .message(&channel, ts)
        .filter(|m| m.ephemeral_for.is_none())
        .ok_or("message_not_found")?;
    if !message.by_app {
        return Err(otherwise.into());
    }
    Ok((channel, ts.to_owned()))
}
