//! Purpose: incidents that are open, one signal for each story however many alerts it is.

use super::{ClockKind, Finding, LooksAt, Rule, Severity, SignalKind, View};
use crate::incident_story::{IncidentStory, stories};

pub(super) const KIND: SignalKind = SignalKind {
    name: "incident_open",
    heading: "Open incidents",
    summary: "An incident is open; alerts about the same thing within half an hour are one.",
    parameters: &[],
    severity: Severity::Critical,
    clock: ClockKind::Wall,
    looks_at: LooksAt::Repositories,
    evaluate,
};

fn evaluate(rule: &Rule, view: &View<'_>) -> Vec<Finding> {
    let open = open(rule, view).into_iter();
    open.map(|story| finding(rule, &story)).collect()
}

/// The stories that the rule covers.
pub(super) fn open(rule: &Rule, view: &View<'_>) -> Vec<IncidentStory> {
    let covered = view.facts.incidents.iter().filter(|incident| {
        let said = &incident.snapshot.value;
        rule.scope.covers(said.repository.as_ref(), &said.assignees)
    });
    stories(covered)
}

pub(super) fn finding(rule: &Rule, story: &IncidentStory) -> Finding {
    let mut details = rule.limits();
    details.insert("source".to_owned(), story.source.as_str().into());
    if let Some(severity) = story.severity {
        details.insert("incident_severity".to_owned(), severity.into());
    }
    let title = match story.and_more() {
        Some(more) => format!("{} {more}", story.title),
        None => story.title.clone(),
    };
    Finding {
        rule: rule.name.clone(),
        kind: rule.kind.name.to_owned(),
        subject: story.key.clone(),
        severity: rule.severity,
        title,
        url: story.url.clone(),
        repository: story.repository.clone(),
        people: story.assignees.clone(),
        since: story.since,
        details,
    }
}
