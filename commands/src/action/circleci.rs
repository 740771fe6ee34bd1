//! Purpose: `circleci.retry`. Running a workflow again makes a new one beside it, which shows that it was done.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::{Action, TargetState};
use em_integrations::circleci::{CircleciClient, Run, RunStatus};
use serde_json::json;

use super::elsewhere::{environment, or_missing, set_up};
use super::look::Change;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

fn client(ctx: &Ctx) -> Result<Arc<CircleciClient>, Trouble> {
    set_up(ctx.elsewhere.circleci.as_ref(), "CircleCI", "CIRCLECI_TOKEN")
}

/// The id in what was typed: the id, or the address of its page. It becomes part of an address.
fn id(target: &str) -> Option<&str> {
    let target = target.trim();
    let id = target.split_once("/workflows/").map_or(target, |(_, rest)| {
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    });
    let is_id = id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_id.then_some(id)
}

async fn workflow(client: &CircleciClient, action: &Action) -> Result<Run, Trouble> {
    let Some(id) = id(&action.target) else {
        return Err(Trouble::says(format!(
            "“{}” names no workflow. Write the address of its page in CircleCI, or the id at the end of it.",
            action.target
        )));
    };
    or_missing(client.workflow(id).await, &format!("workflow {id}"))
}

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let workflow = workflow(&client, &action).await?;
    let Run { name, status, .. } = &workflow;
    let again = match status {
        RunStatus::Failed => format!("Runs what failed in {name} again, and what comes after it."),
        RunStatus::Canceled | RunStatus::Unauthorized => {
            format!("Runs {name} again from its start.")
        }
        RunStatus::Success => {
            return Err(Trouble::says(format!(
                "{name} succeeded, so there is nothing to run again."
            )));
        }
        RunStatus::Open => return Err(Trouble::says(format!("{name} has not ended yet."))),
        RunStatus::Error => {
            return Err(Trouble::says(format!(
                "{name} could not be run because of its configuration, and that is the same the next time."
            )));
        }
    };
    if client.newer(&workflow).await?.is_some() {
        return Err(Trouble::says(format!("{name} was run again already.")));
    }
    let facts = [
        ("workflow", json!(name)),
        ("project", json!(workflow.project_slug)),
        ("environment", json!(environment(ctx, "circleci", name))),
    ];
    Ok(Checked {
        title: format!("Run {name} of {} again", workflow.project_slug),
        subject_title: name.clone(),
        url: client.page(&workflow, &workflow.id),
        state: TargetState::of([("status", status.to_string())]),
        facts: BTreeMap::from(facts.map(|(name, value)| (name.to_owned(), value))),
        author: None,
        effect: vec![again],
        action: Action {
            target: workflow.id,
            ..action
        },
    })
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let workflow = workflow(&client, &action).await?;
    let change = Change {
        said: format!("Running {} again.", workflow.name),
        said_already: format!("{} was run again already.", workflow.name),
        undo: None,
    };
    if let Some(newer) = client.newer(&workflow).await? {
        return Ok(change.found_made_at(client.page(&workflow, &newer.id), attempt));
    }
    let id = client.rerun(&workflow).await?;
    Ok(change.made_at(client.page(&workflow, &id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_named_by_its_id_or_its_page() {
        let expected = "fda08377-fe7e-46b1-8992-3a7aaecac9c3";
        let page = format!("https://app.circleci.com/pipelines/github/acme/shop/12/workflows/{expected}");
        for target in [
            expected.to_owned(),
            page.clone(),
            format!("{page}/jobs/7"),
            format!("{page}?x=1"),
        ] {
            assert_eq!(id(&target), Some(expected), "{target}");
        }
        for target in [
            "",
            "12",
            "fda08377-fe7e-46b1-8992-3a7aaecac9c3/../x",
            "https://app.circleci.com/pipelines",
        ] {
            assert_eq!(id(target), None, "{target}");
        }
    }
}
