//! Purpose: every direct message that nobody asked for passes here: it is sent, held for the morning, or left out, as its
//! receiver wants it. What is held for one morning comes in one message, by a job that is stored with it.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use em_blocks::notice::{Held, Unanswered, message_held};
use em_domain::approval::ApprovalState;
use em_domain::calendar::instant_in;
use em_domain::id::{ApprovalId, BlockerId, JobId, SlackUser};
use em_domain::job::{Job, JobError, NewJob};
use em_domain::notice::{Delivery, Notice, TheirTime, Topic, decide};
use em_domain::pull_request::PullRequestKey;
use em_domain::standup::CheckinState;
use em_integrations::slack::Place;
use em_storage::{NewNotice, NoticeState, RoundState, StoredNotice};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::approval;
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::standup;

/// The job: sends the message of one person's morning.
pub const DELIVER: &str = "notice.deliver";
/// How long such a message is remembered, so that it is edited when something in it is done.
const REMEMBERED_FOR: Duration = Duration::days(30);
/// A morning whose job did its work just before something was added to it is looked after this much later.
const OVERDUE: Duration = Duration::minutes(1);

/// Something that somebody may be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    /// Who.
    pub(crate) user: &'a SlackUser,
    /// What about; of each topic they are told once.
    pub(crate) topic: &'a Topic,
    /// It cannot wait: it is about an incident.
    pub(crate) is_urgent: bool,
    /// From then on nobody needs to know.
    pub(crate) useless_from: Option<DateTime<Utc>>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is to be sent now; if it was before, sending it again must change nothing.
    Now,
    /// It comes then, with all that waits for the same morning.
    Later,
    /// It came in the message of that morning.
    Came(DateTime<Utc>),
    /// It does not come.
    Not,
}

impl From<NoticeState> for Offered {
    fn from(state: NoticeState) -> Self {
        match state {
            NoticeState::Sent => Self::Now,
            NoticeState::Held(_) => Self::Later,
            NoticeState::Delivered(at) => Self::Came(at),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Morning {
    user: SlackUser,
    due_at: DateTime<Utc>,
}

/// Decides once whether and when somebody is told of a topic, and holds what is to come later.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn offer(ctx: &Ctx, offer: Offer<'_>) -> Result<Offered, CommandError> {
    let notices = ctx.store.notices();
    if let Some(decided) = notices.find(offer.user, offer.topic).await? {
        return Ok(decided.state.into());
    }
    let now = ctx.clock.now();
    let new = NewNotice {
        user: offer.user,
        topic: offer.topic,
    };
    let (is_first, becomes) = match delivery(ctx, offer, now).await? {
        Delivery::Now => (notices.claim(new, now).await?, Offered::Now),
        Delivery::Later(at) | Delivery::Bundled(at) => {
            let held = notices.hold(new, at, &job(offer.user, at), now).await?;
            (held, Offered::Later)
        }
        Delivery::Unwanted | Delivery::TooLate => return Ok(Offered::Not),
    };
    if is_first {
        return Ok(becomes);
    }
    // Another replica decided at the same time.
    let decided = notices.find(offer.user, offer.topic).await?;
    Ok(decided.map_or(becomes, |decided| decided.state.into()))
}

async fn delivery(ctx: &Ctx, offer: Offer<'_>, now: DateTime<Utc>) -> Result<Delivery, CommandError> {
    let settings = ctx.store.settings().get(offer.user).await?;
    let zone = standup::zone_of(ctx, offer.user).await;
    let today = now.with_timezone(&zone).date_naive();
    let away = ctx
        .store
        .days_off()
        .list(std::slice::from_ref(offer.user), today)
        .await?;
    let midnight = instant_in(zone, today, NaiveTime::MIN);
    let sent = ctx.store.notices().count_sent(offer.user, midnight).await?;
    let notice = Notice {
        kind: offer.topic.kind(),
        is_urgent: offer.is_urgent,
        useless_from: offer.useless_from,
    };
    let time = TheirTime {
        calendar: &ctx.settings.calendar,
        zone,
        away: &away,
        sent_today: u32::try_from(sent).unwrap_or(u32::MAX),
        waits_until: ctx.store.notices().find_next_morning(offer.user, now).await?,
    };
    Ok(decide(&settings, notice, time, now))
}

fn job(user: &SlackUser, due_at: DateTime<Utc>) -> NewJob {
    let payload = json!(Morning {
        user: user.clone(),
        due_at
    });
    NewJob::new(JobId::new(Ulid::new()), DELIVER, payload, due_at).unique(purpose(user, due_at))
}

fn purpose(user: &SlackUser, due_at: DateTime<Utc>) -> String {
    format!("notice:{user}:{}", due_at.timestamp())
}

/// The job: the message of one person's morning.
pub async fn deliver(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let Morning { user, due_at } = serde_json::from_value(job.payload)
        .map_err(|error| JobError::Fail(format!("not a morning's message: {error}")))?;
    if ctx.clock.now() < due_at {
        // The clocks of two replicas differ.
        return Err(JobError::Retry {
            error: "the morning has not come".to_owned(),
            at: Some(due_at),
        });
    }
    draw_morning(&ctx, &user, due_at).await.map_err(JobError::from)
}

/// Sends the message of a morning, or brings it up to date: what no longer matters is not in it, and without anything
/// that matters none is sent. It is noted as delivered only after it was sent: whoever dies in between finds it by its
/// mark.
///
/// # Errors
/// Slack or the database cannot be reached.
pub(crate) async fn draw_morning(
    ctx: &Ctx,
    user: &SlackUser,
    due_at: DateTime<Utc>,
) -> Result<(), CommandError> {
    let notices = ctx.store.notices().list_morning(user, due_at).await?;
    let person = ctx.slack.user(user.as_str()).await?;
    // Deactivated meanwhile: nobody is there to be told.
    if person.is_some_and(|person| !person.deleted) {
        let held = still_matters(ctx, user, &notices).await?;
        let purpose = purpose(user, due_at);
        if !held.is_empty() || ctx.store.posts().find(&purpose).await?.is_some() {
            let now = ctx.clock.now();
            let wanted = Wanted {
                purpose,
                place: Place::channel(ctx.slack.open_dm(user.as_str()).await?),
                content: message_held(&held, approval::setting(ctx)),
                version: now.timestamp_millis(),
                until: due_at + REMEMBERED_FOR,
            };
            copy::show(ctx, &wanted, true).await?;
        }
    }
    let topics: Vec<Topic> = notices.into_iter().map(|notice| notice.topic).collect();
    ctx.store.notices().record_delivered(user, &topics).await?;
    Ok(())
}

async fn still_matters(ctx: &Ctx, user: &SlackUser, notices: &[StoredNotice]) -> Result<Held, CommandError> {
    let mut held = Held::default();
    for notice in notices {
        match &notice.topic {
            Topic::Approval { id } | Topic::ApprovalReminder { id } => {
                add_approval(ctx, user, id, &mut held).await?;
            }
            Topic::Nudge { subject, from, .. } => add_nudge(ctx, user, subject, from, &mut held).await?,
            Topic::StandupReminder { round } => {
                held.standups.extend(unanswered(ctx, user, round).await?);
            }
            Topic::Blocker { id } => add_blocker(ctx, id, &mut held).await?,
        }
    }
    Ok(held)
}

async fn add_approval(
    ctx: &Ctx,
    user: &SlackUser,
    id: &ApprovalId,
    held: &mut Held,
) -> Result<(), CommandError> {
    let is_there = held.approvals.iter().any(|known| known.id == *id);
    let found = ctx.store.approvals().find(id).await?.filter(|_| !is_there);
    let waits = found.filter(|approval| {
        let has_said = approval.votes.iter().any(|vote| vote.by == *user);
        approval.state == ApprovalState::Pending && !has_said
    });
    held.approvals.extend(waits);
    Ok(())
}

async fn add_nudge(
    ctx: &Ctx,
    user: &SlackUser,
    subject: &PullRequestKey,
    from: &SlackUser,
    held: &mut Held,
) -> Result<(), CommandError> {
    let is_there = held.nudges.iter().any(|(row, _)| row.key == *subject);
    let link = ctx.store.people().find_link(user).await?;
    let Some(link) = link.filter(|_| !is_there) else {
        return Ok(());
    };
    let rows = ctx
        .store
        .triage()
        .list_rows(std::slice::from_ref(subject))
        .await?;
    let theirs = rows
        .into_iter()
        .filter(|row| row.waiting.actors.iter().any(|actor| actor.same(&link.login)));
    held.nudges.extend(theirs.map(|row| (row, from.clone())));
    Ok(())
}

async fn add_blocker(ctx: &Ctx, id: &BlockerId, held: &mut Held) -> Result<(), CommandError> {
    let found = ctx.store.standups().find_blocker(id).await?;
    held.blockers
        .extend(found.filter(|blocker| blocker.closed_at.is_none()));
    Ok(())
}

/// The standup of a round, if it still waits for this person's answer.
///
/// # Errors
/// The database cannot be reached.
pub(crate) async fn unanswered(
    ctx: &Ctx,
    user: &SlackUser,
    round: &str,
) -> Result<Option<Unanswered>, CommandError> {
    let Some(stored) = ctx.store.standups().find_round(round).await? else {
        return Ok(None);
    };
    let is_over = stored.state == RoundState::Missed || ctx.clock.now() >= stored.round.post_at;
    let checkin = ctx.store.standups().find_checkin(round, user).await?;
    let waits = checkin.is_some_and(|checkin| checkin.state == CheckinState::Asked);
    Ok((waits && !is_over).then_some(Unanswered {
        standup: stored.round.standup,
        until: stored.round.post_at,
        round: stored.round.id,
    }))
}

/// Sees to mornings whose message lacks something, because it was sent at the instant at which something was added.
///
/// # Errors
/// The database cannot be reached.
pub async fn look_after(ctx: &Ctx) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let overdue = ctx.store.notices().list_overdue(now - OVERDUE).await?;
    let jobs: Vec<NewJob> = overdue.iter().map(|(user, due_at)| job(user, *due_at)).collect();
    if !jobs.is_empty() {
        ctx.store.jobs().enqueue_many(&jobs, now).await?;
        ctx.wake_jobs();
    }
    Ok(())
}
