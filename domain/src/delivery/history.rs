//! Purpose: the facts in order: each thing once, in the order of time, under the name its repository has now, with what
//! people corrected applied. Everything after this reads sorted lists, so the order in which facts are told cannot matter.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::definitions::Definitions;
use super::facts::{Change, Correction, DeliveryFacts, Deployed, DirectPush, Outage, Outcome, Says, Subject};
use super::production::Production;
use super::reasons::Why;
use crate::id::RepositoryName;

/// A run that counts as a deployment to production, whether or not it went live.
pub(super) struct Run<'f> {
    pub(super) deployed: &'f Deployed,
    /// The repository under its present name.
    pub(super) repository: &'f str,
    /// When it ended.
    pub(super) at: DateTime<Utc>,
}

impl Run<'_> {
    pub(super) fn is_live(&self) -> bool {
        self.deployed.outcome == Outcome::Success
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::Deployment(self.deployed.id.clone())
    }
}

/// What is known of one repository.
#[derive(Default)]
pub(super) struct Repo<'f> {
    /// By time of merge.
    pub(super) changes: Vec<&'f Change>,
    /// By time.
    pub(super) pushes: Vec<&'f DirectPush>,
    /// The commits that we know, merges and heads of pushes, with when they came to the default branch.
    pub(super) commits: BTreeMap<&'f str, DateTime<Utc>>,
    /// Positions in [`History::runs`], of those that went live.
    pub(super) live: Vec<usize>,
    /// The same of those that did not.
    pub(super) failed: Vec<usize>,
}

/// The newest correction of each thing.
#[derive(Default)]
pub(super) struct Corrections<'f> {
    deployments: BTreeMap<&'f str, &'f Correction>,
    changes: BTreeMap<(&'f str, i64), &'f Correction>,
    incidents: BTreeMap<(&'f str, &'f str), &'f Correction>,
}

/// All facts, in order.
pub(super) struct History<'f> {
    pub(super) definitions: &'f Definitions,
    pub(super) repositories: BTreeMap<&'f str, Repo<'f>>,
    /// Runs that count, by time.
    pub(super) runs: Vec<Run<'f>>,
    /// Production runs that somebody left out, by time.
    pub(super) excluded: Vec<Run<'f>>,
    /// Runs that do not count as production, by time.
    pub(super) others: Vec<Run<'f>>,
    /// By when they began; dismissed and corrected ones too.
    pub(super) outages: Vec<&'f Outage>,
    pub(super) corrections: Corrections<'f>,
}

impl<'f> History<'f> {
    pub(super) fn new(facts: &'f DeliveryFacts, definitions: &'f Definitions) -> Self {
        let mut history = Self {
            definitions,
            repositories: BTreeMap::new(),
            runs: Vec::new(),
            excluded: Vec::new(),
            others: Vec::new(),
            outages: outages(facts),
            corrections: Corrections::default(),
        };
        history.take_corrections(facts);
        history.take_changes(facts);
        history.take_pushes(facts);
        history.take_runs(facts);
        history
    }

    /// The name that a repository has now.
    pub(super) fn present<'n>(&self, name: &'n RepositoryName) -> &'n str
    where
        'f: 'n,
    {
        self.definitions.present(name)
    }

    fn take_corrections(&mut self, facts: &'f DeliveryFacts) {
        let mut sorted: Vec<&Correction> = facts.corrections.iter().collect();
        sorted.sort_unstable();
        for correction in sorted {
            match &correction.subject {
                Subject::Deployment(id) => {
                    self.corrections.deployments.insert(id, correction);
                }
                Subject::Change(key) => {
                    let name = self.present(&key.repository);
                    self.corrections.changes.insert((name, key.number), correction);
                }
                Subject::Incident { source, external_id } => {
                    self.corrections
                        .incidents
                        .insert((source, external_id), correction);
                }
                // What counts in no metric that could be corrected.
                Subject::Push { .. } | Subject::CiRun { .. } | Subject::Review { .. } => {}
            }
        }
    }

    fn take_changes(&mut self, facts: &'f DeliveryFacts) {
        // They come by repository and day: a name is looked up once for many.
        for told in facts
            .changes
            .chunk_by(|a, b| a.key.repository == b.key.repository)
        {
            if let Some(first) = told.first() {
                let name = self.present(&first.key.repository);
                self.repositories.entry(name).or_default().changes.extend(told);
            }
        }
        for repo in self.repositories.values_mut() {
            repo.changes = once_each(std::mem::take(&mut repo.changes));
        }
    }

    fn take_pushes(&mut self, facts: &'f DeliveryFacts) {
        let mut by_head: BTreeMap<(&str, &str), &DirectPush> = BTreeMap::new();
        for push in &facts.pushes {
            let known = by_head
                .entry((self.present(&push.repository), &push.head_sha))
                .or_insert(push);
            *known = (*known).max(push);
        }
        for ((name, _), push) in by_head {
            self.repositories.entry(name).or_default().pushes.push(push);
        }
        for repo in self.repositories.values_mut() {
            // What is told both as a push and as a merge is a merge.
            if !repo.pushes.is_empty() {
                let merges = repo
                    .changes
                    .iter()
                    .filter_map(|change| change.merge_commit_sha.as_deref());
                let merges: HashSet<&str> = merges.collect();
                repo.pushes
                    .retain(|push| !merges.contains(push.head_sha.as_str()));
            }
            repo.pushes
                .sort_by(|a, b| (a.at, &a.head_sha).cmp(&(b.at, &b.head_sha)));
            repo.commits = known_commits(repo);
        }
    }

    fn take_runs(&mut self, facts: &'f DeliveryFacts) {
        let mut by_id: BTreeMap<&str, &Deployed> = BTreeMap::new();
        for deployed in &facts.deployments {
            let known = by_id.entry(&deployed.id).or_insert(deployed);
            *known = std::cmp::max_by_key(*known, deployed, |one| statement(one));
        }
        let production = Production::new(&self.definitions.production);
        let mut all: Vec<&Deployed> = by_id.into_values().collect();
        all.sort_by(|a, b| (a.at(), a.created_at, &a.id).cmp(&(b.at(), b.created_at, &b.id)));
        for deployed in all {
            let run = Run {
                deployed,
                repository: self.present(&deployed.repository),
                at: deployed.at(),
            };
            if !production.holds(deployed) {
                self.others.push(run);
            } else if self.corrections.excludes_deployment(&deployed.id) {
                self.excluded.push(run);
            } else {
                self.take_run(run);
            }
        }
    }

    fn take_run(&mut self, run: Run<'f>) {
        let position = self.runs.len();
        let repo = self.repositories.entry(run.repository).or_default();
        let known = if run.is_live() {
            &mut repo.live
        } else {
            &mut repo.failed
        };
        known.push(position);
        self.runs.push(run);
    }
}

/// Each change once, by time of merge. Of several statements about one the greatest stays.
fn once_each(told: Vec<&Change>) -> Vec<&Change> {
    let mut places: HashMap<i64, usize> = HashMap::with_capacity(told.len());
    let mut changes: Vec<&Change> = Vec::with_capacity(told.len());
    for change in told {
        let place = *places.entry(change.key.number).or_insert(changes.len());
        match changes.get_mut(place) {
            Some(known) => *known = (*known).max(change),
            None => changes.push(change),
        }
    }
    // They come nearly in order, which costs little to find out.
    changes.sort_by_key(|change| (change.merged_at, change.key.number));
    changes
}

/// The commits of a repository that we know the time of: merges and pushes.
fn known_commits<'f>(repo: &Repo<'f>) -> BTreeMap<&'f str, DateTime<Utc>> {
    let merges = repo.changes.iter().filter_map(|change| {
        let sha = change.merge_commit_sha.as_deref().filter(|sha| !sha.is_empty());
        Some((sha?, change.merged_at))
    });
    let pushes = repo.pushes.iter().map(|push| (push.head_sha.as_str(), push.at));
    pushes.chain(merges).collect()
}

/// Of two statements about one deployment the greater counts: that it went live, and when it first did.
fn statement(deployed: &Deployed) -> (Outcome, Reverse<DateTime<Utc>>, &Deployed) {
    (deployed.outcome, Reverse(deployed.ended_at), deployed)
}

/// Each incident once, by when it began.
fn outages(facts: &DeliveryFacts) -> Vec<&Outage> {
    let mut by_id: BTreeMap<(&str, &str), &Outage> = BTreeMap::new();
    for outage in &facts.outages {
        let known = by_id
            .entry((&outage.source, &outage.external_id))
            .or_insert(outage);
        *known = (*known).max(outage);
    }
    let mut sorted: Vec<&Outage> = by_id.into_values().collect();
    sorted.sort_by(|a, b| {
        (a.opened_at, &a.source, &a.external_id).cmp(&(b.opened_at, &b.source, &b.external_id))
    });
    sorted
}

impl<'f> Corrections<'f> {
    pub(super) fn of_incident(&self, outage: &Outage) -> Option<&'f Says> {
        let key = (outage.source.as_str(), outage.external_id.as_str());
        self.incidents.get(&key).map(|correction| &correction.says)
    }

    pub(super) fn of_change(&self, repository: &str, number: i64) -> Option<&'f Says> {
        let key = (repository, number);
        self.changes.get(&key).map(|correction| &correction.says)
    }

    pub(super) fn of_deployment(&self, id: &str) -> Option<&'f Says> {
        self.deployments.get(id).map(|correction| &correction.says)
    }

    fn excludes_deployment(&self, id: &str) -> bool {
        self.of_deployment(id) == Some(&Says::Exclude)
    }

    pub(super) fn excludes_change(&self, repository: &str, number: i64) -> bool {
        self.of_change(repository, number) == Some(&Says::Exclude)
    }

    pub(super) fn is_empty_of_changes(&self) -> bool {
        self.changes.is_empty()
    }

    /// A person said that the deployment did not fail.
    pub(super) fn acquits(&self, id: &str) -> bool {
        matches!(self.of_deployment(id), Some(Says::NotOurs | Says::NotAnIncident))
    }

    /// Why the incident is none that counts, if it is none: a person said so, or its source.
    pub(super) fn dismissal(&self, outage: &Outage) -> Option<Why> {
        match self.of_incident(outage) {
            Some(Says::Exclude) => Some(Why::Corrected),
            Some(Says::NotAnIncident) => Some(Why::Dismissed),
            Some(Says::NotOurs | Says::CausedBy(_)) | None => outage.dismissed.then_some(Why::Dismissed),
        }
    }
}
