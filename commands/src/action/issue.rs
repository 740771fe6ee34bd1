//! Purpose: `github.create_issue`: writes an issue.

use em_domain::action::{Action, TargetState};
use em_domain::id::Login;
use em_integrations::github::actions::{NewIssue, Placed};
use serde_json::json;

use super::comment::{LOOK_BACK, MAX_CHARS};
use super::look::{self, client, or_missing};
use super::requested::{login_meant, mark, signed};
use super::slack_text::for_github;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// GitHub takes no longer title.
const MAX_TITLE_CHARS: usize = 256;

pub(super) async fn check(ctx: &Ctx, mut action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?.to_owned();
    let title = for_github(ctx, action.argument("title")).await?;
    let body = for_github(ctx, action.argument("body")).await?;
    action = action.with("title", &title);
    if !body.is_empty() {
        action = action.with("body", body);
    }
    if title.chars().count() > MAX_TITLE_CHARS || action.argument("body").chars().count() > MAX_CHARS {
        return Err(Trouble::says("That is too long for an issue on GitHub."));
    }
    or_missing(client.default_branch(&repository).await, &repository)?;
    let mut effect = vec![format!("Writes an issue in {repository}: {title}")];
    let label = action.argument("label").to_owned();
    if !label.is_empty() {
        if !client.has_label(&repository, &label).await? {
            return Err(Trouble::says(format!("{repository} has no label “{label}”.")));
        }
        effect.push(format!("Labels it “{label}”."));
    }
    if !action.argument("assignee").is_empty() {
        let login = login_meant(ctx, action.argument("assignee")).await?;
        if !client.can_be_assigned(&repository, &login).await? {
            return Err(Trouble::says(format!(
                "{login} cannot be assigned in {repository}: GitHub knows no such account there."
            )));
        }
        effect.push(format!("Assigns it to {login}."));
        action = action.with("assignee", login.as_str());
    }
    let mut facts = look::of_repository(&repository);
    facts.insert("labels".to_owned(), json!(one(&label)));
    Ok(Checked {
        action,
        title: format!("Write an issue in {repository}"),
        subject_title: title,
        url: Some(format!("{}/{repository}/issues", look::site(ctx))),
        state: TargetState::default(),
        facts,
        author: None,
        effect,
    })
}

fn one(text: &str) -> Vec<String> {
    Some(text.to_owned())
        .filter(|text| !text.is_empty())
        .into_iter()
        .collect()
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let repository = look::repository(&action)?;
    if attempt.may_have_happened {
        let oldest = ctx.clock.now() - LOOK_BACK;
        if let Some(found) = client.find_issue(repository, &mark(attempt), oldest).await? {
            return Ok(done(repository, found, true));
        }
    }
    let new = NewIssue {
        title: action.argument("title").to_owned(),
        body: signed(ctx, action.argument("body"), attempt).await?,
        labels: one(action.argument("label")),
        assignees: one(action.argument("assignee")).into_iter().map(Login).collect(),
    };
    let placed = or_missing(client.create_issue(repository, &new).await, repository)?;
    Ok(done(repository, placed, false))
}

fn done(repository: &str, placed: Placed, was_done_already: bool) -> Done {
    let key = placed.number.map(|number| format!("{repository}#{number}"));
    Done {
        said: match &key {
            Some(key) => format!("Wrote {key}."),
            None => "Wrote the issue.".to_owned(),
        },
        url: Some(placed.url),
        undo: key.map(|key| Action::new("github.close", key)),
        was_done_already,
    }
}
