//! Purpose: default branches on which a workflow is red.

use super::{ClockKind, Finding, LooksAt, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "failing_main",
    heading: "Default branches that are red",
    summary: "A workflow's newest verdict on the default branch is red.",
    parameters: &[],
    severity: Severity::Critical,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let red = view
        .facts
        .failing_branches
        .iter()
        .filter(|red| rule.scope.covers(Some(&red.repository), []));
    red.map(|red| {
        let branch = red.branch.as_deref().unwrap_or("the default branch");
        let title = format!("{} is red on {branch}", red.workflow);
        let mut finding = rule.about(&red.repository, &red.workflow, title, &red.url);
        finding.since = red.since;
        finding
            .details
            .insert("workflow".to_owned(), red.workflow.as_str().into());
        finding.details.insert("branch".to_owned(), branch.into());
        finding.details.insert("run".to_owned(), red.url.as_str().into());
        finding
    })
    .collect()
}
