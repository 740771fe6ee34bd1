//! Purpose: rules as the operator writes them: a list of mappings, read strictly. An unknown key is refused where it
//! stands, with what may be written instead.
//!
//! What a mapping may hold depends on its `kind`, which can come anywhere in it. So a text is read twice, by any
//! format that serde knows: first for the kinds ([`KindOfRule`]), then for the rest ([`RulesSeed`]).

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::{KINDS, LooksAt, Rule, Rules, Scope, SignalKind, kind};
use crate::triage::TeamScope;

/// A rule of which only the kind is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindOfRule(pub &'static SignalKind);

impl<'de> Deserialize<'de> for KindOfRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name(&'static SignalKind);
        impl<'de> Deserialize<'de> for Name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(KindName).map(Self)
            }
        }
        struct Mapping;
        impl<'de> Visitor<'de> for Mapping {
            type Value = KindOfRule;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule: name, kind, ...")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KindOfRule, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "kind" {
                        found = Some(KindOfRule(map.next_value::<Name>()?.0));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                found.ok_or_else(|| {
                    A::Error::custom(format!("`kind` is missing; write one of: {}", kind_names()))
                })
            }
        }
        deserializer.deserialize_map(Mapping)
    }
}

struct KindName;

impl Visitor<'_> for KindName {
    type Value = &'static SignalKind;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of: {}", kind_names())
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        kind(text).ok_or_else(|| {
            E::custom(format!(
                "there is no kind `{text}`; write one of: {}",
                kind_names()
            ))
        })
    }
}

fn kind_names() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    names.join(", ")
}

/// Reads the rules of a text whose kinds are known.
#[derive(Debug, Clone, Copy)]
pub struct RulesSeed<'a> {
    /// The kind of each rule, in order.
    pub kinds: &'a [KindOfRule],
    /// The teams that a scope can name.
    pub teams: &'a [TeamScope],
}

impl<'de> DeserializeSeed<'de> for RulesSeed<'_> {
    type Value = Rules;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Rules, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RulesSeed<'_> {
    type Value = Rules;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rules")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rules, A::Error> {
        let mut rules = Rules::default();
        for KindOfRule(kind) in self.kinds {
            let seed = RuleSeed {
                kind,
                before: &rules,
                teams: self.teams,
            };
            let Some(rule) = seq.next_element_seed(seed)? else {
                break;
            };
            rules.0.push(rule);
        }
        Ok(rules)
    }
}

struct RuleSeed<'a> {
    kind: &'static SignalKind,
    before: &'a Rules,
    teams: &'a [TeamScope],
}

impl<'de> DeserializeSeed<'de> for RuleSeed<'_> {
    type Value = Rule;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Rule, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl RuleSeed<'_> {
    /// What a rule of this kind can say.
    fn keys(&self) -> Vec<&'static str> {
        let mut keys = vec!["name", "kind", "severity", "enabled", "channel", "scope"];
        keys.extend(self.kind.parameters.iter().map(|parameter| parameter.key()));
        if keys.contains(&"older_than") {
            keys.push("clock");
        }
        keys
    }

    /// Reads the value of one key.
    fn value<'de, A: MapAccess<'de>>(&self, key: &str, map: &mut A, rule: &mut Rule) -> Result<(), A::Error> {
        match key {
            "name" => rule.name = map.next_value_seed(any("a name"))?,
            "severity" => rule.severity = map.next_value()?,
            "enabled" => rule.enabled = map.next_value()?,
            "channel" => rule.channel = Some(map.next_value_seed(any("a channel"))?),
            "clock" => rule.clock = map.next_value()?,
            "older_than" => rule.parameters.older_than = map.next_value()?,
            "limit" => rule.parameters.limit = map.next_value()?,
            "pattern" => rule.parameters.pattern = map.next_value()?,
            "scope" => {
                let (kind, teams) = (self.kind, self.teams);
                rule.scope = map.next_value_seed(ScopeSeed { kind, teams })?;
            }
            // The kind, which is known.
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for RuleSeed<'_> {
    type Value = Rule;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule: name, kind, ...")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rule, A::Error> {
        let (allowed, of) = (self.keys(), self.kind.name);
        let (mut rule, mut seen) = (Rule::of(self.kind), BTreeSet::new());
        while let Some(key) = map.next_key_seed(KeySeed {
            allowed: &allowed,
            seen: &mut seen,
            of,
        })? {
            self.value(key, &mut map, &mut rule)?;
        }
        if self.before.find(&rule.name).is_some() {
            let what = format!(
                "two rules are called `{}`; give one of them another `name`",
                rule.name
            );
            return Err(A::Error::custom(what));
        }
        Ok(rule)
    }
}

struct ScopeSeed<'a> {
    kind: &'static SignalKind,
    teams: &'a [TeamScope],
}

impl<'de> DeserializeSeed<'de> for ScopeSeed<'_> {
    type Value = Scope;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scope, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ScopeSeed<'_> {
    type Value = Scope;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scope: repositories, teams, ...")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scope, A::Error> {
        let allowed: &[&'static str] = match self.kind.looks_at {
            LooksAt::PullRequests => &["repositories", "teams", "labels", "except_labels", "authors"],
            LooksAt::Repositories => &["repositories", "teams"],
        };
        let of = format!("the scope of {}", self.kind.name);
        let (mut scope, mut seen) = (Scope::default(), BTreeSet::new());
        while let Some(key) = map.next_key_seed(KeySeed {
            allowed,
            seen: &mut seen,
            of: &of,
        })? {
            match key {
                "repositories" => scope.repositories = map.next_value_seed(Texts(REPOSITORY))?,
                "labels" => scope.labels = map.next_value_seed(Texts(any("a label")))?,
                "except_labels" => scope.except_labels = map.next_value_seed(Texts(any("a label")))?,
                "authors" => scope.authors = map.next_value_seed(Texts(any("a login")))?,
                _ => scope.teams = map.next_value_seed(TeamsSeed(self.teams))?,
            }
        }
        Ok(scope)
    }
}

fn is_repository(name: &str) -> bool {
    name.split_once('/')
        .is_some_and(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
}

/// A key of a mapping: one of those allowed, each once.
struct KeySeed<'a> {
    allowed: &'a [&'static str],
    seen: &'a mut BTreeSet<&'static str>,
    of: &'a str,
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

const REPOSITORY: Text<'static> = Text {
    what: "a repository: owner/name or owner/*",
    fits: &is_repository,
};

/// Any text that is not empty.
fn any(what: &str) -> Text<'_> {
    Text {
        what,
        fits: &is_filled,
    }
}

fn is_filled(text: &str) -> bool {
    !text.trim().is_empty()
}

/// The configured teams that a list names.
struct TeamsSeed<'a>(&'a [TeamScope]);

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

/// A text that is one of a kind.
#[derive(Clone, Copy)]
struct Text<'a> {
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
struct Texts<'a>(Text<'a>);

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
