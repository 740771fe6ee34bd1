//! Purpose: `issues` events: who opened, closed or was given an issue; and an issue labelled `incident` is an incident,
//! for as long as it is open.

use std::borrow::Cow;

use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::issue::{IssueMove, Move};
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::Changes;
use super::causes::causes;
use crate::github::payload::{Asked, Repository, Text, Time, User, account, filled, read};

/// The label that makes an issue an incident, in any case.
const INCIDENT: &str = "incident";
/// Labels that say how bad it is, the worst first, in any case.
const SEVERITIES: [&str; 4] = ["sev1", "sev2", "sev3", "sev4"];

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    issue: Issue<'a>,
    /// The label that was put on or taken off.
    label: Option<Label>,
    /// Who was given the issue.
    #[serde(borrow)]
    assignee: Option<User<'a>>,
    /// Who did what the event tells of.
    #[serde(borrow)]
    sender: Option<User<'a>>,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Issue<'a> {
    number: i64,
    #[serde(borrow)]
    state: Cow<'a, str>,
    title: Text,
    body: Option<Text>,
    html_url: Text,
    #[serde(borrow)]
    user: Option<User<'a>>,
    created_at: Time,
    updated_at: Time,
    closed_at: Option<Time>,
    labels: Option<Vec<Label>>,
    assignees: Option<Vec<Asked>>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: Text,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let mut event: Event<'_> = read(payload)?;
    let key = event.repository.pull(event.issue.number)?;
    let moved = moved(&mut event, &key).map(Box::new).map(FactChange::IssueMove);
    let seen = event.repository.fact(event.issue.updated_at.0);
    let incident = incident(event, &key)?;
    Ok(moved.into_iter().chain(incident).chain(seen).collect())
}

/// The move that the event tells of, if it tells of one.
fn moved(event: &mut Event<'_>, key: &PullRequestKey) -> Option<IssueMove> {
    let Event {
        action,
        issue,
        assignee,
        sender,
        ..
    } = event;
    let (kind, by, at): (Move, Account, Time) = match &**action {
        "opened" => (Move::Opened, account(issue.user.take()), issue.created_at),
        "assigned" => (Move::Assigned, account(Some(assignee.take()?)), issue.updated_at),
        "closed" => (Move::Closed, account(Some(sender.take()?)), issue.closed_at?),
        _ => return None,
    };
    Some(IssueMove {
        seen_at: issue.updated_at.0,
        issue: key.clone(),
        kind,
        by,
        at: at.0,
        title: issue.title.0.clone(),
        url: issue.html_url.0.clone(),
    })
}

/// The incident that the issue is or was. Every action states the issue in full; one that never was an incident says
/// nothing here.
fn incident(event: Event<'_>, key: &PullRequestKey) -> Result<Option<FactChange>, String> {
    let Event {
        action,
        issue,
        label,
        repository,
        ..
    } = event;
    let is_marked = labels(&issue).any(|name| is_label(name, INCIDENT));
    let mark_went = &*action == "unlabeled" && label.is_some_and(|label| is_label(&label.name.0, INCIDENT));
    if !is_marked && !mark_went {
        return Ok(None);
    }
    let is_gone = matches!(&*action, "deleted" | "transferred");
    let state = match &*issue.state {
        _ if !is_marked || is_gone => IncidentState::Dismissed,
        "open" => IncidentState::Open,
        "closed" => IncidentState::Resolved,
        _ => return Err("issue.state: neither open nor closed".to_owned()),
    };
    let snapshot = Stamped {
        at: issue.updated_at.0,
        value: snapshot(issue, state, &repository),
    };
    Ok(Some(FactChange::Incident(Box::new(Incident {
        source: "github".to_owned(),
        external_id: key.to_string(),
        snapshot,
        began_again_at: None,
    }))))
}

fn snapshot(issue: Issue<'_>, state: IncidentState, repository: &Repository) -> IncidentSnapshot {
    let has = |severity: &str| labels(&issue).any(|name| is_label(name, severity));
    let severity = (1..).zip(SEVERITIES).find(|(_, name)| has(name));
    IncidentSnapshot {
        state,
        severity: severity.map(|(number, _)| number),
        assignees: issue
            .assignees
            .unwrap_or_default()
            .into_iter()
            .filter_map(|asked| filled(asked.login).map(Login))
            .collect(),
        title: issue.title.0,
        url: issue.html_url.0,
        repository: Some(repository.name()),
        opened_at: issue.created_at.0,
        acknowledged_at: None,
        resolved_at: issue.closed_at.map(|at| at.0),
        service: None,
        causes: issue.body.map(|body| causes(&body.0)).unwrap_or_default(),
    }
}

fn labels<'i>(issue: &'i Issue<'_>) -> impl Iterator<Item = &'i str> {
    issue.labels.iter().flatten().map(|label| label.name.0.as_str())
}

fn is_label(name: &str, label: &str) -> bool {
    name.trim().eq_ignore_ascii_case(label)
}
