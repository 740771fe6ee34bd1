//! Purpose: `github.comment`: writes a comment.

use chrono::Duration;
use em_domain::action::Action;

use super::look::{self, client};
use super::requested::{mark, signed};
use super::slack_text::for_github;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// How long ago an earlier attempt can have been.
pub(super) const LOOK_BACK: Duration = Duration::days(7);
/// GitHub takes no longer text (65,536 characters), and the line of who asked needs room.
pub(super) const MAX_CHARS: usize = 60_000;

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let client = client(ctx)?;
    let text = for_github(ctx, action.argument("text")).await?;
    if text.trim().is_empty() {
        return Err(Trouble::says("Say what to write."));
    }
    if text.chars().count() > MAX_CHARS {
        return Err(Trouble::says("That is too long for a comment on GitHub."));
    }
    let subject = look::subject(&client, &action).await?;
    let checked = look::checked(&client, action.with("text", &text), &subject).await?;
    Ok(Checked {
        title: format!("Comment on {}", subject.key),
        effect: vec![format!("Writes on {}: {text}", subject.key)],
        ..checked
    })
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let client = client(ctx)?;
    let key = look::key(&action)?;
    let done = |url, was_done_already| Done {
        said: format!("Commented on {key}."),
        url: Some(url),
        undo: None,
        was_done_already,
    };
    if attempt.may_have_happened {
        let oldest = ctx.clock.now() - LOOK_BACK;
        if let Some(found) = client.find_comment(&key, &mark(attempt), oldest).await? {
            return Ok(done(found.url, true));
        }
    }
    let text = signed(ctx, action.argument("text"), attempt).await?;
    let placed = look::or_missing(client.comment(&key, &text).await, &key.to_string())?;
    Ok(done(placed.url, false))
}
