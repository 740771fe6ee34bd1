//! Purpose: `pagerduty.acknowledge` and `pagerduty.resolve`.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::{Action, TargetState};
use em_integrations::pagerduty::{IncidentStatus, Paged, PagerDutyClient};
use serde_json::json;

use super::elsewhere::{or_missing, set_up};
use super::look::Change;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

fn client(ctx: &Ctx) -> Result<Arc<PagerDutyClient>, Trouble> {
    set_up(ctx.elsewhere.pagerduty.as_ref(), "PagerDuty", "PAGERDUTY_TOKEN")
}

/// Ids are letters and digits; they become part of an address.
async fn incident(client: &PagerDutyClient, action: &Action) -> Result<Paged, Trouble> {
    let id = action.target.trim();
    if id.is_empty() || id.len() > 64 || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(Trouble::says(format!(
            "“{id}” names no incident. Write the id from its address, as in `PT4KHLK`."
        )));
    }
    or_missing(client.paged(id).await, &format!("incident {id}"))
}

pub(super) async fn check_acknowledge(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let incident = incident(&client, &action).await?;
    match incident.status {
        IncidentStatus::Triggered => {}
        IncidentStatus::Acknowledged => {
            return Err(Trouble::says(format!("{} is acknowledged already.", incident.id)));
        }
        IncidentStatus::Resolved => return Err(is_over(&incident)),
    }
    let effect = format!(
        "Acknowledges {}: PagerDuty pages nobody else for it for now.",
        incident.id
    );
    Ok(checked(action, incident, "Acknowledge", effect))
}

pub(super) async fn check_resolve(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let incident = incident(&client, &action).await?;
    if incident.status == IncidentStatus::Resolved {
        return Err(is_over(&incident));
    }
    let effect = format!("Resolves {}. It cannot be opened again from here.", incident.id);
    Ok(checked(action, incident, "Resolve", effect))
}

fn is_over(incident: &Paged) -> Trouble {
    Trouble::says(format!("{} is resolved already.", incident.id))
}

fn checked(action: Action, incident: Paged, verb: &str, effect: String) -> Checked {
    let service = incident.service.and_then(|service| service.summary);
    let status = incident.status.as_str();
    let facts = [
        ("status", json!(status)),
        ("service", json!(service)),
        ("urgency", json!(incident.urgency)),
    ];
    Checked {
        title: format!("{verb} incident {}", incident.id),
        action: Action {
            target: incident.id,
            ..action
        },
        subject_title: incident.title,
        url: incident.html_url,
        state: TargetState::of([("status", status.to_owned())]),
        facts: BTreeMap::from(facts.map(|(name, value)| (name.to_owned(), value))),
        author: None,
        effect: vec![effect],
    }
}

pub(super) async fn acknowledge(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let incident = incident(&client, &action).await?;
    let change = change(&incident, "Acknowledged", "acknowledged");
    match incident.status {
        IncidentStatus::Triggered => {}
        IncidentStatus::Acknowledged => return Ok(change.found_made_at(incident.html_url, attempt)),
        IncidentStatus::Resolved => return Err(is_over(&incident)),
    }
    client
        .set_status(&incident.id, IncidentStatus::Acknowledged)
        .await?;
    Ok(change.made_at(incident.html_url))
}

pub(super) async fn resolve(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let incident = incident(&client, &action).await?;
    let change = change(&incident, "Resolved", "resolved");
    if incident.status == IncidentStatus::Resolved {
        return Ok(change.found_made_at(incident.html_url, attempt));
    }
    client.set_status(&incident.id, IncidentStatus::Resolved).await?;
    Ok(change.made_at(incident.html_url))
}

fn change(incident: &Paged, did: &str, status: &str) -> Change {
    Change {
        said: format!("{did} incident {}.", incident.id),
        said_already: format!("Incident {} was {status} already.", incident.id),
        undo: None,
    }
}
