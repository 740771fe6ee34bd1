//! Purpose: something that is to be done to the outside world, as data: proposed, asked about, carried out, undone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What is to be done, to what, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Action {
    /// The kind: `github.close`, `slack.post`. Its registry in `commands` says what it needs.
    pub kind: String,
    /// What it is done to: `acme/api#12`, `acme/api`, `C024BE7LH`.
    pub target: String,
    /// How: the arguments by name (`label` -> `stale`). Checked before the action is proposed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

impl Action {
    /// An action without arguments.
    pub fn new(kind: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            target: target.into(),
            arguments: BTreeMap::new(),
        }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// The argument `name`; empty where it was not given.
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.target)
    }
}

/// The part of the target that a person relies on when they agree: `head commit` -> a hash, `state` -> `open`.
/// What is not in here may change without the question being asked again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetState(pub BTreeMap<String, String>);

impl TargetState {
    /// A state of these facts.
    pub fn of<const N: usize>(facts: [(&str, String); N]) -> Self {
        Self(
            facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// What differs in `now`: the fact's name, what it was, what it is. Absent facts are empty.
    pub fn drift<'a>(&'a self, now: &'a Self) -> Vec<(&'a str, &'a str, &'a str)> {
        let names: std::collections::BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let value = |state: &'a Self, name: &String| state.0.get(name).map_or("", String::as_str);
        names
            .into_iter()
            .map(|name| (name.as_str(), value(self, name), value(now, name)))
            .filter(|(_, before, after)| before != after)
            .collect()
    }
}

/// A fingerprint of an action and the state of its target: what a button that says "yes" says yes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// The fingerprint: the first 128 bits of SHA-256 over both, in hexadecimal.
    pub fn of(action: &Action, state: &TargetState) -> Self {
        // Maps that sort, and strings: there is one way to write them.
        let text = serde_json::json!([action.kind, action.target, action.arguments, state]).to_string();
        Self(hex::encode(&Sha256::digest(text.as_bytes())[..16]))
    }
}

/// How much harm a mistake does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Easily undone, seen by few.
    #[default]
    Low,
    /// Changes what others work on.
    Medium,
    /// Reaches users, or cannot be undone.
    High,
}

impl Risk {
    /// The name it is stored under and shown as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_changes_with_anything_a_person_relies_on() {
        let merge = Action::new("github.merge", "acme/api#12");
        let state = TargetState::of([("head commit", "abc".to_owned())]);
        let digest = Digest::of(&merge, &state);
        assert_eq!(digest, Digest::of(&merge.clone(), &state.clone()));
        assert_ne!(
            digest,
            Digest::of(&merge.clone().with("method", "squash"), &state)
        );
        assert_ne!(
            digest,
            Digest::of(&Action::new("github.merge", "acme/api#13"), &state)
        );
        assert_ne!(digest, Digest::of(&merge, &TargetState::default()));
    }

    #[test]
    fn drift_names_what_changed_appeared_or_went() {
        let before = TargetState::of([("head commit", "abc".to_owned()), ("state", "open".to_owned())]);
        let after = TargetState::of([("head commit", "def".to_owned()), ("checks", "red".to_owned())]);
        assert_eq!(
            before.drift(&after),
            [
                ("checks", "", "red"),
                ("head commit", "abc", "def"),
                ("state", "open", "")
            ]
        );
        assert!(before.drift(&before).is_empty());
    }
}
