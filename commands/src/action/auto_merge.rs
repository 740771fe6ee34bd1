//! Purpose: `github.auto_merge` and `github.cancel_auto_merge`: GitHub merges once everything is fulfilled.

use em_domain::action::Action;
use em_domain::pull_request::PullRequestState;

use super::look::{self, Change, client, pull};
use super::merge::{can_be_merged, method, normalised, same_head};
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check_enable(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let method = method(&action)?;
    let subject = look::subject(&client, &action).await?;
    let pull = can_be_merged(&subject)?;
    if pull.has_auto_merge {
        return Err(Trouble::says(format!(
            "GitHub merges {} by itself already.",
            subject.key
        )));
    }
    let checked = look::checked(&client, normalised(action, method, pull), &subject).await?;
    Ok(Checked {
        title: format!("Auto-merge {}", subject.key),
        state: look::state_with_head(&subject),
        effect: vec![format!(
            "GitHub merges {} into {} once everything that the repository asks for is fulfilled.",
            subject.key, pull.base_ref
        )],
        ..checked
    })
}

pub(super) async fn check_disable(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    if !pull(&subject)?.has_auto_merge {
        return Err(Trouble::says(format!(
            "GitHub does not merge {} by itself.",
            subject.key
        )));
    }
    let checked = look::checked(&client, action, &subject).await?;
    Ok(Checked {
        title: format!("Cancel the auto-merge of {}", subject.key),
        effect: vec![format!("GitHub no longer merges {} by itself.", subject.key)],
        ..checked
    })
}

pub(super) async fn enable(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let method = method(&action)?;
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("GitHub merges {} once everything is fulfilled.", subject.key),
        said_already: format!("GitHub was to merge {} by itself already.", subject.key),
        undo: Some(Action::new("github.cancel_auto_merge", &action.target)),
    };
    let is_on = subject.pull.as_ref().is_some_and(|pull| pull.has_auto_merge);
    if is_on || subject.state == PullRequestState::Merged {
        return Ok(change.found_made(&subject, attempt));
    }
    let pull = can_be_merged(&subject)?;
    same_head(&action, &subject, pull)?;
    client
        .enable_auto_merge(&pull.node_id, method, &pull.head_sha)
        .await?;
    Ok(change.made(&subject))
}

pub(super) async fn disable(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let subject = look::subject(&client, &action).await?;
    let change = Change {
        said: format!("GitHub no longer merges {} by itself.", subject.key),
        said_already: format!("GitHub did not merge {} by itself any more.", subject.key),
        undo: None,
    };
    let pull = pull(&subject)?;
    if subject.state == PullRequestState::Merged {
        return Err(Trouble::says(format!("{} is merged already.", subject.key)));
    }
    if !pull.has_auto_merge {
        return Ok(change.found_made(&subject, attempt));
    }
    client.disable_auto_merge(&pull.node_id).await?;
    Ok(change.made(&subject))
}
