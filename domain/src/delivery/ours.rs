//! Purpose: the five metrics by our own definitions.
//!
//! A deployment is what went live; it fails once however many reasons there are; a change is delivered by the first
//! deployment that holds it; an incident is put down to a deployment of its own repository, and not to one of long ago.

mod failures;

use chrono::{DateTime, Utc};

use super::definitions::Mode;
use super::facts::Change;
use super::frequency::{self, Rate};
use super::join::{Delivered, How, deliveries};
use super::lead_time::{Rule, Window, lead_time};
use super::measured::{FiveKeys, Frequency, Measured, NoBand, Parts, Statistic, Unit};
use super::reasons::About;
use super::view::{View, note};
use super::weeks::{Happened, points};
use super::{bands, blame, definitions, parts};

/// All five.
pub(super) fn measure(view: &View<'_>) -> FiveKeys {
    let definitions = view.history.definitions;
    let how = How {
        rule: definitions.join,
        needs_commits: false,
    };
    let delivered = deliveries(view.history, how);
    let blames = blame::Blames::new(view.history, &delivered);
    let (changes, pushes) = Delivered::journeys(view.history, &delivered);
    let parts = |change: &Change, live| parts::parts(change, definitions.lead_time_from, live);
    let rule = rule(view, &parts);
    let (mut lead, delivered_at) = lead_time(view, &changes, &pushes, &rule);
    keep_band(view, &mut lead.time);
    let live = frequency::proof(view);
    let deployments = frequency::instants(&live);
    let frequency = how_often(view, &deployments, live, &delivered);
    let mut change_fail = failures::change_fail(view, &blames);
    let (mut recovery, recovered) = failures::recovery(view, &blames);
    keep_band(view, &mut change_fail);
    keep_band(view, &mut recovery);
    let rework = failures::rework(view, &blames);
    let happened = Happened {
        deployments,
        delivered: delivered_at,
        failed: failures::marked(&change_fail),
        recovered,
        rework: failures::marked(&rework),
    };
    FiveKeys {
        mode: Mode::Ours,
        asked: view.asked.clone(),
        frequency,
        lead_time: lead,
        change_fail,
        recovery,
        rework,
        weeks: points(view.asked, &happened, |values| Statistic::Median.of(values)),
    }
}

fn rule<'r>(view: &View<'_>, parts: &'r dyn Fn(&Change, DateTime<Utc>) -> Parts) -> Rule<'r> {
    Rule {
        mode: Mode::Ours,
        statistic: Statistic::Median,
        bots: view.history.definitions.count_bots,
        first: false,
        window: Window::Delivery,
        needs_commits: false,
        nothing: view.nothing(),
        parts,
    }
}

/// No band is shown of a small sample.
fn keep_band(view: &View<'_>, measured: &mut Measured) {
    if measured.band.is_ok() && !is_enough(view.history.definitions, measured.sample) {
        measured.band = Err(NoBand::SmallSample);
    }
}

fn is_enough(definitions: &definitions::Definitions, sample: usize) -> bool {
    sample >= usize::try_from(definitions.minimum_sample).unwrap_or(usize::MAX)
}

/// The rate over the window. Many weeks with few deployments tell as much as many deployments: either is sample enough for
/// a band.
fn how_often(
    view: &View<'_>,
    live: &[DateTime<Utc>],
    proof: Vec<super::ProofRow>,
    delivered: &[Delivered<'_>],
) -> Frequency {
    let mut frequency = frequency::frequency(view, view.nothing(), live, proof, || {
        let value = frequency::per_week(view.asked, live.len());
        Rate {
            value,
            unit: Unit::PerWeek,
            statistic: Statistic::Rate,
            band: Ok(bands::frequency(value)),
        }
    });
    let rate = &mut frequency.rate;
    if rate.value.is_ok() {
        rate.interval = frequency::per_week_interval(view.asked, live);
        let weeks = (view.asked.to - view.asked.from).num_weeks();
        let evidence = live.len().max(usize::try_from(weeks).unwrap_or(0));
        if rate.band.is_ok() && !is_enough(view.history.definitions, evidence) {
            rate.band = Err(NoBand::SmallSample);
        }
    }
    let asked = delivered.iter().filter(|one| view.holds(one.repository));
    let unknown = asked.flat_map(|one| one.unknown.iter());
    let within = unknown.filter(|run| {
        let run = view.history.runs.get(**run);
        run.is_some_and(|run| view.holds_instant(run.at))
    });
    let unknown = note(About::DeploymentsWithoutKnownCommit, within.count(), live.len());
    rate.notes.extend(unknown);
    frequency
}
