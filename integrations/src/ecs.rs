//! Purpose: `POST /webhooks/ecs`: what Amazon ECS tells through EventBridge of deployments of its services.
//!
//! Source: docs.aws.amazon.com, "Amazon ECS events". Nothing is signed: the API destination brings the secret. An event names
//! neither a commit nor a person.

use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::event::RawEvent;
use em_domain::fact::FactChange;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use crate::payload::{Text, Time, filled, number_of, read};
use crate::proof::Proof;
use crate::rules::Rules;
use crate::webhook::{Said, Vendor};

/// The events of Amazon ECS.
pub const VENDOR: Vendor = Vendor {
    name: "ecs",
    title: "Amazon ECS",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes,
};

const DEPLOYMENT: &str = "ECS Deployment State Change";

/// Events about tasks, machines and how a service fares.
const IRRELEVANT: &[&str] = &[
    "ECS Container Instance State Change",
    "ECS Service Action",
    "ECS Service Deployment State Change",
    "ECS Task State Change",
];

#[derive(Debug, Deserialize)]
struct Envelope {
    id: Option<Text>,
    #[serde(rename = "detail-type")]
    kind: Option<Text>,
    time: Option<Time>,
    detail: Option<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    event_name: Option<Text>,
}

/// What the body says of itself. EventBridge delivers an event at least once, with the same id. The name stands beside it since
/// the examples of AWS's guide share one id, and people try a receiver with those.
fn said(payload: &[u8]) -> Said {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    let name = envelope.detail.and_then(|detail| filled(detail.event_name));
    Said {
        event_type: filled(envelope.kind).unwrap_or_default(),
        delivery_key: filled(envelope.id).map(|id| match name {
            Some(name) => format!("{id} {name}"),
            None => id,
        }),
        occurred_at: envelope.time.map(|at| at.0),
    }
}

fn changes(event: &RawEvent, rules: &Rules) -> Result<Vec<FactChange>, String> {
    match event.event_type.as_str() {
        DEPLOYMENT => deployment(&event.payload, rules),
        known if IRRELEVANT.contains(&known) => Ok(Vec::new()),
        unknown => Err(format!("unknown event type `{unknown}`")),
    }
}

#[derive(Debug, Deserialize)]
struct Event {
    time: Time,
    region: Option<Text>,
    resources: Vec<Text>,
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_name: Text,
    deployment_id: Text,
    updated_at: Option<Time>,
    reason: Option<Text>,
}

fn deployment(payload: &[u8], rules: &Rules) -> Result<Vec<FactChange>, String> {
    let event: Event = read(payload)?;
    let arn = event.resources.first().map_or("", |arn| arn.0.as_str());
    let Some((cluster, name)) = service(arn) else {
        return Err("resources[0]: not the name of a service".to_owned());
    };
    let detail = event.detail;
    let reason = detail.reason.as_ref().map_or("", |reason| reason.0.as_str());
    let value = match detail.event_name.0.as_str() {
        // The circuit breaker goes back. Whose number the event bears is not said, and that the deployment failed has an event.
        "SERVICE_DEPLOYMENT_IN_PROGRESS" if reason.contains("rolling back") => return Ok(Vec::new()),
        "SERVICE_DEPLOYMENT_IN_PROGRESS" => DeploymentState::InProgress,
        "SERVICE_DEPLOYMENT_COMPLETED" => DeploymentState::Success,
        "SERVICE_DEPLOYMENT_FAILED" => DeploymentState::Failure,
        other => return Err(format!("detail.eventName: unknown event `{other}`")),
    };
    let at = detail.updated_at.unwrap_or(event.time).0;
    let full_name = format!("{cluster}/{name}");
    let environment = rules.environment("ecs", &full_name).unwrap_or(cluster);
    Ok(vec![FactChange::Deployment(Box::new(Deployment {
        repository: rules.repository("ecs", &full_name),
        id: number_of(&format!("{arn} {}", detail.deployment_id.0)),
        target: Stamped {
            at,
            value: DeploymentTarget {
                environment: environment.to_owned(),
                sha: String::new(),
                git_ref: String::new(),
                creator: None,
                // The first state that is told of comes nearest to when it was asked for.
                created_at: at,
                url: page(event.region, cluster, name),
            },
        },
        state: Stamped { at, value },
        succeeded_at: (value == DeploymentState::Success).then_some(at),
        log_url: None,
    }))])
}

/// The cluster and the service that an ARN names: `...:service/cluster/name`. Before 2021 the cluster was missing from it; there
/// it is the one that AWS calls `default`.
fn service(arn: &str) -> Option<(&str, &str)> {
    let (head, path) = arn.split_once(":service/")?;
    let (cluster, name) = path.split_once('/').unwrap_or(("default", path));
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (head.starts_with("arn:") && is_name(cluster) && is_name(name)).then_some((cluster, name))
}

/// The console's page of the service.
fn page(region: Option<Text>, cluster: &str, name: &str) -> String {
    let region =
        filled(region).filter(|region| region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    region.map_or_else(String::new, |region| {
        format!(
            "https://{region}.console.aws.amazon.com/ecs/v2/clusters/{cluster}/services/{name}/deployments?region={region}"
        )
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, Source};
    use em_domain::id::EventId;
    use serde_json::{Value, json};
    use ulid::Ulid;

    use super::*;

    fn event(kind: &str, body: &Value) -> RawEvent {
        RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::parse("ecs").unwrap(),
            delivery_key: String::new(),
            event_type: kind.to_owned(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload: body.to_string().into_bytes(),
        }
    }

    fn body(arn: &str, name: &str, reason: &str) -> Value {
        json!({
            "id": "e-1", "detail-type": DEPLOYMENT, "time": "2026-06-04T12:00:00Z", "region": "eu-west-1",
            "resources": [arn],
            "detail": { "eventName": name, "deploymentId": "ecs-svc/1", "reason": reason }
        })
    }

    #[test]
    fn a_service_is_named_by_either_form_of_its_arn() {
        let head = "arn:aws:ecs:eu-west-1:111122223333";
        assert_eq!(
            service(&format!("{head}:service/live/api")),
            Some(("live", "api"))
        );
        assert_eq!(service(&format!("{head}:service/api")), Some(("default", "api")));
        for arn in [
            "",
            "api",
            ":service/live/api",
            "arn:aws:ecs:x:1:service/",
            "arn:aws:ecs:x:1:service/a/<b>",
        ] {
            assert_eq!(service(arn), None, "{arn}");
        }
    }

    #[test]
    fn the_rules_say_which_repository_and_environment_a_service_is() {
        let rules = Rules {
            repositories: [("ecs/live/api".to_owned(), "acme/api".to_owned())].into(),
            deploying: [("ecs/live/api".to_owned(), "production".to_owned())].into(),
            ..Rules::default()
        };
        let body = body(
            "arn:aws:ecs:eu-west-1:1:service/live/api",
            "SERVICE_DEPLOYMENT_COMPLETED",
            "",
        );
        let said = changes(&event(DEPLOYMENT, &body), &rules).unwrap();
        let [FactChange::Deployment(deployment)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!(deployment.repository, "acme/api".into());
        assert_eq!(deployment.target.value.environment, "production");
        let said = changes(&event(DEPLOYMENT, &body), &Rules::default()).unwrap();
        let [FactChange::Deployment(deployment)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!(deployment.repository, "ecs/live/api".into());
        assert_eq!(deployment.target.value.environment, "live");
    }

    #[test]
    fn what_is_unknown_is_said_to_be() {
        let arn = "arn:aws:ecs:eu-west-1:1:service/live/api";
        for (kind, body) in [
            ("ECS Tea Time", body(arn, "SERVICE_DEPLOYMENT_COMPLETED", "")),
            (DEPLOYMENT, body(arn, "SERVICE_DEPLOYMENT_PAUSED", "")),
            (DEPLOYMENT, body("api", "SERVICE_DEPLOYMENT_COMPLETED", "")),
            (DEPLOYMENT, json!({})),
        ] {
            assert!(changes(&event(kind, &body), &Rules::default()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_redelivery_is_known_and_two_events_of_one_deployment_are_not_one() {
        let arn = "arn:aws:ecs:eu-west-1:1:service/live/api";
        let key = |body: &Value| said(body.to_string().as_bytes()).delivery_key;
        let done = body(arn, "SERVICE_DEPLOYMENT_COMPLETED", "");
        assert_eq!(key(&done), key(&done.clone()));
        assert_ne!(key(&done), key(&body(arn, "SERVICE_DEPLOYMENT_FAILED", "")));
        assert_eq!(said(b"{}").delivery_key, None);
    }
}
