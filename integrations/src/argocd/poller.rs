//! Purpose: reading Argo CD's applications by its API: how far the last synchronisation of each is, and how healthy it is since.
//!
//! Source: argo-cd.readthedocs.io, "API Docs", `GET /api/v1/applications`. The list comes whole, as applications are now: of two
//! synchronisations between two looks the first is not seen.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::said;
use crate::documents::DocumentsError;
use crate::poll::feed::{At, Draft, Feed, Page};
use crate::rest::{Access, Patience, ReadError, Rest, Vendor};

const VENDOR: Vendor = Vendor {
    name: "Argo CD",
    token: "ARGOCD_TOKEN",
    api_url: "api_url in [integrations.argocd]",
};

/// Argo CD's list.
pub(crate) struct Lists {
    rest: Rest,
}

/// Reads with the token of an account or of a project's role.
pub(crate) fn feed(access: &Access, patience: Patience) -> Result<Lists, DocumentsError> {
    Ok(Lists {
        rest: rest(access, patience)?,
    })
}

pub(super) fn rest(access: &Access, patience: Patience) -> Result<Rest, DocumentsError> {
    let bearer = SecretString::from(format!("Bearer {}", access.token.expose_secret()));
    Rest::new(VENDOR, &access.api_url, &bearer, patience)
}

#[derive(Debug, Deserialize)]
struct Applications {
    /// Null where there are none.
    items: Option<Vec<Application>>,
}

/// What Argo CD is told about itself.
#[derive(Debug, Deserialize)]
struct Settings {
    /// Where people see it.
    url: Option<String>,
}

/// The fields that the template in `docs/integrations/argocd.md` sends. Manifests and values of charts, where secrets may stand, are
/// not kept.
#[derive(Debug, Deserialize, Serialize)]
struct Application {
    metadata: Metadata,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: Option<String>,
    uid: Option<String>,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Spec {
    #[serde(skip_serializing)]
    project: Option<String>,
    destination: Option<Destination>,
    source: Option<Source>,
    sources: Option<Vec<Source>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Destination {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(rename = "repoURL")]
    repo_url: Option<String>,
    target_revision: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    health: Option<Health>,
    operation_state: Option<OperationState>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: Option<String>,
    last_transition_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationState {
    phase: String,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    operation: Option<Operation>,
    sync_result: Option<Revisions>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    initiated_by: Option<InitiatedBy>,
    sync: Option<Asked>,
}

#[derive(Debug, Deserialize, Serialize)]
struct InitiatedBy {
    username: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    dry_run: Option<bool>,
    revision: Option<String>,
    revisions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Revisions {
    revision: Option<String>,
    revisions: Option<Vec<String>>,
}

/// What the operator listed.
#[derive(Debug, PartialEq, Eq)]
enum Thing<'a> {
    All,
    Project(&'a str),
    Application(&'a str),
}

impl<'a> Thing<'a> {
    fn read(thing: &'a str) -> Result<Self, ReadError> {
        let (name, thing) = match (thing, thing.split_once('/')) {
            ("*", _) => return Ok(Self::All),
            (_, Some(("project", name))) => (name, Self::Project(name)),
            _ => (thing, Self::Application(thing)),
        };
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter));
        is_name.then_some(thing).ok_or_else(|| {
            ReadError::Refused(
                "cannot be read: [integrations.argocd] lists applications by their names, projects as `project/NAME`, \
                 or `*` for all"
                    .to_owned(),
            )
        })
    }

    /// Older versions call the projects otherwise, and newer ones understand both.
    fn query(&self) -> Vec<(&str, &str)> {
        match self {
            Self::All => Vec::new(),
            Self::Project(name) => vec![("projects", *name), ("project", *name)],
            Self::Application(name) => vec![("name", *name)],
        }
    }

    /// Checked here as well: a server that does not know the filter answers everything.
    fn has(&self, one: &Application) -> bool {
        match self {
            Self::All => true,
            Self::Project(name) => {
                let project = one.spec.as_ref().and_then(|spec| spec.project.as_deref());
                project == Some(*name)
            }
            Self::Application(name) => one.metadata.name == *name,
        }
    }
}

impl Feed for Lists {
    const SOURCE: &'static str = "argocd";
    const LISTS: &'static [&'static str] = &["applications"];

    async fn page(&self, at: At<'_>) -> Result<Page, ReadError> {
        let thing = Thing::read(at.thing)?;
        let listed: Applications = self.rest.page("/api/v1/applications", &thing.query()).await?.body;
        let all = listed.items.unwrap_or_default();
        let all: Vec<Application> = all.into_iter().filter(|one| thing.has(one)).collect();
        // What a token may not see is not refused, it is left out.
        if all.is_empty() && matches!(thing, Thing::Application(_)) {
            return Err(ReadError::Gone(format!(
                "is not there, or {} may not see it",
                VENDOR.token
            )));
        }
        let is_new = |one: &Application| one.changed_at().is_some_and(|changed| changed >= at.since);
        let told: Vec<&Application> = all.iter().filter(|one| is_new(one) && one.is_told()).collect();
        let mut page = Page {
            newest: all.iter().filter_map(Application::changed_at).max(),
            unsettled: all
                .iter()
                .filter(|one| is_new(one) && !one.shows_changes())
                .filter_map(Application::changed_at)
                .min(),
            ..Page::default()
        };
        if !told.is_empty() {
            let url = self.page_for_people().await?;
            page.drafts = told.iter().map(|one| draft(one, url.as_deref())).collect();
        }
        Ok(page)
    }
}

impl Lists {
    /// Where people see Argo CD, if it says so.
    async fn page_for_people(&self) -> Result<Option<String>, ReadError> {
        match self.rest.page::<Settings>("/api/v1/settings", &[]).await {
            Ok(settings) => Ok(settings.body.url.filter(|url| !url.is_empty())),
            Err(ReadError::Gone(_) | ReadError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Application {
    fn operation(&self) -> Option<&OperationState> {
        self.status.as_ref()?.operation_state.as_ref()
    }

    /// When the last thing happened that is told of it here; none if it was never synchronised.
    fn changed_at(&self) -> Option<DateTime<Utc>> {
        let operation = self.operation()?;
        let turned_at = self.health().and_then(|health| health.last_transition_time);
        let later = [turned_at, operation.finished_at].into_iter().flatten();
        Some(later.fold(operation.started_at, DateTime::max))
    }

    /// Whether it is in a state that the triggers in `docs/integrations/argocd.md` tell of. An application that recovers from
    /// something long after its synchronisation is not being deployed.
    fn is_told(&self) -> bool {
        let health = self.health().and_then(|health| health.status.as_deref());
        let phase = self.operation().map(|operation| operation.phase.as_str());
        matches!(
            (phase, health),
            (Some("Running" | "Failed" | "Error"), _) | (Some("Succeeded"), Some("Healthy" | "Degraded"))
        )
    }

    fn health(&self) -> Option<&Health> {
        self.status.as_ref()?.health.as_ref()
    }

    /// Whether the next change of its health will show as a later one. Older versions do not say since when it is as it is.
    fn shows_changes(&self) -> bool {
        self.health()
            .is_some_and(|health| health.last_transition_time.is_some())
    }
}

/// The webhook's body and its key, which is made of the state: the same change by both ways is one event.
fn draft(one: &Application, url: Option<&str>) -> Draft {
    let payload = json!({ "context": { "argocdUrl": url }, "app": one });
    let said = said(payload.to_string().as_bytes());
    Draft {
        event_type: said.event_type,
        delivery_key: said.delivery_key.unwrap_or_default(),
        occurred_at: said.occurred_at,
        payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_listed_by_name_by_project_or_all() {
        assert_eq!(Thing::read("*"), Ok(Thing::All));
        assert_eq!(Thing::read("check-out"), Ok(Thing::Application("check-out")));
        assert_eq!(Thing::read("project/shop"), Ok(Thing::Project("shop")));
        for thing in ["", "project/", "project/*", "team/shop", "a b", "a?b", "**"] {
            assert!(
                matches!(Thing::read(thing), Err(ReadError::Refused(_))),
                "{thing}"
            );
        }
    }
}
