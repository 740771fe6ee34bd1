//! Purpose: what was asked for: which repositories under their present names, whose changes, and when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::definitions::{Asked, Definitions};
use crate::id::Login;

/// What is asked of the facts.
pub(crate) struct Scope<'f> {
    pub(crate) definitions: &'f Definitions,
    pub(crate) asked: &'f Asked,
    /// Under their present names; all where `None`.
    repositories: Option<BTreeSet<&'f str>>,
}

impl<'f> Scope<'f> {
    pub(crate) fn new(definitions: &'f Definitions, asked: &'f Asked) -> Self {
        let named = asked.repositories.as_ref();
        Self {
            definitions,
            asked,
            repositories: named.map(|names| names.iter().map(|name| definitions.present(name)).collect()),
        }
    }

    /// Whether the repository, under its present name, is asked for.
    pub(crate) fn holds(&self, repository: &str) -> bool {
        let asked = self.repositories.as_ref();
        asked.is_none_or(|names| names.contains(repository))
    }

    /// Whether what this person did is asked for.
    pub(crate) fn holds_author(&self, login: &Login) -> bool {
        let members = self.asked.members.as_ref();
        members.is_none_or(|names| names.iter().any(|name| name.same(login)))
    }

    /// Whether the instant is in a window that can be reported.
    pub(crate) fn holds_instant(&self, at: DateTime<Utc>) -> bool {
        self.asked.is_window() && self.asked.holds(at)
    }
}
