//! Purpose: `/em-agent standup away 2026-08-03 2026-08-14`: days on which somebody is asked nothing.

use em_blocks::standup::history::message_away;
use em_domain::away::{Away, parse_days};

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "standup away",
    usage: "standup away [<from> [<to>] | off]",
    summary: "Say when you are away: you are asked and reminded of nothing on those days.",
    examples: &[
        "standup away tomorrow",
        "standup away 2026-08-03 2026-08-14",
        "standup away off",
    ],
    check_scheduled: None,
};

/// Answers `standup away`.
pub async fn away(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let now = ctx.clock.now();
    let today = now.with_timezone(&super::zone_of(&ctx, user).await).date_naive();
    let days_off = ctx.store.days_off();
    match invocation.words.as_slice() {
        [] => {}
        [word] if word.eq_ignore_ascii_case("off") => drop(days_off.remove(user, today).await?),
        words => {
            let (from, until) = parse_days(words, today).map_err(CommandError::user)?;
            let away = Away {
                slack_user: user.clone(),
                from,
                until,
            };
            days_off.upsert(&away, now).await?;
        }
    }
    let days = days_off.list(std::slice::from_ref(user), today).await?;
    Ok(Reply::private(message_away(&days)))
}
