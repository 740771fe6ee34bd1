//! Purpose: `POST /webhooks/argocd`: what Argo CD's notifications say of deployments.
//!
//! Source: argo-cd.readthedocs.io, "Notifications", "Webhook". The body is a template of the operator's. Two forms are read: the
//! one of `docs/integrations/argocd.md`, and the whole application (`{{toJson .app}}` in the field `app`).

mod payload;
pub(crate) mod poller;
mod write;

use chrono::{DateTime, Utc};
use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use self::payload::{Body, Destination, Health, Metadata, OperationState, Source, Spec};
use crate::git_url;
use crate::payload::{Time, filled, number_of, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::webhook::{Said, Vendor};

pub use write::{Application, ArgocdClient};

/// Argo CD's notifications.
pub const VENDOR: Vendor = Vendor {
    name: "argocd",
    title: "Argo CD",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes,
};

const APPLICATION: &str = "application";
const SYNC_RESULT: &str = "sync-result";

/// What the body says of itself. A notification has no id: one is told by the synchronisation, how far it and the health of the
/// application are, and since when.
fn said(payload: &[u8]) -> Said {
    let Ok(body) = serde_json::from_slice::<Body>(payload) else {
        return Said {
            event_type: if has_resources(payload) { SYNC_RESULT } else { "" }.to_owned(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let state = body.app.status.as_ref();
    let health = state.and_then(|status| status.health.as_ref());
    let operation = state.and_then(|status| status.operation_state.as_ref());
    let at = |time: Option<Time>| time.map_or_else(String::new, |at| at.0.timestamp_millis().to_string());
    let key = operation.map(|operation| {
        [
            identity(&body.app.metadata),
            at(Some(operation.started_at)),
            operation.phase.0.clone(),
            at(operation.finished_at),
            health
                .and_then(|health| filled(health.status.clone()))
                .unwrap_or_default(),
            at(health.and_then(|health| health.last_transition_time)),
            at(body.app.metadata.deletion_timestamp),
        ]
        .join(" ")
    });
    Said {
        event_type: APPLICATION.to_owned(),
        delivery_key: key,
        occurred_at: operation.map(|operation| moment(operation, health)),
    }
}

/// Whether the body is the list of what a synchronisation touched, and nothing else.
fn has_resources(payload: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct SyncResult {
        resources: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<SyncResult>(payload).is_ok_and(|result| result.resources.is_some())
}

/// What tells an application from all others, also from a later one of the same name.
fn identity(metadata: &Metadata) -> String {
    filled(metadata.uid.clone()).unwrap_or_else(|| {
        let namespace = filled(metadata.namespace.clone()).unwrap_or_default();
        format!("{namespace}/{}", metadata.name.0)
    })
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        APPLICATION => application(&event.payload, rules),
        SYNC_RESULT => Err(
            "the body is a sync result alone, which does not say which application it is of: send the template of \
             docs/integrations/argocd.md"
                .to_owned(),
        ),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

fn application(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let Body { context, app } = read(payload)?;
    let Some(status) = app.status else {
        return Ok(Vec::new());
    };
    let Some(operation) = status.operation_state else {
        return Ok(Vec::new());
    };
    let is_rehearsal = operation
        .operation
        .as_ref()
        .and_then(|asked| asked.sync.as_ref())
        .is_some_and(|sync| sync.dry_run == Some(true));
    // An application that is being deleted shows its last synchronisation once more.
    if is_rehearsal || app.metadata.deletion_timestamp.is_some() {
        return Ok(Vec::new());
    }
    let health = status.health.as_ref();
    let at = moment(&operation, health);
    let value = state(&operation.phase.0, health)?;
    let id = format!(
        "{} {}",
        identity(&app.metadata),
        operation.started_at.0.timestamp_millis()
    );
    let (repository, target) = target(context, &app.metadata, app.spec, &operation, rules);
    Ok(vec![FactChange::Deployment(Box::new(Deployment {
        repository,
        id: number_of(&id),
        target: Stamped { at, value: target },
        state: Stamped { at, value },
        succeeded_at: (value == DeploymentState::Success).then_some(at),
        log_url: None,
    }))])
}

/// How far the deployment is: through when it is synchronised and the application is healthy.
fn state(phase: &str, health: Option<&Health>) -> Result<DeploymentState, String> {
    let health = health.and_then(|health| health.status.as_ref());
    match (phase, health.map_or("", |status| status.0.as_str())) {
        ("Succeeded", "Healthy") => Ok(DeploymentState::Success),
        ("Failed" | "Error", _) | ("Succeeded", "Degraded") => Ok(DeploymentState::Failure),
        ("Running" | "Terminating" | "Succeeded", _) => Ok(DeploymentState::InProgress),
        (other, _) => Err(format!(
            "app.status.operationState.phase: unknown phase `{other}`"
        )),
    }
}

/// Since when it is as far as that: the health counts from the end of the synchronisation on.
fn moment(operation: &OperationState, health: Option<&Health>) -> DateTime<Utc> {
    let Some(finished_at) = operation.finished_at else {
        return operation.started_at.0;
    };
    let turned_at = health
        .filter(|_| operation.phase.0 == "Succeeded")
        .and_then(|health| health.last_transition_time);
    turned_at.map_or(finished_at, |at| at.max(finished_at)).0
}

fn target(
    context: Option<payload::Context>,
    metadata: &Metadata,
    spec: Option<Spec>,
    operation: &OperationState,
    rules: &Rules,
) -> (RepositoryName, DeploymentTarget) {
    let name = metadata.name.0.as_str();
    let (destination, sources) = spec.map_or((None, Vec::new()), |spec| {
        let sources = spec.sources.filter(|all| !all.is_empty());
        let sources = sources.unwrap_or_else(|| spec.source.into_iter().collect());
        (spec.destination, sources)
    });
    let deployed = deployed(&sources, operation);
    // What the operator says goes before the address: that may be the repository of the manifests alone.
    let named = rules.named_repository("argocd", name);
    let repository = named
        .clone()
        .or_else(|| deployed.repository.clone())
        .unwrap_or_else(|| rules.repository("argocd", name));
    let is_of_it = named.is_none_or(|named| deployed.repository.as_ref() == Some(&named));
    let asked = operation.operation.as_ref();
    let by = asked.and_then(|asked| asked.initiated_by.as_ref());
    let target = DeploymentTarget {
        environment: environment(name, destination, rules),
        // A commit of another repository would only mislead.
        sha: deployed.sha.filter(|_| is_of_it).unwrap_or_default(),
        git_ref: deployed.git_ref,
        creator: by.and_then(|by| filled(by.username.clone())).map(Login),
        created_at: operation.started_at.0,
        url: context
            .and_then(|context| filled(context.argocd_url))
            .map_or_else(String::new, |base| page(&base, metadata)),
    };
    (repository, target)
}

fn page(base: &str, metadata: &Metadata) -> String {
    format!("{}/applications/{}", base.trim_end_matches('/'), metadata.name.0)
}

/// Where to: as the operator says, else the cluster by its name, else the namespace, else the application itself.
fn environment(name: &str, destination: Option<Destination>, rules: &Rules) -> String {
    if let Some(ruled) = rules.environment("argocd", name) {
        return ruled.to_owned();
    }
    let (cluster, namespace) = destination.map_or((None, None), |to| (filled(to.name), filled(to.namespace)));
    cluster
        .filter(|cluster| cluster != "in-cluster")
        .or(namespace)
        .unwrap_or_else(|| name.to_owned())
}

#[derive(Default)]
struct Deployed {
    repository: Option<RepositoryName>,
    sha: Option<String>,
    git_ref: String,
}

/// What was deployed: the first source that is a Git repository at a commit; else the version of the first, as of a chart.
fn deployed(sources: &[Source], operation: &OperationState) -> Deployed {
    let asked = operation.operation.as_ref().and_then(|asked| asked.sync.as_ref());
    let known = operation
        .sync_result
        .as_ref()
        .or(asked.map(|asked| &asked.revisions));
    let revision = |place| known.and_then(|revisions| revisions.at(place));
    let from_git = sources.iter().enumerate().find_map(|(place, source)| {
        let repository = git_url::repository(&source.repo_url.as_ref()?.0)?;
        let sha = revision(place).filter(|revision| git_url::is_commit(revision))?;
        Some(Deployed {
            repository: Some(repository),
            sha: Some(sha),
            git_ref: filled(source.target_revision.clone()).unwrap_or_default(),
        })
    });
    from_git.unwrap_or_else(|| Deployed {
        git_ref: revision(0)
            .or_else(|| filled(sources.first()?.target_revision.clone()))
            .unwrap_or_default(),
        ..Deployed::default()
    })
}

#[cfg(test)]
mod tests {
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn app(phase: &str, health: &str) -> Value {
        json!({
            "context": { "argocdUrl": "https://argo.acme.example/" },
            "app": {
                "metadata": { "name": "api", "namespace": "argocd", "uid": "u-1" },
                "spec": {
                    "destination": { "name": "prod-eu", "namespace": "api" },
                    "source": { "repoURL": "git@github.com:acme/deploy.git", "targetRevision": "main" }
                },
                "status": {
                    "health": { "status": health, "lastTransitionTime": "2026-06-04T12:05:00Z" },
                    "operationState": {
                        "phase": phase,
                        "startedAt": "2026-06-04T12:00:00Z",
                        "finishedAt": "2026-06-04T12:01:00Z",
                        "operation": { "initiatedBy": { "username": "ana" } },
                        "syncResult": { "revision": "94fcc5e8673e0d2d7fbca6b1c6c455ba308314fc" }
                    }
                }
            }
        })
    }

    fn event(body: &Value) -> RawEvent {
        let payload = body.to_string().into_bytes();
        RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("argocd").unwrap(),
            delivery_key: String::new(),
            event_type: said(&payload).event_type,
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload,
        }
    }

    fn deployment(body: &Value, rules: &Rules) -> Deployment {
        let fact = changes(&event(body), rules).unwrap().remove(0);
        let FactChange::Deployment(deployment) = fact else {
            panic!("{fact:?}")
        };
        *deployment
    }

    #[test]
    fn a_deployment_is_through_when_the_application_is_healthy_after_it() {
        for (phase, health, expected) in [
            ("Running", "Healthy", DeploymentState::InProgress),
            ("Succeeded", "Progressing", DeploymentState::InProgress),
            ("Succeeded", "Healthy", DeploymentState::Success),
            ("Succeeded", "Degraded", DeploymentState::Failure),
            ("Failed", "Healthy", DeploymentState::Failure),
            ("Error", "Missing", DeploymentState::Failure),
        ] {
            let deployment = deployment(&app(phase, health), &Rules::default());
            assert_eq!(deployment.state.value, expected, "{phase} {health}");
            let is_live = expected == DeploymentState::Success;
            assert_eq!(deployment.succeeded_at.is_some(), is_live, "{phase} {health}");
        }
        assert!(changes(&event(&app("Paused", "Healthy")), &Rules::default()).is_err());
    }

    #[test]
    fn the_operators_rule_goes_before_the_address_of_the_manifests_and_their_commit() {
        let by_address = deployment(&app("Succeeded", "Healthy"), &Rules::default());
        assert_eq!(by_address.repository, "acme/deploy".into());
        assert_eq!(by_address.target.value.environment, "prod-eu");
        assert_eq!(by_address.target.value.creator, Some("ana".into()));
        assert!(!by_address.target.value.sha.is_empty());
        assert_eq!(
            by_address.target.value.url,
            "https://argo.acme.example/applications/api"
        );
        let pair = |to: &str| [("argocd/api".to_owned(), to.to_owned())].into();
        let rules = Rules {
            repositories: pair("acme/api"),
            deploying: pair("production"),
            ..Rules::default()
        };
        let by_rule = deployment(&app("Succeeded", "Healthy"), &rules);
        assert_eq!(by_rule.repository, "acme/api".into());
        assert_eq!(by_rule.target.value.environment, "production");
        assert_eq!(
            by_rule.target.value.sha, "",
            "the commit is one of another repository"
        );
        assert_eq!(by_rule.id, by_address.id);
    }

    #[test]
    fn every_change_has_a_key_of_its_own_and_a_repetition_has_none() {
        let key = |body: &Value| said(body.to_string().as_bytes()).delivery_key;
        let first = app("Succeeded", "Healthy");
        let mut again = first.clone();
        again["timestamp"] = json!("2026-06-04T13:00:00Z");
        assert_eq!(key(&first), key(&again));
        assert!(key(&first).is_some());
        let mut later = first.clone();
        later["app"]["status"]["health"]["lastTransitionTime"] = json!("2026-06-05T00:00:00Z");
        let others = [later, app("Succeeded", "Degraded"), app("Running", "Healthy")];
        for other in &others {
            assert_ne!(key(&first), key(other), "{other}");
        }
    }

    #[test]
    fn a_rehearsal_and_an_application_without_synchronisations_say_nothing() {
        let mut rehearsal = app("Succeeded", "Healthy");
        rehearsal["app"]["status"]["operationState"]["operation"]["sync"] = json!({ "dryRun": true });
        let mut new = app("Succeeded", "Healthy");
        new["app"]["status"]["operationState"] = Value::Null;
        for body in [&rehearsal, &new] {
            assert_eq!(changes(&event(body), &Rules::default()), Ok(Vec::new()));
        }
    }
}
