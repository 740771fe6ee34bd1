//! Purpose: `/em-agent schedule run triage-7k2m`: what a schedule does, now. It is no tick: the schedule comes due as it
//! would have.

use em_blocks::schedule::message_ran;
use em_domain::id::{SlackChannel, SlackUser};

use super::define::{permitted, reachable};
use super::{Found, Which, find, find_own, named};
use crate::ctx::Ctx;
use crate::invocation::{Caller, Click, CommandError, Invocation, Outcome, Reply};
use crate::registry::{self, check_scheduled};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "schedule run",
    usage: "schedule run <id>",
    summary: "Do now what a schedule does, one of my configuration too.",
    examples: &["schedule run triage-7k2m"],
    check_scheduled: None,
};

/// Answers `schedule run`.
pub async fn run(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Which { name } = SPEC.parse(&invocation.words)?;
    run_named(&ctx, &name.join(" "), invocation.person()?).await
}

/// The entry *Run now*.
pub async fn clicked(ctx: Ctx, click: Click) -> Outcome {
    run_named(&ctx, named(&click), &click.user).await
}

/// What is run, and as what.
struct Errand {
    name: String,
    run: String,
    channel: String,
}

async fn run_named(ctx: &Ctx, typed: &str, user: &SlackUser) -> Outcome {
    let errand = match find(ctx, typed).await? {
        Found::Kept(kept) => {
            let kept = find_own(ctx, kept.id.as_str(), user).await?;
            Errand {
                name: kept.id.to_string(),
                run: kept.definition.run,
                channel: kept.definition.channel.0,
            }
        }
        Found::Configured(command) => Errand {
            name: command.schedule.name.clone(),
            run: command.run.clone(),
            channel: command.channel.clone().unwrap_or_default(),
        },
    };
    // The command runs as the schedule's, so that it posts where the schedule does; whoever asks must be allowed it.
    permitted(ctx, user, &errand.run).await?;
    let channel = reachable(ctx, &errand.channel, Some(user)).await?;
    type_it(ctx, &errand, &channel.id).await?;
    Ok(Reply::private(message_ran(
        &errand.name,
        &errand.run,
        &channel.id,
    )))
}

async fn type_it(ctx: &Ctx, errand: &Errand, channel: &str) -> Result<(), CommandError> {
    check_scheduled(&errand.run).map_err(CommandError::User)?;
    let words: Vec<String> = errand.run.split_whitespace().map(str::to_owned).collect();
    match registry::find(&words) {
        registry::Found::Command(command, depth) => {
            let invocation = Invocation {
                caller: Caller::Schedule(errand.name.clone()),
                channel: Some(SlackChannel(channel.to_owned())),
                conversation: None,
                answer_to: None,
                trigger_id: None,
                words: words.get(depth..).unwrap_or_default().to_vec(),
            };
            (command.run)(ctx.clone(), invocation).await.map(drop)
        }
        registry::Found::Nothing | registry::Found::Unknown(_) => Ok(()),
    }
}
