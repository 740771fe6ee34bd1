//! Purpose: from what a policy says to what the program does, whoever evaluated it. What does not have the shape that
//! `docs/POLICY.md` describes counts as no answer, and no answer is a no.

use em_domain::action::{Action, Risk};
use em_domain::policy::{Decision, Obligation, PolicyVerdict, Reaction, RuleTrace};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a policy has no answer, in words that its author understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionAnswer {
    verdict: PolicyVerdict,
    reason: String,
    #[serde(default = "harmful")]
    risk: Risk,
    #[serde(default)]
    obligations: Vec<Obligation>,
    #[serde(default)]
    rules: Vec<RuleTrace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReactionAnswer {
    notify: bool,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    propose: Vec<Action>,
    reason: String,
    #[serde(default)]
    rules: Vec<RuleTrace>,
}

/// What is not known to be harmless counts as harmful.
const fn harmful() -> Risk {
    Risk::High
}

/// Reads the answer about an action of the policy `version`.
///
/// # Errors
/// What in it does not fit.
pub fn read_decision(answer: Value, version: &str) -> Result<Decision, Failure> {
    let answer: DecisionAnswer = read(answer)?;
    if let PolicyVerdict::NeedsApproval(terms) = &answer.verdict {
        let wrong = if terms.approvers.is_empty() {
            Some("its terms name nobody who may approve")
        } else if terms.quorum == 0 {
            Some("its quorum is 0")
        } else if terms.expires_in_minutes == 0 {
            Some("its question lapses at once")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(Failure::new(wrong));
        }
    }
    Ok(Decision {
        verdict: answer.verdict,
        reason: answer.reason,
        risk: answer.risk,
        obligations: answer.obligations,
        rules: answer.rules,
        policy: version.to_owned(),
    })
}

/// Reads the answer about a signal of the policy `version`.
///
/// # Errors
/// What in it does not fit.
pub fn read_reaction(answer: Value, version: &str) -> Result<Reaction, Failure> {
    let answer: ReactionAnswer = read(answer)?;
    Ok(Reaction {
        notify: answer.notify,
        channel: answer.channel,
        propose: answer.propose,
        reason: answer.reason,
        rules: answer.rules,
        policy: version.to_owned(),
    })
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    if !answer.is_object() {
        return Err(Failure::new(format!(
            "its answer is not an object but {}",
            kind(&answer)
        )));
    }
    serde_json::from_value(answer)
        .map_err(|error| Failure::new(format!("its answer cannot be read: {error}")))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Failure {
    /// A failure for this reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// Why.
    pub fn why(&self) -> &str {
        &self.0
    }

    /// The answer about an action that no answer counts as: no.
    pub fn decision(&self, version: &str) -> Decision {
        tracing::error!(
            policy = version,
            why = self.0,
            "the policy has no answer; refused"
        );
        Decision {
            verdict: PolicyVerdict::Deny,
            reason: format!("The policy could not decide, so the answer is no: {}.", self.0),
            risk: Risk::High,
            obligations: Vec::new(),
            rules: Vec::new(),
            policy: version.to_owned(),
        }
    }

    /// The answer about a signal that no answer counts as: tell people, propose nothing.
    pub fn reaction(&self, version: &str) -> Reaction {
        tracing::error!(
            policy = version,
            why = self.0,
            "the policy has no answer; people are told of the signal"
        );
        Reaction {
            notify: true,
            channel: None,
            propose: Vec::new(),
            reason: format!(
                "The policy could not say what to do, so nothing is proposed: {}.",
                self.0
            ),
            rules: Vec::new(),
            policy: version.to_owned(),
        }
    }
}
