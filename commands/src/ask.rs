//! Purpose: `/em-agent ask how do we roll back?`: the team's documents answer, with their sources and ages, or say that
//! they do not.
//!
//! An answer uses only what everybody who sees it may see; before it is shown to more people, that is looked at again.
//! What somebody stands for comes first ([`official`]), then the passages themselves, and where a language model is
//! configured, its words in their place (`model.rs`). A schedule may ask too: `scheduled.rs`.

pub mod feedback;
pub mod memory;
mod model;
pub mod official;
mod scheduled;

use chrono::NaiveTime;
use em_blocks::ask::{AnswerView, Readers, message_answer, message_reading, message_stopped};
use em_domain::ask::{Answer, Composed, PASSAGES, compose, is_worth_reading, standing_alone};
use em_domain::id::{AnswerId, SlackChannel, SlackUser};
use em_domain::knowledge::{Audience, Passage};
use em_knowledge::Found;
use em_storage::Answered;
use slack_morphism::prelude::SlackMessageContent;
use ulid::Ulid;

use crate::ctx::{Ctx, Llm};
use crate::draft::Draft;
use crate::invocation::{AnswerTo, Caller, CommandError, Invocation, Outcome, Reply};
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
    check_scheduled: Some(|words| worded(words).map(drop)),
};

/// A question, and what it goes on from.
struct Question {
    text: String,
    asker: SlackUser,
    channel: Option<SlackChannel>,
    /// Who will see the answer.
    audience: Audience,
    conversation: Option<String>,
    /// What was answered before in the same conversation, the newest first.
    before: Vec<Answer>,
}

/// What is said under an answer besides.
#[derive(Debug, Clone, Default)]
struct Notes {
    /// Meanings were not compared, and why.
    only_words: Option<String>,
    /// The language model was asked and nothing came of it, and why.
    no_model: Option<String>,
}

/// Answers `ask`.
pub async fn ask(ctx: Ctx, invocation: Invocation) -> Outcome {
    let text = worded(&invocation.words)?;
    let asker = match &invocation.caller {
        Caller::Person(user) => user.clone(),
        Caller::Schedule(name) => return scheduled::post(&ctx, &invocation, name, text).await,
    };
    let question = Question {
        audience: Audience::Person {
            user: asker.clone(),
            channel: invocation.channel.clone(),
        },
        before: memory::recall(&ctx, &invocation).await?,
        asker,
        text,
        channel: invocation.channel,
        conversation: invocation.conversation,
    };
    within_the_day(&ctx).await?;
    if let Some(answer) = official::known(&ctx, &question).await? {
        return finished(&ctx, answer, &Notes::default())
            .await
            .map(Reply::private);
    }
    from_documents(&ctx, &question, invocation.answer_to.as_ref()).await
}

/// The question, if there is one.
fn worded(words: &[String]) -> Result<String, CommandError> {
    let text = words.join(" ");
    if text.chars().any(char::is_alphanumeric) {
        return Ok(text);
    }
    Err(CommandError::Usage {
        problem: "What would you like to know?".to_owned(),
        usage: SPEC.usage.to_owned(),
    })
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
    let (found, answer) = searched(ctx, question).await?;
    let Some(model) = reader(ctx, &found) else {
        let finished = finished(ctx, answer, &Notes::of(found)).await;
        return finished.map(Reply::private);
    };
    let reading = message_reading(&question.text, found.passages.len(), None, ctx.clock.now());
    let mut draft = Draft::begin(ctx, to, &reading).await;
    let (answer, notes) = reworded(ctx, model, question, (found, answer), &mut draft).await;
    let finished = finished(ctx, answer, &notes).await;
    draft.finish(finished, || message_stopped(&question.text)).await
}

/// What the documents say, in their own words.
async fn searched(ctx: &Ctx, question: &Question) -> Result<(Found, Answer), CommandError> {
    let before = question.before.first().map(|answer| answer.question.as_str());
    let sought = standing_alone(&question.text, before);
    let found = ctx.library.search(&sought, &question.audience, PASSAGES).await?;
    let answer = answer(ctx, question, compose(&sought, &found.passages));
    Ok((found, answer))
}

/// The language model, where there is one and it is worth asking.
fn reader<'a>(ctx: &'a Ctx, found: &Found) -> Option<&'a Llm> {
    ctx.llm.as_ref().filter(|_| is_worth_reading(&found.passages))
}

/// The same in the words of the model, as far as it cites.
async fn reworded(
    ctx: &Ctx,
    model: &Llm,
    question: &Question,
    (found, mut answer): (Found, Answer),
    draft: &mut Draft<'_>,
) -> (Answer, Notes) {
    let asked = model::Asked {
        question,
        passages: &found.passages,
        answer: &answer,
    };
    let no_model = match model::write(ctx, model, &asked, draft).await {
        Ok(said) => {
            answer.rewrite(said, &found.passages, &question.before);
            None
        }
        Err(why) => Some(why),
    };
    let notes = Notes {
        no_model,
        ..Notes::of(found)
    };
    (answer, notes)
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

impl Notes {
    fn of(found: Found) -> Self {
        Self {
            only_words: found.only_words,
            no_model: None,
        }
    }
}

async fn finished(ctx: &Ctx, answer: Answer, notes: &Notes) -> Result<SlackMessageContent, CommandError> {
    let answered = kept(ctx, answer).await?;
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

async fn drawn(ctx: &Ctx, answered: &Answered, shown_to: Readers<'_>, notes: &Notes) -> SlackMessageContent {
    let is_asker = matches!(shown_to, Readers::Asker | Readers::AskerAlone);
    let may_make_official =
        is_asker && policy::may_click(ctx, em_blocks::ask::OFFICIAL, &answered.answer.asker).await;
    message_answer(&AnswerView {
        answer: &answered.answer,
        now: ctx.clock.now(),
        shown_to,
        feedback: answered.feedback.as_ref(),
        only_words: notes.only_words.as_deref(),
        no_model: notes.no_model.as_deref(),
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
