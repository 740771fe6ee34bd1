//! Purpose: the menu of one row: *Why here?*, *Nudge*, *Open*.

use chrono::{DateTime, NaiveDate, Utc};
use em_blocks::nudge::{Nudge, Nudged, message_nudge, message_nudged};
use em_blocks::people::People;
use em_blocks::row::RowSetting;
use em_blocks::why::{WhyView, message_moved_on, message_why};
use em_domain::id::{Login, SlackUser};
use em_domain::notice::Topic;
use em_domain::pull_request::PullRequestKey;
use em_domain::triage::{Surroundings, TriageRow};
use em_integrations::slack::SlackError;
use slack_morphism::prelude::SlackMessageContent;

use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Outcome, Reply};
use crate::link::user_of;
use crate::notice::{self, Offer, Offered};

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

/// Tells whoever's turn it is in a direct message from `from`, at most once a day for each subject and person, and when
/// they want to be told.
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
    let nudge = Telling {
        subject: row.key.to_string(),
        topic: Topic::Nudge {
            subject: row.key.clone(),
            from: from.clone(),
            day,
        },
        day,
        message: &message,
    };
    let (mut to, mut later, mut unwilling, mut earlier) = (Vec::new(), Vec::new(), Vec::new(), None);
    for user in &known {
        match tell_one(ctx, user, &nudge).await? {
            Told::Now => to.push(user.clone()),
            Told::Later => later.push(user.clone()),
            Told::Unwilling => unwilling.push(user.clone()),
            Told::Earlier(at) => earlier = at.or(earlier),
        }
    }
    let is_news = !(to.is_empty() && later.is_empty() && unwilling.is_empty());
    Ok(match earlier {
        Some(at) if !is_news => Nudged::AlreadyToday { to: known, at },
        Some(_) | None => Nudged::Sent {
            to,
            later,
            unwilling,
            unknown,
        },
    })
}

/// What whoever's turn it is is told.
struct Telling<'a> {
    subject: String,
    topic: Topic,
    day: NaiveDate,
    message: &'a SlackMessageContent,
}

/// What came of telling one person.
enum Told {
    Now,
    /// When their quiet time ends.
    Later,
    /// They do not want to be nudged.
    Unwilling,
    /// Today, at this time.
    Earlier(Option<DateTime<Utc>>),
}

async fn tell_one(ctx: &Ctx, user: &SlackUser, nudge: &Telling<'_>) -> Result<Told, CommandError> {
    let (now, nudges) = (ctx.clock.now(), ctx.store.nudges());
    // Claimed before it is sent: of two people who click at once, one sends.
    if !nudges.claim(&nudge.subject, user, nudge.day, now).await? {
        return Ok(Told::Earlier(nudges.find(&nudge.subject, user, nudge.day).await?));
    }
    let offer = Offer {
        user,
        topic: &nudge.topic,
        is_urgent: false,
        useless_from: None,
    };
    let offered = match notice::offer(ctx, offer).await {
        Ok(offered) => offered,
        Err(error) => {
            nudges.release(&nudge.subject, user, nudge.day).await?;
            return Err(error);
        }
    };
    match offered {
        Offered::Now => {}
        Offered::Later | Offered::Came(_) => return Ok(Told::Later),
        Offered::Not => {
            nudges.release(&nudge.subject, user, nudge.day).await?;
            return Ok(Told::Unwilling);
        }
    }
    if let Err(error) = ctx.slack.send_dm(user.as_str(), nudge.message).await {
        // After an unclear answer the message may have arrived: better once too few than twice.
        if !matches!(error, SlackError::Ambiguous { .. }) {
            nudges.release(&nudge.subject, user, nudge.day).await?;
            ctx.store.notices().release(user, &nudge.topic).await?;
        }
        return Err(error.into());
    }
    Ok(Told::Now)
}
