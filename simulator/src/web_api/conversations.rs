//! Purpose: `conversations.*` and `users.conversations`: what the bot may see of channels.

use serde_json::{Value, json};

use super::params::Params;
use super::users::{Size, page};
use super::{Answer, ApiError, need_scope};
use crate::shared::Shared;
use crate::workspace::{Channel, ChannelKind, Message, Workspace};

/// Pages of lists: docs.slack.dev/reference/methods/conversations.list.
const LISTS: Size = Size {
    usual: 100,
    most: 1000,
};
/// Pages of messages: docs.slack.dev/reference/methods/conversations.history.
const MESSAGES: Size = Size {
    usual: 100,
    most: 999,
};

/// `channels:read`, `groups:history` and so on.
pub(super) fn scope_of(kind: ChannelKind, what: &str) -> String {
    let family = match kind {
        ChannelKind::Public => "channels",
        ChannelKind::Private => "groups",
        ChannelKind::Direct => "im",
    };
    format!("{family}:{what}")
}

/// The channel a call names, if the bot may know of it.
pub(super) fn channel<'w>(
    shared: &Shared,
    w: &'w Workspace,
    params: &Params,
    what: &str,
) -> Result<&'w Channel, ApiError> {
    let id = params.text("channel").ok_or("channel_not_found")?;
    let bot = &w.app.user_id;
    let seen = |c: &&Channel| c.id == id && (c.kind == ChannelKind::Public || c.has(bot));
    let channel = w.channels.iter().find(seen).ok_or("channel_not_found")?;
    need_scope(shared, &scope_of(channel.kind, what))?;
    Ok(channel)
}

pub(super) fn info(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| Ok(json!({"channel": channel(shared, w, params, "read")?.json(&w.app.user_id)})))
}

pub(super) fn list(shared: &Shared, params: &Params) -> Answer {
    list_where(shared, params, |_, _| true)
}

pub(super) fn of_user(shared: &Shared, params: &Params) -> Answer {
    let user = params.text("user").map(str::to_owned);
    list_where(shared, params, move |w, c| {
        c.has(user.as_deref().unwrap_or(&w.app.user_id))
    })
}

fn list_where(shared: &Shared, params: &Params, only: impl Fn(&Workspace, &Channel) -> bool) -> Answer {
    let types = params.text("types").unwrap_or("public_channel");
    let mut kinds = Vec::new();
    for kind in types.split(',').map(str::trim) {
        let kind = match kind {
            "public_channel" => ChannelKind::Public,
            "private_channel" => ChannelKind::Private,
            "im" => ChannelKind::Direct,
            "mpim" => continue,
            _ => return Err("invalid_types".into()),
        };
        need_scope(shared, &scope_of(kind, "read"))?;
        kinds.push(kind);
    }
    shared.read(|w| {
        let bot = &w.app.user_id;
        let seen = |c: &&Channel| {
            kinds.contains(&c.kind)
                && (c.kind == ChannelKind::Public || c.has(bot))
                && !(params.flag("exclude_archived") && c.is_archived)
                && only(w, c)
        };
        let all: Vec<Value> = w.channels.iter().filter(seen).map(|c| c.json(bot)).collect();
        let (page, cursor) = page(&all, params, LISTS)?;
        Ok(json!({"channels": page, "response_metadata": {"next_cursor": cursor}}))
    })
}

pub(super) fn members(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let all: Vec<Value> = channel(shared, w, params, "read")?
            .members
            .iter()
            .map(|m| json!(m))
            .collect();
        let (page, cursor) = page(&all, params, LISTS)?;
        Ok(json!({"members": page, "response_metadata": {"next_cursor": cursor}}))
    })
}

pub(super) fn history(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let channel = channel(shared, w, params, "history")?;
        if !channel.has(&w.app.user_id) {
            return Err("not_in_channel".into());
        }
        let said: Vec<Value> = w
            .messages(&channel.id)
            .rev()
            .filter(|m| m.ephemeral_for.is_none() && !m.is_reply() && within(m, params))
            .map(|m| with_metadata(w, m, params))
            .collect();
        let (page, cursor) = page(&said, params, MESSAGES)?;
        let more = !cursor.is_empty();
        Ok(json!({"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}))
    })
}

pub(super) fn replies(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let channel = channel(shared, w, params, "history")?;
        if !channel.has(&w.app.user_id) {
            return Err("not_in_channel".into());
        }
        let ts = params.text("ts").ok_or("thread_not_found")?;
        let parent = w.message(&channel.id, ts).ok_or("thread_not_found")?;
        let root = parent.thread_ts.as_deref().unwrap_or(ts);
        let of_thread = |m: &&Message| m.ts == root || m.thread_ts.as_deref() == Some(root);
        let all: Vec<Value> = w
            .messages(&channel.id)
            .filter(|m| m.ephemeral_for.is_none() && within(m, params))
            .filter(of_thread)
            .map(|m| with_metadata(w, m, params))
            .collect();
        let (page, cursor) = page(&all, params, MESSAGES)?;
        let more = !cursor.is_empty();
        Ok(json!({"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}))
    })
}

/// Between `oldest` and `latest`, the ends only when `inclusive`. Timestamps of one length compare as text.
fn within(message: &Message, params: &Params) -> bool {
    let number = |ts: &str| ts.parse::<f64>().unwrap_or_default();
    let at = number(&message.ts);
    let inclusive = params.flag("inclusive");
    let after = params
        .text("oldest")
        .map(number)
        .is_none_or(|t| at > t || (inclusive && message_at(at, t)));
    let before = params
        .text("latest")
        .map(number)
        .is_none_or(|t| at < t || (inclusive && message_at(at, t)));
    after && before
}

fn message_at(at: f64, t: f64) -> bool {
    (at - t).abs() < 0.000_001
}

fn with_metadata(w: &Workspace, message: &Message, params: &Params) -> Value {
    let mut json = w.message_json(message);
    if let Some(metadata) = message
        .metadata
        .as_ref()
        .filter(|_| params.flag("include_all_metadata"))
    {
        json["metadata"] = metadata.clone();
    }
    json
}

pub(super) fn join(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let bot = w.app.user_id.clone();
        let id = params.text("channel").ok_or("channel_not_found")?;
        let channel = w.channel_mut(id).ok_or("channel_not_found")?;
        match channel.kind {
            ChannelKind::Public if channel.is_archived => return Err("is_archived".into()),
            ChannelKind::Public => {}
            ChannelKind::Private => return Err("channel_not_found".into()),
            ChannelKind::Direct => return Err("method_not_supported_for_channel_type".into()),
        }
        if !channel.has(&bot) {
            channel.members.push(bot.clone());
        }
        Ok(json!({"channel": channel.json(&bot)}))
    })
}

pub(super) fn open(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let users = params.text("users").ok_or("users_list_not_supplied")?;
        if users.contains(',') {
            return Err("not_enough_users".into());
        }
        let user = w.people.iter().find(|p| p.id == users).ok_or("user_not_found")?;
        if user.is_bot {
            return Err("cannot_dm_bot".into());
        }
        let already_open = w.direct_with(users).is_some();
        let id = w.open_direct(users);
        Ok(json!({"channel": {"id": id}, "already_open": already_open, "no_op": already_open}))
    })
}
