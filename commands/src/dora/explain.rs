//! Purpose: `/em-agent dora explain <metric>` and *Explain* below a report: the rows behind a number, page by page or as CSV.

use clap::Parser;
use em_blocks::dora::explain::{ExplainView, message_explain, modal_explain};
use em_domain::delivery::{Joined, Metric, ProofRow, Standing};
use em_integrations::slack::{File, FileKind, Place};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::SlackView;

use super::question::Question;
use super::{Report, Typed, report};
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::{Spec, as_typed};

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "dora explain",
    usage: "dora explain <metric> [7d|30d|90d] [--repo R|--team T] [--mode M]",
    summary: "What a delivery number was counted from, what was left out and why.",
    examples: &[
        "dora explain lead-time",
        "dora explain change-fail-rate 30d --team payments",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// deployment-frequency, lead-time, change-fail-rate, recovery-time or rework-rate.
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
    pub(super) metric: Metric,
    pub(super) question: String,
    pub(super) page: usize,
}

impl Memory {
    pub(super) fn read(click: &Click) -> Result<Self, CommandError> {
        let modal = click.modal.as_ref();
        let memory = modal.and_then(|modal| serde_json::from_str(&modal.private_metadata).ok());
        memory.ok_or_else(outdated)
    }

    pub(super) fn question(&self) -> Result<Question, CommandError> {
        Question::parse(&self.question).ok_or_else(outdated)
    }
}

/// A button or modal of another version of this program.
pub(super) fn outdated() -> CommandError {
    CommandError::user("That is from an older version of mine. Ask `/em-agent dora` again.")
}

/// Answers `dora explain`: a modal for a slash command, else a message with the first rows.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let metric = Metric::parse(&args.metric).ok_or_else(|| no_metric(&args.metric))?;
    let question = Question::asked(&ctx, args.days.as_deref(), &args.whose).await?;
    let report = report(&ctx, &question).await?;
    if invocation.trigger_id.is_some() {
        let modal = modal(&ctx, &report, &question, metric, 0, None)?;
        return Ok(Reply::Modal(Box::new(modal)));
    }
    let about = question.about();
    Ok(Reply::private(message_explain(&view(
        &ctx, &report, metric, 0, &about, None,
    ))))
}

fn no_metric(typed: &str) -> CommandError {
    let known = Metric::ALL.map(Metric::as_str).join(", ");
    CommandError::user(format!(
        "There is no metric “{}”. I know: {known}.",
        as_typed(typed)
    ))
}

/// A click on *Explain*: the value is the metric and the question.
pub async fn clicked(ctx: Ctx, click: Click) -> Outcome {
    let asked = click
        .value
        .split_once(' ')
        .and_then(|(metric, question)| Some((Metric::parse(metric)?, Question::parse(question)?)));
    let (metric, question) = asked.ok_or_else(outdated)?;
    let report = report(&ctx, &question).await?;
    let modal = modal(&ctx, &report, &question, metric, 0, None)?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// A click on *Next* or *Previous*: the value is the page.
pub async fn paged(ctx: Ctx, click: Click) -> Outcome {
    let memory = Memory::read(&click)?;
    let page = click.value.parse().map_err(|_| outdated())?;
    let question = memory.question()?;
    let report = report(&ctx, &question).await?;
    let modal = modal(&ctx, &report, &question, memory.metric, page, None)?;
    Ok(Reply::Redraw(Box::new(modal)))
}

/// The modal with a page of the rows.
pub(super) fn modal(
    ctx: &Ctx,
    report: &Report,
    question: &Question,
    metric: Metric,
    page: usize,
    done: Option<&str>,
) -> Result<SlackView, CommandError> {
    let memory = Memory {
        metric,
        question: question.to_string(),
        page,
    };
    let memory = serde_json::to_string(&memory).map_err(anyhow::Error::from)?;
    let about = question.about();
    modal_explain(&view(ctx, report, metric, page, &about, done), memory)
        .ok_or_else(|| CommandError::user("That name is too long for Slack to carry."))
}

fn view<'a>(
    ctx: &Ctx,
    report: &'a Report,
    metric: Metric,
    page: usize,
    about: &'a str,
    done: Option<&'a str>,
) -> ExplainView<'a> {
    ExplainView {
        metric,
        measured: report.keys.of(metric),
        before: report.before.of(metric),
        facts: &report.facts,
        page,
        about,
        zone: ctx.settings.calendar.zone,
        done,
    }
}

/// A click on *Send me all as CSV*: the table goes to whoever clicked, in a direct message.
pub async fn csv(ctx: Ctx, click: Click) -> Outcome {
    let memory = Memory::read(&click)?;
    let question = memory.question()?;
    let report = report(&ctx, &question).await?;
    let table = table(&report.keys.of(memory.metric).proof)?;
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
    let done = "The table is in your direct messages with me.";
    let modal = modal(&ctx, &report, &question, memory.metric, memory.page, Some(done))?;
    Ok(Reply::Redraw(Box::new(modal)))
}

/// The rows of a proof as CSV (RFC 4180), one line each, with a line of names before them.
pub fn table(proof: &[ProofRow]) -> Result<String, CommandError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| CommandError::Internal(error.into());
    let names = [
        "subject",
        "at",
        "value",
        "counted",
        "why",
        "joined_to",
        "joined_how",
    ];
    writer.write_record(names).map_err(wrong)?;
    for row in proof {
        writer.write_record(fields(row)).map_err(wrong)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| CommandError::Internal(anyhow::anyhow!("{error}")))?;
    String::from_utf8(bytes).map_err(|error| CommandError::Internal(error.into()))
}

fn fields(row: &ProofRow) -> [String; 7] {
    let why = match row.standing {
        Standing::Counted => "",
        Standing::LeftOut(why) => why.words(),
    };
    let to: Vec<String> = row.links.iter().map(|link| link.to.to_string()).collect();
    let how: Vec<&str> = row.links.iter().map(|link| Joined::words(link.how)).collect();
    [
        harmless(row.subject.to_string()),
        row.at.to_rfc3339(),
        row.value.map(|value| value.to_string()).unwrap_or_default(),
        (row.standing == Standing::Counted).to_string(),
        why.to_owned(),
        harmless(to.join("; ")),
        how.join("; "),
    ]
}

/// A text that no spreadsheet takes for a formula (OWASP, "CSV injection").
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}
