//! Purpose: `release` events. Publishing sends `created`, `released` and `published`: only the last one counts.

use std::borrow::Cow;

use em_domain::deployment::Release;
use em_domain::fact::FactChange;
use serde::Deserialize;

use super::Changes;
use crate::github::payload::{Repository, Text, Time, User, account, filled, read};

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    release: Released<'a>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Released<'a> {
    id: i64,
    tag_name: Text,
    name: Option<Text>,
    prerelease: Option<bool>,
    /// Absent from a draft.
    published_at: Option<Time>,
    #[serde(borrow)]
    author: Option<User<'a>>,
    html_url: Text,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let Event {
        action,
        release,
        repository,
    } = read(payload)?;
    if !matches!(&*action, "published" | "polled") {
        return Ok(Vec::new());
    }
    let Some(published_at) = release.published_at else {
        return Err("release.published_at: missing from a published release".to_owned());
    };
    Ok(vec![FactChange::Release(Release {
        repository: repository.name(),
        id: release.id,
        published_at: published_at.0,
        tag: release.tag_name.0,
        name: filled(release.name),
        is_prerelease: release.prerelease.unwrap_or(false),
        author: release.author.map(|user| account(Some(user)).login),
        url: release.html_url.0,
    })])
}
