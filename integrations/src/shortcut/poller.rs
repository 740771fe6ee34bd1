//! Purpose: Shortcut's stories as a poller reads them: the history of each story that changed, which is told in the words of
//! the webhooks.
//! Source: <https://developer.shortcut.com/api/rest/v3#Search-Stories>, <https://developer.shortcut.com/api/rest/v3#Story-History>.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

use super::said;
use crate::documents::DocumentsError;
use crate::payload::{First, Text, Time};
use crate::poll::feed::{At, Draft, Feed, Page};
use crate::poll::slice::Slice;
use crate::rest::{Access, Patience, ReadError, Rest, Vendor};

/// Stories in one step: each costs a request, of which Shortcut allows 200 a minute
/// (<https://developer.shortcut.com/api/rest/v3#Rate-Limiting>).
const STORIES: usize = 25;
/// The whole workspace.
const ALL: &str = "*";
/// Longer names are nobody's.
const MAX_NAME_CHARS: usize = 100;
const TOKEN: HeaderName = HeaderName::from_static("shortcut-token");
const VENDOR: Vendor = Vendor {
    name: "Shortcut",
    token: "SHORTCUT_TOKEN",
    api_url: "api_url in [integrations.shortcut]",
};

/// Reads the stories of a workspace or of teams.
pub(crate) struct ShortcutFeed {
    rest: Rest,
    /// The id of each team by its mention name, as far as known.
    teams: Mutex<HashMap<String, String>>,
}

/// A feed over the workspace of the token.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<ShortcutFeed, DocumentsError> {
    Ok(ShortcutFeed {
        rest: Rest::keyed(VENDOR, &access.api_url, &[(TOKEN, &access.token)], patience)?,
        teams: Mutex::default(),
    })
}

/// A team is called a group by the API.
#[derive(Debug, Deserialize)]
struct Group {
    id: String,
    mention_name: String,
}

#[derive(Debug, Deserialize)]
struct Story {
    id: i64,
    created_at: Time,
    updated_at: Option<Time>,
}

/// A change of a story; its body is kept as it came.
#[derive(Debug, Deserialize)]
struct Change {
    id: Text,
    changed_at: Time,
    #[serde(default)]
    actions: First<Touched, 1000>,
}

#[derive(Debug, Deserialize)]
struct Touched {
    entity_type: Option<Text>,
}

impl Story {
    /// By when, and then by number.
    fn order(&self) -> (DateTime<Utc>, i64) {
        (self.updated_at.unwrap_or(self.created_at).0, self.id)
    }

    /// Where the list goes on behind this story.
    fn place(&self) -> String {
        let (at, id) = self.order();
        format!("{}:{id}", at.timestamp_millis())
    }
}

/// Where a list goes on, as [`Story::place`] wrote it.
fn place(after: &str) -> Option<(DateTime<Utc>, i64)> {
    let (at, id) = after.split_once(':')?;
    let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
    Some((at, id.parse().ok()?))
}

impl Feed for ShortcutFeed {
    const SOURCE: &'static str = "shortcut";
    const LISTS: &'static [&'static str] = &["stories"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let team = self.team(at.thing).await?;
        let mut slice = Slice::of(&at);
        let mut stories = loop {
            let stories = self.changed(team.as_deref(), &slice).await?;
            match slice.longer(at.now) {
                Some(longer) if stories.is_empty() => slice = longer,
                Some(_) | None => break stories,
            }
        };
        let is_more = stories.len() > STORIES;
        stories.truncate(STORIES);
        let mut drafts = Vec::new();
        for story in &stories {
            drafts.extend(self.drafts(story, at.since).await?);
        }
        let newest = stories.last().map(|story| story.order().0);
        let after = stories.last().filter(|_| is_more).map(Story::place);
        Ok(slice.page(drafts, newest, after, at.now))
    }
}

impl ShortcutFeed {
    /// The id of the team that is meant; none for the whole workspace.
    async fn team(&self, thing: &str) -> Result<Option<String>, ReadError> {
        if thing == ALL {
            return Ok(None);
        }
        let name = thing.strip_prefix('@').unwrap_or(thing).to_lowercase();
        let is_name = (1..=MAX_NAME_CHARS).contains(&name.chars().count())
            && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        if !is_name {
            let why = "cannot be read: this is no mention name of a team, as `@payments`";
            return Err(ReadError::Refused(why.to_owned()));
        }
        let known = || {
            let teams = self.teams.lock().unwrap_or_else(PoisonError::into_inner);
            teams.get(&name).cloned()
        };
        if let Some(id) = known() {
            return Ok(Some(id));
        }
        let all: Vec<Group> = self.rest.page("/api/v3/groups", &[]).await?.body;
        let all = all
            .into_iter()
            .map(|group| (group.mention_name.to_lowercase(), group.id));
        self.teams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(all);
        let gone = || ReadError::Gone("is not there, or SHORTCUT_TOKEN may not see it".to_owned());
        known().map(Some).ok_or_else(gone)
    }

    /// The stories that changed within the slice and are not read yet, oldest first. Shortcut gives all at once, in any order.
    async fn changed(&self, team: Option<&str>, slice: &Slice) -> Result<Vec<Story>, ReadError> {
        let read = slice.after.as_deref().and_then(place);
        // Stories tell whole seconds.
        let from = read.map_or(slice.from, |(at, _)| at).trunc_subsecs(0);
        let mut wanted = json!({ "updated_at_start": stamp(from), "updated_at_end": stamp(slice.to) });
        if let Some(team) = team {
            wanted["group_id"] = json!(team);
        }
        let mut stories: Vec<Story> = self.rest.page_by("/api/v3/stories/search", &wanted).await?;
        stories.retain(|story| read.is_none_or(|read| story.order() > read));
        stories.sort_by_key(Story::order);
        Ok(stories)
    }

    async fn drafts(&self, story: &Story, since: DateTime<Utc>) -> Result<Vec<Draft>, ReadError> {
        let path = format!("/api/v3/stories/{}/history", story.id);
        let history: Vec<Value> = match self.rest.page(&path, &[]).await {
            Ok(answer) => answer.body,
            // Deleted a moment ago.
            Err(ReadError::Gone(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let drafts = history
            .into_iter()
            .filter_map(|body| draft(story.id, body, since));
        Ok(drafts.collect())
    }
}

/// A change since then of the story, unless it is about what says nothing here.
///
/// The webhook of the change has an `id` too. The key is not that one alone: of a change that touched many stories each
/// story's history tells its own part.
fn draft(story: i64, body: Value, since: DateTime<Utc>) -> Option<Draft> {
    let change = Change::deserialize(&body).ok()?;
    let about = |action: &Touched| action.entity_type.as_ref().is_some_and(|kind| kind.0 == "story");
    let is_told = change.actions.0.iter().any(about);
    (is_told && change.changed_at.0 >= since).then(|| Draft {
        event_type: said(body.to_string().as_bytes()).event_type,
        delivery_key: format!("poll:{}:{story}", change.id.0),
        occurred_at: Some(change.changed_at.0),
        payload: body,
    })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
