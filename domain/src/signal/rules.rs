//! Purpose: rules: what to look for, where, and how much it matters.

use std::fmt;

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::{ClockKind, Parameter, Scope, Severity, SignalKind, Span, WatchedPull};

/// The rules, in the order they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(pub Vec<Rule>);

impl Rules {
    /// The rule of that name.
    pub fn find(&self, name: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.name == name)
    }

    /// Whether any rule that is enabled looks at the files that pull requests change.
    pub fn look_at_paths(&self) -> bool {
        self.with_paths().next().is_some()
    }

    /// Whether it matters to any of them which files `pull` changes.
    pub fn want_paths_of(&self, pull: &WatchedPull) -> bool {
        let concerns = |rule: &Rule| {
            let mut people = pull.actors.iter().chain([&pull.author.login]);
            people.any(|person| rule.scope.may_cover(pull, person))
        };
        self.with_paths().any(concerns)
    }

    fn with_paths(&self) -> impl Iterator<Item = &Rule> {
        self.0
            .iter()
            .filter(|rule| rule.enabled && !rule.scope.paths.is_empty())
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is called; its kind's name if it is not said.
    pub name: String,
    /// What it looks for.
    pub kind: &'static SignalKind,
    /// How much its signals matter.
    pub severity: Severity,
    /// Off: kept in the file, not evaluated.
    pub enabled: bool,
    /// Which clock `older_than` is counted by.
    pub clock: ClockKind,
    /// Where its signals are posted; the common channel if it is not said.
    pub channel: Option<String>,
    /// What it was told, or its kind's defaults.
    pub parameters: Parameters,
    /// Where it looks.
    pub scope: Scope,
}

impl Rule {
    /// A rule of `kind` with all its defaults.
    pub fn of(kind: &'static SignalKind) -> Self {
        let mut parameters = Parameters::default();
        for parameter in kind.parameters {
            match parameter {
                Parameter::OlderThan(text) => parameters.older_than = Span::parse(text).unwrap_or_default(),
                Parameter::Limit(limit) => parameters.limit = *limit,
                Parameter::Pattern(pattern) => {
                    parameters.pattern = TicketPattern((*pattern).to_owned(), Regex::new(pattern).ok());
                }
            }
        }
        Self {
            name: kind.name.to_owned(),
            kind,
            severity: kind.severity,
            enabled: true,
            clock: kind.clock,
            channel: None,
            parameters,
            scope: Scope::default(),
        }
    }

    /// What it was told, key by key, as it is written: `older_than` and `48h`.
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let value = |parameter: &Parameter| match parameter {
            Parameter::OlderThan(_) => self.parameters.older_than.to_string(),
            Parameter::Limit(_) => self.parameters.limit.to_string(),
            Parameter::Pattern(_) => self.parameters.pattern.as_str().to_owned(),
        };
        self.kind
            .parameters
            .iter()
            .map(|parameter| (parameter.key(), value(parameter)))
            .collect()
    }
}

/// What rules can be told; which of it means something depends on the kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    /// How long something may last.
    pub older_than: Span,
    /// How many are still fine.
    pub limit: u32,
    /// What a ticket looks like.
    pub pattern: TicketPattern,
}

/// A regular expression. Two are equal if they are written alike.
#[derive(Debug, Clone, Default)]
pub struct TicketPattern(String, Option<Regex>);

impl PartialEq for TicketPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl TicketPattern {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has it somewhere.
    pub fn is_in(&self, text: &str) -> bool {
        self.1.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }
}

impl<'de> Deserialize<'de> for TicketPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = TicketPattern;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a regular expression such as [A-Z]+-[0-9]+")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<TicketPattern, E> {
                match Regex::new(text) {
                    Ok(pattern) if !text.is_empty() => Ok(TicketPattern(text.to_owned(), Some(pattern))),
                    Ok(_) | Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_str(Written)
    }
}
