//! Purpose: what a program does with questions for the person whose token it has: decide, and learn where the card is.

use em_domain::action::Digest;
use em_domain::approval::{Approval, Via};
use em_domain::id::{ApprovalId, SlackUser};
use url::Url;

use super::Changed;
use super::decide::{Said, say};
use crate::copy;
use crate::ctx::Ctx;
use crate::invocation::CommandError;

/// A yes or a no that a program brings.
#[derive(Debug, Clone)]
pub struct Word {
    /// Whose.
    pub user: SlackUser,
    /// Yes or no.
    pub agrees: bool,
    /// What they say with it.
    pub reason: Option<String>,
    /// The name of the target, where the program was given it to be typed.
    pub typed: Option<String>,
    /// The digest of the question that they saw; without it, the question is taken as it stands.
    pub seen: Option<Digest>,
}

/// Takes a word in, by the same rules as a click or a typed command.
///
/// # Errors
/// The target cannot be looked at, or the database cannot be reached.
pub async fn decide(ctx: &Ctx, approval: &Approval, word: Word) -> Result<Changed, CommandError> {
    let target = &approval.request.action.target;
    let is_typed = |typed: &String| typed.trim().eq_ignore_ascii_case(target);
    let said = Said {
        is_typed: word.typed.as_ref().is_some_and(is_typed),
        user: word.user,
        agrees: word.agrees,
        via: Via::Http,
        comment: word.reason,
        seen: word.seen,
    };
    say(ctx, &approval.id, said).await
}

/// The address of a question's card in its channel; `None` while there is none, or while Slack does not say.
pub async fn card(ctx: &Ctx, id: &ApprovalId) -> Option<Url> {
    let posted = copy::find(ctx, &format!("approval:{id}:card")).await.ok()??;
    ctx.slack.permalink(&posted).await.ok()
}
