//! Purpose: signals: what the facts say that somebody should know, by rules that the operator can change.
//!
//! [`evaluate`] turns rules and facts into findings, and [`diff`] compares them with the signals that are open: one
//! open signal per rule and subject, which closes by itself when its finding is gone.
//!
//! To add a kind: a file in this folder with an `evaluate` function, and a line in [`KINDS`].

mod diff;
mod facts;
mod failed_deployment;
mod failing_main;
mod finding;
mod incident_open;
mod incident_open_too_long;
mod kinds;
mod long_running_ci;
mod no_ticket_link;
mod paths;
mod pr_without_review;
mod read;
mod review_overload;
mod rules;
mod scope;
mod span;
mod stale_pr;
#[cfg(test)]
mod tests;
mod wip_limit_exceeded;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::calendar::WorkCalendar;
use crate::id::{Login, RepositoryName, SignalId};

pub use diff::{Diff, OpenSignal, diff};
pub use facts::{Facts, PENDING_RUNS_COUNT_DAYS, WatchedPull, watched};
pub use kinds::{KINDS, MEASURED_KINDS, OTHER_KINDS, kind, kinds};
pub use paths::{ChangedFiles, NoPatterns, PathPatterns};
pub use read::{KindOfRule, RulesSeed};
pub use rules::{Parameters, Rule, Rules, TicketPattern};
pub use scope::Scope;
pub use span::{ClockKind, Span};

/// How much a signal matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody must act.
    Critical,
}

impl Severity {
    /// The name it is stored under and shown as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == name)
    }
}

/// One thing that a rule finds in the facts. It holds nothing that changes by the passing of time alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: String,
    /// The rule's kind, one of [`KINDS`].
    pub kind: String,
    /// What it is about: `acme/api#12`, a login, `acme/api CI`. One signal per rule and subject is open at a time.
    pub subject: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is in one line; may hold text from outside, so escape it before showing it.
    pub title: String,
    /// The page where something can be done about it.
    pub url: String,
    /// The repository, where there is one.
    pub repository: Option<RepositoryName>,
    /// Who must move, or whom it concerns.
    pub people: Vec<Login>,
    /// Since when it has been so.
    pub since: DateTime<Utc>,
    /// What else is known, by name, for policies: `author`, `labels`, `count`, `limit`, `limit_hours`, ...
    pub details: BTreeMap<String, Value>,
}

impl Finding {
    /// A fingerprint of all of it: 128 bits of SHA-256 in hexadecimal. Two findings that differ in anything differ in it.
    pub fn digest(&self) -> String {
        // Maps that sort, and fields in their order: there is one way to write it.
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(&Sha256::digest(text)[..16])
    }
}

/// Whether a signal still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// It does.
    Open,
    /// Its finding is gone.
    Resolved,
}

impl SignalState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }

    /// The state stored under `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Resolved]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// A finding that people are told about, over its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Its id.
    pub id: SignalId,
    /// What was found, as it was last.
    pub finding: Finding,
    /// Whether it still holds.
    pub state: SignalState,
    /// When it was first noticed; `finding.since` is when it began.
    pub opened_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// When its finding was gone.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The post that tells of it; `None` until it was decided whether people are told, empty if they are not.
    pub bulletin: Option<String>,
}

impl Signal {
    /// A signal that opens now.
    pub fn opened(id: SignalId, finding: Finding, now: DateTime<Utc>) -> Self {
        Self {
            id,
            finding,
            state: SignalState::Open,
            opened_at: now,
            updated_at: now,
            resolved_at: None,
            bulletin: None,
        }
    }

    /// When it was resolved, if it was.
    pub fn resolved(&self) -> Option<DateTime<Utc>> {
        self.resolved_at.filter(|_| self.state == SignalState::Resolved)
    }
}

/// A fingerprint of what people see of these signals: SHA-256 in hexadecimal. It does not change by the passing of time.
pub fn fingerprint(signals: &[Signal]) -> String {
    let mut hash = Sha256::new();
    for signal in signals {
        let seen = Finding {
            details: BTreeMap::new(),
            ..signal.finding.clone()
        };
        let shown = serde_json::json!([signal.id, seen, signal.resolved()]);
        hash.update(shown.to_string());
    }
    hex::encode(hash.finalize())
}

/// What a rule can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `older_than`: how long something may last. The default, as people write it.
    OlderThan(&'static str),
    /// `limit`: how many are still fine.
    Limit(u32),
    /// `pattern`: a regular expression.
    Pattern(&'static str),
}

impl Parameter {
    /// The key in the rules file.
    pub fn key(self) -> &'static str {
        match self {
            Self::OlderThan(_) => "older_than",
            Self::Limit(_) => "limit",
            Self::Pattern(_) => "pattern",
        }
    }
}

/// What a kind of rule looks at, which decides by what its scope can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksAt {
    /// Open pull requests: by repository, team, label, author and the files that they change.
    PullRequests,
    /// Something else that belongs to a repository: by repository and team.
    Repositories,
}

/// A kind of rule.
#[derive(Debug)]
pub struct SignalKind {
    /// Its name in the rules file.
    pub name: &'static str,
    /// What its signals are, as a heading.
    pub heading: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// What it can be told, with defaults.
    pub parameters: &'static [Parameter],
    /// How much its signals matter, if the rule does not say.
    pub severity: Severity,
    /// Which clock its times are counted by, if the rule does not say.
    pub clock: ClockKind,
    /// What it looks at.
    pub looks_at: LooksAt,
    /// Finds it.
    pub evaluate: fn(&Rule, &View<'_>) -> Vec<Finding>,
}

impl PartialEq for SignalKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a rule looks at: the facts, the time, and when people work.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// The time.
    pub now: DateTime<Utc>,
    /// When people work.
    pub calendar: &'a WorkCalendar,
}

impl View<'_> {
    /// What began at the answer or before has lasted longer than the rule allows; `None` if nothing has.
    fn too_old(&self, rule: &Rule) -> Option<DateTime<Utc>> {
        rule.parameters
            .older_than
            .before(self.now, rule.clock, self.calendar)
    }
}

/// What the rules that are enabled find in the facts. The work grows with the facts, not with how old they are.
pub fn evaluate(rules: &Rules, facts: &Facts, now: DateTime<Utc>, calendar: &WorkCalendar) -> Vec<Finding> {
    let view = View { facts, now, calendar };
    let enabled = rules.0.iter().filter(|rule| rule.enabled);
    enabled
        .flat_map(|rule| (rule.kind.evaluate)(rule, &view))
        .collect()
}
