//! Purpose: rules as the operator writes them: a list of mappings, read strictly. An unknown key is refused where it
//! stands, with what may be written instead.
//!
//! What a mapping may hold depends on its `kind`, which can come anywhere in it. So a text is read twice, by any
//! format that serde knows: first for the kinds ([`KindOfRule`]), then for the rest ([`RulesSeed`]).

mod text;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{KINDS, LooksAt, Rule, Rules, Scope, SignalKind};
use crate::triage::TeamScope;

use text::{KeySeed, PathsSeed, REPOSITORY, TeamsSeed, Texts, any};

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
        // What goals and the history of metrics find is no rule's to find.
        let known = KINDS.iter().find(|kind| kind.name == text);
        known.ok_or_else(|| {
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

/// By what a scope over pull requests can be narrowed.
const PULL_REQUEST_KEYS: &[&str] = &[
    "repositories",
    "teams",
    "labels",
    "except_labels",
    "authors",
    "paths",
];

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
        let (allowed, remark): (&[&'static str], _) = match self.kind.looks_at {
            LooksAt::PullRequests => (PULL_REQUEST_KEYS, ""),
            LooksAt::Repositories => (
                &["repositories", "teams"],
                ", which looks at repositories and not at pull requests,",
            ),
        };
        let of = format!("the scope of {}{remark}", self.kind.name);
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
                "paths" => scope.paths = map.next_value_seed(PathsSeed)?,
                _ => scope.teams = map.next_value_seed(TeamsSeed(self.teams))?,
            }
        }
        Ok(scope)
    }
}
