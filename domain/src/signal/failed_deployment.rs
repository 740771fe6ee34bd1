//! Purpose: environments whose newest deployment failed.

use super::{ClockKind, Finding, LooksAt, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "failed_deployment",
    heading: "Failed deployments",
    summary: "The newest deployment to an environment failed.",
    parameters: &[],
    severity: Severity::Critical,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let failed = view.facts.failed_deployments.iter().filter(|failed| {
        rule.scope
            .covers(Some(&failed.repository), failed.creator.as_ref())
    });
    failed
        .map(|failed| {
            let title = format!("{} did not get to {}", failed.git_ref, failed.environment);
            let mut finding = rule.about(&failed.repository, &failed.environment, title, &failed.url);
            finding.since = failed.failed_at;
            finding.people.extend(failed.creator.clone());
            finding
                .details
                .insert("environment".to_owned(), failed.environment.as_str().into());
            finding
                .details
                .insert("ref".to_owned(), failed.git_ref.as_str().into());
            finding
        })
        .collect()
}
