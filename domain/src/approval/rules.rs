//! Purpose: how a question changes. Every rule takes the record and gives the next one, or says why not; nothing here
//! asks for the time or touches the world. Storing a result fails if the record changed meanwhile, and the rule is
//! then asked again about the newer record.

use chrono::{DateTime, Duration, Utc};

use super::ballot::{Ballot, Refusal, Target, Voter};
use super::{Approval, ApprovalState, Drift, Request, Settled, Via, Vote};
use crate::action::Digest;
use crate::id::{ApprovalId, SlackUser};
use crate::policy::{Approver, Confirmation, Decision, PolicyVerdict};

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
            drift: Vec::new(),
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

    /// The target has changed: people are asked anew about what it is now, under what the policy says of it now.
    pub fn renew(&self, target: Target, decision: Decision, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_asked(now)?;
        let changes = self.request.state.drift(&target.state);
        let drift = changes.into_iter().map(|(fact, before, now)| Drift {
            fact: fact.to_owned(),
            before: before.to_owned(),
            now: now.to_owned(),
        });
        let drift: Vec<Drift> = drift.collect();
        if drift.is_empty() {
            return Err(Refusal::AlreadySaid);
        }
        let mut next = self.changed(now);
        next.drift = drift;
        next.votes.clear();
        next.request.digest = Digest::of(&target.action, &target.state);
        next.request.action = target.action;
        next.request.effect = target.effect;
        next.request.state = target.state;
        Ok(match &decision.verdict {
            PolicyVerdict::NeedsApproval(_) => Self { decision, ..next },
            // What people were asked about is not let through behind their backs.
            PolicyVerdict::Allow => next,
            PolicyVerdict::Deny => next.settle(
                ApprovalState::Declined,
                None,
                Via::Policy,
                Some(decision.reason),
                now,
            ),
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
