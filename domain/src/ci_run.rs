//! Purpose: the fact "a CI run", and the state of CI on a commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::RepositoryName;

/// What came of a run. The order is the order of life within one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CiOutcome {
    /// Queued or running.
    Pending,
    /// Ended without a verdict: skipped, neutral, cancelled, stale.
    Neutral,
    /// Green.
    Success,
    /// Red: failure, timed out, could not start, needs action.
    Failure,
}

impl CiOutcome {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Neutral => "neutral",
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }

    /// The outcome stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Neutral, Self::Success, Self::Failure]
            .into_iter()
            .find(|o| o.as_str() == name)
    }
}

/// One run of one workflow or external check; keyed by repository and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiRun {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The forge's id with its kind: `workflow:30433642`, `check:4`.
    pub id: String,
    /// The workflow's or check's name.
    pub workflow: String,
    /// The commit it ran on.
    pub head_sha: String,
    /// The branch it ran for, where known.
    pub branch: Option<String>,
    /// It ran for a push to the default branch, or on it by the clock, and not for a pull request.
    pub on_default_branch: bool,
    /// Re-runs count up from 1.
    pub attempt: i64,
    /// What came of it.
    pub outcome: CiOutcome,
    /// When the run was made.
    pub created_at: DateTime<Utc>,
    /// When this attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When this statement was true; for an ended run, when it ended.
    pub updated_at: DateTime<Utc>,
    /// The page for people.
    pub url: String,
}

impl CiRun {
    /// Takes in another statement about the same run: the later attempt, then the later state, wins.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.id, other.id, "only statements about one run merge");
        if other.is_later(self) {
            *self = other;
        }
    }

    /// Whether it is the one that counts of two statements about one run.
    pub(crate) fn is_later(&self, other: &Self) -> bool {
        let rank = |r: &Self| {
            let ended = r.outcome != CiOutcome::Pending;
            (
                r.attempt,
                ended,
                r.updated_at,
                r.outcome,
                r.started_at,
                r.created_at,
                r.on_default_branch,
            )
        };
        let (own, others) = (rank(self), rank(other));
        own > others || (own == others && self.text() > other.text())
    }

    fn text(&self) -> (&str, &str, Option<&str>, &str) {
        (&self.workflow, &self.head_sha, self.branch.as_deref(), &self.url)
    }
}

/// CI on one commit, over all its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CiState<'a> {
    /// No run is known.
    Unknown,
    /// At least one newest run has not ended, and none is red.
    Pending(&'a CiRun),
    /// All newest runs ended well; the time is when the last one did.
    Green(DateTime<Utc>),
    /// At least one newest run is red; this is the one that went red first.
    Red(&'a CiRun),
}

/// The state of CI given all runs on one commit. Of each workflow only the newest run counts, so that a re-run
/// or a second trigger replaces the first.
pub fn ci_state(runs: &[CiRun]) -> CiState<'_> {
    let mut newest: BTreeMap<&str, &CiRun> = BTreeMap::new();
    for run in runs {
        let known = newest.entry(&run.workflow).or_insert(run);
        if (run.created_at, &run.id) > (known.created_at, &known.id) {
            *known = run;
        }
    }
    let with = |outcome| newest.values().copied().filter(move |run| run.outcome == outcome);
    let oldest = |run: &&CiRun| (run.updated_at, run.id.clone());
    if let Some(red) = with(CiOutcome::Failure).min_by_key(oldest) {
        CiState::Red(red)
    } else if let Some(pending) = with(CiOutcome::Pending).min_by_key(oldest) {
        CiState::Pending(pending)
    } else {
        with(CiOutcome::Success)
            .map(|run| run.updated_at)
            .max()
            .map_or(CiState::Unknown, CiState::Green)
    }
}
