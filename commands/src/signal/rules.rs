//! Purpose: the rules in force: read from a file that may change at any time, or those that come with the program.
//! `/em-agent rules` shows them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use clap::Parser;
use em_blocks::signal::{RulesView, message_rules};
use em_domain::signal::{KindOfRule, Rules, RulesSeed};
use em_domain::triage::TeamScope;
use serde::de::DeserializeSeed;
use serde_yaml_ng::Deserializer;

use crate::ctx::Ctx;
use crate::invocation::{Invocation, Outcome, Reply};
use crate::spec::Spec;

/// The rules that come with the program, commented: they are also the documentation of the file.
pub const DEFAULT_RULES: &str = include_str!("rules.default.yaml");

/// How it is written.
pub const SPEC: Spec = Spec {
    path: "rules",
    usage: "rules",
    summary: "The rules by which signals open, and where they come from.",
    examples: &["rules"],
    check_scheduled: None,
};

#[derive(Debug, Parser)]
struct Args {}

/// Answers `rules`.
pub async fn show(ctx: Ctx, invocation: Invocation) -> Outcome {
    let Args {} = SPEC.parse(&invocation.words)?;
    ctx.rules.reload(ctx.clock.now()).await;
    let in_force = ctx.rules.in_force();
    let file = ctx.rules.file.as_ref().map(|file| file.display().to_string());
    Ok(Reply::private(message_rules(&RulesView {
        rules: &in_force.rules,
        file: file.as_deref(),
        since: in_force.since,
        problem: in_force.problem.as_deref(),
        is_enabled: ctx.settings.signals.enabled,
        channel: ctx.settings.signal_channel(),
        zone: ctx.settings.calendar.zone,
    })))
}

/// Reads rules. `file` is what the text is called in what is said about it.
///
/// # Errors
/// What is wrong, in one sentence with file, line and column, and what may be written instead.
pub fn read(text: &str, file: &str, teams: &[TeamScope]) -> Result<Rules, String> {
    let told = |error: &serde_yaml_ng::Error| told(error, file);
    let kinds: Vec<KindOfRule> = serde_yaml_ng::from_str(text).map_err(|error| told(&error))?;
    let seed = RulesSeed { kinds: &kinds, teams };
    let rules = seed
        .deserialize(Deserializer::from_str(text))
        .map_err(|error| told(&error))?;
    // A file that is just being written is empty for a moment; that must not resolve everything.
    if rules.0.is_empty() {
        return Err(format!(
            "{file} holds no rules; to have none, set `signals.enabled` to false."
        ));
    }
    Ok(rules)
}

/// Reads a file of rules.
///
/// # Errors
/// As [`read`], and that the file cannot be read.
pub fn read_file(file: &Path, teams: &[TeamScope]) -> Result<(String, Rules), String> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let rules = read(&text, &file.display().to_string(), teams)?;
    Ok((text, rules))
}

fn unreadable(file: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}.", file.display())
}

/// The library's message, with the place before it instead of behind.
fn told(error: &serde_yaml_ng::Error, file: &str) -> String {
    let text = error.to_string();
    let Some(place) = error.location() else {
        return format!("{file}: {text}.");
    };
    let (line, column) = (place.line(), place.column());
    let behind = format!(" at line {line} column {column}");
    let what = text.replace(&behind, "");
    format!("{file}, line {line}, column {column}: {}.", numbered(&what))
}

/// The library's path (`.[0].scope: ...`) in words: `rule 1, scope: ...`.
fn numbered(what: &str) -> String {
    let path = what.strip_prefix('.').unwrap_or(what);
    let parts = path.strip_prefix('[').and_then(|path| path.split_once(']'));
    let number = |(index, rest): (&str, &str)| Some((index.parse::<usize>().ok()?, rest.to_owned()));
    match parts.and_then(number) {
        Some((index, rest)) => {
            let rest = rest
                .strip_prefix('.')
                .map_or(rest.clone(), |key| format!(", {key}"));
            format!("rule {}{rest}", index + 1)
        }
        None => what.to_owned(),
    }
}

/// What is in force.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The rules.
    pub rules: Arc<Rules>,
    /// Since when this program goes by them.
    pub since: DateTime<Utc>,
    /// What is wrong with the file as it is now; the rules are then those from before.
    pub problem: Option<String>,
}

/// The rules, kept up to date with their file.
#[derive(Debug)]
pub struct RuleBook {
    file: Option<PathBuf>,
    teams: Vec<TeamScope>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_force: InForce,
    /// The text that was last looked at, good or not; `None` if there was none to read.
    seen: Option<String>,
}

impl RuleBook {
    /// The rules of `file`, or those that come with the program.
    ///
    /// # Errors
    /// What is wrong with the file: at the start there are no rules from before.
    pub fn open(file: Option<PathBuf>, teams: Vec<TeamScope>, now: DateTime<Utc>) -> Result<Self, String> {
        let (seen, rules) = match &file {
            Some(file) => {
                let (text, rules) = read_file(file, &teams)?;
                (Some(text), rules)
            }
            None => (None, read(DEFAULT_RULES, "rules.default.yaml", &teams)?),
        };
        let in_force = InForce {
            rules: Arc::new(rules),
            since: now,
            problem: None,
        };
        Ok(Self {
            file,
            teams,
            state: Mutex::new(State { in_force, seen }),
        })
    }

    /// What is in force now.
    pub fn in_force(&self) -> InForce {
        self.state().in_force.clone()
    }

    /// Reads the file again if it changed. A file that cannot be used leaves the rules as they are, and is kept as the
    /// problem until it is put right. The text itself is compared: editors and clusters replace files in ways that
    /// their times do not show.
    pub async fn reload(&self, now: DateTime<Utc>) {
        let Some(file) = &self.file else { return };
        match tokio::fs::read_to_string(file).await {
            Ok(text) => self.take(file, text, now),
            Err(error) => {
                let problem = unreadable(file, &error);
                let mut state = self.state();
                if state.in_force.problem.as_ref() != Some(&problem) {
                    tracing::warn!(%problem, "the rules stay as they were");
                }
                state.in_force.problem = Some(problem);
                state.seen = None;
            }
        }
    }

    fn take(&self, file: &Path, text: String, now: DateTime<Utc>) {
        let mut state = self.state();
        if state.seen.as_ref() == Some(&text) {
            return;
        }
        match read(&text, &file.display().to_string(), &self.teams) {
            Ok(rules) if rules == *state.in_force.rules => state.in_force.problem = None,
            Ok(rules) => {
                tracing::info!(rules = rules.0.len(), file = %file.display(), "other rules are in force");
                state.in_force = InForce {
                    rules: Arc::new(rules),
                    since: now,
                    problem: None,
                };
            }
            Err(problem) => {
                tracing::warn!(%problem, "the rules stay as they were");
                state.in_force.problem = Some(problem);
            }
        }
        state.seen = Some(text);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic left behind is still a whole set of rules.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "rules/tests.rs"]
mod tests;
