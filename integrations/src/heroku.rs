//! Purpose: `POST /webhooks/heroku`: what Heroku's app webhooks say of releases and builds.
//!
//! Source: devcenter.heroku.com, "App Webhooks" and "App Webhooks Schema". Every change of an app is a release there, also one of
//! its settings: only the description tells which ones bring code.

use std::borrow::Cow;

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use crate::payload::{Text, Time, filled, number_of, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::signature::Signed;
use crate::webhook::{Said, Vendor};

/// Heroku's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: "heroku",
    title: "Heroku",
    proof: Proof::Signed(SIGNED),
    read: |_, payload| Ok(said(payload)),
    changes,
};

const SIGNED: Signed = Signed::base64("Heroku-Webhook-Hmac-SHA256");

/// Events about something else than what is deployed.
const IRRELEVANT: &[&str] = &[
    "api:addon",
    "api:addon-attachment",
    "api:app",
    "api:collaborator",
    "api:domain",
    "api:dyno",
    "api:formation",
    "api:sni-endpoint",
];

/// How descriptions of releases that bring code begin: `Deploy 69eec518`, `Deployed web (1a2b3c)`, `Rollback to v12`,
/// `Promote my-staging v34 69eec518`.
const DEPLOYING: [&str; 4] = ["Deploy ", "Deployed ", "Rollback ", "Promote "];

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    created_at: Option<Time>,
    #[serde(borrow)]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    webhook_metadata: Option<Metadata<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    event: Option<Subscribed<'a>>,
}

#[derive(Deserialize)]
struct Subscribed<'a> {
    #[serde(borrow)]
    include: Option<Cow<'a, str>>,
}

/// What the body says of itself. Some bodies have no metadata: their resource is what the subscription is called after. `id` is
/// that of the event, and the same whenever it is delivered.
fn said(payload: &[u8]) -> Said {
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let event = envelope.webhook_metadata.and_then(|metadata| metadata.event);
    let include = event.and_then(|event| event.include).map(Cow::into_owned);
    let resource = envelope.resource.map(|resource| format!("api:{resource}"));
    Said {
        event_type: include.or(resource).unwrap_or_default(),
        delivery_key: envelope.id.map(Cow::into_owned),
        occurred_at: envelope.created_at.map(|at| at.0),
    }
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        "api:release" => release(&event.payload, rules),
        "api:build" => build(&event.payload, rules),
        known if IRRELEVANT.contains(&known) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

#[derive(Debug, Deserialize)]
struct App {
    id: Option<Text>,
    name: Text,
}

impl App {
    /// The app's page for people. Heroku's names of apps are letters, digits and dashes; another name gets no page.
    fn page(&self, part: &str) -> String {
        let is_name = self
            .name
            .0
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_name {
            format!("https://dashboard.heroku.com/apps/{}/{part}", self.name.0)
        } else {
            String::new()
        }
    }
}

#[derive(Debug, Deserialize)]
struct User {
    email: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct ReleaseEvent {
    data: Release,
    actor: Option<User>,
}

#[derive(Debug, Deserialize)]
struct Release {
    app: App,
    version: i64,
    status: Text,
    description: Option<Text>,
    slug: Option<Slug>,
    user: Option<User>,
    created_at: Time,
    updated_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Slug {
    commit: Option<Text>,
}

fn release(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let ReleaseEvent { data: release, actor } = read(payload)?;
    let description = filled(release.description).unwrap_or_default();
    if !DEPLOYING
        .iter()
        .any(|beginning| description.starts_with(beginning))
    {
        return Ok(Vec::new());
    }
    let value = state(&release.status.0)?;
    let app = release.app;
    let name = app.name.0.as_str();
    let at = release.updated_at.unwrap_or(release.created_at).0;
    // An app may be renamed: what it is called is only the last resort.
    let identity = app.id.as_ref().map_or(name, |id| id.0.as_str());
    let by = release.user.or(actor).and_then(|user| filled(user.email));
    Ok(vec![FactChange::Deployment(Box::new(Deployment {
        repository: rules.repository("heroku", name),
        id: number_of(&format!("{identity} v{}", release.version)),
        target: Stamped {
            at,
            value: DeploymentTarget {
                environment: rules.environment("heroku", name).unwrap_or(name).to_owned(),
                sha: release
                    .slug
                    .and_then(|slug| filled(slug.commit))
                    .unwrap_or_default(),
                git_ref: String::new(),
                creator: by.map(Login),
                created_at: release.created_at.0,
                url: app.page("activity"),
            },
        },
        state: Stamped { at, value },
        succeeded_at: (value == DeploymentState::Success).then_some(at),
        log_url: None,
    }))])
}

fn state(status: &str) -> Result<DeploymentState, String> {
    match status {
        // Its release phase runs.
        "pending" => Ok(DeploymentState::InProgress),
        "succeeded" => Ok(DeploymentState::Success),
        "failed" | "expired" => Ok(DeploymentState::Failure),
        other => Err(format!("data.status: unknown status `{other}`")),
    }
}

#[derive(Debug, Deserialize)]
struct BuildEvent {
    data: Build,
}

#[derive(Debug, Deserialize)]
struct Build {
    id: Text,
    app: App,
    status: Text,
    source_blob: Option<SourceBlob>,
    created_at: Time,
    updated_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct SourceBlob {
    version: Option<Text>,
}

/// A build that fails makes no release: it shows as a run that went red.
fn build(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let BuildEvent { data: build } = read(payload)?;
    let outcome = match build.status.0.as_str() {
        "pending" => CiOutcome::Pending,
        "succeeded" => CiOutcome::Success,
        "failed" => CiOutcome::Failure,
        other => return Err(format!("data.status: unknown status `{other}`")),
    };
    let name = build.app.name.0.as_str();
    Ok(vec![FactChange::CiRun(CiRun {
        repository: rules.repository("heroku", name),
        id: format!("build:{}", build.id.0),
        workflow: format!("Heroku build of {name}"),
        head_sha: build
            .source_blob
            .and_then(|blob| filled(blob.version))
            .unwrap_or_default(),
        branch: None,
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at: build.created_at.0,
        started_at: Some(build.created_at.0),
        updated_at: build.updated_at.unwrap_or(build.created_at).0,
        url: build.app.page("activity/builds"),
    })])
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn states(kind: &str, body: &Value, rules: &Rules) -> Result<Vec<FactChange>, String> {
        let payload = body.to_string().into_bytes();
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("heroku").unwrap(),
            delivery_key: String::new(),
            event_type: kind.to_owned(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload,
        };
        changes(&event, rules)
    }

    fn release(description: &str, status: &str) -> Value {
        json!({
            "actor": { "email": "ana@acme.example" },
            "data": {
                "app": { "id": "a-1", "name": "acme-api" },
                "version": 12,
                "status": status,
                "description": description,
                "slug": { "commit": "69eec518969cc409e116940aa5304ab6ab237a4d" },
                "created_at": "2026-06-04T12:00:00Z",
                "updated_at": "2026-06-04T12:01:00Z"
            }
        })
    }

    #[test]
    fn only_releases_that_bring_code_are_deployments() {
        for (description, is_one) in [
            ("Deploy 69eec518", true),
            ("Deployed web (1a2b3c)", true),
            ("Rollback to v11", true),
            ("Promote acme-staging v34 69eec518", true),
            ("Set PAGE_SIZE config vars", false),
            ("Deployment of nothing", false),
            ("Attach DATABASE (@ref:postgresql-1)", false),
            ("Initial release", false),
            ("", false),
        ] {
            let said = states(
                "api:release",
                &release(description, "succeeded"),
                &Rules::default(),
            )
            .unwrap();
            assert_eq!(said.len(), usize::from(is_one), "{description}");
        }
    }

    #[test]
    fn a_release_goes_from_pending_to_succeeded_or_failed_where_the_rules_say() {
        let rules = Rules {
            repositories: [("heroku/acme-api".to_owned(), "acme/api".to_owned())].into(),
            deploying: [("heroku/acme-api".to_owned(), "production".to_owned())].into(),
            ..Rules::default()
        };
        for (status, expected) in [
            ("pending", DeploymentState::InProgress),
            ("succeeded", DeploymentState::Success),
            ("failed", DeploymentState::Failure),
        ] {
            let said = states("api:release", &release("Deploy 69eec518", status), &rules).unwrap();
            let [FactChange::Deployment(deployment)] = said.as_slice() else {
                panic!("{said:?}")
            };
            assert_eq!(deployment.state.value, expected);
            assert_eq!(deployment.repository, "acme/api".into());
            assert_eq!(deployment.target.value.environment, "production");
            assert_eq!(deployment.target.value.creator, Some("ana@acme.example".into()));
        }
        assert!(states("api:release", &release("Deploy 69eec518", "lost"), &rules).is_err());
    }

    #[test]
    fn a_build_that_fails_is_a_red_run() {
        let body = json!({ "data": {
            "id": "b-1", "app": { "name": "acme-api" }, "status": "failed",
            "source_blob": { "version": "69eec518969cc409e116940aa5304ab6ab237a4d" },
            "created_at": "2026-06-04T12:00:00Z", "updated_at": "2026-06-04T12:03:00Z"
        } });
        let said = states("api:build", &body, &Rules::default()).unwrap();
        let [FactChange::CiRun(run)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!((run.outcome, run.id.as_str()), (CiOutcome::Failure, "build:b-1"));
        assert_eq!(run.repository, "heroku/acme-api".into());
    }

    #[test]
    fn a_body_without_metadata_is_called_after_its_resource() {
        let read = said(br#"{"id":"e-1","resource":"dyno","created_at":"2026-06-04T12:00:00Z"}"#);
        assert_eq!(
            (read.event_type.as_str(), read.delivery_key.as_deref()),
            ("api:dyno", Some("e-1"))
        );
        assert_eq!(states("api:dyno", &json!({}), &Rules::default()), Ok(Vec::new()));
        assert!(states("api:tea", &json!({}), &Rules::default()).is_err());
    }
}
