//! Purpose: `github.rerun`: runs what failed in CI again. A run keeps its id and counts its attempts, so an attempt
//! that is greater than the one agreed about shows that it was done.

use em_domain::action::{Action, TargetState};
use em_domain::pull_request::PullRequestKey;
use em_integrations::github::actions::Run;
use em_integrations::github::client::GithubClient;
use serde_json::json;

use super::look::{self, client, or_missing};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    match PullRequestKey::parse(&action.target) {
        Some(_) => check_pull(&client, action).await,
        None => check_run(&client, action).await,
    }
}

/// The failed runs on the newest commit of a pull request.
async fn check_pull(client: &GithubClient, action: Action) -> Result<Checked, Trouble> {
    let subject = look::subject(client, &action).await?;
    let pull = look::pull(&subject)?;
    let repository = subject.key.repository.as_str();
    let mut failed = client.runs_of(repository, &pull.head_sha).await?;
    failed.retain(Run::has_failed);
    if failed.is_empty() {
        return Err(Trouble::says(format!(
            "Nothing failed on the newest commit of {}.",
            subject.key
        )));
    }
    let checked = look::checked(client, agreed(action, &failed), &subject).await?;
    let mut state = look::state_with_head(&subject);
    state.0.insert("failed runs".to_owned(), list(&failed));
    Ok(Checked {
        title: format!("Run {} of {} again", names(&failed), subject.key),
        state,
        effect: effect(&failed),
        ..checked
    })
}

/// One run, by its number.
async fn check_run(client: &GithubClient, action: Action) -> Result<Checked, Trouble> {
    let repository = look::repository(&action)?.to_owned();
    let Ok(id) = action.argument("run").parse::<i64>() else {
        return Err(Trouble::says(
            "Say which run: `rerun owner/name --run 123`, with the number from its address; or `rerun owner/name#12`.",
        ));
    };
    let run = or_missing(
        client.run(&repository, id).await,
        &format!("run {id} of {repository}"),
    )?;
    if !run.has_failed() {
        return Err(Trouble::says(format!(
            "{} {id} has not failed, so there is nothing to run again.",
            run.name()
        )));
    }
    let runs = [run];
    let mut facts = look::of_repository(&repository);
    facts.insert("workflow".to_owned(), json!(runs[0].name()));
    Ok(Checked {
        action: agreed(action, &runs),
        title: format!("Run {} of {repository} again", names(&runs)),
        subject_title: runs[0].name().to_owned(),
        url: Some(runs[0].url.clone()),
        state: TargetState::of([("run", list(&runs))]),
        facts,
        author: None,
        effect: effect(&runs),
    })
}

/// The action with what is run again; once that is said it stays, however the runs go on.
fn agreed(action: Action, runs: &[Run]) -> Action {
    match action.argument("runs") {
        "" => action.with("runs", list(runs)),
        _ => action,
    }
}

fn names(runs: &[Run]) -> String {
    runs.iter().map(Run::name).collect::<Vec<_>>().join(", ")
}

fn effect(runs: &[Run]) -> Vec<String> {
    let sentence = |run: &Run| format!("Runs the failed jobs of {} {} again.", run.name(), run.id);
    runs.iter().map(sentence).collect()
}

/// `123:1,456:2`: runs and the attempts they are in.
fn list(runs: &[Run]) -> String {
    let one = |run: &Run| format!("{}:{}", run.id, run.run_attempt);
    runs.iter().map(one).collect::<Vec<_>>().join(",")
}

fn read(list: &str) -> Option<Vec<(i64, i64)>> {
    let one = |part: &str| {
        let (id, attempt) = part.split_once(':')?;
        Some((id.parse().ok()?, attempt.parse().ok()?))
    };
    list.split(',').map(one).collect()
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let repository = action.target.split('#').next().unwrap_or_default();
    let Some(agreed) = read(action.argument("runs")) else {
        return Err(Trouble::says("Nobody said which runs to run again."));
    };
    let (mut url, mut again) = (None, Vec::new());
    for (id, agreed_about) in agreed {
        let run = or_missing(
            client.run(repository, id).await,
            &format!("run {id} of {repository}"),
        )?;
        url.get_or_insert(run.url.clone());
        // GitHub counts a little after it has accepted.
        let has_begun = attempt.may_have_happened && run.status != "completed";
        if run.run_attempt > agreed_about || has_begun {
            continue;
        }
        client.rerun_failed(repository, id).await?;
        again.push(run);
    }
    let said = if again.is_empty() {
        "It was run again already.".to_owned()
    } else {
        format!("Running {} again.", names(&again))
    };
    Ok(Done {
        said,
        url,
        undo: None,
        was_done_already: again.is_empty(),
    })
}
