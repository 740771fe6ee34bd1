//! Purpose: `POST /webhooks/alertmanager`: Prometheus' alerts as incidents, one for each alert of a group.
//!
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config> (body of version 4). Alertmanager signs
//! nothing: its `http_config` brings a password or a token.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::alert::{incident, open, severity};
use crate::payload::{Text, Time, filled, read};
use crate::proof::Proof;
use crate::webhook::{Said, Vendor};

/// Alertmanager's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "Prometheus Alertmanager",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| changes(&event.payload),
};

const NAME: &str = "alertmanager";

#[derive(Debug, Deserialize)]
struct Group {
    status: Option<Text>,
    alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: Text,
    labels: Option<BTreeMap<String, Text>>,
    annotations: Option<BTreeMap<String, Text>>,
    starts_at: Time,
    ends_at: Option<Time>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<Text>,
    fingerprint: Option<Text>,
}

impl Alert {
    fn is_resolved(&self) -> bool {
        self.status.0 == "resolved"
    }

    /// When it was over. Of an alert that fires, the end is the year 1.
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        let ended = self.ends_at.filter(|ends| *ends >= self.starts_at)?.0;
        self.is_resolved().then_some(ended)
    }

    /// The newest time that it tells.
    fn at(&self) -> DateTime<Utc> {
        self.ended_at().unwrap_or(self.starts_at.0)
    }

    /// What it is called as long as it fires, and never again: the same labels may fire anew.
    fn external_id(&self) -> Option<String> {
        let of_labels = || {
            let labels = self.labels.as_ref().filter(|labels| !labels.is_empty())?;
            let mut hash = Sha256::new();
            for (name, value) in labels {
                hash.update(format!("{name}\u{ff}{}\u{ff}", value.0));
            }
            Some(format!("labels:{}", hex::encode(hash.finalize())))
        };
        let name = self.fingerprint.as_ref().map(|text| text.0.clone());
        let name = name.filter(|name| !name.is_empty()).or_else(of_labels)?;
        let since = self.starts_at.0.to_rfc3339_opts(SecondsFormat::Millis, true);
        Some(format!("{name}@{since}"))
    }

    fn label(&self, names: &[&str]) -> Option<String> {
        said_under(self.labels.as_ref(), names)
    }

    fn annotation(&self, names: &[&str]) -> Option<String> {
        said_under(self.annotations.as_ref(), names)
    }
}

/// The first of `names` under which something is said.
fn said_under(pairs: Option<&BTreeMap<String, Text>>, names: &[&str]) -> Option<String> {
    let values = names.iter().filter_map(|name| pairs?.get(*name));
    values
        .map(|value| value.0.trim())
        .find(|value| !value.is_empty())
        .map(str::to_owned)
}

fn said(payload: &[u8]) -> Said {
    let group = serde_json::from_slice::<Group>(payload).ok();
    let status = group.as_ref().and_then(|group| group.status.as_ref());
    Said {
        event_type: status.map_or_else(String::new, |status| format!("alerts.{}", status.0)),
        occurred_at: group
            .as_ref()
            .and_then(|group| group.alerts.iter().map(Alert::at).max()),
        delivery_key: group.map(|group| state_of(&group.alerts)),
    }
}

/// The same for the same alerts in the same states, whatever else changed: a group is sent again every `repeat_interval`, and
/// by every Alertmanager of a pair, and its annotations often hold the value of the moment.
fn state_of(alerts: &[Alert]) -> String {
    let mut states: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let ended = alert.ended_at().map(|at| at.timestamp_millis());
            format!("{:?} {} {ended:?}\n", alert.external_id(), alert.status.0)
        })
        .collect();
    states.sort_unstable();
    let hash = states.iter().fold(Sha256::new(), Digest::chain_update);
    format!("alerts:{}", hex::encode(hash.finalize()))
}

fn changes(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let group: Group = read(payload)?;
    let known = group.alerts.into_iter().enumerate();
    let stated = known.filter_map(|(index, alert)| {
        let fact = fact(alert).map_err(|reason| format!("alerts[{index}]: {reason}"));
        fact.transpose()
    });
    stated
        .map(|fact| fact.map(|fact| FactChange::Incident(Box::new(fact))))
        .collect()
}

/// `None` for what says of itself that it is no trouble: the alert that always fires to show that alerting works.
fn fact(alert: Alert) -> Result<Option<Incident>, String> {
    let state = match alert.status.0.as_str() {
        "firing" => IncidentState::Open,
        "resolved" => IncidentState::Resolved,
        other => return Err(format!("status: `{other}` is no status of an alert")),
    };
    let severity_said = alert.label(&["severity", "priority", "level"]);
    if severity_said.as_deref() == Some("none") {
        return Ok(None);
    }
    let id = alert
        .external_id()
        .ok_or("neither fingerprint nor labels are there")?;
    let name = alert.label(&["alertname"]);
    let title = alert.annotation(&["summary", "title", "message", "description"]);
    let value = IncidentSnapshot {
        state,
        severity: severity_said.as_deref().and_then(severity),
        resolved_at: alert.ended_at(),
        service: alert.label(&["service", "app", "job", "namespace"]),
        ..open(
            title.or(name).unwrap_or_else(|| "Alert".to_owned()),
            alert.starts_at.0,
        )
    };
    let at = alert.at();
    let url = filled(alert.generator_url).unwrap_or_default();
    Ok(Some(incident(NAME, &id, at, IncidentSnapshot { url, ..value })))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn alert(status: &str, starts: &str, ends: &str) -> Value {
        json!({
            "status": status, "labels": { "alertname": "Down", "severity": "warning" }, "annotations": {},
            "startsAt": starts, "endsAt": ends, "generatorURL": "http://p/", "fingerprint": "f1"
        })
    }

    fn body(alerts: &[Value]) -> Vec<u8> {
        json!({ "status": "firing", "alerts": alerts })
            .to_string()
            .into_bytes()
    }

    const NEVER: &str = "0001-01-01T00:00:00Z";
    const EIGHT: &str = "2026-06-04T08:00:00.123456789Z";

    fn key(alerts: &[Value]) -> String {
        said(&body(alerts)).delivery_key.unwrap()
    }

    fn facts(alerts: &[Value]) -> Vec<Incident> {
        let said = changes(&body(alerts)).unwrap();
        said.into_iter()
            .map(|change| {
                let FactChange::Incident(incident) = change else {
                    panic!("{change:?}")
                };
                *incident
            })
            .collect()
    }

    #[test]
    fn a_repetition_has_the_key_of_what_it_repeats_and_every_change_of_state_another() {
        let firing = alert("firing", EIGHT, NEVER);
        let mut other = firing.clone();
        other["fingerprint"] = json!("f2");
        let mut later = firing.clone();
        later["annotations"] = json!({ "summary": "now at 97 %" });
        let both = key(&[firing.clone(), other.clone()]);
        assert_eq!(
            both,
            key(&[other.clone(), firing.clone()]),
            "their order is no state"
        );
        assert_eq!(
            both,
            key(&[later, other.clone()]),
            "a value of the moment is no state"
        );
        let resolved = alert("resolved", EIGHT, "2026-06-04T09:00:00Z");
        let again = alert("firing", "2026-06-04T10:00:00Z", NEVER);
        let resolved_again = alert("resolved", "2026-06-04T10:00:00Z", "2026-06-04T10:05:00Z");
        let keys = [
            both,
            key(std::slice::from_ref(&firing)),
            key(&[other]),
            key(std::slice::from_ref(&resolved)),
            key(&[again]),
            key(&[resolved_again]),
            key(&[firing, resolved]),
            key(&[]),
        ];
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn the_same_labels_that_fire_anew_are_another_incident() {
        let first = facts(&[alert("resolved", EIGHT, "2026-06-04T09:00:00Z")]);
        let second = facts(&[alert("firing", "2026-06-04T10:00:00Z", NEVER)]);
        assert_eq!(first[0].external_id, "f1@2026-06-04T08:00:00.123Z");
        assert_eq!(second[0].external_id, "f1@2026-06-04T10:00:00.000Z");
        // The zone in which the start is written is no part of it.
        let elsewhere = facts(&[alert("firing", "2026-06-04T10:00:00.1234+02:00", NEVER)]);
        assert_eq!(elsewhere[0].external_id, first[0].external_id);
    }

    #[test]
    fn an_end_before_the_start_is_no_end_and_one_at_the_start_is() {
        let odd = facts(&[alert("resolved", EIGHT, NEVER)]);
        assert_eq!(
            (odd[0].snapshot.value.state, odd[0].snapshot.value.resolved_at),
            (IncidentState::Resolved, None)
        );
        let mut known = facts(&[alert("resolved", EIGHT, EIGHT)]).remove(0);
        known.merge(facts(&[alert("firing", EIGHT, NEVER)]).remove(0));
        assert_eq!(known.snapshot.value.state, IncidentState::Resolved);
    }

    #[test]
    fn without_a_fingerprint_the_labels_name_it_and_what_says_it_is_no_trouble_is_none() {
        let mut bare = alert("firing", EIGHT, NEVER);
        bare.as_object_mut().unwrap().remove("fingerprint");
        let named = facts(std::slice::from_ref(&bare));
        assert!(
            named[0].external_id.starts_with("labels:"),
            "{}",
            named[0].external_id
        );
        let value = &named[0].snapshot.value;
        assert_eq!((value.title.as_str(), value.severity), ("Down", Some(3)));
        bare["labels"] = json!({ "alertname": "Watchdog", "severity": "none" });
        assert_eq!(facts(std::slice::from_ref(&bare)), []);
        bare["labels"] = json!({});
        let reason = changes(&body(&[bare])).unwrap_err();
        assert_eq!(reason, "alerts[0]: neither fingerprint nor labels are there");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let suppressed = changes(&body(&[alert("suppressed", EIGHT, NEVER)])).unwrap_err();
        assert_eq!(
            suppressed,
            "alerts[0]: status: `suppressed` is no status of an alert"
        );
        let own_template = said(br#"{"text": "something burns"}"#);
        assert_eq!(own_template.delivery_key, None);
        assert!(changes(br#"{"text": "x"}"#).unwrap_err().contains("alerts"));
    }

    #[test]
    fn a_thousand_alerts_are_a_thousand_incidents() {
        let many: Vec<Value> = (0..1000)
            .map(|number| {
                let mut one = alert("firing", EIGHT, NEVER);
                one["fingerprint"] = json!(format!("f{number}"));
                one
            })
            .collect();
        assert_eq!(facts(&many).len(), 1000);
    }
}
