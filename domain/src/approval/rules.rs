//! Purpose: how a question changes. Every rule takes the record and gives the next one, or says why not; nothing here
//! asks for the time or touches the world. Storing a result fails if the record changed meanwhile, and the rule is
//! then asked again about the newer record.

use chrono::{DateTime, Duration, Utc};

use super::{Approval, ApprovalState, Request, Settled, Via, Vote};
use crate::action::{Digest, TargetState};
use crate::id::{ApprovalId, Login, SlackUser};
use crate::policy::{Approver, Confirmation, Decision, PolicyVerdict};

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

impl Approval {
    /// A new question, or one that the policy answers itself. The caller has refused what the policy denies.
    pub fn propose(id: ApprovalId, request: Request, decision: Decision, now: DateTime<Utc>) -> Self {
        let new = Self {
            id,
            version: 1,
            state: ApprovalState::Pending,
            request,
            decision,
            votes: Vec::new(),
            created_at: now,
            updated_at: now,
            quiet_until: None,
            disturbed_by: None,
            asked_at: None,
            expires_at: None,
            escalated_at: None,
            settled: None,
            attempts: 0,
            attempt_is_open: false,
            last_error: None,
            retry_at: None,
            outcome: None,
        };
        match &new.decision.verdict {
            PolicyVerdict::Allow => new.settle(ApprovalState::Approved, None, Via::Policy, None, now),
            PolicyVerdict::Deny => new.settle(ApprovalState::Declined, None, Via::Policy, None, now),
            PolicyVerdict::NeedsApproval(terms) => match terms.quiet_period {
                Some(quiet) => Self {
                    state: ApprovalState::Quiet,
                    quiet_until: Some(now + Duration::hours(i64::from(quiet.hours))),
                    ..new
                },
                None => new.ask(now),
            },
        }
    }

    /// Somebody says yes or no.
    pub fn vote(&self, voter: &Voter, ballot: &Ballot, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_asked(now)?;
        if ballot
            .seen
            .as_ref()
            .is_some_and(|seen| *seen != self.request.digest)
        {
            return Err(Refusal::OldCard);
        }
        let on_behalf_of = self.standing(voter)?;
        if ballot.agrees {
            self.must_be_as_seen(ballot)?;
        }
        let vote = Vote {
            by: voter.user.clone(),
            login: voter.login.clone(),
            on_behalf_of,
            agrees: ballot.agrees,
            at: now,
            via: ballot.via,
            comment: ballot.comment.clone(),
        };
        let said = |known: &Vote| known.by == vote.by || known.principal() == vote.principal();
        if self
            .votes
            .iter()
            .any(|known| said(known) && known.agrees == vote.agrees)
        {
            return Err(Refusal::AlreadySaid);
        }
        let mut next = self.changed(now);
        next.votes.retain(|known| !said(known));
        next.votes.push(vote);
        let by = Some(voter.user.clone());
        let comment = ballot.comment.clone();
        Ok(if !ballot.agrees {
            next.settle(ApprovalState::Declined, by, ballot.via, comment, now)
        } else if next.missing() == 0 {
            next.settle(ApprovalState::Approved, by, ballot.via, comment, now)
        } else {
            next
        })
    }

    /// Somebody takes back what they said.
    pub fn withdraw(&self, user: &SlackUser, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_asked(now)?;
        let mut next = self.changed(now);
        next.votes.retain(|vote| vote.by != *user);
        if next.votes.len() == self.votes.len() {
            return Err(Refusal::NothingSaid);
        }
        Ok(next)
    }

    /// Whoever asked takes the question back, or an approver takes it off the table.
    pub fn cancel(
        &self,
        voter: &Voter,
        via: Via,
        comment: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        if !self.state.is_undecided() {
            return Err(Refusal::Over(self.state));
        }
        let is_requester = self.request.requester.person() == Some(&voter.user);
        if !is_requester && !self.names(&voter.counts_as) {
            return Err(Refusal::NotConcerned);
        }
        let by = Some(voter.user.clone());
        Ok(self
            .changed(now)
            .settle(ApprovalState::Cancelled, by, via, comment, now))
    }

    /// Its time is over.
    pub fn expire(&self, now: DateTime<Utc>) -> Result<Self, Refusal> {
        if self.state != ApprovalState::Pending {
            return Err(Refusal::OutOfTurn(self.state));
        }
        if !self.is_past(now) {
            return Err(Refusal::OutOfTurn(self.state));
        }
        Ok(self
            .changed(now)
            .settle(ApprovalState::Expired, None, Via::Clock, None, now))
    }

    /// Half of its time is over: those to whom it escalates may decide too.
    pub fn escalate(&self, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_asked(now)?;
        if self.escalated_at.is_some() {
            return Err(Refusal::AlreadySaid);
        }
        Ok(Self {
            escalated_at: Some(now),
            ..self.changed(now)
        })
    }

    /// When those are asked too to whom it escalates, and the others are reminded.
    pub fn remind_at(&self) -> Option<DateTime<Utc>> {
        let (asked, expires) = (self.asked_at?, self.expires_at?);
        Some(asked + (expires - asked) / 2)
    }

    /// The quiet period is over, or something happened in it: then `disturbed_by` says what, and people are asked.
    pub fn end_quiet(&self, disturbed_by: Option<String>, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let is_over = self.quiet_until.is_some_and(|until| now >= until);
        if self.state != ApprovalState::Quiet || (disturbed_by.is_none() && !is_over) {
            return Err(Refusal::OutOfTurn(self.state));
        }
        let next = self.changed(now);
        Ok(match disturbed_by {
            Some(what) => Self {
                disturbed_by: Some(what),
                ..next.ask(now)
            },
            None => next.settle(ApprovalState::Approved, None, Via::Policy, None, now),
        })
    }
}

/// What the rules above are made of.
impl Approval {
    pub(super) fn changed(&self, now: DateTime<Utc>) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    fn ask(self, now: DateTime<Utc>) -> Self {
        let minutes = self.terms().map_or(0, |terms| terms.expires_in_minutes);
        Self {
            state: ApprovalState::Pending,
            asked_at: Some(now),
            expires_at: Some(now + Duration::minutes(i64::from(minutes.max(1)))),
            ..self
        }
    }

    fn settle(
        self,
        state: ApprovalState,
        by: Option<SlackUser>,
        via: Via,
        comment: Option<String>,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            state,
            settled: Some(Settled { at, by, via, comment }),
            ..self
        }
    }

    fn is_past(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|expires| now >= expires)
    }

    fn must_be_asked(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.state {
            ApprovalState::Pending if self.is_past(now) => Err(Refusal::Expired),
            ApprovalState::Pending => Ok(()),
            ApprovalState::Quiet => Err(Refusal::NotAskedYet),
            ApprovalState::Expired => Err(Refusal::Expired),
            over @ (ApprovalState::Approved
            | ApprovalState::Executing
            | ApprovalState::Completed
            | ApprovalState::Failed
            | ApprovalState::Unclear
            | ApprovalState::Declined
            | ApprovalState::Cancelled) => Err(Refusal::Over(over)),
        }
    }

    fn must_be_as_seen(&self, ballot: &Ballot) -> Result<(), Refusal> {
        if ballot.state_now != self.request.state {
            return Err(Refusal::Drifted(ballot.state_now.clone()));
        }
        let wanted = self.terms().map(|terms| terms.confirmation).unwrap_or_default();
        if wanted == Confirmation::Typed && !ballot.is_typed {
            return Err(Refusal::MustBeTyped);
        }
        Ok(())
    }

    pub(super) fn names(&self, counts_as: &[Approver]) -> bool {
        self.approvers().any(|approver| counts_as.contains(approver))
    }

    /// Whether this person may decide, and for whom they stand in if not by themselves.
    pub fn standing(&self, voter: &Voter) -> Result<Option<SlackUser>, Refusal> {
        let on_behalf_of = if self.names(&voter.counts_as) {
            None
        } else {
            let principal = voter
                .deputy_for
                .iter()
                .find(|(_, counts_as)| self.names(counts_as));
            Some(principal.ok_or(Refusal::NotAnApprover)?.0.clone())
        };
        if self.terms().is_some_and(|terms| terms.self_approval) {
            return Ok(on_behalf_of);
        }
        let requester = self.request.requester.person();
        if requester == Some(&voter.user) || (requester.is_some() && requester == on_behalf_of.as_ref()) {
            return Err(Refusal::OwnRequest);
        }
        match (&self.request.author, &voter.login) {
            (Some(author), Some(login)) if author.same(login) => Err(Refusal::OwnChange),
            (Some(_), None) => Err(Refusal::AccountUnknown),
            (Some(_) | None, _) => Ok(on_behalf_of),
        }
    }
}

#[cfg(test)]
mod tests;
