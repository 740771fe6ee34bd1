//! Purpose: people who have more pull requests open than they can finish.

use std::collections::BTreeMap;

use super::finding::counted;
use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};

pub(super) const KIND: SignalKind = SignalKind {
    name: "wip_limit_exceeded",
    heading: "Too much at once",
    summary: "One person has more pull requests open and ready than this.",
    parameters: &[Parameter::Limit(5)],
    severity: Severity::Info,
    clock: ClockKind::Wall,
    looks_at: LooksAt::PullRequests,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let mut by_author = BTreeMap::new();
    for pull in &view.facts.pulls {
        if !pull.author.is_bot && rule.scope.covers_pull(pull) {
            let key = pull.author.login.as_str().to_lowercase();
            let (_, pulls) = by_author
                .entry(key)
                .or_insert_with(|| (&pull.author.login, Vec::new()));
            pulls.push((pull.presented_at, pull));
        }
    }
    let over = by_author.into_values().filter_map(|(author, pulls)| {
        let open = counted(pulls.len(), "pull request", "pull requests");
        let title = format!("{author} has {open} open, {} are fine", rule.parameters.limit);
        let finding = rule.about_person(author, pulls)?;
        let url = format!("{}?q=is%3Aopen+is%3Apr+author%3A{author}", finding.url);
        Some(Finding {
            title,
            url,
            ..finding
        })
    });
    over.collect()
}
