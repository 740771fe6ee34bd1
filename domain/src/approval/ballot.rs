//! Purpose: who says what to a question, and why that may not count.

use super::{ApprovalState, Via};
use crate::action::{Action, Digest, TargetState};
use crate::id::{Login, SlackUser};
use crate::policy::Approver;

/// Why a rule does not apply. Each is told to the person in words of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is decided, or over.
    #[error("it is {} already", .0.as_str())]
    Over(ApprovalState),
    /// Nobody is asked yet.
    #[error("it waits for a quiet period to end")]
    NotAskedYet,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// The policy does not name this person.
    #[error("not an approver")]
    NotAnApprover,
    /// Whoever asks may not answer.
    #[error("the requester may not decide")]
    OwnRequest,
    /// Whoever made the change may not approve it.
    #[error("the author of the change may not decide")]
    OwnChange,
    /// It cannot be told whether this person made the change.
    #[error("the person's account is not known")]
    AccountUnknown,
    /// The button is of an older card, or of another question.
    #[error("the card is out of date")]
    OldCard,
    /// The target is not what it was when people were asked.
    #[error("the target has changed")]
    Drifted(TargetState),
    /// The policy asks for the name of the target to be typed.
    #[error("the target must be typed")]
    MustBeTyped,
    /// This person has said so before.
    #[error("already said")]
    AlreadySaid,
    /// There is nothing of this person's to take back.
    #[error("nothing to take back")]
    NothingSaid,
    /// Only whoever asked, or an approver, may do this.
    #[error("neither the requester nor an approver")]
    NotConcerned,
    /// This does not follow from how far it has come.
    #[error("not possible while it is {}", .0.as_str())]
    OutOfTurn(ApprovalState),
}

/// A person, as far as deciding goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    /// Who.
    pub user: SlackUser,
    /// Their account, where it is known.
    pub login: Option<Login>,
    /// What they count as, by themselves: of the approvers that a policy names, those that include this person.
    pub counts_as: Vec<Approver>,
    /// Those for whom they stand in while they are away, and what those count as.
    pub deputy_for: Vec<(SlackUser, Vec<Approver>)>,
}

/// What a person says, and what they saw when they said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Yes or no.
    pub agrees: bool,
    /// From where.
    pub via: Via,
    /// What they wrote with it.
    pub comment: Option<String>,
    /// What the card that they clicked was about; `None` where they typed the id.
    pub seen: Option<Digest>,
    /// What the target looks like now.
    pub state_now: TargetState,
    /// They typed the name of the target.
    pub is_typed: bool,
}

/// What an action would be done to, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The action with everything filled in.
    pub action: Action,
    /// What whoever agrees relies on.
    pub state: TargetState,
    /// What would be done, in sentences.
    pub effect: Vec<String>,
}
