//! Purpose: `/em-agent ask how do we roll back?`: the team's documents answer, with their sources and ages, or say that
//! they do not.
//!
//! An answer uses only what everybody who sees it may see; before it is shown to more people, that is looked at again.

use chrono::Duration;
use em_blocks::ask::{
    AnswerView, FeedbackMemory, Readers, fault, message_answer, message_shared, modal_not_helpful, remark,
};
use em_domain::ask::{Answer, Feedback, PASSAGES, compose};
use em_domain::id::{AnswerId, SlackChannel};
use em_domain::knowledge::Audience;
use em_integrations::slack::{Answer as Response, Place};
use em_storage::Answered;
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;
use url::Url;

use crate::approval::copy::{self, Wanted};
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Invocation, Outcome, Reply, Submission};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "ask",
    usage: "ask <question>",
    summary: "Answer a question from our documents, with sources.",
    examples: &["ask how do we roll back payments?", "ask who owns the billing queue"],
    check_scheduled: None,
};

/// How long a shared answer is remembered, so that it is not shared twice.
const SHARED_FOR: Duration = Duration::days(30);

/// Answers `ask`.
pub async fn ask(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?.clone();
    let question = invocation.words.join(" ");
    if !question.chars().any(char::is_alphanumeric) {
        return Err(CommandError::Usage {
            problem: "What would you like to know?".to_owned(),
            usage: SPEC.usage.to_owned(),
        });
    }
    let audience = Audience::Person {
        user: user.clone(),
        channel: invocation.channel.clone(),
    };
    let found = ctx.library.search(&question, &audience, PASSAGES).await?;
    let composed = compose(&question, &found.passages);
    let answer = Answer {
        id: AnswerId::new(Ulid::new()),
        question,
        asker: user,
        channel: invocation.channel,
        thread: None,
        asked_at: ctx.clock.now(),
        confidence: composed.confidence,
        citations: composed.citations,
    };
    ctx.store.answers().insert(&answer).await?;
    let shown_to = readers(&answer);
    let answered = Answered {
        answer,
        feedback: None,
    };
    Ok(Reply::private(drawn(&ctx, &answered, shown_to, found.only_words.as_deref())))
}

/// In a direct message there is nobody to show it to.
fn readers(answer: &Answer) -> Readers<'static> {
    let is_shared_place = |channel: &SlackChannel| channel.as_str().starts_with(['C', 'G']);
    if answer.channel.as_ref().is_some_and(is_shared_place) {
        Readers::Asker
    } else {
        Readers::AskerAlone
    }
}

fn drawn(
    ctx: &Ctx,
    answered: &Answered,
    shown_to: Readers<'_>,
    only_words: Option<&str>,
) -> SlackMessageContent {
    message_answer(&AnswerView {
        answer: &answered.answer,
        now: ctx.clock.now(),
        shown_to,
        feedback: answered.feedback.as_ref(),
        only_words,
    })
}

async fn find(ctx: &Ctx, id: &str) -> Result<Answered, CommandError> {
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
        content: drawn(&ctx, &answered, Readers::Everyone(&click.user), None),
        version: 1,
        until: ctx.clock.now() + SHARED_FOR,
    };
    copy::show(&ctx, &wanted, false).await?;
    Ok(Reply::Replace(Box::new(message_shared(&answered.answer, &channel))))
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
    Ok(Reply::Replace(Box::new(drawn(&ctx, &answered, shown_to, None))))
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
    if let Some(url) = memory.response_url.as_deref().and_then(|url| Url::parse(url).ok()) {
        let content = drawn(&ctx, &answered, readers(&answered.answer), None);
        ctx.slack
            .respond(&url, Response::ReplaceOriginal(&content))
            .await?;
    }
    Ok(Reply::Done)
}
