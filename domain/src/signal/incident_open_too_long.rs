//! Purpose: incidents that should be over by now.

use super::incident_open::{finding, open};
use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "incident_open_too_long",
    heading: "Incidents open for too long",
    summary: "An incident has been open for longer than this.",
    parameters: &[Parameter::OlderThan("4h")],
    severity: Severity::Critical,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let Some(too_old) = view.too_old(rule) else {
        return Vec::new();
    };
    let old = open(rule, view)
        .into_iter()
        .filter(|story| story.since <= too_old);
    old.map(|story| finding(rule, &story)).collect()
}
