//! Purpose: a compiled policy and its two questions.

use std::num::NonZeroU32;
use std::time::Duration;

use em_domain::policy::{Actor, Decision, PolicyInput, Reaction, SignalInput};
use regorus::utils::limits::{ExecutionTimerConfig, set_fallback_execution_timer_config};
use regorus::{CompiledPolicy, Engine, Value};
use serde::Serialize;

use crate::answer::{self, Failure};
use crate::error::PolicyError;
use crate::source::{Files, Source};

/// How long one question may take; a rule that loops is stopped then.
pub(crate) const TIME_LIMIT: Duration = Duration::from_millis(50);
/// Units of work between two looks at the clock.
const LOOK_EVERY: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// The question about an action.
const DECISION: &str = "data.em_agent.decision";
/// The question about a signal.
const REACTION: &str = "data.em_agent.reaction";

/// A set of rules, ready to be asked from any thread.
#[derive(Debug, Clone)]
pub struct Policy {
    decision: CompiledPolicy,
    reaction: CompiledPolicy,
    version: String,
}

impl Policy {
    /// Reads and compiles what is at `source`. `data` is what the configuration adds: roles, protected branches, ...
    ///
    /// # Errors
    /// Where the rules cannot be used, and why.
    pub fn load(source: &Source, data: &serde_json::Value) -> Result<Self, PolicyError> {
        Self::compile(&source.read()?, data)
    }

    /// Compiles files that were read before.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn compile(files: &Files, data: &serde_json::Value) -> Result<Self, PolicyError> {
        let mut engine = engine(files.rules(), data)?;
        let policy = Self {
            decision: entry(&mut engine, DECISION)?,
            reaction: entry(&mut engine, REACTION)?,
            version: files.version(),
        };
        policy.try_out()?;
        Ok(policy)
    }

    /// Asks something simple. The evaluator finds a misspelt name only when it comes to it, and rules that would refuse
    /// everything for a slip of the pen shall not come into force.
    fn try_out(&self) -> Result<(), PolicyError> {
        for kind in ["command.help", "github.comment"] {
            if let Some(answer) = evaluate(&self.decision, &sample(&serde_json::json!({ "kind": kind })))? {
                answer::read_decision(answer, &self.version)
                    .map_err(|failure| PolicyError::general(format!("decision: {}", failure.why())))?;
            }
        }
        let signal = serde_json::json!({ "kind": "stale_pr", "subject": "acme/api#1", "age_hours": 1 });
        if let Some(answer) = evaluate(&self.reaction, &sample(&signal))? {
            answer::read_reaction(answer, &self.version)
                .map_err(|failure| PolicyError::general(format!("reaction: {}", failure.why())))?;
        }
        Ok(())
    }

    /// The first 12 hexadecimal digits of a hash over its files, without their tests.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether something may be done. Never fails: a policy that cannot answer says no, and why.
    pub fn decide(&self, input: &PolicyInput) -> Decision {
        let read = |value| answer::read_decision(value, &self.version);
        ask(&self.decision, input)
            .and_then(read)
            .unwrap_or_else(|failure| failure.decision(&self.version))
    }

    /// What is done about a signal. Never fails: where a policy cannot answer, people are told of the signal and of
    /// that, and nothing is proposed.
    pub fn react(&self, input: &SignalInput) -> Reaction {
        let read = |value| answer::read_reaction(value, &self.version);
        ask(&self.reaction, input)
            .and_then(read)
            .unwrap_or_else(|failure| failure.reaction(&self.version))
    }
}

/// A question as [`PolicyInput`] and [`SignalInput`] are written, with everything that may be missing missing.
fn sample(about: &serde_json::Value) -> serde_json::Value {
    let time = serde_json::json!({
        "now": "2026-01-15T10:00:00Z", "weekday": "thu", "hour": 10, "is_working_time": true
    });
    serde_json::json!({
        "actor": Actor::default(), "action": about, "signal": about, "facts": {}, "time": time
    })
}

/// An engine with these files and this data.
pub(crate) fn engine<'f>(
    files: impl Iterator<Item = &'f (String, String)>,
    data: &serde_json::Value,
) -> Result<Engine, PolicyError> {
    // Compiled policies take their limit from the process. Nothing else in it evaluates Rego.
    set_fallback_execution_timer_config(Some(time_limit(TIME_LIMIT)));
    let mut engine = Engine::new();
    // As OPA does: a built-in function that fails makes its rule undefined, not the whole policy.
    engine.set_strict_builtin_errors(false);
    for (name, text) in files {
        engine
            .add_policy(name.clone(), text.clone())
            .map_err(|error| PolicyError::of_evaluator(&error.to_string()))?;
    }
    engine
        .add_data(Value::from(data.clone()))
        .map_err(|error| PolicyError::general(format!("[policy.data]: {error}")))?;
    Ok(engine)
}

pub(crate) const fn time_limit(limit: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig {
        limit,
        check_interval: LOOK_EVERY,
    }
}

fn entry(engine: &mut Engine, rule: &str) -> Result<CompiledPolicy, PolicyError> {
    let compiled = engine
        .compile_with_entrypoint(&rule.into())
        .map_err(|error| PolicyError::of_evaluator(&error.to_string()));
    // Where the package has no rule of this name, the evaluator only says that it is no path.
    match compiled {
        Err(error) if error.place.is_some() => Err(error),
        Ok(compiled) if compiled.get_rules().contains_key(rule) => Ok(compiled),
        Ok(_) | Err(_) => {
            let name = rule.rsplit('.').next().unwrap_or(rule);
            let what = format!("there is no rule `{name}` in the package em_agent");
            Err(PolicyError::general(what))
        }
    }
}

/// The answer as JSON; `None` where no rule answers.
fn evaluate(
    policy: &CompiledPolicy,
    input: &impl Serialize,
) -> Result<Option<serde_json::Value>, PolicyError> {
    let json = |error: serde_json::Error| PolicyError::general(error.to_string());
    let input = Value::from(serde_json::to_value(input).map_err(json)?);
    // A machine that stood still looks like a rule that loops; the second time it is a rule.
    let answer = match policy.eval_with_input(input.clone()) {
        Err(error) if is_too_slow(&error.to_string()) => policy.eval_with_input(input),
        answer => answer,
    };
    match answer {
        Ok(Value::Undefined) => Ok(None),
        Ok(value) => serde_json::to_value(&value).map(Some).map_err(json),
        Err(error) if is_too_slow(&error.to_string()) => {
            let limit = TIME_LIMIT.as_millis();
            Err(PolicyError::general(format!(
                "the rules did not come to an end within {limit} ms"
            )))
        }
        Err(error) => Err(PolicyError::of_evaluator(&error.to_string())),
    }
}

fn ask(policy: &CompiledPolicy, input: &impl Serialize) -> Result<serde_json::Value, Failure> {
    match evaluate(policy, input) {
        Ok(answer) => answer.ok_or_else(|| Failure::new("no rule answers this question")),
        Err(error) => Err(Failure::new(error.to_string())),
    }
}

fn is_too_slow(message: &str) -> bool {
    message.contains("exceeded time limit")
}
