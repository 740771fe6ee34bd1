//! Purpose: the lead time of one change in parts that add up.

use chrono::{DateTime, Utc};

use super::definitions::LeadTimeStart;
use super::facts::Change;
use super::measured::Parts;

/// The parts from the start by `from` to `live`, in whole seconds.
///
/// A commit authored after the pull request was opened says that it was rebased: the work began no later than the opening.
/// What happened after the merge (a late review) is no part of the way to it.
pub(crate) fn parts(change: &Change, from: LeadTimeStart, live: DateTime<Utc>) -> Parts {
    let seconds = |at: DateTime<Utc>| at.timestamp();
    let opened = seconds(change.opened_at);
    let merged = seconds(change.merged_at);
    let before_merge = |at| before_merge(change, at);
    if from == LeadTimeStart::Merged {
        let mut way = Way::new(merged);
        return Parts {
            deploy: way.step(seconds(live)),
            out_of_order: way.out_of_order,
            ..Parts::default()
        };
    }
    let first = change.first_commit_at.map(seconds);
    let first = first.filter(|_| from == LeadTimeStart::FirstCommit);
    let mut way = Way::new(first.map_or(opened, |first| first.min(opened)));
    way.out_of_order = first.is_some_and(|first| first > opened);
    way.incomplete = from == LeadTimeStart::FirstCommit && first.is_none();
    let ready = before_merge(change.ready_at).unwrap_or(opened);
    Parts {
        coding: way.step(ready.min(merged).max(opened)),
        pickup: way.step_known(before_merge(change.first_review_at)),
        review: way.step_known(before_merge(change.approved_at)),
        merge: way.step(merged),
        deploy: way.step(seconds(live)),
        out_of_order: way.out_of_order,
        incomplete: way.incomplete,
    }
}

/// The second of something that was no later than the merge; `None` of what was later, or is not known.
pub(crate) fn before_merge(change: &Change, at: Option<DateTime<Utc>>) -> Option<i64> {
    let merged = change.merged_at.timestamp();
    at.map(|at| at.timestamp()).filter(|at| *at <= merged)
}

/// Walks from instant to instant and never back.
struct Way {
    at: i64,
    out_of_order: bool,
    incomplete: bool,
}

impl Way {
    fn new(at: i64) -> Self {
        Self {
            at,
            out_of_order: false,
            incomplete: false,
        }
    }

    /// The time to `next`; zero where that would be a step back.
    fn step(&mut self, next: i64) -> i64 {
        self.out_of_order |= next < self.at;
        let step = (next - self.at).max(0);
        self.at += step;
        step
    }

    fn step_known(&mut self, next: Option<i64>) -> i64 {
        self.incomplete |= next.is_none();
        next.map_or(0, |next| self.step(next))
    }
}
