//! Purpose: `POST /webhooks/datadog`: Datadog's monitors and its incidents, by the template of our documentation and by others
//! that use the usual names.
//!
//! Source: <https://docs.datadoghq.com/integrations/webhooks/>. The body is what the user wrote, with variables filled in: all
//! values are texts, and a variable that does not apply stays empty. Datadog signs nothing: a custom header brings the secret.

pub(crate) mod poller;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use serde_json::Value;

use crate::alert::{began_again, incident, open, severity, stated};
use crate::payload::{Time, read};
use crate::proof::Proof;
use crate::webhook::{Said, Vendor};

/// Datadog's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "Datadog",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| changes(&event.payload),
};

const NAME: &str = "datadog";

/// The fields of the template, whatever else its writer put there.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// What is said under the first of `names` that says something. A variable that Datadog does not know stays as it is
    /// written, and some that do not apply become `null` or `None`.
    fn get(&self, names: &[&str]) -> Option<String> {
        let mut texts = names.iter().filter_map(|name| match self.0.get(*name)? {
            Value::String(text) => Some(text.replace('\0', "").trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        let says_nothing = |text: &str| matches!(text, "" | "null" | "None") || text.starts_with('$');
        texts.find(|text| !says_nothing(text))
    }

    fn transition(&self) -> Option<String> {
        self.get(&["alert_transition", "transition"])
    }

    fn at(&self) -> Option<DateTime<Utc>> {
        let written = ["date", "date_posix", "last_updated"].iter();
        let mut times = written.filter_map(|name| Time::parse(&self.get(&[*name])?));
        times.next().map(|at| at.0)
    }

    fn link(&self) -> String {
        self.get(&["link", "url"]).unwrap_or_default()
    }
}

fn said(payload: &[u8]) -> Said {
    let fields = Fields(serde_json::from_slice(payload).unwrap_or_default());
    let kind = fields.get(&["incident_public_id"]).and_then(|_| {
        let status = fields.get(&["incident_status"])?;
        Some(format!("incident.{}", status.to_lowercase()))
    });
    let transition = fields.transition();
    let monitor = transition
        .as_ref()
        .map(|transition| format!("monitor.{}", transition.to_lowercase()));
    Said {
        // The same event may be shown in two states to two monitors: the id alone is not the change.
        delivery_key: fields.get(&["id", "event_id"]).map(|id| {
            let state = kind.as_ref().or(monitor.as_ref()).map_or("", String::as_str);
            format!("{id}:{state}")
        }),
        occurred_at: fields.at(),
        event_type: kind
            .or(monitor)
            .or_else(|| fields.get(&["event_type"]))
            .unwrap_or_else(|| "event".to_owned()),
    }
}

fn changes(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let fields = Fields(read(payload)?);
    let at = fields.at().ok_or("date: the template must hold $DATE")?;
    if let Some(id) = fields.get(&["incident_public_id"]) {
        return managed_incident(&fields, &id, at).map(stated);
    }
    match fields.transition() {
        Some(transition) => monitor(&fields, &transition, at).map(stated),
        None => Err("alert_transition: the template must hold $ALERT_TRANSITION".to_owned()),
    }
}

/// What a monitor's notification means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Begins,
    GoesOn,
    IsOver,
}

fn turn(transition: &str) -> Option<Turn> {
    match transition.to_lowercase().as_str() {
        "triggered" | "warn" | "no data" => Some(Turn::Begins),
        "re-triggered" | "re-warn" | "re-no data" | "renotify" => Some(Turn::GoesOn),
        // `Recovered`, `Warn Recovered`, `No Data Recovered`
        over if over.ends_with("recovered") => Some(Turn::IsOver),
        _ => None,
    }
}

fn monitor(fields: &Fields, transition: &str, at: DateTime<Utc>) -> Result<Incident, String> {
    let turn = turn(transition).ok_or_else(|| format!("alert_transition: `{transition}` is unknown"))?;
    let title = fields.get(&["title", "alert_title", "event_title"]);
    let title = title.as_deref().map_or("Monitor alert", without_state);
    let is_over = turn == Turn::IsOver;
    // Of a recovered monitor the kind is `success`; the priority stays.
    let level = fields.get(&["priority", "alert_priority", "severity"]);
    let level = level.as_deref().and_then(severity);
    let kind = || severity(&fields.get(&["alert_type"])?);
    let value = IncidentSnapshot {
        state: if is_over {
            IncidentState::Resolved
        } else {
            IncidentState::Open
        },
        severity: level.or_else(kind),
        url: fields.link(),
        resolved_at: is_over.then_some(at),
        service: service(fields),
        ..open(title.to_owned(), at)
    };
    if let Some(cycle) = fields.get(&["alert_cycle_key", "cycle_key"]) {
        return Ok(incident(NAME, &format!("cycle/{cycle}"), at, value));
    }
    // Without the key of the cycle, the next time the monitor fires goes by the same name.
    let name = lasting_name(fields).ok_or("alert_cycle_key: the template must hold $ALERT_CYCLE_KEY")?;
    Ok(match turn {
        Turn::Begins => began_again(NAME, &name, at, value),
        Turn::GoesOn | Turn::IsOver => incident(NAME, &name, at, value),
    })
}

/// What a monitor and its group are called at all times.
fn lasting_name(fields: &Fields) -> Option<String> {
    let of_group = fields
        .get(&["aggreg_key", "aggregation_key"])
        .map(|key| format!("group/{key}"));
    of_group.or_else(|| {
        let id = fields.get(&["alert_id", "monitor_id"])?;
        let scope = fields.get(&["scope", "alert_scope", "scopes"]);
        Some(format!("monitor/{id}/{}", scope.unwrap_or_default()))
    })
}

/// `[P2] [Triggered on {host:web-1}] CPU load` is `CPU load`: how it stands is said elsewhere, and changes.
fn without_state(title: &str) -> &str {
    let is_state = |inside: &str| {
        let word = inside.split(" on {").next().unwrap_or(inside).trim();
        turn(word).is_some() || matches!(word, "P1" | "P2" | "P3" | "P4" | "P5")
    };
    let mut rest = title.trim();
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if !is_state(inside) || after.trim().is_empty() {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// The tag `service:`, else the scope that fired, else the host.
fn service(fields: &Fields) -> Option<String> {
    let tags = fields.get(&["tags"]);
    let tagged = tags.as_deref().and_then(|tags| {
        let mut named = tags
            .split(',')
            .filter_map(|tag| tag.trim().strip_prefix("service:"));
        named.find(|name| !name.is_empty()).map(str::to_owned)
    });
    tagged.or_else(|| fields.get(&["scope", "alert_scope", "scopes", "hostname", "host"]))
}

/// Incident Management: `active` and `stable` are open.
fn managed_incident(fields: &Fields, id: &str, at: DateTime<Utc>) -> Result<Incident, String> {
    let status = fields.get(&["incident_status"]).unwrap_or_default();
    let state = match status.to_lowercase().as_str() {
        "active" | "stable" | "declared" => IncidentState::Open,
        "resolved" | "completed" => IncidentState::Resolved,
        _ => return Err(format!("incident_status: `{status}` is unknown")),
    };
    let title = fields.get(&["incident_title", "title"]);
    let level = fields.get(&["incident_severity"]);
    let value = IncidentSnapshot {
        state,
        severity: level.as_deref().and_then(severity),
        url: fields.get(&["incident_url"]).unwrap_or_else(|| fields.link()),
        resolved_at: (state == IncidentState::Resolved).then_some(at),
        service: service(fields),
        ..open(title.unwrap_or_else(|| format!("Incident {id}")), at)
    };
    Ok(incident(NAME, &format!("incident/{id}"), at, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(pairs: &[(&str, &str)]) -> Vec<u8> {
        let fields: BTreeMap<&str, &str> = pairs.iter().copied().collect();
        json!(fields).to_string().into_bytes()
    }

    fn fact(pairs: &[(&str, &str)]) -> Incident {
        match changes(&body(pairs)).unwrap().pop() {
            Some(FactChange::Incident(incident)) => *incident,
            other => panic!("{other:?}"),
        }
    }

    /// The template of `docs/integrations/datadog.md`, filled.
    fn ours(transition: &str, date: &str) -> Vec<(&'static str, String)> {
        vec![
            ("id", "1".to_owned()),
            ("alert_transition", transition.to_owned()),
            ("alert_cycle_key", "7123".to_owned()),
            ("aggreg_key", "9bd4".to_owned()),
            ("alert_id", "12".to_owned()),
            ("alert_type", "error".to_owned()),
            ("priority", "$ALERT_PRIORITY".to_owned()),
            ("scope", "host:web-1".to_owned()),
            ("title", format!("[P2] [{transition} on {{host:web-1}}] CPU load")),
            ("tags", "env:prod, service:checkout".to_owned()),
            ("link", "https://app.datadoghq.com/1".to_owned()),
            ("date", date.to_owned()),
            ("incident_public_id", String::new()),
            ("incident_status", "null".to_owned()),
        ]
    }

    fn filled(pairs: &[(&'static str, String)]) -> Incident {
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fact(&pairs)
    }

    #[test]
    fn a_cycle_is_one_incident_from_triggered_over_renotify_to_recovered() {
        let mut known = filled(&ours("Triggered", "1406662672000"));
        known.merge(filled(&ours("Recovered", "1406663272000")));
        known.merge(filled(&ours("Renotify", "1406662972000")));
        assert_eq!(
            (known.external_id.as_str(), known.began_again_at),
            ("cycle/7123", None)
        );
        let value = known.snapshot.value;
        assert_eq!(value.state, IncidentState::Resolved);
        assert_eq!(value.opened_at.timestamp_millis(), 1_406_662_672_000);
        assert_eq!(value.resolved_at.unwrap().timestamp_millis(), 1_406_663_272_000);
        assert_eq!(
            (value.title.as_str(), value.service.as_deref()),
            ("CPU load", Some("checkout"))
        );
        assert_eq!(
            value.severity,
            Some(2),
            "without a priority, what kind of alert it is"
        );
    }

    #[test]
    fn without_the_key_of_the_cycle_the_newest_occurrence_counts() {
        let said = |transition: &str, date: &str| {
            fact(&[("monitor_id", "12"), ("transition", transition), ("date", date)])
        };
        let mut known = said("Triggered", "1000");
        known.merge(said("Recovered", "2000"));
        known.merge(said("Triggered", "9000"));
        known.merge(said("Re-Triggered", "9500"));
        assert_eq!(known.external_id, "monitor/12/");
        let value = known.snapshot.value;
        assert_eq!(
            (value.state, value.opened_at.timestamp()),
            (IncidentState::Open, 9000)
        );
        let grouped = fact(&[("aggreg_key", "9bd4"), ("transition", "Warn"), ("date", "1")]);
        assert_eq!(grouped.external_id, "group/9bd4");
    }

    #[test]
    fn the_state_goes_from_the_title_and_names_in_brackets_stay() {
        for (title, expected) in [
            ("[Triggered on {host:my-host}] CPU load", "CPU load"),
            ("[P1] [Re-Triggered] Disk", "Disk"),
            ("[No Data] [Memory Alert]", "[Memory Alert]"),
            ("[checkout] Slow", "[checkout] Slow"),
            ("[Triggered]", "[Triggered]"),
            ("[open", "[open"),
        ] {
            assert_eq!(without_state(title), expected, "{title}");
        }
    }

    #[test]
    fn an_incident_of_incident_management_has_its_own_name_and_severity() {
        let said = |status: &str, date: &str| {
            fact(&[
                ("incident_public_id", "123"),
                ("incident_status", status),
                ("incident_severity", "SEV-2"),
                ("incident_title", "Checkout is down"),
                ("incident_url", "https://app.datadoghq.com/incidents/123"),
                ("date", date),
            ])
        };
        let mut known = said("resolved", "9000");
        known.merge(said("active", "1000"));
        assert_eq!(known.external_id, "incident/123");
        let value = known.snapshot.value;
        assert_eq!((value.state, value.severity), (IncidentState::Resolved, Some(2)));
        assert_eq!(
            (
                value.opened_at.timestamp(),
                value.resolved_at.unwrap().timestamp()
            ),
            (1000, 9000)
        );
        let kind = said_of(&[("incident_public_id", "1"), ("incident_status", "Active")]);
        assert_eq!(kind.event_type, "incident.active");
    }

    fn said_of(pairs: &[(&str, &str)]) -> Said {
        super::said(&body(pairs))
    }

    #[test]
    fn a_template_that_lacks_what_is_needed_is_told_so() {
        for (pairs, expected) in [
            (
                &[("alert_transition", "Triggered")][..],
                "date: the template must hold $DATE",
            ),
            (
                &[("date", "1")],
                "alert_transition: the template must hold $ALERT_TRANSITION",
            ),
            (
                &[("date", "1"), ("alert_transition", "$ALERT_TRANSITION")],
                "alert_transition: the template must hold $ALERT_TRANSITION",
            ),
            (
                &[("date", "1"), ("alert_transition", "Danced")],
                "alert_transition: `Danced` is unknown",
            ),
            (
                &[("date", "1"), ("alert_transition", "Triggered")],
                "alert_cycle_key: the template must hold $ALERT_CYCLE_KEY",
            ),
            (
                &[
                    ("date", "1"),
                    ("incident_public_id", "1"),
                    ("incident_status", "odd"),
                ],
                "incident_status: `odd` is unknown",
            ),
        ] {
            assert_eq!(changes(&body(pairs)).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_redelivery_has_one_key_and_two_states_of_one_event_have_two() {
        let key = |id: &str, transition: &str| {
            said_of(&[("id", id), ("alert_transition", transition)]).delivery_key
        };
        assert_eq!(key("1", "Triggered"), key("1", "Triggered"));
        assert_ne!(key("1", "Triggered"), key("1", "Recovered"));
        assert_ne!(key("1", "Triggered"), key("2", "Triggered"));
        assert_eq!(key("$ID", "Triggered"), None, "then the whole body is the key");
    }
}
