//! Purpose: change fail rate and time to restore, from the incidents that name a commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Known;
use crate::delivery::bands;
use crate::delivery::blame::incident;
use crate::delivery::definitions::Mode;
use crate::delivery::facts::{Outage, Says};
use crate::delivery::join::find_commit;
use crate::delivery::measured::{Link, Measured, NoBand, ProofRow, Statistic, Unit};
use crate::delivery::reasons::{About, Joined, NoValue, Why};
use crate::delivery::statistics::{number, seconds};
use crate::delivery::titles::is_commit;
use crate::delivery::view::{View, by_time, counted, left_out, note, recoveries};

const HOUR: i64 = 3_600;

/// The runs that an incident names by their commit, or a person says that it came from; by time.
fn named(view: &View<'_>, known: &Known<'_, '_>, outage: &Outage) -> BTreeMap<usize, Joined> {
    let corrections = &view.history.corrections;
    match corrections.of_incident(outage) {
        Some(Says::CausedBy(id)) => {
            let run = known.by_id.get(id.as_str());
            return run.map(|run| (*run, Joined::ByCorrection)).into_iter().collect();
        }
        Some(Says::NotOurs | Says::NotAnIncident | Says::Exclude) => return BTreeMap::new(),
        None => {}
    }
    let causes = outage
        .causes
        .iter()
        .filter(|cause| is_commit(cause) && !outage.dismissed);
    let runs = causes.filter_map(|cause| find_commit(&known.by_commit, cause));
    runs.flatten().map(|run| (*run, Joined::ByNamedCause)).collect()
}

/// Incidents by deployment, where there are any; each pair is a line.
pub(super) fn change_fail(
    view: &View<'_>,
    nothing: Option<NoValue>,
    known: &Known<'_, '_>,
) -> (Measured, Vec<DateTime<Utc>>) {
    let mut links: BTreeMap<usize, Vec<Link>> = BTreeMap::new();
    let outages = view.history.outages.iter();
    for outage in outages.filter(|one| view.holds_outage(one)) {
        for (run, how) in named(view, known, outage) {
            let to = incident(outage);
            links.entry(run).or_default().push(Link { to, how });
        }
    }
    let (mut rows, mut failed, mut proof) = (0, Vec::new(), Vec::new());
    for (position, (run, _)) in known.runs.iter().enumerate() {
        if !view.holds_instant(run.at) {
            continue;
        }
        let links = links.remove(&position).unwrap_or_default();
        rows += links.len();
        if !links.is_empty() {
            failed.push(run.at);
        }
        proof.push(counted(run.subject(), run.at, number(links.len()), links));
    }
    (rate(view, nothing, rows, proof), failed)
}

fn rate(view: &View<'_>, nothing: Option<NoValue>, rows: usize, mut proof: Vec<ProofRow>) -> Measured {
    let runs = proof.len();
    let nothing = nothing.unwrap_or(NoValue::NoneInWindow);
    let value = (runs > 0).then(|| number(rows) / number(runs)).ok_or(nothing);
    let begun = view.history.outages.iter();
    let begun = begun.filter(|one| view.holds_instant(one.opened_at) && view.holds_outage(one));
    let (unnamed, of) = (begun.clone(), begun.count());
    let unnamed: Vec<ProofRow> = unnamed
        .filter(|one| one.causes.is_empty() && view.history.corrections.of_incident(one).is_none())
        .map(|one| left_out(incident(one), one.opened_at, Vec::new(), Why::NoCause))
        .collect();
    let without = note(About::IncidentsWithoutCause, unnamed.len(), of);
    proof.extend(unnamed);
    Measured {
        value,
        unit: Unit::Share,
        statistic: Statistic::RowsPerDeployment,
        sample: runs,
        interval: None,
        band: value
            .map(|_| bands::change_fail(Mode::FourKeys, rows, runs))
            .map_err(|_| NoBand::NoValue),
        notes: without.into_iter().collect(),
        proof: by_time(proof),
    }
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
        let first = named(view, known, outage).into_iter().next();
        let blamed = first.and_then(|(run, how)| Some((known.runs.get(run)?.0, how)));
        let start = blamed.map_or(outage.opened_at, |(run, _)| run.at.min(outage.opened_at));
        let link = blamed.map(|(run, how)| Link {
            to: run.subject(),
            how,
        });
        let links = link.into_iter().collect();
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
    let measured = recoveries(Mode::FourKeys, Statistic::Median, nothing, &values, proof);
    (measured, values)
}
