//! Purpose: `/em-agent ask how do we roll back?`: the team's documents answer, with their sources and ages, or say that
//! they do not.
//!
//! An answer uses only what everybody who sees it may see; before it is shown to more people, that is looked at again.
//! What somebody stands for comes first ([`official`]), then the passages themselves, and where a language model is
//! configured, its words in their place (`model.rs`).

pub mod feedback;
pub mod memory;
mod model;
pub mod official;

use chrono::NaiveTime;
use em_blocks::ask::{AnswerView, Readers, message_answer, message_reading, message_stopped};
use em_domain::ask::{Answer, Composed, PASSAGES, compose, is_worth_reading, standing_alone};
use em_domain::id::{AnswerId, SlackChannel, SlackUser};
use em_domain::knowledge::{Audience, Passage};
use em_storage::Answered;
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;

use crate::ctx::Ctx;
use crate::draft::Draft;
use crate::invocation::{AnswerTo, CommandError, Invocation, Outcome, Reply};
use crate::policy;
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "ask",
    usage: "ask <question>",
    summary: "Answer a question from our documents, with sources.",
    examples: &[
        "ask how do we roll back payments?",
        "ask who owns the billing queue",
    ],
    check_scheduled: None,
};

/// A question, and what it goes on from.
struct Question {
    text: String,
    asker: SlackUser,
    channel: Option<SlackChannel>,
    conversation: Option<String>,
    /// What was answered before in the same conversation, the newest first.
    before: Vec<Answer>,
}

/// What is said under an answer besides.
#[derive(Debug, Clone, Copy, Default)]
struct Notes<'a> {
    /// Meanings were not compared, and why.
    only_words: Option<&'a str>,
    /// The language model was asked and nothing came of it, and why.
    no_model: Option<&'a str>,
}

/// Answers `ask`.
pub async fn ask(ctx: Ctx, invocation: Invocation) -> Outcome {
    let text = invocation.words.join(" ");
    if !text.chars().any(char::is_alphanumeric) {
        return Err(CommandError::Usage {
            problem: "What would you like to know?".to_owned(),
            usage: SPEC.usage.to_owned(),
        });
    }
    let question = Question {
        asker: invocation.person()?.clone(),
        before: memory::recall(&ctx, &invocation).await?,
        text,
        channel: invocation.channel,
        conversation: invocation.conversation,
    };
    within_the_day(&ctx).await?;
    if let Some(answer) = official::known(&ctx, &question).await? {
        let answer = kept(&ctx, answer).await?;
        let content = drawn(&ctx, &answer, readers(&answer.answer), Notes::default()).await;
        return Ok(Reply::private(content));
    }
    from_documents(&ctx, &question, invocation.answer_to.as_ref()).await
}

/// Refuses what is beyond the day's limit.
async fn within_the_day(ctx: &Ctx) -> Result<(), CommandError> {
    let limit = i64::from(ctx.settings.max_daily_searches);
    let today = ctx.clock.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    if limit > 0 && ctx.store.answers().count(today).await? >= limit {
        return Err(CommandError::user(format!(
            "Today's {limit} questions are used up. Ask again tomorrow, or have MAX_DAILY_RAG_SEARCHES raised."
        )));
    }
    Ok(())
}

async fn from_documents(ctx: &Ctx, question: &Question, to: Option<&AnswerTo>) -> Outcome {
    let before = question.before.first().map(|answer| answer.question.as_str());
    let sought = standing_alone(&question.text, before);
    let found = ctx.library.search(&sought, &audience(question), PASSAGES).await?;
    let mut answer = answer(ctx, question, compose(&sought, &found.passages));
    let model = ctx.llm.as_ref().filter(|_| is_worth_reading(&found.passages));
    let Some(model) = model else {
        let finished = finished(ctx, answer, found.only_words.as_deref(), None).await;
        return finished.map(Reply::private);
    };
    let reading = message_reading(&question.text, found.passages.len(), None, ctx.clock.now());
    let mut draft = Draft::begin(ctx, to, &reading).await;
    let asked = model::Asked {
        question,
        passages: &found.passages,
        answer: &answer,
    };
    let no_model = match model::write(ctx, model, &asked, &mut draft).await {
        Ok(said) => {
            answer.rewrite(said, &found.passages, &question.before);
            None
        }
        Err(why) => Some(why),
    };
    let finished = finished(ctx, answer, found.only_words.as_deref(), no_model.as_deref()).await;
    draft.finish(finished, || message_stopped(&question.text)).await
}

fn audience(question: &Question) -> Audience {
    Audience::Person {
        user: question.asker.clone(),
        channel: question.channel.clone(),
    }
}

fn answer(ctx: &Ctx, question: &Question, composed: Composed) -> Answer {
    Answer {
        id: AnswerId::new(Ulid::new()),
        question: question.text.clone(),
        asker: question.asker.clone(),
        channel: question.channel.clone(),
        thread: question.conversation.clone(),
        asked_at: ctx.clock.now(),
        confidence: composed.confidence,
        citations: composed.citations,
        written: None,
        also_from: std::collections::BTreeSet::new(),
        official: None,
    }
}

async fn finished(
    ctx: &Ctx,
    answer: Answer,
    only_words: Option<&str>,
    no_model: Option<&str>,
) -> Result<SlackMessageContent, CommandError> {
    let answered = kept(ctx, answer).await?;
    let notes = Notes { only_words, no_model };
    Ok(drawn(ctx, &answered, readers(&answered.answer), notes).await)
}

async fn kept(ctx: &Ctx, answer: Answer) -> Result<Answered, CommandError> {
    ctx.store.answers().insert(&answer).await?;
    Ok(Answered {
        answer,
        feedback: None,
    })
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

async fn drawn(
    ctx: &Ctx,
    answered: &Answered,
    shown_to: Readers<'_>,
    notes: Notes<'_>,
) -> SlackMessageContent {
    let may_make_official = policy::may_click(ctx, em_blocks::ask::OFFICIAL, &answered.answer.asker).await;
    message_answer(&AnswerView {
        answer: &answered.answer,
        now: ctx.clock.now(),
        shown_to,
        feedback: answered.feedback.as_ref(),
        only_words: notes.only_words,
        no_model: notes.no_model,
        may_make_official,
    })
}

/// What a passage is called: its document, and its place in it.
fn titled(passage: &Passage) -> String {
    let headings = passage
        .heading
        .iter()
        .filter(|heading| **heading != passage.document.title);
    let parts: Vec<&str> = std::iter::once(passage.document.title.as_str())
        .chain(headings.map(String::as_str))
        .collect();
    parts.join(" › ")
}
