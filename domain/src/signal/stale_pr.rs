//! Purpose: pull requests that wait and about which nobody has done anything for long.

use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "stale_pr",
    heading: "Stale pull requests",
    summary: "Open and ready, and nobody has pushed, reviewed or commented for longer than this.",
    parameters: &[Parameter::OlderThan("48h")],
    severity: Severity::Warning,
    clock: ClockKind::Working,
    looks_at: LooksAt::PullRequests,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let Some(too_old) = view.too_old(rule) else {
        return Vec::new();
    };
    let stale = view
        .facts
        .pulls
        .iter()
        .filter(|pull| pull.last_activity_at <= too_old && rule.scope.covers_pull(pull));
    stale
        .map(|pull| rule.about_pull(pull, pull.last_activity_at))
        .collect()
}
