//! Purpose: what a name means: which deployment is meant by an id, a commit or the number of a pull request.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::facts::Outage;
use super::history::History;
use super::join::{Delivered, find_commit};
use super::titles::{is_commit, number};

/// Deployments by what people and systems call them.
pub(super) struct Index<'f> {
    by_id: BTreeMap<&'f str, usize>,
    /// Deployments of one commit, by time.
    by_commit: BTreeMap<&'f str, Vec<usize>>,
    /// What brought a merge or a push, by its commit.
    bringing: BTreeMap<&'f str, usize>,
    by_change: BTreeMap<(&'f str, i64), usize>,
}

impl<'f> Index<'f> {
    pub(super) fn new(history: &History<'f>, deliveries: &[Delivered<'f>]) -> Self {
        let mut index = Self {
            by_id: BTreeMap::new(),
            by_commit: BTreeMap::new(),
            bringing: BTreeMap::new(),
            by_change: BTreeMap::new(),
        };
        for (position, run) in history.runs.iter().enumerate() {
            index.by_id.insert(&run.deployed.id, position);
            if let Some(sha) = run.deployed.commit().filter(|_| run.is_live()) {
                index.by_commit.entry(sha).or_default().push(position);
            }
        }
        // Most incidents name nothing, and then nothing is looked up.
        let mut outages = history.outages.iter();
        if outages.any(|outage| !outage.causes.is_empty() || !outage.fixes.is_empty()) {
            for delivered in deliveries {
                index.take(delivered);
            }
        }
        index
    }

    fn take(&mut self, delivered: &Delivered<'f>) {
        for (change, brought) in &delivered.changes {
            let Some(brought) = brought else { continue };
            let key = (delivered.repository, change.key.number);
            self.by_change.insert(key, brought.run);
            if let Some(sha) = change.merge_commit_sha.as_deref() {
                self.bringing.insert(sha, brought.run);
            }
        }
        for (push, brought) in &delivered.pushes {
            if let Some(brought) = brought {
                self.bringing.insert(&push.head_sha, brought.run);
            }
        }
    }

    /// The deployment with this id.
    pub(super) fn deployment(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The deployment that an incident means by `name`. Of several of one commit it is the newest that was live before the
    /// incident began.
    pub(super) fn named(&self, history: &History<'_>, outage: &Outage, name: &str) -> Option<usize> {
        let name = name.trim();
        let by_number = || {
            let (repository, number) = number(name)?;
            let own = outage.repository.as_ref().map(|own| history.present(own));
            self.by_change
                .get(&(repository.map_or(own, Some)?, number))
                .copied()
        };
        let by_commit = || {
            let sha = Some(name).filter(|name| is_commit(name))?;
            let deployed = find_commit(&self.by_commit, sha);
            deployed
                .and_then(|runs| newest_by(history, runs, outage.opened_at))
                .or_else(|| find_commit(&self.bringing, sha).copied())
        };
        self.deployment(name).or_else(by_number).or_else(by_commit)
    }
}

/// The newest of sorted runs that ended before `at`, or the first where none did.
fn newest_by(history: &History<'_>, runs: &[usize], at: DateTime<Utc>) -> Option<usize> {
    let before = |run: &&usize| history.runs.get(**run).is_some_and(|run| run.at < at);
    runs.iter().rev().find(before).or_else(|| runs.first()).copied()
}
