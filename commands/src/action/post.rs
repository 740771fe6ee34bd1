//! Purpose: `slack.post`: posts somebody's words to a channel.

use chrono::Duration;
use em_blocks::action::message_posted;
use em_domain::action::{Action, TargetState};
use em_integrations::slack::{Channel, Place, Posted, SlackError, tagged};
use serde_json::json;
use std::collections::BTreeMap;

use super::slack_text::for_slack;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

/// How long ago an earlier attempt can have been.
const LOOK_BACK: Duration = Duration::days(7);
/// What fits into one paragraph of a message, escaped.
const MAX_CHARS: usize = 2_000;

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let text = for_slack(action.argument("text"));
    if text.chars().count() > MAX_CHARS {
        return Err(Trouble::says(format!(
            "That is too long: I post at most {MAX_CHARS} characters."
        )));
    }
    let channel = ctx.slack.resolve_channel(&action.target).await?;
    usable(&channel)?;
    Ok(Checked {
        title: format!("Post to #{}", channel.name),
        subject_title: format!("#{}", channel.name),
        url: None,
        state: TargetState::default(),
        facts: facts(&channel),
        author: None,
        effect: vec![format!("Posts to #{}: {text}", channel.name)],
        action: Action {
            target: channel.id.clone(),
            ..action.with("text", &text)
        },
    })
}

/// Fails unless the bot can act in the channel.
pub(super) fn usable(channel: &Channel) -> Result<(), Trouble> {
    if channel.is_archived {
        return Err(Trouble::says(format!("#{} is archived.", channel.name)));
    }
    if channel.is_member {
        Ok(())
    } else {
        Err(Trouble::Slack(SlackError::NotInChannel))
    }
}

/// What policies may ask of a channel.
pub(super) fn facts(channel: &Channel) -> BTreeMap<String, serde_json::Value> {
    BTreeMap::from([
        ("channel".to_owned(), json!(channel.name)),
        ("is_private".to_owned(), json!(channel.is_private)),
    ])
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let place = Place::channel(&action.target);
    let found = if attempt.may_have_happened {
        let oldest = ctx.clock.now() - LOOK_BACK;
        ctx.slack.find_posted(&place, &attempt.key, oldest).await?
    } else {
        None
    };
    let was_done_already = found.is_some();
    let posted = match found {
        Some(posted) => posted,
        None => post(ctx, &place, &action, attempt).await?,
    };
    Ok(Done {
        said: "Posted.".to_owned(),
        // The message is there; a link to it is a courtesy.
        url: ctx.slack.permalink(&posted).await.ok().map(String::from),
        undo: None,
        was_done_already,
    })
}

async fn post(ctx: &Ctx, place: &Place, action: &Action, attempt: &Attempt) -> Result<Posted, SlackError> {
    let message = message_posted(
        action.argument("text"),
        attempt.on_behalf_of.as_ref(),
        attempt.reason.as_deref(),
    );
    ctx.slack.post(place, &tagged(message, &attempt.key)).await
}
