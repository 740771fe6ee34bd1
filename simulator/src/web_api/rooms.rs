//! Purpose: channels that the app makes, people whom it brings into them, user groups.

use serde_json::{Value, json};

use super::conversations::{channel, scope_of};
use super::params::Params;
use super::{Answer, need_scope};
use crate::shared::Shared;
use crate::workspace::{Channel, ChannelKind, Workspace};

/// The longest name: docs.slack.dev/reference/methods/conversations.create.
const NAME_MAX: usize = 80;
/// People in one invitation: docs.slack.dev/reference/methods/conversations.invite.
const INVITED_MAX: usize = 100;

/// `channels:manage` for public channels, `groups:write` for private ones.
fn managing(kind: ChannelKind) -> String {
    match kind {
        ChannelKind::Public => "channels:manage".to_owned(),
        ChannelKind::Private | ChannelKind::Direct => scope_of(kind, "write"),
    }
}

pub(super) fn create(shared: &Shared, params: &Params) -> Answer {
    let kind = if params.flag("is_private") {
        ChannelKind::Private
    } else {
        ChannelKind::Public
    };
    need_scope(shared, &managing(kind))?;
    let name = params.text("name").ok_or("invalid_name_required")?;
    if name.chars().count() > NAME_MAX {
        return Err("invalid_name_maxlength".into());
    }
    let is_fine = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_');
    if !name.chars().all(is_fine) {
        return Err("invalid_name_specials".into());
    }
    shared.change(|w| {
        // Archived channels keep their names.
        if w.channels.iter().any(|c| !c.is_direct() && c.name == name) {
            return Err("name_taken".into());
        }
        let bot = w.app.user_id.clone();
        let id = format!("C0NEW{}", w.next_number());
        let channel = Channel {
            creator: bot.clone(),
            ..Channel::new(&id, name, kind, vec![bot.clone()])
        };
        let answer = json!({"channel": channel.json(&bot)});
        w.channels.push(channel);
        Ok(answer)
    })
}

pub(super) fn invite(shared: &Shared, params: &Params) -> Answer {
    let users: Vec<&str> = params
        .text("users")
        .ok_or("no_user")?
        .split(',')
        .map(str::trim)
        .collect();
    if users.len() > INVITED_MAX {
        return Err("too_many_users".into());
    }
    shared.change(|w| {
        let id = may_invite(shared, w, params, &users)?;
        let bot = w.app.user_id.clone();
        let channel = w.channel_mut(&id).ok_or("channel_not_found")?;
        if users.iter().any(|user| channel.has(user)) {
            return Err("already_in_channel".into());
        }
        channel
            .members
            .extend(users.iter().map(|user| (*user).to_owned()));
        Ok(json!({"channel": channel.json(&bot)}))
    })
}

/// The channel's id, unless Slack would refuse.
fn may_invite(
    shared: &Shared,
    w: &Workspace,
    params: &Params,
    users: &[&str],
) -> Result<String, super::ApiError> {
    let channel = channel(shared, w, params, "read")?;
    if channel.is_direct() {
        return Err("method_not_supported_for_channel_type".into());
    }
    need_scope(shared, &managing(channel.kind))?;
    if !channel.has(&w.app.user_id) {
        return Err("not_in_channel".into());
    }
    if channel.is_archived {
        return Err("is_archived".into());
    }
    if users.contains(&w.app.user_id.as_str()) {
        return Err("cant_invite_self".into());
    }
    let is_somebody = |user: &&str| w.people.iter().any(|p| p.id == **user && !p.is_deleted);
    if !users.iter().all(is_somebody) {
        return Err("user_not_found".into());
    }
    Ok(channel.id.clone())
}

pub(super) fn group_members(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let group = params.text("usergroup").ok_or("no_such_subteam")?;
        let members = w.groups.get(group).ok_or("no_such_subteam")?;
        let users: Vec<Value> = members.iter().map(|member| json!(member)).collect();
        Ok(json!({"users": users}))
    })
}
