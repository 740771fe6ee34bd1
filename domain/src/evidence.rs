//! Purpose: what people did, from what is known, and not from what they say: the lines of a standup, each with its
//! proof.
//!
//! [`happened()`] turns facts into single deeds, each at one instant, so that every deed belongs to exactly one of any
//! windows that adjoin. [`lines()`] makes one line of what belongs together. [`blocked`] says what stands still now.

pub mod blocked;
pub mod happened;
pub mod lines;
pub mod team;
#[cfg(test)]
mod tests;
pub mod window;

use chrono::{DateTime, Utc};

use crate::id::{Login, RepositoryName, SlackUser};

pub use blocked::{Blocked, Cause};
pub use happened::{KnownFacts, happened};
pub use lines::{Line, lines};
pub use team::{Evidence, PersonEvidence};
pub use window::{Window, last_working_day};

/// What somebody did. The order is that of a report: what is finished comes first. Where several deeds are about one
/// change or one issue, the first of them is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deed {
    /// Their pull request was merged.
    Merged,
    /// What they deployed went live.
    Deployed,
    /// They published a release.
    Released,
    /// They worked on an incident: it began or was over while it was theirs.
    Incident,
    /// They reviewed a pull request of somebody else's.
    Reviewed,
    /// They opened a pull request.
    Opened,
    /// They pushed commits, to a pull request or to a branch without one.
    Pushed,
    /// They closed an issue.
    IssueClosed,
    /// They began to work on an issue.
    IssueStarted,
    /// They opened an issue.
    IssueOpened,
    /// They were given an issue.
    IssueAssigned,
    /// They answered what the bot asked for an approval of.
    Decided,
}

/// Who did it, by the account that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doer {
    /// An account on GitHub.
    Account(Login),
    /// A person in Slack.
    Slack(SlackUser),
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// What is the same for the same thing: `acme/api#12`, `acme/api@main`, `acme/api to production`.
    pub id: String,
    /// Its title, as written by others: escape it before showing it.
    pub title: String,
    /// The proof: its page; empty where there is none.
    pub url: String,
    /// Where it belongs to, where it belongs to a repository.
    pub repository: Option<RepositoryName>,
    /// Only those who are invited may know of it. What nothing is known about counts as private.
    pub is_private: bool,
    /// It is a draft: not announced yet.
    pub is_draft: bool,
}

/// One deed, at one instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Who.
    pub by: Doer,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub deed: Deed,
    /// To what.
    pub subject: Subject,
    /// How many: of a push its commits, else one.
    pub times: i64,
}
