//! Purpose: `github.approve_deployment` and `github.reject_deployment`: a deployment that waits for a person.

use em_domain::action::{Action, TargetState};
use em_integrations::github::actions::{Run, Verdict, Waiting};
use em_integrations::github::client::GithubClient;
use serde_json::json;

use super::look::{self, client, or_missing};
use super::requested::line;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check_approve(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    check(ctx, action, Verdict::Approved).await
}

pub(super) async fn check_reject(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    check(ctx, action, Verdict::Rejected).await
}

pub(super) async fn approve(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    perform(ctx, action, attempt, Verdict::Approved).await
}

pub(super) async fn reject(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    perform(ctx, action, attempt, Verdict::Rejected).await
}

async fn check(ctx: &Ctx, action: Action, verdict: Verdict) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?.to_owned();
    let (run, waiting) = meant(&client, &repository, &action).await?;
    if !waiting.is_ours_to_decide {
        return Err(Trouble::says(format!(
            "GitHub does not let my account decide about {}. An admin can make it a required reviewer of that environment.",
            waiting.environment
        )));
    }
    let environment = &waiting.environment;
    let (title, effect) = match verdict {
        Verdict::Approved => ("Approve", "Lets it go on"),
        Verdict::Rejected => ("Reject", "Ends it"),
    };
    let mut facts = look::of_repository(&repository);
    facts.insert("environment".to_owned(), json!(environment));
    facts.insert("workflow".to_owned(), json!(run.name()));
    Ok(Checked {
        title: format!("{title} the deployment of {repository} to {environment}"),
        subject_title: run.name().to_owned(),
        url: Some(run.url.clone()),
        state: TargetState::of([(
            "waiting for",
            format!("{environment} (attempt {})", run.run_attempt),
        )]),
        facts,
        author: None,
        effect: vec![format!("{effect}: {} {}, to {environment}.", run.name(), run.id)],
        action: action
            .with("run", run.id.to_string())
            .with("environment", environment.as_str()),
    })
}

/// The run and the environment that are meant: those named, or the only ones that wait.
async fn meant(client: &GithubClient, repository: &str, action: &Action) -> Result<(Run, Waiting), Trouble> {
    let runs = match action.argument("run") {
        "" => or_missing(client.waiting_runs(repository).await, repository)?,
        number => vec![or_missing(
            client.run(repository, run_number(number)?).await,
            &format!("run {number} of {repository}"),
        )?],
    };
    let mut found = Vec::new();
    for run in runs {
        for waiting in client.pending_deployments(repository, run.id).await? {
            if is_meant(action, &waiting.environment) {
                found.push((run.clone(), waiting));
            }
        }
    }
    match found.len() {
        1 => found.pop().ok_or_else(nothing_waits),
        0 => Err(nothing_waits()),
        _ => Err(Trouble::says(format!(
            "More than one deployment waits: {}. Say which with `--environment` and `--run`.",
            found
                .iter()
                .map(|(run, waiting)| format!("{} (run {})", waiting.environment, run.id))
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

fn is_meant(action: &Action, environment: &str) -> bool {
    let named = action.argument("environment");
    named.is_empty() || named.eq_ignore_ascii_case(environment)
}

fn nothing_waits() -> Trouble {
    Trouble::says("No such deployment waits for anybody.")
}

fn run_number(text: &str) -> Result<i64, Trouble> {
    text.parse()
        .map_err(|_| Trouble::says(format!("“{text}” is no number of a run.")))
}

async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt, verdict: Verdict) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?;
    let id = run_number(action.argument("run"))?;
    let environment = action.argument("environment");
    let run = or_missing(
        client.run(repository, id).await,
        &format!("run {id} of {repository}"),
    )?;
    let done = |was_done_already| Done {
        said: match verdict {
            Verdict::Approved => format!("Approved the deployment to {environment}."),
            Verdict::Rejected => format!("Rejected the deployment to {environment}."),
        },
        url: Some(run.url.clone()),
        undo: None,
        was_done_already,
    };
    let pending = client.pending_deployments(repository, id).await?;
    let Some(waiting) = pending
        .iter()
        .find(|waiting| is_meant(&action, &waiting.environment))
    else {
        return was_decided(&client, &action, verdict).await.map(|()| done(true));
    };
    let comment = line(ctx, attempt).await?;
    client
        .decide_deployment(repository, id, waiting.id, verdict, &comment)
        .await?;
    Ok(done(false))
}

/// Fails unless this was decided before, by an earlier attempt or by somebody else.
async fn was_decided(client: &GithubClient, action: &Action, verdict: Verdict) -> Result<(), Trouble> {
    let run = run_number(action.argument("run"))?;
    let decisions = client.decisions(&action.target, run).await?;
    let newest = decisions
        .iter()
        .rfind(|decided| is_meant(action, &decided.environment));
    match newest {
        Some(decided) if decided.state == verdict.as_str() => Ok(()),
        Some(decided) => Err(Trouble::says(format!(
            "Somebody decided before: the deployment to {} was {}.",
            decided.environment, decided.state
        ))),
        None => Err(nothing_waits()),
    }
}
