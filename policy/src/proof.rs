//! Purpose: runs the tests of a policy: every rule whose name begins with `test_`, in any of its files.

use std::time::Duration;

use regorus::Value;

use crate::error::PolicyError;
use crate::policy::{engine, time_limit};
use crate::source::Files;

/// A test may ask many questions.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What one test showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its name, with its package: `em_agent.test_guests_are_asked`.
    pub test: String,
    /// What was wrong; absent where it holds.
    pub failure: Option<String>,
}

/// Runs every test, in the order of their names.
///
/// # Errors
/// The rules or the tests do not compile.
pub fn prove(files: &Files, data: &serde_json::Value) -> Result<Vec<Proof>, PolicyError> {
    let mut engine = engine(files.0.iter(), data)?;
    let compiled = engine
        .compile_with_entrypoint(&"data.em_agent.decision".into())
        .map_err(|error| PolicyError::of_evaluator(&error.to_string()))?;
    let is_test = |path: &&str| {
        path.rsplit('.')
            .next()
            .is_some_and(|name| name.starts_with("test_"))
    };
    let mut tests: Vec<&str> = compiled
        .get_rules()
        .keys()
        .map(AsRef::as_ref)
        .filter(is_test)
        .collect();
    tests.sort_unstable();
    engine.set_execution_timer_config(time_limit(TIME_LIMIT));
    let mut proofs = Vec::new();
    for test in tests {
        let failure = match engine.eval_rule(test.to_owned()) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Undefined) => Some("it does not hold".to_owned()),
            Ok(other) => Some(format!("it is {other}, not true")),
            Err(error) => Some(PolicyError::of_evaluator(&error.to_string()).to_string()),
        };
        proofs.push(Proof {
            test: test.trim_start_matches("data.").to_owned(),
            failure,
        });
    }
    Ok(proofs)
}
