//! Purpose: `slack.create_channel`: makes a channel and brings in whoever asked for it.

use em_domain::action::{Action, TargetState};
use em_integrations::slack::{Channel, SlackError, is_channel_name};

use super::post::facts;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

fn is_private(action: &Action) -> Result<bool, Trouble> {
    match action.argument("private").to_lowercase().as_str() {
        "" | "no" | "false" => Ok(false),
        "yes" | "true" => Ok(true),
        other => Err(Trouble::says(format!(
            "Write `--private yes` or `--private no`, not “{other}”."
        ))),
    }
}

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let name = action.target.trim_start_matches('#').to_owned();
    if !is_channel_name(&name) {
        return Err(Trouble::says(format!(
            "“{name}” cannot be the name of a channel: those are at most 80 lower case letters, digits, hyphens and \
             underscores."
        )));
    }
    let is_private = is_private(&action)?;
    if ctx.slack.find_channel_now(&name).await?.is_some() {
        return Err(taken(&name));
    }
    let kind = if is_private { "private" } else { "public" };
    let channel = Channel {
        id: String::new(),
        name: name.clone(),
        is_member: true,
        is_channel: true,
        is_private,
        is_im: false,
        is_archived: false,
        creator: String::new(),
    };
    Ok(Checked {
        title: format!("Make the channel #{name}"),
        subject_title: format!("#{name}"),
        url: None,
        state: TargetState::default(),
        facts: facts(&channel),
        author: None,
        effect: vec![
            format!("Makes the {kind} channel #{name}."),
            "Brings in whoever asked for it.".to_owned(),
        ],
        action: Action {
            target: name,
            ..action.with("private", if is_private { "yes" } else { "no" })
        },
    })
}

fn taken(name: &str) -> Trouble {
    Trouble::says(format!("There is a channel #{name} already."))
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let name = action.target.as_str();
    let made_before = if attempt.may_have_happened {
        own_channel(ctx, name).await?
    } else {
        None
    };
    let was_done_already = made_before.is_some();
    let id = match made_before {
        Some(id) => id,
        None => make(ctx, name, is_private(&action)?).await?,
    };
    let mut said = format!("Made #{name}.");
    if let Some(user) = &attempt.on_behalf_of
        && let Err(error) = ctx.slack.invite(&id, user.as_str()).await
    {
        // The channel is there; that they are not in it yet is mended with one invitation.
        tracing::warn!(%error, "whoever asked for a channel could not be brought in");
        said.push_str(" I could not bring you in.");
    }
    Ok(Done {
        said,
        url: None,
        undo: None,
        was_done_already,
    })
}

async fn make(ctx: &Ctx, name: &str, is_private: bool) -> Result<String, Trouble> {
    match ctx.slack.create_channel(name, is_private).await {
        Ok(channel) => Ok(channel.id),
        Err(SlackError::Rejected { code }) if code == "name_taken" => Err(taken(name)),
        Err(error) => Err(error.into()),
    }
}

/// The channel of this name, if the bot made it.
async fn own_channel(ctx: &Ctx, name: &str) -> Result<Option<String>, Trouble> {
    let Some(channel) = ctx.slack.find_channel_now(name).await? else {
        return Ok(None);
    };
    let own = ctx.slack.auth_test().await?.bot_user_id;
    Ok((channel.creator == own).then(|| channel.id.clone()))
}
