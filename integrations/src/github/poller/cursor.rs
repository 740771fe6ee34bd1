//! Purpose: how far the poller has read. Stored as JSON; a lost or unreadable cursor costs requests, never facts.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::walk::{Onward, Walk};

/// How far the poller has read, over all repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// How far back the first look goes, instead of the poller's own lookback.
    pub(super) since: Option<DateTime<Utc>>,
    /// Who is still to be visited in this round, by configured name.
    pub(super) queue: VecDeque<String>,
    pub(super) organisations: BTreeMap<String, Organisation>,
    repositories: BTreeMap<String, RepositoryCursor>,
}

/// An organisation's repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Organisation {
    pub(super) listed_at: DateTime<Utc>,
    pub(super) repositories: Vec<String>,
}

/// How far one repository is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RepositoryCursor {
    /// What was closed before this is not read.
    pub(super) since: DateTime<Utc>,
    /// The first look at every open pull request, however old.
    pub(super) open_walk: Walk,
    pub(super) has_all_open: bool,
    pub(super) pulls: Walk,
    pub(super) issue_events: Walk,
    pub(super) issue_comments: Onward,
    pub(super) review_comments: Onward,
    pub(super) runs: Walk,
    pub(super) deployments: Walk,
    pub(super) releases: Walk,
    /// Releases published up to here are told.
    pub(super) released_until: DateTime<Utc>,
    /// Open pull requests: their mergeability changes without a sign.
    pub(super) open: BTreeMap<i64, OpenPull>,
    /// Runs that may still change: not ended, or red and so likely to be run again. By when they were last read.
    pub(super) unsettled_runs: BTreeMap<i64, DateTime<Utc>>,
    /// Deployments without a final status, by when they were last read.
    pub(super) unsettled_deployments: BTreeMap<i64, DateTime<Utc>>,
}

/// What was last seen of an open pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenPull {
    pub(super) updated_at: DateTime<Utc>,
    pub(super) mergeable: Option<bool>,
    /// Since when it is known to be mergeable or not.
    pub(super) mergeable_since: DateTime<Utc>,
    pub(super) read_at: DateTime<Utc>,
}

impl Cursor {
    /// A cursor whose first look at each repository goes back to `since`: for `backfill --since`.
    pub fn starting(since: DateTime<Utc>) -> Self {
        Self {
            since: Some(since),
            ..Self::default()
        }
    }

    /// Reads a stored cursor. One that cannot be read, because it is of another version, is a fresh one.
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The cursor as it is stored.
    pub fn to_json(&self) -> String {
        // Maps with number keys are objects in JSON; nothing in here can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everybody is to be visited once more; who is no longer configured is forgotten.
    pub(super) fn begin_round(&mut self, repositories: &[String], organisations: &[String]) {
        self.organisations.retain(|name, _| organisations.contains(name));
        let listed = self
            .organisations
            .values()
            .flat_map(|listed| &listed.repositories);
        let mut names: Vec<String> = Vec::new();
        for name in repositories.iter().chain(listed) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.clone());
            }
        }
        self.repositories.retain(|name, _| names.contains(name));
        self.queue = names.into();
    }

    pub(super) fn repository(&mut self, name: &str, since: DateTime<Utc>) -> &mut RepositoryCursor {
        self.repositories
            .entry(name.to_owned())
            .or_insert_with(|| RepositoryCursor::starting(since))
    }
}

impl RepositoryCursor {
    fn starting(since: DateTime<Utc>) -> Self {
        Self {
            since,
            open_walk: Walk::back_to(DateTime::UNIX_EPOCH),
            has_all_open: false,
            pulls: Walk::back_to(since),
            issue_events: Walk::back_to(since),
            issue_comments: Onward::from(since),
            review_comments: Onward::from(since),
            runs: Walk::back_to(since),
            deployments: Walk::back_to(since),
            releases: Walk::back_to(since),
            released_until: since,
            open: BTreeMap::new(),
            unsettled_runs: BTreeMap::new(),
            unsettled_deployments: BTreeMap::new(),
        }
    }

    /// Whether a list is read only in part.
    pub(super) fn is_unfinished(&self) -> bool {
        let walks = [
            &self.open_walk,
            &self.pulls,
            &self.issue_events,
            &self.runs,
            &self.deployments,
            &self.releases,
        ];
        walks.iter().any(|walk| walk.is_under_way())
            || self.issue_comments.is_under_way()
            || self.review_comments.is_under_way()
    }
}
