//! Purpose: a question from end to end with 100,000 passages: its meaning by the shipped model, both searches, the order. Then the
//! memory while more passages get a meaning, and a folder of 10,000 files that is read again unchanged.
//!
//! `cargo bench -p em-tests --bench question` prints a table for both engines. `EM_BENCH_CHUNKS=1000000` for more passages.
//! The words of the passages are English ones by Zipf's law; the vectors of the passages are random, which takes as long as real ones.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark has no configuration file")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

mod passages;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use em_domain::id::SourceId;
use em_domain::knowledge::{Audience, ChunkId, NewSource, SourceKind, Visibility};
use em_knowledge::{Embedder, IndexError, KnowledgeError, Library, LocalEmbedder, Model, Progress, Weights};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use ulid::Ulid;

use passages::{Draw, at, fill, source};

/// Passages that get a meaning while memory is looked at.
const MEANT: usize = 1_000;
const FILES: usize = 10_000;

#[tokio::main]
async fn main() {
    let chunks: usize = std::env::var("EM_BENCH_CHUNKS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    println!("{chunks} passages\n");
    println!("| engine | what | p50 ms | p95 ms | most ms | memory now, most |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    measure("SQLite", TestDatabase::sqlite().await, chunks).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure("PostgreSQL", TestDatabase::postgres_on(&server).await, chunks).await;
}

async fn measure(engine: &str, database: TestDatabase, chunks: usize) {
    let store = database.store.clone();
    let mut draw = Draw::new(0x2545_f491_4f6c_dd1d, english());
    let (open, secret) = (source(&store, "/open").await, source(&store, "/secret").await);
    fill(&store, &open.0, &secret.0, chunks, &mut draw).await;
    let embedder = Arc::new(LocalEmbedder::new(
        Model::in_folder(&model_folder()).unwrap(),
        None,
    ));
    let library = Library::new(store.clone(), Ok(Arc::clone(&embedder) as Arc<dyn Embedder>));
    mean(&library, embedder.name(), embedder.dimensions(), &mut draw).await;
    library.tidy().await.unwrap();
    let audience = Audience::Operator;
    // The first one loads the model and the vectors.
    library.search("how do we roll back", &audience, 8).await.unwrap();
    let asked = questions();
    let rarer = (0..asked.len()).map(|_| {
        let words = (0..5).map(|_| {
            let rank = draw.between(500, 20_000);
            draw.word(rank)
        });
        words.collect::<Vec<_>>().join(" ")
    });
    let both = Weights::default();
    let words = Weights { meaning: 0.0, ..both };
    for (what, asked, weights) in [
        ("the questions of the evaluation set", &asked, both),
        ("the same again, their meaning remembered", &asked, both),
        ("the same by their words alone", &asked, words),
        ("five rarer words", &rarer.collect(), both),
    ] {
        let mut times = Vec::with_capacity(asked.len());
        for question in asked {
            let begun = Instant::now();
            library
                .search_with(question, &audience, 8, weights)
                .await
                .unwrap();
            times.push(begun.elapsed());
        }
        row(engine, what, times);
    }
    index_more(engine, &library, &open.0, &mut draw).await;
    read_again(engine, &library).await;
}

/// What people ask this project's documents: 10 words and 17 pieces of words on average. Each is asked once, so that no meaning is
/// remembered.
fn questions() -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        question: String,
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/evals/questions.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines.map(|line| line.question).collect()
}

/// English words, the most frequent first: whole words among the pieces that the model knows, in its order.
fn english() -> Vec<String> {
    let file = model_folder().join("tokenizer.json");
    let tokenizer: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let pieces = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut words: Vec<(u64, String)> = pieces
        .iter()
        .filter(|(piece, _)| piece.len() >= 3 && piece.bytes().all(|byte| byte.is_ascii_lowercase()))
        .map(|(piece, number)| (number.as_u64().unwrap(), piece.clone()))
        .collect();
    words.sort_unstable();
    words.into_iter().map(|(_, word)| word).collect()
}

fn model_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/all-MiniLM-L6-v2")
}

/// Gives every passage a random meaning.
async fn mean(library: &Library, model: &str, dimensions: usize, draw: &mut Draw) {
    let mut after = ChunkId(0);
    loop {
        let area = library.store().knowledge();
        let some = area.chunks_without_vector(model, after, 5_000).await.unwrap();
        let Some(last) = some.last() else { return };
        after = last.id;
        let vectors: Vec<(ChunkId, Vec<f32>)> = some
            .iter()
            .map(|chunk| {
                let vector: Vec<f32> = (0..dimensions).map(|_| draw.even() as f32 - 0.5).collect();
                let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
                (chunk.id, vector.into_iter().map(|x| x / length).collect())
            })
            .collect();
        area.record_vectors(model, &vectors).await.unwrap();
    }
}

/// More passages get a meaning by the model.
async fn index_more(engine: &str, library: &Library, open: &SourceId, draw: &mut Draw) {
    let more = source(library.store(), "/more").await;
    fill(library.store(), &more.0, open, MEANT, draw).await;
    let begun = Instant::now();
    library
        .embed_missing(&mut Progress::default(), &|_| {})
        .await
        .unwrap();
    let rate = MEANT as f64 / begun.elapsed().as_secs_f64();
    let what = format!("{MEANT} more passages get a meaning, {rate:.1}/s");
    println!("| {engine} | {what} | | | | {} |", memory());
}

/// Files are read for their words alone, so that it is the reading that is measured.
fn no_model() -> KnowledgeError {
    KnowledgeError::NoModel {
        name: "none".to_owned(),
        looked: Vec::new(),
        files: String::new(),
    }
}

/// A folder of small files is read, then read again.
async fn read_again(engine: &str, library: &Library) {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        let inside = folder.path().join(format!("{}", number % 100));
        std::fs::create_dir_all(&inside).unwrap();
        let text = format!("# Page {number}\n\nWhat is written on page {number}.\n");
        std::fs::write(inside.join(format!("{number}.md")), text).unwrap();
    }
    let words = Library::new(library.store().clone(), Err(no_model()));
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind: SourceKind::Folder,
        location: folder.path().to_string_lossy().into_owned(),
        visibility: Visibility::Everyone,
        added_by: None,
        added_at: at(),
    };
    library.store().knowledge().insert_source(&new).await.unwrap();
    let source = library
        .store()
        .knowledge()
        .find_source(&new.id)
        .await
        .unwrap()
        .unwrap();
    for what in ["10,000 files are read", "10,000 unchanged files are read again"] {
        let begun = Instant::now();
        let read: Result<Progress, IndexError> = words.index(&source, at(), &|_| {}).await;
        read.unwrap();
        row(engine, what, vec![begun.elapsed()]);
    }
}

fn row(engine: &str, what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {what} | {:.1} | {:.1} | {:.1} | {} |",
        ms(50),
        ms(95),
        ms(100),
        memory()
    );
}

/// Of this process, now and at most so far.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |field: &str| {
        let line = status.lines().find(|line| line.starts_with(field));
        let kib: Option<u64> = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kib.unwrap_or_default() / 1024
    };
    format!("{}, {} MiB", of("VmRSS:"), of("VmHWM:"))
}
