//! Purpose: change fail rate and time to restore, from the incidents that name a commit.

use chrono::{DateTime, Utc};

use super::{Head, Known};
use crate::delivery::bands;
use crate::delivery::blame::incident;
use crate::delivery::definitions::Mode;
use crate::delivery::facts::{Outage, Says};
use crate::delivery::history::Run;
use crate::delivery::measured::{Link, Measured, NoBand, ProofRow, Statistic, Unit};
use crate::delivery::reasons::{About, Joined, NoValue, Why};
use crate::delivery::statistics::{number, seconds};
use crate::delivery::titles::is_commit;
use crate::delivery::view::{View, by_time, counted, left_out, left_out_for, note, times};

const HOUR: i64 = 3_600;

/// Whether an incident names what the run deployed, or a person says so.
fn names(view: &View<'_>, outage: &Outage, run: &Run<'_>) -> Option<Joined> {
    let corrections = &view.history.corrections;
    match corrections.of_incident(outage) {
        Some(Says::CausedBy(id)) => return (*id == run.deployed.id).then_some(Joined::ByCorrection),
        Some(Says::NotOurs | Says::NotAnIncident | Says::Exclude) => return None,
        None => {}
    }
    let sha = run.deployed.commit()?;
    let mut causes = outage.causes.iter().filter(|cause| is_commit(cause));
    let is_named = !outage.dismissed && causes.any(|cause| sha.starts_with(cause.as_str()));
    is_named.then_some(Joined::ByNamedCause)
}

/// Incidents by deployment, where there are any; each pair is a line.
pub(super) fn change_fail(
    view: &View<'_>,
    nothing: Option<NoValue>,
    runs: &[(&Run<'_>, Head<'_>)],
) -> (Measured, Vec<DateTime<Utc>>) {
    let named: Vec<&Outage> = naming(view);
    let (mut rows, mut failed, mut proof) = (0, Vec::new(), Vec::new());
    for (run, _) in runs {
        let links: Vec<Link> = named
            .iter()
            .filter_map(|outage| {
                Some(Link {
                    to: incident(outage),
                    how: names(view, outage, run)?,
                })
            })
            .collect();
        rows += links.len();
        if !links.is_empty() {
            failed.push(run.at);
        }
        proof.push(counted(run.subject(), run.at, number(links.len()), links));
    }
    let nothing = nothing.unwrap_or(NoValue::NoneInWindow);
    let value = (!runs.is_empty())
        .then(|| number(rows) / number(runs.len()))
        .ok_or(nothing);
    let unnamed = view.history.outages.iter();
    let unnamed = unnamed.filter(|one| view.holds_instant(one.opened_at) && view.holds_outage(one));
    let unnamed: Vec<ProofRow> = unnamed
        .filter(|one| one.causes.is_empty() && view.history.corrections.of_incident(one).is_none())
        .map(|one| left_out(incident(one), one.opened_at, Vec::new(), Why::NoCause))
        .collect();
    let without = note(
        About::IncidentsWithoutCause,
        unnamed.len(),
        unnamed.len() + named.len(),
    );
    proof.extend(unnamed);
    let measured = Measured {
        value,
        unit: Unit::Share,
        statistic: Statistic::RowsPerDeployment,
        sample: runs.len(),
        interval: None,
        band: value
            .map(|_| bands::change_fail(Mode::FourKeys, rows, runs.len()))
            .map_err(|_| NoBand::NoValue),
        notes: without.into_iter().collect(),
        proof: by_time(proof),
    };
    (measured, failed)
}

/// Incidents that name anything, or that a person put down to something.
fn naming<'f>(view: &View<'f>) -> Vec<&'f Outage> {
    let outages = view.history.outages.iter().copied();
    outages
        .filter(|one| view.holds_outage(one))
        .filter(|one| !one.causes.is_empty() || view.history.corrections.of_incident(one).is_some())
        .collect()
}

/// From the earlier of the incident and the deployment that it names, in whole hours.
pub(super) fn recovery(
    view: &View<'_>,
    nothing: Option<NoValue>,
    known: &Known<'_, '_>,
) -> (Measured, Vec<(DateTime<Utc>, i64)>) {
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    let begun = view.history.outages.iter();
    for outage in begun.filter(|one| view.holds_instant(one.opened_at) && view.holds_outage(one)) {
        if view.history.corrections.dismisses(outage) {
            continue;
        }
        let mut runs = known.runs.iter();
        let blamed = runs.find_map(|(run, _)| Some((run, names(view, outage, run)?)));
        let start = blamed.map_or(outage.opened_at, |(run, _)| run.at.min(outage.opened_at));
        let links: Vec<Link> = (blamed.into_iter())
            .map(|(run, how)| Link {
                to: run.subject(),
                how,
            })
            .collect();
        proof.push(match outage.resolved_at {
            None => left_out(incident(outage), start, links, Why::StillOpen),
            Some(end) if end < start => left_out(incident(outage), start, links, Why::EndsBeforeStart),
            Some(end) => {
                let took = (end.timestamp() - start.timestamp()) / HOUR * HOUR;
                values.push((outage.opened_at, took));
                counted(incident(outage), start, seconds(took), links)
            }
        });
    }
    let none = if proof.is_empty() {
        NoValue::NothingFailed
    } else {
        NoValue::NothingRecovered
    };
    let took = values.iter().map(|(_, took)| *took).collect();
    let band = |value| bands::recovery(Mode::FourKeys, value);
    let of = proof.len();
    let mut measured = times(took, Statistic::Median, nothing.unwrap_or(none), band, proof);
    let open = left_out_for(&measured.proof, Why::StillOpen);
    measured.notes.extend(note(About::IncidentsOpen, open, of));
    (measured, values)
}
