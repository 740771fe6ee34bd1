//! Purpose: the chunks whose meaning is nearest to a question's, by looking at all of them. Each vector is kept as
//! one byte per dimension and a factor, a quarter of its size; the processor then compares sixteen at a time, and
//! nothing needs to be built or tuned.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

use super::{ChunkId, SourceTag};

/// The greatest code of a row.
const ROW_MAX: f32 = 127.0;
/// From so many rows on, a search is worth the start of threads.
const ROWS_PER_THREAD: usize = 20_000;

/// A chunk near to a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The chunk.
    pub chunk: ChunkId,
    /// The cosine between both, from -1 to 1, to about three digits.
    pub cosine: f32,
}

/// The meaning of many chunks.
#[derive(Debug, Clone, Default)]
pub struct Nearest {
    dimensions: usize,
    threads: usize,
    /// One row after the other.
    codes: Vec<i8>,
    /// What a row's codes are multiplied with to have the vector of length 1.
    factors: Vec<f32>,
    chunks: Vec<ChunkId>,
    sources: Vec<SourceTag>,
    rows: HashMap<ChunkId, usize>,
}

impl Nearest {
    /// Nothing yet, for vectors of so many dimensions; a search uses so many threads at most.
    pub fn new(dimensions: usize, threads: usize) -> Self {
        Self {
            dimensions,
            threads: threads.max(1),
            ..Self::default()
        }
    }

    /// Makes room for so many more chunks, so that memory need not be moved while they come.
    pub fn reserve(&mut self, chunks: usize) {
        self.codes.reserve_exact(chunks * self.dimensions);
        self.factors.reserve_exact(chunks);
        self.chunks.reserve_exact(chunks);
        self.sources.reserve_exact(chunks);
        self.rows.reserve(chunks);
    }

    /// How many chunks there are.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// How much memory the rows take, in bytes.
    pub fn memory(&self) -> usize {
        let row = size_of::<f32>() + size_of::<ChunkId>() + size_of::<SourceTag>();
        let place = size_of::<(ChunkId, usize)>() + 1;
        self.codes.capacity() + self.factors.capacity() * row + self.rows.capacity() * place
    }

    /// Puts a chunk in, or replaces it; `false` for a vector of other dimensions or with what is no number.
    pub fn upsert(&mut self, chunk: ChunkId, source: SourceTag, vector: &[f32]) -> bool {
        if vector.len() != self.dimensions || !vector.iter().all(|number| number.is_finite()) {
            return false;
        }
        let greatest = greatest(vector);
        let step = if greatest > 0.0 { ROW_MAX / greatest } else { 0.0 };
        let codes = vector.iter().map(|number| code(number * step));
        let length = length(vector);
        let factor = if length > 0.0 && step > 0.0 {
            1.0 / (step * length)
        } else {
            0.0
        };
        if let Some(row) = self.rows.get(&chunk).copied() {
            let at = row * self.dimensions;
            self.codes.splice(at..at + self.dimensions, codes);
            self.factors[row] = factor;
            self.sources[row] = source;
            return true;
        }
        self.rows.insert(chunk, self.chunks.len());
        self.codes.extend(codes);
        self.factors.push(factor);
        self.chunks.push(chunk);
        self.sources.push(source);
        true
    }

    /// Takes a chunk out; `false` if it was not there.
    pub fn remove(&mut self, chunk: ChunkId) -> bool {
        let Some(row) = self.rows.remove(&chunk) else {
            return false;
        };
        let last = self.chunks.len() - 1;
        if row != last {
            let from = last * self.dimensions;
            self.codes
                .copy_within(from..from + self.dimensions, row * self.dimensions);
            self.rows.insert(self.chunks[last], row);
        }
        self.codes.truncate(last * self.dimensions);
        self.factors.swap_remove(row);
        self.chunks.swap_remove(row);
        self.sources.swap_remove(row);
        true
    }

    /// The `k` chunks nearest to `query` of the sources in `allowed`, the nearest first; equals by their numbers.
    /// None if `query` has other dimensions.
    pub fn top(&self, query: &[f32], k: usize, allowed: &[SourceTag]) -> Vec<Near> {
        if query.len() != self.dimensions || k == 0 || allowed.is_empty() {
            return Vec::new();
        }
        let (query, factor) = encoded(query);
        let allowed = Allowed::of(allowed);
        let scan = |rows: Range<usize>| self.scan(rows, &query, factor, k, &allowed);
        let threads = self.threads.min(self.len() / ROWS_PER_THREAD).max(1);
        let share = self.len().div_ceil(threads).max(1);
        let mut parts = (0..self.len())
            .step_by(share)
            .map(|at| at..(at + share).min(self.len()));
        let mine = parts.next().unwrap_or(0..0);
        let mut found = std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(|| scan(part))).collect();
            let mut found = scan(mine);
            for other in others {
                // It only multiplies and compares; there is nothing in it that panics.
                found.extend(other.join().unwrap_or_default());
            }
            found
        });
        found.sort_unstable();
        found.truncate(k);
        found.into_iter().map(|ranked| ranked.0).collect()
    }

    /// The `k` nearest of some rows, in any order.
    fn scan(
        &self,
        rows: Range<usize>,
        query: &[i16],
        factor: f32,
        k: usize,
        allowed: &Allowed,
    ) -> Vec<Ranked> {
        let codes = &self.codes[rows.start * self.dimensions..rows.end * self.dimensions];
        let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(k + 1);
        let mut worst = f32::NEG_INFINITY;
        for (row, codes) in rows.zip(codes.chunks_exact(self.dimensions.max(1))) {
            if !allowed.has(self.sources[row]) {
                continue;
            }
            #[expect(
                clippy::cast_precision_loss,
                reason = "seven digits of a sum are more than it has"
            )]
            let cosine = dot(codes, query) as f32 * factor * self.factors[row];
            if cosine < worst {
                continue;
            }
            best.push(Ranked(Near {
                chunk: self.chunks[row],
                cosine,
            }));
            if best.len() > k {
                best.pop();
            }
            if best.len() == k {
                worst = best.peek().map_or(worst, |ranked| ranked.0.cosine);
            }
        }
        best.into_vec()
    }
}

/// The sources that may be looked at, to be asked for each row.
struct Allowed(Vec<bool>);

impl Allowed {
    fn of(tags: &[SourceTag]) -> Self {
        let places = tags.iter().filter_map(|tag| usize::try_from(tag.0).ok());
        let mut is_in = vec![false; places.clone().max().map_or(0, |greatest| greatest + 1)];
        for place in places {
            is_in[place] = true;
        }
        Self(is_in)
    }

    fn has(&self, tag: SourceTag) -> bool {
        usize::try_from(tag.0).is_ok_and(|place| self.0.get(place) == Some(&true))
    }
}

/// A near chunk in the order of the answer: the nearest is the least.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ranked(Near);

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_cosine = other.0.cosine.total_cmp(&self.0.cosine);
        by_cosine.then_with(|| self.0.chunk.cmp(&other.0.chunk))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The question in whole numbers, as great as a sum of products with a row allows, and what a sum is multiplied with.
#[expect(clippy::cast_precision_loss, reason = "a vector has few dimensions")]
fn encoded(query: &[f32]) -> (Vec<i16>, f32) {
    let room = i32::MAX as f32 / (ROW_MAX * query.len().max(1) as f32);
    let most = room.min(f32::from(i16::MAX)).floor() - 1.0;
    let (greatest, length) = (greatest(query), length(query));
    if !length.is_finite() || length <= 0.0 {
        return (vec![0; query.len()], 0.0);
    }
    let step = most / greatest;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is at most i16::MAX by the step"
    )]
    let codes = query
        .iter()
        .map(|number| (number * step).round() as i16)
        .collect();
    (codes, 1.0 / (step * length))
}

/// The sum of the products. Written so that the compiler makes it many at a time.
fn dot(row: &[i8], query: &[i16]) -> i32 {
    row.iter()
        .zip(query)
        .map(|(row, query)| i32::from(*row) * i32::from(*query))
        .sum()
}

#[expect(clippy::cast_possible_truncation, reason = "it is at most 127 by the step")]
fn code(number: f32) -> i8 {
    number.round() as i8
}

fn greatest(vector: &[f32]) -> f32 {
    vector
        .iter()
        .fold(0.0_f32, |greatest, number| greatest.max(number.abs()))
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|number| number * number).sum::<f32>().sqrt()
}
