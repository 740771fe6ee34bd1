//! Purpose: what Sentry's API tells of issues since the last look, in the shape of its webhooks.
//!
//! Source: <https://docs.sentry.io/api/events/list-an-organizations-issues/> and
//! <https://docs.sentry.io/api/events/retrieve-an-issue/>. The list is by when an issue was last seen, and does not tell when it
//! was resolved or archived: that stands in the activity of the issue, which is a request of its own. As resolving does not
//! make an issue seen again, the closed issues of the last weeks are listed each time, and asked for their activity once.

mod activity;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::documents::DocumentsError;
use crate::payload::{Text, Time};
use crate::poll::feed::{At, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, Vendor, link};
use activity::{Activity, drafts};

const VENDOR: Vendor = Vendor {
    name: "Sentry",
    token: "SENTRY_TOKEN",
    api_url: "api_url in [integrations.sentry]",
};

const OPEN: &str = "open issues";
const RESOLVED: &str = "resolved issues";
const ARCHIVED: &str = "archived issues";

/// Issues in one answer: the most that Sentry gives.
const LIMIT: &str = "100";
/// How long ago a closed issue was last seen at most, when its closing is told: what resolves issues by itself does it after
/// so many days at the latest, as Sentry proposes it.
const CLOSED: TimeDelta = TimeDelta::days(30);
/// Sentry wants an end with each beginning; no clock is ahead by more.
const SKEW: TimeDelta = TimeDelta::days(1);
/// A few thousand issues of a few hundred bytes each.
const KEPT: u64 = 5_000;

/// The issues of organisations and projects.
pub(crate) struct Issues {
    rest: Rest,
    /// By the issue and how it stands: asked for once as long as it stands so.
    activities: Cache<String, Arc<Vec<Activity>>>,
}

/// Reads issues with a token of an internal integration or a person.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Issues, DocumentsError> {
    let authorization = SecretString::from(format!("Bearer {}", access.token.expose_secret()));
    Ok(Issues {
        rest: Rest::new(VENDOR, &access.api_url, &authorization, patience)?,
        activities: Cache::new(KEPT),
    })
}

/// What the operator named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thing<'a> {
    organisation: &'a str,
    project: Option<&'a str>,
}

impl<'a> Thing<'a> {
    fn parse(text: &'a str) -> Result<Self, ReadError> {
        let (organisation, project) = match text.split_once('/') {
            Some((organisation, project)) => (organisation, Some(project)),
            None => (text, None),
        };
        if [Some(organisation), project].into_iter().flatten().all(is_slug) {
            Ok(Self {
                organisation,
                project,
            })
        } else {
            Err(ReadError::Refused(
                "cannot be read: write an organisation, or organisation/project, as in Sentry's addresses"
                    .to_owned(),
            ))
        }
    }

    /// Sentry answers so where it does not know a project.
    fn explained(self, error: ReadError) -> ReadError {
        let is_bad_query = matches!(&error, ReadError::Refused(why) if why.ends_with("answers 400"));
        if is_bad_query && self.project.is_some() {
            return ReadError::Gone(format!("is not there, or {} may not see it", VENDOR.token));
        }
        error
    }
}

fn is_slug(text: &str) -> bool {
    let is_of_slugs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= 100 && text.chars().all(is_of_slugs)
}

#[derive(Debug, Deserialize)]
struct Seen {
    #[serde(rename = "lastSeen")]
    last_seen: Option<Time>,
}

impl Feed for Issues {
    const SOURCE: &'static str = "sentry";
    const LISTS: &'static [&'static str] = &[OPEN, RESOLVED, ARCHIVED];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let thing = Thing::parse(at.thing)?;
        let (issues, next) = self.list(thing, at).await?;
        let mut page = Page {
            next,
            ..Page::default()
        };
        for issue in issues {
            let seen: Option<Seen> = Seen::deserialize(&issue).ok();
            page.newest = page
                .newest
                .max(seen.and_then(|seen| seen.last_seen).map(|at| at.0));
            if let Some(activity) = self.activity(thing, &issue).await? {
                page.drafts.extend(drafts(&issue, &activity));
            }
        }
        Ok(page)
    }
}

impl Issues {
    async fn list(&self, thing: Thing<'_>, at: At<'_>) -> Result<(Vec<Value>, Option<String>), ReadError> {
        let status = match at.list {
            RESOLVED => "is:resolved",
            // As it is called everywhere; newer versions know it as `is:archived`, too.
            ARCHIVED => "is:ignored",
            _ => "is:unresolved",
        };
        let query = match thing.project {
            Some(project) => format!("{status} project:{project}"),
            None => status.to_owned(),
        };
        let since = match at.list {
            OPEN => at.since,
            _ => at.since.min(at.now - CLOSED),
        };
        let (start, end) = (written(since), written(at.now + SKEW));
        let mut asked = vec![
            ("query", query.as_str()),
            ("sort", "date"),
            ("limit", LIMIT),
            // All that the token may see: without it, only those that its owner has joined.
            ("project", "-1"),
            ("start", &start),
            ("end", &end),
        ];
        asked.extend(at.next.map(|cursor| ("cursor", cursor)));
        let path = format!("/api/0/organizations/{}/issues/", thing.organisation);
        let answer = self.rest.page(&path, &asked).await;
        let answer = answer.map_err(|error| thing.explained(error))?;
        Ok((answer.body, cursor(&answer.headers)))
    }

    /// What happened to an issue; nothing where it is new and nobody touched it, and none where it is no longer there.
    async fn activity(
        &self,
        thing: Thing<'_>,
        issue: &Value,
    ) -> Result<Option<Arc<Vec<Activity>>>, ReadError> {
        let Some(state) = Stands::read(issue) else {
            return Ok(None);
        };
        if state.is_untouched() {
            return Ok(Some(Arc::default()));
        }
        let key = format!("{} {}", thing.organisation, state.key());
        if let Some(known) = self.activities.get(&key) {
            return Ok(Some(known));
        }
        let path = format!(
            "/api/0/organizations/{}/issues/{}/",
            thing.organisation, state.id.0
        );
        match self.rest.page::<Detail>(&path, &[]).await {
            Ok(answer) => {
                let activity = Arc::new(answer.body.activity);
                self.activities.insert(key, Arc::clone(&activity));
                Ok(Some(activity))
            }
            // Merged with another one, or deleted, since it was listed.
            Err(ReadError::Gone(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    activity: Vec<Activity>,
}

/// How an issue stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stands {
    id: Text,
    status: Option<Text>,
    substatus: Option<Text>,
    assigned_to: Option<Value>,
    last_seen: Option<Text>,
}

impl Stands {
    /// None where it has no id that can stand in a path.
    fn read(issue: &Value) -> Option<Self> {
        let stands = Self::deserialize(issue).ok()?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number(&stands.id.0).then_some(stands)
    }

    fn is(&self, status: &str) -> bool {
        self.status.as_ref().is_some_and(|text| text.0 == status)
    }

    /// Older versions do not tell what is new.
    fn is_untouched(&self) -> bool {
        let is_new = self.substatus.as_ref().is_some_and(|text| text.0 == "new");
        self.is("unresolved") && is_new && self.assigned_to.as_ref().is_none_or(Value::is_null)
    }

    fn key(&self) -> String {
        let text = |text: &Option<Text>| text.as_ref().map_or_else(String::new, |text| text.0.clone());
        let assignee = self.assigned_to.as_ref().map(|who| who["id"].to_string());
        // One that comes back and is resolved again between two looks was seen in between. One that is archived may be seen
        // at any time, without a change.
        let seen = if self.is("resolved") {
            text(&self.last_seen)
        } else {
            String::new()
        };
        let (status, substatus) = (text(&self.status), text(&self.substatus));
        format!("{} {status} {substatus} {assignee:?} {seen}", self.id.0)
    }
}

/// The cursor of the next page. Of the address only this is used: the token goes to the configured host alone.
fn cursor(headers: &HeaderMap) -> Option<String> {
    let next = Url::parse(&link::next(headers)?).ok()?;
    let mut pairs = next.query_pairs();
    pairs
        .find(|(name, _)| name == "cursor")
        .map(|(_, cursor)| cursor.into_owned())
}

/// Sentry takes times without a zone, which are in UTC.
fn written(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::webhook::tests::headers;

    #[test]
    fn a_thing_is_an_organisation_or_one_of_its_projects() {
        let of = |text| {
            Thing::parse(text)
                .ok()
                .map(|thing| (thing.organisation, thing.project))
        };
        assert_eq!(of("acme"), Some(("acme", None)));
        assert_eq!(of("acme/shop"), Some(("acme", Some("shop"))));
        for odd in [
            "",
            "/",
            "acme/",
            "*",
            "acme/shop/1",
            "acme/../users",
            "a b",
            "acme/shop is:x",
        ] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }

    #[test]
    fn of_the_next_address_only_the_cursor_counts() {
        let link = |address: &str, results: &str| {
            let text = format!(r#"<{address}>; rel="next"; results="{results}"; cursor="0:100:0""#);
            cursor(&headers(&[("link", &text)]))
        };
        let elsewhere = "https://evil.example/api/0/x/?sort=date&cursor=0%3A100%3A0";
        assert_eq!(link(elsewhere, "true").as_deref(), Some("0:100:0"));
        assert_eq!(link(elsewhere, "false"), None);
        assert_eq!(link("nonsense", "true"), None);
    }

    #[test]
    fn an_issue_without_a_number_is_not_asked_for() {
        for odd in [json!({}), json!({ "id": "../1" }), json!({ "id": "" }), json!(7)] {
            assert!(Stands::read(&odd).is_none(), "{odd}");
        }
        let new = json!({ "id": "1", "status": "unresolved", "substatus": "new", "assignedTo": null });
        assert!(Stands::read(&new).unwrap().is_untouched());
        let old = json!({ "id": "1", "status": "unresolved" });
        assert!(!Stands::read(&old).unwrap().is_untouched());
    }
}
