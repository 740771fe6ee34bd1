//! Purpose: how often something goes live: the parts that are the same in all modes.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::bands::Band;
use super::definitions::Asked;
use super::measured::{Frequency, Interval, Measured, NoBand, Note, ProofRow, Standing, Statistic, Unit};
use super::reasons::{About, NoValue, Why};
use super::statistics::{number, percentile, ratio_interval, seconds};
use super::view::{View, by_time, counted, left_out, left_out_for, note};
use super::weeks::{Happened, counts_and_lengths, day, points};

const WEEK_SECONDS: f64 = 604_800.0;

/// The value of a mode, in its unit.
pub(super) struct Rate {
    pub(super) value: f64,
    pub(super) unit: Unit,
    pub(super) statistic: Statistic,
    pub(super) band: Result<Band, NoBand>,
}

/// The frequency of deployments at `live` (sorted, all in the window). `rate` is not asked where `nothing` says why there is
/// nothing to count.
pub(super) fn frequency(
    view: &View<'_>,
    nothing: Option<NoValue>,
    live: &[DateTime<Utc>],
    proof: Vec<ProofRow>,
    rate: impl FnOnce() -> Rate,
) -> Frequency {
    let told = nothing.is_none().then(rate);
    let unit = told.as_ref().map_or(Unit::PerWeek, |rate| rate.unit);
    let statistic = told.as_ref().map_or(Statistic::Rate, |rate| rate.statistic);
    let happened = Happened {
        deployments: live.to_vec(),
        ..Happened::default()
    };
    let weeks = points(view.asked, &happened, |_| None);
    let whole = weeks.iter().filter(|week| !week.is_partial);
    let mut per_week: Vec<i64> = whole
        .filter_map(|week| i64::try_from(week.deployments).ok())
        .collect();
    per_week.sort_unstable();
    let is_known = nothing.is_none();
    Frequency {
        days_with_deployment: days_with(view, live).len(),
        median_per_week: percentile(&per_week, 50).filter(|_| is_known),
        per_week_between_first_and_last: between_first_and_last(live),
        rate: Measured {
            value: told
                .as_ref()
                .map(|rate| rate.value)
                .ok_or(nothing.unwrap_or(NoValue::NoDeployments)),
            unit,
            statistic,
            sample: live.len(),
            interval: None,
            band: told.map_or(Err(NoBand::NoValue), |rate| rate.band),
            notes: notes(view, &proof),
            proof: by_time(proof),
        },
    }
}

/// The days of the zone on which something went live.
pub(super) fn days_with(view: &View<'_>, live: &[DateTime<Utc>]) -> BTreeSet<NaiveDate> {
    live.iter().map(|at| day(view.asked, *at)).collect()
}

/// So many a week over the window: the number divided by the length of the window.
pub(crate) fn per_week(asked: &Asked, count: usize) -> f64 {
    let length = (asked.to - asked.from).num_milliseconds().max(1);
    number(count) * WEEK_SECONDS * 1_000.0 / seconds(length)
}

/// How sure [`per_week`] is: the weeks of the window drawn again, each with its length.
pub(crate) fn per_week_interval(asked: &Asked, at: &[DateTime<Utc>]) -> Option<Interval> {
    let weeks = counts_and_lengths(asked, at);
    let mut interval = ratio_interval(&weeks)?;
    interval.low *= WEEK_SECONDS;
    interval.high *= WEEK_SECONDS;
    Some(interval)
}

fn between_first_and_last(live: &[DateTime<Utc>]) -> Option<f64> {
    let length = (*live.last()? - *live.first()?).num_seconds();
    (length > 0).then(|| number(live.len()) * WEEK_SECONDS / seconds(length))
}

fn notes(view: &View<'_>, proof: &[ProofRow]) -> Vec<Note> {
    let others = view.of(&view.history.others).len();
    let failed = left_out_for(proof, Why::FailedRun);
    let excluded = left_out_for(proof, Why::Corrected);
    let all = proof.len() + others;
    [
        note(About::DeploymentsNotProduction, others, all),
        note(About::DeploymentsFailedRuns, failed, proof.len() - excluded),
        note(About::Corrected, excluded, all),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A line for each production run of the window: those that went live count.
pub(super) fn proof(view: &View<'_>) -> Vec<ProofRow> {
    let runs = view.runs().filter(|(_, run)| view.holds_instant(run.at));
    let rows = runs.map(|(_, run)| {
        if run.is_live() {
            counted(run.subject(), run.at, 1.0, Vec::new())
        } else {
            left_out(run.subject(), run.at, Vec::new(), Why::FailedRun)
        }
    });
    let excluded = view.of(&view.history.excluded).into_iter();
    let excluded = excluded.map(|run| left_out(run.subject(), run.at, Vec::new(), Why::Corrected));
    rows.chain(excluded).collect()
}

/// When what counts in these lines went live, sorted.
pub(super) fn instants(proof: &[ProofRow]) -> Vec<DateTime<Utc>> {
    let counting = proof.iter().filter(|row| row.standing == Standing::Counted);
    let mut at: Vec<DateTime<Utc>> = counting.map(|row| row.at).collect();
    at.sort_unstable();
    at
}
