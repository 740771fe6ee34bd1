//! Purpose: what is found is what is really nearest, after any changes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::knowledge::nearest::{Near, Nearest};
use crate::knowledge::{ChunkId, SourceTag};

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// About normal: the sum of four even ones.
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn normal(&mut self) -> f32 {
        let even = |bits: u64| (bits >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
        (0..4).map(|_| even(self.next())).sum()
    }

    fn vector(&mut self, dimensions: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dimensions).map(|_| self.normal()).collect();
        unit(&mut vector);
        vector
    }

    /// `centre` with some noise.
    fn around(&mut self, centre: &[f32], noise: f32) -> Vec<f32> {
        let mut vector: Vec<f32> = centre
            .iter()
            .map(|number| number + noise * self.normal())
            .collect();
        unit(&mut vector);
        vector
    }
}

fn unit(vector: &mut [f32]) {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    for number in vector {
        *number /= length;
    }
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

const DIMENSIONS: usize = 384;
const ALL: &[SourceTag] = &[SourceTag(1), SourceTag(2)];

fn index(vectors: &[Vec<f32>], threads: usize) -> Nearest {
    let mut index = Nearest::new(DIMENSIONS, threads);
    index.reserve(vectors.len());
    for (id, vector) in (0..).zip(vectors) {
        assert!(index.upsert(ChunkId(id), SourceTag(1), vector));
    }
    index
}

/// The share of the ten that are really nearest among the ten that are found.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn recall(vectors: &[Vec<f32>], queries: &[Vec<f32>]) -> f64 {
    let index = index(vectors, 1);
    let mut found = 0;
    for query in queries {
        let mut exact: Vec<(f32, i64)> = (0..).zip(vectors).map(|(id, v)| (cosine(query, v), id)).collect();
        exact.sort_by(|a, b| b.0.total_cmp(&a.0));
        let exact: Vec<i64> = exact.iter().take(10).map(|(_, id)| *id).collect();
        let top = index.top(query, 10, ALL);
        found += top.iter().filter(|near| exact.contains(&near.chunk.0)).count();
    }
    found as f64 / (10 * queries.len()) as f64
}

#[test]
fn nearly_all_of_the_nearest_are_found_among_random_vectors() {
    let mut numbers = Numbers(42);
    let vectors: Vec<Vec<f32>> = (0..2_000).map(|_| numbers.vector(DIMENSIONS)).collect();
    let queries: Vec<Vec<f32>> = (0..40).map(|_| numbers.vector(DIMENSIONS)).collect();
    let recall = recall(&vectors, &queries);
    assert!(recall >= 0.98, "{recall}");
}

#[test]
fn nearly_all_of_the_nearest_are_found_among_clustered_vectors() {
    let mut numbers = Numbers(7);
    let centres: Vec<Vec<f32>> = (0..40).map(|_| numbers.vector(DIMENSIONS)).collect();
    let vectors: Vec<Vec<f32>> = (0..2_000)
        .map(|n| numbers.around(&centres[n % 40], 0.05))
        .collect();
    let queries: Vec<Vec<f32>> = (0..40).map(|n| numbers.around(&centres[n % 40], 0.05)).collect();
    let recall = recall(&vectors, &queries);
    assert!(recall >= 0.98, "{recall}");
}

#[test]
fn several_threads_find_what_one_finds() {
    let mut numbers = Numbers(3);
    let vectors: Vec<Vec<f32>> = (0..41_000).map(|_| numbers.vector(8)).collect();
    let with = |threads| {
        let mut index = Nearest::new(8, threads);
        for (id, vector) in (0..).zip(&vectors) {
            index.upsert(ChunkId(id), SourceTag(1), vector);
        }
        index.top(&vectors[17], 25, ALL)
    };
    let one = with(1);
    assert_eq!((one.len(), one[0].chunk), (25, ChunkId(17)));
    assert_eq!(with(2), one);
}

#[test]
fn a_cosine_is_right_to_three_digits_whatever_the_length() {
    let mut numbers = Numbers(5);
    let mut index = Nearest::new(DIMENSIONS, 1);
    let (one, other) = (numbers.vector(DIMENSIONS), numbers.vector(DIMENSIONS));
    let long: Vec<f32> = one.iter().map(|number| number * 1e6).collect();
    index.upsert(ChunkId(1), SourceTag(1), &long);
    let short: Vec<f32> = other.iter().map(|number| number * 1e-6).collect();
    let near = index.top(&short, 1, ALL)[0];
    assert!((near.cosine - cosine(&one, &other)).abs() < 2e-3, "{near:?}");
    let same = index.top(&one, 1, ALL)[0];
    assert!((same.cosine - 1.0).abs() < 2e-3, "{same:?}");
}

#[test]
fn what_is_no_vector_of_this_kind_is_refused() {
    let mut index = Nearest::new(3, 1);
    assert!(!index.upsert(ChunkId(1), SourceTag(1), &[1.0, 2.0]));
    assert!(!index.upsert(ChunkId(1), SourceTag(1), &[1.0, f32::NAN, 0.0]));
    assert!(index.is_empty());
    assert_eq!(index.top(&[1.0, 0.0, 0.0], 3, ALL), []);
    assert!(index.upsert(ChunkId(1), SourceTag(1), &[0.0; 3]));
    assert!(index.top(&[1.0, 0.0, 0.0], 3, ALL)[0].cosine.abs() < 1e-9);
    assert!(index.top(&[0.0; 3], 3, ALL)[0].cosine.abs() < 1e-9);
    assert_eq!(index.top(&[1.0], 3, ALL), []);
    assert_eq!(index.top(&[1.0, 0.0, 0.0], 0, ALL), []);
    assert_eq!(index.top(&[1.0, 0.0, 0.0], 3, &[]), []);
}

#[test]
fn vectors_of_no_dimensions_are_harmless() {
    let mut index = Nearest::new(0, 2);
    assert!(index.upsert(ChunkId(1), SourceTag(1), &[]));
    assert_eq!(index.top(&[], 3, ALL), []);
}

#[derive(Debug, Clone)]
enum Step {
    Upsert(i64, u32, Vec<i8>),
    Remove(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let vector = prop::collection::vec(any::<i8>(), 4);
    prop_oneof![
        3 => (0_i64..12, 1_u32..4, vector).prop_map(|(id, tag, vector)| Step::Upsert(id, tag, vector)),
        1 => (0_i64..12).prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn after_any_changes_what_is_there_is_found_and_nothing_else(
        steps in prop::collection::vec(step(), 0..60),
        query in prop::collection::vec(-10_i8..10, 4),
    ) {
        let floats = |vector: &[i8]| -> Vec<f32> { vector.iter().map(|n| f32::from(*n)).collect() };
        let mut index = Nearest::new(4, 2);
        let mut model = BTreeMap::new();
        for step in &steps {
            match step {
                Step::Upsert(id, tag, vector) => {
                    prop_assert!(index.upsert(ChunkId(*id), SourceTag(*tag), &floats(vector)));
                    model.insert(*id, (*tag, vector.clone()));
                }
                Step::Remove(id) => prop_assert_eq!(index.remove(ChunkId(*id)), model.remove(id).is_some()),
            }
        }
        prop_assert_eq!(index.len(), model.len());
        let top = index.top(&floats(&query), 100, ALL);
        let mut found: Vec<i64> = top.iter().map(|near| near.chunk.0).collect();
        found.sort_unstable();
        let expected: Vec<i64> = model.iter().filter(|(_, (tag, _))| *tag <= 2).map(|(id, _)| *id).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(top.is_sorted_by(|a, b| a.cosine >= b.cosine));
        for Near { chunk, cosine: found } in top {
            let exact = |vector: &[f32], query: &[f32]| {
                let lengths = cosine(vector, vector).sqrt() * cosine(query, query).sqrt();
                if lengths > 0.0 { cosine(vector, query) / lengths } else { 0.0 }
            };
            let wanted = exact(&floats(&model[&chunk.0].1), &floats(&query));
            prop_assert!((found - wanted).abs() < 0.01, "{} {}", found, wanted);
        }
    }
}
