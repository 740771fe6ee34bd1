//! Purpose: where a rule looks.

use super::{PathPatterns, WatchedPull};
use crate::id::{Login, RepositoryName};
use crate::triage::TeamScope;

/// Where a rule looks. What is empty does not narrow it; what is not must match, but for paths in any case of letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// `owner/name`, or `owner/*` for all of an owner.
    pub repositories: Vec<String>,
    /// Configured teams: their repositories, and what is their members'.
    pub teams: Vec<TeamScope>,
    /// Pull requests with one of these labels.
    pub labels: Vec<String>,
    /// Pull requests without any of these labels.
    pub except_labels: Vec<String>,
    /// Pull requests of these people.
    pub authors: Vec<String>,
    /// Pull requests that change one of these files; nothing is said about one whose files are not known.
    pub paths: PathPatterns,
}

impl Scope {
    /// Whether it covers something in `repository` that concerns `people`.
    pub fn covers<'l>(
        &self,
        repository: Option<&RepositoryName>,
        people: impl IntoIterator<Item = &'l Login>,
    ) -> bool {
        let is_named =
            |names: &Vec<String>| repository.is_some_and(|it| names.iter().any(|name| is_within(it, name)));
        if !self.repositories.is_empty() && !is_named(&self.repositories) {
            return false;
        }
        if self.teams.is_empty() {
            return true;
        }
        let people: Vec<&Login> = people.into_iter().collect();
        self.teams.iter().any(|team| {
            repository.is_some_and(|it| team.repositories.iter().any(|name| is_within(it, name.as_str())))
                || team
                    .members
                    .iter()
                    .any(|member| people.iter().any(|login| login.same(member)))
        })
    }

    /// Whether it covers an open pull request.
    pub fn covers_pull(&self, pull: &WatchedPull) -> bool {
        self.covers_pull_of(pull, &pull.author.login)
    }

    /// The same, where the person in question is not the author.
    pub fn covers_pull_of(&self, pull: &WatchedPull, person: &Login) -> bool {
        self.may_cover(pull, person)
            && (self.paths.is_empty()
                || pull
                    .paths
                    .as_ref()
                    .is_some_and(|paths| self.paths.cover_any(paths)))
    }

    /// Whether it covers an open pull request, if that changes the right files.
    pub(super) fn may_cover(&self, pull: &WatchedPull, person: &Login) -> bool {
        let is_author = |name: &String| name.eq_ignore_ascii_case(pull.author.login.as_str());
        self.covers(Some(&pull.key.repository), [person])
            && (self.labels.is_empty() || pull.has_any(&self.labels))
            && !pull.has_any(&self.except_labels)
            && (self.authors.is_empty() || self.authors.iter().any(is_author))
    }

    /// What it is narrowed to, key by key.
    pub fn narrowed(&self) -> Vec<(&'static str, Vec<String>)> {
        let teams = self.teams.iter().map(|team| team.name.clone()).collect();
        let all = [
            ("repositories", self.repositories.clone()),
            ("teams", teams),
            ("labels", self.labels.clone()),
            ("except_labels", self.except_labels.clone()),
            ("authors", self.authors.clone()),
            ("paths", self.paths.written().to_vec()),
        ];
        all.into_iter().filter(|(_, names)| !names.is_empty()).collect()
    }
}

/// Whether `repository` is `name`, or belongs to the owner of `owner/*`.
fn is_within(repository: &RepositoryName, name: &str) -> bool {
    let repository = repository.as_str();
    match name.strip_suffix("/*") {
        Some(owner) => repository
            .split_once('/')
            .is_some_and(|(has, _)| has.eq_ignore_ascii_case(owner)),
        None => repository.eq_ignore_ascii_case(name),
    }
}
