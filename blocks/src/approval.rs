//! Purpose: everything people see of an approval: the card, its thread, its modals, the lists, the explanations.
//! Every message is a view of the record: drawn anew from it after each change.

pub mod card;
pub mod explain;
pub mod list;
pub mod modal;
pub mod progress;
pub mod refusal;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use em_domain::approval::{Approval, Requester, Via};
use em_domain::id::ApprovalId;
use em_domain::policy::Approver;
use serde::{Deserialize, Serialize};

use crate::limits::fit;
use crate::mrkdwn::{Mrkdwn, bold, cat, code, escape, join, link, mention, user_group, words};

/// Action: yes.
pub const APPROVE: &str = "approval.approve";
/// Action: no; asks for a reason first.
pub const DECLINE: &str = "approval.decline";
/// Action: yes, with a remark.
pub const COMMENT: &str = "approval.comment";
/// Action: which rules led here, who is missing, who could decide now.
pub const EXPLAIN: &str = "approval.explain";
/// Action: take back what one said.
pub const WITHDRAW: &str = "approval.withdraw";
/// Action: take the question back.
pub const CANCEL: &str = "approval.cancel";
/// Action: try again what failed.
pub const RETRY: &str = "approval.retry";
/// Action: a person looked: it was done.
pub const CONFIRM: &str = "approval.confirm";
/// Action: undo what was done.
pub const UNDO: &str = "approval.undo";
/// Action: the page was opened; nothing to do but acknowledge.
pub const OPEN: &str = "approval.open";

/// What a button of a card says yes (or no) to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Which question.
    pub id: ApprovalId,
    /// The fingerprint of what the card showed.
    pub seen: String,
}

impl Ticket {
    /// What the buttons of `approval`'s card carry.
    pub fn of(approval: &Approval) -> Self {
        Self {
            id: approval.id.clone(),
            seen: approval.request.digest.0.clone(),
        }
    }

    /// As a button's value.
    pub fn value(&self) -> String {
        format!("{} {}", self.id, self.seen)
    }

    /// Reads a button's value, or the subject of a menu (an id alone); `None` for what no card of ours carries.
    pub fn parse(value: &str) -> Option<Self> {
        let (id, seen) = value.split_once(' ').unwrap_or((value, ""));
        Some(Self {
            id: ApprovalId::parse(id)?,
            seen: seen.to_owned(),
        })
    }
}

/// The end of an id: enough to type, long enough not to be another's.
pub fn short_id(id: &ApprovalId) -> &str {
    let id = id.as_str();
    &id[id.len().saturating_sub(SHORT_ID)..]
}

/// How much of an id is shown.
const SHORT_ID: usize = 8;
/// Characters of what others wrote that a card shows.
const QUOTE: usize = 600;

/// What is done to what, with its page: `Retry payments (link) · Close acme/api#12`.
pub fn subject(approval: &Approval) -> Mrkdwn {
    let request = &approval.request;
    let title = if request.subject_title.is_empty() {
        &request.action.target
    } else {
        &request.subject_title
    };
    let title = fit(title, 120);
    match &request.url {
        Some(url) => bold(link(url, &title)),
        None => bold(escape(&title)),
    }
}

/// Who asks.
pub fn requester(approval: &Approval) -> Mrkdwn {
    match &approval.request.requester {
        Requester::Person(user) => mention(user),
        Requester::System(name) => match name.split_once(':') {
            Some(("signal", rule)) => cat([words("the signal "), code(rule)]),
            Some(("schedule", name)) => cat([words("the schedule "), code(name)]),
            Some(_) | None => code(name),
        },
    }
}

/// Those who may decide, as the policy names them.
pub fn approver(approver: &Approver) -> Mrkdwn {
    match approver {
        Approver::Role(role) => cat([words("anybody with the role "), bold(escape(&fit(role, 40)))]),
        Approver::Team(team) => cat([words("the team "), bold(escape(&fit(team, 40)))]),
        Approver::User(user) => mention(user),
        Approver::Group(id) => user_group(id),
        Approver::Login(login) => cat([escape(&fit(login.as_str(), 40)), words(" (GitHub)")]),
        Approver::Anyone => words("anybody here but guests"),
    }
}

/// All who may decide.
fn approvers(approval: &Approval) -> Mrkdwn {
    join(approval.approvers().take(8).map(approver), ", ")
}

/// What somebody else wrote, as a quotation.
fn quoted(text: &str) -> Mrkdwn {
    cat([words("“"), escape(&fit(text, QUOTE)), words("”")])
}

/// From where.
fn via(via: Via) -> Mrkdwn {
    match via {
        Via::Button => words("with a button"),
        Via::Modal => words("in a form"),
        Via::Command => words("by command"),
        Via::Http => words("over the API"),
        Via::Reaction => words("with a reaction"),
        Via::Policy => words("by policy"),
        Via::Clock => words("by the clock"),
    }
}

/// What all views of an approval share.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The team's zone.
    pub zone: Tz,
    /// The present: an undo is offered for a while only.
    pub now: DateTime<Utc>,
    /// How often an action is tried at most.
    pub most_attempts: u32,
}

#[cfg(test)]
mod tests;
