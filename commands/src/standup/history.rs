//! Purpose: `/em-agent standup history`: what became of the latest rounds of a standup.

use clap::Parser;
use em_blocks::standup::history::{Past, message_history};
use em_domain::standup::Standup;
use em_storage::{RoundState, StoredRound};

use super::checkin::is_said;
use crate::copy;
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "standup history",
    usage: "standup history [--standup NAME]",
    summary: "The latest standups, what became of each, and how many answered.",
    examples: &["standup history", "standup history --standup payments"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// Which; needed where several are set up.
    #[arg(long, alias = "team")]
    standup: Option<String>,
}

/// Rounds shown.
const SHOWN: i64 = 14;

/// Answers `standup history`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let standup = super::chosen(&ctx, args.standup.as_deref())?;
    let far = ctx.clock.now().date_naive() + chrono::Duration::days(3650);
    let mut past = Vec::new();
    for stored in ctx
        .store
        .standups()
        .list_rounds(&standup.name, far, SHOWN)
        .await?
    {
        past.push(told(&ctx, standup, &stored).await?);
    }
    Ok(Reply::private(message_history(&standup.name, &past)))
}

async fn told(ctx: &Ctx, standup: &Standup, stored: &StoredRound) -> Result<Past, CommandError> {
    let round = &stored.round;
    let checkins = ctx.store.standups().list_checkins(&round.id).await?;
    let answered = checkins.iter().filter(|checkin| is_said(checkin)).count();
    let asked = round.asked().count();
    let posted = match ctx.slack.resolve_channel(&standup.channel).await {
        Ok(channel) => copy::find(ctx, &format!("standup:{}:{}", round.id, channel.id)).await?,
        Err(_) => None,
    };
    let url = match &posted {
        Some(posted) => ctx.slack.permalink(posted).await.ok().map(|url| url.to_string()),
        None => None,
    };
    let answers = if asked > 0 {
        format!(", {answered} of {asked} answered")
    } else {
        String::new()
    };
    let outcome = match (stored.state, posted.is_some()) {
        (RoundState::Missed, _) => "skipped: I was not running when it was due".to_owned(),
        (RoundState::Open, false) => format!("not posted yet{answers}"),
        (RoundState::Posted, false) => "nothing to say, nothing posted".to_owned(),
        (RoundState::Open | RoundState::Posted, true) => format!("posted{answers}"),
    };
    Ok(Past {
        day: round.day,
        outcome,
        url,
    })
}
