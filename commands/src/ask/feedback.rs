//! Purpose: what is done with an answer: shown to others, called helpful, or not and why.

use chrono::Duration;
use em_blocks::ask::{FeedbackMemory, Readers, fault, message_shared, modal_not_helpful, remark};
use em_domain::ask::Feedback;
use em_domain::id::AnswerId;
use em_domain::knowledge::Audience;
use em_integrations::slack::{Answer as Response, Place};
use em_storage::Answered;
use url::Url;

use super::{Notes, drawn, readers};
use crate::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Outcome, Reply, Submission};

/// How long a shared answer is remembered, so that it is not shared twice.
const SHARED_FOR: Duration = Duration::days(30);

pub(super) async fn find(ctx: &Ctx, id: &str) -> Result<Answered, CommandError> {
    let gone = || CommandError::user("I no longer have that answer. Ask again.");
    let id = AnswerId::parse(id).ok_or_else(gone)?;
    ctx.store.answers().find(&id).await?.ok_or_else(gone)
}

/// A click on *Share to channel*: everybody there sees it, if everybody there may.
pub async fn share(ctx: Ctx, click: Click) -> Outcome {
    let answered = find(&ctx, &click.value).await?;
    let Some(channel) = click.channel.clone() else {
        return Err(CommandError::user("There is no channel here to share it to."));
    };
    let sources = ctx.store.knowledge().list_sources().await?;
    if !answered
        .answer
        .may_be_seen_by(&Audience::Channel(channel.clone()), &sources)
    {
        return Err(CommandError::user(
            "Not everybody in this channel may see all the documents that this answer is made of, so it stays with you.",
        ));
    }
    let wanted = Wanted {
        purpose: format!("answer:{}:{channel}", answered.answer.id),
        place: Place::channel(channel.as_str()),
        content: drawn(&ctx, &answered, Readers::Everyone(&click.user), &Notes::default()).await,
        version: 1,
        until: ctx.clock.now() + SHARED_FOR,
    };
    copy::show(&ctx, &wanted, false).await?;
    Ok(Reply::Replace(Box::new(message_shared(
        &answered.answer,
        &channel,
    ))))
}

/// A click on *Helpful*.
pub async fn helpful(ctx: Ctx, click: Click) -> Outcome {
    let answered = find(&ctx, &click.value).await?;
    let id = &answered.answer.id;
    let now = ctx.clock.now();
    ctx.store
        .answers()
        .record_feedback(id, &click.user, &Feedback::Helpful, now)
        .await?;
    let answered = find(&ctx, &click.value).await?;
    let shown_to = readers(&answered.answer);
    Ok(Reply::Replace(Box::new(
        drawn(&ctx, &answered, shown_to, &Notes::default()).await,
    )))
}

/// A click on *Not helpful…*: asks what was wrong.
pub async fn not_helpful(ctx: Ctx, click: Click) -> Outcome {
    let answered = find(&ctx, &click.value).await?;
    let memory = FeedbackMemory {
        answer: click.value,
        response_url: click.response_url,
    };
    let form = modal_not_helpful(&answered.answer.question, &memory)
        .ok_or_else(|| CommandError::user("The form cannot be opened here."))?;
    Ok(Reply::Modal(Box::new(form)))
}

/// The submitted form: kept, and the buttons under the answer go.
pub async fn faulted(ctx: Ctx, submission: Submission) -> Outcome {
    let memory = FeedbackMemory::parse(&submission.private_metadata);
    let (Some(memory), Some(why)) = (memory, fault(&submission.state)) else {
        return Err(CommandError::user("Choose what was wrong, then send it again."));
    };
    let answered = find(&ctx, &memory.answer).await?;
    let feedback = Feedback::NotHelpful {
        why,
        remark: remark(&submission.state).to_owned(),
    };
    let now = ctx.clock.now();
    ctx.store
        .answers()
        .record_feedback(&answered.answer.id, &submission.user, &feedback, now)
        .await?;
    let answered = find(&ctx, &memory.answer).await?;
    if let Some(url) = memory
        .response_url
        .as_deref()
        .and_then(|url| Url::parse(url).ok())
    {
        let content = drawn(&ctx, &answered, readers(&answered.answer), &Notes::default()).await;
        ctx.slack
            .respond(&url, Response::ReplaceOriginal(&content))
            .await?;
    }
    Ok(Reply::Done)
}
