//! Purpose: which change takes back which, by commit, number or title.

use std::collections::BTreeMap;

use super::facts::Change;
use super::history::History;
use super::join::find_commit;
use super::titles::{is_commit, number, without_number};

/// The changes of a repository that may be named.
struct Named<'f> {
    commits: BTreeMap<&'f str, usize>,
    numbers: BTreeMap<i64, usize>,
    /// Those of one title, by time of merge.
    titles: BTreeMap<&'f str, Vec<usize>>,
}

impl<'f> Named<'f> {
    fn new(changes: &[&'f Change]) -> Self {
        let mut named = Self {
            commits: BTreeMap::new(),
            numbers: BTreeMap::new(),
            titles: BTreeMap::new(),
        };
        for (nth, change) in changes.iter().enumerate() {
            if let Some(sha) = change.merge_commit_sha.as_deref() {
                named.commits.insert(sha, nth);
            }
            named.numbers.insert(change.key.number, nth);
            let title = without_number(&change.title);
            named.titles.entry(title).or_default().push(nth);
        }
        named
    }

    /// The newest change of this title before the nth.
    fn titled(&self, title: &str, nth: usize) -> Option<usize> {
        let same = self.titles.get(without_number(title))?;
        same.get(..same.partition_point(|one| *one < nth))?
            .last()
            .copied()
    }
}

/// Pairs of a change that takes back and the earlier one that it takes back, as positions in `changes`, which are those of one
/// repository by time of merge. In the order of the first, each pair once.
pub(super) fn reverts(history: &History<'_>, repository: &str, changes: &[&Change]) -> Vec<(usize, usize)> {
    if changes.iter().all(|change| change.reverts.is_empty()) {
        return Vec::new();
    }
    let named = Named::new(changes);
    let is_own = |name: &str| history.present(&name.into()) == repository;
    let mut pairs = Vec::new();
    for (nth, change) in changes.iter().enumerate() {
        let meant = change.reverts.iter().filter_map(|said| match number(said) {
            Some((other, number)) if other.is_none_or(is_own) => named.numbers.get(&number).copied(),
            Some(_) => None,
            None if is_commit(said) => find_commit(&named.commits, said).copied(),
            None => named.titled(said, nth),
        });
        let mut earlier: Vec<usize> = meant.filter(|meant| *meant < nth).collect();
        earlier.sort_unstable();
        earlier.dedup();
        pairs.extend(earlier.into_iter().map(|meant| (nth, meant)));
    }
    pairs
}
