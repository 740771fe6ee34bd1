//! Purpose: change failure rate and mean time to recovery, from incidents and pull requests that were taken back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::delivery::bands;
use crate::delivery::blame::incident;
use crate::delivery::definitions::Mode;
use crate::delivery::facts::{Change, Subject};
use crate::delivery::history::Run;
use crate::delivery::measured::{Link, Measured, ProofRow, Statistic};
use crate::delivery::reasons::{Joined, NoValue, Why};
use crate::delivery::reverts::reverts;
use crate::delivery::statistics::seconds;
use crate::delivery::view::{View, counted, incident_notes, left_out, recoveries, share};

/// What went wrong, from when to when.
pub(super) struct Wrong {
    subject: Subject,
    /// What it was taken back by.
    links: Vec<Link>,
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
    /// Why it does not count, if it does not.
    why_not: Option<Why>,
}

/// Incidents, and pull requests that were taken back, of any time; by when they began.
pub(super) fn incidents(view: &View<'_>) -> Vec<Wrong> {
    let corrections = &view.history.corrections;
    let outages = view.history.outages.iter();
    let mut found: Vec<Wrong> = outages
        .filter(|one| view.holds_outage(one))
        .map(|outage| Wrong {
            subject: incident(outage),
            links: Vec::new(),
            from: outage.opened_at,
            to: outage.resolved_at,
            why_not: corrections.dismissal(outage),
        })
        .collect();
    let repositories = view
        .history
        .repositories
        .iter()
        .filter(|(name, _)| view.holds(name));
    for (name, repo) in repositories {
        let mut seen = BTreeSet::new();
        let changes = repo.changes.iter().copied();
        let changes: Vec<&Change> = changes
            .filter(|change| !corrections.excludes_change(name, change.key.number))
            .collect();
        for (revert, original) in reverts(view.history, name, &changes) {
            let pair = changes.get(revert).zip(changes.get(original));
            let Some((revert, change)) = pair.filter(|_| seen.insert(original)) else {
                continue;
            };
            found.push(Wrong {
                subject: Subject::Change(change.key.clone()),
                links: vec![Link {
                    to: Subject::Change(revert.key.clone()),
                    how: Joined::ByRevert,
                }],
                from: change.merged_at,
                to: Some(revert.merged_at),
                why_not: None,
            });
        }
    }
    found.sort_by(|a, b| (a.from, &a.subject).cmp(&(b.from, &b.subject)));
    found
}

pub(super) fn change_fail(
    view: &View<'_>,
    nothing: Option<NoValue>,
    runs: &[&Run<'_>],
    incidents: &[Wrong],
) -> (Measured, Vec<DateTime<Utc>>) {
    let within = incidents.iter().filter(|one| view.holds_instant(one.from));
    let begun = within.clone().count();
    let mut blamed: BTreeMap<usize, Vec<Link>> = BTreeMap::new();
    let mut proof: Vec<ProofRow> = Vec::new();
    for one in within {
        let (to, links) = (one.subject.clone(), one.links.clone());
        let before = runs.partition_point(|run| run.deployed.created_at <= one.from);
        match (one.why_not, before.checked_sub(1)) {
            (Some(why), _) => proof.push(left_out(to, one.from, links, why)),
            (None, Some(run)) => blamed.entry(run).or_default().push(Link {
                to,
                how: Joined::BetweenDeployments,
            }),
            (None, None) => proof.push(left_out(to, one.from, links, Why::NoDeploymentBefore)),
        }
    }
    let mut failed = Vec::new();
    for (nth, run) in runs.iter().enumerate() {
        let links = blamed.remove(&nth).unwrap_or_default();
        let (at, has_failed) = (run.deployed.created_at, !links.is_empty());
        failed.extend(has_failed.then_some(at));
        let value = if has_failed { 1.0 } else { 0.0 };
        proof.push(counted(run.subject(), at, value, links));
    }
    let nothing = nothing.unwrap_or(NoValue::NoneInWindow);
    let band = |fit, all| Ok(bands::change_fail(Mode::Middleware, fit, all));
    let mut measured = share(failed.len(), runs.len(), nothing, band, proof);
    measured.notes = incident_notes(&measured.proof, begun);
    (measured, failed)
}

/// The mean from begin to end of what ended in the window.
pub(super) fn recovery(
    view: &View<'_>,
    nothing: Option<NoValue>,
    incidents: &[Wrong],
) -> (Measured, Vec<(DateTime<Utc>, i64)>) {
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    for one in incidents.iter().filter(|one| one.why_not.is_none()) {
        let (subject, links) = (one.subject.clone(), one.links.clone());
        match one.to {
            Some(to) if view.holds_instant(to) && to < one.from => {
                proof.push(left_out(subject, one.from, links, Why::EndsBeforeStart));
            }
            Some(to) if view.holds_instant(to) => {
                let took = to.timestamp() - one.from.timestamp();
                values.push((to, took));
                proof.push(counted(subject, one.from, seconds(took), links));
            }
            None if view.holds_instant(one.from) => {
                proof.push(left_out(subject, one.from, links, Why::StillOpen));
            }
            Some(_) | None => {}
        }
    }
    let measured = recoveries(Mode::Middleware, Statistic::Mean, nothing, &values, proof);
    (measured, values)
}
