//! Purpose: `github.assign` and `github.unassign`: who works on it.

use em_domain::action::Action;
use em_domain::id::Login;

use super::label::other;
use super::look::{self, Change, client};
use super::requested::login_meant;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check_assign(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let login = login_meant(ctx, action.argument("login")).await?;
    let subject = look::subject(&client, &action).await?;
    let repository = subject.key.repository.as_str();
    if subject.is_assigned(&login) {
        return Err(Trouble::says(format!(
            "{login} is assigned to {} already.",
            subject.key
        )));
    }
    if !client.can_be_assigned(repository, &login).await? {
        return Err(Trouble::says(format!(
            "{login} cannot be assigned in {repository}: GitHub knows no such account there."
        )));
    }
    let action = action.with("login", login.as_str());
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Assign {login} to {}", subject.key),
        effect: vec![format!("Makes {login} an assignee of {}.", subject.key)],
        ..checked
    })
}

pub(super) async fn check_unassign(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let login = login_meant(ctx, action.argument("login")).await?;
    let subject = look::subject(&client, &action).await?;
    if !subject.is_assigned(&login) {
        return Err(Trouble::says(format!(
            "{login} is not assigned to {}.",
            subject.key
        )));
    }
    let action = action.with("login", login.as_str());
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Take {login} off {}", subject.key),
        effect: vec![format!("Takes {login} off the assignees of {}.", subject.key)],
        ..checked
    })
}

pub(super) async fn assign(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let login = Login::from(action.argument("login"));
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Assigned {login} to {}.", subject.key),
        said_already: format!("{login} was assigned to {} already.", subject.key),
        undo: Some(other("github.unassign", &action)),
    };
    if subject.is_assigned(&login) {
        return Ok(change.found_made(&subject, attempt));
    }
    client.assign(&subject.key, &login).await?;
    Ok(change.made(&subject))
}

pub(super) async fn unassign(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let login = Login::from(action.argument("login"));
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Took {login} off {}.", subject.key),
        said_already: format!("{login} was not assigned to {} any more.", subject.key),
        undo: Some(other("github.assign", &action)),
    };
    if !subject.is_assigned(&login) {
        return Ok(change.found_made(&subject, attempt));
    }
    client.unassign(&subject.key, &login).await?;
    Ok(change.made(&subject))
}
