//! Purpose: what the webhooks of all trackers have in common: a work item with its key, and the moves that are told of it.

use chrono::{DateTime, Utc};
use em_domain::fact::FactChange;
use em_domain::id::{Login, RepositoryName};
use em_domain::issue::{IssueMove, Move};
use em_domain::pull_request::{Account, PullRequestKey};

/// Projects' keys have about ten characters; a longer one does not fit into an index.
const MAX_PROJECT_CHARS: usize = 64;
/// Names longer than this are nobody's.
const MAX_NAME_CHARS: usize = 100;

/// A work item as one event shows it.
#[derive(Debug, Clone)]
pub(crate) struct WorkItem {
    /// When it was so.
    pub seen_at: DateTime<Utc>,
    pub key: PullRequestKey,
    pub title: String,
    /// Its page; empty where the event does not tell.
    pub url: String,
}

impl WorkItem {
    /// That `by` did this with it.
    pub(crate) fn moved(&self, kind: Move, by: Account, at: DateTime<Utc>) -> FactChange {
        FactChange::IssueMove(Box::new(IssueMove {
            seen_at: self.seen_at,
            issue: self.key.clone(),
            kind,
            by,
            at,
            title: self.title.clone(),
            url: self.url.clone(),
        }))
    }
}

/// The key of an item: `jira`, `PAY` and 12 for what people call `PAY-12`.
pub(crate) fn key(tracker: &str, project: &str, number: i64) -> Option<PullRequestKey> {
    let is_short = (1..=MAX_PROJECT_CHARS).contains(&project.chars().count());
    let is_plain = !project.contains(|c: char| c.is_control() || c.is_whitespace());
    (is_short && is_plain && number > 0).then(|| PullRequestKey {
        repository: RepositoryName::from(format!("{tracker}:{project}").as_str()),
        number,
    })
}

/// Reads a key as people write it: `PAY-12`.
pub(crate) fn parse_key(tracker: &str, text: &str) -> Option<PullRequestKey> {
    let (project, number) = text.trim().rsplit_once('-')?;
    key(tracker, project, number.parse().ok()?)
}

/// An account under the name that the vendor shows.
pub(crate) fn account(name: &str, is_bot: bool) -> Account {
    Account {
        login: Login(name.chars().take(MAX_NAME_CHARS).collect()),
        is_bot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        let shown = |text| parse_key("jira", text).map(|key| key.to_string());
        assert_eq!(shown("PAY-12"), Some("PAY-12".to_owned()));
        assert_eq!(shown("A-B-7"), Some("A-B-7".to_owned()));
        let key = parse_key("jira", "PAY-12").unwrap();
        assert_eq!((key.repository.as_str(), key.number), ("jira:PAY", 12));
        let long = format!("{}-1", "X".repeat(65));
        for text in [
            "", "PAY", "PAY-", "-12", "PAY-0", "PAY--", "PAY-x", "P Y-1", &long,
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
