//! Purpose: the lead time over merged pull requests, for the modes that measure pull requests.

use chrono::{DateTime, Utc};

use super::definitions::Mode;
use super::facts::{Change, DirectPush, Subject};
use super::join::Brought;
use super::measured::{
    LeadTime, Link, Note, PartSummaries, PartSummary, Parts, Percentile, ProofRow, Standing, Statistic,
};
use super::reasons::{About, NoValue, Why};
use super::statistics::{mean, percentile, percentile_interval, seconds};
use super::view::{View, counted, left_out, left_out_for, note, times};
use super::{bands, view};

/// A change or push with what brought it and when that was live.
pub(super) struct Journey<'f, T> {
    /// The repository under its present name.
    pub(super) repository: &'f str,
    pub(super) what: &'f T,
    pub(super) brought: Option<(Brought, DateTime<Utc>)>,
}

/// What must be in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// The deployment.
    Delivery,
    /// The merge.
    Merge,
}

/// What a mode counts.
pub(super) struct Rule<'r> {
    pub(super) mode: Mode,
    pub(super) statistic: Statistic,
    /// The changes of bots count.
    pub(super) bots: bool,
    /// What the first known deployment brought counts.
    pub(super) first: bool,
    pub(super) window: Window,
    /// A change without a merge commit cannot be joined.
    pub(super) needs_commits: bool,
    /// Why there is no deployment that could have brought anything, if there is none.
    pub(super) nothing: Option<NoValue>,
    pub(super) parts: &'r dyn Fn(&Change, DateTime<Utc>) -> Parts,
}

/// The percentiles that are told.
const PERCENTS: [u32; 4] = [50, 75, 90, 95];

/// The lead time, and each counted one with the instant that says which week it belongs to.
pub(super) fn lead_time<'f>(
    view: &View<'f>,
    changes: &[Journey<'f, Change>],
    pushes: &[Journey<'f, DirectPush>],
    rule: &Rule<'_>,
) -> (LeadTime, Vec<(DateTime<Utc>, i64)>) {
    let mut proof = Vec::new();
    let mut found: Vec<(DateTime<Utc>, Parts)> = Vec::new();
    let mut missing = Missing::default();
    for journey in changes.iter().filter(|one| view.holds(one.repository)) {
        let Some(row) = row(view, journey, rule) else {
            continue;
        };
        if let Some(parts) = row.parts.filter(|_| row.standing == Standing::Counted) {
            let change = journey.what;
            let at = if rule.window == Window::Merge {
                change.merged_at
            } else {
                row.at
            };
            found.push((at, parts));
            missing.take(change, parts);
        }
        proof.push(row);
    }
    let pushes = pushes.iter().filter(|one| view.holds(one.repository));
    proof.extend(pushes.filter_map(|journey| push_row(view, journey)));
    let values: Vec<(DateTime<Utc>, i64)> = found.iter().map(|(at, parts)| (*at, parts.total())).collect();
    let parts: Vec<Parts> = found.into_iter().map(|(_, parts)| parts).collect();
    (summary(rule, &values, &parts, &missing, proof), values)
}

fn summary(
    rule: &Rule<'_>,
    values: &[(DateTime<Utc>, i64)],
    parts: &[Parts],
    missing: &Missing,
    proof: Vec<ProofRow>,
) -> LeadTime {
    let mut sorted: Vec<i64> = values.iter().map(|(_, value)| *value).collect();
    sorted.sort_unstable();
    let nothing = rule.nothing.unwrap_or(NoValue::NothingDelivered);
    let band = |value| bands::lead_time(rule.mode, value);
    let mut time = times(sorted.clone(), rule.statistic, nothing, band, proof);
    time.notes = notes(&time.proof, missing, sorted.len());
    LeadTime {
        time,
        percentiles: percentiles(&sorted),
        mean: mean(&sorted),
        parts: summaries(parts, rule.statistic),
    }
}

fn notes(proof: &[ProofRow], missing: &Missing, counted: usize) -> Vec<Note> {
    let is_change = |row: &&ProofRow| matches!(row.subject, Subject::Change(_));
    let changes = proof.iter().filter(is_change).count();
    let without = |about, why, of| note(about, left_out_for(proof, why), of);
    let all = [
        without(About::ChangesWithoutBaseline, Why::NoBaseline, changes),
        without(About::ChangesNotDelivered, Why::NotDelivered, changes),
        without(About::ChangesOfBots, Why::Bot, changes),
        without(About::PushesWithoutPullRequest, Why::NoPullRequest, proof.len()),
        without(About::Corrected, Why::Corrected, changes),
    ];
    all.into_iter().flatten().chain(missing.notes(counted)).collect()
}

/// The told percentiles of sorted values.
pub(crate) fn percentiles(sorted: &[i64]) -> Vec<Percentile> {
    let told = PERCENTS.into_iter().filter_map(|percent| {
        Some(Percentile {
            percent,
            value: percentile(sorted, percent)?,
            interval: percentile_interval(sorted, percent),
        })
    });
    told.collect()
}

/// What is not known of counted changes.
#[derive(Default)]
pub(crate) struct Missing {
    first_commit: usize,
    review: usize,
    order: usize,
}

impl Missing {
    pub(crate) fn take(&mut self, change: &Change, parts: Parts) {
        let reviewed = change.first_review_at.filter(|at| *at <= change.merged_at);
        self.first_commit += usize::from(change.first_commit_at.is_none());
        self.review += usize::from(reviewed.is_none());
        self.order += usize::from(parts.out_of_order);
    }

    /// What it says of so many.
    pub(crate) fn notes(&self, counted: usize) -> impl Iterator<Item = Note> {
        let all = [
            note(About::ChangesWithoutFirstCommit, self.first_commit, counted),
            note(About::ChangesWithoutReview, self.review, counted),
            note(About::ChangesOutOfOrder, self.order, counted),
        ];
        all.into_iter().flatten()
    }
}

/// The line of one change; `None` where it is nothing to the window.
fn row(view: &View<'_>, journey: &Journey<'_, Change>, rule: &Rule<'_>) -> Option<ProofRow> {
    let change = journey.what;
    let live = journey.brought.map(|(_, live)| live);
    let told_at = live.unwrap_or(change.merged_at);
    // What is in no deployment yet is told in every window that ends after its merge, so that it is never lost.
    let is_asked = match live {
        _ if rule.window == Window::Merge => view.holds_instant(change.merged_at),
        Some(live) => view.holds_instant(live),
        None => view.asked.is_window() && change.merged_at < view.asked.to,
    };
    if !is_asked || !view.holds_author(&change.author.login) {
        return None;
    }
    let subject = Subject::Change(change.key.clone());
    let corrections = &view.history.corrections;
    let links = links(view, journey.brought);
    let why = if corrections.excludes_change(journey.repository, change.key.number) {
        Some(Why::Corrected)
    } else if change.author.is_bot && !rule.bots {
        Some(Why::Bot)
    } else if rule.needs_commits && change.merge_commit_sha.is_none() {
        Some(Why::NoCommit)
    } else {
        match journey.brought {
            None => Some(Why::NotDelivered),
            Some((brought, _)) => (brought.is_first && !rule.first).then_some(Why::NoBaseline),
        }
    };
    if let Some(why) = why {
        return Some(left_out(subject, told_at, links, why));
    }
    let parts = (rule.parts)(change, told_at);
    let mut row = counted(subject, told_at, seconds(parts.total()), links);
    row.parts = Some(parts);
    Some(row)
}

fn push_row(view: &View<'_>, journey: &Journey<'_, DirectPush>) -> Option<ProofRow> {
    let push = journey.what;
    let at = journey.brought.map_or(push.at, |(_, live)| live);
    let is_asked = match journey.brought {
        Some(_) => view.holds_instant(at),
        None => view.asked.is_window() && push.at < view.asked.to,
    };
    (is_asked && view.holds_author(&push.author.login)).then(|| {
        let links = links(view, journey.brought);
        left_out(view::push(push), at, links, Why::NoPullRequest)
    })
}

fn links(view: &View<'_>, brought: Option<(Brought, DateTime<Utc>)>) -> Vec<Link> {
    let brought = brought.and_then(|(brought, _)| {
        let run = view.history.runs.get(brought.run)?;
        Some(Link {
            to: run.subject(),
            how: brought.how,
        })
    });
    brought.into_iter().collect()
}

/// The parts over all changes; the mean of each beside the middle by `statistic`.
fn summaries(parts: &[Parts], statistic: Statistic) -> Option<PartSummaries> {
    let of = |part: fn(&Parts) -> i64| {
        let mut values: Vec<i64> = parts.iter().map(part).collect();
        values.sort_unstable();
        let is_lower = statistic == Statistic::LowerMedian;
        let middle = if is_lower { statistic } else { Statistic::Median };
        let median = middle.of(&values);
        Some(PartSummary {
            median: median?,
            mean: mean(&values)?,
        })
    };
    Some(PartSummaries {
        coding: of(|parts| parts.coding)?,
        pickup: of(|parts| parts.pickup)?,
        review: of(|parts| parts.review)?,
        merge: of(|parts| parts.merge)?,
        deploy: of(|parts| parts.deploy)?,
    })
}
