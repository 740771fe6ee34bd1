//! Purpose: findings in the making: what the kinds of signals share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Finding, Parameter, Rule, WatchedPull};
use crate::id::{Login, RepositoryName};
use crate::pull_request::PullRequestKey;

impl Rule {
    /// A finding about a pull request, for whoever must move.
    pub(super) fn about_pull(&self, pull: &WatchedPull, since: DateTime<Utc>) -> Finding {
        let mut details = self.limits();
        details.insert("author".to_owned(), pull.author.login.as_str().into());
        details.insert("labels".to_owned(), pull.labels.clone().into());
        Finding {
            rule: self.name.clone(),
            kind: self.kind.name.to_owned(),
            subject: pull.key.to_string(),
            severity: self.severity,
            title: pull.title.clone(),
            url: pull.url.clone(),
            repository: Some(pull.key.repository.clone()),
            people: pull.whose_move(),
            since,
            details,
        }
    }

    /// A finding about something in a repository that names nobody.
    pub(super) fn about(&self, repository: &RepositoryName, what: &str, title: String, url: &str) -> Finding {
        Finding {
            rule: self.name.clone(),
            kind: self.kind.name.to_owned(),
            subject: format!("{repository} {what}"),
            severity: self.severity,
            title,
            url: url.to_owned(),
            repository: Some(repository.clone()),
            people: Vec::new(),
            since: DateTime::UNIX_EPOCH,
            details: self.limits(),
        }
    }

    /// A finding about a person who has more of `pulls` than the limit allows; `None` if they have not. Each pull
    /// request comes with the instant from which it counts.
    pub(super) fn about_person(
        &self,
        login: &Login,
        mut pulls: Vec<(DateTime<Utc>, &WatchedPull)>,
    ) -> Option<Finding> {
        let limit = usize::try_from(self.parameters.limit).unwrap_or(usize::MAX);
        pulls.sort_by_key(|(since, pull)| (*since, &pull.key));
        // The one with which it became too many.
        let (since, first_over) = *pulls.get(limit)?;
        let mut details = self.limits();
        details.insert("count".to_owned(), pulls.len().into());
        let some: Vec<String> = pulls.iter().take(10).map(|(_, p)| p.key.to_string()).collect();
        details.insert("pull_requests".to_owned(), some.into());
        Some(Finding {
            rule: self.name.clone(),
            kind: self.kind.name.to_owned(),
            subject: login.as_str().to_lowercase(),
            severity: self.severity,
            title: String::new(),
            url: search_page(&first_over.url, &first_over.key),
            repository: None,
            people: vec![login.clone()],
            since,
            details,
        })
    }

    /// What the rule was told, as details.
    pub(super) fn limits(&self) -> BTreeMap<String, Value> {
        let limit = |parameter: &Parameter| match parameter {
            Parameter::OlderThan(_) => (
                "limit_hours".to_owned(),
                self.parameters.older_than.hours().into(),
            ),
            Parameter::Limit(_) => ("limit".to_owned(), self.parameters.limit.into()),
            Parameter::Pattern(_) => ("pattern".to_owned(), self.parameters.pattern.as_str().into()),
        };
        self.kind.parameters.iter().map(limit).collect()
    }
}

/// The page on which the forge lists pull requests, from the page of one.
fn search_page(url: &str, key: &PullRequestKey) -> String {
    let place = format!("/{}/pull/{}", key.repository, key.number);
    match url.strip_suffix(&place) {
        Some(forge) => format!("{forge}/pulls"),
        None => url.to_owned(),
    }
}

/// `one` or `many` by their number.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}
