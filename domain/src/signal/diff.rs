//! Purpose: what has to change so that exactly what is found now is open.

use std::collections::{BTreeSet, HashMap};

use super::{Finding, Signal};
use crate::id::SignalId;

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
pub fn diff(open: &[Signal], findings: Vec<Finding>) -> Diff {
    let known: HashMap<(&str, &str), &Signal> =
        open.iter().map(|signal| (key(&signal.finding), signal)).collect();
    let mut changes = Diff::default();
    let mut found = BTreeSet::new();
    for finding in findings {
        if !found.insert((finding.rule.clone(), finding.subject.clone())) {
            continue;
        }
        match known.get(&key(&finding)) {
            None => changes.open.push(finding),
            Some(signal) if signal.finding != finding => {
                changes.update.push((signal.id.clone(), finding));
            }
            Some(_) => {}
        }
    }
    let is_gone = |signal: &&Signal| {
        let (rule, subject) = key(&signal.finding);
        !found.contains(&(rule.to_owned(), subject.to_owned()))
    };
    changes.resolve = open
        .iter()
        .filter(is_gone)
        .map(|signal| signal.id.clone())
        .collect();
    changes
}

fn key(finding: &Finding) -> (&str, &str) {
    (&finding.rule, &finding.subject)
}
