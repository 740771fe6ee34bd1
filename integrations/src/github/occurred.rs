//! Purpose: when an event happened, by GitHub's clock, without knowing what kind of event it is.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::payload::Time;

/// The parts of a payload that carry its time, the most telling first.
#[derive(Deserialize)]
struct Probe {
    review: Option<Moment>,
    comment: Option<Moment>,
    workflow_run: Option<Moment>,
    check_run: Option<Moment>,
    deployment_status: Option<Moment>,
    deployment: Option<Moment>,
    release: Option<Moment>,
    issue_event: Option<Moment>,
    pull_request: Option<Moment>,
    head_commit: Option<Moment>,
    updated_at: Option<Time>,
}

#[derive(Deserialize)]
struct Moment {
    submitted_at: Option<Time>,
    completed_at: Option<Time>,
    published_at: Option<Time>,
    updated_at: Option<Time>,
    started_at: Option<Time>,
    created_at: Option<Time>,
    timestamp: Option<Time>,
}

impl Moment {
    fn latest(&self) -> Option<Time> {
        self.submitted_at
            .or(self.completed_at)
            .or(self.published_at)
            .or(self.updated_at)
            .or(self.started_at)
            .or(self.created_at)
            .or(self.timestamp)
    }
}

/// The time in `payload`, or `None` where it holds none that can be read.
pub(crate) fn occurred_at(payload: &[u8]) -> Option<DateTime<Utc>> {
    let probe: Probe = serde_json::from_slice(payload).ok()?;
    [
        probe.review,
        probe.comment,
        probe.workflow_run,
        probe.check_run,
        probe.deployment_status,
        probe.deployment,
        probe.release,
        probe.issue_event,
        probe.pull_request,
        probe.head_commit,
    ]
    .iter()
    .flatten()
    .find_map(Moment::latest)
    .or(probe.updated_at)
    .map(|time| time.0)
}
