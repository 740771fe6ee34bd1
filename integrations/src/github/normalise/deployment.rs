//! Purpose: `deployment` and `deployment_status` events.

use std::borrow::Cow;

use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::fact::FactChange;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::Changes;
use crate::github::payload::{Repository, Text, Time, User, account, filled, read};

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    deployment: Asked<'a>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct StatusEvent<'a> {
    #[serde(borrow)]
    deployment_status: Status<'a>,
    #[serde(borrow)]
    deployment: Asked<'a>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Asked<'a> {
    id: i64,
    sha: Text,
    #[serde(rename = "ref")]
    git_ref: Text,
    environment: Text,
    #[serde(borrow)]
    creator: Option<User<'a>>,
    created_at: Time,
    updated_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    state: Cow<'a, str>,
    created_at: Time,
    log_url: Option<Text>,
    target_url: Option<Text>,
}

pub(super) fn created(payload: &[u8]) -> Changes {
    let Event {
        deployment,
        repository,
    } = read(payload)?;
    Ok(vec![FactChange::Deployment(Box::new(fact(
        deployment,
        &repository,
    )))])
}

pub(super) fn status(payload: &[u8]) -> Changes {
    let StatusEvent {
        deployment_status: status,
        deployment,
        repository,
    } = read(payload)?;
    let mut fact = fact(deployment, &repository);
    let at = status.created_at.0;
    let state = match &*status.state {
        "success" => Some(DeploymentState::Success),
        "failure" | "error" => Some(DeploymentState::Failure),
        "in_progress" => Some(DeploymentState::InProgress),
        "queued" | "pending" | "waiting" => Some(DeploymentState::Pending),
        // A newer deployment took over: that says nothing about how this one went.
        "inactive" => None,
        other => return Err(format!("deployment_status.state: unknown state `{other}`")),
    };
    if let Some(value) = state {
        fact.state.merge(Stamped { at, value });
        fact.succeeded_at = (value == DeploymentState::Success).then_some(at);
        fact.log_url = filled(status.log_url)
            .or_else(|| filled(status.target_url))
            .map(|value| Stamped { at, value });
    }
    Ok(vec![FactChange::Deployment(Box::new(fact))])
}

/// A deployment of which no status is known has been asked for.
fn fact(deployment: Asked<'_>, repository: &Repository) -> Deployment {
    let created_at = deployment.created_at.0;
    Deployment {
        repository: repository.name(),
        id: deployment.id,
        state: Stamped {
            at: created_at,
            value: DeploymentState::Pending,
        },
        target: Stamped {
            // A status may move a deployment to another environment: the newest statement holds.
            at: deployment.updated_at.map_or(created_at, |at| at.0),
            value: DeploymentTarget {
                environment: deployment.environment.0,
                sha: deployment.sha.0,
                git_ref: deployment.git_ref.0,
                creator: deployment.creator.map(|user| account(Some(user)).login),
                created_at,
                url: format!("{}/deployments", repository.page()),
            },
        },
        succeeded_at: None,
        log_url: None,
    }
}
