//! Purpose: the metrics as Apache `DevLake` has them, with the benchmarks of 2023 or of 2021.
//!
//! `DevLake` compares commits; we know what a deployment holds by its commit and time, so a change is in the deployment that
//! our join finds, where both have a commit. What is asked for is the project: an incident is blamed on the newest deployment
//! of any of its repositories, however long before. Bots count. Times are in whole minutes: the three stages of a lead time
//! rounded up, recoveries rounded down.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::bands::{self, Band};
use super::blame::incident;
use super::definitions::{JoinRule, Mode};
use super::facts::{Change, Outage};
use super::frequency::{self, Rate};
use super::join::{Delivered, How, deliveries};
use super::lead_time::{Rule, Window, lead_time};
use super::measured::{FiveKeys, Frequency, Link, Measured, Parts, ProofRow, Statistic, Unit};
use super::reasons::{Joined, NoValue, Why};
use super::statistics::seconds;
use super::view::{View, counted, incident_notes, left_out, not_in_mode, recoveries, share};
use super::weeks::{Happened, half_year, median_days, monday, month, points};

const MINUTE: i64 = 60;

/// The metrics; `mode` is one of the two years.
pub(super) fn measure(view: &View<'_>, mode: Mode) -> FiveKeys {
    let how = How {
        rule: JoinRule::ByCommitOrTime,
        needs_commits: true,
    };
    let delivered = deliveries(view.history, how);
    let (changes, pushes) = Delivered::journeys(view.history, &delivered);
    let rule = Rule {
        mode,
        statistic: Statistic::LowerMedian,
        bots: true,
        first: false,
        window: Window::Delivery,
        needs_commits: true,
        nothing: view.nothing(),
        parts: &parts,
    };
    let (lead, delivered_at) = lead_time(view, &changes, &pushes, &rule);
    let live = frequency::proof(view);
    let deployments = frequency::instants(&live);
    let blames = Blames::new(view);
    let (change_fail, failed) = change_fail(view, mode, &blames);
    let (recovery, recovered) = recovery(view, mode, &blames);
    let happened = Happened {
        deployments: deployments.clone(),
        delivered: delivered_at,
        failed,
        recovered,
        rework: Vec::new(),
    };
    FiveKeys {
        mode,
        asked: view.asked.clone(),
        frequency: how_often(view, mode, &deployments, live),
        lead_time: lead,
        change_fail,
        recovery,
        rework: not_in_mode(),
        weeks: points(view.asked, &happened, |values| Statistic::LowerMedian.of(values)),
    }
}

/// The lower median over weeks of the days with a deployment; months and half-years decide the lower bands.
fn how_often(view: &View<'_>, mode: Mode, live: &[DateTime<Utc>], proof: Vec<ProofRow>) -> Frequency {
    frequency::frequency(view, view.nothing(), live, proof, || {
        let days = frequency::days_with(view, live);
        let of = |period| median_days(view.asked, &days, period);
        let (weekly, monthly) = (of(monday), of(month));
        // The second band asks for weeks in 2023 and for months in 2021, and so on.
        let (high, medium) = if mode == Mode::DevLake2021 {
            (monthly, of(half_year))
        } else {
            (weekly, monthly)
        };
        let band = if weekly >= 5.0 {
            Band::Elite
        } else if high >= 1.0 {
            Band::High
        } else if medium >= 1.0 {
            Band::Medium
        } else {
            Band::Low
        };
        Rate {
            value: weekly,
            unit: Unit::DaysPerWeek,
            statistic: Statistic::LowerMedian,
            band: Ok(band),
        }
    })
}

/// Coding, the open pull request, and the way to production; each dropped where it is negative. The open time is divided at
/// the first answer by anybody, bots included.
fn parts(change: &Change, live: DateTime<Utc>) -> Parts {
    let up = |from: DateTime<Utc>, to: DateTime<Utc>| {
        let length = to.timestamp() - from.timestamp();
        (length.max(0) + MINUTE - 1) / MINUTE * MINUTE
    };
    let (opened, merged) = (change.opened_at, change.merged_at);
    let open = up(opened, merged);
    let answered = change.first_response_any_at.filter(|at| *at >= opened);
    let pickup = answered.map_or(0, |at| up(opened, at)).min(open);
    Parts {
        coding: change.first_commit_at.map_or(0, |first| up(first, opened)),
        pickup,
        review: open - pickup,
        merge: 0,
        deploy: up(merged, live),
        out_of_order: change.first_commit_at.is_some_and(|first| first > opened)
            || opened > merged
            || merged > live,
        incomplete: change.first_commit_at.is_none() || answered.is_none(),
    }
}

/// Incidents by the deployment that they are blamed on.
struct Blames<'f> {
    placed: Vec<(&'f Outage, usize)>,
    unplaced: Vec<(&'f Outage, Why)>,
}

impl<'f> Blames<'f> {
    fn new(view: &View<'f>) -> Self {
        let live: Vec<(usize, DateTime<Utc>)> = view
            .runs()
            .filter(|(_, run)| run.is_live())
            .map(|(position, run)| (position, run.at))
            .collect();
        let (mut placed, mut unplaced) = (Vec::new(), Vec::new());
        let outages = view.history.outages.iter();
        for outage in outages.filter(|outage| view.holds_outage(outage)) {
            let before = live.partition_point(|(_, at)| *at < outage.opened_at);
            let newest = live.get(..before).and_then(<[_]>::last);
            match (view.history.corrections.dismissal(outage), newest) {
                (Some(why), _) => unplaced.push((*outage, why)),
                (None, Some((run, _))) => placed.push((*outage, *run)),
                (None, None) => unplaced.push((*outage, Why::NoDeploymentBefore)),
            }
        }
        Self { placed, unplaced }
    }
}

fn change_fail(view: &View<'_>, mode: Mode, blames: &Blames<'_>) -> (Measured, Vec<DateTime<Utc>>) {
    let mut by_run: BTreeMap<usize, Vec<Link>> = BTreeMap::new();
    for (outage, run) in &blames.placed {
        by_run.entry(*run).or_default().push(Link {
            to: incident(outage),
            how: Joined::ByNewestBefore,
        });
    }
    let live = view
        .runs()
        .filter(|(_, run)| run.is_live() && view.holds_instant(run.at));
    let (mut proof, mut failed) = (Vec::new(), Vec::new());
    for (position, run) in live {
        let links = by_run.remove(&position).unwrap_or_default();
        if !links.is_empty() {
            failed.push(run.at);
        }
        let value = if links.is_empty() { 0.0 } else { 1.0 };
        proof.push(counted(run.subject(), run.at, value, links));
    }
    let all = proof.len();
    let unplaced = blames
        .unplaced
        .iter()
        .filter(|(one, _)| view.holds_instant(one.opened_at));
    proof.extend(unplaced.map(|(one, why)| left_out(incident(one), one.opened_at, Vec::new(), *why)));
    let nothing = view.nothing().unwrap_or(NoValue::NoneInWindow);
    let band = |fit, all| Ok(bands::change_fail(mode, fit, all));
    let mut measured = share(failed.len(), all, nothing, band, proof);
    measured.notes = incident_notes(&measured.proof, view.begun().count());
    (measured, failed)
}

/// In 2023 from the blamed deployment, which must be in the window; in 2021 from the incident's begin. The end must be in the
/// window in both.
fn recovery(view: &View<'_>, mode: Mode, blames: &Blames<'_>) -> (Measured, Vec<(DateTime<Utc>, i64)>) {
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    let placed = blames.placed.iter().map(|(outage, run)| (*outage, Some(*run)));
    let unplaced = blames.unplaced.iter();
    let unplaced = unplaced.filter(|(_, why)| mode == Mode::DevLake2021 && *why == Why::NoDeploymentBefore);
    for (outage, run) in placed.chain(unplaced.map(|(outage, _)| (*outage, None))) {
        let run = run.and_then(|run| view.history.runs.get(run));
        let shipped = run.map(|run| run.at).filter(|at| view.holds_instant(*at));
        let start = if mode == Mode::DevLake2021 {
            Some(outage.opened_at)
        } else {
            shipped
        };
        let Some(start) = start else { continue };
        let link = run.map(|run| Link {
            to: run.subject(),
            how: Joined::ByNewestBefore,
        });
        let Some(row) = recovery_row(view, outage, start, link.into_iter().collect()) else {
            continue;
        };
        if let Some(end) = outage.resolved_at.filter(|_| row.value.is_some()) {
            values.push((end, minutes(start, end)));
        }
        proof.push(row);
    }
    let measured = recoveries(mode, Statistic::LowerMedian, view.nothing(), &values, proof);
    (measured, values)
}

/// The line of one incident; `None` where it is nothing to the window.
fn recovery_row(
    view: &View<'_>,
    outage: &Outage,
    start: DateTime<Utc>,
    links: Vec<Link>,
) -> Option<ProofRow> {
    let is_asked = view.holds_instant(start);
    let why = match outage.resolved_at {
        Some(end) if view.holds_instant(end) && end < start => Why::EndsBeforeStart,
        Some(end) if view.holds_instant(end) => {
            let took = seconds(minutes(start, end));
            return Some(counted(incident(outage), start, took, links));
        }
        Some(_) if is_asked => Why::EndsOutsideWindow,
        None if is_asked => Why::StillOpen,
        Some(_) | None => return None,
    };
    Some(left_out(incident(outage), start, links, why))
}

/// Whole minutes, in seconds.
fn minutes(start: DateTime<Utc>, end: DateTime<Utc>) -> i64 {
    (end.timestamp() - start.timestamp()) / MINUTE * MINUTE
}
