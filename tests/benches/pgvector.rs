//! Purpose: how long PostgreSQL with pgvector takes to find what is near in meaning, and how much of it it finds.
//!
//! `cargo bench -p em-tests --bench pgvector` prints a table for 100,000 vectors of 384 dimensions; `EM_BENCH_CHUNKS=1000000`
//! for more. The vectors lie in groups, as texts about the same thing do.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark has no configuration file")]
#![expect(clippy::cast_precision_loss, reason = "small numbers")]

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::nearest::Nearest;
use em_domain::knowledge::{Chunk, ChunkId, Document, NewSource, SourceKind, SourceTag, Visibility};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_storage::{Nearby, NearestBy, NewDocument, Store};
use ulid::Ulid;

const MODEL: &str = "bench@0a1b2c3d4e5f";
/// Dimensions of all-MiniLM-L6-v2.
const DIMENSIONS: usize = 384;
/// Vectors about the same thing.
const GROUP: usize = 50;
/// One source of so many is asked alone in the last row.
const SOURCES: usize = 10;
/// Chunks of a document.
const DOCUMENT: usize = 100;
/// Questions of each kind.
const QUESTIONS: usize = 200;
/// Chunks that are wanted, as for a question of a person.
const WANTED: usize = 100;

#[tokio::main]
async fn main() {
    let chunks: usize = std::env::var("EM_BENCH_CHUNKS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let Some(server) = PostgresServer::start(Flush::On) else {
        return println!("There is no PostgreSQL.");
    };
    let db = TestDatabase::postgres_on(&server).await;
    let (store, mut draw) = (&db.store, Draw(0x2545_f491_4f6c_dd1d));
    if let NearestBy::Memory(why) = store
        .knowledge()
        .prepare_nearest(MODEL, DIMENSIONS)
        .await
        .unwrap()
    {
        return println!("There is no pgvector: {why}.");
    }
    let tags = fill(store, chunks).await;
    let middles: Vec<Vec<f32>> = (0..chunks.div_ceil(GROUP)).map(|_| draw.vector()).collect();
    let mut memory = Nearest::new(DIMENSIONS, 2);
    let begun = Instant::now();
    record(store, &middles, &mut memory, &mut draw).await;
    let speed = chunks as f64 / begun.elapsed().as_secs_f64();
    println!(
        "{chunks} vectors of {DIMENSIONS} dimensions, put in one after the other: {speed:.0} vectors/s\n"
    );
    println!("| allowed | found of the nearest {WANTED} | p50 ms | p95 ms | max ms |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, allowed) in [("all", None), ("one source in ten", Some(&tags[..1]))] {
        let (mut times, mut found) = (Vec::with_capacity(QUESTIONS), 0);
        for question in 0..QUESTIONS {
            let vector = draw.near(&middles[question % middles.len()]);
            let wanted = Nearby {
                model: MODEL,
                vector: &vector,
                k: WANTED,
                allowed,
            };
            let begun = Instant::now();
            let near = store.knowledge().nearest(&wanted).await.unwrap();
            times.push(begun.elapsed());
            let truly = memory.top(&vector, WANTED, allowed.unwrap_or(&tags));
            let is_true = |chunk: &ChunkId| truly.iter().any(|near| near.chunk == *chunk);
            found += near.iter().filter(|(chunk, _)| is_true(chunk)).count();
        }
        row(name, found as f64 / QUESTIONS as f64, times);
    }
}

/// Sources with documents of short texts; their tags.
async fn fill(store: &Store, chunks: usize) -> Vec<SourceTag> {
    let mut tags = Vec::new();
    for number in 0..SOURCES {
        let new = NewSource {
            id: SourceId::new(Ulid::new()),
            kind: SourceKind::Folder,
            location: format!("/{number}"),
            visibility: Visibility::Everyone,
            added_by: None,
            added_at: DateTime::UNIX_EPOCH,
        };
        let added = store.knowledge().insert_source(&new).await.unwrap();
        tags.push(added.source().tag);
        let documents = chunks / SOURCES / DOCUMENT;
        let documents: Vec<NewDocument> = (0..documents).map(|n| document(&new.id, n)).collect();
        let at: DateTime<Utc> = DateTime::UNIX_EPOCH;
        store
            .knowledge()
            .upsert_documents(&new.id, &documents, at)
            .await
            .unwrap();
    }
    tags
}

fn document(source: &SourceId, number: usize) -> NewDocument {
    let chunk = |ordinal: u32| Chunk {
        ordinal,
        heading: Vec::new(),
        text: format!("part {ordinal} of {number}"),
    };
    NewDocument {
        document: Document {
            source: source.clone(),
            external_id: number.to_string(),
            title: String::new(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: number.to_string(),
        },
        chunks: (0..).take(DOCUMENT).map(chunk).collect(),
        embedded: None,
    }
}

/// Gives every chunk a meaning in one of the groups, in the database and in memory.
async fn record(store: &Store, middles: &[Vec<f32>], memory: &mut Nearest, draw: &mut Draw) {
    let mut after = ChunkId(0);
    loop {
        let area = store.knowledge();
        let chunks = area.chunks_without_vector(MODEL, after, 2_000).await.unwrap();
        let Some(last) = chunks.last() else { break };
        after = last.id;
        let group = |chunk: ChunkId| usize::try_from(chunk.0).unwrap_or(0) % middles.len();
        let vectors: Vec<(ChunkId, Vec<f32>)> = chunks
            .iter()
            .map(|changed| (changed.id, draw.near(&middles[group(changed.id)])))
            .collect();
        area.record_vectors(MODEL, &vectors).await.unwrap();
    }
    let mut cursor = em_storage::VectorCursor::default();
    loop {
        let page = store.knowledge().vectors(MODEL, cursor, 5_000).await.unwrap();
        let Some(last) = page.last() else { return };
        cursor = last.cursor;
        for row in page {
            assert!(
                memory.upsert(row.chunk, row.source, &row.vector),
                "it is a vector"
            );
        }
    }
}

/// Numbers that are the same in each run.
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSIONS).map(|_| self.number()).collect()
    }

    /// A vector whose cosine with `middle` is about 0.7.
    fn near(&mut self, middle: &[f32]) -> Vec<f32> {
        middle.iter().map(|number| number + self.number()).collect()
    }
}

fn row(allowed: &str, found: f64, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {allowed} | {found:.1} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}
