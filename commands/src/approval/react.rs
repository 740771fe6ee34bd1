//! Purpose: a reaction to a card counts as a vote, where the policy says so.

use std::time::Duration;

use em_domain::approval::Via;
use em_domain::id::ApprovalId;

use super::decide::{Said, answer, say};
use super::named;
use crate::ctx::Ctx;
use crate::invocation::{CommandError, Outcome, Reaction, Reply};

/// How often, and how many times, to look what a message is for.
const LOOK: Duration = Duration::from_millis(250);
const LOOKS: u32 = 4;

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
    let Some(id) = card_at(&ctx, &reaction).await? else {
        return Ok(Reply::Done);
    };
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

/// The approval whose card a reaction is on. A card can be seen a moment before it is known where it stands.
async fn card_at(ctx: &Ctx, reaction: &Reaction) -> Result<Option<ApprovalId>, CommandError> {
    for _ in 0..LOOKS {
        let posts = ctx.store.posts();
        if let Some(purpose) = posts
            .find_purpose(&reaction.channel, &reaction.message_ts)
            .await?
        {
            return Ok(approval_of(&purpose));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
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
