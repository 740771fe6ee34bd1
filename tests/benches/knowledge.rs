//! Purpose: how quickly documents go in, and how long a search by words takes, with 100,000 chunks of made-up text.
//!
//! `cargo bench -p em-tests --bench knowledge` prints a table for both engines. `EM_BENCH_CHUNKS=1000000` for more
//! chunks. The words follow Zipf's law over 50,000 words, so that some are in nearly every chunk and most in few, as
//! in real text.

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

use std::time::{Duration, Instant};

use em_domain::knowledge::query::{Term, terms};
use em_storage::Store;
use em_storage::testing::{Flush, PostgresServer, TestDatabase};

use passages::{CHUNK, Draw, WORDS, fill, source, word};

/// Questions of each kind.
const QUESTIONS: usize = 200;

#[tokio::main]
async fn main() {
    let chunks: usize = std::env::var("EM_BENCH_CHUNKS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    println!("{chunks} chunks of {CHUNK} words, Zipf's law over {WORDS} words\n");
    println!("| engine | question | found | p50 ms | p95 ms | max ms |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    measure("SQLite", &TestDatabase::sqlite().await.store, chunks).await;
    let Some(server) = PostgresServer::start(Flush::On) else {
        return;
    };
    measure(
        "PostgreSQL",
        &TestDatabase::postgres_on(&server).await.store,
        chunks,
    )
    .await;
}

async fn measure(engine: &str, store: &Store, chunks: usize) {
    let mut draw = Draw::new(0x2545_f491_4f6c_dd1d, Vec::new());
    let open = source(store, "/open").await;
    let secret = source(store, "/secret").await;
    let begun = Instant::now();
    fill(store, &open.0, &secret.0, chunks, &mut draw).await;
    let filled = begun.elapsed();
    store.knowledge().tidy().await.unwrap();
    let tidied = begun.elapsed().saturating_sub(filled);
    println!(
        "| {engine} | written in {:.1} s, {:.0} chunks/s, tidied in {:.1} s | | | | |",
        filled.as_secs_f64(),
        chunks as f64 / filled.as_secs_f64(),
        tidied.as_secs_f64()
    );
    let allowed = [open.1];
    for kind in KINDS {
        let mut times = Vec::with_capacity(QUESTIONS);
        let mut found = 0;
        for _ in 0..QUESTIONS {
            let asked = (kind.ask)(&mut draw);
            let begun = Instant::now();
            let hits = store
                .knowledge()
                .lexical(&asked, Some(&allowed), 50)
                .await
                .unwrap();
            times.push(begun.elapsed());
            found += hits.len();
        }
        row(engine, kind.name, found / QUESTIONS, times);
    }
}

/// A kind of question.
struct Kind {
    name: &'static str,
    ask: fn(&mut Draw) -> Vec<Term>,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "one rare word",
        ask: |draw| vec![Term::word(word(draw.between(5_000, 50_000)))],
    },
    Kind {
        name: "five words as they come in text",
        ask: |draw| (0..5).map(|_| Term::word(word(draw.zipf()))).collect(),
    },
    Kind {
        name: "two common words and two rare",
        ask: |draw| {
            let (common, rare) = (draw.between(0, 20), draw.between(2_000, 20_000));
            let ranks = [common, common + 1, rare, rare + 1];
            ranks.map(|rank| Term::word(word(rank))).to_vec()
        },
    },
    Kind {
        name: "three common words alone",
        ask: |draw| {
            let common = draw.between(0, 20);
            [0, 1, 2].map(|more| Term::word(word(common + more))).to_vec()
        },
    },
    Kind {
        name: "a question of 5,000 characters",
        ask: |draw| {
            let words: Vec<String> = (0..800).map(|_| word(draw.zipf())).collect();
            terms(&words.join(" "))
        },
    },
];

fn row(engine: &str, question: &str, found: usize, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {engine} | {question} | {found} | {:.1} | {:.1} | {:.1} |",
        ms(50),
        ms(95),
        ms(100)
    );
}
