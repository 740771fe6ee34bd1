//! Purpose: `argocd.sync`. Argo CD tells when the last synchronisation began: a later one than the one agreed about shows that it
//! was done.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::SecondsFormat;
use em_domain::action::{Action, TargetState};
use em_integrations::argocd::{Application, ArgocdClient};
use serde_json::json;

use super::elsewhere::{environment, or_missing, set_up};
use super::look::Change;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// In place of a time, of an application that was never synchronised.
const NEVER: &str = "never";

fn client(ctx: &Ctx) -> Result<Arc<ArgocdClient>, Trouble> {
    let variables = "ARGOCD_TOKEN, and api_url in [integrations.argocd]";
    set_up(ctx.elsewhere.argocd.as_ref(), "Argo CD", variables)
}

/// Kubernetes' names are small letters, digits, dashes and dots; they become part of an address.
async fn application(client: &ArgocdClient, action: &Action) -> Result<Application, Trouble> {
    let name = action.target.trim();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins_well || name.len() > 253 || !name.chars().all(is_plain) {
        return Err(Trouble::says(format!(
            "“{name}” names no application. Write its name in Argo CD, as in `checkout`."
        )));
    }
    or_missing(client.application(name).await, &format!("application {name}"))
}

fn last_sync(application: &Application) -> String {
    application.last_sync_at.map_or_else(
        || NEVER.to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let application = application(&client, &action).await?;
    let Application { name, wanted, .. } = &application;
    if application.is_syncing {
        return Err(Trouble::says(format!("{name} is being synchronised now.")));
    }
    if application.is_synced {
        return Err(Trouble::says(format!("{name} is in sync already, at {wanted}.")));
    }
    let environment = environment(ctx, "argocd", name).or(application.destination.as_deref());
    let facts = [
        ("project", json!(application.project)),
        ("environment", json!(environment)),
        ("health", json!(application.health)),
    ];
    let to = environment.map_or_else(String::new, |environment| format!(" in {environment}"));
    let last = last_sync(&application);
    Ok(Checked {
        title: format!("Synchronise {name}"),
        subject_title: format!("{name}{to}"),
        url: Some(application.url.clone()),
        state: TargetState::of([("what it would be", wanted.clone())]),
        facts: BTreeMap::from(facts.map(|(name, value)| (name.to_owned(), value))),
        author: None,
        effect: vec![format!(
            "Brings {name}{to} to {wanted}. What is wanted there no more is not deleted."
        )],
        action: agreed(
            Action {
                target: name.clone(),
                ..action
            },
            last,
        ),
    })
}

/// The action with the synchronisation that was the last one; once that is said it stays.
fn agreed(action: Action, last: String) -> Action {
    match action.argument("last") {
        "" => action.with("last", last),
        _ => action,
    }
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let application = application(&client, &action).await?;
    let name = &application.name;
    let change = Change {
        said: format!("Synchronising {name}."),
        said_already: format!("{name} was synchronised already."),
        undo: None,
    };
    let url = Some(application.url.clone());
    let has_begun = application.is_syncing || last_sync(&application) != action.argument("last");
    if has_begun || application.is_synced {
        return Ok(change.found_made_at(url, attempt));
    }
    client.sync(&application).await?;
    Ok(change.made_at(url))
}
