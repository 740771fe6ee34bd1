//! Purpose: what another policy would have answered to what was asked before, as data.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::{Decision, PolicyVerdict, Question, Reaction, Terms};
use crate::action::Action;

/// What an answer comes to, without the words around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done at once.
    Passes,
    /// People are asked.
    Asked(Terms),
    /// It is not done.
    Refused,
    /// A signal, and what is done about it.
    Reacts {
        /// People are told.
        notify: bool,
        /// What is proposed.
        propose: Vec<Action>,
    },
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        match decision.verdict {
            PolicyVerdict::Allow => Self::Passes,
            PolicyVerdict::Deny => Self::Refused,
            PolicyVerdict::NeedsApproval(terms) => Self::Asked(terms),
        }
    }
}

impl From<Reaction> for Outcome {
    fn from(reaction: Reaction) -> Self {
        Self::Reacts {
            notify: reaction.notify,
            propose: reaction.propose,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes => f.write_str("done at once"),
            Self::Asked(terms) => {
                let approvers: Vec<String> = terms.approvers.iter().map(ToString::to_string).collect();
                write!(f, "asked: {} of {}", terms.quorum, approvers.join(" or "))
            }
            Self::Refused => f.write_str("refused"),
            Self::Reacts { notify, propose } => {
                f.write_str(if *notify { "people told" } else { "nobody told" })?;
                propose
                    .iter()
                    .try_for_each(|action| write!(f, ", {action} proposed"))
            }
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How the second answer differs from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// It would have been done at once.
    WouldPass,
    /// People would have been asked.
    WouldAsk,
    /// People would have been asked on other terms.
    WouldAskOtherwise,
    /// It would have been refused.
    WouldRefuse,
    /// Something else would have followed the signal.
    WouldReactOtherwise,
}

impl Shift {
    /// Every shift, in the order of showing: what becomes easier first.
    pub const ALL: [Self; 5] = [
        Self::WouldPass,
        Self::WouldAsk,
        Self::WouldAskOtherwise,
        Self::WouldRefuse,
        Self::WouldReactOtherwise,
    ];

    /// In words, after a number: `3 would have been refused`.
    pub fn words(self) -> &'static str {
        match self {
            Self::WouldPass => "would have been done at once",
            Self::WouldAsk => "would have been asked about",
            Self::WouldAskOtherwise => "would have been asked about on other terms",
            Self::WouldRefuse => "would have been refused",
            Self::WouldReactOtherwise => "would have had another reaction",
        }
    }

    /// How `after` differs from `before`; `None` where it does not.
    pub fn between(before: &Outcome, after: &Outcome) -> Option<Self> {
        if before == after {
            return None;
        }
        Some(match (before, after) {
            (_, Outcome::Passes) => Self::WouldPass,
            (_, Outcome::Refused) => Self::WouldRefuse,
            (Outcome::Asked(_), Outcome::Asked(_)) => Self::WouldAskOtherwise,
            (_, Outcome::Asked(_)) => Self::WouldAsk,
            (_, Outcome::Reacts { .. }) => Self::WouldReactOtherwise,
        })
    }
}

/// One question to which the two policies answer differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// What was asked.
    pub question: Question,
    /// What it was about.
    pub subject: String,
    /// Where that can be looked at.
    pub url: Option<String>,
    /// How the answers differ.
    pub shift: Shift,
    /// The first policy's answer.
    pub before: Outcome,
    /// The second policy's answer.
    pub after: Outcome,
    /// Why the second one says so.
    pub reason: String,
}

/// Two policies on what was asked before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Backtest {
    /// Questions that both answered.
    pub questions: u64,
    /// Questions that another version of the program wrote in a way this one cannot read.
    pub unreadable: u64,
    /// Where they differ, in the order asked for.
    pub differences: Vec<Difference>,
}

impl Backtest {
    /// How many answers differ in this way.
    pub fn count(&self, shift: Shift) -> usize {
        self.differences
            .iter()
            .filter(|difference| difference.shift == shift)
            .count()
    }

    /// Adds what was found among more questions.
    pub fn add(&mut self, more: Self) {
        self.questions += more.questions;
        self.unreadable += more.unreadable;
        self.differences.extend(more.differences);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Approver;

    fn outcome() -> impl Strategy<Value = Outcome> {
        let asked = (1_u32..4, any::<bool>()).prop_map(|(quorum, is_anyone)| {
            let approver = if is_anyone {
                Approver::Anyone
            } else {
                Approver::Role("manager".to_owned())
            };
            Outcome::Asked(Terms {
                quorum,
                ..Terms::of(vec![approver])
            })
        });
        let reacts = any::<bool>().prop_map(|notify| Outcome::Reacts {
            notify,
            propose: Vec::new(),
        });
        prop_oneof![Just(Outcome::Passes), Just(Outcome::Refused), asked, reacts]
    }

    proptest! {
        #[test]
        fn there_is_a_shift_exactly_where_answers_differ(before in outcome(), after in outcome()) {
            prop_assert_eq!(Shift::between(&before, &after).is_none(), before == after);
        }

        #[test]
        fn a_shift_says_where_it_leads_and_not_where_it_came_from(before in outcome(), after in outcome()) {
            let expected: &[Shift] = match &after {
                Outcome::Passes => &[Shift::WouldPass],
                Outcome::Refused => &[Shift::WouldRefuse],
                Outcome::Asked(_) => &[Shift::WouldAsk, Shift::WouldAskOtherwise],
                Outcome::Reacts { .. } => &[Shift::WouldReactOtherwise],
            };
            prop_assert!(Shift::between(&before, &after).is_none_or(|shift| expected.contains(&shift)));
        }
    }
}
