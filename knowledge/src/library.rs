//! Purpose: questions to the team's documents: what is found by words and what is found by meaning become one list.
//!
//! Where there is no model, or it fails, words alone are searched and the answer says why.

mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::knowledge::fusion::{Fused, Ranked, fuse, merge_neighbours, number, spread, without_copies};
use em_domain::knowledge::query::{Term, coverage, terms};
use em_domain::knowledge::{Audience, ChunkId, Passage, SourceTag, Standing, admitted};
use em_storage::{Store, StoreError, StoredChunk};
use moka::future::Cache;
use tokio::sync::RwLock;

use crate::embedder::{Embedder, Vector};
use crate::error::KnowledgeError;
use memory::Memory;

/// Hits that each of the two searches contributes.
const HITS: usize = 100;
/// Chunks of the fused list that are looked at; more than are shown, for copies and neighbours fall together.
const CANDIDATES: usize = 40;
/// Passages of one document before others get a place.
const PER_DOCUMENT: usize = 2;
/// Questions whose meaning is remembered.
const QUESTIONS_REMEMBERED: u64 = 1_000;
/// Characters of a question whose meaning is worked out; the model reads fewer.
const MAX_QUESTION: usize = 2_000;

/// The team's documents, and what they mean.
#[derive(Clone)]
pub struct Library {
    pub(crate) store: Store,
    pub(crate) embedder: Result<Arc<dyn Embedder>, KnowledgeError>,
    memory: Arc<RwLock<Memory>>,
    questions: Cache<String, Arc<Vector>>,
}

/// How the two searches count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// What is found by words; 0 leaves them out.
    pub words: f64,
    /// What is found by meaning; 0 leaves it out.
    pub meaning: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            words: 1.0,
            meaning: 1.0,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The passages, the best first.
    pub passages: Vec<Passage>,
    /// Why only words were searched, where that was so.
    pub only_words: Option<String>,
}

impl Library {
    /// The documents in `store`. `embedder` may be the reason why there is none.
    pub fn new(store: Store, embedder: Result<Arc<dyn Embedder>, KnowledgeError>) -> Self {
        let dimensions = embedder.as_ref().map_or(0, |embedder| embedder.dimensions());
        Self {
            store,
            embedder,
            memory: Arc::new(RwLock::new(Memory::new(dimensions))),
            questions: Cache::new(QUESTIONS_REMEMBERED),
        }
    }

    /// Where the documents are stored.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Puts the index in order after much has changed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.store.knowledge().tidy().await
    }

    /// Why nothing is found by meaning, if that is so.
    pub fn why_only_words(&self) -> Option<String> {
        self.embedder.as_ref().err().map(ToString::to_string)
    }

    /// The `k` best passages for `question` of those sources that everybody in `audience` may see.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn search(&self, question: &str, audience: &Audience, k: usize) -> Result<Found, StoreError> {
        self.search_with(question, audience, k, Weights::default()).await
    }

    /// As [`Library::search`], with other weights: to measure what each search contributes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn search_with(
        &self,
        question: &str,
        audience: &Audience,
        k: usize,
        weights: Weights,
    ) -> Result<Found, StoreError> {
        let sources = self.store.knowledge().list_sources().await?;
        let allowed = admitted(&sources, audience);
        let terms = terms(question);
        let (words, meaning) = tokio::join!(
            self.by_words(&terms, &allowed, weights.words),
            self.by_meaning(question, &allowed, weights.meaning)
        );
        let (words, meaning) = (words?, meaning?);
        let lists = [
            Ranked {
                weight: weights.words,
                hits: words,
            },
            Ranked {
                weight: weights.meaning,
                hits: meaning.hits.iter().map(|(chunk, _)| *chunk).collect(),
            },
        ];
        let mut fused = fuse(&lists);
        fused.truncate(CANDIDATES.max(2 * k));
        let passages = self.passages(&fused, &meaning.hits, &terms).await?;
        let mut passages = merge_neighbours(spread(without_copies(passages), PER_DOCUMENT));
        passages.truncate(k);
        number(&mut passages);
        Ok(Found {
            passages,
            only_words: meaning.missing,
        })
    }

    async fn by_words(
        &self,
        terms: &[Term],
        allowed: &[SourceTag],
        weight: f64,
    ) -> Result<Vec<ChunkId>, StoreError> {
        if weight <= 0.0 {
            return Ok(Vec::new());
        }
        let hits = self.store.knowledge().lexical(terms, allowed, HITS).await?;
        Ok(hits.into_iter().map(|hit| hit.chunk).collect())
    }

    async fn by_meaning(
        &self,
        question: &str,
        allowed: &[SourceTag],
        weight: f64,
    ) -> Result<Meaning, StoreError> {
        if weight <= 0.0 || question.trim().is_empty() {
            return Ok(Meaning::default());
        }
        let embedder = match &self.embedder {
            Ok(embedder) => embedder,
            Err(error) => return Ok(Meaning::missing(error)),
        };
        let vector = match self.meaning_of(embedder, question).await {
            Ok(vector) => vector,
            Err(error) => return Ok(Meaning::missing(&error)),
        };
        memory::refresh(&self.memory, &self.store, embedder.name()).await?;
        let (memory, allowed) = (Arc::clone(&self.memory), allowed.to_vec());
        // Milliseconds of arithmetic: not on a thread that answers people.
        let near = tokio::task::spawn_blocking(move || memory.blocking_read().top(&vector, HITS, &allowed));
        match near.await {
            Ok(hits) => Ok(Meaning { hits, missing: None }),
            Err(error) => {
                tracing::error!(%error, "the search by meaning stopped");
                Ok(Meaning {
                    hits: Vec::new(),
                    missing: Some("the search by meaning stopped".to_owned()),
                })
            }
        }
    }

    /// What questions mean; none where meanings are not compared. Those that were asked before cost nothing.
    ///
    /// # Errors
    /// The model failed.
    pub async fn meanings(&self, questions: &[String]) -> Result<Vec<Vector>, KnowledgeError> {
        let Ok(embedder) = &self.embedder else {
            return Ok(Vec::new());
        };
        let mut known: Vec<Option<Arc<Vector>>> = Vec::with_capacity(questions.len());
        let mut unknown = Vec::new();
        for question in questions {
            let vector = self.questions.get(&key(question)).await;
            if vector.is_none() {
                unknown.push(begin(question));
            }
            known.push(vector);
        }
        if !unknown.is_empty() {
            let mut made = embedder.embed_queries(&unknown).await?.into_iter();
            for (slot, question) in known.iter_mut().zip(questions).filter(|(slot, _)| slot.is_none()) {
                let vector = Arc::new(made.next().unwrap_or_default());
                self.questions.insert(key(question), Arc::clone(&vector)).await;
                *slot = Some(vector);
            }
        }
        Ok(known
            .into_iter()
            .flatten()
            .map(|vector| vector.to_vec())
            .collect())
    }

    /// What a question means; worked out once for the same words.
    pub(crate) async fn meaning_of(
        &self,
        embedder: &Arc<dyn Embedder>,
        question: &str,
    ) -> Result<Arc<Vector>, KnowledgeError> {
        let key = key(question);
        if let Some(vector) = self.questions.get(&key).await {
            return Ok(vector);
        }
        let vectors = embedder.embed_queries(&[begin(question)]).await?;
        let vector = Arc::new(vectors.into_iter().next().unwrap_or_default());
        self.questions.insert(key, Arc::clone(&vector)).await;
        Ok(vector)
    }

    async fn passages(
        &self,
        fused: &[Fused<ChunkId>],
        near: &[(ChunkId, f32)],
        terms: &[Term],
    ) -> Result<Vec<Passage>, StoreError> {
        let ids: Vec<ChunkId> = fused.iter().map(|fused| fused.hit).collect();
        let stored = self.store.knowledge().passages(&ids).await?;
        let mut stored: BTreeMap<ChunkId, StoredChunk> =
            stored.into_iter().map(|chunk| (chunk.id, chunk)).collect();
        let cosines: BTreeMap<ChunkId, f32> = near.iter().copied().collect();
        let passage = |fused: &Fused<ChunkId>| {
            let stored = stored.remove(&fused.hit)?;
            Some(passage(stored, fused, cosines.get(&fused.hit).copied(), terms))
        };
        Ok(fused.iter().filter_map(passage).collect())
    }
}

/// As much of a question as the model is given.
fn begin(question: &str) -> String {
    question.chars().take(MAX_QUESTION).collect()
}

/// By what a question's meaning is remembered.
fn key(question: &str) -> String {
    let words: Vec<String> = begin(question)
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

/// What is found by meaning: chunks with their cosines, or why there are none.
#[derive(Debug, Default)]
struct Meaning {
    hits: Vec<(ChunkId, f32)>,
    missing: Option<String>,
}

impl Meaning {
    fn missing(error: &KnowledgeError) -> Self {
        Self {
            hits: Vec::new(),
            missing: Some(error.to_string()),
        }
    }
}

fn passage(stored: StoredChunk, fused: &Fused<ChunkId>, cosine: Option<f32>, terms: &[Term]) -> Passage {
    let chunk = stored.chunk;
    let read = format!(
        "{}\n{}\n{}",
        stored.document.title,
        chunk.heading.join("\n"),
        chunk.text
    );
    Passage {
        chunk: stored.id,
        document_id: stored.document_id,
        document: stored.document,
        first: chunk.ordinal,
        last: chunk.ordinal,
        heading: chunk.heading,
        standing: Standing {
            rank: 0,
            score: fused.score,
            lexical_rank: fused.ranks.first().copied().flatten(),
            vector_rank: fused.ranks.get(1).copied().flatten(),
            cosine,
            coverage: coverage(terms, &read),
        },
        text: chunk.text,
    }
}
