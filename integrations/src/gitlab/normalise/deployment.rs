//! Purpose: `deployment` events: one for each state that a deployment comes to.

use em_domain::deployment::{Deployment, DeploymentState, DeploymentTarget};
use em_domain::fact::FactChange;
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::{Changes, ci};
use crate::git_url::is_commit;
use crate::gitlab::payload::{Project, User};
use crate::payload::{Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct Event {
    deployment_id: i64,
    status: Text,
    status_changed_at: Time,
    environment: Text,
    #[serde(rename = "ref")]
    reference: Option<Text>,
    short_sha: Option<Text>,
    /// These two only the API says.
    sha: Option<Text>,
    created_at: Option<Time>,
    commit_url: Option<Text>,
    deployable_url: Option<Text>,
    user: Option<User>,
    project: Project,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let event: Event = read(payload)?;
    let at = event.status_changed_at.0;
    let seen = event.project.fact(at);
    // One that was called off or skipped did not fail: how it went is not known.
    let deployed =
        ci::state(&event.status.0).map(|state| FactChange::Deployment(Box::new(fact(event, state))));
    Ok(deployed.into_iter().chain(seen).collect())
}

fn fact(event: Event, state: DeploymentState) -> Deployment {
    let at = event.status_changed_at.0;
    let log_url = filled(event.deployable_url);
    Deployment {
        repository: event.project.name(),
        id: event.deployment_id,
        target: Stamped {
            at,
            value: DeploymentTarget {
                environment: event.environment.0,
                sha: filled(event.sha).unwrap_or_else(|| sha(event.commit_url.as_ref(), event.short_sha)),
                git_ref: filled(event.reference).unwrap_or_default(),
                creator: event.user.and_then(|user| user.login()),
                // Webhooks do not say when it was asked for; the first state that is told of comes nearest.
                created_at: event.created_at.map_or(at, |at| at.0),
                url: log_url
                    .clone()
                    .unwrap_or_else(|| event.project.page("environments")),
            },
        },
        state: Stamped { at, value: state },
        succeeded_at: (state == DeploymentState::Success).then_some(at),
        log_url: log_url.map(|value| Stamped { at, value }),
    }
}

/// The whole name of the commit stands only in the address of its page.
fn sha(commit_url: Option<&Text>, short: Option<Text>) -> String {
    let whole = commit_url.and_then(|url| url.0.rsplit('/').next());
    whole
        .filter(|name| is_commit(name))
        .map(str::to_owned)
        .or_else(|| filled(short))
        .unwrap_or_default()
}
