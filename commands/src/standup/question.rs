//! Purpose: asks and reminds one person of a standup, each once, whatever happens to the one who asks.

use em_blocks::standup::question::{Question, message_question, message_reminder, message_thanks};
use em_domain::id::SlackUser;
use em_domain::job::{Job, JobError};
use em_domain::notice::Topic;
use em_domain::standup::{Checkin, CheckinState, Round, Standup};
use em_integrations::slack::Place;
use em_storage::RoundState;
use slack_morphism::prelude::SlackMessageContent;

use super::round::Asked;
use super::{checkin, day_zone, standup_of};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::notice::{self, Offer, Offered};

/// The version of the question, before any answer.
const QUESTION: i64 = 1;

fn purpose(round: &str, user: &SlackUser) -> String {
    format!("standup:{round}:ask:{user}")
}

fn asked(job: &Job) -> Result<Asked, JobError> {
    serde_json::from_value(job.payload.clone())
        .map_err(|error| JobError::Fail(format!("not a question of a standup: {error}")))
}

/// The job: asks one person, unless they have answered by now, are away by now, or it is too late.
pub async fn ask(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let Asked { round, user } = asked(&job)?;
    ask_one(&ctx, &round, &user, job.attempts > 1)
        .await
        .map_err(JobError::from)
}

async fn ask_one(ctx: &Ctx, round: &str, user: &SlackUser, again: bool) -> Result<(), CommandError> {
    let Some((standup, round)) = waiting_round(ctx, round).await? else {
        return Ok(());
    };
    // The bot was not there when it was time: nobody is asked at night about a standup that is not posted any more.
    if round.is_too_late(ctx.clock.now()) || is_away(ctx, &round, user).await? {
        return Ok(());
    }
    let question = Checkin::asked(&round.id, user.clone());
    let is_first = ctx.store.standups().claim_question(&question).await?;
    let found = ctx.store.standups().find_checkin(&round.id, user).await?;
    let is_answered = found.is_some_and(|checkin| checkin.state != CheckinState::Asked);
    if is_answered || !(is_first || again) {
        return Ok(());
    }
    let content = content(ctx, &standup, &round, user, Kind::Question).await?;
    show(ctx, &round, user, QUESTION, content).await
}

/// The job: reminds one person, unless they have answered or are away by now, or do not want to be reminded then.
pub async fn remind(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let Asked { round, user } = asked(&job)?;
    remind_one(&ctx, &round, &user).await.map_err(JobError::from)
}

async fn remind_one(ctx: &Ctx, round: &str, user: &SlackUser) -> Result<(), CommandError> {
    let Some((standup, round)) = waiting_round(ctx, round).await? else {
        return Ok(());
    };
    let checkin = ctx.store.standups().find_checkin(&round.id, user).await?;
    // Whoever was not asked is not reminded either.
    let still_waits = checkin.is_some_and(|checkin| checkin.state == CheckinState::Asked);
    if !still_waits || ctx.clock.now() >= round.post_at || is_away(ctx, &round, user).await? {
        return Ok(());
    }
    let topic = Topic::StandupReminder {
        round: round.id.clone(),
    };
    let offer = Offer {
        user,
        topic: &topic,
        is_urgent: false,
        useless_from: Some(round.post_at),
    };
    match notice::offer(ctx, offer).await? {
        Offered::Now => {}
        Offered::Later | Offered::Came(_) | Offered::Not => return Ok(()),
    }
    let wanted = Wanted {
        purpose: format!("standup:{}:remind:{user}", round.id),
        place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
        content: content(ctx, &standup, &round, user, Kind::Reminder).await?,
        version: 1,
        until: round.post_at + super::REMEMBERED_FOR,
    };
    copy::show(ctx, &wanted, false).await.map(drop)
}

/// A round that waits for answers, and its standup; `None` if it is over, or was taken out of the configuration.
async fn waiting_round(ctx: &Ctx, id: &str) -> Result<Option<(Standup, Round)>, CommandError> {
    let Some(stored) = ctx.store.standups().find_round(id).await? else {
        return Ok(None);
    };
    let is_over = stored.state == RoundState::Missed || super::is_day_over(ctx, &stored.round);
    let standup = standup_of(ctx, &stored.round.standup).filter(|_| !is_over);
    Ok(standup.map(|standup| (standup.clone(), stored.round)))
}

async fn is_away(ctx: &Ctx, round: &Round, user: &SlackUser) -> Result<bool, CommandError> {
    let days = ctx
        .store
        .days_off()
        .list(std::slice::from_ref(user), round.day)
        .await?;
    let person = ctx.slack.user(user.as_str()).await?;
    let by_status = person
        .as_ref()
        .is_some_and(|person| person.status.is_away(ctx.clock.now()));
    // Deactivated since the round began.
    let has_left = person.is_none_or(|person| person.deleted);
    Ok(by_status || has_left || days.iter().any(|days| days.covers(round.day)))
}

enum Kind {
    Question,
    Reminder,
}

async fn content(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    user: &SlackUser,
    kind: Kind,
) -> Result<SlackMessageContent, CommandError> {
    let draft = checkin::draft(ctx, standup, round, user).await?;
    let unmatched: Vec<String> = draft.next.lines().map(str::to_owned).collect();
    let question = Question {
        standup: &standup.name,
        round: &round.id,
        until: round.post_at,
        zone: day_zone(ctx, standup, user).await?,
        seen: draft.seen.len(),
        unmatched: &unmatched,
    };
    Ok(match kind {
        Kind::Question => message_question(&question),
        Kind::Reminder => message_reminder(&question),
    })
}

async fn show(
    ctx: &Ctx,
    round: &Round,
    user: &SlackUser,
    version: i64,
    content: SlackMessageContent,
) -> Result<(), CommandError> {
    let wanted = Wanted {
        purpose: purpose(&round.id, user),
        place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
        content,
        version,
        until: round.post_at + super::REMEMBERED_FOR,
    };
    copy::show(ctx, &wanted, true).await.map(drop)
}

/// Says thanks in place of the question and of the reminder, where they stand: their buttons are spent.
pub(super) async fn thank(
    ctx: &Ctx,
    standup: &Standup,
    round: &Round,
    checkin: &Checkin,
) -> Result<(), CommandError> {
    let user = &checkin.slack_user;
    let zone = day_zone(ctx, standup, user).await?;
    let thanks = message_thanks(&standup.name, checkin, zone);
    let version = checkin
        .answered_at
        .map_or(QUESTION + 1, |at| at.timestamp_millis());
    for purpose in [
        purpose(&round.id, user),
        format!("standup:{}:remind:{user}", round.id),
    ] {
        if copy::find(ctx, &purpose).await?.is_none() {
            continue;
        }
        let wanted = Wanted {
            purpose,
            place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
            content: thanks.clone(),
            version,
            until: round.post_at + super::REMEMBERED_FOR,
        };
        copy::show(ctx, &wanted, false).await?;
    }
    Ok(())
}
