//! Purpose: whoever can still act is told in a direct message when a pull request nears a goal: once for each signal, and as
//! they want to be nudged. Whether people are told at all the policy decides with the signal.

use em_domain::goal::AT_RISK;
use em_domain::id::{JobId, SignalId, SlackUser};
use em_domain::job::{Job, JobError, NewJob};
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{Signal, SignalState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::invocation::CommandError;
use crate::triage::row::tell;

/// The job: tells whoever must move on one pull request.
pub const WARN: &str = "goal.warn";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    signal: String,
}

/// Takes in a job for each signal that the channel was told of and nobody in person.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn enqueue_due(ctx: &Ctx) -> Result<(), CommandError> {
    let was_told = |signal: &Signal| signal.bulletin.as_deref().is_some_and(|post| !post.is_empty());
    let signals = ctx.store.signals();
    for signal in signals.list_open(Some(AT_RISK.name)).await? {
        if !was_told(&signal) {
            continue;
        }
        let now = ctx.clock.now();
        let payload = Payload {
            signal: signal.id.to_string(),
        };
        let job = NewJob::new(JobId::new(Ulid::new()), WARN, json!(payload), now);
        if signals.claim_proposal(&signal.id, WARN, &job, now).await? {
            ctx.wake_jobs();
        }
    }
    Ok(())
}

/// Tells whoever must move, if the signal still holds. Nobody is told twice on one day, whoever nudges.
pub async fn warn(ctx: Ctx, job: Job) -> Result<(), JobError> {
    let payload: Payload =
        serde_json::from_value(job.payload).map_err(|error| JobError::Fail(error.to_string()))?;
    let id = SignalId::parse(&payload.signal);
    let id = id.ok_or_else(|| JobError::Fail("the job names no signal".to_owned()))?;
    let signal = ctx.store.signals().find(&id).await.map_err(CommandError::from)?;
    let Some(signal) = signal.filter(|signal| signal.state == SignalState::Open) else {
        return Ok(());
    };
    let key = PullRequestKey::parse(&signal.finding.subject);
    let key = key.ok_or_else(|| JobError::Fail("the signal names no pull request".to_owned()))?;
    let mut rows = ctx
        .store
        .triage()
        .list_rows(std::slice::from_ref(&key))
        .await
        .map_err(CommandError::from)?;
    if let Some(row) = rows.pop() {
        let from = ctx
            .slack
            .auth_test()
            .await
            .map_err(CommandError::from)?
            .bot_user_id;
        let nudged = tell(&ctx, &row, &SlackUser(from)).await?;
        tracing::info!(signal.id = %id, outcome = ?nudged, "whoever can still act was told of a goal");
    }
    Ok(())
}
