//! Purpose: `github.close` and `github.reopen`: each takes the other back.

use em_domain::action::Action;
use em_domain::pull_request::PullRequestState;

use super::label::other;
use super::look::{self, Change, client, must_be_open};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check_close(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    must_be_open(&subject)?;
    let checked = look::checked(&client, action, &subject).await?;
    let without = if subject.pull.is_some() {
        " without merging it"
    } else {
        ""
    };
    Ok(Checked {
        title: format!("Close {}", subject.key),
        // Whoever agreed to close something that was given up has not seen what was pushed since.
        state: look::state_with_head(&subject),
        effect: vec![format!(
            "Closes {}{without}. It can be opened again.",
            subject.key
        )],
        ..checked
    })
}

pub(super) async fn check_reopen(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    match subject.state {
        PullRequestState::Closed => {}
        PullRequestState::Open => return Err(Trouble::says(format!("{} is open.", subject.key))),
        PullRequestState::Merged => return Err(cannot_reopen(&subject.key.to_string())),
    }
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Reopen {}", subject.key),
        effect: vec![format!("Opens {} again.", subject.key)],
        ..checked
    })
}

fn cannot_reopen(key: &str) -> Trouble {
    Trouble::says(format!("{key} is merged, so it cannot be opened again."))
}

pub(super) async fn close(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Closed {}.", subject.key),
        said_already: format!("{} was closed already.", subject.key),
        undo: Some(other("github.reopen", &action)),
    };
    match subject.state {
        PullRequestState::Closed => return Ok(change.found_made(&subject, attempt)),
        PullRequestState::Open | PullRequestState::Merged => must_be_open(&subject)?,
    }
    client.close(&subject.key).await?;
    Ok(change.made(&subject))
}

pub(super) async fn reopen(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("Reopened {}.", subject.key),
        said_already: format!("{} was open already.", subject.key),
        undo: Some(other("github.close", &action)),
    };
    match subject.state {
        PullRequestState::Open => return Ok(change.found_made(&subject, attempt)),
        PullRequestState::Merged => return Err(cannot_reopen(&subject.key.to_string())),
        PullRequestState::Closed => {}
    }
    client.reopen(&subject.key).await?;
    Ok(change.made(&subject))
}
