//! Purpose: what the policy wants done about a signal becomes proposals, each once for each signal. A signal is looked
//! at again while it is open, because what is only told of today may be proposed to be closed next week.

use em_domain::action::Action;
use em_domain::id::{JobId, SignalId};
use em_domain::job::{Job, JobError, NewJob};
use em_domain::policy::SignalInput;
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{Signal, SignalState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::approval::propose::propose_for_system;
use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::policy;

/// The job that makes one proposal.
pub const PROPOSE: &str = "propose_for_signal";

/// What that job needs.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    signal: String,
    action: Action,
    reason: String,
}

/// The signal as the policy is asked about it.
pub(super) fn input(ctx: &Ctx, signal: &Signal) -> SignalInput {
    let finding = &signal.finding;
    SignalInput {
        signal: json!({
            "kind": finding.kind,
            "rule": finding.rule,
            "severity": finding.severity,
            "subject": finding.subject,
            "repository": finding.repository,
            "title": finding.title,
            "url": finding.url,
            "people": finding.people,
            "since": finding.since,
            "age_hours": (ctx.clock.now() - finding.since).num_hours(),
            "details": finding.details,
        }),
        time: policy::asked_at(ctx),
    }
}

/// Proposes what the policy now wants of every open signal and has not been proposed because of it before. Asks the
/// policy without keeping its answer: most answers are as they were a minute ago.
///
/// # Errors
/// The database cannot be reached.
pub async fn propose_what_is_due(ctx: &Ctx) -> Result<(), CommandError> {
    for signal in ctx.store.signals().list_open(None).await? {
        let reaction = ctx.policy.react(&input(ctx, &signal)).await;
        for action in reaction.propose {
            claim(ctx, &signal, action, &reaction.reason).await?;
        }
    }
    Ok(())
}

pub(super) async fn claim(
    ctx: &Ctx,
    signal: &Signal,
    action: Action,
    reason: &str,
) -> Result<(), CommandError> {
    let now = ctx.clock.now();
    let name = action.to_string();
    let payload = Payload {
        signal: signal.id.to_string(),
        action,
        reason: reason_with_title(signal, reason),
    };
    let job = NewJob::new(JobId::new(Ulid::new()), PROPOSE, json!(payload), now);
    if ctx
        .store
        .signals()
        .claim_proposal(&signal.id, &name, &job, now)
        .await?
    {
        tracing::info!(signal.id = %signal.id, action = name, "proposing what the policy wants");
        ctx.wake_jobs();
    }
    Ok(())
}

/// Says what was found too, unless that is the title of the pull request, which the question shows anyway.
fn reason_with_title(signal: &Signal, reason: &str) -> String {
    let finding = &signal.finding;
    if PullRequestKey::parse(&finding.subject).is_some() {
        return reason.to_owned();
    }
    format!("{}. {reason}", finding.title)
}

/// The job: makes one proposal, if its signal still holds.
pub async fn propose(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let payload: Payload =
        serde_json::from_value(job.payload).map_err(|error| JobError::Fail(error.to_string()))?;
    let id = SignalId::parse(&payload.signal);
    let id = id.ok_or_else(|| JobError::Fail("the job names no signal".to_owned()))?;
    let signal = ctx.store.signals().find(&id).await.map_err(CommandError::from)?;
    let Some(signal) = signal.filter(|signal| signal.state == SignalState::Open) else {
        return Ok(());
    };
    let name = format!("signal:{}", signal.finding.rule);
    match propose_for_system(&ctx, name, payload.action, payload.reason).await {
        Ok(_) => Ok(()),
        // It cannot be done as things are: closed meanwhile, no token. Nobody waits for an answer.
        Err(CommandError::User(why) | CommandError::Denied(why)) => {
            tracing::info!(signal.id = %id, why, "not proposed");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
