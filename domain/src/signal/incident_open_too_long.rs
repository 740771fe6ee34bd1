//! Purpose: incidents that should be over by now.

use super::{ClockKind, Finding, LooksAt, Parameter, Rule, Severity, SignalKind, View};
use crate::incident::{Incident, IncidentState};

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
    let open = view.facts.incidents.iter().filter(|incident| {
        let said = &incident.snapshot.value;
        said.state == IncidentState::Open
            && said.opened_at <= too_old
            && rule.scope.covers(said.repository.as_ref(), &said.assignees)
    });
    open.map(|incident| finding(rule, incident)).collect()
}

fn finding(rule: &Rule, incident: &Incident) -> Finding {
    let said = &incident.snapshot.value;
    let mut details = rule.limits();
    details.insert("source".to_owned(), incident.source.as_str().into());
    if let Some(severity) = said.severity {
        details.insert("incident_severity".to_owned(), severity.into());
    }
    Finding {
        rule: rule.name.clone(),
        kind: rule.kind.name.to_owned(),
        subject: format!("{}:{}", incident.source, incident.external_id),
        severity: rule.severity,
        title: said.title.clone(),
        url: said.url.clone(),
        repository: said.repository.clone(),
        people: said.assignees.clone(),
        since: said.opened_at,
        details,
    }
}
