//! Purpose: what kubewatch sends: an object of the cluster as it was and as it is, or a short message.
//!
//! Source: <https://github.com/robusta-dev/kubewatch/tree/master/pkg/handlers>.

use chrono::{DateTime, Utc};
use em_domain::deployment::DeploymentState;
use em_domain::fact::FactChange;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::NAME;
use super::event::{CoreEvent, is_trouble, of_pod};
use super::rollout::{Rollout, deployment};
use crate::alert::{incident, open, stated};
use crate::payload::{Text, Time, filled, read};
use crate::rules::Rules;

/// A structured `CloudEvent` of the type `KUBERNETES_TOPOLOGY_CHANGE`.
#[derive(Debug, Deserialize)]
pub(super) struct TopologyChange {
    source: Option<Text>,
    id: Option<Text>,
    time: Option<Time>,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    operation: Option<Text>,
    kind: Option<Text>,
    /// Read once it is known what it is.
    obj: Option<Box<RawValue>>,
}

/// A Deployment object, apps/v1.
#[derive(Debug, Deserialize)]
struct Object {
    metadata: Metadata,
    spec: Option<Spec>,
    status: Option<Status>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: Text,
    namespace: Option<Text>,
    uid: Text,
    generation: Option<i64>,
    annotations: Option<std::collections::BTreeMap<String, Text>>,
}

#[derive(Debug, Deserialize)]
struct Spec {
    template: Option<Template>,
}

#[derive(Debug, Deserialize)]
struct Template {
    spec: Option<PodSpec>,
}

#[derive(Debug, Deserialize)]
struct PodSpec {
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Deserialize)]
struct Container {
    name: Option<Text>,
    image: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    observed_generation: Option<i64>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type")]
    kind: Option<Text>,
    status: Option<Text>,
    reason: Option<Text>,
    last_update_time: Option<Time>,
}

impl TopologyChange {
    /// `Deployment.update`
    pub(super) fn event_type(&self) -> String {
        let text = |text: &Option<Text>| text.as_ref().map_or(String::new(), |text| text.0.clone());
        format!("{}.{}", text(&self.data.kind), text(&self.data.operation))
    }

    /// The id counts from the start of the forwarder, which may be the same for two of them.
    pub(super) fn delivery_key(&self) -> Option<String> {
        let id = self.id.as_ref().filter(|id| !id.0.is_empty())?;
        let source = self.source.as_ref().map_or("", |source| source.0.as_str());
        let at = self.time.map(|at| at.0.timestamp_millis());
        Some(format!("{source}:{}:{}", id.0, at.unwrap_or_default()))
    }

    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        self.time.map(|at| at.0)
    }

    /// What it states: a Deployment object tells how far its newest version got; an Event is read as any other.
    pub(super) fn changes(self, rules: &Rules) -> Result<Vec<FactChange>, String> {
        let at = self.at();
        let is_gone = self
            .data
            .operation
            .is_some_and(|operation| operation.0 == "delete");
        let (kind, object) = (filled(self.data.kind), self.data.obj);
        let Some(object) = object.filter(|_| !is_gone) else {
            return Ok(Vec::new());
        };
        let named = |reason: String| format!("data.obj: {reason}");
        match kind.as_deref() {
            Some("Deployment") => {
                let object: Object = read(object.get().as_bytes()).map_err(named)?;
                Ok(object
                    .rollout(rules, at)
                    .map(|said| vec![said])
                    .unwrap_or_default())
            }
            Some("Event") => {
                let event: CoreEvent = read(object.get().as_bytes()).map_err(named)?;
                event.changes(rules)
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl Object {
    /// How far the newest version got; `None` while Kubernetes has not looked at it yet: its number and its state are then
    /// those of the version before.
    fn rollout(&self, rules: &Rules, sent_at: Option<DateTime<Utc>>) -> Option<FactChange> {
        let about = &self.metadata;
        let status = self.status.as_ref()?;
        if about.generation > status.observed_generation {
            return None;
        }
        let revision = about
            .annotations
            .as_ref()?
            .get("deployment.kubernetes.io/revision")?;
        let progress = status
            .conditions
            .as_ref()?
            .iter()
            .find(|condition| condition.is("Progressing"))?;
        // Kept as long as the state is: a later update of something else states the same once more.
        let at = progress.last_update_time.map(|at| at.0).or(sent_at)?;
        let namespace = about.namespace.as_ref().map_or("default", |text| text.0.as_str());
        let place = format!("{namespace}/{}", about.name.0);
        let rollout = Rollout {
            place: &place,
            version: format!("{}/{}", about.uid.0, revision.0),
            image: self.image().unwrap_or_default(),
            state: progress.state(),
            began: at,
            at,
        };
        Some(FactChange::Deployment(Box::new(deployment(rules, &rollout))))
    }

    /// The image of the container that is called as the object is, else of the first: the others stand beside it.
    fn image(&self) -> Option<&str> {
        let template = self.spec.as_ref()?.template.as_ref()?;
        let containers = template.spec.as_ref()?.containers.as_ref()?;
        let is_main = |one: &&Container| {
            one.name
                .as_ref()
                .is_some_and(|name| name.0 == self.metadata.name.0)
        };
        let main = containers.iter().find(is_main).or(containers.first())?;
        main.image.as_ref().map(|image| image.0.as_str())
    }
}

impl Condition {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_ref().is_some_and(|text| text.0 == kind)
    }

    fn state(&self) -> DeploymentState {
        let reason = self.reason.as_ref().map_or("", |text| text.0.as_str());
        let is_false = self.status.as_ref().is_some_and(|text| text.0 == "False");
        match reason {
            "NewReplicaSetAvailable" => DeploymentState::Success,
            // `ProgressDeadlineExceeded`, `ReplicaSetCreateError`
            _ if is_false => DeploymentState::Failure,
            _ => DeploymentState::InProgress,
        }
    }
}

/// What kubewatch's handler `webhook` sends.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    eventmeta: Meta,
    text: Option<Text>,
    time: Time,
}

#[derive(Debug, Deserialize)]
struct Meta {
    kind: Option<Text>,
    name: Option<Text>,
    namespace: Option<Text>,
    reason: Option<Text>,
}

impl Message {
    /// `BackOff`, `Updated`, ...
    pub(super) fn reason(&self) -> &str {
        self.eventmeta
            .reason
            .as_ref()
            .map_or("", |reason| reason.0.as_str())
    }

    pub(super) fn at(&self) -> DateTime<Utc> {
        self.time.0
    }

    /// What is wrong, if anything is. Some versions say it in the kind: `Backoff` and `NodeNotReady` were `Created`.
    fn trouble(&self) -> Option<&str> {
        let kind = self.eventmeta.kind.as_ref().map_or("", |kind| kind.0.as_str());
        match (kind, self.reason()) {
            // A message does not count, so one is enough.
            (_, reason) if is_trouble(reason, u64::MAX) => Some(reason),
            (_, "Deleted") => None,
            ("Backoff", _) => Some("BackOff"),
            ("NodeNotReady", _) => Some("NodeNotReady"),
            _ => None,
        }
    }

    /// An incident is named by the day as well, as `db-0` has its name for ever.
    pub(super) fn changes(self) -> Vec<FactChange> {
        let Some(reason) = self.trouble().map(str::to_owned) else {
            return Vec::new();
        };
        let at = self.at();
        let meta = self.eventmeta;
        let name = filled(meta.name).unwrap_or_default();
        let namespace = filled(meta.namespace).unwrap_or_default();
        let id = format!("{namespace}/{name}/{reason}/{}", at.date_naive());
        let text = filled(self.text).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let kind = filled(meta.kind).unwrap_or_default();
        let title = text.unwrap_or_else(|| format!("{kind} {namespace}/{name}: {reason}"));
        let value = IncidentSnapshot {
            state: IncidentState::Resolved,
            resolved_at: Some(at),
            service: (!name.is_empty()).then(|| of_pod(&name).to_owned()),
            ..open(title, at)
        };
        stated(incident(NAME, &id, at, value))
    }
}

#[cfg(test)]
mod tests {
    use em_domain::deployment::Deployment;
    use serde_json::{Value, json};

    use super::*;

    fn change(reason: &str, status: &str, generations: (i64, i64)) -> Value {
        json!({
            "specversion": "1.0", "source": "s", "id": "1-1", "time": "2026-06-04T08:00:09.5Z",
            "data": { "operation": "update", "kind": "Deployment", "obj": {
                "metadata": {
                    "name": "web", "namespace": "shop", "uid": "u", "generation": generations.0,
                    "annotations": { "deployment.kubernetes.io/revision": "7" }
                },
                "spec": { "template": { "spec": { "containers": [
                    { "name": "proxy", "image": "envoy:v1" }, { "name": "web", "image": "acme/web:main-3f2a9c1" }
                ] } } },
                "status": { "observedGeneration": generations.1, "conditions": [
                    { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable" },
                    { "type": "Progressing", "status": status, "reason": reason,
                      "lastUpdateTime": "2026-06-04T08:00:05Z" }
                ] }
            }, "oldObj": null }
        })
    }

    fn changes(change: &Value) -> Vec<FactChange> {
        let change: TopologyChange = serde_json::from_slice(change.to_string().as_bytes()).unwrap();
        change.changes(&Rules::default()).unwrap()
    }

    fn fact(change: &Value) -> Deployment {
        match changes(change).pop() {
            Some(FactChange::Deployment(deployment)) => *deployment,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rollout_goes_on_and_ends_well_or_not() {
        for (reason, status, expected) in [
            ("ReplicaSetUpdated", "True", DeploymentState::InProgress),
            ("NewReplicaSetCreated", "True", DeploymentState::InProgress),
            ("NewReplicaSetAvailable", "True", DeploymentState::Success),
            ("ProgressDeadlineExceeded", "False", DeploymentState::Failure),
        ] {
            let said = fact(&change(reason, status, (4, 4)));
            assert_eq!(said.state.value, expected, "{reason}");
            assert_eq!(said.state.at.to_rfc3339(), "2026-06-04T08:00:05+00:00");
            assert_eq!(said.target.value.sha, "3f2a9c1");
            assert_eq!(said.target.value.git_ref, "main-3f2a9c1");
            assert_eq!(said.succeeded_at.is_some(), expected == DeploymentState::Success);
        }
    }

    #[test]
    fn what_kubernetes_has_not_looked_at_says_nothing() {
        let unseen = change("NewReplicaSetAvailable", "True", (5, 4));
        assert_eq!(changes(&unseen), []);
        let mut gone = change("NewReplicaSetAvailable", "True", (4, 4));
        gone["data"]["operation"] = json!("delete");
        assert_eq!(changes(&gone), []);
        gone["data"]["operation"] = json!("update");
        gone["data"]["kind"] = json!("ConfigMap");
        assert_eq!(changes(&gone), []);
    }

    #[test]
    fn the_next_version_is_another_deployment() {
        let first = change("NewReplicaSetAvailable", "True", (4, 4));
        let mut second = first.clone();
        second["data"]["obj"]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("8");
        assert_ne!(fact(&first).id, fact(&second).id);
        let mut scaled = first.clone();
        scaled["data"]["obj"]["metadata"]["generation"] = json!(5);
        scaled["data"]["obj"]["status"]["observedGeneration"] = json!(5);
        assert_eq!(fact(&first), fact(&scaled), "more of the same is no new version");
    }

    #[test]
    fn an_event_inside_is_read_as_an_event() {
        let mut inside = change("", "", (0, 0));
        inside["data"]["kind"] = json!("Event");
        inside["data"]["obj"] = json!({
            "involvedObject": { "kind": "Node", "name": "n1" }, "metadata": { "uid": "e" },
            "reason": "NodeNotReady", "type": "Warning", "lastTimestamp": "2026-06-04T08:00:00Z"
        });
        assert_eq!(changes(&inside).len(), 1);
        inside["data"]["obj"] = json!({ "reason": 1 });
        let change: TopologyChange = serde_json::from_slice(inside.to_string().as_bytes()).unwrap();
        let reason = change.changes(&Rules::default()).unwrap_err();
        assert!(reason.starts_with("data.obj: "), "{reason}");
    }

    #[test]
    fn a_message_is_trouble_by_its_reason_and_one_a_day() {
        let said = |reason: &str, time: &str| {
            let message = json!({
                "eventmeta": { "kind": "pod", "name": "db-0", "namespace": "shop", "reason": reason },
                "text": "Pod `db-0` Crashed : \nBackOff", "time": time
            });
            let message: Message = serde_json::from_value(message).unwrap();
            message.changes()
        };
        let id = |changes: &[FactChange]| match changes {
            [FactChange::Incident(incident)] => incident.external_id.clone(),
            other => panic!("{other:?}"),
        };
        let first = said("BackOff", "2026-06-04T08:00:00Z");
        assert_eq!(id(&first), "shop/db-0/BackOff/2026-06-04");
        assert_eq!(id(&first), id(&said("BackOff", "2026-06-04T09:00:00Z")));
        assert_ne!(id(&first), id(&said("BackOff", "2026-06-05T08:00:00Z")));
        assert_eq!(said("Updated", "2026-06-04T08:00:00Z"), []);
        let by_kind = |kind: &str, reason: &str| {
            let message = json!({
                "eventmeta": { "kind": kind, "name": "n1", "namespace": "", "reason": reason }, "time": "2026-06-04T08:00:00Z"
            });
            let message: Message = serde_json::from_value(message).unwrap();
            message.changes()
        };
        assert_eq!(
            id(&by_kind("NodeNotReady", "Created")),
            "/n1/NodeNotReady/2026-06-04"
        );
        assert_eq!(id(&by_kind("Backoff", "Updated")), "/n1/BackOff/2026-06-04");
        assert_eq!(by_kind("Backoff", "Deleted"), []);
        assert_eq!(by_kind("NodeReady", "Created"), []);
    }
}
