//! Purpose: the texts that rules are made of, each read strictly: keys, names, repositories, teams.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};

use crate::signal::PathPatterns;
use crate::triage::TeamScope;

fn is_repository(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
}

/// A key of a mapping: one of those allowed, each once.
pub(super) struct KeySeed<'a> {
    /// What may be written.
    pub(super) allowed: &'a [&'static str],
    /// What was written already.
    pub(super) seen: &'a mut BTreeSet<&'static str>,
    /// Whose key it is, in words.
    pub(super) of: &'a str,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = &'static str;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = &'static str;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of: {}", self.allowed.join(", "))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let Some(key) = self.allowed.iter().find(|key| **key == text) else {
            let (of, allowed) = (self.of, self.allowed.join(", "));
            return Err(E::custom(format!(
                "{of} has no key `{text}`; write one of: {allowed}"
            )));
        };
        if !self.seen.insert(key) {
            return Err(E::custom(format!("`{key}` is written twice")));
        }
        Ok(key)
    }
}

pub(super) const REPOSITORY: Text<'static> = Text {
    what: "a repository: owner/name or owner/*",
    fits: &is_repository,
};

/// Any text that is not empty.
pub(super) fn any(what: &str) -> Text<'_> {
    Text {
        what,
        fits: &is_filled,
    }
}

fn is_filled(text: &str) -> bool {
    !text.trim().is_empty()
}

/// The configured teams that a list names.
pub(super) struct TeamsSeed<'a>(pub(super) &'a [TeamScope]);

impl<'de> DeserializeSeed<'de> for TeamsSeed<'_> {
    type Value = Vec<TeamScope>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let known: Vec<&str> = self.0.iter().map(|team| team.name.as_str()).collect();
        let what = format!("a configured team ({})", known.join(", "));
        let is_team = |name: &str| known.iter().any(|team| team.eq_ignore_ascii_case(name));
        let names = Texts(Text {
            what: &what,
            fits: &is_team,
        })
        .deserialize(deserializer)?;
        let is_named = |team: &&TeamScope| names.iter().any(|name| name.eq_ignore_ascii_case(&team.name));
        Ok(self.0.iter().filter(is_named).cloned().collect())
    }
}

/// Patterns of paths.
pub(super) struct PathsSeed;

impl<'de> DeserializeSeed<'de> for PathsSeed {
    type Value = PathPatterns;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let patterns = Texts(Text {
            what: "a pattern of paths such as payments/** or !**/*.md",
            fits: &is_pattern,
        });
        let written = patterns.deserialize(deserializer)?;
        PathPatterns::new(written).map_err(D::Error::custom)
    }
}

fn is_pattern(text: &str) -> bool {
    let pattern = text.trim_start_matches('!');
    is_filled(pattern) && PathPatterns::new(vec![pattern.to_owned()]).is_ok()
}

/// A text that is one of a kind.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    what: &'a str,
    fits: &'a dyn Fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = String;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = String;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if (self.fits)(text) {
            Ok(text.to_owned())
        } else {
            Err(E::invalid_value(Unexpected::Str(text), &self))
        }
    }
}

/// A list of such texts.
pub(super) struct Texts<'a>(pub(super) Text<'a>);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = Vec<String>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = Vec<String>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list; each {}", self.0.what)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element_seed(self.0)? {
            texts.push(text);
        }
        Ok(texts)
    }
}
