//! Purpose: what happens to a question by itself: reminders, escalation, its end, the end of a quiet period. Each is a
//! job in the database that is due at a time, so that a restart forgets none.

use chrono::Duration;
use em_blocks::approval::card::message_reminder;
use em_domain::approval::{Approval, ApprovalState};
use em_domain::id::{RepositoryName, SlackUser};
use em_domain::job::{Job, JobError};
use em_domain::notice::Topic;
use em_integrations::slack::Place;

use super::voter::{people, standings};
use super::{By, Changed, change, id_of, setting};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::notice::{self, Offer, Offered};
use em_blocks::approval::explain::Standing;

/// How long something agreed to may stand still before it is looked at: longer than all its attempts take.
const STUCK_AFTER: Duration = Duration::hours(1);
/// What is looked at in one round.
const MOST_LOOKED_AT: i64 = 500;

fn by(event: &'static str) -> By {
    By {
        actor: "clock".to_owned(),
        event,
    }
}

/// The job: half of the time is over. Those to whom it escalates may decide too, and who could decide is reminded.
pub async fn remind(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = id_of(&job.payload)?;
    let escalates = |approval: &Approval, now| approval.escalate(now);
    match change(&ctx, &id, &by("escalated"), escalates)
        .await
        .map_err(JobError::from)?
    {
        // Decided meanwhile.
        Changed::Refused(approval, _) if approval.state != ApprovalState::Pending => Ok(()),
        // Escalated just now, or before a crash.
        Changed::Now(approval) | Changed::Refused(approval, _) => {
            tell(&ctx, &approval).await.map_err(JobError::from)
        }
    }
}

/// One message in the card's thread that names who could decide now.
async fn tell(ctx: &Ctx, approval: &Approval) -> Result<(), CommandError> {
    let Some(card) = copy::find(ctx, &format!("approval:{}:card", approval.id)).await? else {
        return Ok(());
    };
    let who = standings(ctx, approval, people(ctx, approval).await?).await?;
    let able = who
        .into_iter()
        .filter(|(_, standing)| matches!(standing, Standing::CanDecide | Standing::OffHours));
    let mut mentioned = Vec::new();
    for (user, _) in able {
        if may_be_mentioned(ctx, approval, &user).await? {
            mentioned.push(user);
        }
    }
    let wanted = Wanted {
        purpose: format!("approval:{}:reminder", approval.id),
        place: Place::channel(&card.channel).in_thread(&card.ts),
        content: message_reminder(approval, &mentioned, setting(ctx)),
        version: 1,
        until: approval.expires_at.unwrap_or(approval.updated_at),
    };
    copy::show(ctx, &wanted, false).await.map(drop)
}

/// A mention reaches its person as a direct message does, so they say when it may.
async fn may_be_mentioned(ctx: &Ctx, approval: &Approval, user: &SlackUser) -> Result<bool, CommandError> {
    let topic = Topic::ApprovalReminder {
        id: approval.id.clone(),
    };
    let offer = Offer {
        user,
        topic: &topic,
        is_urgent: false,
        useless_from: approval.expires_at,
    };
    Ok(notice::offer(ctx, offer).await? == Offered::Now)
}

/// The job: the time of a question is over.
pub async fn expire(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = id_of(&job.payload)?;
    let changed = change(&ctx, &id, &by("expired"), Approval::expire)
        .await
        .map_err(JobError::from)?;
    match changed {
        Changed::Now(_) => Ok(()),
        Changed::Refused(approval, _) if approval.state != ApprovalState::Pending => Ok(()),
        // The clocks of two replicas differ.
        Changed::Refused(approval, _) => Err(JobError::Retry {
            error: "its time is not over yet".to_owned(),
            at: approval.expires_at,
        }),
    }
}

/// The job: a quiet period is over. Without an incident since, it passes; with one, people are asked.
pub async fn end_quiet(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = id_of(&job.payload)?;
    let found = ctx
        .store
        .approvals()
        .find(&id)
        .await
        .map_err(|error| JobError::from(CommandError::from(error)))?;
    let Some(approval) = found else {
        return Err(JobError::Fail(format!("there is no approval {id}")));
    };
    if approval.state != ApprovalState::Quiet {
        return Ok(());
    }
    settle_quiet(&ctx, &approval).await.map_err(JobError::from)?;
    match ctx
        .store
        .approvals()
        .find(&id)
        .await
        .map_err(|error| JobError::from(CommandError::from(error)))?
    {
        Some(approval) if approval.state == ApprovalState::Quiet => Err(JobError::Retry {
            error: "its time is not over yet".to_owned(),
            at: approval.quiet_until,
        }),
        Some(_) | None => Ok(()),
    }
}

async fn settle_quiet(ctx: &Ctx, approval: &Approval) -> Result<(), CommandError> {
    // Of a target that is in no repository, any incident counts.
    let repository = approval
        .request
        .action
        .target
        .split('#')
        .next()
        .filter(|name| name.contains('/'));
    let repository = repository.map(RepositoryName::from);
    let incident = ctx
        .store
        .incidents()
        .find_since(approval.created_at, repository.as_ref())
        .await?;
    let what = incident.map(|incident| format!("an incident opened: {}", incident.snapshot.value.title));
    let rule = |approval: &Approval, now| approval.end_quiet(what.clone(), now);
    change(ctx, &approval.id, &by("quiet_ended"), rule)
        .await
        .map(drop)
}

/// Looks after what the jobs may have lost: an incident during a quiet period asks people at once, and what was agreed
/// to and stands still is brought before them.
///
/// # Errors
/// The database cannot be reached.
pub async fn look_after(ctx: &Ctx) -> Result<(), CommandError> {
    for approval in ctx
        .store
        .approvals()
        .list(&[ApprovalState::Quiet], MOST_LOOKED_AT)
        .await?
    {
        settle_quiet(ctx, &approval).await?;
    }
    let under_way = [ApprovalState::Approved, ApprovalState::Executing];
    for approval in ctx.store.approvals().list(&under_way, MOST_LOOKED_AT).await? {
        let waits_until = approval
            .retry_at
            .unwrap_or(approval.updated_at)
            .max(approval.updated_at);
        if ctx.clock.now() - waits_until > STUCK_AFTER {
            let said = "Nothing has happened for an hour: whatever was doing it was stopped too often. Look whether it was done.";
            change(ctx, &approval.id, &by("unclear"), |record, now| {
                record.become_unclear(said, now)
            })
            .await?;
        }
    }
    Ok(())
}
