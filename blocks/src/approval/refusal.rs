//! Purpose: why a click or a command changed nothing, told to the one who did it.

use em_domain::approval::ballot::Refusal;
use em_domain::approval::{Approval, ApprovalState};
use em_domain::policy::Decision;
use slack_morphism::prelude::SlackMessageContent;

use super::{approvers, subject};
use crate::help::typed;
use crate::layout::Layout;
use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, cat, code, escape, join, mention, words};

/// Why nothing changed, and what to do now.
pub fn message_refused(approval: &Approval, refusal: &Refusal) -> SlackMessageContent {
    let text = cat([subject(approval), words(": "), why(approval, refusal)]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

fn why(approval: &Approval, refusal: &Refusal) -> Mrkdwn {
    match refusal {
        Refusal::Over(state) => over(approval, *state),
        Refusal::OutOfTurn(state) => cat([
            words("that does not go with how far it is: "),
            words(state.as_str()),
            words("."),
        ]),
        Refusal::NotAskedYet => words(
            "nobody is asked yet: it passes by itself unless an incident opens before. To stop it, take the request back.",
        ),
        Refusal::Expired => {
            words("its time is over, so nothing is done. Propose it again if it is still wanted.")
        }
        Refusal::NotAnApprover => cat([
            words("you may not decide this. Who may: "),
            approvers(approval),
            words("."),
        ]),
        Refusal::OwnRequest => {
            words("you asked for it (or stand in for whoever did), so somebody else has to decide.")
        }
        Refusal::OwnChange => words("it is about your own change, so somebody else has to decide."),
        Refusal::AccountUnknown => cat([
            words(
                "I cannot tell whether the change is your own, because I do not know your GitHub account. Say who you are, then decide: ",
            ),
            typed("link github NAME"),
        ]),
        Refusal::OldCard => {
            words("that card was out of date. Look at the one that stands now and decide again.")
        }
        Refusal::Drifted(_) => words(
            "it has changed since people were asked, so your click did not count. The card shows what changed; decide again if you still agree.",
        ),
        Refusal::MustBeTyped => {
            words("to agree, the name of the target has to be typed. Use the button Approve on the card.")
        }
        Refusal::AlreadySaid => words("you have said so already."),
        Refusal::NothingSaid => words("there is no vote of yours to take back."),
        Refusal::NotConcerned => cat([
            words("only whoever asked, or who may decide, can do that: "),
            approvers(approval),
            words("."),
        ]),
    }
}

/// It is decided: by whom, and how.
fn over(approval: &Approval, state: ApprovalState) -> Mrkdwn {
    let by = approval.settled.as_ref().and_then(|settled| settled.by.as_ref());
    let by = by.map(|by| cat([words(" by "), mention(by)])).unwrap_or_default();
    let how = match state {
        ApprovalState::Declined => "it was declined already",
        ApprovalState::Cancelled => "it was taken back",
        ApprovalState::Expired => "it has expired",
        ApprovalState::Quiet
        | ApprovalState::Pending
        | ApprovalState::Approved
        | ApprovalState::Executing
        | ApprovalState::Completed
        | ApprovalState::Failed
        | ApprovalState::Unclear => "it was approved already",
    };
    cat([words(how), by, words("; your click changed nothing.")])
}

/// No question has this id.
pub fn message_unknown_id(typed_id: &str) -> SlackMessageContent {
    let text = cat([
        words("I know no approval "),
        escape(&format!("“{typed_id}”")),
        words(". The list has them all: "),
        typed("approvals all"),
    ]);
    let mut layout = Layout::new();
    layout.section(&text);
    layout.into_message(&text)
}

/// The policy says no: which of its rules, and that nothing was done.
pub fn message_denied(decision: &Decision) -> SlackMessageContent {
    let text = cat([
        words("The policy says no, so nothing is done: "),
        escape(&fit(&decision.reason, 500)),
    ]);
    let fired = decision.rules.iter().filter(|rule| rule.fired).take(8);
    let rules = fired.map(|rule| cat([words(":x: "), escape(&fit(&rule.text, 200))]));
    let mut layout = Layout::new();
    layout.section(&text);
    layout.section(&join(rules, "\n"));
    layout.context(&cat([
        words("Policy "),
        code(&decision.policy),
        words(" · "),
        typed("policy explain"),
    ]));
    layout.into_message(&text)
}
