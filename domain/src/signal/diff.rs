//! Purpose: what has to change so that exactly what is found now is open.

use std::collections::{HashMap, HashSet};

use super::{Finding, Signal};
use crate::id::SignalId;

/// A signal that is open, as far as evaluating needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSignal {
    /// Its id.
    pub id: SignalId,
    /// The rule that found it.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// The [`Finding::digest`] of what was found, as it was last.
    pub digest: String,
}

/// What has to change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diff {
    /// Found, and not open.
    pub open: Vec<Finding>,
    /// Open, and found otherwise than it was.
    pub update: Vec<(SignalId, Finding)>,
    /// Open, and not found any more.
    pub resolve: Vec<SignalId>,
}

impl Diff {
    /// Whether nothing has to change.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.update.is_empty() && self.resolve.is_empty()
    }
}

/// Compares the open signals with what is found now. Of findings of one rule about one subject the first counts.
pub fn diff(open: &[OpenSignal], findings: Vec<Finding>) -> Diff {
    let mut found = HashSet::with_capacity(findings.len());
    let is_first: Vec<bool> = findings
        .iter()
        .map(|finding| found.insert(key(finding)))
        .collect();
    let gone = open.iter().filter(|signal| !found.contains(&signal.key()));
    let mut changes = Diff {
        resolve: gone.map(|signal| signal.id.clone()).collect(),
        ..Diff::default()
    };
    let known: HashMap<(&str, &str), &OpenSignal> =
        open.iter().map(|signal| (signal.key(), signal)).collect();
    for (finding, is_first) in findings.into_iter().zip(is_first) {
        match known.get(&key(&finding)) {
            _ if !is_first => {}
            None => changes.open.push(finding),
            Some(signal) if signal.digest != finding.digest() => {
                changes.update.push((signal.id.clone(), finding));
            }
            Some(_) => {}
        }
    }
    changes
}

impl From<&Signal> for OpenSignal {
    fn from(signal: &Signal) -> Self {
        Self {
            id: signal.id.clone(),
            rule: signal.finding.rule.clone(),
            subject: signal.finding.subject.clone(),
            digest: signal.finding.digest(),
        }
    }
}

impl OpenSignal {
    fn key(&self) -> (&str, &str) {
        (&self.rule, &self.subject)
    }
}

fn key(finding: &Finding) -> (&str, &str) {
    (&finding.rule, &finding.subject)
}
