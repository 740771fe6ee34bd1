//! Purpose: *Snooze…* on a row: asks why and until when, then leaves the row out until then.

use em_blocks::snooze::{SnoozeMemory, SnoozeQuestion, answer, message_snoozed, modal_snooze};
use em_domain::id::SlackUser;
use em_domain::pull_request::PullRequestKey;
use em_domain::snooze::Snooze;

use super::row::subject;
use crate::ctx::Ctx;
use crate::home;
use crate::invocation::{Click, CommandError, Outcome, Reply, Submission};

/// The entry *Snooze…*: opens the question.
pub async fn ask(ctx: Ctx, click: Click) -> Outcome {
    let key = subject(&click)?;
    let now = ctx.clock.now();
    let Some(row) = ctx
        .store
        .triage()
        .list_rows(std::slice::from_ref(&key))
        .await?
        .pop()
    else {
        return Err(CommandError::user(
            "That pull request no longer waits for anybody, so there is nothing to snooze.",
        ));
    };
    let question = SnoozeQuestion {
        title: &row.title,
        url: &row.url,
        subject: &key,
        calendar: &ctx.settings.calendar,
        now,
    };
    let memory = SnoozeMemory {
        subject: key.to_string(),
        channel: click.channel.as_ref().map(|channel| channel.0.clone()),
        message_ts: click.message_ts.clone(),
        response_url: click.response_url.clone(),
    };
    let modal = modal_snooze(&question, &memory)
        .ok_or_else(|| CommandError::user("That repository's name is too long for Slack to carry."))?;
    Ok(Reply::Modal(Box::new(modal)))
}

/// The submitted question.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    let memory = SnoozeMemory::parse(&submission.private_metadata);
    let subject = memory
        .as_ref()
        .and_then(|memory| PullRequestKey::parse(&memory.subject));
    let (Some(subject), Some(chosen)) = (subject, answer(&submission.state)) else {
        return Err(CommandError::user(
            "Choose a reason and a time, then submit again. Nothing was snoozed.",
        ));
    };
    let snooze = Snooze {
        subject,
        reason: chosen.reason,
        until: chosen.until,
        by: submission.user,
        created_at: ctx.clock.now(),
    };
    ctx.store.snoozes().upsert(&snooze).await?;
    tokio::spawn(redraw_boards(ctx.clone()));
    let response_url = memory.and_then(|memory| memory.response_url);
    if response_url.is_none() {
        // The row was on the person's own page, which shows the list at all times.
        redraw_home(&ctx, &snooze.by).await;
    }
    Ok(Reply::Answer {
        response_url,
        content: Box::new(message_snoozed(&snooze, &ctx.settings.calendar)),
    })
}

/// Boards are redrawn every few minutes; this one shows its reader at once what became of the row.
async fn redraw_boards(ctx: Ctx) {
    if let Err(error) = super::post::refresh_boards(&ctx).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "boards could not be redrawn after a snooze"
        );
    }
}

/// A page that could not be drawn is drawn when it is next opened; the snooze holds.
async fn redraw_home(ctx: &Ctx, user: &SlackUser) {
    if let Err(error) = home::opened(ctx.clone(), user.clone()).await {
        tracing::warn!(%error, "the home page could not be drawn");
    }
}
