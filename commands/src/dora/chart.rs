//! Purpose: `/em-agent chart breakdown|calendar|cycle-times|open-work`: a picture of where time goes, when something went live, how
//! long each change took, what was open. It comes in a direct message, to whoever asks alone.

mod data;

use clap::{Parser, ValueEnum};
use em_blocks::dora::chart::{alt_text, message_sent};
use em_charts::{ChartError, Theme};
use em_domain::flow::FlowMetric;
use em_integrations::slack::{File, FileKind, Place};

use super::question::{Question, Scope};
use super::{Typed, report};
use crate::ctx::Ctx;
use crate::flow;
use crate::goal;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "chart",
    usage: "chart <breakdown|calendar|cycle-times|open-work> [7d|30d|90d] [--repo R|--team T|--mine] [--dark]",
    summary: "A picture of where time goes, when something went live, how long changes took, what was open.",
    examples: &[
        "chart breakdown",
        "chart calendar 365d --repo acme/api",
        "chart cycle-times 30d --dark",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// Which picture.
    #[arg(value_enum, ignore_case = true)]
    kind: Kind,
    /// How far back; 90d if not given.
    #[arg(allow_negative_numbers = true)]
    days: Option<String>,
    #[command(flatten)]
    whose: Typed,
    /// For Slack's dark theme.
    #[arg(long)]
    dark: bool,
}

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The parts of the lead time, week by week.
    Breakdown,
    /// Deployments of each day.
    Calendar,
    /// The cycle time of each change.
    CycleTimes,
    /// What was open on each day, and what was finished by then.
    OpenWork,
}

impl Kind {
    /// What the file is called.
    fn name(self) -> &'static str {
        match self {
            Self::Breakdown => "breakdown",
            Self::Calendar => "calendar",
            Self::CycleTimes => "cycle-times",
            Self::OpenWork => "open-work",
        }
    }
}

/// A picture before it is drawn.
struct Picture {
    title: String,
    /// What it shows in words and numbers.
    words: String,
    draw: Box<dyn FnOnce(Theme) -> Result<Vec<u8>, ChartError> + Send>,
}

/// Answers `chart`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?.clone();
    let question = Question::asked(&ctx, &invocation, args.days.as_deref(), &args.whose).await?;
    let picture = picture(&ctx, args.kind, &question).await?;
    let theme = if args.dark { Theme::Dark } else { Theme::Light };
    let Picture { title, words, draw } = picture;
    let drawn = super::apart(move || draw(theme)).await?;
    let bytes = drawn.map_err(|error| CommandError::Internal(error.into()))?;
    let day = ctx.settings.calendar.local_date(ctx.clock.now());
    let file = File {
        kind: FileKind::Png,
        name: &format!("{}-{day}.png", args.kind.name()),
        title: &title,
        alt_text: &alt_text(&title, &words),
        bytes: &bytes,
    };
    let direct = ctx.slack.open_dm(user.as_str()).await?;
    ctx.slack.show_file(&Place::channel(direct), &file).await?;
    Ok(Reply::private(message_sent(&title, &words)))
}

async fn picture(ctx: &Ctx, kind: Kind, question: &Question) -> Result<Picture, CommandError> {
    let about = &match question.scope {
        Scope::All => format!("Everybody, {}", question.about()),
        Scope::Repository(_) | Scope::Team(_) | Scope::Mine(_) => question.about(),
    };
    Ok(match kind {
        Kind::Breakdown => data::breakdown(about, &report(ctx, question).await?.keys),
        Kind::Calendar => data::calendar(about, &report(ctx, question).await?.keys),
        Kind::CycleTimes => {
            let aim = goal::drawn(ctx, &question.scope, FlowMetric::CycleTime.into());
            data::cycle_times(about, &flow::report(ctx, question).await?.flow, aim)
        }
        Kind::OpenWork => data::open_work(about, &flow::report(ctx, question).await?.flow),
    })
}
