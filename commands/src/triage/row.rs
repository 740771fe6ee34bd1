//! Purpose: the menu of one row: *Why here?*, *Nudge*, *Open*.

use em_blocks::nudge::{Nudge, Nudged, message_nudge, message_nudged};
use em_blocks::people::People;
use em_blocks::row::RowSetting;
use em_blocks::why::{WhyView, message_moved_on, message_why};
use em_domain::id::{Login, SlackUser};
use em_domain::pull_request::PullRequestKey;
use em_domain::triage::{Surroundings, TriageRow};
use em_integrations::slack::SlackError;

use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Outcome, Reply};
use crate::link::user_of;

/// The subject of a clicked row.
///
/// # Errors
/// The message is of an older version and names no subject.
pub(crate) fn subject(click: &Click) -> Result<PullRequestKey, CommandError> {
    PullRequestKey::parse(&click.subject).ok_or_else(|| {
        CommandError::user("That list is too old for me to know the row. Run `/em-agent triage` again.")
    })
}

/// The entry *Why here?*: the rules and what they saw.
pub async fn why(ctx: Ctx, click: Click) -> Outcome {
    let key = subject(&click)?;
    let now = ctx.clock.now();
    let found = ctx.store.triage().find(&key, now).await?;
    let Some((found, row)) = found
        .as_ref()
        .and_then(|found| Some((found, found.row.as_ref()?)))
    else {
        return Ok(Reply::private(message_moved_on(&key)));
    };
    let around = Surroundings {
        reviews: &found.reviews,
        comments: &found.comments,
        runs: &found.runs,
    };
    Ok(Reply::private(message_why(&WhyView {
        row,
        around,
        setting: RowSetting {
            calendar: &ctx.settings.calendar,
            people: People::posted(),
            now,
        },
    })))
}

/// The entry *Nudge*: tells whoever's turn it is, at most once a day for each subject and person.
pub async fn nudge(ctx: Ctx, click: Click) -> Outcome {
    let key = subject(&click)?;
    let Some(row) = ctx
        .store
        .triage()
        .list_rows(std::slice::from_ref(&key))
        .await?
        .pop()
    else {
        let gone = message_nudged(&key, &Nudged::NoLongerWaiting, &ctx.settings.calendar);
        return Ok(Reply::private(gone));
    };
    let nudged = tell(&ctx, &row, &click.user).await?;
    let said = message_nudged(&key, &nudged, &ctx.settings.calendar);
    Ok(Reply::private(said))
}

/// Tells whoever's turn it is in a direct message from `from`, at most once a day for each subject and person.
pub(crate) async fn tell(ctx: &Ctx, row: &TriageRow, from: &SlackUser) -> Result<Nudged, CommandError> {
    let (mut known, mut unknown): (Vec<SlackUser>, Vec<Login>) = (Vec::new(), Vec::new());
    for login in &row.waiting.actors {
        match user_of(ctx, login).await? {
            Some(user) => known.push(user),
            None => unknown.push(login.clone()),
        }
    }
    match (known.is_empty(), unknown.is_empty()) {
        (true, true) => return Ok(Nudged::NobodyNamed),
        (true, false) => return Ok(Nudged::NobodyLinked { logins: unknown }),
        (false, _) => {}
    }
    let now = ctx.clock.now();
    let day = ctx.settings.calendar.local_date(now);
    let message = message_nudge(&Nudge {
        row,
        from,
        calendar: &ctx.settings.calendar,
        now,
    });
    let subject = row.key.to_string();
    let (mut to, mut earlier) = (Vec::new(), None);
    for user in &known {
        // Claimed before it is sent: of two people who click at once, one sends.
        if !ctx.store.nudges().claim(&subject, user, day, now).await? {
            earlier = ctx.store.nudges().find(&subject, user, day).await?.or(earlier);
            continue;
        }
        if let Err(error) = ctx.slack.send_dm(user.as_str(), &message).await {
            // After an unclear answer the message may have arrived: better once too few than twice.
            if !matches!(error, SlackError::Ambiguous { .. }) {
                ctx.store.nudges().release(&subject, user, day).await?;
            }
            return Err(error.into());
        }
        to.push(user.clone());
    }
    Ok(match earlier {
        Some(at) if to.is_empty() => Nudged::AlreadyToday { to: known, at },
        Some(_) | None => Nudged::Sent { to, unknown },
    })
}
