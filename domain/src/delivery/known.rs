//! Purpose: from what events said to what metrics are made from.

use chrono::{DateTime, Utc};

use super::facts::{Change, Deployed, DirectPush, Means, Outage, Outcome};
use super::taken_back;
use crate::ci_run::{CiOutcome, CiRun};
use crate::deployment::{Deployment, DeploymentState, Release};
use crate::incident::{Incident, IncidentState};
use crate::pull_request::{Account, PullRequest};
use crate::push::Push;
use crate::review::{Comment, Review, Verdict};

/// The change that a pull request was; `None` unless it was merged.
pub fn change(pull: &PullRequest, reviews: &[Review], comments: &[Comment]) -> Option<Change> {
    let snapshot = &pull.snapshot.as_ref()?.value;
    let merged_at = snapshot.merged_at?;
    let author = &snapshot.author;
    let said: Vec<(DateTime<Utc>, &Account)> = reviews
        .iter()
        .map(|review| (review.submitted_at, &review.reviewer))
        .chain(
            comments
                .iter()
                .map(|comment| (comment.created_at, &comment.author)),
        )
        .filter(|(at, by)| *at <= merged_at && !by.login.same(&author.login))
        .collect();
    let approvals = reviews.iter().filter(|review| {
        review.verdict == Verdict::Approved
            && review.submitted_at <= merged_at
            && !review.reviewer.login.same(&author.login)
    });
    let named = snapshot.reverts.clone();
    Some(Change {
        key: pull.key.clone(),
        merged_at,
        opened_at: snapshot.created_at,
        first_commit_at: pull.first_commit_at,
        ready_at: pull.ready_at.filter(|ready| *ready <= merged_at),
        first_review_at: said.iter().filter(|(_, by)| !by.is_bot).map(|(at, _)| *at).min(),
        first_response_any_at: said.iter().map(|(at, _)| *at).min(),
        approved_at: approvals.map(|review| review.submitted_at).max(),
        merge_commit_sha: snapshot.merge_commit_sha.clone(),
        author: author.clone(),
        title: snapshot.title.clone(),
        url: snapshot.url.clone(),
        labels: snapshot.labels.clone(),
        base_ref: snapshot.base_ref.clone(),
        size: pull.size.as_ref().map(|size| size.value),
        reverts: named.unwrap_or_else(|| taken_back(&snapshot.title, "")),
    })
}

/// What a deployment came to; `None` while it is under way.
pub fn deployed(deployment: &Deployment) -> Option<Deployed> {
    let target = &deployment.target.value;
    let (outcome, ended_at) = match (deployment.succeeded_at, deployment.state.value) {
        (Some(at), _) => (Outcome::Success, at),
        (None, DeploymentState::Failure) => (Outcome::Failure, deployment.state.at),
        (None, DeploymentState::Pending | DeploymentState::InProgress | DeploymentState::Success) => {
            return None;
        }
    };
    Some(Deployed {
        id: format!("{}/{}", deployment.repository, deployment.id),
        created_at: target.created_at,
        ended_at,
        outcome,
        repository: deployment.repository.clone(),
        means: Means::Deployment,
        name: target.environment.clone(),
        sha: Some(target.sha.clone()).filter(|sha| !sha.is_empty()),
        git_ref: target.git_ref.clone(),
        url: target.url.clone(),
        labels: Vec::new(),
        description: None,
    })
}

/// A release as something that went live; a prerelease is named so.
pub fn released(release: &Release) -> Deployed {
    Deployed {
        id: format!("{}/release/{}", release.repository, release.id),
        created_at: release.published_at,
        ended_at: release.published_at,
        outcome: Outcome::Success,
        repository: release.repository.clone(),
        means: Means::Release,
        name: release.tag.clone(),
        sha: None,
        git_ref: release.tag.clone(),
        url: release.url.clone(),
        labels: release
            .is_prerelease
            .then(|| "prerelease".to_owned())
            .into_iter()
            .collect(),
        description: release.name.clone(),
    }
}

/// The merge of a change as something that went live, where what is merged is live at once.
pub fn merged(change: &Change) -> Deployed {
    Deployed {
        id: format!("{}/merge", change.key),
        created_at: change.merged_at,
        ended_at: change.merged_at,
        outcome: Outcome::Success,
        repository: change.key.repository.clone(),
        means: Means::Merge,
        name: change.base_ref.clone(),
        sha: change.merge_commit_sha.clone(),
        git_ref: String::new(),
        url: change.url.clone(),
        labels: change.labels.clone(),
        description: Some(change.title.clone()),
    }
}

/// A run of a workflow on the default branch as something that went live; `None` unless it ended.
pub fn ran(run: &CiRun) -> Option<Deployed> {
    let outcome = match run.outcome {
        CiOutcome::Success => Outcome::Success,
        CiOutcome::Failure => Outcome::Failure,
        CiOutcome::Pending | CiOutcome::Neutral => return None,
    };
    run.on_default_branch.then(|| Deployed {
        id: format!("{}/run/{}", run.repository, run.id),
        created_at: run.created_at,
        ended_at: run.updated_at,
        outcome,
        repository: run.repository.clone(),
        means: Means::WorkflowRun,
        name: run.workflow.clone(),
        sha: Some(run.head_sha.clone()).filter(|sha| !sha.is_empty()),
        git_ref: String::new(),
        url: run.url.clone(),
        labels: Vec::new(),
        description: None,
    })
}

/// The outage that an incident is or was.
pub fn outage(incident: &Incident) -> Outage {
    let said = &incident.snapshot.value;
    Outage {
        source: incident.source.clone(),
        external_id: incident.external_id.clone(),
        dismissed: said.state == IncidentState::Dismissed,
        resolved_at: said.resolved_at.filter(|_| said.state == IncidentState::Resolved),
        opened_at: said.opened_at,
        title: said.title.clone(),
        url: said.url.clone(),
        repository: said.repository.clone(),
        service: said.service.clone(),
        severity: said.severity,
        causes: said.causes.clone(),
        fixes: Vec::new(),
    }
}

/// A push to the default branch; `None` for one to another.
pub fn pushed(push: &Push) -> Option<DirectPush> {
    push.on_default_branch.then(|| DirectPush {
        repository: push.repository.clone(),
        head_sha: push.head_sha.clone(),
        at: push.at,
        first_commit_at: None,
        author: push.author.clone(),
        commits: u32::try_from(push.commits).unwrap_or(u32::MAX),
        title: push.title.clone(),
        url: push.url.clone(),
    })
}
