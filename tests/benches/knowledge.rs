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

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::query::{Term, terms};
use em_domain::knowledge::{Chunk, Document, NewSource, SourceKind, SourceTag, Visibility};
use em_storage::testing::{Flush, PostgresServer, TestDatabase};
use em_storage::{NewDocument, Store};
use ulid::Ulid;

/// Different words.
const WORDS: f64 = 50_000.0;
/// Words of a chunk: about 800 characters.
const CHUNK: usize = 120;
/// Chunks of a document.
const DOCUMENT: usize = 10;
/// Documents that are written at once.
const AT_ONCE: usize = 200;
/// Every tenth document is in a source that is not allowed.
const SECRET_EVERY: usize = 10;
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
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    let open = source(store, "/open").await;
    let secret = source(store, "/secret").await;
    let begun = Instant::now();
    fill(store, &open.0, &secret.0, chunks, &mut draw).await;
    let filled = begun.elapsed();
    store.knowledge().tidy().await.unwrap();
    let tidied = begun.elapsed() - filled;
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
            let hits = store.knowledge().lexical(&asked, &allowed, 50).await.unwrap();
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

async fn source(store: &Store, location: &str) -> (SourceId, SourceTag) {
    let new = NewSource {
        id: SourceId::new(Ulid::new()),
        kind: SourceKind::Folder,
        location: location.to_owned(),
        visibility: Visibility::Everyone,
        added_by: None,
        added_at: at(),
    };
    let added = store.knowledge().insert_source(&new).await.unwrap();
    (new.id, added.source().tag)
}

async fn fill(store: &Store, open: &SourceId, secret: &SourceId, chunks: usize, draw: &mut Draw) {
    let mut number = 0;
    while number * DOCUMENT < chunks {
        let numbers = number..(number + AT_ONCE).min(chunks.div_ceil(DOCUMENT));
        number = numbers.end;
        let (hidden, shown): (Vec<usize>, Vec<usize>) = numbers.partition(|n| n % SECRET_EVERY == 0);
        for (source, numbers) in [(open, shown), (secret, hidden)] {
            let documents: Vec<NewDocument> =
                numbers.into_iter().map(|n| document(source, n, draw)).collect();
            store
                .knowledge()
                .upsert_documents(source, &documents, at())
                .await
                .unwrap();
        }
    }
}

fn document(source: &SourceId, number: usize, draw: &mut Draw) -> NewDocument {
    let text = |count: usize, draw: &mut Draw| -> String {
        let words: Vec<String> = (0..count).map(|_| word(draw.zipf())).collect();
        words.join(" ")
    };
    let chunk = |ordinal: u32| Chunk {
        ordinal,
        heading: vec![text(3, draw)],
        text: text(CHUNK, draw),
    };
    let chunks: Vec<Chunk> = (0..DOCUMENT as u32).map(chunk).collect();
    NewDocument {
        document: Document {
            source: source.clone(),
            external_id: format!("{number}.md"),
            title: text(5, draw),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: number.to_string(),
        },
        chunks,
        embedded: None,
    }
}

/// The word of a rank: letters only, and no two that a stemmer takes for one.
fn word(rank: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrtvwxz";
    let mut word = String::from("ka");
    let mut rest = rank;
    for _ in 0..4 {
        word.push(char::from(LETTERS[rest % LETTERS.len()]));
        word.push('o');
        rest /= LETTERS.len();
    }
    word
}

/// Numbers that are the same in each run.
struct Draw(u64);

impl Draw {
    fn even(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The rank of a word: half as likely at twice the rank.
    fn zipf(&mut self) -> usize {
        (WORDS.powf(self.even()) - 1.0) as usize
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + (self.even() * (to - from) as f64) as usize
    }
}

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

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
