//! Purpose: `views.*`: modals with their triggers, stack and hashes; App Home.

use std::time::Duration;

use serde_json::{Value, json};

use super::chat::refused;
use super::params::Params;
use super::{Answer, ApiError};
use crate::deliver::push_view;
use crate::shared::Shared;
use crate::validate;
use crate::workspace::Workspace;

/// Slack: a trigger lives three seconds.
const TRIGGER_LIFETIME: Duration = Duration::from_secs(3);

pub(super) fn open(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let body = body(w, "views.open", params, "modal")?;
        let user = exchange(w, "views.open", params)?;
        // A fresh modal takes the place of what was open.
        w.modals.remove(&user);
        Ok(json!({"view": push_view(w, &user, body)}))
    })
}

pub(super) fn push(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let body = body(w, "views.push", params, "modal")?;
        let user = exchange(w, "views.push", params)?;
        if w.modals.get(&user).is_none_or(Vec::is_empty) {
            return Err("not_found".into());
        }
        let view = push_view(w, &user, body).ok_or("push_limit_reached")?;
        Ok(json!({"view": view}))
    })
}

pub(super) fn update(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let is_home = params.json("view").is_some_and(|v| v["type"] == "home");
        let mut body = body(w, "views.update", params, if is_home { "home" } else { "modal" })?;
        let named = |v: &&crate::workspace::View| {
            params.text("view_id").is_some_and(|id| v.id == id)
                || params
                    .text("external_id")
                    .is_some_and(|id| v.field("external_id") == id)
        };
        let all = w.modals.values().flatten().chain(w.homes.values());
        let view = all.into_iter().find(named).ok_or("not_found")?;
        if params.text("hash").is_some_and(|hash| hash != view.hash) {
            return Err("hash_conflict".into());
        }
        let id = view.id.clone();
        w.complete_view(&mut body);
        let hash = w.new_hash();
        let view = w.view_mut(&id).ok_or("not_found")?;
        view.replace(body, hash);
        Ok(json!({"view": w.view(&id).map(|v| w.view_json(v))}))
    })
}

pub(super) fn publish(shared: &Shared, params: &Params) -> Answer {
    shared.change(|w| {
        let body = body(w, "views.publish", params, "home")?;
        let user = params.text("user_id").ok_or("invalid_arguments")?.to_owned();
        if w.person(&user).is_none() {
            return Err("user_not_found".into());
        }
        let seen = w.homes.get(&user).map(|v| v.hash.clone());
        if params
            .text("hash")
            .is_some_and(|hash| seen.is_some_and(|s| s != hash))
        {
            return Err("hash_conflict".into());
        }
        let mut view = w.new_view(&user, body, None);
        if let Some(old) = w.homes.get(&user) {
            (view.id, view.root) = (old.id.clone(), old.root.clone());
        }
        let json = w.view_json(&view);
        w.homes.insert(user, view);
        Ok(json!({"view": json}))
    })
}

fn body(w: &mut Workspace, method: &str, params: &Params, kind: &str) -> Result<Value, ApiError> {
    let view = params
        .json("view")
        .filter(|v| v.is_object())
        .ok_or("invalid_arguments")?;
    let problems = validate::view(view, kind);
    if problems.is_empty() {
        return Ok(view.clone());
    }
    Err(refused(w, method, "invalid_arguments", &problems))
}

/// Uses a trigger up; returns whose screen it opens.
fn exchange(w: &mut Workspace, method: &str, params: &Params) -> Result<String, ApiError> {
    let id = params.text("trigger_id").ok_or("invalid_arguments")?;
    let result = match w.triggers.get_mut(id) {
        None => Err("invalid_trigger_id"),
        Some(trigger) if trigger.used => Err("exchanged_trigger_id"),
        Some(trigger) if trigger.made.elapsed() > TRIGGER_LIFETIME => Err("expired_trigger_id"),
        Some(trigger) => {
            trigger.used = true;
            Ok(trigger.user.clone())
        }
    };
    result.map_err(|code| {
        w.violation(method, code, id);
        code.into()
    })
}
