//! Purpose: `slack.invite`: brings a person into a channel.

use em_domain::action::{Action, TargetState};

use super::post::{facts, usable};
use super::slack_text::person;
use super::trouble::Trouble;
use super::{Attempt, Checked, Done};
use crate::ctx::Ctx;

pub(super) async fn check(ctx: &Ctx, action: Action) -> Result<Checked, Trouble> {
    let word = action.argument("person").to_owned();
    let Some(id) = person(&word) else {
        return Err(Trouble::says(format!(
            "“{word}” names nobody here. Write them as `@person`."
        )));
    };
    let somebody = ctx.slack.user(id).await?;
    let Some(somebody) = somebody.filter(|person| !person.deleted) else {
        return Err(Trouble::says("Slack knows no such person here."));
    };
    let channel = ctx.slack.resolve_channel(&action.target).await?;
    usable(&channel)?;
    if ctx.slack.is_in_channel(&channel.id, id).await? {
        return Err(Trouble::says(format!(
            "{} is in #{} already.",
            somebody.name, channel.name
        )));
    }
    Ok(Checked {
        title: format!("Invite {} to #{}", somebody.name, channel.name),
        subject_title: format!("#{}", channel.name),
        url: None,
        state: TargetState::default(),
        facts: facts(&channel),
        author: None,
        effect: vec![format!("Brings {} into #{}.", somebody.name, channel.name)],
        action: Action {
            target: channel.id.clone(),
            ..action.with("person", somebody.id.as_str())
        },
    })
}

pub(super) async fn perform(ctx: &Ctx, action: Action, attempt: &Attempt) -> Result<Done, Trouble> {
    let is_new = ctx
        .slack
        .invite(&action.target, action.argument("person"))
        .await?;
    let said = if is_new || attempt.may_have_happened {
        "Invited."
    } else {
        "They were in the channel already."
    };
    Ok(Done {
        said: said.to_owned(),
        url: None,
        undo: None,
        was_done_already: !is_new,
    })
}
