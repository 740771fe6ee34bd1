//! Purpose: what was said before in the same thread, for as long as it is of use; and `reset`, which forgets it.
//!
//! Only what the asker was answered is recalled: others may have seen what the asker may not.

use em_blocks::ask::message_forgotten;
use em_domain::answer::Turn;
use em_domain::ask::{Answer, REMEMBERED_FOR, TURNS, Written};

use crate::ctx::Ctx;
use crate::invocation::{CommandError, Invocation, Outcome, Reply};
use crate::spec::Spec;

/// How `reset` is written.
pub const RESET: Spec = Spec {
    path: "reset",
    usage: "reset",
    summary: "Forget what we talked about in this thread or direct message.",
    examples: &["reset"],
    check_scheduled: None,
};

/// What the asker was answered in this conversation within the hour, the newest first.
pub(super) async fn recall(ctx: &Ctx, invocation: &Invocation) -> Result<Vec<Answer>, CommandError> {
    let (Some(channel), Some(conversation)) = (&invocation.channel, &invocation.conversation) else {
        return Ok(Vec::new());
    };
    let since = ctx.clock.now() - REMEMBERED_FOR;
    let limit = i64::try_from(TURNS).unwrap_or(i64::MAX);
    let answers = ctx.store.answers();
    Ok(answers
        .recall(invocation.person()?, (channel, conversation), since, limit)
        .await?)
}

/// What was said before, as a language model is reminded of it: in the order in which it was said.
pub(super) fn turns(before: &[Answer]) -> Vec<Turn> {
    let said = before.iter().rev().flat_map(|answer| {
        let ours = answer.written.as_ref().map(Written::text);
        let asked = Turn {
            is_ours: false,
            text: answer.question.clone(),
        };
        let answered = ours.map(|text| Turn { is_ours: true, text });
        [Some(asked), answered]
    });
    said.flatten().collect()
}

/// Answers `reset`.
pub async fn reset(ctx: Ctx, invocation: Invocation) -> Outcome {
    let user = invocation.person()?;
    let forgotten = match (&invocation.channel, &invocation.conversation) {
        (Some(channel), Some(conversation)) => {
            ctx.store.answers().forget(user, (channel, conversation)).await?
        }
        _ => 0,
    };
    Ok(Reply::private(message_forgotten(forgotten)))
}
