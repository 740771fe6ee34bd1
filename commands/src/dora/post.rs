//! Purpose: `/em-agent dora post [#channel] [7d|30d|90d]`: the report for everybody, with a picture in its thread. One message a
//! day for the same question, which is edited if it is posted again.

use chrono::Duration;
use clap::Parser;
use em_blocks::dora::{DoraView, message_dora};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::FiveKeys;
use em_domain::shift::SHIFTED;
use em_domain::signal::Signal;

use super::picture::drawing;
use super::question::Question;
use super::{Typed, report};
use crate::ctx::Ctx;
use crate::goal;
use crate::invocation::{CommandError, Invocation, Outcome};
use crate::picture;
use crate::spec::Spec;
use crate::sprint::post::{channel_and_number, channel_of, confirm, show, unless_scheduled};

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "dora post",
    usage: "dora post [#channel] [7d|30d|90d] [--repo R|--team T] [--mode M]",
    summary: "Post the delivery metrics to a channel, with a picture.",
    examples: &["dora post", "dora post #payments 30d --team payments"],
    check_scheduled: Some(|words| read(words).map(drop)),
};

/// How long a post is remembered, so that it is edited and not repeated.
pub(super) const POSTED_FOR: Duration = Duration::days(8);

#[derive(Debug, Parser)]
struct Args {
    /// The channel and the days, in either order.
    #[arg(num_args = 0..=2, allow_negative_numbers = true)]
    words: Vec<String>,
    #[command(flatten)]
    whose: Typed,
}

fn read(words: &[String]) -> Result<(Option<String>, Option<String>, Typed), CommandError> {
    let args: Args = SPEC.parse(words)?;
    if args.whose.mine {
        return Err(CommandError::user(
            "The numbers of one person are for that person alone: ask `/em-agent dora --mine`.",
        ));
    }
    let (channel, days) = channel_and_number(args.words, SPEC.usage)?;
    Ok((channel, days, args.whose))
}

/// Answers `dora post`.
pub async fn post(ctx: Ctx, invocation: Invocation) -> Outcome {
    let (channel, days, whose) = read(&invocation.words)?;
    let question = Question::asked(&ctx, &invocation, days.as_deref(), &whose).await?;
    let channel = channel_of(&ctx, &invocation, channel, SPEC.path).await?;
    let report = report(&ctx, &question).await?;
    let scope = question.scope.name();
    let is_ours = |metric| matches!(metric, AnyMetric::Delivery(_));
    let goals = goal::of_report(&ctx, &question.scope, is_ours).await?;
    let view = DoraView {
        keys: &report.keys,
        before: &report.before,
        days: question.days,
        scope: scope.as_deref(),
        question: &question.to_string(),
        calendar: &ctx.settings.calendar,
        goals: &goals,
    };
    if view.is_empty() {
        // A schedule says nothing where there is nothing to say.
        return Ok(unless_scheduled(&invocation, message_dora(&view)));
    }
    let now = ctx.clock.now();
    let today = ctx.settings.calendar.local_date(now);
    let purpose = format!("dora:{}:{question}:{today}", channel.id);
    let posted = show(&ctx, &channel, &purpose, message_dora(&view)).await?;
    let marks = marks(&ctx, &report.keys, scope.as_deref()).await?;
    let shifts = shifts(&ctx, &report.keys, scope.as_deref()).await?;
    let picture = picture::show(&ctx, &posted, &purpose, drawing(&view, &marks, &shifts, now)).await;
    confirm(&ctx, &invocation, &posted, picture).await
}

async fn marks(
    ctx: &Ctx,
    keys: &FiveKeys,
    team: Option<&str>,
) -> Result<Vec<em_domain::delivery::Mark>, CommandError> {
    Ok(ctx
        .store
        .marks()
        .within(keys.asked.from, keys.asked.to, team)
        .await?)
}

/// Shifts in the window that people were told of.
async fn shifts(ctx: &Ctx, keys: &FiveKeys, team: Option<&str>) -> Result<Vec<Signal>, CommandError> {
    let signals = ctx.store.signals();
    let mut shifts = signals.list_changed(SHIFTED.name, keys.asked.from).await?;
    shifts.retain(|shift| shift.finding.details.get("team").and_then(|team| team.as_str()) == team);
    Ok(shifts)
}
