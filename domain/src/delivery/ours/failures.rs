//! Purpose: change fail rate, recovery time and rework rate, from who is to blame.

use chrono::{DateTime, Utc};

use crate::delivery::bands;
use crate::delivery::blame::{Blame, Blames, incident, over_at};
use crate::delivery::definitions::Mode;
use crate::delivery::history::Run;
use crate::delivery::measured::{Link, Measured, NoBand, ProofRow, Standing, Statistic};
use crate::delivery::reasons::{NoValue, Why};
use crate::delivery::statistics::seconds;
use crate::delivery::view::{View, counted, incident_notes, left_out, recoveries, share};

/// The runs of the window that can fail: those that went live, and those that a rule says failed.
fn judged<'v, 'f>(view: &'v View<'f>, blames: &Blames<'_>) -> Vec<(usize, &'v Run<'f>)> {
    let runs = view.runs().filter(|(_, run)| view.holds_instant(run.at));
    let judged = runs.filter(|(position, run)| run.is_live() || blames.failed.contains_key(position));
    judged.collect()
}

fn reasons(blames: &[Blame]) -> Vec<Link> {
    let links = blames.iter().map(|blame| Link {
        to: blame.by.clone(),
        how: blame.how,
    });
    links.collect()
}

/// The share of deployments that failed.
pub(super) fn change_fail(view: &View<'_>, blames: &Blames<'_>) -> Measured {
    let judged = judged(view, blames);
    let mut proof: Vec<ProofRow> = judged
        .iter()
        .map(|(position, run)| {
            let failed = blames.failed.get(position).map_or(&[][..], Vec::as_slice);
            let value = if failed.is_empty() { 0.0 } else { 1.0 };
            counted(run.subject(), run.at, value, reasons(failed))
        })
        .collect();
    let failed = judged
        .iter()
        .filter(|(run, _)| blames.failed.contains_key(run))
        .count();
    let unplaced = blames.unplaced.iter();
    let unplaced = unplaced.filter(|(one, _)| view.holds_instant(one.opened_at) && view.holds_outage(one));
    proof.extend(unplaced.map(|(one, why)| left_out(incident(one), one.opened_at, Vec::new(), *why)));
    let band = |fit, all| Ok(bands::change_fail(Mode::Ours, fit, all));
    let mut measured = share(failed, judged.len(), no_runs(view), band, proof);
    measured.notes = incident_notes(&measured.proof, view.begun().count());
    measured
}

fn no_runs(view: &View<'_>) -> NoValue {
    view.nothing().unwrap_or(NoValue::NoneInWindow)
}

/// How long failed deployments of the window lasted, and each with the instant of the deployment.
pub(super) fn recovery(view: &View<'_>, blames: &Blames<'_>) -> (Measured, Vec<(DateTime<Utc>, i64)>) {
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    for (position, run) in judged(view, blames) {
        let Some(why) = blames.failed.get(&position) else {
            continue;
        };
        let links = reasons(why);
        let took = over_at(view.history, why).and_then(|over| {
            let took = over.timestamp() - run.at.timestamp();
            if took < 0 {
                Err(Why::EndsBeforeStart)
            } else {
                Ok(took)
            }
        });
        proof.push(match took {
            Ok(took) => {
                values.push((run.at, took));
                counted(run.subject(), run.at, seconds(took), links)
            }
            Err(why) => left_out(run.subject(), run.at, links, why),
        });
    }
    let measured = recoveries(Mode::Ours, Statistic::Median, view.nothing(), &values, proof);
    (measured, values)
}

/// The share of deployments that were there only to mend.
pub(super) fn rework(view: &View<'_>, blames: &Blames<'_>) -> Measured {
    let runs = view
        .runs()
        .filter(|(_, run)| run.is_live() && view.holds_instant(run.at));
    let proof: Vec<ProofRow> = runs
        .map(|(position, run)| {
            let links = blames.rework.get(&position).cloned().unwrap_or_default();
            let value = if links.is_empty() { 0.0 } else { 1.0 };
            counted(run.subject(), run.at, value, links)
        })
        .collect();
    let (all, mending) = (
        proof.len(),
        proof.iter().filter(|row| !row.links.is_empty()).count(),
    );
    share(
        mending,
        all,
        no_runs(view),
        |_, _| Err(NoBand::NonePublished),
        proof,
    )
}

/// The instants of the deployments that fit.
pub(super) fn marked(measured: &Measured) -> Vec<DateTime<Utc>> {
    let rows = measured.proof.iter();
    let fit = rows.filter(|row| row.standing == Standing::Counted && row.value.is_some_and(|one| one > 0.5));
    fit.map(|row| row.at).collect()
}
