//! Purpose: lists of hits by words and by meaning become one list, and a few passages from it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::words::{plain, words};
use super::{DocumentId, Passage};

/// How little the first places of a list stand out: the usual constant of reciprocal rank fusion.
const K: f64 = 60.0;
/// Two texts that share this part of their words are the same to a reader.
const NEARLY_SAME: f64 = 0.9;

/// So many of the best passages are ordered anew by what is in them.
const REORDERED: usize = 10;
/// How much the share of the question's words counts beside the cosine. Fitted with the weights of
/// [`crate::ask::Evidence`]; half and double of it change little.
const COVERAGE: f64 = 0.6;
/// The cosine of a passage that was found by its words alone, and the least that counts.
const FARTHEST: f64 = 0.1;

/// Hits in order, the best first, each once.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked<T> {
    /// How much the list counts.
    pub weight: f64,
    /// What was found.
    pub hits: Vec<T>,
}

/// A hit of one or more lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused<T> {
    /// What was found.
    pub hit: T,
    /// What it is ranked by.
    pub score: f64,
    /// Its place in each list, from 1.
    pub ranks: Vec<Option<u32>>,
}

/// Fuses `lists`: a hit gets weight / (60 + place) from each. Every hit comes out once, the best first; equals in the
/// order of their ids.
pub fn fuse<T: Ord + Copy>(lists: &[Ranked<T>]) -> Vec<Fused<T>> {
    let mut ranks: BTreeMap<T, Vec<Option<u32>>> = BTreeMap::new();
    for (list, ranked) in lists.iter().enumerate() {
        for (rank, hit) in (1..).zip(&ranked.hits) {
            let places = ranks.entry(*hit).or_insert_with(|| vec![None; lists.len()]);
            places[list] = places[list].or(Some(rank));
        }
    }
    let fused = |(hit, ranks): (T, Vec<Option<u32>>)| {
        // Added from small to great, so that the order of the lists does not show in the last digit.
        let mut parts: Vec<f64> = ranks
            .iter()
            .zip(lists)
            .filter_map(|(rank, list)| rank.map(|rank| list.weight / (K + f64::from(rank))))
            .collect();
        parts.sort_by(f64::total_cmp);
        Fused {
            hit,
            score: parts.iter().sum(),
            ranks,
        }
    };
    let mut all: Vec<Fused<T>> = ranks.into_iter().map(fused).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// The passages without those that say nearly the same as a better one.
pub fn without_copies(passages: Vec<Passage>) -> Vec<Passage> {
    let mut kept: Vec<(Vocabulary, Passage)> = Vec::with_capacity(passages.len());
    for passage in passages {
        let words = vocabulary(&passage.text);
        if !kept.iter().any(|(better, _)| are_alike(better, &words)) {
            kept.push((words, passage));
        }
    }
    kept.into_iter().map(|(_, passage)| passage).collect()
}

/// At most `most` passages of one document before others get a place: what is over goes behind all others, in order.
pub fn spread(passages: Vec<Passage>, most: usize) -> Vec<Passage> {
    let mut seen: BTreeMap<DocumentId, usize> = BTreeMap::new();
    let (mut first, over): (Vec<_>, Vec<_>) = passages.into_iter().partition(|passage| {
        let count = seen.entry(passage.document_id).or_default();
        *count += 1;
        *count <= most
    });
    first.extend(over);
    first
}

/// Neighbours in one document become one passage at the place of the better.
pub fn merge_neighbours(passages: Vec<Passage>) -> Vec<Passage> {
    let mut merged: Vec<Passage> = Vec::with_capacity(passages.len());
    for mut passage in passages {
        let mut place = merged.len();
        // It may close the gap between two that are there.
        while let Some(at) = merged.iter().position(|other| touch(other, &passage)) {
            let other = merged.remove(at);
            passage = if at < place {
                join(other, &passage)
            } else {
                join(passage, &other)
            };
            place = place.min(at);
        }
        merged.insert(place, passage);
    }
    merged
}

/// Orders the best passages by how near they are and how many of the question's words they have: ranks say only that one
/// hit is before another, not by how much. For passages that were searched for in both ways.
pub fn by_relevance(passages: &mut [Passage]) {
    let end = passages.len().min(REORDERED);
    let best = &mut passages[..end];
    for passage in best.iter_mut() {
        let standing = &mut passage.standing;
        let cosine = standing
            .cosine
            .map_or(FARTHEST, |cosine| f64::from(cosine).max(FARTHEST));
        standing.score = cosine + COVERAGE * standing.coverage;
    }
    best.sort_by(|a, b| b.standing.score.total_cmp(&a.standing.score));
}

/// Orders the first passages by the marks that somebody gave them, one each; they stay before the others. Of equal marks
/// the order stays.
pub fn by_marks(passages: &mut [Passage], marks: &[f32]) {
    let end = passages.len().min(marks.len());
    let judged = &mut passages[..end];
    for (passage, mark) in judged.iter_mut().zip(marks) {
        // Any mark becomes one above what was not judged: scores are below 2.
        passage.standing.score = 2.0 + 1.0 / (1.0 + (-f64::from(*mark)).exp());
    }
    judged.sort_by(|a, b| b.standing.score.total_cmp(&a.standing.score));
}

/// Numbers the passages from 1, in the order they have.
pub fn number(passages: &mut [Passage]) {
    for (rank, passage) in (1..).zip(passages) {
        passage.standing.rank = rank;
    }
}

fn touch(one: &Passage, other: &Passage) -> bool {
    one.document_id == other.document_id && (one.last + 1 == other.first || other.last + 1 == one.first)
}

/// `better` and its neighbour in the order of the document, with the standing of `better`.
fn join(mut better: Passage, other: &Passage) -> Passage {
    let (before, after) = if better.first < other.first {
        (&better, other)
    } else {
        (other, &better)
    };
    let text = joined(&before.text, &after.text);
    let heading = before.heading.clone();
    better.first = better.first.min(other.first);
    better.last = better.last.max(other.last);
    better.standing.coverage = better.standing.coverage.max(other.standing.coverage);
    better.text = text;
    better.heading = heading;
    better
}

/// Both texts, what the second repeats of the first's end only once: chunks overlap.
fn joined(before: &str, after: &str) -> String {
    const LONGEST_OVERLAP: usize = 400;
    const SHORTEST_OVERLAP: usize = 12;
    let starts = after.char_indices().map(|(at, _)| at).chain([after.len()]);
    let overlap = starts
        .filter(|end| (SHORTEST_OVERLAP..=LONGEST_OVERLAP).contains(end) && before.ends_with(&after[..*end]))
        .max();
    match overlap {
        Some(end) => format!("{before}{}", &after[end..]),
        None => format!("{before}\n\n{after}"),
    }
}

/// The different words of a text as hashes, sorted: each passage is compared with each better one.
type Vocabulary = Vec<u64>;

fn vocabulary(text: &str) -> Vocabulary {
    let hash = |word: Cow<'_, str>| {
        let mut hasher = DefaultHasher::new();
        plain(&word).hash(&mut hasher);
        hasher.finish()
    };
    let mut hashes: Vocabulary = words(text).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

#[expect(clippy::cast_precision_loss, reason = "a passage has few words")]
fn are_alike(one: &[u64], other: &[u64]) -> bool {
    let (fewer, more) = (one.len().min(other.len()), one.len().max(other.len()));
    // They cannot share more than the shorter has; most pairs need no closer look.
    if fewer as f64 / (more as f64) < NEARLY_SAME {
        return false;
    }
    let shared = shared(one, other);
    let all = one.len() + other.len() - shared;
    all == 0 || shared as f64 / all as f64 >= NEARLY_SAME
}

/// How many hashes two sorted lists have in common.
fn shared(one: &[u64], other: &[u64]) -> usize {
    let mut rest = other.iter().peekable();
    let is_there = |hash: &&u64| {
        while rest.next_if(|next| next < hash).is_some() {}
        rest.next_if_eq(hash).is_some()
    };
    one.iter().filter(is_there).count()
}
