//! Purpose: `/em-agent gaps`: what people asked and the documents did not answer, the most wanted first.

use chrono::Duration;
use em_blocks::gaps::{GapsView, message_gaps};
use em_domain::gaps::gather;

use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "gaps",
    usage: "gaps",
    summary: "Show what people asked and our documents did not answer.",
    examples: &["gaps"],
    check_scheduled: None,
};

/// How far back questions are looked at.
const LOOK_BACK_DAYS: i64 = 30;
/// Questions that are looked at.
const MOST_QUESTIONS: i64 = 500;

/// Answers `gaps`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    invocation.person()?;
    let since = ctx.clock.now() - Duration::days(LOOK_BACK_DAYS);
    let answered = ctx.store.answers().list_gaps(since, MOST_QUESTIONS).await?;
    let answers: Vec<_> = answered.into_iter().map(|answered| answered.answer).collect();
    let questions: Vec<String> = answers.iter().map(|answer| answer.question.clone()).collect();
    // Without meanings, only questions in the same words fall together.
    let meanings = ctx.library.meanings(&questions).await.unwrap_or_default();
    let gaps = gather(&answers, &meanings);
    Ok(Reply::private(message_gaps(&GapsView {
        gaps: &gaps,
        days: LOOK_BACK_DAYS,
        now: ctx.clock.now(),
    })))
}
