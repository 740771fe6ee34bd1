//! Purpose: what of somebody's work stands still now, and who can set it going.

use chrono::{DateTime, Duration, Utc};

use crate::calendar::WorkCalendar;
use crate::id::Login;
use crate::triage::{Reason, TriageRow};

/// Why it stands still. The order is that of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// CI is red.
    Ci,
    /// It conflicts with what has come in since.
    Conflicts,
    /// It has waited for a reviewer for longer than it should.
    Review,
}

/// An open pull request that stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Why.
    pub cause: Cause,
    /// What it waits for, with its proof.
    pub row: TriageRow,
    /// Only those who are invited may know of it.
    pub is_private: bool,
}

impl Blocked {
    /// Who can set it going; nobody where nobody was asked, or a team was.
    pub fn unblockers(&self) -> &[Login] {
        &self.row.waiting.actors
    }
}

/// How long a review may take before what waits for it counts as blocked: a working day.
pub fn review_limit(calendar: &WorkCalendar) -> Duration {
    calendar.day_length()
}

/// Why the pull request stands still at `now`; `None` where somebody is at it, or it is the author's turn as a matter
/// of course: answering a review, merging.
pub fn cause(row: &TriageRow, calendar: &WorkCalendar, now: DateTime<Utc>) -> Option<Cause> {
    let waits_too_long = || calendar.working_time(row.waiting.since, now) >= review_limit(calendar);
    match &row.waiting.reason {
        Reason::CiRed { .. } => Some(Cause::Ci),
        Reason::Conflicts => Some(Cause::Conflicts),
        Reason::ReviewRequested { .. } | Reason::ReviewAnswered | Reason::NobodyAsked => {
            waits_too_long().then_some(Cause::Review)
        }
        Reason::ChangesRequested { .. }
        | Reason::Commented { .. }
        | Reason::CiRunning { .. }
        | Reason::Approved
        | Reason::Draft => None,
    }
}
