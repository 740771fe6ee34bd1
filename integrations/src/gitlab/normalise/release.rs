//! Purpose: `release` events. Webhooks do not say who published it, and the API does not say its number: a release is told by its
//! tag, of which a project has one.

use em_domain::deployment::Release;
use em_domain::fact::FactChange;
use serde::Deserialize;

use super::Changes;
use crate::gitlab::payload::{Project, User};
use crate::payload::{Text, Time, filled, number_of, read};

#[derive(Debug, Deserialize)]
struct Event {
    action: Option<Text>,
    tag: Text,
    name: Option<Text>,
    created_at: Option<Time>,
    released_at: Option<Time>,
    url: Option<Text>,
    author: Option<User>,
    project: Project,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event = read(payload)?;
    let is_gone = event.action.is_some_and(|action| action.0 == "delete");
    if is_gone {
        return Ok(Vec::new());
    }
    let Some(published_at) = event.released_at.or(event.created_at) else {
        return Err("released_at: missing from a release".to_owned());
    };
    let repository = event.project.name();
    let seen = event.project.fact(published_at.0);
    let release = FactChange::Release(Release {
        repository,
        id: number_of(&event.tag.0),
        published_at: published_at.0,
        url: filled(event.url).unwrap_or_else(|| event.project.page(&format!("releases/{}", event.tag.0))),
        tag: event.tag.0,
        name: filled(event.name),
        is_prerelease: false,
        author: event.author.and_then(|author| author.login()),
    });
    Ok(std::iter::once(release).chain(seen).collect())
}
