//! Purpose: the metrics as Middleware has them.
//!
//! A deployment is a run, at the time when it was made. Failed runs are deployments in the change failure rate and in nothing
//! else. A pull request belongs to the window of its merge; its time is the sum of five stages of which a missing one is zero.
//! An incident belongs to the newest run of the window before it, in whatever repository; incidents before the first run are
//! lost. A pull request that was taken back is an incident too, from its merge to the merge of its revert.

mod incidents;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::bands::Band;
use super::definitions::Mode;
use super::facts::Change;
use super::frequency::{self, Rate};
use super::history::{History, Repo, Run};
use super::join::Brought;
use super::lead_time::{Journey, Rule, Window, lead_time};
use super::measured::{FiveKeys, Frequency, Parts, ProofRow, Statistic, Unit};
use super::reasons::{Joined, NoValue, Why};
use super::statistics::number;
use super::view::{View, counted, left_out, not_in_mode};
use super::weeks::{Happened, days, monday, month, points};

/// The metrics.
pub(super) fn measure(view: &View<'_>) -> FiveKeys {
    let nothing = view.nothing_by(|run| run.deployed.created_at);
    let changes = journeys(view.history);
    let rule = Rule {
        mode: Mode::Middleware,
        statistic: Statistic::Mean,
        bots: true,
        first: true,
        window: Window::Merge,
        needs_commits: false,
        nothing,
        parts: &parts,
    };
    let (lead, delivered) = lead_time(view, &changes, &[], &rule);
    let runs = runs(view);
    let live: Vec<DateTime<Utc>> = (runs.iter())
        .filter(|run| run.is_live())
        .map(|run| run.deployed.created_at)
        .collect();
    let incidents = incidents::incidents(view);
    let (change_fail, failed) = incidents::change_fail(view, nothing, &runs, &incidents);
    let (recovery, recovered) = incidents::recovery(view, nothing, &incidents);
    let happened = Happened {
        deployments: live.clone(),
        delivered,
        failed,
        recovered,
        rework: Vec::new(),
    };
    FiveKeys {
        mode: Mode::Middleware,
        asked: view.asked.clone(),
        frequency: how_often(view, nothing, &live, proof(view, &runs)),
        lead_time: lead,
        change_fail,
        recovery,
        rework: not_in_mode(),
        weeks: points(view.asked, &happened, |values| Statistic::Mean.of(values)),
    }
}

/// All runs of the window, failed ones too, by when they were made.
fn runs<'v, 'f>(view: &'v View<'f>) -> Vec<&'v Run<'f>> {
    let mut runs: Vec<&Run<'_>> = within(view, &view.history.runs).collect();
    runs.sort_by(|a, b| {
        (a.deployed.created_at, &a.deployed.id).cmp(&(b.deployed.created_at, &b.deployed.id))
    });
    runs
}

/// Of some runs, those that are asked for and were made in the window.
fn within<'v, 'f>(view: &'v View<'f>, runs: &'v [Run<'f>]) -> impl Iterator<Item = &'v Run<'f>> {
    let here = runs.iter().filter(|run| view.holds(run.repository));
    here.filter(|run| view.holds_instant(run.deployed.created_at))
}

/// A line for each run of the window: those that went live count.
fn proof(view: &View<'_>, runs: &[&Run<'_>]) -> Vec<ProofRow> {
    let rows = runs.iter().map(|run| {
        let (subject, at) = (run.subject(), run.deployed.created_at);
        if run.is_live() {
            counted(subject, at, 1.0, Vec::new())
        } else {
            left_out(subject, at, Vec::new(), Why::FailedRun)
        }
    });
    let excluded = within(view, &view.history.excluded);
    let excluded =
        excluded.map(|run| left_out(run.subject(), run.deployed.created_at, Vec::new(), Why::Corrected));
    rows.chain(excluded).collect()
}

/// The mean number of a day, week or month, rounded down, in the shortest of them that has one.
fn how_often(
    view: &View<'_>,
    nothing: Option<NoValue>,
    live: &[DateTime<Utc>],
    proof: Vec<ProofRow>,
) -> Frequency {
    frequency::frequency(view, nothing, live, proof, || {
        let touched = |period: fn(NaiveDate) -> NaiveDate| {
            days(view.asked)
                .map(period)
                .collect::<BTreeSet<NaiveDate>>()
                .len()
        };
        let floored = |buckets: usize| live.len().checked_div(buckets).unwrap_or(0);
        let daily = floored(touched(|day| day));
        let weekly = floored(touched(monday)).max(7 * daily);
        let monthly = floored(touched(month)).max(30 * daily);
        let (value, unit, band) = match (daily, weekly, monthly) {
            (1.., _, _) => (daily, Unit::PerDay, Band::Elite),
            (0, 1.., _) => (weekly, Unit::PerWeek, Band::High),
            (0, 0, 2..) => (monthly, Unit::PerMonth, Band::High),
            (0, 0, 1) => (monthly, Unit::PerMonth, Band::Medium),
            (0, 0, 0) => (monthly, Unit::PerMonth, Band::Low),
        };
        Rate {
            value: number(value),
            unit,
            statistic: Statistic::FlooredMean,
            band: Ok(band),
        }
    })
}

/// Each change with the first run that was made after its merge and deployed the branch that it went into. A run of a tag or
/// commit deploys every branch, because we cannot tell which.
fn journeys<'f>(history: &History<'f>) -> Vec<Journey<'f, Change>> {
    let repositories = history.repositories.iter();
    let all = repositories.flat_map(|(name, repo)| {
        let by_branch = by_branch(history, repo);
        let first_after = |branch: Option<&str>, at: DateTime<Utc>| {
            let runs = by_branch.get(&branch)?;
            runs.get(runs.partition_point(|(made, _)| *made < at)).copied()
        };
        let found = repo.changes.iter().map(|change| {
            let own = first_after(Some(&change.base_ref), change.merged_at);
            let any = first_after(None, change.merged_at);
            let (made, run) = match (own, any) {
                (Some(own), Some(any)) => own.min(any),
                (own, any) => own.or(any)?,
            };
            let brought = Brought {
                run,
                how: Joined::ByTime,
                is_first: false,
            };
            Some((brought, made))
        });
        let found: Vec<Option<(Brought, DateTime<Utc>)>> = found.collect();
        let journeys = repo.changes.iter().zip(found);
        journeys
            .map(|(what, brought)| Journey {
                repository: name,
                what: *what,
                brought,
            })
            .collect::<Vec<_>>()
    });
    all.collect()
}

/// When runs that went live were made, sorted, with their positions, by the branch that they deployed; `None` is all else.
fn by_branch<'f>(
    history: &History<'f>,
    repo: &Repo<'f>,
) -> BTreeMap<Option<&'f str>, Vec<(DateTime<Utc>, usize)>> {
    let branches: BTreeSet<&str> = repo
        .changes
        .iter()
        .map(|change| change.base_ref.as_str())
        .collect();
    let mut found: BTreeMap<Option<&str>, Vec<(DateTime<Utc>, usize)>> = BTreeMap::new();
    for position in &repo.live {
        let Some(run) = history.runs.get(*position) else {
            continue;
        };
        let name = run.deployed.git_ref.as_str();
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        let branch = branches.get(name).copied();
        let runs = found.entry(branch).or_default();
        runs.push((run.deployed.created_at, *position));
    }
    for runs in found.values_mut() {
        runs.sort_unstable();
    }
    found
}

/// Five stages; a missing or negative one is zero. Time as a draft is in none, which is Middleware's known bug.
fn parts(change: &Change, live: DateTime<Utc>) -> Parts {
    let stage = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| {
        let length = from.zip(to).map(|(from, to)| to.timestamp() - from.timestamp());
        length.unwrap_or(0).max(0)
    };
    let (opened, merged) = (Some(change.opened_at), Some(change.merged_at));
    let (reviewed, approved) = (change.first_review_at, change.approved_at);
    Parts {
        coding: stage(change.first_commit_at, opened),
        pickup: stage(change.ready_at.or(opened), reviewed),
        review: stage(reviewed, approved),
        merge: stage(approved, merged),
        deploy: stage(merged, Some(live)),
        out_of_order: change.first_commit_at > opened,
        incomplete: change.first_commit_at.is_none() || reviewed.is_none() || approved.is_none(),
    }
}
