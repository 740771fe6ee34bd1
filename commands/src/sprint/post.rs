//! Purpose: `/em-agent sprint post [#channel] [days] [--team T]`: the report for everybody, with a picture in its thread. One
//! message a day for the same question, which is edited if it is posted again.

use std::sync::Arc;

use anyhow::anyhow;
use chrono::Duration;
use clap::Parser;
use em_blocks::sprint::{SprintView, message_not_posted, message_posted, message_sprint};
use em_domain::id::SlackChannel;
use em_domain::sprint::DEFAULT_DAYS;
use em_integrations::slack::{Channel, Place, Posted};
use slack_morphism::prelude::SlackMessageContent;

use super::picture::drawing;
use super::{days, work};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{Caller, CommandError, Invocation, Outcome, Reply};
use crate::picture::{self, Shown};
use crate::spec::Spec;
use crate::team;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "sprint post",
    usage: "sprint post [#channel] [days] [--team T]",
    summary: "Post that report to a channel, with charts, and say what came true of the last forecast.",
    examples: &["sprint post", "sprint post #payments 14 --team payments"],
    check_scheduled: Some(|words| Asked::read(words).map(drop)),
};

/// How long a post is remembered, so that it is edited and not repeated.
pub(crate) const POSTED_FOR: Duration = Duration::days(8);

#[derive(Debug, Parser)]
struct Args {
    /// The channel and the days, in either order.
    #[arg(num_args = 0..=2, allow_negative_numbers = true)]
    words: Vec<String>,
    /// Only this team's work.
    #[arg(long)]
    team: Option<String>,
}

/// What is asked for.
struct Asked {
    channel: Option<String>,
    days: u32,
    team: Option<String>,
}

impl Asked {
    fn read(words: &[String]) -> Result<Self, CommandError> {
        let args: Args = SPEC.parse(words)?;
        let (channel, number) = channel_and_number(args.words, SPEC.usage)?;
        Ok(Self {
            channel,
            days: number.as_deref().map_or(Ok(DEFAULT_DAYS), days)?,
            team: args.team,
        })
    }
}

/// A channel and a number of days, in either order: whatever looks like a number is the days, and anything else the channel.
pub(crate) fn channel_and_number(
    words: Vec<String>,
    usage: &str,
) -> Result<(Option<String>, Option<String>), CommandError> {
    let is_number = |word: &String| {
        word.trim_start_matches(['-', '+'])
            .starts_with(|c: char| c.is_ascii_digit())
    };
    let (mut numbers, mut names): (Vec<String>, Vec<String>) = words.into_iter().partition(is_number);
    if numbers.len() > 1 || names.len() > 1 {
        return Err(CommandError::Usage {
            problem: "I expected one channel and one number of days.".to_owned(),
            usage: usage.to_owned(),
        });
    }
    Ok((names.pop(), numbers.pop()))
}

/// Answers `sprint post`.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let asked = Asked::read(&invocation.words)?;
    let team = asked
        .team
        .as_deref()
        .map(|name| team::find(&ctx, name))
        .transpose()?;
    let name = team.map(|team| team.name.as_str());
    let channel = channel_of(&ctx, &invocation, asked.channel, SPEC.path).await?;
    let work = work::sprint(&ctx, team, asked.days).await?;
    if work.sprint.is_empty() {
        return Ok(unless_scheduled(&invocation, message_not_posted(name)));
    }
    let place = SlackChannel(channel.id.clone());
    let series = work::series(&place, name);
    let today = ctx.settings.calendar.local_date(ctx.clock.now());
    let purpose = format!("sprint:{series}:{}:{today}", asked.days);
    let memory = work::memory(&ctx, &series, &purpose).await?;
    let view = SprintView {
        sprint: &work.sprint,
        memory: &memory,
        team: name,
        calendar: &ctx.settings.calendar,
    };
    let posted = show(&ctx, &channel, &purpose, message_sprint(&view)).await?;
    let picture = picture::show(&ctx, &posted, &purpose, drawing(&view)).await;
    work::remember(&ctx, &series, &purpose, work).await?;
    confirm(&ctx, &invocation, &posted, picture).await
}

/// Posts a report, or edits the one that stands there for the same purpose.
pub(crate) async fn show(
    ctx: &Ctx,
    channel: &Channel,
    purpose: &str,
    content: SlackMessageContent,
) -> Result<Posted, CommandError> {
    let now = ctx.clock.now();
    let wanted = Wanted {
        purpose: purpose.to_owned(),
        place: Place::channel(channel.id.clone()),
        content,
        version: now.timestamp(),
        until: now + POSTED_FOR,
    };
    copy::show(ctx, &wanted, false).await
}

/// Where a report goes: where it says, else where a schedule says, else the usual channel, else here.
pub(crate) async fn channel_of(
    ctx: &Ctx,
    invocation: &Invocation,
    named: Option<String>,
    command: &str,
) -> Result<Arc<Channel>, CommandError> {
    let here = invocation.channel.as_ref().map(|channel| channel.0.clone());
    let usual = ctx.settings.default_channel.clone();
    let channel = match invocation.caller {
        Caller::Schedule(_) => named.or(here),
        Caller::Person(_) => named.or(usual).or(here),
    };
    let channel =
        channel.ok_or_else(|| CommandError::user(format!("Name a channel: `{command} #payments`.")))?;
    Ok(ctx.slack.resolve_channel(&channel).await?)
}

/// Tells a person; a schedule needs no answer.
pub(crate) fn unless_scheduled(invocation: &Invocation, content: SlackMessageContent) -> Reply {
    match invocation.caller {
        Caller::Schedule(_) => Reply::Done,
        Caller::Person(_) => Reply::private(content),
    }
}

/// Says where the report is and what became of its picture. A report without its picture is posted all the same.
pub(crate) async fn confirm(
    ctx: &Ctx,
    invocation: &Invocation,
    posted: &Posted,
    picture: Result<Shown, CommandError>,
) -> Outcome {
    let problem = match (picture, &invocation.caller) {
        // A job is tried again until it knows.
        (Ok(Shown::BySomebodyElse), Caller::Schedule(_)) => {
            return Err(CommandError::Internal(anyhow!("its picture is being shown")));
        }
        (Ok(Shown::Already | Shown::Now | Shown::BySomebodyElse), _) => None,
        (Err(error), _) => {
            tracing::warn!(%error, "a report is without its picture");
            Some(reason(&error))
        }
    };
    if matches!(invocation.caller, Caller::Schedule(_)) {
        return Ok(Reply::Done);
    }
    // The report is there; a link to it is a courtesy.
    let link = ctx.slack.permalink(posted).await.ok();
    Ok(Reply::private(message_posted(
        &SlackChannel(posted.channel.clone()),
        link.as_ref().map(url::Url::as_str),
        problem.as_deref(),
    )))
}

/// Why there is no picture, for a person.
fn reason(error: &CommandError) -> String {
    match error {
        CommandError::User(sentence) | CommandError::Denied(sentence) => sentence.clone(),
        CommandError::Usage { problem, .. } => problem.clone(),
        CommandError::Slack(error) => error.advice(),
        CommandError::Internal(_) => {
            "Something went wrong on my side; an admin can see it in the log.".to_owned()
        }
    }
}

/// Confirms to a person that something was posted that has no picture.
pub(crate) async fn confirm_plain(ctx: &Ctx, invocation: &Invocation, posted: &Posted) -> Outcome {
    confirm(ctx, invocation, posted, Ok(Shown::Already)).await
}
