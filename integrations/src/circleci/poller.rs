//! Purpose: reading CircleCI's projects by its API: the workflows that have ended, pipeline by pipeline, the newest first.
//!
//! Source: circleci.com/docs/api/v2, "Get all pipelines" and "Get a pipeline's workflows". Both lists are by creation: a pipeline
//! whose workflows go on, or may be started again, is read again in the next rounds.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::documents::DocumentsError;
use crate::poll::feed::{At, Draft, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, Vendor};

const VENDOR: Vendor = Vendor {
    name: "CircleCI",
    token: "CIRCLECI_TOKEN",
    api_url: "api_url in [integrations.circleci]",
};
const TOKEN: HeaderName = HeaderName::from_static("circle-token");
/// People start a workflow that failed again soon, or not at all. It is then a new workflow of the same pipeline.
const STARTED_AGAIN_WITHIN: TimeDelta = TimeDelta::hours(2);
/// A workflow that sets up the others ends before they appear; and those of a new pipeline appear a moment after it.
const MORE_APPEAR_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// No pipeline has more workflows than these pages hold.
const MOST_PAGES_OF_WORKFLOWS: usize = 5;

/// CircleCI's lists.
pub(crate) struct Lists {
    rest: Rest,
}

/// Reads with a personal token; CircleCI knows no others here.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Lists, DocumentsError> {
    Ok(Lists {
        rest: rest(access, patience)?,
    })
}

pub(super) fn rest(access: &Access, patience: Patience) -> Result<Rest, DocumentsError> {
    Rest::keyed(VENDOR, &access.api_url, &[(TOKEN, &access.token)], patience)
}

#[derive(Debug, Deserialize)]
struct Listed<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Pipeline {
    id: String,
    number: Option<i64>,
    #[serde(skip_serializing)]
    project_slug: String,
    created_at: DateTime<Utc>,
    vcs: Option<Vcs>,
    trigger_parameters: Option<TriggerParameters>,
}

/// Of projects that are connected by OAuth.
#[derive(Debug, Deserialize, Serialize)]
struct Vcs {
    target_repository_url: Option<String>,
    origin_repository_url: Option<String>,
    revision: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
}

/// Of projects that are connected by an app. Whatever else stands here may be secret, and is not kept.
#[derive(Debug, Deserialize, Serialize)]
struct TriggerParameters {
    git: Option<Checkout>,
    github_app: Option<Forge>,
    gitlab: Option<Forge>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Checkout {
    #[serde(rename = "checkout_sha")]
    sha: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Forge {
    repo_url: Option<String>,
    commit_sha: Option<String>,
    branch: Option<String>,
    user_username: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Workflow {
    id: String,
    name: String,
    status: String,
    created_at: DateTime<Utc>,
    stopped_at: Option<DateTime<Utc>>,
}

impl Workflow {
    /// When it ended, if it has.
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        let has_ended = matches!(
            self.status.as_str(),
            "success" | "failed" | "error" | "canceled" | "unauthorized"
        );
        self.stopped_at.filter(|_| has_ended)
    }

    /// Whether more may come of its pipeline.
    fn may_go_on(&self, now: DateTime<Utc>) -> bool {
        let patience = if self.status == "success" {
            MORE_APPEAR_WITHIN
        } else {
            STARTED_AGAIN_WITHIN
        };
        self.ended_at().is_none_or(|at| now - at < patience)
    }
}

impl Feed for Lists {
    const SOURCE: &'static str = "circleci";
    const LISTS: &'static [&'static str] = &["pipelines"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let path = format!("/project/{}/pipeline", slug(at.thing)?);
        let query = at.next.map(|token| ("page-token", token));
        let listed: Listed<Pipeline> = self.rest.page(&path, query.as_slice()).await?.body;
        let is_old = |one: &Pipeline| one.created_at < at.since;
        let goes_on = !listed.items.iter().any(is_old);
        let mut page = Page {
            newest: listed.items.iter().map(|one| one.created_at).max(),
            next: filled(listed.next_page_token).filter(|_| goes_on),
            ..Page::default()
        };
        for pipeline in listed.items.iter().filter(|one| !is_old(one)) {
            let workflows = self.workflows(pipeline).await?;
            let is_new = at.now - pipeline.created_at < MORE_APPEAR_WITHIN;
            if is_new || workflows.iter().any(|one| one.may_go_on(at.now)) {
                let created_at = pipeline.created_at;
                page.unsettled = Some(page.unsettled.map_or(created_at, |first| first.min(created_at)));
            }
            page.drafts
                .extend(workflows.iter().filter_map(|one| draft(pipeline, one)));
        }
        Ok(page)
    }
}

impl Lists {
    async fn workflows(&self, pipeline: &Pipeline) -> Result<Vec<Workflow>, ReadError> {
        let path = format!("/pipeline/{}/workflow", encoded(&pipeline.id));
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES_OF_WORKFLOWS {
            let query = token.as_deref().map(|token| ("page-token", token));
            let listed = self.rest.page::<Listed<Workflow>>(&path, query.as_slice()).await;
            let listed = match listed {
                Ok(listed) => listed.body,
                // It was deleted meanwhile.
                Err(ReadError::Gone(_)) => break,
                Err(error) => return Err(error),
            };
            all.extend(listed.items);
            token = filled(listed.next_page_token);
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The webhook's `workflow-completed`. Its own id of the event is not in the API, so the state names it.
fn draft(pipeline: &Pipeline, workflow: &Workflow) -> Option<Draft> {
    let ended_at = workflow.ended_at()?;
    let payload: Value = json!({
        "type": "workflow-completed",
        "happened_at": ended_at,
        "project": { "slug": pipeline.project_slug },
        "workflow": workflow,
        "pipeline": pipeline,
    });
    Some(Draft {
        event_type: "workflow-completed".to_owned(),
        delivery_key: format!(
            "poll:workflow:{}:{}:{}",
            workflow.id,
            workflow.status,
            ended_at.timestamp_millis()
        ),
        occurred_at: Some(ended_at),
        payload,
    })
}

/// The project as a part of an address.
fn slug(thing: &str) -> Result<String, ReadError> {
    let parts: Vec<&str> = thing.split('/').collect();
    let is_name = |part: &&str| !part.trim_matches('.').is_empty() && !part.contains(char::is_control);
    let is_slug = parts.len() == 3 && parts.iter().all(is_name);
    if !is_slug {
        return Err(ReadError::Refused(
            "cannot be read: [integrations.circleci] lists projects as `gh/acme/shop`, as in Project Settings > Overview"
                .to_owned(),
        ));
    }
    Ok(parts.into_iter().map(encoded).collect::<Vec<_>>().join("/"))
}

fn encoded(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_three_names_and_nothing_else_is_one() {
        assert_eq!(slug("gh/acme/my shop").unwrap(), "gh/acme/my%20shop");
        assert_eq!(slug("circleci/4xK9/Z1-2").unwrap(), "circleci/4xK9/Z1-2");
        assert_eq!(slug("gh/acme/shop?x=1").unwrap(), "gh/acme/shop%3Fx%3D1");
        for thing in [
            "",
            "acme/shop",
            "gh/acme/",
            "gh//shop",
            "gh/../shop",
            "gh/acme/shop/me",
        ] {
            assert!(matches!(slug(thing), Err(ReadError::Refused(_))), "{thing}");
        }
    }

    #[test]
    fn a_pipeline_is_read_again_while_more_may_come_of_it() {
        let at = |minutes: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        for (status, stopped_at, now, expected) in [
            ("running", None, 10, true),
            ("on_hold", None, 600, true),
            ("failing", Some(5), 600, true),
            ("success", Some(5), 10, true),
            ("success", Some(5), 20, false),
            ("failed", Some(5), 10, true),
            ("failed", Some(5), 200, false),
            ("canceled", Some(5), 10, true),
        ] {
            let workflow = Workflow {
                id: "w".to_owned(),
                name: "build".to_owned(),
                status: status.to_owned(),
                created_at: at(0),
                stopped_at: stopped_at.map(at),
            };
            assert_eq!(workflow.may_go_on(at(now)), expected, "{status} {now}");
        }
    }
}
