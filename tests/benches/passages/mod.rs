//! Purpose: made-up documents for benchmarks: words that follow Zipf's law over 50,000 words, so that some are in nearly every
//! passage and most in few, as in real text.

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::{Chunk, Document, NewSource, SourceKind, SourceTag, Visibility};
use em_storage::{NewDocument, Store};
use ulid::Ulid;

/// Different words.
pub(crate) const WORDS: f64 = 50_000.0;
/// Words of a passage: about 800 characters.
pub(crate) const CHUNK: usize = 120;
/// Passages of a document.
const DOCUMENT: usize = 10;
/// Documents that are written at once.
const AT_ONCE: usize = 200;
/// Every tenth document is in a source that is not allowed.
const SECRET_EVERY: usize = 10;

pub(crate) async fn source(store: &Store, location: &str) -> (SourceId, SourceTag) {
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

pub(crate) async fn fill(store: &Store, open: &SourceId, secret: &SourceId, chunks: usize, draw: &mut Draw) {
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
        let words: Vec<String> = (0..count)
            .map(|_| {
                let rank = draw.zipf();
                draw.word(rank)
            })
            .collect();
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
pub(crate) fn word(rank: usize) -> String {
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

/// Numbers that are the same in each run, and the words that they stand for.
pub(crate) struct Draw {
    state: u64,
    /// The first of all words; the others are made up.
    words: Vec<String>,
}

impl Draw {
    /// With words of a language, the most frequent first; what is beyond them is made up.
    pub(crate) fn new(seed: u64, words: Vec<String>) -> Self {
        Self { state: seed, words }
    }

    /// The word of a rank.
    pub(crate) fn word(&self, rank: usize) -> String {
        self.words.get(rank).cloned().unwrap_or_else(|| word(rank))
    }

    pub(crate) fn even(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The rank of a word: half as likely at twice the rank.
    pub(crate) fn zipf(&mut self) -> usize {
        (WORDS.powf(self.even()) - 1.0) as usize
    }

    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + (self.even() * (to - from) as f64) as usize
    }
}

pub(crate) fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}
