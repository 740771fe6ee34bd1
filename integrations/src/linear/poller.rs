//! Purpose: Linear's issues as a poller reads them: what was created, and what their histories say.
//! Source: <https://linear.app/developers/graphql>, the schema at
//! <https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql>.

mod draft;
mod query;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{PATH, VENDOR, authorization};
use crate::documents::DocumentsError;
use crate::poll::feed::{At, Feed, Page};
use crate::poll::slice::Slice;
use crate::rest::{Access, Patience, ReadError, Rest};
use query::{Found, Issue, More};

/// Issues in one answer. With their changes they cost about 1,700 points; a query may cost 10,000, and all of an hour 250,000
/// (<https://linear.app/developers/rate-limiting>).
const ISSUES: u32 = 10;
/// Changes that come with an issue.
const CHANGES: u32 = 20;
/// Changes of one issue that are read: more are made by a program that went wrong.
const MOST_CHANGES: usize = 1_000;
/// All teams that the token may see.
const ALL: &str = "*";
/// Linear's keys have up to seven characters.
const MAX_KEY_CHARS: usize = 32;

/// Reads the issues of teams.
pub(crate) struct LinearFeed {
    rest: Rest,
}

/// A feed over the workspace of the token.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<LinearFeed, DocumentsError> {
    let authorization = authorization(&access.token);
    Ok(LinearFeed {
        rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
    })
}

impl Feed for LinearFeed {
    const SOURCE: &'static str = "linear";
    const LISTS: &'static [&'static str] = &["issues"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let team = team(at.thing)?;
        let mut slice = Slice::of(&at);
        let found = loop {
            let found = self.changed(&team, &slice).await?;
            match slice.longer(at.now) {
                Some(longer) if found.issues.nodes.is_empty() => slice = longer,
                Some(_) | None => break found.issues,
            }
        };
        let newest = found.nodes.iter().map(|issue| issue.updated_at).max();
        let after = found.page_info.next();
        let mut drafts = Vec::new();
        for mut issue in found.nodes {
            self.complete(&mut issue, at.since).await?;
            drafts.extend(draft::drafts(&issue, at.since));
        }
        Ok(slice.page(drafts, newest, after, at.now))
    }
}

impl LinearFeed {
    /// The issues that changed within the slice; the newest first, which is all that Linear offers.
    async fn changed(&self, team: &Value, slice: &Slice) -> Result<Found, ReadError> {
        let mut filter = json!({ "updatedAt": { "gte": stamp(slice.from), "lte": stamp(slice.to) } });
        if !team.is_null() {
            filter["team"] = team.clone();
        }
        let variables = json!({
            "team": team, "filter": filter, "size": ISSUES, "changes": CHANGES, "after": slice.after,
        });
        let found: Found = self.rest.page_by_query(PATH, query::CHANGED, &variables).await?;
        if found.teams.nodes.is_empty() {
            let why = "is not there, or LINEAR_TOKEN may not see it";
            return Err(ReadError::Gone(why.to_owned()));
        }
        Ok(found)
    }

    /// Adds the changes since then that did not come with the issue.
    async fn complete(&self, issue: &mut Issue, since: DateTime<Utc>) -> Result<(), ReadError> {
        while let Some(after) = issue.history.page_info.next() {
            let known = &issue.history.nodes;
            // Nobody promises an order. Where the newest come first, what follows is older still.
            let is_newest_first = known.is_sorted_by_key(|change| std::cmp::Reverse(change.created_at));
            let is_older = known.last().is_some_and(|last| last.created_at < since);
            if (is_newest_first && is_older) || known.len() >= MOST_CHANGES {
                break;
            }
            let variables = json!({ "id": issue.id, "after": after });
            let more: More = self.rest.page_by_query(PATH, query::CHANGES, &variables).await?;
            issue.history.nodes.extend(more.issue.history.nodes);
            issue.history.page_info = more.issue.history.page_info;
        }
        Ok(())
    }
}

/// Which team is meant, as Linear filters teams; null for all.
fn team(key: &str) -> Result<Value, ReadError> {
    if key == ALL {
        return Ok(Value::Null);
    }
    let is_key = (1..=MAX_KEY_CHARS).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_key {
        let why = "cannot be read: this is no key of a team; of `ENG-7` it is `ENG`";
        return Err(ReadError::Refused(why.to_owned()));
    }
    Ok(json!({ "key": { "eqIgnoreCase": key } }))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
