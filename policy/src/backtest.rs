//! Purpose: puts what was asked before to two policies, and says where they differ.

use em_domain::policy::backtest::{Backtest, Difference, Outcome, Shift};
use em_domain::policy::{Question, RecordedDecision};

use crate::policy::Policy;

/// Asks `before` and `after` the recorded questions again. Pure: nothing is asked of the world, so facts are those of
/// the time of asking.
pub fn compare(recorded: &[RecordedDecision], before: &Policy, after: &Policy) -> Backtest {
    let mut backtest = Backtest::default();
    for asked in recorded {
        let Some(((first, _), (second, reason))) = answer(asked, before).zip(answer(asked, after)) else {
            backtest.unreadable += 1;
            continue;
        };
        backtest.questions += 1;
        let Some(shift) = Shift::between(&first, &second) else {
            continue;
        };
        backtest.differences.push(Difference {
            at: asked.at,
            question: asked.question,
            subject: asked.subject.clone(),
            url: asked.url.clone(),
            shift,
            before: first,
            after: second,
            reason,
        });
    }
    backtest
}

/// A policy's answer to a recorded question, and why.
fn answer(asked: &RecordedDecision, policy: &Policy) -> Option<(Outcome, String)> {
    let input = asked.input.clone();
    match asked.question {
        Question::Action => {
            let decision = policy.decide(&serde_json::from_value(input).ok()?);
            let reason = decision.reason.clone();
            Some((decision.into(), reason))
        }
        Question::Signal => {
            let reaction = policy.react(&serde_json::from_value(input).ok()?);
            let reason = reaction.reason.clone();
            Some((reaction.into(), reason))
        }
    }
}
