//! Purpose: `/em-agent note "started review pairing"`: a mark on charts, so that what came after it can be told from what was
//! before; four weeks later its author is told both.

use chrono::Duration;
use clap::Parser;
use em_blocks::dora::note::{message_came_of_it, message_noted, message_team_is_gone};
use em_domain::delivery::{Asked, FiveKeys, MAX_MARK_CHARS, Mark, Mode, measure};
use em_domain::id::JobId;
use em_domain::job::{Job, JobError, NewJob};
use em_integrations::slack::Place;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use super::question::Scope;
use super::{apart, both, facts_of};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;
use crate::team;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "note",
    usage: "note <words> [--team T]",
    summary: "Mark on charts that something begins today.",
    examples: &[
        "note \"started review pairing\"",
        "note new on-call rota --team payments",
    ],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {
    /// What begins.
    #[arg(required = true, num_args = 1..)]
    words: Vec<String>,
    /// The team that it concerns; all if not given.
    #[arg(long)]
    team: Option<String>,
}

/// Answers `note`.
pub async fn add(ctx: Ctx, invocation: Invocation) -> Outcome {
    let by = invocation.person()?.clone();
    let args: Args = SPEC.parse(&invocation.words)?;
    let words = args
        .words
        .join(" ")
        .trim()
        .trim_matches(['"', '“', '”'])
        .to_owned();
    let length = words.chars().count();
    if words.is_empty() || length > MAX_MARK_CHARS {
        return Err(CommandError::user(format!(
            "Say it in at most {MAX_MARK_CHARS} characters, it stands beside a line in a picture. You wrote {length}."
        )));
    }
    let team = match args.team.as_deref() {
        Some(name) => Some(team::find(&ctx, name)?.name.clone()),
        None => None,
    };
    let mark = Mark {
        id: format!("mrk_{}", Ulid::new()),
        at: ctx.clock.now(),
        by,
        words,
        team,
        channel: invocation.channel.as_ref().map(|channel| channel.0.clone()),
    };
    ctx.store.marks().add(&mark, &follow_up(&mark)).await?;
    Ok(Reply::private(message_noted(&mark)))
}

/// The job: tells what came of a mark.
pub const REPORT: &str = "note.report";
/// How much is looked at before and after: whole weeks, so that week-ends weigh the same.
const COMPARED: Duration = Duration::days(28);
/// How long the message is remembered, so that a second attempt does not repeat it.
const REMEMBERED_FOR: Duration = Duration::days(7);

#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    mark: String,
}

fn follow_up(mark: &Mark) -> NewJob {
    let payload = json!(Noted {
        mark: mark.id.clone()
    });
    NewJob::new(JobId::new(Ulid::new()), REPORT, payload, mark.at + COMPARED)
}

/// Tells the author of a mark what the metrics were before it and are after it. To them alone: the numbers may be of private
/// repositories.
pub async fn report(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let Noted { mark } = serde_json::from_value(job.payload)
        .map_err(|error| JobError::Fail(format!("not a mark: {error}")))?;
    let found = ctx.store.marks().find(&mark).await.map_err(CommandError::from)?;
    let Some(mark) = found else {
        return Ok(());
    };
    let content = match scope(&ctx, &mark) {
        Some(scope) => {
            let (before, after) = around(&ctx, &mark, &scope).await?;
            message_came_of_it(&mark, &before, &after)
        }
        None => message_team_is_gone(&mark),
    };
    let place = Place::channel(
        ctx.slack
            .open_dm(mark.by.as_str())
            .await
            .map_err(CommandError::from)?,
    );
    let wanted = Wanted {
        purpose: format!("note:{}", mark.id),
        place,
        content,
        version: 0,
        until: ctx.clock.now() + REMEMBERED_FOR,
    };
    copy::show(&ctx, &wanted, job.attempts > 1).await?;
    Ok(())
}

/// Whose numbers a mark is about; none of a team that is configured no more, whose repositories nobody knows.
fn scope(ctx: &Ctx, mark: &Mark) -> Option<Scope> {
    let Some(name) = mark.team.as_deref() else {
        return Some(Scope::All);
    };
    let team = team::find(ctx, name).ok()?;
    Some(Scope::Team(team.name.clone()))
}

/// The metrics of as long before a mark as behind it.
async fn around(ctx: &Ctx, mark: &Mark, scope: &Scope) -> Result<(FiveKeys, FiveKeys), CommandError> {
    let (repositories, members) = scope.whose(ctx)?;
    let asked = |from, to| Asked {
        from,
        to,
        zone: ctx.settings.calendar.zone,
        repositories: repositories.clone(),
        members: members.clone(),
    };
    let (before, after) = (
        asked(mark.at - COMPARED, mark.at),
        asked(mark.at, mark.at + COMPARED),
    );
    let facts = facts_of(ctx, &both(&after, &before)).await?;
    let definitions = ctx.settings.delivery.clone();
    apart(move || {
        let keys = |asked| measure(&facts, &definitions, asked, Mode::default());
        (keys(&before), keys(&after))
    })
    .await
}
