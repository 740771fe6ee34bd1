//! Purpose: how reviews are spread over those who gave them. Nothing that is told says who they are.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::FlowFacts;
use super::each::Found;
use super::taken::{self, Review, nothing};
use crate::delivery::{
    About, Measured, NoValue, Note, ProofRow, Scope, Statistic, Subject, Unit, Why, by_time, counted,
    left_out, left_out_for, no_band, note, seconds,
};

/// The Gini coefficient over all who gave a review. Of several reviews of one pull request by one person the first counts.
pub(super) fn spread(scope: &Scope<'_>, facts: &FlowFacts) -> Found {
    let mut seen: BTreeSet<((&str, i64), String)> = BTreeSet::new();
    let mut given: Vec<(DateTime<Utc>, String)> = Vec::new();
    let mut proof = Vec::new();
    for review in taken::reviews(scope, facts) {
        let why = why_not(&review).or_else(|| {
            let is_first = seen.insert((review.of, review.reviewer.clone()));
            (!is_first).then_some(Why::ReviewedBefore)
        });
        proof.push(row(&review, why));
        if why.is_none() {
            given.push((review.what.at, review.reviewer));
        }
    }
    let mut names: Vec<&str> = given.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    let none = if names.is_empty() {
        NoValue::NothingReviewed
    } else {
        NoValue::OneReviewer
    };
    let value = unevenness(&names).ok_or(nothing(scope, none));
    let measured = Measured {
        value,
        unit: Unit::Gini,
        statistic: Statistic::Gini,
        sample: names.len(),
        interval: None,
        band: Err(no_band(&value)),
        notes: notes(&proof),
        proof: by_time(proof),
    };
    Found::new(scope.asked, measured, given, unevenness)
}

/// Why a review does not count, whatever others there are.
fn why_not(review: &Review<'_>) -> Option<Why> {
    if review.what.reviewer.is_bot {
        Some(Why::Bot)
    } else {
        review.is_own.then_some(Why::OwnChange)
    }
}

fn row(review: &Review<'_>, why: Option<Why>) -> ProofRow {
    let subject = Subject::Review {
        key: review.what.key.clone(),
        id: review.what.id,
    };
    match why {
        Some(why) => left_out(subject, review.what.at, Vec::new(), why),
        None => counted(subject, review.what.at, 1.0, Vec::new()),
    }
}

fn notes(proof: &[ProofRow]) -> Vec<Note> {
    let without = |about, why| note(about, left_out_for(proof, why), proof.len());
    let all = [
        without(About::ReviewsOfBots, Why::Bot),
        without(About::ReviewsOfOwnChanges, Why::OwnChange),
        without(About::ReviewsRepeated, Why::ReviewedBefore),
    ];
    all.into_iter().flatten().collect()
}

/// How unevenly often names come in a sorted list of them.
fn unevenness<T: PartialEq>(sorted: &[T]) -> Option<f64> {
    let same = sorted.chunk_by(|one, next| one == next);
    let mut counts: Vec<i64> = same.filter_map(|same| i64::try_from(same.len()).ok()).collect();
    counts.sort_unstable();
    gini(&counts)
}

/// The Gini coefficient of at least two sorted counts above zero: with `x` from the least to the greatest and `i` from 1,
/// G = 2·Σ i·x / (n·Σ x) - (n + 1) / n. It is computed in whole numbers over n·Σ x, so that equal counts give 0 exactly.
pub(super) fn gini(sorted: &[i64]) -> Option<f64> {
    let people = i64::try_from(sorted.len()).ok().filter(|people| *people >= 2)?;
    let total: i64 = sorted.iter().sum();
    let places = (1_i64..).zip(sorted);
    let above: i64 = places
        .map(|(place, count)| (2 * place - people - 1) * count)
        .sum();
    (total > 0).then(|| seconds(above) / seconds(people * total))
}
