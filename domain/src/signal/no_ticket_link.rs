//! Purpose: pull requests that say nowhere which ticket they are for.

use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View, WatchedPull};

pub(super) const KIND: SignalKind = SignalKind {
    name: "no_ticket_link",
    heading: "Pull requests without a ticket",
    summary: "Open and ready, by a person, and neither title, branch nor text names a ticket of this pattern.",
    parameters: &[Parameter::Pattern(r"[A-Z][A-Z0-9]+-\d+")],
    severity: Severity::Info,
    clock: ClockKind::Wall,
    looks_at: LooksAt::PullRequests,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let silent = view
        .facts
        .pulls
        .iter()
        .filter(|pull| !pull.author.is_bot && rule.scope.covers_pull(pull) && !names_ticket(rule, pull));
    silent
        .map(|pull| Finding {
            people: vec![pull.author.login.clone()],
            ..rule.about_pull(pull, pull.presented_at)
        })
        .collect()
}

/// Whether it names a ticket, or might: where the text is not known, nobody can say that it does not.
fn names_ticket(rule: &Rule, pull: &WatchedPull) -> bool {
    let pattern = &rule.parameters.pattern;
    let Some(references) = &pull.references else {
        return true;
    };
    pattern.is_in(&pull.title)
        || pattern.is_in(&pull.head_ref)
        || references.iter().any(|reference| pattern.is_in(reference))
}
