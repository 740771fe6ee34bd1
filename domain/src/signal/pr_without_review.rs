//! Purpose: pull requests that nobody but their author has looked at since they were put before reviewers.

use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "pr_without_review",
    heading: "Pull requests without a review",
    summary: "Open and ready, by a person, and nobody else has reviewed it for longer than this.",
    parameters: &[Parameter::OlderThan("12h")],
    severity: Severity::Warning,
    clock: ClockKind::Working,
    looks_at: LooksAt::PullRequests,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let Some(too_old) = view.too_old(rule) else {
        return Vec::new();
    };
    let unreviewed = view.facts.pulls.iter().filter(|pull| {
        pull.reviewed_at.is_none()
            && !pull.author.is_bot
            && pull.presented_at <= too_old
            && rule.scope.covers_pull(pull)
    });
    unreviewed
        .map(|pull| rule.about_pull(pull, pull.presented_at))
        .collect()
}
