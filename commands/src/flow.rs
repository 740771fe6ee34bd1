//! Purpose: `/em-agent flow [7d|30d|90d] [--repo R|--team T|--mine]`: how work moves, against the time before.

pub mod figures;

use clap::Parser;
use em_blocks::flow::{FlowView, message_flow};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{Asked, Mode};
use em_domain::flow::{Flow, FlowFacts, measure};
use em_storage::DeliveryOf;

use crate::ctx::Ctx;
use crate::dora::question::Question;
use crate::dora::window::Window;
use crate::dora::{Typed, apart, asked, both, windows};
use crate::goal;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "flow",
    usage: "flow [7d|30d|90d] [--repo R|--team T|--mine]",
    summary: "How work moves: cycle time, reviews, work in progress, size of changes, CI.",
    examples: &["flow", "flow 30d --team payments", "flow --mine"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// How far back; 90d if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    #[command(flatten)]
    whose: Typed,
}

/// Answers `flow`, to whoever asks alone.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let question = Question::asked(&ctx, &invocation, args.days.as_deref(), &args.whose).await?;
    let report = report(&ctx, &question).await?;
    let is_of_flow = |metric| matches!(metric, AnyMetric::Flow(_));
    let goals = goal::of_report(&ctx, &question.scope, is_of_flow).await?;
    Ok(Reply::private(message_flow(&FlowView {
        flow: &report.flow,
        before: &report.before,
        days: question.days,
        scope: question.scope.name().as_deref(),
        question: &question.to_string(),
        calendar: &ctx.settings.calendar,
        goals: &goals,
    })))
}

/// The metrics of a window and of as long before, and what they were made from.
pub(crate) struct FlowReport {
    pub(crate) flow: Flow,
    pub(crate) before: Flow,
    pub(crate) facts: FlowFacts,
}

/// Counts what is asked for as of now.
pub(crate) async fn report(ctx: &Ctx, question: &Question) -> Result<FlowReport, CommandError> {
    if question.mode != Mode::Ours {
        return Err(CommandError::user(
            "Flow has one set of definitions: `--mode` is for `/em-agent dora`.",
        ));
    }
    let (now, before) = windows(ctx, question)?;
    let facts = facts(ctx, &both(&now, &before)).await?;
    let definitions = ctx.settings.delivery.clone();
    apart(move || FlowReport {
        flow: measure(&facts, &definitions, &now),
        before: measure(&facts, &definitions, &before),
        facts,
    })
    .await
}

/// The metrics of a window as a program asks for it.
///
/// # Errors
/// What cannot be asked for, in words.
pub async fn flow(ctx: &Ctx, window: &Window<'_>) -> Result<Flow, CommandError> {
    let asked = asked(ctx, window).await?;
    let (facts, definitions) = (facts(ctx, &asked).await?, ctx.settings.delivery.clone());
    apart(move || measure(&facts, &definitions, &asked)).await
}

/// What the metrics of a window are made from.
pub(crate) async fn facts(ctx: &Ctx, asked: &Asked) -> Result<FlowFacts, CommandError> {
    let delivery = ctx.store.delivery();
    let facts = delivery.flow_facts(DeliveryOf {
        asked,
        definitions: &ctx.settings.delivery,
        now: ctx.clock.now(),
    });
    Ok(facts.await?)
}
