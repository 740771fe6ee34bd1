//! Purpose: answers that somebody stands for: made official by a form, and given first to whoever asks nearly the same.

use em_blocks::ask::official::{OfficialMemory, message_official, modal_official, text, until};
use em_domain::ask::{Answer, Composed, Confidence, OfficialAnswer, Written, nearly_same};
use em_domain::audit::AuditEntry;
use serde_json::json;

use super::Question;
use super::feedback::find;
use crate::ctx::Ctx;
use crate::invocation::{Click, CommandError, Outcome, Reply, Submission};

/// Official answers that a question is compared with: the newest.
const COMPARED: i64 = 500;

/// What somebody stands for who was asked nearly the same, if the asker may see all it was made from.
pub(super) async fn known(ctx: &Ctx, question: &Question) -> Result<Option<Answer>, CommandError> {
    let official = ctx
        .store
        .official_answers()
        .list(ctx.clock.now(), COMPARED)
        .await?;
    if official.is_empty() {
        return Ok(None);
    }
    let mut questions = vec![question.text.clone()];
    questions.extend(official.iter().map(|known| known.question.clone()));
    // Without meanings, only questions in the same words are the same.
    let meanings = ctx.library.meanings(&questions).await.unwrap_or_default();
    let (meaning, others) = meanings
        .split_first()
        .map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    let asked = (question.text.as_str(), meaning.map(Vec::as_slice));
    let Some(known) = nearly_same(asked, &official, others) else {
        return Ok(None);
    };
    let composed = Composed {
        confidence: Confidence::High,
        citations: known.citations.clone(),
    };
    let answer = Answer {
        also_from: known.also_from.clone(),
        official: Some(Box::new(known.clone())),
        ..super::answer(ctx, question, composed)
    };
    let sources = ctx.store.knowledge().list_sources().await?;
    Ok(Some(answer).filter(|answer| answer.may_be_seen_by(&question.audience, &sources)))
}

/// A click on *Make official…*: the form, with the answer to begin with.
pub async fn clicked(ctx: Ctx, click: Click) -> Outcome {
    let answered = find(&ctx, &click.value).await?;
    let answer = &answered.answer;
    let begin_with = match (&answer.written, answer.citations.first()) {
        (Some(written), _) => Written::text(written),
        (None, Some(citation)) if !citation.sentence.is_empty() => citation.sentence.clone(),
        (None, Some(citation)) => citation.text.clone(),
        (None, None) => String::new(),
    };
    let memory = OfficialMemory {
        answer: click.value,
        response_url: click.response_url,
    };
    let form = modal_official(&answer.question, &begin_with, &memory)
        .ok_or_else(|| CommandError::user("The form cannot be opened here."))?;
    Ok(Reply::Modal(Box::new(form)))
}

/// The submitted form: kept from now on, with who stands for it.
pub async fn submitted(ctx: Ctx, submission: Submission) -> Outcome {
    let now = ctx.clock.now();
    let memory = OfficialMemory::parse(&submission.private_metadata);
    let typed = (text(&submission.state), until(&submission.state, now));
    let (Some(memory), (Some(text), Some(until))) = (memory, typed) else {
        return Err(CommandError::user(
            "Write the answer and choose a time, then send it again.",
        ));
    };
    let answered = find(&ctx, &memory.answer).await?;
    let official = OfficialAnswer::of(&answered.answer, text, &submission.user, now, until);
    ctx.store.official_answers().upsert(&official).await?;
    let audit = AuditEntry {
        at: now,
        actor: submission.user.to_string(),
        kind: "answer.official".to_owned(),
        subject: official.id.to_string(),
        data: json!({ "question": official.question, "text": official.text, "until": until }),
    };
    ctx.store.audit().record(&audit).await?;
    Ok(Reply::Answer {
        response_url: memory.response_url,
        content: Box::new(message_official(&official.question, until)),
    })
}
