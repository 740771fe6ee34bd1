//! Purpose: a reaction to a card counts as a vote, where the policy says so.

use em_domain::approval::Via;
use em_domain::id::ApprovalId;

use super::decide::{Said, answer, say};
use super::named;
use crate::ctx::Ctx;
use crate::invocation::{Outcome, Reaction, Reply};

/// Yes or no, for the emojis that mean either.
pub(crate) fn agrees(emoji: &str) -> Option<bool> {
    match emoji {
        "white_check_mark" | "heavy_check_mark" | "+1" | "thumbsup" => Some(true),
        "x" | "-1" | "thumbsdown" | "no_entry" => Some(false),
        _ => None,
    }
}

/// Somebody put an emoji on a message: a vote, if the message is a card and its policy counts reactions.
pub(crate) async fn reacted(ctx: Ctx, reaction: Reaction) -> Outcome {
    let Some(agrees) = agrees(&reaction.emoji) else {
        return Ok(Reply::Done);
    };
    let purpose = ctx
        .store
        .posts()
        .find_purpose(&reaction.channel, &reaction.message_ts)
        .await?;
    let id = purpose.as_deref().and_then(approval_of);
    let Some(id) = id else { return Ok(Reply::Done) };
    let approval = named(&ctx, id.as_str()).await?;
    if !approval.terms().is_some_and(|terms| terms.reactions) || !approval.state.is_undecided() {
        return Ok(Reply::Done);
    }
    let said = Said {
        user: reaction.user,
        agrees,
        via: Via::Reaction,
        comment: None,
        seen: None,
        is_typed: false,
    };
    Ok(answer(say(&ctx, &id, said).await?))
}

/// The approval in a card's purpose: `approval:apr_…:card`.
fn approval_of(purpose: &str) -> Option<ApprovalId> {
    let (id, copy) = purpose.strip_prefix("approval:")?.split_once(':')?;
    (copy == "card" || copy.starts_with("dm:"))
        .then(|| ApprovalId::parse(id))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cards_are_voted_on() {
        let id = "apr_00000000000000000000000000";
        assert!(approval_of(&format!("approval:{id}:card")).is_some());
        assert!(approval_of(&format!("approval:{id}:dm:U1")).is_some());
        assert!(approval_of(&format!("approval:{id}:progress")).is_none());
        assert!(approval_of("triage:C1:2026-01-15").is_none());
    }
}
