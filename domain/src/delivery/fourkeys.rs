//! Purpose: the metrics as Four Keys has them.
//!
//! Four Keys measures commits: those of the push whose head is the deployed commit. Of a push or merge we know its first
//! commit or itself, so each is one line, and a note says how many. A deployment whose commit we do not know is dropped from
//! everything. Only an incident that names a commit is anybody's fault, and two such incidents count twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::bands::{self, Band};
use super::blame::incident;
use super::definitions::Mode;
use super::facts::{Change, DirectPush, Outage, Says, Subject};
use super::frequency::{self, Rate};
use super::history::Run;
use super::join::find_commit;
use super::lead_time::percentiles;
use super::measured::{
    About, FiveKeys, Frequency, Joined, LeadTime, Link, Measured, NoBand, NoValue, ProofRow, Statistic, Unit,
    Why,
};
use super::statistics::{mean, number, percentile, seconds};
use super::titles::is_commit;
use super::view::{View, by_time, counted, left_out, left_out_for, not_in_mode, note, push, times};
use super::weeks::{Happened, days, days_in, monday, month, points};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

/// What brought a commit to the default branch.
#[derive(Clone, Copy)]
enum Head<'f> {
    Merge(&'f Change),
    Push(&'f DirectPush),
}

/// Deployments of what is asked for whose commit we know, by time; in any window.
struct Known<'v, 'f> {
    runs: Vec<(&'v Run<'f>, Head<'f>)>,
    /// Deployments of the window whose commit we do not know.
    dropped: Vec<&'v Run<'f>>,
}

impl<'v, 'f> Known<'v, 'f> {
    fn new(view: &'v View<'f>) -> Self {
        let heads: BTreeMap<&str, BTreeMap<&str, Head<'_>>> = view
            .history
            .repositories
            .iter()
            .map(|(name, repo)| {
                let pushes = repo
                    .pushes
                    .iter()
                    .map(|push| (push.head_sha.as_str(), Head::Push(push)));
                let merges = repo.changes.iter().filter_map(|change| {
                    let sha = change.merge_commit_sha.as_deref()?;
                    Some((sha, Head::Merge(change)))
                });
                (*name, pushes.chain(merges).collect())
            })
            .collect();
        let mut known = Self {
            runs: Vec::new(),
            dropped: Vec::new(),
        };
        for (_, run) in view.runs().filter(|(_, run)| run.is_live()) {
            let heads = heads.get(run.repository);
            let head = heads.zip(run.deployed.commit());
            match head.and_then(|(heads, sha)| find_commit(heads, sha)) {
                Some(head) => known.runs.push((run, *head)),
                None if view.holds_instant(run.at) => known.dropped.push(run),
                None => {}
            }
        }
        known
    }

    fn in_window(&self, view: &View<'_>) -> Vec<(&'v Run<'f>, Head<'f>)> {
        let runs = self.runs.iter().copied();
        runs.filter(|(run, _)| view.holds_instant(run.at)).collect()
    }
}

/// The metrics.
pub(super) fn measure(view: &View<'_>) -> FiveKeys {
    let known = Known::new(view);
    let is_known = known.runs.iter().any(|(run, _)| run.at < view.asked.to);
    let nothing = view.nothing().or((!is_known).then_some(NoValue::NoDeployments));
    let runs = known.in_window(view);
    let deployments: Vec<DateTime<Utc>> = runs.iter().map(|(run, _)| run.at).collect();
    let (lead, delivered) = lead_time(view, nothing, &runs);
    let (change_fail, failed) = change_fail(view, nothing, &runs);
    let (recovery, recovered) = recovery(view, nothing, &known);
    let happened = Happened {
        deployments: deployments.clone(),
        delivered,
        failed,
        recovered,
        rework: Vec::new(),
    };
    FiveKeys {
        mode: Mode::FourKeys,
        asked: view.asked.clone(),
        frequency: how_often(view, nothing, &deployments, &known),
        lead_time: lead,
        change_fail,
        recovery,
        rework: not_in_mode(),
        weeks: points(view.asked, &happened, |values| Statistic::Median.of(values)),
    }
}

/// The median over weeks of the days with a deployment.
fn how_often(
    view: &View<'_>,
    nothing: Option<NoValue>,
    live: &[DateTime<Utc>],
    known: &Known<'_, '_>,
) -> Frequency {
    let runs = known.in_window(view).into_iter();
    let rows = runs.map(|(run, _)| counted(run.subject(), run.at, 1.0, Vec::new()));
    let dropped = known.dropped.iter();
    let dropped = dropped.map(|run| left_out(run.subject(), run.at, Vec::new(), Why::NoCommit));
    let proof: Vec<ProofRow> = rows.chain(dropped).collect();
    let all = proof.len();
    let mut frequency = frequency::frequency(view, nothing, live, proof, || {
        let on = frequency::days_with(view, live);
        let value = percentile(&days_in(view.asked, &on, monday), 50).unwrap_or(0.0);
        Rate {
            value,
            unit: Unit::DaysPerWeek,
            statistic: Statistic::Median,
            band: Ok(frequency_band(view, &on, value)),
        }
    });
    let dropped = note(About::DeploymentsWithoutKnownCommit, known.dropped.len(), all);
    frequency.rate.notes.extend(dropped);
    frequency
}

fn frequency_band(view: &View<'_>, on: &BTreeSet<NaiveDate>, days_a_week: f64) -> Band {
    let mondays: BTreeSet<NaiveDate> = days(view.asked).map(monday).collect();
    let deploying: BTreeSet<NaiveDate> = on.iter().copied().map(monday).collect();
    let mut weeks: Vec<i64> = mondays
        .iter()
        .map(|week| i64::from(deploying.contains(week)))
        .collect();
    let mut by_month: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for week in &mondays {
        *by_month.entry(month(*week)).or_default() += i64::from(deploying.contains(week));
    }
    let mut months: Vec<i64> = by_month.into_values().collect();
    weeks.sort_unstable();
    months.sort_unstable();
    let has_one = |sorted: &[i64]| percentile(sorted, 50).is_some_and(|middle| middle >= 1.0);
    if days_a_week >= 3.0 {
        Band::Daily
    } else if has_one(&weeks) {
        Band::Weekly
    } else if has_one(&months) {
        Band::Monthly
    } else {
        Band::Yearly
    }
}

fn lead_time(
    view: &View<'_>,
    nothing: Option<NoValue>,
    runs: &[(&Run<'_>, Head<'_>)],
) -> (LeadTime, Vec<(DateTime<Utc>, i64)>) {
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    for (run, head) in runs {
        let (subject, start, author) = match head {
            Head::Merge(change) => (
                Subject::Change(change.key.clone()),
                change.merged_at,
                &change.author,
            ),
            Head::Push(one) => (push(one), one.first_commit_at.unwrap_or(one.at), &one.author),
        };
        if !view.holds_author(&author.login) {
            continue;
        }
        let links = vec![Link {
            to: run.subject(),
            how: Joined::ByCommit,
        }];
        let took = (run.at.timestamp() - start.timestamp()) / MINUTE * MINUTE;
        let is_excluded = match head {
            Head::Merge(change) => {
                let corrections = &view.history.corrections;
                corrections.excludes_change(run.repository, change.key.number)
            }
            Head::Push(_) => false,
        };
        proof.push(if is_excluded {
            left_out(subject, run.at, links, Why::Corrected)
        } else if took <= 0 {
            left_out(subject, run.at, links, Why::NotPositive)
        } else {
            values.push((run.at, took));
            counted(subject, run.at, seconds(took), links)
        });
    }
    let mut sorted: Vec<i64> = values.iter().map(|(_, took)| *took).collect();
    sorted.sort_unstable();
    let nothing = nothing.unwrap_or(NoValue::NothingDelivered);
    let band = |value| bands::lead_time(Mode::FourKeys, value);
    let mut time = times(sorted.clone(), Statistic::Median, nothing, band, proof);
    let several = runs.iter().filter(|(_, head)| match head {
        Head::Merge(_) => true,
        Head::Push(one) => one.commits > 1,
    });
    time.notes
        .extend(note(About::CommitsKnownByPush, several.count(), runs.len()));
    let lead = LeadTime {
        percentiles: percentiles(&sorted),
        mean: mean(&sorted),
        parts: None,
        time,
    };
    (lead, values)
}

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
fn change_fail(
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
fn recovery(
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
