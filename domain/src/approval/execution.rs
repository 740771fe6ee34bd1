//! Purpose: doing what was agreed to: begun, tried again, ended; and what a person may say of an end.

use chrono::{DateTime, Duration, Utc};

use super::ballot::{Refusal, Voter};
use super::{Approval, ApprovalState, Outcome};

/// How long an undo is offered.
pub const UNDO_FOR: Duration = Duration::hours(24);

impl Approval {
    /// Doing it begins. [`Self::attempt_is_open`] of the record before tells whether an earlier attempt may have
    /// done it already.
    pub fn begin(&self, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Approved, ApprovalState::Executing])?;
        Ok(Self {
            state: ApprovalState::Executing,
            attempts: self.attempts + 1,
            attempt_is_open: true,
            retry_at: None,
            ..self.changed(now)
        })
    }

    /// An attempt failed, and another follows at `retry_at`. `may_have_happened` where nobody knows whether it did.
    pub fn attempt_failed(
        &self,
        error: &str,
        may_have_happened: bool,
        retry_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Executing])?;
        Ok(Self {
            attempt_is_open: may_have_happened,
            last_error: Some(error.to_owned()),
            retry_at: Some(retry_at),
            ..self.changed(now)
        })
    }

    /// It was done.
    pub fn complete(&self, outcome: Outcome, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Executing])?;
        Ok(self.ended(ApprovalState::Completed, outcome, now))
    }

    /// It was not done, and is not tried again by itself.
    pub fn fail(&self, said: &str, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Executing])?;
        Ok(self.ended(ApprovalState::Failed, Outcome::said(said, now), now))
    }

    /// Nobody can know whether it was done.
    pub fn become_unclear(&self, said: &str, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Approved, ApprovalState::Executing])?;
        Ok(self.ended(ApprovalState::Unclear, Outcome::said(said, now), now))
    }

    /// A person wants it tried again. After an unclear end they say with it that it was not done.
    pub fn retry(&self, voter: &Voter, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Failed, ApprovalState::Unclear])?;
        self.must_concern(voter)?;
        Ok(Self {
            state: ApprovalState::Approved,
            attempt_is_open: false,
            outcome: None,
            ..self.changed(now)
        })
    }

    /// After an unclear end a person looked, and it was done.
    pub fn confirm_done(&self, voter: &Voter, now: DateTime<Utc>) -> Result<Self, Refusal> {
        self.must_be_one_of(&[ApprovalState::Unclear])?;
        self.must_concern(voter)?;
        let outcome = Outcome {
            by: Some(voter.user.clone()),
            ..Outcome::said("A person looked: it was done.", now)
        };
        Ok(self.ended(ApprovalState::Completed, outcome, now))
    }
}

/// What the rules above are made of.
impl Approval {
    fn ended(&self, state: ApprovalState, outcome: Outcome, now: DateTime<Utc>) -> Self {
        Self {
            state,
            attempt_is_open: false,
            retry_at: None,
            outcome: Some(outcome),
            ..self.changed(now)
        }
    }

    fn must_be_one_of(&self, states: &[ApprovalState]) -> Result<(), Refusal> {
        if states.contains(&self.state) {
            Ok(())
        } else {
            Err(Refusal::OutOfTurn(self.state))
        }
    }

    fn must_concern(&self, voter: &Voter) -> Result<(), Refusal> {
        let is_requester = self.request.requester.person() == Some(&voter.user);
        let has_said = self.votes.iter().any(|vote| vote.by == voter.user);
        if is_requester || has_said || self.names(&voter.counts_as) {
            Ok(())
        } else {
            Err(Refusal::NotConcerned)
        }
    }
}

impl Outcome {
    /// An outcome in a sentence.
    pub fn said(said: &str, at: DateTime<Utc>) -> Self {
        Self {
            at,
            said: said.to_owned(),
            url: None,
            undo: None,
            undo_until: None,
            by: None,
        }
    }
}
