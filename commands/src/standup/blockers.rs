//! Purpose: `/em-agent standup blockers`: what holds people up; it ends by itself when what it is about moves, and
//! somebody is told when it grows old.

use em_blocks::standup::blocker::{Seen, message_blockers, message_escalated, message_resolved};
use em_domain::id::{BlockerId, SlackUser};
use em_domain::notice::Topic;
use em_domain::standup::{Blocker, BlockerEnd, Standup};
use em_integrations::slack::Place;

use super::REMEMBERED_FOR;
use super::round::{DRAW, of_round};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::home;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply};
use crate::notice::{self, Offer, Offered};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "standup blockers",
    usage: "standup blockers",
    summary: "What holds people up, for how long, with a button for what is resolved.",
    examples: &["standup blockers"],
    check_scheduled: None,
};

fn seen(ctx: &Ctx) -> Seen {
    Seen {
        now: ctx.clock.now(),
        zone: ctx.settings.calendar.zone,
    }
}

/// Answers `standup blockers`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let mut blockers = Vec::new();
    for standup in super::of_person(&ctx, user).await? {
        blockers.extend(ctx.store.standups().list_open_blockers(&standup.name).await?);
    }
    blockers.sort_by_key(|blocker| blocker.opened_at);
    Ok(Reply::private(message_blockers(&blockers, seen(&ctx))))
}

/// The button *Resolved*.
pub async fn clicked_resolve(ctx: Ctx, click: Click) -> Outcome {
    let id = BlockerId::parse(&click.value).ok_or_else(|| {
        CommandError::user("I do not know which blocker that is. `standup blockers` lists them.")
    })?;
    let now = ctx.clock.now();
    let Some(closed) = ctx
        .store
        .standups()
        .close_blocker(&id, BlockerEnd::Said, now)
        .await?
    else {
        return Err(CommandError::user("That was resolved before. Nothing changed."));
    };
    redraw(&ctx, &closed.standup).await?;
    home::redraw(&ctx, &[click.user, closed.owner.clone()]).await;
    if click.response_url.is_none() {
        // It was on the person's own page, which shows what is left.
        return Ok(Reply::Done);
    }
    Ok(Reply::Replace(Box::new(message_resolved(&closed, seen(&ctx)))))
}

/// Ends blockers whose pull request was merged or closed, and tells of those that grew old.
///
/// # Errors
/// Slack or the database cannot be reached.
pub(super) async fn look_after(ctx: &Ctx, standup: &Standup) -> Result<(), CommandError> {
    let (standups, now) = (ctx.store.standups(), ctx.clock.now());
    let mut has_ended = false;
    for blocker in standups.list_moved_blockers(&standup.name).await? {
        let closed = standups
            .close_blocker(&blocker.id, BlockerEnd::Moved, now)
            .await?;
        has_ended |= closed.is_some();
    }
    if has_ended {
        redraw(ctx, &standup.name).await?;
    }
    let Some(escalate_to) = &standup.escalate_to else {
        return Ok(());
    };
    for blocker in standups.list_open_blockers(&standup.name).await? {
        if blocker.is_to_be_escalated(&ctx.settings.calendar, standup.escalate_after_days, now) {
            escalate(ctx, &blocker, escalate_to).await?;
        }
    }
    Ok(())
}

/// Tells first and notes it then: whoever dies in between finds the message by its mark and does not send it twice.
async fn escalate(ctx: &Ctx, blocker: &Blocker, to: &SlackUser) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let topic = Topic::Blocker {
        id: blocker.id.clone(),
    };
    let offer = Offer {
        user: to,
        topic: &topic,
        is_urgent: false,
        useless_from: None,
    };
    match notice::offer(ctx, offer).await? {
        Offered::Now => {
            let wanted = Wanted {
                purpose: format!("standup:blocker:{}", blocker.id),
                place: Place::channel(ctx.slack.open_dm(to.as_str()).await?),
                content: message_escalated(blocker, seen(ctx)),
                version: 1,
                until: now + REMEMBERED_FOR,
            };
            copy::show(ctx, &wanted, false).await?;
        }
        // It comes with the morning's message, or they do not want to know.
        Offered::Later | Offered::Came(_) | Offered::Not => {}
    }
    ctx.store.standups().record_escalated(&blocker.id, now).await?;
    Ok(())
}

/// The latest round shows what is left.
async fn redraw(ctx: &Ctx, standup: &str) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let far = now.date_naive() + chrono::Duration::days(3650);
    let rounds = ctx.store.standups().list_rounds(standup, far, 1).await?;
    if let Some(latest) = rounds.first() {
        let job = of_round(DRAW, &latest.round.id, now);
        ctx.store
            .standups()
            .record_change(&latest.round.id, &job, now)
            .await?;
        ctx.wake_jobs();
    }
    Ok(())
}
