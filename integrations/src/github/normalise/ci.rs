//! Purpose: CI: `workflow_run` (GitHub Actions), `check_run` (other apps) and `status` (older integrations).

use std::borrow::Cow;

use em_domain::ci_run::{CiOutcome, CiRun};
use em_domain::fact::FactChange;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Changes;
use crate::github::payload::{Repository, Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct WorkflowRunEvent<'a> {
    #[serde(borrow)]
    workflow_run: WorkflowRun<'a>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct WorkflowRun<'a> {
    id: i64,
    name: Option<Text>,
    head_branch: Option<Text>,
    head_sha: Text,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    conclusion: Option<Cow<'a, str>>,
    run_attempt: Option<i64>,
    created_at: Time,
    run_started_at: Option<Time>,
    updated_at: Time,
    html_url: Text,
}

/// What is watched on the default branch: its pushes, and what runs on it by the clock. A pull request's run has the
/// default branch's name too if a fork gave its branch that name.
const DEFAULT_BRANCH_TRIGGERS: [&str; 2] = ["push", "schedule"];

pub(super) fn workflow_run(payload: &[u8]) -> Changes {
    let WorkflowRunEvent {
        workflow_run: run,
        repository,
    } = read(payload)?;
    let branch = filled(run.head_branch);
    Ok(vec![FactChange::CiRun(CiRun {
        repository: repository.name(),
        id: format!("workflow:{}", run.id),
        workflow: filled(run.name).unwrap_or_else(|| "workflow".to_owned()),
        head_sha: run.head_sha.0,
        on_default_branch: DEFAULT_BRANCH_TRIGGERS.contains(&&*run.event)
            && branch
                .as_deref()
                .is_some_and(|branch| repository.has_default(branch)),
        branch,
        attempt: run.run_attempt.unwrap_or(1),
        outcome: outcome(run.conclusion.as_deref()),
        created_at: run.created_at.0,
        started_at: run.run_started_at.map(|at| at.0),
        updated_at: run.updated_at.0,
        url: run.html_url.0,
    })])
}

#[derive(Debug, Deserialize)]
struct CheckRunEvent<'a> {
    #[serde(borrow)]
    check_run: CheckRun<'a>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct CheckRun<'a> {
    id: i64,
    name: Text,
    head_sha: Text,
    #[serde(borrow)]
    conclusion: Option<Cow<'a, str>>,
    started_at: Time,
    completed_at: Option<Time>,
    html_url: Text,
    check_suite: Option<CheckSuite>,
    pull_requests: Option<Vec<IgnoredAny>>,
    #[serde(borrow)]
    app: Option<App<'a>>,
}

#[derive(Debug, Deserialize)]
struct CheckSuite {
    head_branch: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct App<'a> {
    #[serde(borrow)]
    slug: Option<Cow<'a, str>>,
}

/// GitHub Actions reports each job as a check as well; its `workflow_run` has said it already.
pub(super) fn check_run(payload: &[u8]) -> Changes {
    let CheckRunEvent {
        check_run: check,
        repository,
    } = read(payload)?;
    if check.app.and_then(|app| app.slug).as_deref() == Some("github-actions") {
        return Ok(Vec::new());
    }
    let branch = filled(check.check_suite.and_then(|suite| suite.head_branch));
    let is_of_pull_request = check.pull_requests.is_some_and(|pulls| !pulls.is_empty());
    Ok(vec![FactChange::CiRun(CiRun {
        repository: repository.name(),
        id: format!("check:{}", check.id),
        workflow: check.name.0,
        head_sha: check.head_sha.0,
        on_default_branch: !is_of_pull_request
            && branch
                .as_deref()
                .is_some_and(|branch| repository.has_default(branch)),
        branch,
        attempt: 1,
        outcome: outcome(check.conclusion.as_deref()),
        created_at: check.started_at.0,
        started_at: Some(check.started_at.0),
        updated_at: check.completed_at.unwrap_or(check.started_at).0,
        url: check.html_url.0,
    })])
}

/// A run that has no conclusion has not ended (docs.github.com, "Webhook events and payloads", `workflow_run`).
fn outcome(conclusion: Option<&str>) -> CiOutcome {
    match conclusion {
        None => CiOutcome::Pending,
        Some("success") => CiOutcome::Success,
        Some("failure" | "timed_out" | "startup_failure" | "action_required") => CiOutcome::Failure,
        Some(_) => CiOutcome::Neutral,
    }
}

#[derive(Debug, Deserialize)]
struct StatusEvent<'a> {
    id: i64,
    sha: Text,
    context: Text,
    #[serde(borrow)]
    state: Cow<'a, str>,
    target_url: Option<Text>,
    created_at: Time,
    updated_at: Time,
    branches: Option<Vec<Branch>>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Branch {
    name: Text,
}

/// Each status is a run of its own: GitHub gives a new id to every change of state.
pub(super) fn status(payload: &[u8]) -> Changes {
    let event: StatusEvent<'_> = read(payload)?;
    let outcome = match &*event.state {
        "pending" => CiOutcome::Pending,
        "success" => CiOutcome::Success,
        "failure" | "error" => CiOutcome::Failure,
        other => return Err(format!("state: unknown state `{other}`")),
    };
    let mut branches = event
        .branches
        .unwrap_or_default()
        .into_iter()
        .map(|branch| branch.name.0)
        .peekable();
    let first = branches.peek().cloned();
    let default = branches.find(|branch| event.repository.has_default(branch));
    let commit_page = || format!("{}/commit/{}", event.repository.page(), event.sha.0);
    Ok(vec![FactChange::CiRun(CiRun {
        repository: event.repository.name(),
        id: format!("status:{}", event.id),
        workflow: event.context.0,
        on_default_branch: default.is_some(),
        branch: default.or(first),
        attempt: 1,
        outcome,
        created_at: event.created_at.0,
        started_at: None,
        updated_at: event.updated_at.0,
        url: filled(event.target_url).unwrap_or_else(commit_page),
        head_sha: event.sha.0,
    })])
}
