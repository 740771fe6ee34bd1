//! Purpose: the posted triage list that closes itself. A board holds the lines it was posted with; as things get
//! done, lines are struck through instead of a new list being posted.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::incident_story::IncidentStory;
use crate::snooze::Snooze;
use crate::triage::{FailedDeployment, FailingBranch, TriageReport, TriageRow, Turn};

/// One line of a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardLine {
    /// The row as it was last seen waiting.
    pub row: TriageRow,
    /// The turn it was in when the board was posted: the group it stays in, so that lines do not jump.
    pub posted_turn: Turn,
    /// When it stopped waiting for what it waited for; `None` while it still does.
    pub cleared_at: Option<DateTime<Utc>>,
    /// The snooze under which it waits on, if somebody snoozed it after it was posted.
    #[serde(default)]
    pub snooze: Option<Snooze>,
}

/// One posted list, for one working day in one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The working day it stands for.
    pub day: NaiveDate,
    /// Its lines, in the order they were posted.
    pub lines: Vec<BoardLine>,
    /// How many waited in all when it was posted.
    pub total: i64,
    /// Default branches that are red now.
    #[serde(default)]
    pub failing_branches: Vec<FailingBranch>,
    /// Environments whose newest deployment failed.
    #[serde(default)]
    pub failed_deployments: Vec<FailedDeployment>,
    /// Incidents that are open.
    #[serde(default)]
    pub incidents: Vec<IncidentStory>,
}

impl Board {
    /// A new board of what `report` shows.
    pub fn new(day: NaiveDate, report: TriageReport) -> Self {
        let line = |row: TriageRow| BoardLine {
            posted_turn: row.waiting.turn,
            row,
            cleared_at: None,
            snooze: None,
        };
        let total = report.groups.iter().map(|group| group.total).sum();
        let rows = report.groups.into_iter().flat_map(|group| group.rows);
        Self {
            day,
            lines: rows.map(line).collect(),
            total,
            failing_branches: report.failing_branches,
            failed_deployments: report.failed_deployments,
            incidents: report.incidents,
        }
    }

    /// Brings the board up to date with what waits now. A line is done once it waits for something else, or for
    /// nothing: the person whose turn it was has moved. A line whose turn comes back is open again.
    /// What is red or failed is shown as `report` has it now. Returns whether anything changed.
    pub fn update(&mut self, now_waiting: &[TriageRow], report: &TriageReport) -> bool {
        let (before, now) = (self.clone(), report.as_of);
        self.failing_branches.clone_from(&report.failing_branches);
        self.failed_deployments.clone_from(&report.failed_deployments);
        self.incidents.clone_from(&report.incidents);
        for line in &mut self.lines {
            let current = now_waiting.iter().find(|row| row.key == line.row.key);
            match current.filter(|row| row.waiting.turn == line.posted_turn) {
                Some(row) => {
                    line.row = row.clone();
                    line.cleared_at = None;
                }
                None => line.cleared_at = line.cleared_at.or(Some(now)),
            }
            let mut snoozes = report.snoozed.iter().map(|row| &row.snooze);
            let mine = snoozes.find(|snooze| snooze.subject == line.row.key);
            line.snooze = mine.filter(|_| line.cleared_at.is_none()).cloned();
        }
        *self != before
    }

    /// How many lines are done.
    pub fn cleared(&self) -> usize {
        self.lines.iter().filter(|line| line.cleared_at.is_some()).count()
    }
}
