//! Purpose: CI runs that should have ended by now.

use std::collections::HashMap;

use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};
use crate::ci_run::{CiOutcome, CiRun};

pub(super) const KIND: SignalKind = SignalKind {
    name: "long_running_ci",
    heading: "CI that runs for long",
    summary: "A run on a default branch or an open pull request has lasted longer than this.",
    parameters: &[Parameter::OlderThan("60m")],
    severity: Severity::Warning,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let Some(too_old) = view.too_old(rule) else {
        return Vec::new();
    };
    let slow: Vec<&CiRun> = view
        .facts
        .pending_runs
        .iter()
        .filter(|run| run.outcome == CiOutcome::Pending && started(run) <= too_old)
        .collect();
    if slow.is_empty() {
        return Vec::new();
    }
    let pulls = view.facts.pulls.iter();
    let authors: HashMap<_, _> = pulls
        .filter_map(|pull| {
            let head = (&pull.key.repository, pull.head_sha.as_deref()?);
            Some((head, &pull.author.login))
        })
        .collect();
    let found = slow.into_iter().filter_map(|run| {
        let author = authors.get(&(&run.repository, run.head_sha.as_str())).copied();
        let is_covered = rule.scope.covers(Some(&run.repository), author);
        is_covered.then(|| finding(rule, run, author))
    });
    found.collect()
}

fn started(run: &CiRun) -> chrono::DateTime<chrono::Utc> {
    run.started_at.unwrap_or(run.created_at)
}

fn finding(rule: &Rule, run: &CiRun, author: Option<&crate::id::Login>) -> Finding {
    let short: String = run.head_sha.chars().take(7).collect();
    let place = run.branch.clone().unwrap_or(short);
    let title = format!("{} has not ended on {place}", run.workflow);
    let mut finding = rule.about(&run.repository, &run.id, title, &run.url);
    finding.since = started(run);
    finding.people.extend(author.cloned());
    finding
        .details
        .insert("workflow".to_owned(), run.workflow.as_str().into());
    finding.details.insert("branch".to_owned(), place.into());
    finding.details.insert("run".to_owned(), run.url.as_str().into());
    finding
}
