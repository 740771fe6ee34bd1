//! Purpose: people for whom more pull requests wait than they can review.

use std::collections::BTreeMap;

use super::finding::counted;
use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};
use crate::id::Login;
use crate::triage::Turn;

pub(super) const KIND: SignalKind = SignalKind {
    name: "review_overload",
    heading: "Too many reviews wait for one person",
    summary: "More pull requests than this wait for a review by one person.",
    parameters: &[Parameter::Limit(8)],
    severity: Severity::Warning,
    clock: ClockKind::Wall,
    looks_at: LooksAt::PullRequests,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let mut by_reviewer = BTreeMap::new();
    let waiting = view.facts.pulls.iter().filter(|pull| pull.turn == Turn::Reviewer);
    for pull in waiting {
        let covered = |reviewer: &&Login| rule.scope.covers_pull_of(pull, reviewer);
        for reviewer in pull.actors.iter().filter(covered) {
            let (_, pulls) = by_reviewer
                .entry(reviewer.as_str().to_lowercase())
                .or_insert_with(|| (reviewer, Vec::new()));
            pulls.push((pull.waiting_since, pull));
        }
    }
    let over = by_reviewer.into_values().filter_map(|(reviewer, pulls)| {
        let waiting = counted(pulls.len(), "review waits", "reviews wait");
        let title = format!("{waiting} for {reviewer}, {} are fine", rule.parameters.limit);
        let finding = rule.about_person(reviewer, pulls)?;
        let url = format!(
            "{}?q=is%3Aopen+is%3Apr+review-requested%3A{reviewer}",
            finding.url
        );
        Some(Finding {
            title,
            url,
            ..finding
        })
    });
    over.collect()
}
