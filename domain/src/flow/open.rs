//! Purpose: the metrics of what is open: how many pull requests, and how long they have been worked on.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::each::Found;
use super::ranks::Ranks;
use super::taken::{self, nothing};
use super::{FlowFacts, OpenChange};
use crate::delivery::{
    About, Asked, Measured, NoValue, Note, ProofRow, Scope, Statistic, Subject, Unit, Week, Why, by_time,
    counted, left_out, no_band, note, number, percentile, seconds, touched,
};

/// The pull requests of a window.
pub(super) struct Open<'s, 'f> {
    scope: &'s Scope<'f>,
    /// Those that count and are open at the window's end.
    at_end: Vec<&'f OpenChange>,
    /// Those that do not count and are.
    bots: Vec<&'f OpenChange>,
    /// By the Monday of each week how many are open at its end, and how old the one in the middle is.
    weekly: BTreeMap<NaiveDate, (usize, Option<f64>)>,
}

impl<'s, 'f> Open<'s, 'f> {
    pub(super) fn new(scope: &'s Scope<'f>, facts: &'f FlowFacts) -> Self {
        let counts_bots = scope.definitions.count_bots;
        let all = taken::open(scope, facts).into_iter();
        let (mut bots, mut counting): (Vec<_>, Vec<_>) =
            all.partition(|one| one.author.is_bot && !counts_bots);
        let weekly = weekly(scope.asked, &counting);
        counting.retain(|one| is_open(one, scope.asked.to));
        bots.retain(|one| is_open(one, scope.asked.to));
        Self {
            scope,
            at_end: counting,
            bots,
            weekly,
        }
    }

    /// Nothing open is a value too.
    pub(super) fn work_in_progress(&self) -> Found {
        let is_window = self.scope.asked.is_window();
        let value = is_window.then(|| number(self.at_end.len()));
        let value = value.ok_or(NoValue::EmptyWindow);
        let drafts = self.at_end.iter().filter(|one| one.is_draft).count();
        let measured = Measured {
            value,
            unit: Unit::Count,
            statistic: Statistic::AtEnd,
            sample: self.at_end.len(),
            interval: None,
            band: Err(no_band(&value)),
            notes: self.notes(note(About::Drafts, drafts, self.at_end.len())),
            proof: by_time(self.proof(|_| 1.0)),
        };
        Found::plain(measured, BTreeMap::new())
    }

    pub(super) fn work_age(&self) -> Found {
        let asked = self.scope.asked;
        let age = |one: &OpenChange| asked.to.timestamp() - began(one);
        let values = self.at_end.iter().map(|one| (one.opened_at, age(one))).collect();
        let proof = self.proof(|one| seconds(age(one)));
        let none = nothing(self.scope, NoValue::NothingOpen);
        let mut found = Found::median(asked, values, Unit::Seconds, none, proof);
        let without = self.at_end.iter().filter(|one| one.first_commit_at.is_none());
        let without = note(About::OpenWithoutFirstCommit, without.count(), self.at_end.len());
        found.measured.measured.notes = self.notes(without);
        // A week's age is that of what was open at its end, and not of what was opened in it.
        let weekly = self.weekly.iter();
        found.weekly = weekly
            .filter_map(|(monday, (_, age))| Some((*monday, (*age)?)))
            .collect();
        found
    }

    /// How many are open at the end of the week from this Monday on.
    pub(super) fn at_end_of(&self, monday: NaiveDate) -> usize {
        self.weekly.get(&monday).map_or(0, |(open, _)| *open)
    }

    fn notes(&self, own: Option<Note>) -> Vec<Note> {
        let all = self.at_end.len() + self.bots.len();
        let bots = note(About::OpenOfBots, self.bots.len(), all);
        bots.into_iter().chain(own).collect()
    }

    fn proof(&self, value: impl Fn(&OpenChange) -> f64) -> Vec<ProofRow> {
        let subject = |one: &OpenChange| Subject::Change(one.key.clone());
        let open = self.at_end.iter();
        let open = open.map(|one| counted(subject(one), one.opened_at, value(one), Vec::new()));
        let bots = self.bots.iter();
        open.chain(bots.map(|one| left_out(subject(one), one.opened_at, Vec::new(), Why::Bot)))
            .collect()
    }
}

/// Whether it was open just before `end`.
fn is_open(one: &OpenChange, end: DateTime<Utc>) -> bool {
    one.opened_at < end && one.closed_at.is_none_or(|closed| closed >= end)
}

/// The second in which work on it began: a commit authored after the opening says that it was rebased.
fn began(one: &OpenChange) -> i64 {
    let first = one.first_commit_at.unwrap_or(one.opened_at);
    first.min(one.opened_at).timestamp()
}

/// For each week of the window how many are open at its end, and the median of their ages in seconds.
///
/// Weeks are walked through with what is open in hand, so that it costs no more than sorting.
fn weekly(asked: &Asked, all: &[&OpenChange]) -> BTreeMap<NaiveDate, (usize, Option<f64>)> {
    let mut oldest: Vec<&OpenChange> = all.to_vec();
    oldest.sort_by_key(|one| began(one));
    let mut opened: Vec<(DateTime<Utc>, usize)> = Vec::new();
    let mut closed: Vec<(DateTime<Utc>, usize)> = Vec::new();
    for (rank, one) in oldest.iter().enumerate() {
        opened.push((one.opened_at, rank));
        // What was closed before it was opened (clocks differ) was never open.
        closed.extend(one.closed_at.map(|at| (at.max(one.opened_at), rank)));
    }
    opened.sort_unstable();
    closed.sort_unstable();
    let (mut opened, mut closed) = (opened.into_iter().peekable(), closed.into_iter().peekable());
    let mut ranks = Ranks::new(oldest.len());
    let mut weekly = BTreeMap::new();
    for Week { monday, end, .. } in touched(asked) {
        while let Some((_, rank)) = opened.next_if(|(at, _)| *at < end) {
            ranks.add(rank);
        }
        while let Some((_, rank)) = closed.next_if(|(at, _)| *at < end) {
            ranks.remove(rank);
        }
        let age = |nth| {
            let one = oldest.get(ranks.nth(nth)?)?;
            Some(end.timestamp() - began(one))
        };
        let middle = |open: usize| percentile(&[age(open / 2)?, age((open - 1) / 2)?], 50);
        let open = ranks.len();
        let age = (open > 0).then(|| middle(open)).flatten();
        weekly.insert(monday, (open, age));
    }
    weekly
}
