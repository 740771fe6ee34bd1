//! Purpose: the fact "a pull request": one per repository and number, merged from any number of events.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{Login, RepositoryName};
use crate::stamped::{Stamped, earliest, latest, newest};

/// What identifies a pull request: never the delivery that told of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PullRequestKey {
    /// `owner/name`.
    pub repository: RepositoryName,
    /// The number within the repository.
    pub number: i64,
}

impl fmt::Display for PullRequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.repository.as_str().split_once(':') {
            // A tracker's project, `jira:PAY`: people call its issue `PAY-12`.
            Some((_, project)) => write!(f, "{project}-{}", self.number),
            None => write!(f, "{}#{}", self.repository, self.number),
        }
    }
}

impl PullRequestKey {
    /// Reads `owner/name#12`.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, number) = text.rsplit_once('#')?;
        let number = number.parse().ok().filter(|n| *n > 0)?;
        repository.contains('/').then(|| Self {
            repository: repository.into(),
            number,
        })
    }
}

/// Open, or how it ended. The order is the order of life: at one instant the later state wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// Waiting for somebody.
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged.
    Merged,
}

impl PullRequestState {
    /// The name it is stored under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Merged => "merged",
        }
    }
}

/// An account and whether it is a program. Vendors mark bots (`type: Bot`); names ending in `[bot]` are bots too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The login.
    pub login: Login,
    /// A program, not a person.
    pub is_bot: bool,
}

/// What every event about a pull request states in full. Field order matters: GitHub's times have one-second
/// grain, and of two snapshots of one second the greater wins, so the fields that only grow come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Snapshot {
    /// Open, closed or merged.
    pub state: PullRequestState,
    /// Open for review (false: a draft).
    pub is_ready: bool,
    /// People asked for a review who have not given one since.
    pub requested_reviewers: Vec<Login>,
    /// Teams asked for a review, by slug.
    pub requested_teams: Vec<String>,
    /// Label names.
    pub labels: Vec<String>,
    /// Who opened it.
    pub author: Account,
    /// The title, as written: escape it before showing it.
    pub title: String,
    /// The page for people.
    pub url: String,
    /// The branch it goes into.
    pub base_ref: String,
    /// The branch it comes from.
    pub head_ref: String,
    /// The newest commit, where the sender says it.
    pub head_sha: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was closed or merged.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
    /// The commit that the merge made on the base branch.
    pub merge_commit_sha: Option<String>,
    /// Tickets, issues and pages that the title and text name, as written (`PAY-12`, `#7`, an address); at most
    /// [`MAX_REFERENCES`]. `None` where the sender did not give the text.
    #[serde(default)]
    pub references: Option<Vec<String>>,
    /// What its text says that it takes back: commits, `#7`, `acme/api#7`; at most [`MAX_REFERENCES`]. `None` where the
    /// sender did not give the text.
    #[serde(default)]
    pub reverts: Option<Vec<String>>,
}

/// References of one pull request that are kept.
pub const MAX_REFERENCES: usize = 20;

/// Lines and files changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Size {
    /// Lines added.
    pub additions: i64,
    /// Lines removed.
    pub deletions: i64,
    /// Files touched.
    pub changed_files: i64,
}

/// Everything known of one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Which one.
    pub key: PullRequestKey,
    /// The newest full statement; absent while only side events (a commit list, a review request) were seen. Its author is
    /// [`opened_by`](Self::opened_by) where that is known.
    pub snapshot: Option<Stamped<Snapshot>>,
    /// The newest known size; some events leave it out.
    pub size: Option<Stamped<Size>>,
    /// Whether it conflicts with its base, as far as GitHub has worked it out.
    pub conflicts: Option<Stamped<bool>>,
    /// The earliest authored commit.
    pub first_commit_at: Option<DateTime<Utc>>,
    /// When it last left draft.
    pub ready_at: Option<DateTime<Utc>>,
    /// When commits were last pushed to it after it was opened.
    pub pushed_at: Option<DateTime<Utc>>,
    /// When each person was last asked for a review.
    pub requests: BTreeMap<Login, DateTime<Utc>>,
    /// Who opened it, where not every full statement names them: GitLab names whoever acted, and the author by a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<Stamped<Account>>,
}

impl PullRequest {
    /// A fact of which nothing is known yet.
    pub fn new(key: PullRequestKey) -> Self {
        Self {
            key,
            snapshot: None,
            size: None,
            conflicts: None,
            first_commit_at: None,
            ready_at: None,
            pushed_at: None,
            requests: BTreeMap::new(),
            opened_by: None,
        }
    }

    /// Takes in what `other` knows. Commutative, associative, idempotent.
    pub fn merge(&mut self, mut other: Self) {
        debug_assert_eq!(
            self.key, other.key,
            "only statements about one pull request merge"
        );
        newest(&mut self.opened_by, other.opened_by.take());
        if let Some(author) = &self.opened_by {
            // Before they are compared: two statements of one instant must not differ by who was known to be the author.
            for snapshot in [&mut self.snapshot, &mut other.snapshot].into_iter().flatten() {
                snapshot.value.author.clone_from(&author.value);
            }
        }
        newest(&mut self.snapshot, other.snapshot);
        newest(&mut self.size, other.size);
        newest(&mut self.conflicts, other.conflicts);
        earliest(&mut self.first_commit_at, other.first_commit_at);
        latest(&mut self.ready_at, other.ready_at);
        latest(&mut self.pushed_at, other.pushed_at);
        for (login, asked_at) in other.requests {
            let known = self.requests.entry(login).or_insert(asked_at);
            *known = (*known).max(asked_at);
        }
    }

    /// The newest full statement, if it says that the pull request is open.
    pub fn open(&self) -> Option<&Snapshot> {
        self.snapshot
            .as_ref()
            .map(|snapshot| &snapshot.value)
            .filter(|snapshot| snapshot.state == PullRequestState::Open)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(login: &str) -> Account {
        Account {
            login: login.into(),
            is_bot: false,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    /// As GitLab states them: the author is a number, and a name only where the author is among those who are named.
    fn said(second: i64, title: &str, name: Option<&str>) -> PullRequest {
        let mut fact = PullRequest::new(PullRequestKey {
            repository: "acme/api".into(),
            number: 1,
        });
        fact.opened_by = name.map(|name| Stamped {
            at: at(second),
            value: account(name),
        });
        fact.snapshot = Some(Stamped {
            at: at(second),
            value: Snapshot {
                state: PullRequestState::Open,
                is_ready: true,
                requested_reviewers: Vec::new(),
                requested_teams: Vec::new(),
                labels: Vec::new(),
                author: account(name.unwrap_or("id:51")),
                title: title.to_owned(),
                url: String::new(),
                base_ref: "main".to_owned(),
                head_ref: "topic".to_owned(),
                head_sha: None,
                created_at: at(0),
                closed_at: None,
                merged_at: None,
                merge_commit_sha: None,
                references: None,
                reverts: None,
            },
        });
        fact
    }

    fn merge_all<'a>(all: impl IntoIterator<Item = &'a PullRequest>) -> PullRequest {
        let mut all = all.into_iter().cloned();
        let first = all.next().unwrap();
        all.fold(first, |mut known, one| {
            known.merge(one);
            known
        })
    }

    #[test]
    fn the_author_is_known_once_any_statement_names_them() {
        let (opened, merged) = (said(1, "a", Some("ana")), said(2, "b", None));
        let author = |fact: PullRequest| fact.snapshot.unwrap().value.author.login;
        assert_eq!(author(merge_all([&opened, &merged])), "ana".into());
        assert_eq!(author(merge_all([&merged, &opened])), "ana".into());
        assert_eq!(author(merged), "id:51".into());
    }

    proptest! {
        #[test]
        fn the_order_of_statements_does_not_matter(
            said in prop::collection::vec((0..3i64, "[ab]", prop::option::of(prop::sample::select(vec!["ana", "bo"]))), 1..6),
        ) {
            let facts: Vec<PullRequest> = said.iter().map(|(at, title, name)| super::tests::said(*at, title, *name)).collect();
            let in_order = merge_all(&facts);
            prop_assert_eq!(&in_order, &merge_all(facts.iter().rev()));
            let mut halves = merge_all(&facts[..facts.len().div_ceil(2)]);
            halves.merge(merge_all(&facts[facts.len() / 2..]));
            prop_assert_eq!(&in_order, &halves, "in groups, one of them twice");
        }
    }
}
