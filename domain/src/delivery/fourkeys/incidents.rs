//! Purpose: change fail rate and time to restore, from the incidents that name a commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Known;
use crate::delivery::bands;
use crate::delivery::blame::incident;
use crate::delivery::definitions::Mode;
use crate::delivery::facts::{Outage, Says};
use crate::delivery::join::find_commit;
use crate::delivery::measured::{Link, Measured, NoBand, Note, ProofRow, Statistic, Unit};
use crate::delivery::reasons::{Joined, NoValue, Why};
use crate::delivery::statistics::{number, seconds};
use crate::delivery::titles::is_commit;
use crate::delivery::view::{View, by_time, counted, incident_notes, left_out, recoveries};

const HOUR: i64 = 3_600;

/// The runs that an incident names by their commit, or a person says that it came from, by time; or why there is none.
fn blamed(view: &View<'_>, known: &Known<'_, '_>, outage: &Outage) -> Result<BTreeMap<usize, Joined>, Why> {
    let corrections = &view.history.corrections;
    match corrections.of_incident(outage) {
        Some(Says::CausedBy(id)) => {
            let run = known.by_id.get(id.as_str()).ok_or(Why::UnknownCause)?;
            return Ok([(*run, Joined::ByCorrection)].into());
        }
        Some(Says::NotOurs) => return Err(Why::NotOurs),
        Some(Says::NotAnIncident | Says::Exclude) | None => {}
    }
    if let Some(why) = corrections.dismissal(outage) {
        return Err(why);
    }
    if outage.causes.is_empty() {
        return Err(Why::NoCause);
    }
    let commits = outage.causes.iter().filter(|cause| is_commit(cause));
    let runs = commits.filter_map(|commit| find_commit(&known.by_commit, commit));
    let named: BTreeMap<usize, Joined> = runs.flatten().map(|run| (*run, Joined::ByNamedCause)).collect();
    if named.is_empty() {
        return Err(Why::UnknownCause);
    }
    Ok(named)
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
        for (run, how) in blamed(view, known, outage).unwrap_or_default() {
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
    let runs = proof.len();
    proof.extend(view.begun().filter_map(|one| {
        let why = blamed(view, known, one).err()?;
        Some(left_out(incident(one), one.opened_at, Vec::new(), why))
    }));
    let notes = incident_notes(&proof, view.begun().count());
    let nothing = nothing.unwrap_or(NoValue::NoneInWindow);
    (rate(nothing, rows, runs, notes, proof), failed)
}

fn rate(nothing: NoValue, rows: usize, runs: usize, notes: Vec<Note>, proof: Vec<ProofRow>) -> Measured {
    let value = (runs > 0).then(|| number(rows) / number(runs)).ok_or(nothing);
    Measured {
        value,
        unit: Unit::Share,
        statistic: Statistic::RowsPerDeployment,
        sample: runs,
        interval: None,
        band: value
            .map(|_| bands::change_fail(Mode::FourKeys, rows, runs))
            .map_err(|_| NoBand::NoValue),
        notes,
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
    for outage in view.begun() {
        let first = match blamed(view, known, outage) {
            Err(Why::Corrected | Why::Dismissed) => continue,
            found => found.unwrap_or_default().into_iter().next(),
        };
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
