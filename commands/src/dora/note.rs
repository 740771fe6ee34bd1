//! Purpose: `/em-agent note "started review pairing"`: a mark on charts, so that what came after it can be told from what was
//! before.

use clap::Parser;
use em_blocks::dora::note::message_noted;
use em_domain::delivery::{MAX_MARK_CHARS, Mark};
use ulid::Ulid;

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
    ctx.store.marks().add(&mark).await?;
    Ok(Reply::private(message_noted(&mark)))
}
