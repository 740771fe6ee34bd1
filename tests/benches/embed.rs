//! Purpose: what vectors cost: loading the model, questions, questions while passages are done, and passages by batch.
//!
//! `cargo bench -p em-tests --bench embed` prints a table for the backend that is found; `-- --library FILE` names an ONNX
//! Runtime, `-- --write FILE` writes the passages, one JSON string a line, for another program to do the same with. The
//! passages are the documents of this repository.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use em_knowledge::chunk::chunks;
use em_knowledge::text::extract;
use em_knowledge::{Embedder, LocalEmbedder, Model};

/// Passages in each row of the table.
const PASSAGES: usize = 192;
/// Questions in each row of the table.
const QUESTIONS: usize = 200;

#[tokio::main]
async fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (passages, questions) = texts(&root);
    if let Some(file) = argument("--write") {
        let lines: Vec<String> = passages
            .iter()
            .map(|text| serde_json::to_string(text).unwrap())
            .collect();
        fs::write(file, lines.join("\n")).unwrap();
    }
    let characters: usize = passages.iter().map(|text| text.chars().count()).sum();
    println!(
        "{} passages of {} characters\n",
        passages.len(),
        characters / passages.len()
    );

    let library = argument("--library").map(PathBuf::from);
    let started = Instant::now();
    let model = Model::in_folder(&root.join("models/all-MiniLM-L6-v2")).unwrap();
    let found = started.elapsed();
    let before = resident_mib("VmRSS:");
    let embedder = Arc::new(LocalEmbedder::new(model.clone(), library.clone()));
    let started = Instant::now();
    let backend = embedder.load().await.unwrap();
    println!("{backend}");
    println!(
        "found and named in {}, loaded in {}",
        ms(found),
        ms(started.elapsed())
    );
    println!(
        "resident memory: {before} MiB before, {} MiB after\n",
        resident_mib("VmRSS:")
    );
    println!("| what | batch | p50 | p95 | passages/s | resident memory now, most |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");

    ask(&embedder, &questions[..1], "first question").await;
    ask(&embedder, &questions, "questions").await;
    ask_meanwhile(&embedder, &passages, &questions).await;
    // one model in memory at a time
    drop(embedder);
    for batch in [1, 4, 8, 16, 32] {
        let embedder = LocalEmbedder::new(model.clone(), library.clone()).with_batch(batch);
        embedder.load().await.unwrap();
        let started = Instant::now();
        embedder.embed_passages(&passages).await.unwrap();
        let each = started.elapsed() / u32::try_from(passages.len()).unwrap();
        let rate = 1.0 / each.as_secs_f64();
        println!("| passages | {batch} | | | {rate:.1} | {} |", memory());
    }
}

/// Passages and questions from the repository's documents. The passages are spread over all of them.
fn texts(root: &Path) -> (Vec<String>, Vec<String>) {
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.push(root.join("README.md"));
    files.retain(|file| file.extension().is_some_and(|end| end == "md"));
    files.sort();
    let all: Vec<_> = files
        .iter()
        .flat_map(|file| {
            let read = extract(&file.to_string_lossy(), &fs::read(file).unwrap()).unwrap();
            chunks(&read.body)
        })
        .collect();
    let every = (all.len() / PASSAGES).max(1);
    let passages = all
        .iter()
        .step_by(every)
        .take(PASSAGES)
        .map(|chunk| chunk.text.clone())
        .collect();
    let headings = all.iter().filter_map(|chunk| chunk.heading.last());
    let questions = headings
        .cycle()
        .zip(0..QUESTIONS)
        .map(|(heading, number)| format!("how do I {heading} {number}"));
    (passages, questions.collect())
}

async fn ask(embedder: &LocalEmbedder, questions: &[String], what: &str) {
    let mut times = Vec::new();
    for question in questions {
        let started = Instant::now();
        embedder
            .embed_queries(std::slice::from_ref(question))
            .await
            .unwrap();
        times.push(started.elapsed());
    }
    row(what, &mut times);
}

/// Questions while two callers have passages done.
async fn ask_meanwhile(embedder: &Arc<LocalEmbedder>, passages: &[String], questions: &[String]) {
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let (embedder, stop, passages) = (Arc::clone(embedder), Arc::clone(&stop), passages.to_vec());
            tokio::spawn(async move {
                for some in passages.chunks(32).cycle() {
                    embedder.embed_passages(some).await.unwrap();
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                }
            })
        })
        .collect();
    ask(embedder, &questions[..QUESTIONS / 4], "questions meanwhile").await;
    stop.store(true, Ordering::Relaxed);
    for caller in busy {
        caller.await.unwrap();
    }
}

fn row(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| ms(times[(times.len() - 1) * percent / 100]);
    println!("| {what} | | {} | {} | | {} |", at(50), at(95), memory());
}

fn memory() -> String {
    format!("{}, {} MiB", resident_mib("VmRSS:"), resident_mib("VmHWM:"))
}

/// This process's memory: `VmRSS:` is now, `VmHWM:` the most so far.
fn resident_mib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
