//! Purpose: why a decision did not count, as a status and a sentence.

use axum::http::StatusCode;
use em_domain::approval::Approval;
use em_domain::approval::ballot::Refusal;

use crate::http::v1::problem::Problem;

/// Nothing was changed by the request, and why.
pub(super) fn problem(approval: &Approval, refusal: &Refusal) -> Problem {
    Problem::new(
        status(refusal),
        format!("{}: {}", approval.request.title, why(approval, refusal)),
    )
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAnApprover
        | Refusal::OwnRequest
        | Refusal::OwnChange
        | Refusal::AccountUnknown
        | Refusal::NotConcerned => StatusCode::FORBIDDEN,
        Refusal::Over(_)
        | Refusal::OutOfTurn(_)
        | Refusal::NotAskedYet
        | Refusal::OldCard
        | Refusal::Drifted(_)
        | Refusal::AlreadySaid
        | Refusal::NothingSaid => StatusCode::CONFLICT,
        Refusal::Expired => StatusCode::GONE,
        Refusal::MustBeTyped => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn why(approval: &Approval, refusal: &Refusal) -> String {
    let approvers: Vec<String> = approval.approvers().map(ToString::to_string).collect();
    let approvers = approvers.join(", ");
    match refusal {
        Refusal::Over(state) => {
            let by = approval.settled.as_ref().and_then(|settled| settled.by.as_ref());
            let by = by.map(|by| format!(", by {by}")).unwrap_or_default();
            format!("it is {} already{by}; nothing was changed.", state.as_str())
        }
        Refusal::OutOfTurn(state) => format!("that is not possible while it is {}.", state.as_str()),
        Refusal::NotAskedYet => {
            "nobody is asked yet; it passes by itself unless an incident opens before.".to_owned()
        }
        Refusal::Expired => "its time is over, so nothing is done. Propose it again if it is still wanted.".to_owned(),
        Refusal::NotAnApprover => format!("the token's person may not decide this. Who may: {approvers}."),
        Refusal::OwnRequest => {
            "the token's person asked for it (or stands in for whoever did), so somebody else has to decide.".to_owned()
        }
        Refusal::OwnChange => "it is about the token's person's own change, so somebody else has to decide.".to_owned(),
        Refusal::AccountUnknown => {
            "it cannot be told whether the change is the token's person's own: their GitHub account is not known. They \
             can say so in Slack with `link github NAME`."
                .to_owned()
        }
        Refusal::OldCard => "it is not what `digest` says any more. Read it again, then decide.".to_owned(),
        Refusal::Drifted(_) => {
            "its target has changed since people were asked, so this did not count. Read it again: `drift` says what \
             changed; then decide."
                .to_owned()
        }
        Refusal::MustBeTyped => {
            "to agree, send the name of the target, `action.target`, as `typed`.".to_owned()
        }
        Refusal::AlreadySaid => "the token's person has said so already.".to_owned(),
        Refusal::NothingSaid => "there is nothing to take back.".to_owned(),
        Refusal::NotConcerned => {
            format!("only whoever asked, or who may decide, can do that: {approvers}.")
        }
    }
}
