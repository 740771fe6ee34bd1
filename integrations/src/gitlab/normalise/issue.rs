//! Purpose: `issue` and `work_item` events, and issues as the poller reads them: who opened, closed or was given an issue; and one
//! of type `Incident` is an incident.

use chrono::SubsecRound;
use em_domain::fact::FactChange;
use em_domain::id::Login;
use em_domain::incident::{Incident, IncidentSnapshot, IncidentState};
use em_domain::issue::{IssueMove, Move};
use em_domain::pull_request::{Account, PullRequestKey};
use em_domain::stamped::Stamped;
use serde::Deserialize;

use super::Changes;
use crate::gitlab::payload::{Change, Project, User, account, newcomers};
use crate::payload::{Text, Time, filled, read};

#[derive(Debug, Deserialize)]
struct Event {
    user: Option<User>,
    /// Absent from work items of a group, as epics are.
    project: Option<Project>,
    object_attributes: Issue,
    assignees: Option<Vec<User>>,
    changes: Option<Changed>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    iid: i64,
    title: Text,
    state: Option<Text>,
    action: Option<Text>,
    #[serde(rename = "type")]
    kind: Option<Text>,
    severity: Option<Text>,
    created_at: Time,
    updated_at: Time,
    closed_at: Option<Time>,
    url: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
struct Changed {
    assignees: Option<Change<Vec<User>>>,
}

pub(super) fn changes(payload: &[u8]) -> Changes {
    let mut event: Event = read(payload)?;
    let Some(project) = event.project.take() else {
        return Ok(Vec::new());
    };
    let key = project.numbered(event.object_attributes.iid)?;
    let mut facts = moves(&mut event, &key, &project);
    facts.extend(project.fact(event.object_attributes.updated_at.0));
    facts.extend(incident(&event, &key, &project)?);
    Ok(facts)
}

#[derive(Debug, Deserialize)]
struct Polled {
    author: Option<User>,
    closed_by: Option<User>,
}

/// An issue as `GET /projects/:id/issues` lists it, `{"project": …, "object_attributes": …, "author": …, "closed_by": …}`. It does
/// not say when who was given it.
pub(super) fn polled(payload: &[u8]) -> Changes {
    let (event, by): (Event, Polled) = (read(payload)?, read(payload)?);
    let Some(project) = &event.project else {
        return Err("project: missing from an issue".to_owned());
    };
    let issue = &event.object_attributes;
    let key = project.numbered(issue.iid)?;
    let account = |user: &Option<User>| user.as_ref().and_then(User::account);
    let opened = account(&by.author).map(|by| (Move::Opened, by, issue.created_at));
    let closed_at = issue.closed_at.filter(|_| issue.is("closed"));
    let closed = account(&by.closed_by)
        .zip(closed_at)
        .map(|(by, at)| (Move::Closed, by, at));
    let moves = opened.into_iter().chain(closed);
    let mut facts: Vec<FactChange> = moves.map(|one| moved(issue, &key, project, one)).collect();
    facts.extend(project.fact(issue.updated_at.0));
    facts.extend(incident(&event, &key, project)?);
    Ok(facts)
}

impl Issue {
    fn is(&self, state: &str) -> bool {
        self.state.as_ref().is_some_and(|own| own.0 == state)
    }
}

/// The moves that the event tells of. Who opens an issue may give it to people at once.
fn moves(event: &mut Event, key: &PullRequestKey, project: &Project) -> Vec<FactChange> {
    let issue = &event.object_attributes;
    let actor = event.user.as_ref().and_then(User::account);
    let given = event.changes.take().unwrap_or_default().assignees;
    let (done, given, at) = match issue.action.as_ref().map_or("", |action| action.0.as_str()) {
        "open" => {
            let first = event.assignees.iter().flatten().filter_map(User::login);
            let opened = actor.map(|by| (Move::Opened, by, issue.created_at));
            (opened, first.collect(), issue.created_at)
        }
        "close" => {
            let at = issue.closed_at.unwrap_or(issue.updated_at);
            let closed = actor.map(|by| (Move::Closed, by, at));
            (closed, given.map(newcomers).unwrap_or_default(), issue.updated_at)
        }
        _ => (None, given.map(newcomers).unwrap_or_default(), issue.updated_at),
    };
    let given = given
        .into_iter()
        .map(|login| (Move::Assigned, account(login), at));
    let all = done.into_iter().chain(given);
    all.map(|one| moved(issue, key, project, one)).collect()
}

/// Webhooks give whole seconds, the API more: a move has one time.
fn moved(
    issue: &Issue,
    key: &PullRequestKey,
    project: &Project,
    (kind, by, at): (Move, Account, Time),
) -> FactChange {
    FactChange::IssueMove(Box::new(IssueMove {
        seen_at: issue.updated_at.0,
        issue: key.clone(),
        kind,
        by,
        at: at.0.trunc_subsecs(0),
        title: issue.title.0.clone(),
        url: url(issue, project),
    }))
}

fn url(issue: &Issue, project: &Project) -> String {
    filled(issue.url.clone()).unwrap_or_else(|| project.page(&format!("issues/{}", issue.iid)))
}

fn incident(event: &Event, key: &PullRequestKey, project: &Project) -> Result<Option<FactChange>, String> {
    let issue = &event.object_attributes;
    let is_incident = issue
        .kind
        .as_ref()
        .is_some_and(|kind| kind.0.eq_ignore_ascii_case("incident"));
    if !is_incident {
        return Ok(None);
    }
    let state = match issue.state.as_ref().map_or("", |state| state.0.as_str()) {
        "opened" => IncidentState::Open,
        "closed" => IncidentState::Resolved,
        other => return Err(format!("object_attributes.state: unknown state `{other}`")),
    };
    let assignees: Vec<Login> = event.assignees.iter().flatten().filter_map(User::login).collect();
    let value = IncidentSnapshot {
        state,
        severity: severity(issue.severity.as_ref()),
        assignees,
        url: url(issue, project),
        title: issue.title.0.clone(),
        repository: Some(project.name()),
        opened_at: issue.created_at.0,
        acknowledged_at: None,
        resolved_at: issue
            .closed_at
            .filter(|_| state == IncidentState::Resolved)
            .map(|at| at.0),
        service: None,
        causes: Vec::new(),
    };
    Ok(Some(FactChange::Incident(Box::new(Incident {
        source: "gitlab".to_owned(),
        external_id: key.to_string(),
        snapshot: Stamped {
            at: issue.updated_at.0,
            value,
        },
        began_again_at: None,
    }))))
}

/// GitLab's words, the worst first; the API writes them in capitals.
fn severity(word: Option<&Text>) -> Option<u8> {
    match word?.0.to_ascii_lowercase().as_str() {
        "critical" => Some(1),
        "high" => Some(2),
        "medium" => Some(3),
        "low" => Some(4),
        _ => None,
    }
}
