//! Purpose: the metrics as Four Keys has them.
//!
//! Four Keys measures commits: those of the push whose head is the deployed commit. Of a push or merge we know its first
//! commit or itself, so each is one line, and a note says how many. A deployment whose commit we do not know is dropped from
//! everything. Only an incident that names a commit is anybody's fault, and two such incidents count twice.

mod incidents;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::bands::{self, Band};
use super::definitions::Mode;
use super::facts::{Change, DirectPush, Subject};
use super::frequency::{self, Rate};
use super::history::Run;
use super::join::find_commit;
use super::lead_time::percentiles;
use super::measured::{FiveKeys, Frequency, LeadTime, Link, ProofRow, Standing, Statistic, Unit};
use super::reasons::{About, Joined, NoValue, Why};
use super::statistics::{mean, percentile, seconds};
use super::view::{View, counted, left_out, not_in_mode, note, push, times};
use super::weeks::{Happened, days, days_in, monday, month, points};

const MINUTE: i64 = 60;
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
    /// Positions in `runs` by the deployed commit.
    by_commit: BTreeMap<&'f str, Vec<usize>>,
    /// Positions in `runs` by the deployment's name.
    by_id: BTreeMap<&'f str, usize>,
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
            by_commit: BTreeMap::new(),
            by_id: BTreeMap::new(),
        };
        for (_, run) in view.runs().filter(|(_, run)| run.is_live()) {
            let heads = heads.get(run.repository);
            let head = heads.zip(run.deployed.commit());
            match head.and_then(|(heads, sha)| find_commit(heads, sha)) {
                Some(head) => known.take(run, *head),
                None if view.holds_instant(run.at) => known.dropped.push(run),
                None => {}
            }
        }
        known
    }

    fn take(&mut self, run: &'v Run<'f>, head: Head<'f>) {
        let position = self.runs.len();
        self.by_id.insert(&run.deployed.id, position);
        if let Some(sha) = run.deployed.commit() {
            self.by_commit.entry(sha).or_default().push(position);
        }
        self.runs.push((run, head));
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
    let (change_fail, failed) = incidents::change_fail(view, nothing, &known);
    let (recovery, recovered) = incidents::recovery(view, nothing, &known);
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
    // What counts in no mode.
    let others = frequency::proof(view).into_iter();
    let others = others.filter(|row| row.standing != Standing::Counted);
    let proof: Vec<ProofRow> = rows.chain(dropped).chain(others).collect();
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
    let dropped = known.dropped.len();
    let dropped = note(
        About::DeploymentsWithoutKnownCommit,
        dropped,
        live.len() + dropped,
    );
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
    let rows = runs.iter().filter_map(|(run, head)| lead_row(view, run, *head));
    let (mut proof, mut values) = (Vec::new(), Vec::new());
    for (row, took) in rows {
        if row.value.is_some() {
            values.push((row.at, took));
        }
        proof.push(row);
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
    let several = note(About::CommitsKnownByPush, several.count(), runs.len());
    time.notes.extend(several);
    let lead = LeadTime {
        percentiles: percentiles(&sorted),
        mean: mean(&sorted),
        parts: None,
        time,
    };
    (lead, values)
}

/// The line of one deployed commit with its time in whole minutes; `None` where its author is not asked for.
fn lead_row(view: &View<'_>, run: &Run<'_>, head: Head<'_>) -> Option<(ProofRow, i64)> {
    let corrections = &view.history.corrections;
    let (subject, start, author, is_excluded) = match head {
        Head::Merge(change) => (
            Subject::Change(change.key.clone()),
            change.merged_at,
            &change.author,
            corrections.excludes_change(run.repository, change.key.number),
        ),
        Head::Push(one) => (
            push(one),
            one.first_commit_at.unwrap_or(one.at),
            &one.author,
            false,
        ),
    };
    let links = vec![Link {
        to: run.subject(),
        how: Joined::ByCommit,
    }];
    let took = (run.at.timestamp() - start.timestamp()) / MINUTE * MINUTE;
    view.holds_author(&author.login).then(|| {
        let row = if is_excluded {
            left_out(subject, run.at, links, Why::Corrected)
        } else if took <= 0 {
            left_out(subject, run.at, links, Why::NotPositive)
        } else {
            counted(subject, run.at, seconds(took), links)
        };
        (row, took)
    })
}
