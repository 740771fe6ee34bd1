//! Purpose: how long it takes to look at all vectors for the nearest, and how much memory they take.
//!
//! `cargo bench -p em-tests --bench nearest` prints a table for 100,000 and 1,000,000 vectors of 384 dimensions.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::cast_precision_loss, reason = "small numbers")]

use std::time::{Duration, Instant};

use em_domain::knowledge::nearest::Nearest;
use em_domain::knowledge::{ChunkId, SourceTag};

/// Dimensions of all-MiniLM-L6-v2.
const DIMENSIONS: usize = 384;
/// Questions of each kind.
const QUESTIONS: usize = 100;
/// Every tenth vector is of a source that is not allowed in the last row.
const SOURCES: u32 = 10;

fn main() {
    println!("| vectors | threads | allowed | memory MB | put in, vectors/s | p50 ms | p95 ms | max ms |");
    println!("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |");
    for vectors in [100_000, 1_000_000] {
        for threads in [1, 2] {
            measure(vectors, threads);
        }
    }
}

fn measure(vectors: u32, threads: usize) {
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    let mut index = Nearest::new(DIMENSIONS, threads);
    let begun = Instant::now();
    for id in 0..vectors {
        let tag = SourceTag(id % SOURCES);
        assert!(
            index.upsert(ChunkId(i64::from(id)), tag, &draw.vector()),
            "it is a vector"
        );
    }
    let speed = f64::from(vectors) / begun.elapsed().as_secs_f64();
    let all: Vec<SourceTag> = (0..SOURCES).map(SourceTag).collect();
    let one = &all[..1];
    for (name, allowed) in [("all", all.as_slice()), ("one source in ten", one)] {
        let mut times: Vec<Duration> = Vec::with_capacity(QUESTIONS);
        for _ in 0..QUESTIONS {
            let query = draw.vector();
            let begun = Instant::now();
            let found = index.top(&query, 50, allowed);
            times.push(begun.elapsed());
            assert_eq!(found.len(), 50, "there are enough");
        }
        times.sort_unstable();
        let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
        println!(
            "| {vectors} | {threads} | {name} | {:.0} | {speed:.0} | {:.1} | {:.1} | {:.1} |",
            index.memory() as f64 / 1e6,
            ms(50),
            ms(95),
            ms(100)
        );
    }
}

/// Numbers that are the same in each run.
struct Draw(u64);

impl Draw {
    fn vector(&mut self) -> Vec<f32> {
        let mut number = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
        };
        (0..DIMENSIONS).map(|_| number()).collect()
    }
}
