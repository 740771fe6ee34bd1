//! Purpose: what was agreed to is done: once, however often the job is begun.
//!
//! Before an attempt the record says that one is under way; after it, how it ended. A crash in between leaves it open,
//! and the next attempt knows that it may have happened: it looks for what it would have left behind, or where nothing
//! would show, leaves it to people.

use chrono::{DateTime, Utc};
use em_domain::approval::execution::UNDO_FOR;
use em_domain::approval::{Approval, ApprovalState, Outcome};
use em_domain::job::{Job, JobError, USUAL_ATTEMPTS, wait_after};

use super::propose::{kind_of, look};
use super::{By, Changed, change, id_of};
use crate::action::{ActionError, Attempt, Done};
use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// How an attempt ended.
enum End {
    Done(Done),
    /// Not done, and trying again changes nothing.
    Refused(String),
    /// Nobody can know.
    Unclear(String),
    /// To be tried again, not before a time.
    Again {
        error: String,
        may_have_happened: bool,
        at: Option<DateTime<Utc>>,
    },
}

/// The job: does what was agreed to.
pub async fn execute(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let id = id_of(&job.payload)?;
    let found = ctx
        .store
        .approvals()
        .find(&id)
        .await
        .map_err(|error| JobError::from(CommandError::from(error)))?;
    let Some(before) = found else {
        return Err(JobError::Fail(format!("there is no approval {id}")));
    };
    let by = by("attempt_began");
    let begun = change(&ctx, &id, &by, Approval::begin)
        .await
        .map_err(JobError::from)?;
    let Changed::Now(begun) = begun else {
        // It ended meanwhile: the job is a repetition of one whose end was not stored.
        return Ok(());
    };
    let end = attempt(&ctx, &before, &begun).await;
    store(&ctx, &begun, &job, end).await
}

fn by(event: &'static str) -> By {
    By {
        actor: "em-agent".to_owned(),
        event,
    }
}

async fn attempt(ctx: &Ctx, before: &Approval, begun: &Approval) -> End {
    let may_have_happened = before.state == ApprovalState::Executing && before.attempt_is_open;
    let request = &begun.request;
    if !may_have_happened && let Some(end) = drifted(ctx, begun).await {
        return end;
    }
    let kind = match kind_of(&request.action) {
        Ok(kind) => kind,
        Err(error) => return End::Refused(error.to_string()),
    };
    let attempt = Attempt {
        key: begun.id.to_string(),
        may_have_happened,
        reason: request.reason.clone(),
        on_behalf_of: request.requester.person().cloned(),
    };
    match (kind.perform)(ctx.clone(), request.action.clone(), attempt).await {
        Ok(done) => End::Done(done),
        Err(ActionError::Refused(said)) => End::Refused(said),
        Err(ActionError::Unknown(said)) => End::Unclear(said),
        Err(ActionError::Retry {
            error,
            may_have_happened: this_one,
            at,
        }) => End::Again {
            error: format!("{error:#}"),
            // This attempt may have failed before it could look what became of an earlier one.
            may_have_happened: may_have_happened || this_one,
            at,
        },
    }
}

/// Nothing is done to a target that is not the one that was agreed to.
async fn drifted(ctx: &Ctx, approval: &Approval) -> Option<End> {
    let checked = match look(ctx, approval).await {
        Ok(checked) => checked,
        Err(CommandError::User(said) | CommandError::Denied(said)) => return Some(End::Refused(said)),
        Err(error) => {
            return Some(End::Again {
                error: format!("{:#}", anyhow::Error::new(error)),
                may_have_happened: false,
                at: None,
            });
        }
    };
    let drift = approval.request.state.drift(&checked.state);
    let (fact, before, now) = drift.first()?;
    Some(End::Refused(format!(
        "It changed after it was agreed to ({fact}: {before} → {now}), so nothing was done. Propose it again if it is still wanted."
    )))
}

/// Stores how the attempt ended, and says what the job is to do.
async fn store(ctx: &Ctx, begun: &Approval, job: &Job, end: End) -> Result<(), JobError> {
    let now = ctx.clock.now();
    let is_last = begun.attempts >= USUAL_ATTEMPTS || job.attempts >= job.max_attempts;
    let again = match end {
        End::Done(done) => {
            let outcome = outcome(done, now);
            keep(ctx, begun, "completed", |record, now| {
                record.complete(outcome.clone(), now)
            })
            .await?;
            return Ok(());
        }
        End::Refused(said) => {
            keep(ctx, begun, "failed", |record, now| record.fail(&said, now)).await?;
            return Ok(());
        }
        End::Unclear(said) => {
            keep(ctx, begun, "unclear", |record, now| {
                record.become_unclear(&said, now)
            })
            .await?;
            return Ok(());
        }
        End::Again {
            error,
            may_have_happened,
            at,
        } if is_last => {
            let said = format!("It was tried {} times. The last time: {error}", begun.attempts);
            tracing::warn!(approval.id = %begun.id, error, ?at, "given up");
            if may_have_happened {
                keep(ctx, begun, "unclear", |record, now| {
                    record.become_unclear(&said, now)
                })
                .await?;
            } else {
                keep(ctx, begun, "failed", |record, now| record.fail(&said, now)).await?;
            }
            return Ok(());
        }
        End::Again {
            error,
            may_have_happened,
            at,
        } => (error, may_have_happened, at),
    };
    let (error, may_have_happened, at) = again;
    let retry_at = at.unwrap_or_else(|| now + usual_wait(begun, job));
    keep(ctx, begun, "attempt_failed", |record, now| {
        record.attempt_failed(&error, may_have_happened, retry_at, now)
    })
    .await?;
    Err(JobError::Retry {
        error,
        at: Some(retry_at),
    })
}

fn usual_wait(begun: &Approval, job: &Job) -> chrono::Duration {
    // The id is as good as dice, and the same for all who work it out.
    let dice = job.id.as_str().bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    chrono::Duration::from_std(wait_after(begun.attempts, dice)).unwrap_or_default()
}

fn outcome(done: Done, now: DateTime<Utc>) -> Outcome {
    Outcome {
        at: now,
        said: done.said,
        url: done.url,
        undo_until: done.undo.as_ref().map(|_| now + UNDO_FOR),
        undo: done.undo,
        by: None,
    }
}

type Refusal = em_domain::approval::ballot::Refusal;

/// Stores an end, if this attempt is still the one that counts.
async fn keep(
    ctx: &Ctx,
    begun: &Approval,
    event: &'static str,
    rule: impl Fn(&Approval, DateTime<Utc>) -> Result<Approval, Refusal>,
) -> Result<(), JobError> {
    let attempts = begun.attempts;
    let guarded = |record: &Approval, now| {
        // Somebody else began a later attempt: what became of ours is theirs to find out.
        if record.attempts == attempts {
            rule(record, now)
        } else {
            Err(Refusal::OutOfTurn(record.state))
        }
    };
    change(ctx, &begun.id, &by(event), guarded)
        .await
        .map(drop)
        .map_err(JobError::from)
}
