//! Purpose: the metrics of merged changes: how many, how long, where they waited, and how large.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::FlowFacts;
use super::each::Found;
use super::taken::{self, nothing};
use crate::delivery::{
    About, Change, LeadTimeStart, Measured, Missing, NoValue, Note, Parts, ProofRow, Scope, Standing,
    Statistic, Subject, Unit, Why, before_merge, by_time, counted, left_out, left_out_for, no_band, note,
    part_interval, parts, per_week, per_week_interval, seconds,
};

/// The changes of a window.
pub(super) struct Merged<'s, 'f> {
    scope: &'s Scope<'f>,
    /// Those that count, with their parts from the first commit to the merge.
    changes: Vec<(&'f Change, Parts)>,
    bots: Vec<&'f Change>,
}

impl<'s, 'f> Merged<'s, 'f> {
    pub(super) fn new(scope: &'s Scope<'f>, facts: &'f FlowFacts) -> Self {
        let counts_bots = scope.definitions.count_bots;
        let all = taken::changes(scope, facts).into_iter();
        let (bots, changes): (Vec<_>, Vec<_>) = all.partition(|one| one.author.is_bot && !counts_bots);
        let with_parts = |one: &'f Change| (one, parts(one, LeadTimeStart::FirstCommit, one.merged_at));
        Self {
            scope,
            changes: changes.into_iter().map(with_parts).collect(),
            bots,
        }
    }

    /// Nothing merged is a value too: none a week.
    pub(super) fn throughput(&self) -> Found {
        let asked = self.scope.asked;
        let mut at: Vec<DateTime<Utc>> = self.changes.iter().map(|(change, _)| change.merged_at).collect();
        at.sort_unstable();
        let (proof, _) = self.proof(|_, _| Ok(1), false);
        let is_window = asked.is_window();
        let value = is_window.then(|| per_week(asked, at.len()));
        let value = value.ok_or(NoValue::EmptyWindow);
        // Of weeks that are all empty one would be sure for ever.
        let sure = (!at.is_empty()).then(|| per_week_interval(asked, &at));
        let measured = Measured {
            value,
            unit: Unit::PerWeek,
            statistic: Statistic::Rate,
            sample: at.len(),
            interval: sure.flatten(),
            band: Err(no_band(&value)),
            notes: self.notes(&proof, false),
            proof: by_time(proof),
        };
        Found::plain(measured, BTreeMap::new())
    }

    pub(super) fn cycle_time(&self) -> Found {
        self.median(Unit::Seconds, self.timeless(), true, |_, parts| total(parts))
    }

    pub(super) fn time_to_first_review(&self) -> Found {
        let reviewed = |change: &Change, parts: &Parts| {
            before_merge(change, change.first_review_at).ok_or(Why::NoReview)?;
            Ok(parts.pickup)
        };
        self.median(Unit::Seconds, self.unreviewed(), false, reviewed)
    }

    pub(super) fn review_time(&self) -> Found {
        let reviewed = |change: &Change, parts: &Parts| {
            before_merge(change, change.first_review_at).ok_or(Why::NoReview)?;
            before_merge(change, change.approved_at).ok_or(Why::NoApproval)?;
            Ok(parts.review)
        };
        self.median(Unit::Seconds, self.unreviewed(), false, reviewed)
    }

    pub(super) fn idle_time(&self) -> Found {
        self.median(Unit::Seconds, self.timeless(), true, |_, parts| {
            total(parts)?;
            Ok(parts.pickup + parts.merge)
        })
    }

    pub(super) fn change_size(&self) -> Found {
        let none = if self.changes.is_empty() {
            NoValue::NothingMerged
        } else {
            NoValue::NoSizes
        };
        self.median(Unit::Lines, none, false, |change, _| {
            let size = change.size.ok_or(Why::NoSize)?;
            Ok(size.additions.max(0).saturating_add(size.deletions.max(0)))
        })
    }

    /// The share of all the time of all changes together, so that a long change weighs more than a short one.
    pub(super) fn flow_efficiency(&self) -> Found {
        let mut proof = self.bot_rows();
        let mut found: Vec<(DateTime<Utc>, (i64, i64))> = Vec::new();
        for (change, parts) in &self.changes {
            let active = parts.coding + parts.review;
            let share = total(parts).map(|total| {
                found.push((change.merged_at, (active, total)));
                seconds(active) / seconds(total)
            });
            proof.push(row(change, share, Some(*parts)));
        }
        let mut pairs: Vec<(i64, i64)> = found.iter().map(|(_, pair)| *pair).collect();
        pairs.sort_unstable();
        let none = nothing(self.scope, self.timeless());
        let value = ratio(&pairs).ok_or(none);
        let measured = Measured {
            value,
            unit: Unit::Share,
            statistic: Statistic::Total,
            sample: pairs.len(),
            interval: part_interval(&pairs),
            band: Err(no_band(&value)),
            notes: self.notes(&proof, true),
            proof: by_time(proof),
        };
        Found::new(self.scope.asked, measured, found, ratio)
    }

    /// Why there is no time to measure.
    fn timeless(&self) -> NoValue {
        if self.changes.is_empty() {
            NoValue::NothingMerged
        } else {
            NoValue::NoTimes
        }
    }

    /// Why there is no review to measure.
    fn unreviewed(&self) -> NoValue {
        if self.changes.is_empty() {
            NoValue::NothingMerged
        } else {
            NoValue::NothingReviewed
        }
    }

    /// The median of what each change adds. `is_whole` where the whole cycle is looked at, so that what is not known of its
    /// parts must be told.
    fn median(
        &self,
        unit: Unit,
        none: NoValue,
        is_whole: bool,
        value: impl Fn(&Change, &Parts) -> Result<i64, Why>,
    ) -> Found {
        let (proof, values) = self.proof(value, unit == Unit::Seconds);
        let notes = self.notes(&proof, is_whole);
        let none = nothing(self.scope, none);
        let mut found = Found::median(self.scope.asked, values, unit, none, proof);
        found.measured.measured.notes = notes;
        found
    }

    /// A line for each change, and the values with when they belong to.
    fn proof(
        &self,
        value: impl Fn(&Change, &Parts) -> Result<i64, Why>,
        has_parts: bool,
    ) -> (Vec<ProofRow>, Vec<(DateTime<Utc>, i64)>) {
        let mut proof = self.bot_rows();
        let mut values = Vec::new();
        for (change, parts) in &self.changes {
            let value = value(change, parts);
            values.extend(value.ok().map(|value| (change.merged_at, value)));
            proof.push(row(change, value.map(seconds), has_parts.then_some(*parts)));
        }
        (proof, values)
    }

    fn bot_rows(&self) -> Vec<ProofRow> {
        let bots = self.bots.iter();
        bots.map(|change| row(change, Err(Why::Bot), None)).collect()
    }

    fn notes(&self, proof: &[ProofRow], is_whole: bool) -> Vec<Note> {
        let of = self.changes.len();
        let without = |about, why| note(about, left_out_for(proof, why), of);
        let told = [
            note(About::ChangesOfBots, self.bots.len(), of + self.bots.len()),
            without(About::ChangesWithoutReview, Why::NoReview),
            without(About::ChangesWithoutApproval, Why::NoApproval),
            without(About::ChangesWithoutSize, Why::NoSize),
            without(About::ChangesWithoutTime, Why::NotPositive),
        ];
        let mut missing = Missing::default();
        for (change, parts) in self.changes.iter().filter(|_| is_whole) {
            missing.take(change, *parts);
        }
        told.into_iter().flatten().chain(missing.notes(of)).collect()
    }
}

/// The whole time of a change. One that took none was told of at its end alone: when the work on it began is not known.
fn total(parts: &Parts) -> Result<i64, Why> {
    Some(parts.total())
        .filter(|total| *total > 0)
        .ok_or(Why::NotPositive)
}

/// The line of one change.
fn row(change: &Change, value: Result<f64, Why>, parts: Option<Parts>) -> ProofRow {
    let (subject, at) = (Subject::Change(change.key.clone()), change.merged_at);
    let mut row = match value {
        Ok(value) => counted(subject, at, value, Vec::new()),
        Err(why) => left_out(subject, at, Vec::new(), why),
    };
    row.parts = parts.filter(|_| row.standing == Standing::Counted);
    row
}

/// The sum of the firsts divided by the sum of the seconds; `None` of nothing. The seconds are above zero.
fn ratio(pairs: &[(i64, i64)]) -> Option<f64> {
    let sum = |of: fn(&(i64, i64)) -> i64| pairs.iter().map(of).fold(0_i64, i64::saturating_add);
    let (part, whole) = (sum(|pair| pair.0), sum(|pair| pair.1));
    (whole > 0).then(|| seconds(part) / seconds(whole))
}
