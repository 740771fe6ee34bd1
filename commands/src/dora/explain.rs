//! Purpose: `/em-agent dora explain <metric>`, `/em-agent flow explain <metric>` and *Explain* beside a number: the rows behind
//! it, page by page or as CSV.

use clap::Parser;
use em_blocks::dora::explain::{ExplainView, Facts, message_explain, modal_explain};
use em_domain::any_metric::AnyMetric;
use em_domain::delivery::{Joined, Measured, ProofRow, Standing};
use em_domain::id::SlackUser;
use em_integrations::slack::{File, FileKind, Place};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::SlackView;

use super::question::Question;
use super::{Report, Typed, report};
use crate::ctx::Ctx;
use crate::flow::{self, FlowReport};
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::{Spec, as_typed};

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "dora explain",
    usage: "dora explain <metric> [7d|30d|90d] [--repo R|--team T|--mine] [--mode M]",
    summary: "What a delivery number was counted from, what was left out and why.",
    examples: &[
        "dora explain lead-time",
        "dora explain change-fail-rate 30d --team payments",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// Which: lead-time, cycle-time and so on.
    metric: String,
    /// How far back; 90d if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    #[command(flatten)]
    whose: Typed,
}

/// What the modal is about, so that a click in it knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) metric: AnyMetric,
    pub(super) question: String,
    pub(super) page: usize,
}

impl Memory {
    pub(super) fn read(click: &Click) -> Result<Self, CommandError> {
        let modal = click.modal.as_ref();
        let memory = modal.and_then(|modal| serde_json::from_str(&modal.private_metadata).ok());
        memory.ok_or_else(outdated)
    }

    pub(super) async fn question(&self, ctx: &Ctx, user: &SlackUser) -> Result<Question, CommandError> {
        Question::clicked(ctx, user, &self.question).await
    }
}

/// A number to explain, with the report that it is in.
pub(super) enum Explained {
    Delivery(Box<Report>),
    Flow(Box<FlowReport>),
}

impl Explained {
    /// Counts what the question is about; `metric` says which report.
    pub(super) async fn report(
        ctx: &Ctx,
        metric: AnyMetric,
        question: &Question,
    ) -> Result<Self, CommandError> {
        Ok(match metric {
            AnyMetric::Delivery(_) => Self::Delivery(Box::new(report(ctx, question).await?)),
            AnyMetric::Flow(_) => Self::Flow(Box::new(flow::report(ctx, question).await?)),
        })
    }

    /// The number now and before; `None` of a metric that is in the other report.
    fn measured(&self, metric: AnyMetric) -> Option<(&Measured, &Measured)> {
        match (self, metric) {
            (Self::Delivery(report), AnyMetric::Delivery(metric)) => {
                Some((report.keys.of(metric), report.before.of(metric)))
            }
            (Self::Flow(report), AnyMetric::Flow(metric)) => Some((
                &report.flow.of(metric).measured,
                &report.before.of(metric).measured,
            )),
            (Self::Delivery(_), AnyMetric::Flow(_)) | (Self::Flow(_), AnyMetric::Delivery(_)) => None,
        }
    }

    fn facts(&self) -> Facts<'_> {
        match self {
            Self::Delivery(report) => Facts::Delivery(&report.facts),
            Self::Flow(report) => Facts::Flow(&report.facts),
        }
    }
}

/// A button or modal of another version of this program.
pub(super) fn outdated() -> CommandError {
    CommandError::user("That is from an older version of mine. Ask `/em-agent dora` again.")
}

/// How the flow metrics are asked for.
pub const FLOW_SPEC: Spec = Spec {
    path: "flow explain",
    usage: "flow explain <metric> [7d|30d|90d] [--repo R|--team T|--mine]",
    summary: "What a number about the flow of work was counted from, what was left out and why.",
    examples: &["flow explain cycle-time", "flow explain wip --team payments"],
    check_scheduled: None,
};

/// Answers `dora explain`: a modal for a slash command, else a message with the first rows.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    explain(ctx, invocation, SPEC).await
}

/// Answers `flow explain`. Either knows all metrics: nobody should have to remember which is which.
pub async fn show_flow(ctx: Ctx, invocation: Invocation) -> Outcome {
    explain(ctx, invocation, FLOW_SPEC).await
}

async fn explain(ctx: Ctx, invocation: Invocation, spec: Spec) -> Outcome {
    let args: Args = spec.parse(&invocation.words)?;
    let metric = AnyMetric::parse(&args.metric).ok_or_else(|| no_metric(&args.metric))?;
    let question = Question::asked(&ctx, &invocation, args.days.as_deref(), &args.whose).await?;
    let page = Page::first(metric, &question);
    let report = Explained::report(&ctx, metric, &question).await?;
    if invocation.trigger_id.is_some() {
        return Ok(Reply::Modal(Box::new(modal(&ctx, &report, &page)?)));
    }
    let about = question.about();
    let view = view(&ctx, &report, &page, &about)?;
    Ok(Reply::private(message_explain(&view)))
}

fn no_metric(typed: &str) -> CommandError {
    let known: Vec<&str> = AnyMetric::all().map(AnyMetric::as_str).collect();
    CommandError::user(format!(
        "There is no metric “{}”. I know: {}.",
        as_typed(typed),
        known.join(", ")
    ))
}

/// What is shown of a number.
pub(super) struct Page<'q> {
    pub(super) metric: AnyMetric,
    pub(super) question: &'q Question,
    /// From 0.
    pub(super) number: usize,
    /// What has just been done, if anything.
    pub(super) done: Option<&'q str>,
}

impl<'q> Page<'q> {
    fn first(metric: AnyMetric, question: &'q Question) -> Self {
        Self {
            metric,
            question,
            number: 0,
            done: None,
        }
    }
}

/// A click on *Explain*: the value is the metric and the question.
pub async fn clicked(ctx: Ctx, click: Click) -> Outcome {
    let (metric, question) = click.value.split_once(' ').ok_or_else(outdated)?;
    let metric = AnyMetric::parse(metric).ok_or_else(outdated)?;
    let question = Question::clicked(&ctx, &click.user, question).await?;
    let report = Explained::report(&ctx, metric, &question).await?;
    let modal = modal(&ctx, &report, &Page::first(metric, &question))?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// A click on *Next* or *Previous*: the value is the page.
pub async fn paged(ctx: Ctx, click: Click) -> Outcome {
    let memory = Memory::read(&click)?;
    let number = click.value.parse().map_err(|_| outdated())?;
    let drawn = drawn(
        &ctx,
        &Memory {
            page: number,
            ..memory
        },
        &click.user,
        None,
    )
    .await?;
    Ok(Reply::Redraw(Box::new(drawn)))
}

/// What a modal remembers, counted and drawn anew.
pub(super) async fn drawn(
    ctx: &Ctx,
    memory: &Memory,
    user: &SlackUser,
    done: Option<&str>,
) -> Result<SlackView, CommandError> {
    let question = memory.question(ctx, user).await?;
    let report = Explained::report(ctx, memory.metric, &question).await?;
    let page = Page {
        metric: memory.metric,
        question: &question,
        number: memory.page,
        done,
    };
    modal(ctx, &report, &page)
}

/// The modal with a page of the rows.
fn modal(ctx: &Ctx, report: &Explained, page: &Page<'_>) -> Result<SlackView, CommandError> {
    let memory = Memory {
        metric: page.metric,
        question: page.question.to_string(),
        page: page.number,
    };
    let memory = serde_json::to_string(&memory).map_err(anyhow::Error::from)?;
    let about = page.question.about();
    modal_explain(&view(ctx, report, page, &about)?, memory)
        .ok_or_else(|| CommandError::user("That name is too long for Slack to carry."))
}

fn view<'a>(
    ctx: &Ctx,
    report: &'a Explained,
    page: &Page<'a>,
    about: &'a str,
) -> Result<ExplainView<'a>, CommandError> {
    let (measured, before) = report.measured(page.metric).ok_or_else(outdated)?;
    Ok(ExplainView {
        metric: page.metric,
        measured,
        before,
        facts: report.facts(),
        page: page.number,
        about,
        zone: ctx.settings.calendar.zone,
        done: page.done,
    })
}

/// A click on *Send me all as CSV*: the table goes to whoever clicked, in a direct message.
pub async fn csv(ctx: Ctx, click: Click) -> Outcome {
    let memory = Memory::read(&click)?;
    let question = memory.question(&ctx, &click.user).await?;
    let report = Explained::report(&ctx, memory.metric, &question).await?;
    let (measured, _) = report.measured(memory.metric).ok_or_else(outdated)?;
    let table = table(&measured.proof)?;
    let day = ctx.settings.calendar.local_date(ctx.clock.now());
    let name = format!("{}-{day}.csv", memory.metric.as_str());
    let title = format!("{}, {}", memory.metric.title(), question.about());
    let channel = ctx.slack.open_dm(click.user.as_str()).await?;
    let file = File {
        kind: FileKind::Csv,
        name: &name,
        title: &title,
        alt_text: "",
        bytes: table.as_bytes(),
    };
    ctx.slack.show_file(&Place::channel(channel), &file).await?;
    let page = Page {
        metric: memory.metric,
        question: &question,
        number: memory.page,
        done: Some("The table is in your direct messages with me."),
    };
    Ok(Reply::Redraw(Box::new(modal(&ctx, &report, &page)?)))
}

/// The rows of a proof as CSV (RFC 4180), one line each, with a line of names before them.
pub fn table(proof: &[ProofRow]) -> Result<String, CommandError> {
    let names = [
        "subject",
        "at",
        "value",
        "counted",
        "why",
        "joined_to",
        "joined_how",
    ];
    let table = em_export::csv::table(names, proof.iter().map(fields));
    table.map_err(|error| CommandError::Internal(error.into()))
}

fn fields(row: &ProofRow) -> [String; 7] {
    let why = match row.standing {
        Standing::Counted => "",
        Standing::LeftOut(why) => why.words(),
    };
    let to: Vec<String> = row.links.iter().map(|link| link.to.to_string()).collect();
    let how: Vec<&str> = row.links.iter().map(|link| Joined::words(link.how)).collect();
    [
        row.subject.to_string(),
        row.at.to_rfc3339(),
        row.value.map(|value| value.to_string()).unwrap_or_default(),
        (row.standing == Standing::Counted).to_string(),
        why.to_owned(),
        to.join("; "),
        how.join("; "),
    ]
}
