//! Purpose: which deployments failed, why, how each was mended, and which deployments are there only to mend another. One
//! deployment fails once, however many reasons there are.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::definitions::Sign;
use super::facts::{Outage, Says, Subject};
use super::history::{History, Run};
use super::index::Index;
use super::join::Delivered;
use super::measured::Link;
use super::reasons::{Joined, Why};

/// One reason why a deployment failed.
pub(super) struct Blame {
    /// Position in [`History::runs`].
    pub(super) run: usize,
    pub(super) how: Joined,
    pub(super) by: Subject,
    pub(super) mended: Mended,
}

/// How it was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mended {
    /// With the end of an incident, if that has come.
    Resolved(Option<DateTime<Utc>>),
    /// With this deployment, if the fix is in any.
    By(Option<usize>),
}

/// What failed and what mended.
pub(super) struct Blames<'f> {
    /// The reasons of each failed deployment.
    pub(super) failed: BTreeMap<usize, Vec<Blame>>,
    /// Deployments that are there to mend, with what they mend.
    pub(super) rework: BTreeMap<usize, Vec<Link>>,
    /// Incidents that are put down to no deployment, and why.
    pub(super) unplaced: Vec<(&'f Outage, Why)>,
}

impl<'f> Blames<'f> {
    /// By the definitions of `ours`.
    pub(super) fn new(history: &History<'f>, deliveries: &[Delivered<'f>]) -> Self {
        let index = Index::new(history, deliveries);
        let mut blames = changes::blames(history, deliveries, &index);
        let mut unplaced = Vec::new();
        for outage in &history.outages {
            match culprit(history, &index, outage) {
                Ok((run, how)) => blames.push(Blame {
                    run,
                    how,
                    by: incident(outage),
                    mended: Mended::Resolved(outage.resolved_at),
                }),
                Err(why) => unplaced.push((*outage, why)),
            }
        }
        blames.retain(|blame| {
            let run = history.runs.get(blame.run);
            run.is_some_and(|run| !history.corrections.acquits(&run.deployed.id))
        });
        Self {
            rework: rework(history, deliveries, &index, &blames),
            failed: grouped(blames),
            unplaced,
        }
    }
}

fn grouped(blames: Vec<Blame>) -> BTreeMap<usize, Vec<Blame>> {
    let mut failed: BTreeMap<usize, Vec<Blame>> = BTreeMap::new();
    for blame in blames {
        failed.entry(blame.run).or_default().push(blame);
    }
    for reasons in failed.values_mut() {
        reasons.sort_by(|a, b| (a.how, &a.by).cmp(&(b.how, &b.by)));
        reasons.dedup_by(|a, b| a.how == b.how && a.by == b.by);
    }
    failed
}

/// When a failure was over: with the last of its incidents, or where it has none with the first deployment that mended it.
pub(super) fn over_at(history: &History<'_>, reasons: &[Blame]) -> Result<DateTime<Utc>, Why> {
    let incidents = reasons.iter().filter_map(|reason| match reason.mended {
        Mended::Resolved(at) => Some(at),
        Mended::By(_) => None,
    });
    let ends: Vec<Option<DateTime<Utc>>> = incidents.collect();
    if !ends.is_empty() {
        let known: Option<Vec<DateTime<Utc>>> = ends.into_iter().collect();
        return known
            .and_then(|ends| ends.into_iter().max())
            .ok_or(Why::StillOpen);
    }
    let mending = reasons.iter().filter_map(|reason| match reason.mended {
        Mended::By(run) => history.runs.get(run?).map(|run| run.at),
        Mended::Resolved(_) => None,
    });
    mending.min().ok_or(Why::NoFixYet)
}

pub(super) fn incident(outage: &Outage) -> Subject {
    Subject::Incident {
        source: outage.source.clone(),
        external_id: outage.external_id.clone(),
    }
}

/// The deployment that an incident is put down to, and by which rule.
fn culprit(history: &History<'_>, index: &Index<'_>, outage: &Outage) -> Result<(usize, Joined), Why> {
    match history.corrections.of_incident(outage) {
        Some(Says::Exclude) => return Err(Why::Corrected),
        Some(Says::NotAnIncident) => return Err(Why::Dismissed),
        Some(Says::NotOurs) => return Err(Why::NotOurs),
        Some(Says::CausedBy(id)) => {
            let run = index.deployment(id).ok_or(Why::UnknownCause)?;
            return Ok((run, Joined::ByCorrection));
        }
        None => {}
    }
    if outage.dismissed {
        return Err(Why::Dismissed);
    }
    if !history.definitions.failure.has(Sign::Incident) {
        return Err(Why::NoCause);
    }
    if !outage.causes.is_empty() {
        let mut named = outage.causes.iter();
        let run = named.find_map(|name| index.named(history, outage, name));
        return run
            .map(|run| (run, Joined::ByNamedCause))
            .ok_or(Why::UnknownCause);
    }
    let (repositories, how) = places(history, outage).ok_or(Why::NoRepository)?;
    let days = Duration::days(i64::from(history.definitions.incident_days));
    let newest = repositories
        .into_iter()
        .filter_map(|name| newest_before(history, name, outage.opened_at))
        .max();
    newest
        .filter(|run| {
            let run = history.runs.get(*run);
            run.is_some_and(|run| outage.opened_at - run.at <= days)
        })
        .map(|run| (run, how))
        .ok_or(Why::NoDeploymentBefore)
}

/// The repositories that an incident is about, and how that is known.
fn places<'f>(history: &History<'f>, outage: &'f Outage) -> Option<(BTreeSet<&'f str>, Joined)> {
    if let Some(repository) = &outage.repository {
        return Some((
            BTreeSet::from([history.present(repository)]),
            Joined::ByRepository,
        ));
    }
    let called = outage.service.as_deref()?;
    let names = match history.definitions.services.get(called) {
        Some(service) => service.iter().map(|name| history.present(name)).collect(),
        None => BTreeSet::from([called_so(history, called)?]),
    };
    Some((names, Joined::ByService))
}

/// The one repository whose name without its owner is that of the service, as people mostly call them.
fn called_so<'f>(history: &History<'f>, service: &str) -> Option<&'f str> {
    let is_called_so = |name: &&&str| {
        let short = name.rsplit('/').next().unwrap_or_default();
        short.eq_ignore_ascii_case(service)
    };
    let mut found = history.repositories.keys().filter(is_called_so);
    found.next().copied().filter(|_| found.next().is_none())
}

/// The newest deployment of a repository that was live before `at`.
fn newest_before(history: &History<'_>, repository: &str, at: DateTime<Utc>) -> Option<usize> {
    let live = &history.repositories.get(repository)?.live;
    let is_before = |run: &usize| history.runs.get(*run).is_some_and(|run| run.at < at);
    live.get(..live.partition_point(is_before))?.last().copied()
}

/// Deployments that mended a failed one, are named as the fix of an incident, or are labelled so.
fn rework(
    history: &History<'_>,
    deliveries: &[Delivered<'_>],
    index: &Index<'_>,
    blames: &[Blame],
) -> BTreeMap<usize, Vec<Link>> {
    let mut found: BTreeMap<usize, BTreeSet<(Subject, Joined)>> = BTreeMap::new();
    let subject_of = |run: usize| history.runs.get(run).map(Run::subject);
    for blame in blames {
        if let (Mended::By(Some(run)), Some(failed)) = (blame.mended, subject_of(blame.run)) {
            found.entry(run).or_default().insert((failed, blame.how));
        }
    }
    for outage in history
        .outages
        .iter()
        .filter(|one| history.corrections.dismissal(one).is_none())
    {
        for name in &outage.fixes {
            if let Some(run) = index.named(history, outage, name) {
                let link = (incident(outage), Joined::ByNamedFix);
                found.entry(run).or_default().insert(link);
            }
        }
    }
    for (run, labelled) in changes::labelled(history, deliveries) {
        let link = (labelled, Joined::ByHotfixLabel);
        found.entry(run).or_default().insert(link);
    }
    let links =
        |set: BTreeSet<(Subject, Joined)>| set.into_iter().map(|(to, how)| Link { to, how }).collect();
    found.into_iter().map(|(run, set)| (run, links(set))).collect()
}
