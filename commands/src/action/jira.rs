//! Purpose: `jira.comment` and `jira.transition`.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::{Action, TargetState};
use em_integrations::jira::{JiraClient, JiraIssue, Transition};
use serde_json::json;

use super::comment::LOOK_BACK;
use super::elsewhere::{comment_text, issue_key, line, listed, named, or_missing, reference, set_up};
use super::look::Change;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// Jira takes no longer text (32,767 characters), and the line of who asked needs room.
const MAX_CHARS: usize = 30_000;

fn client(ctx: &Ctx) -> Result<Arc<JiraClient>, Trouble> {
    set_up(ctx.elsewhere.jira.as_ref(), "Jira", "JIRA_TOKEN and JIRA_API_URL")
}

async fn issue(client: &JiraClient, action: &Action) -> Result<JiraIssue, Trouble> {
    let key = issue_key(action, "PAY-12")?;
    or_missing(client.issue(&key).await, &format!("issue {key}"))
}

fn checked(action: Action, issue: &JiraIssue) -> Checked {
    let project = issue.key.rsplit_once('-').map(|(project, _)| project);
    let facts = [("status", json!(issue.status)), ("project", json!(project))];
    Checked {
        action: Action {
            target: issue.key.clone(),
            ..action
        },
        title: String::new(),
        subject_title: issue.summary.clone(),
        url: issue.url.as_ref().map(ToString::to_string),
        state: TargetState::default(),
        facts: BTreeMap::from(facts.map(|(name, value)| (name.to_owned(), value))),
        author: None,
        effect: Vec::new(),
    }
}

pub(super) async fn check_comment(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let text = comment_text(&action, "Jira", MAX_CHARS)?;
    let issue = issue(&client, &action).await?;
    Ok(Checked {
        title: format!("Comment on {}", issue.key),
        effect: vec![format!("Writes on {}: {text}", issue.key)],
        ..checked(action.with("text", &text), &issue)
    })
}

pub(super) async fn comment(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let done = |id: &str, was_done_already| Done {
        said: format!("Commented on {}.", issue.key),
        url: issue.url.clone().map(|mut url| {
            url.set_query(Some(&format!("focusedCommentId={id}")));
            url.to_string()
        }),
        undo: None,
        was_done_already,
    };
    if attempt.may_have_happened {
        let oldest = ctx.clock.now() - LOOK_BACK;
        let found = client
            .find_comment(&issue.key, &reference(attempt), oldest)
            .await?;
        if let Some(found) = found {
            return Ok(done(&found.id, true));
        }
    }
    let line = line(ctx, attempt).await?;
    let placed = client.comment(&issue.key, action.argument("text"), &line).await?;
    Ok(done(&placed.id, false))
}

/// The way to the status that is wanted, with all there are.
async fn way(client: &JiraClient, issue: &JiraIssue, wanted: &str) -> Result<Transition, Trouble> {
    let ways = client.transitions(&issue.key).await?;
    let names: Vec<&str> = ways.iter().map(|way| way.to.as_str()).collect();
    let found = named(&names, wanted).and_then(|name| ways.iter().find(|way| way.to == name));
    found.cloned().ok_or_else(|| {
        let JiraIssue { key, status, .. } = issue;
        Trouble::says(if names.is_empty() {
            format!("{key} cannot leave “{status}”: its workflow lets my token move it nowhere.")
        } else {
            let names = listed(&names);
            format!("{key} cannot move from “{status}” to “{wanted}”. It can move to: {names}.")
        })
    })
}

pub(super) async fn check_transition(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let wanted = action.argument("status").to_owned();
    let JiraIssue { key, status, .. } = &issue;
    if named(&[status], &wanted).is_some() {
        return Err(Trouble::says(format!("{key} is in “{status}” already.")));
    }
    let to = way(&client, &issue, &wanted).await?.to;
    let mut action = action.with("status", &to);
    action
        .arguments
        .entry("from".to_owned())
        .or_insert(status.clone());
    let checked = checked(action, &issue);
    let mut facts = checked.facts;
    facts.insert("to".to_owned(), json!(to));
    Ok(Checked {
        title: format!("Move {key} to “{to}”"),
        state: TargetState::of([("status", status.clone())]),
        effect: vec![format!("Moves {key} from “{status}” to “{to}”.")],
        facts,
        ..checked
    })
}

pub(super) async fn transition(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let wanted = action.argument("status");
    let change = moved(&action, &issue.key, wanted);
    let url = issue.url.as_ref().map(ToString::to_string);
    if named(&[&issue.status], wanted).is_some() {
        return Ok(change.found_made_at(url, attempt));
    }
    let way = way(&client, &issue, wanted).await?;
    client.transition(&issue.key, &way).await?;
    Ok(change.made_at(url))
}

/// The way back may not be there; then whoever takes it is told so.
fn moved(action: &Action, key: &str, wanted: &str) -> Change {
    let from = action.argument("from");
    let back = Action::new("jira.transition", key)
        .with("status", from)
        .with("from", wanted);
    Change {
        said: format!("Moved {key} to “{wanted}”."),
        said_already: format!("{key} was in “{wanted}” already."),
        undo: Some(back).filter(|_| !from.is_empty()),
    }
}
