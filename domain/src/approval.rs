//! Purpose: a question put to people, what became of it, and what was then done. The record that every card in Slack
//! is a view of; the rules by which it changes are in [`rules`]
//! and [`execution`].

pub mod ballot;
pub mod execution;
pub mod rules;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::action::{Action, Digest, TargetState};
use crate::id::{ApprovalId, Login, SlackChannel, SlackUser};
use crate::policy::{Approver, Decision, PolicyVerdict, Terms};

/// How far it has come.
///
/// ```text
/// quiet -> pending -> approved -> executing -> completed | failed | unclear
///   |         |-> declined | expired | cancelled
///   |-> approved | cancelled
/// failed | unclear -> approved (a person asks for another try);  unclear -> completed (a person looked)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// It passes by itself unless something happens before a stated time.
    Quiet,
    /// People are asked.
    Pending,
    /// Agreed; it will be done.
    Approved,
    /// It is being done.
    Executing,
    /// It was done.
    Completed,
    /// It was not done, and will not be unless somebody asks again.
    Failed,
    /// It may or may not have been done: a person must look.
    Unclear,
    /// Somebody said no.
    Declined,
    /// Nobody decided in time.
    Expired,
    /// Whoever asked took it back.
    Cancelled,
}

impl ApprovalState {
    /// All of them, in the order of life.
    pub const ALL: [Self; 10] = [
        Self::Quiet,
        Self::Pending,
        Self::Approved,
        Self::Executing,
        Self::Completed,
        Self::Failed,
        Self::Unclear,
        Self::Declined,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Executing => "executing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Unclear => "unclear",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nobody has decided yet.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Quiet | Self::Pending)
    }

    /// Whether anything is still to come without a person asking for it.
    pub fn is_open(self) -> bool {
        self.is_undecided() || matches!(self, Self::Approved | Self::Executing)
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// A person in Slack.
    Person(SlackUser),
    /// Something of the bot's own: `signal:stale_pr`.
    System(String),
}

impl Requester {
    /// The person, if it is one.
    pub fn person(&self) -> Option<&SlackUser> {
        match self {
            Self::Person(user) => Some(user),
            Self::System(_) => None,
        }
    }
}

/// What is asked, as it was when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is to be done.
    pub action: Action,
    /// The same in words: `Close acme/api#12`.
    pub title: String,
    /// The title of what it is done to, as written by others.
    pub subject_title: String,
    /// Its page.
    pub url: Option<String>,
    /// What would be done, in sentences.
    pub effect: Vec<String>,
    /// What the target looked like.
    pub state: TargetState,
    /// What a button that says yes says yes to.
    pub digest: Digest,
    /// Who asks.
    pub requester: Requester,
    /// The requester's account, where it is known.
    pub requester_login: Option<Login>,
    /// Who made the change that it is about.
    pub author: Option<Login>,
    /// Why, as written by the requester.
    pub reason: Option<String>,
    /// Where it was asked for.
    pub channel: Option<SlackChannel>,
}

/// How something reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A click on a card.
    Button,
    /// A submitted modal.
    Modal,
    /// A typed command.
    Command,
    /// A program that acts for a person, over HTTP.
    Http,
    /// A reaction to a card.
    Reaction,
    /// Nobody: the policy said so.
    Policy,
    /// Nobody: its time had come.
    Clock,
}

/// One person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub by: SlackUser,
    /// Their account, where it is known.
    pub login: Option<Login>,
    /// For whom they stand in.
    pub on_behalf_of: Option<SlackUser>,
    /// Yes or no.
    pub agrees: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// From where.
    pub via: Via,
    /// What they wrote with it.
    pub comment: Option<String>,
}

impl Vote {
    /// The person whose word it is: of a deputy, whoever they stand in for.
    pub fn principal(&self) -> &SlackUser {
        self.on_behalf_of.as_ref().unwrap_or(&self.by)
    }
}

/// Who ended the question, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, where it was a person.
    pub by: Option<SlackUser>,
    /// From where.
    pub via: Via,
    /// What they wrote with it.
    pub comment: Option<String>,
}

/// What came of doing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When.
    pub at: DateTime<Utc>,
    /// In a sentence for people.
    pub said: String,
    /// Where to look.
    pub url: Option<String>,
    /// What would undo it.
    pub undo: Option<Action>,
    /// Until when undoing is offered.
    pub undo_until: Option<DateTime<Utc>>,
    /// The name of whoever ended it, where it was a person who looked.
    pub by: Option<SlackUser>,
}

/// Something about the target that changed while people were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What: `head commit`.
    pub fact: String,
    /// What it was when people were asked; empty if there was none.
    pub before: String,
    /// What it is; empty if there is none.
    pub now: String,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Counts the changes: each is stored only over the version it was decided on.
    pub version: i64,
    /// How far it has come.
    pub state: ApprovalState,
    /// What is asked.
    pub request: Request,
    /// What the policy said.
    pub decision: Decision,
    /// What people said, in the order they said it.
    pub votes: Vec<Vote>,
    /// What changed about the target since people were first asked; what they said before it changed does not count.
    pub drift: Vec<Drift>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it passes by itself.
    pub quiet_until: Option<DateTime<Utc>>,
    /// What ended the quiet, where something did.
    pub disturbed_by: Option<String>,
    /// When people were asked.
    pub asked_at: Option<DateTime<Utc>>,
    /// When the question lapses.
    pub expires_at: Option<DateTime<Utc>>,
    /// When those were asked too to whom it escalates.
    pub escalated_at: Option<DateTime<Utc>>,
    /// Who decided.
    pub settled: Option<Settled>,
    /// How often doing it was begun.
    pub attempts: u32,
    /// An attempt was begun whose end nobody saw.
    pub attempt_is_open: bool,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub retry_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

impl Approval {
    /// Under what terms people are asked; `None` where the policy let it pass.
    pub fn terms(&self) -> Option<&Terms> {
        match &self.decision.verdict {
            PolicyVerdict::NeedsApproval(terms) => Some(terms),
            PolicyVerdict::Allow | PolicyVerdict::Deny => None,
        }
    }

    /// Who may decide at this time.
    pub fn approvers(&self) -> impl Iterator<Item = &Approver> {
        let terms = self.terms();
        let escalated = terms
            .filter(|_| self.escalated_at.is_some())
            .map(|terms| terms.escalate_to.as_slice());
        let usual = terms.map(|terms| terms.approvers.as_slice());
        usual.into_iter().chain(escalated).flatten()
    }

    /// How many must agree.
    pub fn quorum(&self) -> u32 {
        self.terms().map_or(0, |terms| terms.quorum.max(1))
    }

    /// Whose agreement counts so far: each person once, however many stand in for them.
    pub fn agreeing(&self) -> BTreeSet<&SlackUser> {
        self.votes
            .iter()
            .filter(|vote| vote.agrees)
            .map(Vote::principal)
            .collect()
    }

    /// What would undo it, while that is offered.
    pub fn undo(&self, now: DateTime<Utc>) -> Option<&Action> {
        let outcome = self
            .outcome
            .as_ref()
            .filter(|_| self.state == ApprovalState::Completed)?;
        outcome
            .undo
            .as_ref()
            .filter(|_| outcome.undo_until.is_some_and(|until| now < until))
    }

    /// How many more must agree.
    pub fn missing(&self) -> u32 {
        let agreeing = u32::try_from(self.agreeing().len()).unwrap_or(u32::MAX);
        self.quorum().saturating_sub(agreeing)
    }
}
