//! Purpose: what the configuration says about how events are read: which repository a thing belongs to whose vendor does not
//! know repositories, and which jobs deploy.

use std::collections::BTreeMap;

use em_domain::id::RepositoryName;
use serde::{Deserialize, Serialize};

use crate::generic::Mapping;

/// How events are read. The same events under other rules are other facts: after a change, replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Where things belong: `heroku/my-app`, `ecs/cluster/service`, `argocd/app`, `jenkins/job`, `sonarqube/project`, by their
    /// vendor and their own name, to `owner/name`.
    pub repositories: BTreeMap<String, String>,
    /// CI jobs and workflows that deploy, and to which environment: `jenkins/deploy-api`, `circleci/deploy`.
    pub deploying: BTreeMap<String, String>,
    /// How bodies of any other sender are read, by the name of the mapping.
    pub generic: BTreeMap<String, Mapping>,
}

impl Rules {
    /// The repository of the thing that `vendor` calls `name`. Without a rule, the thing stands for itself, so that nothing is
    /// lost: `heroku/my-app`.
    pub(crate) fn repository(&self, vendor: &str, name: &str) -> RepositoryName {
        self.named_repository(vendor, name)
            .unwrap_or_else(|| RepositoryName::from(format!("{vendor}/{name}").as_str()))
    }

    /// The repository that a rule names for the thing that `vendor` calls `name`, if one does.
    pub(crate) fn named_repository(&self, vendor: &str, name: &str) -> Option<RepositoryName> {
        self.repositories
            .get(&format!("{vendor}/{name}"))
            .map(|repository| RepositoryName::from(repository.as_str()))
    }

    /// Where the job that `vendor` calls `name` deploys to, if it does.
    pub fn environment(&self, vendor: &str, name: &str) -> Option<&str> {
        self.deploying
            .get(&format!("{vendor}/{name}"))
            .map(String::as_str)
    }
}
