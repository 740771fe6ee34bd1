//! Purpose: `github.dispatch`: starts a workflow by hand. Nothing shows whether an attempt without an answer did so,
//! so that is left to people.

use std::collections::BTreeMap;

use em_domain::action::{Action, TargetState};
use em_integrations::github::client::GithubError;
use serde_json::json;

use super::look::{self, client, or_missing};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?.to_owned();
    let default = or_missing(client.default_branch(&repository).await, &repository)?;
    let workflow = action.argument("workflow").to_owned();
    if !client.has_workflow(&repository, &workflow).await? {
        return Err(Trouble::says(format!(
            "{repository} has no workflow “{workflow}”. Write its file name, such as `deploy.yml`."
        )));
    }
    let reference = match action.argument("ref") {
        "" => default,
        named => named.to_owned(),
    };
    if !client.has_ref(&repository, &reference).await? {
        return Err(Trouble::says(format!(
            "{repository} has no branch or tag “{reference}”."
        )));
    }
    let mut effect = vec![format!("Starts {workflow} of {repository} on {reference}.")];
    effect.extend(
        inputs(&action)
            .iter()
            .map(|(name, value)| format!("With {name} = {value}.")),
    );
    let mut facts = look::of_repository(&repository);
    facts.insert("workflow".to_owned(), json!(workflow));
    facts.insert("base_ref".to_owned(), json!(reference));
    facts.insert("inputs".to_owned(), json!(inputs(&action)));
    Ok(Checked {
        action: action.with("ref", &reference),
        title: format!("Start {workflow} of {repository} on {reference}"),
        subject_title: String::new(),
        url: Some(page(ctx, &repository, &workflow)),
        state: TargetState::default(),
        facts,
        author: None,
        effect,
    })
}

/// The arguments `input.NAME`.
fn inputs(action: &Action) -> BTreeMap<String, String> {
    action
        .arguments
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("input.")?.to_owned(), value.clone())))
        .collect()
}

/// Where people see the workflow's runs.
fn page(ctx: &Ctx, repository: &str, workflow: &str) -> String {
    format!("{}/{repository}/actions/workflows/{workflow}", look::site(ctx))
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?;
    let (workflow, reference) = (action.argument("workflow"), action.argument("ref"));
    let url = page(ctx, repository, workflow);
    let unknown = || {
        Trouble::Unknown(format!(
            "GitHub did not confirm that {workflow} started. Look at {url} before you start it again."
        ))
    };
    if attempt.may_have_happened {
        return Err(unknown());
    }
    let inputs = inputs(&action);
    match client.dispatch(repository, workflow, reference, &inputs).await {
        Ok(()) => Ok(Done {
            said: format!("Started {workflow} on {reference}."),
            url: Some(url),
            undo: None,
            was_done_already: false,
        }),
        Err(GithubError::Ambiguous { .. }) => Err(unknown()),
        Err(error) => or_missing(Err(error), &format!("{workflow} in {repository}")),
    }
}
