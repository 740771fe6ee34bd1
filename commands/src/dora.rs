//! Purpose: `/em-agent dora [7d|30d|90d] [--repo R|--team T] [--mode M]`: the five delivery metrics against the time before.

pub mod chart;
pub mod compare;
pub mod correct;
pub mod explain;
pub mod figures;
pub mod note;
mod picture;
pub mod post;
pub(crate) mod question;
pub mod window;

use clap::Parser;
use em_blocks::dora::{DoraView, message_dora};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{Asked, DeliveryFacts, FiveKeys, Mode, measure};
use em_storage::DeliveryOf;

use crate::ctx::Ctx;
use crate::goal;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;
use question::Question;
use window::{Around, Window};

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "dora",
    usage: "dora [7d|30d|90d] [--repo R|--team T|--mine] [--mode M]",
    summary: "How often we deploy, how long changes take, how often that fails, and for how long.",
    examples: &["dora", "dora 30d --team payments", "dora 90d --repo acme/api"],
    check_scheduled: None,
};

/// What may stand behind `dora` and its kin.
#[derive(Debug, Parser)]
struct Args {
    /// How far back; 90d if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    /// What is counted.
    #[command(flatten)]
    whose: Typed,
}

/// Which part of the work, and by whose rules.
#[derive(Debug, clap::Args)]
pub(crate) struct Typed {
    /// Only this repository.
    #[arg(long, conflicts_with_all = ["team", "mine"])]
    repo: Option<String>,
    /// Only this team's repositories; of a team without any, its people's changes.
    #[arg(long, conflicts_with = "mine")]
    team: Option<String>,
    /// Only the changes of whoever asks.
    #[arg(long)]
    mine: bool,
    /// By whose definitions: ours, devlake-2023, devlake-2021, fourkeys, middleware.
    #[arg(long)]
    mode: Option<String>,
}

/// Answers `dora`, to whoever asks alone.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let question = Question::asked(&ctx, &invocation, args.days.as_deref(), &args.whose).await?;
    let report = report(&ctx, &question).await?;
    let scope = question.scope.name();
    let is_ours = |metric| matches!(metric, AnyMetric::Delivery(_));
    let goals = goal::of_report(&ctx, &question.scope, is_ours).await?;
    Ok(Reply::private(message_dora(&DoraView {
        keys: &report.keys,
        before: &report.before,
        days: question.days,
        scope: scope.as_deref(),
        question: &question.to_string(),
        calendar: &ctx.settings.calendar,
        goals: &goals,
    })))
}

/// The metrics of a window and of as long before, and what they were made from.
pub(crate) struct Report {
    pub(crate) keys: FiveKeys,
    pub(crate) before: FiveKeys,
    pub(crate) facts: DeliveryFacts,
}

/// Counts what is asked for as of now.
pub(crate) async fn report(ctx: &Ctx, question: &Question) -> Result<Report, CommandError> {
    let (now, before) = windows(ctx, question)?;
    let facts = facts_of(ctx, &both(&now, &before)).await?;
    let (definitions, mode) = (ctx.settings.delivery.clone(), question.mode);
    apart(move || Report {
        keys: measure(&facts, &definitions, &now, mode),
        before: measure(&facts, &definitions, &before, mode),
        facts,
    })
    .await
}

/// Counts on a thread that nobody else waits for: some ten thousand changes take a while.
pub(crate) async fn apart<T: Send + 'static>(
    count: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CommandError> {
    let counted = tokio::task::spawn_blocking(count).await;
    counted.map_err(|error| CommandError::Internal(anyhow::anyhow!("counting stopped: {error}")))
}

/// The window and the one before.
pub(crate) fn windows(ctx: &Ctx, question: &Question) -> Result<(Asked, Asked), CommandError> {
    let now = ctx.clock.now();
    let length = chrono::Duration::days(i64::from(question.days));
    let (repositories, members) = question.scope.whose(ctx)?;
    let asked = |from, to| Asked {
        from,
        to,
        zone: ctx.settings.calendar.zone,
        repositories: repositories.clone(),
        members: members.clone(),
    };
    Ok((asked(now - length, now), asked(now - length * 2, now - length)))
}

/// Both windows as one.
pub(crate) fn both(now: &Asked, before: &Asked) -> Asked {
    Asked {
        from: before.from,
        ..now.clone()
    }
}

/// What the metrics of a window are made from.
pub(crate) async fn facts_of(ctx: &Ctx, asked: &Asked) -> Result<DeliveryFacts, CommandError> {
    let delivery = ctx.store.delivery();
    let facts = delivery.facts(DeliveryOf {
        asked,
        definitions: &ctx.settings.delivery,
        now: ctx.clock.now(),
    });
    Ok(facts.await?)
}

/// The window that a program asks for.
pub(crate) async fn asked(ctx: &Ctx, window: &Window<'_>) -> Result<Asked, CommandError> {
    let around = Around {
        store: &ctx.store,
        teams: &ctx.settings.teams,
        zone: ctx.settings.calendar.zone,
        now: ctx.clock.now(),
    };
    window.asked(around).await
}

/// The metrics of a window as a program asks for it.
///
/// # Errors
/// What cannot be asked for, in words.
pub async fn keys(ctx: &Ctx, window: &Window<'_>, mode: Mode) -> Result<FiveKeys, CommandError> {
    let asked = asked(ctx, window).await?;
    let (facts, definitions) = (facts_of(ctx, &asked).await?, ctx.settings.delivery.clone());
    apart(move || measure(&facts, &definitions, &asked, mode)).await
}
