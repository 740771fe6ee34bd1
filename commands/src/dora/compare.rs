//! Purpose: `/em-agent dora compare`: the same time by the definitions of other tools.

use clap::Parser;
use em_blocks::dora::compare::message_compare;
use em_domain::delivery::compare;

use super::question::Question;
use super::{Typed, apart, both, facts_of, windows};
use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "dora compare",
    usage: "dora compare [7d|30d|90d] [--repo R|--team T]",
    summary: "The same numbers by the definitions of DevLake, Four Keys and Middleware.",
    examples: &["dora compare", "dora compare 30d --repo acme/api"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// How far back; 90d if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    /// Only this repository.
    #[arg(long, conflicts_with = "team")]
    repo: Option<String>,
    /// Only this team.
    #[arg(long)]
    team: Option<String>,
}

/// Answers `dora compare`, to whoever asks alone.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let whose = Typed {
        repo: args.repo,
        team: args.team,
        mine: false,
        mode: None,
    };
    let question = Question::asked(&ctx, &invocation, args.days.as_deref(), &whose).await?;
    let (now, before) = windows(&ctx, &question)?;
    let facts = facts_of(&ctx, &both(&now, &before)).await?;
    let definitions = ctx.settings.delivery.clone();
    let modes = apart(move || compare(&facts, &definitions, &now)).await?;
    Ok(Reply::private(message_compare(&question.about(), &modes)))
}
