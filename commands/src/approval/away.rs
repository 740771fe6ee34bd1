//! Purpose: `/em-agent approvals delegate @ben 3`: somebody else decides for you while you are away.

use chrono::Duration;
use clap::Parser;
use em_blocks::approval::list::message_deputy;
use em_domain::audit::AuditEntry;
use em_domain::id::SlackUser;
use em_storage::Deputy;
use serde_json::json;

use super::setting;
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "approvals delegate",
    usage: "approvals delegate <@person> <days>",
    summary: "Let somebody decide for you while you are away; 0 days takes it back.",
    examples: &["approvals delegate @ben 5"],
    check_scheduled: None,
};

/// The longest time away that is taken without looking again.
const MOST_DAYS: u32 = 60;

#[derive(Debug, Parser)]
struct Args {
    person: String,
    days: u32,
}

/// Answers `approvals delegate`.
pub async fn delegate(ctx: Ctx, invocation: Invocation) -> Outcome {
    let args: Args = SPEC.parse(&invocation.words)?;
    let user = invocation.person()?.clone();
    let deputy = mentioned(&args.person).ok_or_else(|| {
        CommandError::user("Name the person with a mention, as in `/em-agent approvals delegate @ben 5`.")
    })?;
    if deputy == user {
        return Err(CommandError::user(
            "You decide for yourself already. Name somebody else.",
        ));
    }
    if args.days > MOST_DAYS {
        return Err(CommandError::user(format!(
            "That is too long: {MOST_DAYS} days are the most."
        )));
    }
    match ctx.slack.user(deputy.as_str()).await? {
        Some(person) if !person.is_bot && !person.is_guest && !person.deleted => {}
        Some(_) | None => {
            return Err(CommandError::user(
                "That person cannot decide: a bot, a guest, or somebody who has left.",
            ));
        }
    }
    let now = ctx.clock.now();
    let deputy = Deputy {
        principal: user.clone(),
        deputy,
        until: now + Duration::days(i64::from(args.days)),
    };
    let entry = AuditEntry {
        at: now,
        actor: user.to_string(),
        kind: "approval.delegated".to_owned(),
        subject: user.to_string(),
        data: json!({ "deputy": deputy.deputy, "until": deputy.until }),
    };
    ctx.store.approvals().upsert_deputy(&deputy, &entry).await?;
    let until = (args.days > 0).then_some(deputy.until);
    Ok(Reply::private(message_deputy(
        &deputy.deputy,
        until,
        setting(&ctx),
    )))
}

/// The person in `<@U024BE7LH|ben>`, as Slack sends a mention in a command.
fn mentioned(word: &str) -> Option<SlackUser> {
    let inside = word.strip_prefix("<@")?.strip_suffix('>')?;
    let id = inside.split('|').next().unwrap_or(inside);
    (!id.is_empty()).then(|| SlackUser(id.to_owned()))
}
