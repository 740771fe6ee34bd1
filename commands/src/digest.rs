//! Purpose: `/em-agent digest`: the week against the week before, and what came true of the last forecast; with `--all`, the
//! last month of every team, a row for each. `digest post` posts it; from a schedule, weekly or monthly.

use chrono::Datelike as _;
use clap::Parser;
use em_blocks::digest::{DigestView, TeamRow, TeamsView, message_digest, message_teams};
use em_blocks::sprint::message_not_posted;
use em_domain::id::SlackChannel;
use em_domain::sprint::DEFAULT_DAYS;
use em_domain::sprint::promise::Memory;
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;
use crate::sprint::post::{channel_of, confirm_plain, show as show_post, unless_scheduled};
use crate::sprint::work;
use crate::team;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "digest",
    usage: "digest [--team T] [--all]",
    summary: "The last week against the one before; with --all, the last month of every team.",
    examples: &["digest", "digest --team payments", "digest --all"],
    check_scheduled: None,
};

/// How the post is written.
pub const POST: Spec = Spec {
    path: "digest post",
    usage: "digest post [#channel] [--team T] [--all]",
    summary: "Post that to a channel; once a week (with --all: a month), from a schedule.",
    examples: &[
        "digest post #payments --team payments",
        "digest post #leads --all",
    ],
    check_scheduled: Some(|words| POST.parse::<PostArgs>(words).map(drop)),
};

/// Days of the director's view: a month.
const MONTH: u32 = 30;

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Parser)]
struct PostArgs {
    channel: Option<String>,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, clap::Args)]
struct Of {
    /// Only this team's work.
    #[arg(long, conflicts_with = "all")]
    team: Option<String>,
    /// One row for each team.
    #[arg(long)]
    all: bool,
}

/// Answers `digest`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    if args.of.all {
        return teams(&ctx).await.map(Reply::private);
    }
    let made = week(&ctx, &args.of, invocation.channel.as_ref(), "").await?;
    Ok(Reply::private(made.content))
}

/// Answers `digest post`: one message a week or month and channel.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: PostArgs = POST.parse(&invocation.words)?;
    let channel = channel_of(&ctx, &invocation, args.channel, POST.path).await?;
    let today = ctx.settings.calendar.local_date(ctx.clock.now());
    if args.of.all {
        let purpose = format!("digest-all:{}:{}-{}", channel.id, today.year(), today.month());
        let content = teams(&ctx).await?;
        let posted = show_post(&ctx, &channel, &purpose, content).await?;
        return confirm_plain(&ctx, &invocation, &posted).await;
    }
    let place = SlackChannel(channel.id.clone());
    let week_of = today.iso_week();
    let series = work::series(&place, args.of.team.as_deref());
    let purpose = format!("digest:{series}:{}-{}", week_of.year(), week_of.week());
    let made = week(&ctx, &args.of, Some(&place), &purpose).await?;
    if made.work.sprint.is_empty() {
        let nothing = message_not_posted(args.of.team.as_deref());
        return Ok(unless_scheduled(&invocation, nothing));
    }
    let posted = show_post(&ctx, &channel, &purpose, made.content).await?;
    work::remember(&ctx, &series, &purpose, made.work).await?;
    confirm_plain(&ctx, &invocation, &posted).await
}

/// A digest and what it was made from.
struct Made {
    content: SlackMessageContent,
    work: work::Work,
}

/// The digest of the last week, for a channel that may have been told a forecast.
async fn week(
    ctx: &Ctx,
    of: &Of,
    channel: Option<&SlackChannel>,
    purpose: &str,
) -> Result<Made, CommandError> {
    let team = of.team.as_deref().map(|name| team::find(ctx, name)).transpose()?;
    let name = team.map(|team| team.name.as_str());
    let work = work::sprint(ctx, team, DEFAULT_DAYS).await?;
    let memory = match channel {
        Some(channel) => work::memory(ctx, &work::series(channel, name), purpose).await?,
        None => Memory::default(),
    };
    let content = message_digest(&DigestView {
        digest: &work.digest,
        sprint: &work.sprint,
        memory: &memory,
        team: name,
        calendar: &ctx.settings.calendar,
    });
    Ok(Made { content, work })
}

/// The director's view.
async fn teams(ctx: &Ctx) -> Result<SlackMessageContent, CommandError> {
    if ctx.settings.teams.is_empty() {
        return Err(CommandError::user(
            "No teams are configured. An admin can add them to em-agent.toml as `[teams.NAME]`.",
        ));
    }
    let mut rows = Vec::new();
    for team in &ctx.settings.teams {
        rows.push(TeamRow {
            team: team.name.clone(),
            sprint: work::sprint(ctx, Some(team), MONTH).await?.sprint,
        });
    }
    Ok(message_teams(&TeamsView {
        teams: &rows,
        days: MONTH,
        now: ctx.clock.now(),
        calendar: &ctx.settings.calendar,
    }))
}
