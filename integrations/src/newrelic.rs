//! Purpose: `POST /webhooks/newrelic`: the issues of New Relic's workflows as incidents.
//!
//! Source: <https://docs.newrelic.com/docs/alerts/get-notified/custom-variables-incident-workflows/>. The body is the template
//! of the workflow: that of New Relic or that of our documentation, which adds who acknowledged. New Relic signs nothing: the
//! destination brings a header.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::incident::{IncidentSnapshot, IncidentState};
use serde::Deserialize;

use crate::alert::{incident, open, severity, stated};
use crate::payload::{Text, Time, filled, read};
use crate::proof::Proof;
use crate::webhook::{Said, Vendor};

/// New Relic's webhooks.
pub const VENDOR: Vendor = Vendor {
    name: NAME,
    title: "New Relic",
    proof: Proof::Secret,
    read: |_, payload| Ok(said(payload)),
    changes: |event, _| changes(&event.payload),
};

const NAME: &str = "newrelic";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    id: Text,
    state: Text,
    updated_at: Time,
    trigger: Option<Text>,
    created_at: Option<Time>,
    title: Option<Text>,
    #[serde(rename = "issueUrl")]
    url: Option<Text>,
    priority: Option<Text>,
    impacted_entities: Option<Vec<Option<Text>>>,
    /// A truth or its name: New Relic has sent both for one variable. Only our template has it.
    is_acknowledged: Option<Truth>,
    acknowledged_by: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Truth {
    Is(bool),
    Said(Text),
}

impl Issue {
    fn trigger(&self) -> &str {
        self.trigger.as_ref().map_or("", |trigger| trigger.0.as_str())
    }

    /// When somebody took it on, as far as this tells: at this update or before it.
    fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        let is_acknowledged = match &self.is_acknowledged {
            Some(Truth::Is(is)) => *is,
            Some(Truth::Said(word)) => word.0 == "true",
            // New Relic's own template does not say it. What a person can do to an active issue, beside closing it, is to
            // acknowledge it, and to take that back.
            None => self.state.0 == "ACTIVATED" && self.trigger() == "USER_ACTION",
        };
        is_acknowledged.then_some(self.updated_at.0)
    }
}

fn said(payload: &[u8]) -> Said {
    let Ok(issue) = serde_json::from_slice::<Issue>(payload) else {
        return Said {
            event_type: String::new(),
            delivery_key: None,
            occurred_at: None,
        };
    };
    Said {
        event_type: format!("issue.{}", issue.state.0.to_lowercase()),
        delivery_key: Some(format!(
            "{}:{}:{}:{}",
            issue.id.0,
            issue.state.0,
            issue.trigger(),
            issue.updated_at.0.timestamp_millis()
        )),
        occurred_at: Some(issue.updated_at.0),
    }
}

fn changes(payload: &[u8]) -> Result<Vec<FactChange>, String> {
    let issue: Issue = read(payload)?;
    let at = issue.updated_at.0;
    let state = match issue.state.0.as_str() {
        "CREATED" | "ACTIVATED" => IncidentState::Open,
        "CLOSED" => IncidentState::Resolved,
        other => return Err(format!("state: `{other}` is no state of an issue")),
    };
    let acknowledged_at = issue.acknowledged_at();
    let title = filled(issue.title).unwrap_or_else(|| format!("Issue {}", issue.id.0));
    let entities = issue.impacted_entities.unwrap_or_default();
    let value = IncidentSnapshot {
        state,
        severity: filled(issue.priority).as_deref().and_then(severity),
        assignees: filled(issue.acknowledged_by).into_iter().map(Login).collect(),
        url: filled(issue.url).unwrap_or_default(),
        opened_at: issue.created_at.map_or(at, |created| created.0.min(at)),
        acknowledged_at,
        resolved_at: (state == IncidentState::Resolved).then_some(at),
        service: entities.into_iter().find_map(filled),
        ..open(title, at)
    };
    Ok(stated(incident(NAME, &issue.id.0, at, value)))
}

#[cfg(test)]
mod tests {
    use em_domain::incident::Incident;
    use serde_json::{Value, json};

    use super::*;

    fn body(state: &str, trigger: &str, at: i64) -> Value {
        json!({
            "id": "13bb", "state": state, "trigger": trigger, "createdAt": 1_713_769_949_493_i64, "updatedAt": at,
            "title": "Storage", "priority": "HIGH", "impactedEntities": ["web-1"], "isCorrelated": "false"
        })
    }

    fn fact(body: &Value) -> Incident {
        match changes(body.to_string().as_bytes()).unwrap().pop() {
            Some(FactChange::Incident(incident)) => *incident,
            other => panic!("{other:?}"),
        }
    }

    const BEGAN: i64 = 1_713_769_949_493;
    const TAKEN: i64 = 1_713_770_077_412;
    const CLOSED: i64 = 1_713_779_000_000;

    #[test]
    fn an_issue_goes_from_activated_over_acknowledged_to_closed() {
        let mut known = fact(&body("CLOSED", "USER_ACTION", CLOSED));
        known.merge(fact(&body("ACTIVATED", "USER_ACTION", TAKEN)));
        known.merge(fact(&body("ACTIVATED", "STATE_CHANGE", BEGAN + 1)));
        let value = known.snapshot.value;
        assert_eq!((value.state, value.severity), (IncidentState::Resolved, Some(2)));
        assert_eq!(value.opened_at.timestamp_millis(), BEGAN);
        assert_eq!(value.acknowledged_at.map(|at| at.timestamp_millis()), Some(TAKEN));
        assert_eq!(value.resolved_at.map(|at| at.timestamp_millis()), Some(CLOSED));
    }

    #[test]
    fn the_template_that_says_who_acknowledged_is_believed_more_than_the_trigger() {
        for (said, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
        ] {
            let mut body = body("ACTIVATED", "USER_ACTION", TAKEN);
            body["isAcknowledged"] = said.clone();
            body["acknowledgedBy"] = json!("Ada");
            let value = fact(&body).snapshot.value;
            assert_eq!(value.acknowledged_at.is_some(), expected, "{said}");
            assert_eq!(value.assignees, [Login("Ada".to_owned())]);
        }
    }

    #[test]
    fn each_update_has_its_key_and_its_repetition_the_same() {
        let key = |body: &Value| said(body.to_string().as_bytes()).delivery_key;
        let taken = body("ACTIVATED", "USER_ACTION", TAKEN);
        assert_eq!(key(&taken), key(&taken));
        for other in [
            body("ACTIVATED", "STATE_CHANGE", TAKEN),
            body("ACTIVATED", "USER_ACTION", TAKEN + 1),
            body("CLOSED", "USER_ACTION", TAKEN),
        ] {
            assert_ne!(key(&taken), key(&other));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let odd = changes(body("GONE", "", 1).to_string().as_bytes()).unwrap_err();
        assert_eq!(odd, "state: `GONE` is no state of an issue");
        let unread = changes(br#"{"id": "1", "state": "CLOSED"}"#).unwrap_err();
        assert!(unread.contains("updatedAt"), "{unread}");
        assert_eq!(said(b"{}").delivery_key, None);
    }
}
