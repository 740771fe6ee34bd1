//! Purpose: the Event: trouble as an incident, and a new version that is started as a deployment.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use serde::Deserialize;

use super::NAME;
use super::rollout::started;
use crate::alert::{incident, open, stated};
use crate::payload::{Text, Time, filled};
use crate::rules::Rules;

/// An Event of core/v1, with what kubernetes-event-exporter adds to it, or of events.k8s.io/v1, where the same goes by other
/// names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoreEvent {
    metadata: Option<Metadata>,
    #[serde(alias = "regarding")]
    involved_object: Object,
    reason: Option<Text>,
    #[serde(alias = "note")]
    message: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    #[serde(alias = "deprecatedCount")]
    count: Option<u64>,
    #[serde(alias = "deprecatedFirstTimestamp")]
    first_timestamp: Option<Time>,
    #[serde(alias = "deprecatedLastTimestamp")]
    last_timestamp: Option<Time>,
    event_time: Option<Time>,
    series: Option<Series>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    uid: Option<Text>,
    namespace: Option<Text>,
    name: Option<Text>,
    creation_timestamp: Option<Time>,
}

/// What the Event is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Object {
    kind: Option<Text>,
    namespace: Option<Text>,
    name: Option<Text>,
    uid: Option<Text>,
    labels: Option<std::collections::BTreeMap<String, Text>>,
}

/// Repetitions, as newer components count them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<u64>,
    last_observed_time: Option<Time>,
}

/// From the first time on.
const TROUBLE: &[&str] = &[
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "Evicted",
    "NodeNotReady",
    "OOMKilling",
    "SystemOOM",
];

/// Every start and every new node brings some of these, and they pass. The third time they do not.
const TROUBLE_IF_REPEATED: &[&str] = &[
    "BackOff",
    "CrashLoopBackOff",
    "Failed",
    "FailedAttachVolume",
    "FailedCreate",
    "FailedCreatePodSandBox",
    "FailedMount",
    "FailedScheduling",
    "Unhealthy",
];
const REPEATED: u64 = 3;

/// Whether a Warning of this reason that came so often is trouble.
pub(super) fn is_trouble(reason: &str, times: u64) -> bool {
    TROUBLE.contains(&reason) || (times >= REPEATED && TROUBLE_IF_REPEATED.contains(&reason))
}

impl CoreEvent {
    /// `BackOff`, `ScalingReplicaSet`, ...
    pub(super) fn reason(&self) -> &str {
        self.reason.as_ref().map_or("", |reason| reason.0.as_str())
    }

    fn times(&self) -> u64 {
        let of_series = self.series.as_ref().and_then(|series| series.count);
        of_series.or(self.count).unwrap_or(1)
    }

    /// When it last happened.
    pub(super) fn last_seen_at(&self) -> Option<DateTime<Utc>> {
        let of_series = self.series.as_ref().and_then(|series| series.last_observed_time);
        let created = self.metadata.as_ref().and_then(|about| about.creation_timestamp);
        let at = of_series
            .or(self.last_timestamp)
            .or(self.event_time)
            .or(created)?;
        Some(at.0)
    }

    /// The Event's own name: one for all its repetitions, another once it was quiet for an hour.
    fn own_name(&self) -> Option<String> {
        let about = self.metadata.as_ref()?;
        let uid = about.uid.as_ref().map(|uid| uid.0.clone());
        uid.filter(|uid| !uid.is_empty()).or_else(|| {
            let name = about.name.as_ref().filter(|name| !name.0.is_empty())?;
            let namespace = about.namespace.as_ref().map_or("", |text| text.0.as_str());
            Some(format!("{namespace}/{}", name.0))
        })
    }

    pub(super) fn delivery_key(&self) -> Option<String> {
        let at = self.last_seen_at().map(|at| at.timestamp_millis());
        let name = self.own_name()?;
        Some(format!("{name}:{}:{}", self.times(), at.unwrap_or_default()))
    }

    /// What it states: most Events say nothing that matters here.
    pub(super) fn changes(self, rules: &Rules) -> Result<Vec<FactChange>, String> {
        let is_warning = self.kind.as_ref().is_some_and(|kind| kind.0 == "Warning");
        if is_warning && is_trouble(self.reason(), self.times()) {
            return self.trouble().map(stated);
        }
        if self.reason() == "ScalingReplicaSet" {
            return self.rollout(rules);
        }
        Ok(Vec::new())
    }

    /// Kubernetes says that something is wrong, and never that it no longer is. So an incident ends when it was last seen;
    /// the next repetition moves the end.
    fn trouble(self) -> Result<em_domain::incident::Incident, String> {
        let id = self.own_name().ok_or("metadata: neither uid nor name is there")?;
        let at = self.last_seen_at().ok_or("lastTimestamp: no time is told")?;
        let began = self.first_timestamp.or(self.event_time);
        let reason = self.reason().to_owned();
        let object = self.involved_object;
        let message = filled(self.message).unwrap_or(reason);
        let value = IncidentSnapshot {
            state: IncidentState::Resolved,
            opened_at: began.map_or(at, |began| began.0.min(at)),
            resolved_at: Some(at),
            service: object.workload(),
            ..open(format!("{}: {message}", object.title()), at)
        };
        Ok(incident(NAME, &id, at, value))
    }

    fn rollout(self, rules: &Rules) -> Result<Vec<FactChange>, String> {
        let at = self.last_seen_at().ok_or("lastTimestamp: no time is told")?;
        let began = self.first_timestamp.map_or(at, |first| first.0.min(at));
        let object = self.involved_object;
        let message = filled(self.message).unwrap_or_default();
        let uid = filled(object.uid).unwrap_or_default();
        let (namespace, name) = (filled(object.namespace), filled(object.name));
        let name = name.ok_or("involvedObject.name: it is not there")?;
        let place = format!("{}/{name}", namespace.as_deref().unwrap_or("default"));
        Ok(started(rules, &place, &uid, &message, (began, at))
            .into_iter()
            .map(|deployment| FactChange::Deployment(Box::new(deployment)))
            .collect())
    }
}

impl Object {
    /// `Pod shop/web-1`
    fn title(&self) -> String {
        let text = |text: &Option<Text>| text.as_ref().map_or(String::new(), |text| text.0.clone());
        let (kind, namespace, name) = (text(&self.kind), text(&self.namespace), text(&self.name));
        match namespace.as_str() {
            "" => format!("{kind} {name}"),
            namespace => format!("{kind} {namespace}/{name}"),
        }
    }

    /// What people call it: its label, where the forwarder adds labels; else the name without what was made up for this one.
    fn workload(&self) -> Option<String> {
        let labels = self.labels.as_ref();
        let labelled = ["app.kubernetes.io/name", "app", "k8s-app"]
            .iter()
            .filter_map(|name| labels?.get(*name))
            .map(|value| value.0.clone())
            .find(|value| !value.is_empty());
        labelled.or_else(|| {
            let name = &self.name.as_ref()?.0;
            (!name.is_empty()).then(|| of_pod(name).to_owned())
        })
    }
}

/// `web` of the Pod `web-7ff854f459-kl4hq`.
pub(super) fn of_pod(name: &str) -> &str {
    let is_made_up = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut parts = name.rsplitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(pod), Some(set), Some(workload))
            if is_made_up(pod, &[5])
                && is_made_up(set, &[8, 9, 10])
                && set.bytes().any(|b| b.is_ascii_digit()) =>
        {
            workload
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use em_domain::incident::Incident;
    use serde_json::{Value, json};

    use super::*;

    fn warning(reason: &str, count: u64, last: &str) -> Value {
        json!({
            "involvedObject": { "kind": "Pod", "namespace": "shop", "name": "web-7ff854f459-kl4hq", "uid": "u" },
            "metadata": { "uid": "e1", "name": "web.1", "namespace": "shop" },
            "reason": reason, "type": "Warning", "message": "it hurts", "count": count,
            "firstTimestamp": "2026-06-04T08:00:00Z", "lastTimestamp": last
        })
    }

    fn facts(event: &Value) -> Vec<Incident> {
        let event: CoreEvent = serde_json::from_value(event.clone()).unwrap();
        let changes = event.changes(&Rules::default()).unwrap();
        changes
            .into_iter()
            .map(|change| {
                let FactChange::Incident(incident) = change else {
                    panic!("{change:?}")
                };
                *incident
            })
            .collect()
    }

    #[test]
    fn trouble_lasts_from_its_first_to_its_last_sight() {
        let mut known = facts(&warning("BackOff", 9, "2026-06-04T08:30:00Z")).remove(0);
        known.merge(facts(&warning("BackOff", 4, "2026-06-04T08:10:00Z")).remove(0));
        let value = known.snapshot.value;
        assert_eq!(value.opened_at.to_rfc3339(), "2026-06-04T08:00:00+00:00");
        assert_eq!(
            value.resolved_at.unwrap().to_rfc3339(),
            "2026-06-04T08:30:00+00:00"
        );
        assert_eq!(value.title, "Pod shop/web-7ff854f459-kl4hq: it hurts");
        assert_eq!(value.service.as_deref(), Some("web"));
    }

    #[test]
    fn what_passes_by_itself_is_trouble_once_it_repeats_and_what_is_normal_never() {
        let at = "2026-06-04T08:30:00Z";
        for (reason, count, expected) in [
            ("Unhealthy", 1, 0),
            ("Unhealthy", 2, 0),
            ("Unhealthy", 3, 1),
            ("NodeNotReady", 1, 1),
            ("DNSConfigForming", 99, 0),
            ("", 99, 0),
        ] {
            assert_eq!(
                facts(&warning(reason, count, at)).len(),
                expected,
                "{reason} {count}"
            );
        }
        let mut normal = warning("NodeNotReady", 1, at);
        normal["type"] = json!("Normal");
        assert_eq!(facts(&normal), []);
    }

    #[test]
    fn newer_events_count_in_a_series() {
        let mut event = warning("FailedScheduling", 1, "");
        event["lastTimestamp"] = json!(null);
        event["firstTimestamp"] = json!(null);
        event["eventTime"] = json!("2026-06-04T08:00:00.000001Z");
        event["count"] = json!(null);
        assert_eq!(facts(&event), [], "seen once");
        event["series"] = json!({ "count": 5, "lastObservedTime": "2026-06-04T08:20:00.5Z" });
        let value = facts(&event).remove(0).snapshot.value;
        assert_eq!(value.opened_at.to_rfc3339(), "2026-06-04T08:00:00+00:00");
        assert_eq!(
            value.resolved_at.unwrap().to_rfc3339(),
            "2026-06-04T08:20:00.500+00:00"
        );
    }

    #[test]
    fn the_newer_kind_of_event_says_the_same_under_other_names() {
        let older = warning("BackOff", 4, "2026-06-04T08:30:00Z");
        let newer = json!({
            "regarding": older["involvedObject"], "metadata": older["metadata"], "reason": "BackOff", "type": "Warning",
            "note": "it hurts", "deprecatedCount": 4, "deprecatedFirstTimestamp": "2026-06-04T08:00:00Z",
            "deprecatedLastTimestamp": "2026-06-04T08:30:00Z", "eventTime": null, "reportingController": "kubelet"
        });
        assert_eq!(facts(&newer), facts(&older));
        assert_eq!(facts(&newer).len(), 1);
    }

    #[test]
    fn the_workload_is_its_label_or_the_name_without_what_was_made_up() {
        for (pod, expected) in [
            ("web-7ff854f459-kl4hq", "web"),
            ("check-out-6b9d85fbd6-x2v5z", "check-out"),
            ("db-0", "db-0"),
            ("kube-proxy-abcde", "kube-proxy-abcde"),
            ("my-frontends-proxy", "my-frontends-proxy"),
            ("", ""),
        ] {
            assert_eq!(of_pod(pod), expected);
        }
        let mut event = warning("OOMKilling", 1, "2026-06-04T08:30:00Z");
        event["involvedObject"]["labels"] = json!({ "app": "shop-front" });
        let value = facts(&event).remove(0).snapshot.value;
        assert_eq!(value.service.as_deref(), Some("shop-front"));
    }
}
