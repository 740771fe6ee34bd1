//! Purpose: failures that show without any incident: something was taken back, replaced in a hurry, or an older commit was
//! deployed again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::{Blame, Mended};
use crate::delivery::definitions::Sign;
use crate::delivery::facts::{Change, Says, Subject};
use crate::delivery::history::{History, Run};
use crate::delivery::index::Index;
use crate::delivery::join::{Brought, Delivered, find_commit};
use crate::delivery::reasons::Joined;
use crate::delivery::reverts::reverts;
use crate::delivery::titles::{is_fix, is_neutral};

/// All of them, in every repository.
pub(super) fn blames(history: &History<'_>, deliveries: &[Delivered<'_>], index: &Index<'_>) -> Vec<Blame> {
    let mut found = Vec::new();
    for delivered in deliveries {
        let place = Place::new(history, delivered);
        let rules = &history.definitions.failure;
        found.extend(place.corrected(index));
        if rules.has(Sign::Revert) {
            found.extend(place.reverts());
        }
        found.extend(place.hotfixes());
        if rules.has(Sign::Rollback) {
            found.extend(place.rollbacks());
        }
        if rules.has(Sign::FailedStatus) {
            found.extend(place.failed_runs());
        }
    }
    found
}

/// Deployments that are labelled an unplanned fix, or brought a change so labelled, with what bears the label.
pub(super) fn labelled(history: &History<'_>, deliveries: &[Delivered<'_>]) -> Vec<(usize, Subject)> {
    if !history.definitions.failure.has(Sign::HotfixLabel) {
        return Vec::new();
    }
    let places = deliveries.iter().map(|delivered| Place::new(history, delivered));
    places
        .flat_map(|place| {
            let live = place.live.iter();
            let of_run = |(run, _): &(usize, &Run<'_>)| Some((*run, place.label(*run)?));
            live.filter_map(of_run).collect::<Vec<_>>()
        })
        .collect()
}

/// One repository.
struct Place<'a, 'f> {
    history: &'a History<'f>,
    /// Changes with what brought them, without those that somebody left out; by time of merge.
    changes: Vec<(&'f Change, Option<Brought>)>,
    repository: &'f str,
    /// Deployments that went live, by time.
    live: Vec<(usize, &'a Run<'f>)>,
    /// What each deployment brought.
    brought: BTreeMap<usize, Vec<&'f Change>>,
}

impl<'a, 'f> Place<'a, 'f> {
    fn new(history: &'a History<'f>, delivered: &Delivered<'f>) -> Self {
        let repository = delivered.repository;
        let kept = delivered.changes.iter().copied();
        let changes: Vec<(&Change, Option<Brought>)> = kept
            .filter(|(change, _)| !history.corrections.excludes_change(repository, change.key.number))
            .collect();
        let mut brought: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
        for (change, by) in &changes {
            if let Some(by) = by {
                brought.entry(by.run).or_default().push(change);
            }
        }
        let live = history.repositories.get(repository).map(|repo| &repo.live);
        let runs = live.into_iter().flatten();
        Self {
            history,
            changes,
            repository,
            live: runs
                .filter_map(|run| Some((*run, history.runs.get(*run)?)))
                .collect(),
            brought,
        }
    }

    /// What a person says that a change mends.
    fn corrected(&self, index: &Index<'_>) -> Vec<Blame> {
        if self.history.corrections.is_empty_of_changes() {
            return Vec::new();
        }
        let corrections = &self.history.corrections;
        let said = self.changes.iter().filter_map(|(change, brought)| {
            match corrections.of_change(self.repository, change.key.number)? {
                Says::CausedBy(id) => Some(Blame {
                    run: index.deployment(id)?,
                    how: Joined::ByCorrection,
                    by: Subject::Change(change.key.clone()),
                    mended: Mended::By(brought.map(|brought| brought.run)),
                }),
                Says::NotOurs | Says::NotAnIncident | Says::Exclude => None,
            }
        });
        said.collect()
    }

    /// A change that takes back a delivered one blames the newest deployment before its merge.
    fn reverts(&self) -> Vec<Blame> {
        let changes: Vec<&Change> = self.changes.iter().map(|(change, _)| *change).collect();
        let pairs = reverts(self.history, self.repository, &changes);
        let live = pairs.into_iter().filter_map(|(revert, original)| {
            let (change, brought) = self.changes.get(revert)?;
            let failed = self.newest_before(change.merged_at)?;
            self.was_live(original, change.merged_at).then(|| Blame {
                run: failed,
                how: Joined::ByRevert,
                by: Subject::Change(change.key.clone()),
                mended: Mended::By(brought.map(|brought| brought.run)),
            })
        });
        live.collect()
    }

    /// Whether the nth change was live before `at`.
    fn was_live(&self, nth: usize, at: DateTime<Utc>) -> bool {
        let brought = self.changes.get(nth).and_then(|(_, brought)| *brought);
        let run = brought.and_then(|brought| self.history.runs.get(brought.run));
        run.is_some_and(|run| run.at < at)
    }

    /// The newest deployment strictly before `at`.
    fn newest_before(&self, at: DateTime<Utc>) -> Option<usize> {
        let before = self.live.partition_point(|(_, run)| run.at < at);
        Some(self.live.get(..before)?.last()?.0)
    }

    /// A deployment that is soon replaced by an unplanned fix.
    fn hotfixes(&self) -> Vec<Blame> {
        let rules = &self.history.definitions.failure;
        let soon = Duration::hours(i64::from(rules.soon_hours));
        let pairs = self.live.iter().zip(self.live.iter().skip(1));
        let quick = pairs.filter(|((_, run), (_, next))| next.at - run.at <= soon);
        let mut found = Vec::new();
        for ((failed, _), (next, run)) in quick {
            let mut blame = |how, by| {
                found.push(Blame {
                    run: *failed,
                    how,
                    by,
                    mended: Mended::By(Some(*next)),
                });
            };
            if let Some(labelled) = self.label(*next).filter(|_| rules.has(Sign::HotfixLabel)) {
                blame(Joined::ByHotfixLabel, labelled);
            }
            if rules.has(Sign::HotfixTitle) && self.brings_only_fixes(*next) {
                blame(Joined::ByHotfixTitle, run.subject());
            }
        }
        found
    }

    fn brings_only_fixes(&self, run: usize) -> bool {
        let brought = self.brought.get(&run).map_or(&[][..], Vec::as_slice);
        brought.iter().any(|change| is_fix(&change.title))
            && brought
                .iter()
                .all(|change| is_fix(&change.title) || is_neutral(&change.title))
    }

    /// What bears a label of an unplanned fix: the deployment, or the first change that it brought with one.
    fn label(&self, run: usize) -> Option<Subject> {
        let wanted = &self.history.definitions.failure.hotfix_labels;
        let bears = |labels: &[String]| {
            let mut all = labels.iter();
            all.any(|label| wanted.iter().any(|one| one.eq_ignore_ascii_case(label)))
        };
        let own = self.history.runs.get(run)?;
        if bears(&own.deployed.labels) {
            return Some(own.subject());
        }
        let mut brought = self.brought.get(&run)?.iter();
        let change = brought.find(|change| bears(&change.labels))?;
        Some(Subject::Change(change.key.clone()))
    }

    /// A deployment in whose place an older commit was deployed, in the same environment. Where neither commit is known, the
    /// older is the one that was deployed there first.
    fn rollbacks(&self) -> Vec<Blame> {
        let repo = self.history.repositories.get(self.repository);
        let of = |sha: &str| repo.and_then(|repo| find_commit(&repo.commits, sha));
        let branches: BTreeSet<&str> = self
            .changes
            .iter()
            .map(|(change, _)| change.base_ref.as_str())
            .collect();
        let mut by_name: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        for (position, run) in &self.live {
            if let Some(version) = version(run, &branches) {
                let same = by_name.entry(&run.deployed.name).or_default();
                same.push((*position, version));
            }
        }
        let mut found = Vec::new();
        for deployed in by_name.values() {
            let mut first: BTreeMap<&str, usize> = BTreeMap::new();
            for (nth, (_, version)) in deployed.iter().enumerate() {
                first.entry(version).or_insert(nth);
            }
            let is_older = |old: &str, new: &str| match (of(old), of(new)) {
                (Some(old), Some(new)) => old < new,
                _ => first.get(old) < first.get(new),
            };
            for ((failed, bad), (next, version)) in deployed.iter().zip(deployed.iter().skip(1)) {
                if is_older(version, bad) {
                    found.extend(self.history.runs.get(*next).map(|run| Blame {
                        run: *failed,
                        how: Joined::ByRollback,
                        by: run.subject(),
                        mended: Mended::By(Some(*next)),
                    }));
                }
            }
        }
        found
    }

    /// A run that ended with failure and was soon followed by one that went live in the same environment.
    fn failed_runs(&self) -> Vec<Blame> {
        let soon = Duration::hours(i64::from(self.history.definitions.failure.soon_hours));
        let repo = self.history.repositories.get(self.repository);
        let failed = repo.into_iter().flat_map(|repo| repo.failed.iter().copied());
        failed
            .filter_map(|failed| {
                let run = self.history.runs.get(failed)?;
                let later = self.live.partition_point(|(_, live)| live.at < run.at);
                let mut later = self.live.get(later..)?.iter();
                let (next, mending) = later.find(|(_, live)| live.deployed.name == run.deployed.name)?;
                (mending.at - run.at <= soon).then(|| Blame {
                    run: failed,
                    how: Joined::ByFailedStatus,
                    by: mending.subject(),
                    mended: Mended::By(Some(*next)),
                })
            })
            .collect()
    }
}

/// What was deployed: the commit, or the tag where that is not known. A branch says nothing: it moves. A name that bears no
/// digit is taken for a branch.
fn version<'r>(run: &'r Run<'_>, branches: &BTreeSet<&str>) -> Option<&'r str> {
    let name = run.deployed.git_ref.as_str();
    let is_tag = name.contains(|c: char| c.is_ascii_digit()) && !branches.contains(name);
    run.deployed.commit().or(is_tag.then_some(name))
}
