//! Purpose: `/em-agent sprint [days] [--team T]`: how the work goes, and when what is open will be done.

mod picture;
pub mod post;
pub(crate) mod work;

use clap::Parser;
use em_blocks::sprint::{SprintView, message_sprint};
use em_domain::sprint::promise::Memory;
use em_domain::sprint::{DEFAULT_DAYS, MAX_DAYS};

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::{Spec, as_typed};
use crate::team;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "sprint",
    usage: "sprint [days] [--team T]",
    summary: "How the work went, and when what is open will be done.",
    examples: &["sprint", "sprint 30", "sprint --team payments"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// How many days; two weeks if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    /// Only this team's work.
    #[arg(long)]
    team: Option<String>,
}

/// Answers `sprint`, to whoever asks alone. There is no picture: the answer is there at once, and a file would stay in Slack
/// after the answer is gone.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let days = args.days.as_deref().map_or(Ok(DEFAULT_DAYS), days)?;
    let team = args
        .team
        .as_deref()
        .map(|name| team::find(&ctx, name))
        .transpose()?;
    let sprint = work::sprint(&ctx, team, days).await?.sprint;
    let name = team.map(|team| team.name.as_str());
    // What was said to everybody in this channel may be quoted in it.
    let memory = match &invocation.channel {
        Some(channel) => work::memory(&ctx, &work::series(channel, name), "").await?,
        None => Memory::default(),
    };
    Ok(Reply::private(message_sprint(&SprintView {
        sprint: &sprint,
        memory: &memory,
        team: name,
        calendar: &ctx.settings.calendar,
    })))
}

/// A number of days, as typed.
fn days(typed: &str) -> Result<u32, CommandError> {
    let wrong = || {
        CommandError::user(format!(
            "I cannot look at “{}” days: write a number from 1 to {MAX_DAYS}, as in `/em-agent sprint 14`.",
            as_typed(typed)
        ))
    };
    let days: u32 = typed.parse().map_err(|_| wrong())?;
    (1..=MAX_DAYS).contains(&days).then_some(days).ok_or_else(wrong)
}
