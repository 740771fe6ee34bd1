//! Purpose: an answer of the policy as it is kept.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Reaction;
#[cfg(doc)]
use super::{PolicyInput, PolicyVerdict, SignalInput};
use crate::id::DecisionId;

impl Reaction {
    /// What it comes to, as it is stored: `told`, `told_and_proposed`, `proposed`, `nothing`.
    pub fn as_str(&self) -> &'static str {
        match (self.notify, self.propose.is_empty()) {
            (true, true) => "told",
            (true, false) => "told_and_proposed",
            (false, false) => "proposed",
            (false, true) => "nothing",
        }
    }
}

/// Which of its two questions a policy was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// May this be done? The input is a [`PolicyInput`].
    Action,
    /// What is done about this signal? The input is a [`SignalInput`].
    Signal,
}

impl Question {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Signal => "signal",
        }
    }

    /// Reads what [`Question::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Action, Self::Signal]
            .into_iter()
            .find(|question| question.as_str() == text)
    }
}

/// One answer of the policy, as it is kept: to say later why something was done, and to try another policy on it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedDecision {
    /// Its id.
    pub id: DecisionId,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// What was asked.
    pub question: Question,
    /// What it was about: the action and its target, or the kind of the signal and its subject.
    pub subject: String,
    /// Where that can be looked at.
    pub url: Option<String>,
    /// What the policy was given, as JSON: another version of the program may have written it.
    pub input: serde_json::Value,
    /// [`PolicyVerdict::as_str`] or [`Reaction::as_str`].
    pub verdict: String,
    /// Why, in a sentence for people.
    pub reason: String,
    /// Which policy answered.
    pub policy: String,
}
