//! Purpose: which deployment brought a change. A deployment holds all that was merged up to its *cut*; a change is
//! delivered by the first deployment that holds it.

use std::collections::BTreeMap;
use std::ops::Bound;

use chrono::{DateTime, Utc};

use super::definitions::JoinRule;
use super::facts::{Change, DirectPush};
use super::history::{History, Repo};
use super::lead_time::Journey;
use super::reasons::Joined;

/// What brought one change or push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Brought {
    /// Position in [`History::runs`].
    pub(super) run: usize,
    pub(super) how: Joined,
    /// By the first deployment that is known of the repository.
    pub(super) is_first: bool,
}

/// What was delivered in one repository, beside [`Repo::changes`] and [`Repo::pushes`].
pub(super) struct Delivered<'f> {
    pub(super) repository: &'f str,
    pub(super) changes: Vec<(&'f Change, Option<Brought>)>,
    pub(super) pushes: Vec<(&'f DirectPush, Option<Brought>)>,
    /// Deployments whose commit is not known to us, as positions in [`History::runs`], sorted.
    pub(super) unknown: Vec<usize>,
}

/// How a mode joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    pub(super) rule: JoinRule,
    /// Neither a change without a merge commit nor a deployment without a commit can be joined.
    pub(super) needs_commits: bool,
}

impl<'f> Delivered<'f> {
    /// The changes and pushes of all repositories with what brought them; live is when the deployment ended.
    pub(super) fn journeys(
        history: &History<'f>,
        all: &[Self],
    ) -> (Vec<Journey<'f, Change>>, Vec<Journey<'f, DirectPush>>) {
        let live = |brought: Option<Brought>| {
            let brought = brought?;
            history.runs.get(brought.run).map(|run| (brought, run.at))
        };
        let (mut changes, mut pushes) = (Vec::new(), Vec::new());
        for delivered in all {
            let repository = delivered.repository;
            changes.extend(delivered.changes.iter().map(|(what, brought)| Journey {
                repository,
                what: *what,
                brought: live(*brought),
            }));
            pushes.extend(delivered.pushes.iter().map(|(what, brought)| Journey {
                repository,
                what: *what,
                brought: live(*brought),
            }));
        }
        (changes, pushes)
    }
}

/// How far one deployment reaches.
struct Cut {
    run: usize,
    at: DateTime<Utc>,
    how: Joined,
}

/// Which deployments brought what, repository by repository.
pub(super) fn deliveries<'f>(history: &History<'f>, how: How) -> Vec<Delivered<'f>> {
    let repositories = history.repositories.iter();
    repositories
        .map(|(name, repo)| delivered(history, name, repo, how))
        .collect()
}

fn delivered<'f>(history: &History<'f>, repository: &'f str, repo: &Repo<'f>, how: How) -> Delivered<'f> {
    let cuts = cuts(history, repo, how);
    let merged: Vec<DateTime<Utc>> = repo.changes.iter().map(|change| change.merged_at).collect();
    let pushed: Vec<DateTime<Utc>> = repo.pushes.iter().map(|push| push.at).collect();
    let joinable = |change: &Change| !how.needs_commits || change.merge_commit_sha.is_some();
    let changes = repo.changes.iter().zip(sweep(&merged, &cuts));
    let unknown = cuts.iter().filter(|cut| cut.how == Joined::ByTime);
    Delivered {
        repository,
        unknown: unknown.map(|cut| cut.run).collect(),
        changes: changes
            .map(|(change, brought)| (*change, brought.filter(|_| joinable(change))))
            .collect(),
        pushes: repo.pushes.iter().copied().zip(sweep(&pushed, &cuts)).collect(),
    }
}

/// The value of a commit, which may be shortened to seven characters or more.
pub(super) fn find_commit<'m, V>(known: &'m BTreeMap<&str, V>, sha: &str) -> Option<&'m V> {
    known.get(sha).or_else(|| {
        let (long, value) = known
            .range::<str, _>((Bound::Included(sha), Bound::Unbounded))
            .next()?;
        (sha.len() >= 7 && long.starts_with(sha)).then_some(value)
    })
}

fn cuts(history: &History<'_>, repo: &Repo<'_>, how: How) -> Vec<Cut> {
    let runs = repo
        .live
        .iter()
        .filter_map(|run| Some((*run, history.runs.get(*run)?)));
    runs.filter(|(_, run)| !how.needs_commits || run.deployed.commit().is_some())
        .map(|(position, run)| {
            let committed = run
                .deployed
                .commit()
                .filter(|_| how.rule == JoinRule::ByCommitOrTime)
                .and_then(|sha| find_commit(&repo.commits, sha));
            Cut {
                run: position,
                at: committed.copied().unwrap_or(run.deployed.created_at),
                how: committed.map_or(Joined::ByTime, |_| Joined::ByCommit),
            }
        })
        .collect()
}

/// For each of the sorted instants the first cut, in the order given, that is not before it.
fn sweep(instants: &[DateTime<Utc>], cuts: &[Cut]) -> Vec<Option<Brought>> {
    let mut found = Vec::with_capacity(instants.len());
    for (nth, cut) in cuts.iter().enumerate() {
        while let Some(at) = instants.get(found.len()) {
            if *at > cut.at {
                break;
            }
            found.push(Some(Brought {
                run: cut.run,
                how: cut.how,
                is_first: nth == 0,
            }));
        }
    }
    found.resize(instants.len(), None);
    found
}
