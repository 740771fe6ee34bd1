//! Purpose: what rules look at: the open pull requests in short, what runs, what is red, what burns.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ChangedFiles;
use crate::ci_run::CiRun;
use crate::id::Login;
use crate::incident::Incident;
use crate::pull_request::{Account, PullRequest, PullRequestKey};
use crate::triage::{FailedDeployment, FailingBranch, Surroundings, Turn, Waiting};

/// A run that was made longer ago and has not ended is not running: its end was never told.
pub const PENDING_RUNS_COUNT_DAYS: i64 = 3;

/// Everything that rules look at, as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Every pull request that is open and ready for review.
    pub pulls: Vec<WatchedPull>,
    /// Runs that have not ended, on default branches and on the newest commits of open pull requests.
    pub pending_runs: Vec<CiRun>,
    /// Red default branches.
    pub failing_branches: Vec<FailingBranch>,
    /// Environments whose newest deployment failed.
    pub failed_deployments: Vec<FailedDeployment>,
    /// Incidents that are open, and those that ended lately, which hold their stories together.
    pub incidents: Vec<Incident>,
}

impl Facts {
    /// Adds what is known of the files that open pull requests change.
    pub fn add_files(&mut self, files: Vec<ChangedFiles>) {
        let mut known: HashMap<PullRequestKey, Vec<String>> =
            files.into_iter().map(|files| (files.key, files.paths)).collect();
        for pull in &mut self.pulls {
            pull.paths = known.remove(&pull.key);
        }
    }
}

/// What rules need to know of one open pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedPull {
    /// Which one.
    pub key: PullRequestKey,
    /// Its title, as written.
    pub title: String,
    /// Its page.
    pub url: String,
    /// Who opened it.
    pub author: Account,
    /// Its labels.
    pub labels: Vec<String>,
    /// The branch it comes from.
    pub head_ref: String,
    /// The newest commit, where known.
    pub head_sha: Option<String>,
    /// What its title and text refer to, where the text is known.
    pub references: Option<Vec<String>>,
    /// The files that it changes, or changed before its newest commits; not kept with the rest, because they have to
    /// be asked for. `None` while nobody knows.
    #[serde(skip)]
    pub paths: Option<Vec<String>>,
    /// When work on it began: its earliest commit, else the opening; `None` in what an earlier version kept.
    #[serde(default)]
    pub began_at: Option<DateTime<Utc>>,
    /// When it was put before reviewers: opened, or left draft.
    pub presented_at: DateTime<Utc>,
    /// When somebody last did something: presented it, pushed, reviewed, commented. Programs do not count.
    pub last_activity_at: DateTime<Utc>,
    /// When somebody other than the author first reviewed it since it was presented.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// Whose turn it is.
    pub turn: Turn,
    /// Who must move; may be nobody.
    pub actors: Vec<Login>,
    /// Since when it is their turn.
    pub waiting_since: DateTime<Utc>,
}

impl WatchedPull {
    /// Whether it has one of these labels, in any case of letters.
    pub fn has_any(&self, labels: &[String]) -> bool {
        labels.iter().any(|label| {
            self.labels
                .iter()
                .any(|has| has.to_lowercase() == label.to_lowercase())
        })
    }

    /// Who must move; its author where nobody is named.
    pub fn whose_move(&self) -> Vec<Login> {
        if self.actors.is_empty() {
            vec![self.author.login.clone()]
        } else {
            self.actors.clone()
        }
    }
}

/// What rules need to know of an open pull request that waits for `waiting`; `None` if it is closed.
pub fn watched(pull: &PullRequest, around: Surroundings<'_>, waiting: &Waiting) -> Option<WatchedPull> {
    let snapshot = pull.open()?;
    let author = &snapshot.author.login;
    let presented_at = pull
        .ready_at
        .unwrap_or(snapshot.created_at)
        .max(snapshot.created_at);
    let reviews = || around.reviews.iter().filter(|review| !review.reviewer.is_bot);
    let comments = around.comments.iter().filter(|comment| !comment.author.is_bot);
    let activity = reviews()
        .map(|review| review.submitted_at)
        .chain(comments.map(|comment| comment.created_at))
        .chain(pull.pushed_at);
    let by_others = reviews()
        .filter(|review| !review.reviewer.login.same(author))
        .map(|review| review.submitted_at);
    Some(WatchedPull {
        key: pull.key.clone(),
        title: snapshot.title.clone(),
        url: snapshot.url.clone(),
        author: snapshot.author.clone(),
        labels: snapshot.labels.clone(),
        head_ref: snapshot.head_ref.clone(),
        head_sha: snapshot.head_sha.clone(),
        references: snapshot.references.clone(),
        paths: None,
        // A commit authored after the opening says that it was rebased.
        began_at: pull
            .first_commit_at
            .into_iter()
            .chain([snapshot.created_at])
            .min(),
        presented_at,
        last_activity_at: activity.max().map_or(presented_at, |at| at.max(presented_at)),
        reviewed_at: by_others.filter(|at| *at >= presented_at).min(),
        turn: waiting.turn,
        actors: waiting.actors.clone(),
        waiting_since: waiting.since,
    })
}
