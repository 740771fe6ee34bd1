//! Purpose: `linear.comment` and `linear.transition`.

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::action::{Action, TargetState};
use em_integrations::linear::{LinearClient, LinearIssue, State, comment_id};
use serde_json::json;

use super::elsewhere::{comment_text, issue_key, line, listed, named, or_missing, set_up};
use super::look::Change;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// Nobody reads more, and Linear says nowhere what it takes.
const MAX_CHARS: usize = 30_000;

fn client(ctx: &Ctx) -> Result<Arc<LinearClient>, Trouble> {
    set_up(ctx.elsewhere.linear.as_ref(), "Linear", "LINEAR_TOKEN")
}

async fn issue(client: &LinearClient, action: &Action) -> Result<LinearIssue, Trouble> {
    let key = issue_key(action, "ENG-7")?;
    or_missing(client.issue(&key).await, &format!("issue {key}"))
}

fn checked(action: Action, issue: &LinearIssue) -> Checked {
    let facts = [("state", json!(issue.state.name)), ("team", json!(issue.team))];
    Checked {
        action: Action {
            target: issue.identifier.clone(),
            ..action
        },
        title: String::new(),
        subject_title: issue.title.clone(),
        url: Some(issue.url.clone()),
        state: TargetState::default(),
        facts: BTreeMap::from(facts.map(|(name, value)| (name.to_owned(), value))),
        author: None,
        effect: Vec::new(),
    }
}

pub(super) async fn check_comment(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let text = comment_text(&action, "Linear", MAX_CHARS)?;
    let issue = issue(&client, &action).await?;
    Ok(Checked {
        title: format!("Comment on {}", issue.identifier),
        effect: vec![format!("Writes on {}: {text}", issue.identifier)],
        ..checked(action.with("text", &text), &issue)
    })
}

pub(super) async fn comment(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let done = |url, was_done_already| Done {
        said: format!("Commented on {}.", issue.identifier),
        url: Some(url),
        undo: None,
        was_done_already,
    };
    let id = comment_id(&attempt.key);
    if attempt.may_have_happened
        && let Some(url) = client.find_comment(&id).await?
    {
        return Ok(done(url, true));
    }
    let line = line(ctx, attempt).await?;
    let text = format!("{}\n\n---\n\n_{line}_", action.argument("text"));
    let url = client.comment(&issue, &id, &text).await?;
    Ok(done(url, false))
}

/// The state that is wanted.
fn state<'i>(issue: &'i LinearIssue, wanted: &str) -> Result<&'i State, Trouble> {
    let names: Vec<&str> = issue.states.iter().map(|state| state.name.as_str()).collect();
    let found = named(&names, wanted);
    let found = found.and_then(|name| issue.states.iter().find(|state| state.name == name));
    found.ok_or_else(|| {
        Trouble::says(format!(
            "{} has no state “{wanted}”. It has: {}.",
            issue.team,
            listed(&names)
        ))
    })
}

pub(super) async fn check_transition(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let (key, now) = (&issue.identifier, &issue.state.name);
    let to = state(&issue, action.argument("state"))?.name.clone();
    if to == *now {
        return Err(Trouble::says(format!("{key} is in “{now}” already.")));
    }
    let mut action = action.with("state", &to);
    action.arguments.entry("from".to_owned()).or_insert(now.clone());
    let checked = checked(action, &issue);
    let mut facts = checked.facts;
    facts.insert("to".to_owned(), json!(to));
    Ok(Checked {
        title: format!("Move {key} to “{to}”"),
        state: TargetState::of([("state", now.clone())]),
        effect: vec![format!("Moves {key} from “{now}” to “{to}”.")],
        facts,
        ..checked
    })
}

pub(super) async fn transition(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let issue = issue(&client, &action).await?;
    let to = state(&issue, action.argument("state"))?;
    let (key, from) = (&issue.identifier, action.argument("from"));
    let back = Action::new("linear.transition", key)
        .with("state", from)
        .with("from", &to.name);
    let change = Change {
        said: format!("Moved {key} to “{}”.", to.name),
        said_already: format!("{key} was in “{}” already.", to.name),
        undo: Some(back).filter(|_| !from.is_empty()),
    };
    let url = Some(issue.url.clone());
    if to.name == issue.state.name {
        return Ok(change.found_made_at(url, attempt));
    }
    client.move_to(&issue, to).await?;
    Ok(change.made_at(url))
}
