//! Purpose: the fact "a push": the new commits that one account had in one push to one branch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::RepositoryName;
use crate::pull_request::Account;

/// The commits of one author in one push; keyed by repository, branch, the commit that the branch came to, and author.
///
/// The field order matters: of two statements about one push the greater wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Push {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The branch.
    pub branch: String,
    /// The commit that the branch came to.
    pub head_sha: String,
    /// Who wrote the commits.
    pub author: Account,
    /// When it was pushed; where the sender does not say so, when its newest commit was made.
    pub at: DateTime<Utc>,
    /// How many commits of this author were new to the repository; above zero.
    pub commits: i64,
    /// The branch is the one that everything goes into.
    pub on_default_branch: bool,
    /// The first line of the newest of the commits, as written.
    pub title: String,
    /// The page that shows what was pushed.
    pub url: String,
}

impl Push {
    /// Takes in another statement about the same push.
    pub fn merge(&mut self, other: Self) {
        debug_assert!(
            self.head_sha == other.head_sha && self.author.login.same(&other.author.login),
            "only statements about one push merge"
        );
        if other > *self {
            *self = other;
        }
    }
}
