//! Purpose: `/em-agent schedule pause|resume|remove`: what its owner does with a schedule, and whom the policy lets look
//! after those of others.

use em_blocks::schedule::{Became, message_became};
use em_domain::id::SlackUser;
use em_domain::schedule::Kept;
use em_storage::Consequences;

use super::{TRIES, Which, crowded, entry, find_own, named, when};
use crate::ctx::Ctx;
use crate::home::redraw;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How pausing is written.
pub const PAUSE: Spec = Spec {
    path: "schedule pause",
    usage: "schedule pause <id>",
    summary: "Have a schedule rest until somebody resumes it.",
    examples: &["schedule pause triage-7k2m"],
    check_scheduled: None,
};

/// How resuming is written.
pub const RESUME: Spec = Spec {
    path: "schedule resume",
    usage: "schedule resume <id>",
    summary: "Have a schedule go on that is paused.",
    examples: &["schedule resume triage-7k2m"],
    check_scheduled: None,
};

/// How removing is written.
pub const REMOVE: Spec = Spec {
    path: "schedule remove",
    usage: "schedule remove <id>",
    summary: "Forget a schedule.",
    examples: &["schedule remove triage-7k2m"],
    check_scheduled: None,
};

/// Whether a schedule is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Pause,
    Resume,
}

/// Answers `schedule pause`.
pub async fn pause(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Which { name } = PAUSE.parse(&invocation.words)?;
    set(&ctx, &name.join(" "), invocation.person()?, Wish::Pause).await
}

/// Answers `schedule resume`.
pub async fn resume(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Which { name } = RESUME.parse(&invocation.words)?;
    set(&ctx, &name.join(" "), invocation.person()?, Wish::Resume).await
}

/// Answers `schedule remove`.
pub async fn remove(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Which { name } = REMOVE.parse(&invocation.words)?;
    forget(&ctx, &name.join(" "), invocation.person()?).await
}

/// The entry *Pause*.
pub async fn pause_clicked(ctx: Ctx, click: Click) -> Outcome {
    set(&ctx, named(&click), &click.user, Wish::Pause).await
}

/// The entry *Resume*.
pub async fn resume_clicked(ctx: Ctx, click: Click) -> Outcome {
    set(&ctx, named(&click), &click.user, Wish::Resume).await
}

/// The entry *Remove*.
pub async fn remove_clicked(ctx: Ctx, click: Click) -> Outcome {
    forget(&ctx, named(&click), &click.user).await
}

async fn set(ctx: &Ctx, typed: &str, user: &SlackUser, wish: Wish) -> Outcome {
    for _ in 0..TRIES {
        let kept = find_own(ctx, typed, user).await?;
        let (next, kind, became) = match (wish, kept.is_active()) {
            (Wish::Pause, false) => return Ok(Reply::private(message_became(&kept, Became::Paused))),
            (Wish::Resume, true) => return Ok(Reply::private(message_became(&kept, Became::Resumed))),
            (Wish::Pause, true) => (kept.paused(ctx.clock.now()), "schedule.paused", Became::Paused),
            (Wish::Resume, false) => (resumed(ctx, &kept)?, "schedule.resumed", Became::Resumed),
        };
        let follows = Consequences {
            audit: vec![entry(ctx, user.as_str(), kind, &next)],
            ..Consequences::default()
        };
        if ctx.store.kept_schedules().record(&next, &follows).await? {
            redraw(ctx, std::slice::from_ref(user)).await;
            return Ok(Reply::private(message_became(&next, became)));
        }
    }
    Err(crowded())
}

fn resumed(ctx: &Ctx, kept: &Kept) -> Result<Kept, CommandError> {
    let now = ctx.clock.now();
    let schedule = when(&kept.definition).map_err(CommandError::User)?;
    Ok(kept.resumed(schedule.next_after(now), now))
}

async fn forget(ctx: &Ctx, typed: &str, user: &SlackUser) -> Outcome {
    let kept = find_own(ctx, typed, user).await?;
    let entry = entry(ctx, user.as_str(), "schedule.removed", &kept);
    // Somebody may have been faster; then it is gone as well.
    ctx.store.kept_schedules().remove(&kept.id, &entry).await?;
    redraw(ctx, std::slice::from_ref(user)).await;
    Ok(Reply::private(message_became(&kept, Became::Removed)))
}
