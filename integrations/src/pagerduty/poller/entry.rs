//! Purpose: what entries of PagerDuty's log say of their incidents, as bodies of webhooks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::poll::feed::Draft;

/// A page of the log.
#[derive(Debug, Deserialize)]
pub(super) struct Entries {
    pub(super) log_entries: Vec<Entry>,
    #[serde(default)]
    pub(super) more: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    pub(super) created_at: Option<DateTime<Utc>>,
    agent: Option<Reference>,
    incident: Option<Incident>,
}

/// How an incident stands now; a mere reference, without a status, where the token may not see it.
#[derive(Debug, Deserialize)]
struct Incident {
    id: String,
    #[serde(rename = "incident_number")]
    number: Option<u64>,
    title: Option<String>,
    html_url: Option<String>,
    created_at: Option<DateTime<Utc>>,
    status: Option<String>,
    last_status_change_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    urgency: Option<String>,
    priority: Option<Reference>,
    service: Option<Reference>,
    assignments: Option<Vec<Assignment>>,
    acknowledgements: Option<Vec<Acknowledgement>>,
    first_trigger_log_entry: Option<Reference>,
}

#[derive(Debug, Deserialize)]
struct Assignment {
    assignee: Reference,
}

#[derive(Debug, Serialize, Deserialize)]
struct Acknowledgement {
    at: Option<DateTime<Utc>>,
}

/// Anything that PagerDuty refers to: `summary` is its name.
#[derive(Debug, Serialize, Deserialize)]
struct Reference {
    id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    html_url: Option<String>,
}

/// What an entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The incident came to this status, which the webhook calls by this name.
    Status(&'static str, &'static str),
    /// Something about the incident changed; what it is now, only the incident shows.
    Changed(&'static str),
}

/// No webhook is about it, and the normaliser knows it as how an incident stands.
const STANDS: &str = "polled.incident";

/// What an entry says of how far its incident got and who works on it; none if nothing.
fn says(entry: &Entry, incident: &Incident) -> Option<Says> {
    let kind = entry.kind.as_deref()?.strip_suffix("_log_entry")?;
    Some(match kind {
        "trigger" if is_the_first(entry, incident) => Says::Status("triggered", "incident.triggered"),
        "acknowledge" => Says::Status("acknowledged", "incident.acknowledged"),
        "unacknowledge" => Says::Status("triggered", "incident.unacknowledged"),
        "resolve" => Says::Status("resolved", "incident.resolved"),
        "assign" => Says::Changed("incident.reassigned"),
        "escalate" => Says::Changed("incident.escalated"),
        "delegate" => Says::Changed("incident.delegated"),
        "priority_change" => Says::Changed("incident.priority_updated"),
        "annotate"
        | "notify"
        | "snooze"
        | "status_update"
        | "exhaust_escalation_path"
        | "repeat_escalation_path"
        | "reach_ack_limit"
        | "reach_trigger_limit"
        | "field_value_change"
        | "custom_field_value_change" => return None,
        // Another alert of the same incident, its urgency, or what this list does not know, such as how one is reopened.
        _ => Says::Changed(STANDS),
    })
}

/// Whether the incident began with this entry: later alerts are entries of the same kind.
fn is_the_first(entry: &Entry, incident: &Incident) -> bool {
    match &incident.first_trigger_log_entry {
        Some(first) => first.id == entry.id,
        None => entry.created_at == incident.created_at,
    }
}

/// What the entries of a page state, of one service or of all.
pub(super) fn drafts(entries: &[Entry], service: Option<&str>) -> Vec<Draft> {
    let mut of_incident: BTreeMap<&str, Vec<Told<'_>>> = BTreeMap::new();
    for told in entries.iter().filter_map(Told::read) {
        let its_service = told.incident.service.as_ref();
        let its_service = its_service.and_then(|service| service.id.as_deref());
        if service.is_none() || service == its_service {
            of_incident.entry(&told.incident.id).or_default().push(told);
        }
    }
    let stated = of_incident.into_values().flat_map(|told| {
        let last = told.iter().map(|told| told.at).max();
        told.into_iter()
            .filter_map(move |told| told.draft(Some(told.at) == last))
    });
    stated.collect()
}

/// An entry that says something.
struct Told<'a> {
    id: &'a str,
    at: DateTime<Utc>,
    entry: &'a Entry,
    incident: &'a Incident,
    status: &'a str,
    says: Says,
}

impl<'a> Told<'a> {
    fn read(entry: &'a Entry) -> Option<Self> {
        let incident = entry.incident.as_ref()?;
        Some(Self {
            id: entry.id.as_deref()?,
            at: entry.created_at?,
            entry,
            incident,
            status: incident.status.as_deref()?,
            says: says(entry, incident)?,
        })
    }

    fn draft(&self, is_the_last: bool) -> Option<Draft> {
        let is_now = is_the_last && self.is_how_it_stands();
        let (kind, data) = match self.says {
            Says::Status(_, kind) | Says::Changed(kind) if is_now => (kind, self.all()),
            Says::Status(status, kind) => (kind, self.known_at_all_times(status)),
            // What it changed to, a later entry shows.
            Says::Changed(_) => return None,
        };
        let event = json!({
            "event_type": kind, "resource_type": "incident", "occurred_at": self.at, "agent": self.entry.agent,
            "log_entry": { "id": self.id, "type": self.entry.kind }, "data": data,
        });
        Some(Draft {
            event_type: kind.to_owned(),
            delivery_key: format!("poll:{}", self.id),
            occurred_at: Some(self.at),
            payload: json!({ "event": event }),
        })
    }

    /// Whether the incident came to its present status by this entry or before it.
    fn is_how_it_stands(&self) -> bool {
        let fits = match self.says {
            Says::Status(status, _) => status == self.status,
            Says::Changed(_) => true,
        };
        // Of an incident that is triggered it is the time of any change.
        let changed_at = self.incident.last_status_change_at;
        let changed_at = changed_at.filter(|_| self.status != "triggered");
        fits && changed_at.is_none_or(|changed| changed <= self.at)
    }

    fn known_at_all_times(&self, status: &str) -> Value {
        let Incident {
            id,
            number,
            title,
            html_url,
            created_at,
            service,
            ..
        } = self.incident;
        json!({
            "id": id, "type": "incident", "html_url": html_url, "number": number, "status": status,
            "title": title, "created_at": created_at, "service": service,
        })
    }

    fn all(&self) -> Value {
        let incident = self.incident;
        let assignments = incident.assignments.iter().flatten();
        let assignees: Vec<&Reference> = assignments.map(|assignment| &assignment.assignee).collect();
        let mut data = self.known_at_all_times(self.status);
        data["assignees"] = json!(assignees);
        data["priority"] = json!(incident.priority);
        data["urgency"] = json!(incident.urgency);
        data["resolved_at"] = json!(incident.resolved_at);
        data["acknowledgements"] = json!(incident.acknowledgements);
        data
    }
}
