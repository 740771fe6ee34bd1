//! Purpose: the small rules everything else is made of: required, length, count, kind, unique.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Problem;

/// Where blocks are shown; some kinds belong to some places only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    Message,
    Modal,
    Home,
}

/// Collects the broken rules of one payload.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) problems: Vec<Problem>,
    pub(super) surface: Surface,
    /// `block_id/action_id` pairs seen, and block ids.
    seen: HashSet<String>,
    /// Elements that ask for the focus; one is allowed.
    pub(super) focused: u32,
    /// Characters in markdown blocks so far.
    pub(super) markdown: usize,
}

/// An object of the payload and where it is.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) pointer: String,
    pub(super) fields: &'a Map<String, Value>,
}

impl<'a> At<'a> {
    pub(super) fn kind(&self) -> &'a str {
        self.fields
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A field that is there; `null` counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key).filter(|v| !v.is_null())
    }

    fn below(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }
}

impl Check {
    pub(super) fn new(surface: Surface) -> Self {
        Self {
            problems: Vec::new(),
            surface,
            seen: HashSet::new(),
            focused: 0,
            markdown: 0,
        }
    }

    pub(super) fn fail(&mut self, pointer: &str, what: impl Into<String>) {
        self.problems.push(Problem {
            pointer: pointer.to_owned(),
            what: what.into(),
        });
    }

    /// The value as an object, with its place.
    pub(super) fn object<'a>(&mut self, pointer: String, value: &'a Value) -> Option<At<'a>> {
        if let Value::Object(fields) = value {
            return Some(At { pointer, fields });
        }
        self.fail(&pointer, "must be an object");
        None
    }

    /// A field that is an object.
    pub(super) fn field<'a>(&mut self, at: &At<'a>, key: &str, required: bool) -> Option<At<'a>> {
        if let Some(value) = at.get(key) {
            return self.object(at.below(key), value);
        }
        self.required(at, key, required);
        None
    }

    fn required(&mut self, at: &At<'_>, key: &str, required: bool) {
        if required {
            self.fail(&at.pointer, format!("missing required field: {key}"));
        }
    }

    /// A text field between one and `max` characters.
    pub(super) fn string<'a>(
        &mut self,
        at: &At<'a>,
        key: &str,
        required: bool,
        max: usize,
    ) -> Option<&'a str> {
        let Some(value) = at.get(key) else {
            self.required(at, key, required);
            return None;
        };
        let pointer = at.below(key);
        let Some(text) = value.as_str() else {
            self.fail(&pointer, "must be a string");
            return None;
        };
        if text.is_empty() && required {
            self.fail(&pointer, "must be more than 0 characters");
        }
        if text.chars().count() > max {
            self.fail(&pointer, format!("must be less than {} characters", max + 1));
        }
        Some(text)
    }

    /// A list of `min` to `max` items; gives back each with its place.
    pub(super) fn list<'a>(
        &mut self,
        at: &At<'a>,
        key: &str,
        min: usize,
        max: usize,
    ) -> Vec<(String, &'a Value)> {
        let pointer = at.below(key);
        let items = match at.get(key) {
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => {
                self.fail(&pointer, "must be an array");
                return Vec::new();
            }
            None if min == 0 => return Vec::new(),
            None => {
                self.required(at, key, true);
                return Vec::new();
            }
        };
        if items.len() < min {
            self.fail(&pointer, format!("no fewer than {min} items allowed"));
        }
        if items.len() > max {
            self.fail(&pointer, format!("no more than {max} items allowed"));
        }
        items
            .iter()
            .enumerate()
            .map(|(n, item)| (format!("{pointer}/{n}"), item))
            .collect()
    }

    /// Only these fields are known to Slack; another one is refused.
    pub(super) fn known(&mut self, at: &At<'_>, known: &[&str]) {
        for key in at
            .fields
            .keys()
            .filter(|k| !known.contains(&k.as_str()) && *k != "type")
        {
            self.fail(&at.pointer, format!("additional field: {key}"));
        }
    }

    /// A field that must be one of these words.
    pub(super) fn one_of(&mut self, at: &At<'_>, key: &str, words: &[&str]) {
        if let Some(value) = at.get(key)
            && !value.as_str().is_some_and(|word| words.contains(&word))
        {
            self.fail(&at.below(key), format!("must be one of {}", words.join(", ")));
        }
    }

    /// An id that must not come twice.
    pub(super) fn unique(&mut self, pointer: &str, what: &str, id: String) {
        if self.seen.contains(&id) {
            self.fail(pointer, format!("{what} already exists"));
        }
        self.seen.insert(id);
    }

    /// A link that a browser can open.
    pub(super) fn link(&mut self, at: &At<'_>, key: &str, required: bool) {
        if let Some(link) = self.string(at, key, required, 3000)
            && !link.starts_with("https://")
            && !link.starts_with("http://")
            && !link.starts_with("mailto:")
        {
            self.fail(&at.below(key), "must be a valid url");
        }
    }
}
