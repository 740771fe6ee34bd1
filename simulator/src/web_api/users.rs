//! Purpose: `users.*`, with cursors.

use serde_json::{Value, json};

use super::params::Params;
use super::{Answer, ApiError, has_scope};
use crate::shared::Shared;

pub(super) fn info(shared: &Shared, params: &Params) -> Answer {
    let with_email = has_scope(shared, "users:read.email");
    shared.read(|w| {
        let id = params.text("user").ok_or("user_not_found")?;
        let person = w.people.iter().find(|p| p.id == id).ok_or("user_not_found")?;
        Ok(json!({"user": person.json(&w.team.id, with_email)}))
    })
}

pub(super) fn list(shared: &Shared, params: &Params) -> Answer {
    let with_email = has_scope(shared, "users:read.email");
    shared.read(|w| {
        let all: Vec<Value> = w.people.iter().map(|p| p.json(&w.team.id, with_email)).collect();
        let (page, cursor) = page(
            &all,
            params,
            Size {
                usual: usize::MAX,
                most: usize::MAX,
            },
        )?;
        let cache_ts = w.time.seconds();
        Ok(json!({"members": page, "cache_ts": cache_ts, "response_metadata": {"next_cursor": cursor}}))
    })
}

pub(super) fn lookup_by_email(shared: &Shared, params: &Params) -> Answer {
    shared.read(|w| {
        let email = params.text("email").ok_or("users_not_found")?;
        let same = |p: &&crate::workspace::Person| p.email.eq_ignore_ascii_case(email) && !p.is_deleted;
        let person = w.people.iter().find(same).ok_or("users_not_found")?;
        Ok(json!({"user": person.json(&w.team.id, true)}))
    })
}

/// How long a page is when the call does not say, and at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) usual: usize,
    pub(super) most: usize,
}

/// One page of a list and the cursor of the next one; empty on the last.
pub(super) fn page<'a>(
    all: &'a [Value],
    params: &Params,
    size: Size,
) -> Result<(&'a [Value], String), ApiError> {
    let start = match params.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("next-")
            .and_then(|n| n.parse().ok())
            .ok_or("invalid_cursor")?,
    };
    if start > all.len() {
        return Err("invalid_cursor".into());
    }
    let limit = params
        .number("limit")
        .filter(|n| *n > 0)
        .unwrap_or(size.usual)
        .min(size.most);
    let end = start.saturating_add(limit).min(all.len());
    let cursor = if end < all.len() {
        format!("next-{end}")
    } else {
        String::new()
    };
    Ok((&all[start..end], cursor))
}
