//! Purpose: `/em-agent propose`, `approvals`, `approve`, `decline` and their buttons: a question is put, people decide,
//! and what was agreed to is done once.
//!
//! The record in the database is the truth ([`em_domain::approval`]); every card is drawn from it by a job. A change is
//! decided by a pure rule, stored over the version it was decided on, and takes with it the jobs that follow.

pub mod away;
pub mod decide;
pub mod draw;
pub mod execute;
pub mod form;
pub mod program;
pub mod propose;
pub mod react;
pub mod show;
pub mod timers;
pub mod voter;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use em_blocks::approval::Setting;
use em_domain::approval::ballot::Refusal;
use em_domain::approval::{Approval, ApprovalState, Requester};
use em_domain::audit::AuditEntry;
use em_domain::id::{ApprovalId, JobId};
use em_domain::job::{NewJob, Priority, USUAL_ATTEMPTS};
use em_storage::Consequences;
use serde_json::json;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// How often a change is decided anew because somebody else changed the record first.
const TRIES: u32 = 8;

/// What the jobs of this feature are called.
pub mod job {
    /// Brings every copy of the card up to date.
    pub const DRAW: &str = "draw_approval";
    /// Does what was agreed to.
    pub const EXECUTE: &str = "execute_approval";
    /// Reminds people, and asks those to whom it escalates.
    pub const REMIND: &str = "remind_approval";
    /// Ends the question when its time is over.
    pub const EXPIRE: &str = "expire_approval";
    /// Ends the quiet period.
    pub const END_QUIET: &str = "end_quiet_of_approval";
}

/// What became of a change.
#[derive(Debug)]
pub enum Changed {
    /// It is stored.
    Now(Box<Approval>),
    /// The rules say no, of the record as it stands.
    Refused(Box<Approval>, Refusal),
}

/// Who did something, for the log.
#[derive(Debug, Clone)]
pub struct By {
    /// A Slack user's id, or what of the bot's own.
    pub actor: String,
    /// What happened: `voted`, `expired`, `completed`.
    pub event: &'static str,
}

/// Changes the record by `rule`, asking it again as often as somebody else was faster.
///
/// # Errors
/// There is no such question, or the database cannot be reached.
pub async fn change(
    ctx: &Ctx,
    id: &ApprovalId,
    by: &By,
    rule: impl Fn(&Approval, DateTime<Utc>) -> Result<Approval, Refusal>,
) -> Result<Changed, CommandError> {
    for _ in 0..TRIES {
        let before = ctx
            .store
            .approvals()
            .find(id)
            .await?
            .ok_or_else(|| unknown(id.as_str()))?;
        let next = match rule(&before, ctx.clock.now()) {
            Ok(next) => next,
            Err(refusal) => return Ok(Changed::Refused(Box::new(before), refusal)),
        };
        if ctx
            .store
            .approvals()
            .record(&next, &consequences(Some(&before), &next, by))
            .await?
        {
            ctx.wake_jobs();
            return Ok(Changed::Now(Box::new(next)));
        }
    }
    Err(CommandError::Internal(anyhow!("{id} is changed by many at once")))
}

/// The sentence for somebody who names a question that is not there.
fn unknown(id: &str) -> CommandError {
    CommandError::user(format!(
        "I know no approval “{id}”. The list has them all: `/em-agent approvals all`."
    ))
}

/// The jobs and the line in the log that go with a change.
pub(crate) fn consequences(before: Option<&Approval>, next: &Approval, by: &By) -> Consequences {
    let entered =
        |state: ApprovalState| next.state == state && before.is_none_or(|before| before.state != state);
    let mut jobs = vec![draw_at(next, next.updated_at)];
    if entered(ApprovalState::Approved) {
        jobs.push(follow_up(next, job::EXECUTE, next.updated_at, Priority::High));
    }
    if entered(ApprovalState::Pending) {
        let expire = next
            .expires_at
            .map(|at| follow_up(next, job::EXPIRE, at, Priority::Normal));
        let remind = next
            .remind_at()
            .map(|at| follow_up(next, job::REMIND, at, Priority::Normal));
        jobs.extend(expire.into_iter().chain(remind));
    }
    if entered(ApprovalState::Quiet) {
        let end = next
            .quiet_until
            .map(|at| follow_up(next, job::END_QUIET, at, Priority::Normal));
        jobs.extend(end);
    }
    // The button Undo goes when its time is over.
    let undo_ends = next.outcome.as_ref().and_then(|outcome| outcome.undo_until);
    jobs.extend(undo_ends.map(|at| draw_at(next, at)));
    let audit = vec![audit_entry(next, by)];
    Consequences { jobs, audit }
}

fn draw_at(approval: &Approval, at: DateTime<Utc>) -> NewJob {
    follow_up(approval, job::DRAW, at, Priority::High)
}

/// How often such a job is begun at most. The record counts attempts by itself; a program that is stopped again and again
/// while it holds jobs shall not use up those of a deed that it never began.
const MOST_BEGUN: u32 = 50;

/// A job about one version of the record: of each kind, version and time there is one.
fn follow_up(approval: &Approval, kind: &str, at: DateTime<Utc>, priority: Priority) -> NewJob {
    let payload = json!({ "approval": approval.id });
    let key = format!(
        "{kind}:{}:{}:{}",
        approval.id,
        approval.version,
        at.timestamp_millis()
    );
    NewJob {
        priority,
        max_attempts: MOST_BEGUN,
        ..NewJob::new(JobId::new(Ulid::new()), kind, payload, at).unique(key)
    }
}

fn audit_entry(approval: &Approval, by: &By) -> AuditEntry {
    let request = &approval.request;
    AuditEntry {
        at: approval.updated_at,
        actor: by.actor.clone(),
        kind: format!("approval.{}", by.event),
        subject: approval.id.to_string(),
        data: json!({
            "state": approval.state,
            "action": request.action,
            "digest": request.digest,
            "version": approval.version,
            "votes": approval.votes.len(),
            "reason": approval.settled.as_ref().and_then(|settled| settled.comment.as_deref())
                .or(request.reason.as_deref()),
            "policy": approval.decision.policy,
            "outcome": approval.outcome.as_ref().map(|outcome| &outcome.said),
        }),
    }
}

/// Who asks, as the log names them.
fn actor_name(requester: &Requester) -> String {
    match requester {
        Requester::Person(user) => user.to_string(),
        Requester::System(name) => name.clone(),
    }
}

/// How approvals are shown here.
pub(crate) fn setting(ctx: &Ctx) -> Setting {
    Setting {
        zone: ctx.settings.calendar.zone,
        now: ctx.clock.now(),
        most_attempts: USUAL_ATTEMPTS,
    }
}

/// The question that somebody names, by its whole id or by the end of it that cards show.
///
/// # Errors
/// There is none, or more than one.
pub(crate) async fn named(ctx: &Ctx, typed: &str) -> Result<Approval, CommandError> {
    let typed = typed.trim_matches('`');
    if let Some(id) = ApprovalId::parse(typed) {
        return ctx
            .store
            .approvals()
            .find(&id)
            .await?
            .ok_or_else(|| unknown(typed));
    }
    if typed.len() < LEAST_TYPED {
        return Err(unknown(typed));
    }
    let mut found = ctx
        .store
        .approvals()
        .list_ending(&typed.to_ascii_uppercase())
        .await?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(CommandError::user(format!(
            "More than one approval ends in “{typed}”. Type more of it."
        ))),
        (None, _) => Err(unknown(typed)),
    }
}

/// How much of an id must be typed.
const LEAST_TYPED: usize = 4;

/// The id in a job's payload.
pub(crate) fn id_of(payload: &serde_json::Value) -> Result<ApprovalId, em_domain::job::JobError> {
    let id = payload["approval"].as_str().and_then(ApprovalId::parse);
    id.ok_or_else(|| em_domain::job::JobError::Fail("the job names no approval".to_owned()))
}
