//! Purpose: what `doctor` wants to know: does the token hold, what may it see, how much of the quota is left.

use chrono::{DateTime, Utc};

use super::answer::{number, text};
use super::{GithubClient, GithubError};
use crate::github::GithubConfig;

/// What the token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The scopes of a classic token; fine-grained tokens and apps do not tell theirs.
    pub scopes: Option<Vec<String>>,
    /// Requests allowed per hour.
    pub limit: Option<i64>,
    /// Requests left until `resets_at`.
    pub remaining: Option<i64>,
    /// When the count begins anew.
    pub resets_at: Option<DateTime<Utc>>,
    /// Each configured repository and organisation, and whether it is visible.
    pub seen: Vec<Seen>,
}

/// One configured name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `owner/name`, or an organisation.
    pub name: String,
    /// Why not, if not.
    pub result: Result<(), GithubError>,
}

impl GithubClient {
    /// Tries the token. Fails only if nothing can be said at all; asking for the quota costs none of it.
    pub async fn check(&self, config: &GithubConfig) -> Result<Check, GithubError> {
        let (_, headers) = self.send(&self.address("/rate_limit")?).await?;
        let mut seen = Vec::new();
        let repositories = config
            .repositories
            .iter()
            .map(|name| (name, format!("/repos/{name}")));
        let organisations = config
            .organisations
            .iter()
            .map(|name| (name, format!("/orgs/{name}")));
        for (name, path) in repositories.chain(organisations) {
            let result = self.get(&path).await.map(drop);
            seen.push(Seen {
                name: name.clone(),
                result,
            });
        }
        Ok(Check {
            scopes: text(&headers, "x-oauth-scopes")
                .map(|scopes| scopes.split(',').map(|scope| scope.trim().to_owned()).collect()),
            limit: number(&headers, "x-ratelimit-limit"),
            remaining: number(&headers, "x-ratelimit-remaining"),
            resets_at: number(&headers, "x-ratelimit-reset").and_then(|at| DateTime::from_timestamp(at, 0)),
            seen,
        })
    }
}
