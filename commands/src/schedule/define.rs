//! Purpose: what somebody wrote becomes a schedule that can be kept, or a sentence that says what is wrong with it. What
//! needs no look-up can be asked before a form closes.

use std::sync::Arc;

use chrono_tz::Tz;
use em_blocks::schedule::form::{self, Filled};
use em_domain::id::{SlackChannel, SlackUser};
use em_domain::schedule::words::to_cron;
use em_domain::schedule::{Definition, MOST_COMMAND_CHARS, Missed, SHORTEST_GAP, zone};
use em_integrations::slack::{Channel, SlackError};
use em_jobs::schedule::Schedule;
use slack_morphism::prelude::SlackViewState;

use crate::ctx::Ctx;
use crate::invocation::{Caller, CommandError};
use crate::policy::permit;
use crate::registry::{self, Found, check_scheduled};

/// A schedule as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) run: String,
    /// As it was written, or its id.
    pub(super) channel: String,
    pub(super) when: String,
    /// None to take that of the person.
    pub(super) zone: Option<String>,
    pub(super) missed: Missed,
}

impl From<Filled> for Written {
    fn from(filled: Filled) -> Self {
        Self {
            run: filled.run,
            channel: filled.channel.map(|channel| channel.0).unwrap_or_default(),
            when: filled.when,
            zone: Some(filled.zone),
            missed: filled.missed,
        }
    }
}

/// The mistake in a submitted form that can be seen without asking anybody.
pub fn mistake(state: &SlackViewState) -> Option<(&'static str, String)> {
    let filled = form::filled(state)?;
    if let Err(why) = checked_run(&filled.run) {
        return Some((form::WORDS, why));
    }
    let zone = match zone::read(&filled.zone) {
        Ok(zone) => zone,
        Err(error) => return Some((form::ZONE, error.to_string())),
    };
    checked_when(&filled.when, zone)
        .err()
        .map(|why| (form::WHEN, why))
}

/// Makes a definition of what `user` wrote, after a look at everything that it needs.
pub(super) async fn defined(
    ctx: &Ctx,
    user: &SlackUser,
    written: Written,
) -> Result<Definition, CommandError> {
    let run = checked_run(&written.run).map_err(CommandError::User)?;
    let zone = match &written.zone {
        Some(text) => zone::read(text).map_err(|error| CommandError::user(error.to_string()))?,
        None => zone_of(ctx, user).await,
    };
    let cron = checked_when(&written.when, zone).map_err(CommandError::User)?;
    let channel = reachable(ctx, &written.channel, Some(user)).await?;
    let definition = Definition {
        run,
        channel: SlackChannel(channel.id.clone()),
        cron,
        zone,
        missed: written.missed,
    };
    permitted(ctx, user, &definition.run).await?;
    Ok(definition)
}

/// The zone of a person by their Slack profile, else the team's.
pub(super) async fn zone_of(ctx: &Ctx, user: &SlackUser) -> Tz {
    let known = ctx.slack.user(user.as_str()).await.ok().flatten();
    let named = known.and_then(|person| person.tz.as_deref().and_then(|name| name.parse().ok()));
    named.unwrap_or(ctx.settings.calendar.zone)
}

/// The command, if the clock may type it.
fn checked_run(run: &str) -> Result<String, String> {
    let words: Vec<&str> = run.split_whitespace().collect();
    let run = words.join(" ");
    if run.chars().count() > MOST_COMMAND_CHARS {
        return Err(format!(
            "That command is too long: {MOST_COMMAND_CHARS} characters are the most."
        ));
    }
    if words
        .iter()
        .any(|word| word.starts_with('#') || word.starts_with("<#"))
    {
        return Err(
            "Leave the channel out of the command: it posts to the channel of the schedule.".to_owned(),
        );
    }
    check_scheduled(&run).map(|()| run)
}

/// The cron fields of what was written, if it comes due and not too often.
pub(super) fn checked_when(when: &str, zone: Tz) -> Result<String, String> {
    let cron = to_cron(when).map_err(|error| error.to_string())?;
    let schedule = Schedule::parse("kept", &cron, zone).map_err(|error| format!("{error}."))?;
    if schedule.shortest_gap().is_some_and(|gap| gap < SHORTEST_GAP) {
        return Err(format!(
            "That is too often: nobody reads what comes more than every {} minutes.",
            SHORTEST_GAP.num_minutes()
        ));
    }
    Ok(cron)
}

/// Whether `user` may type `run` themselves: the clock does nothing for them that they may not do.
pub(super) async fn permitted(ctx: &Ctx, user: &SlackUser, run: &str) -> Result<(), CommandError> {
    let words: Vec<String> = run.split_whitespace().map(str::to_owned).collect();
    match registry::find(&words) {
        Found::Command(command, _) => {
            let kind = format!("command.{}", command.spec.path);
            permit(ctx, kind, &Caller::Person(user.clone())).await
        }
        Found::Nothing | Found::Unknown(_) => check_scheduled(run).map_err(CommandError::User),
    }
}

/// The channel, if it can be posted to now; where `asker` is given, they must be in it if it is private.
pub(super) async fn reachable(
    ctx: &Ctx,
    named: &str,
    asker: Option<&SlackUser>,
) -> Result<Arc<Channel>, CommandError> {
    let known = ctx.slack.resolve_channel(named).await;
    // What is remembered of a channel may be half an hour old.
    let channel = match known {
        Ok(known) => ctx.slack.channel_now(&known.id).await,
        Err(error) => Err(error),
    };
    if matches!(channel, Err(SlackError::ChannelNotFound)) {
        return Err(CommandError::user(
            "I do not see that channel: it is gone, or it is private and I am not in it. If it is there, type \
             `/invite @EM Agent` in it.",
        ));
    }
    let channel = channel?;
    if channel.is_im || channel.name.is_empty() {
        return Err(CommandError::user(
            "I post schedules to channels only. Name one, as `#ops`.",
        ));
    }
    if channel.is_archived {
        let why = format!(
            "The channel #{} is archived, so nobody can post in it.",
            channel.name
        );
        return Err(CommandError::user(why));
    }
    if !channel.is_member {
        return Err(CommandError::user(format!(
            "I am not in #{}. Type `/invite @EM Agent` there.",
            channel.name
        )));
    }
    if let Some(asker) = asker
        && !channel.is_public()
        && !ctx.slack.is_in_channel(&channel.id, asker.as_str()).await?
    {
        // As if it were not there: its name is not for everybody.
        return Err(CommandError::user(
            "That channel is private, and you are not in it.",
        ));
    }
    Ok(channel)
}
