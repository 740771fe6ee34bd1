//! Purpose: the one message in a card's thread that follows what was agreed to until it is done.

use em_domain::approval::{Approval, ApprovalState};
use slack_morphism::prelude::SlackMessageContent;

use super::card::attempt;
use super::{RETRY, Setting, Ticket};
use crate::element::Button;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, escape, join, link, words};
use crate::time::when;

/// How far it has come; `None` while nothing is done.
pub fn message_progress(approval: &Approval, setting: Setting) -> Option<SlackMessageContent> {
    let settled = approval.settled.as_ref()?;
    let now = match approval.state {
        ApprovalState::Approved => words("Queued: it is done next."),
        ApprovalState::Executing => attempt(approval, setting),
        ApprovalState::Completed => ended(approval, "Done."),
        ApprovalState::Failed => ended(approval, "Failed."),
        ApprovalState::Unclear => ended(approval, "Unknown, please check."),
        ApprovalState::Quiet
        | ApprovalState::Pending
        | ApprovalState::Declined
        | ApprovalState::Expired
        | ApprovalState::Cancelled => return None,
    };
    let since = cat([words("Approved "), when(settled.at, setting.zone)]);
    let tries = (approval.attempts > 1).then(|| escape(&format!("Attempts so far: {}", approval.attempts)));
    let mut layout = Layout::new();
    layout.section(&join(
        [Some(since), tries, Some(now.clone())].into_iter().flatten(),
        "\n",
    ));
    if approval.state == ApprovalState::Failed {
        layout.actions([Button::new("Retry", RETRY, &Ticket::of(approval).value())]);
    }
    let title = escape(&fit(&approval.request.title, 200));
    Some(layout.into_message(&cat([title, words(": "), now])))
}

fn ended(approval: &Approval, how: &'static str) -> Mrkdwn {
    let Some(outcome) = &approval.outcome else {
        return words(how);
    };
    let look = outcome
        .url
        .as_ref()
        .map(|url| cat([words(" "), link(url, "Look")]));
    cat([
        bold(words(how)),
        words(" "),
        escape(&fit(&outcome.said, 600)),
        look.unwrap_or_default(),
    ])
}
