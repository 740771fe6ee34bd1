//! Purpose: questions to the team's documents: what is found by words and what is found by meaning become one list.
//!
//! Where there is no model, or it fails, words alone are searched and the answer says why.

mod meaning;
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use em_domain::knowledge::fusion::{
    Fused, Ranked, by_marks, by_relevance, fuse, merge_neighbours, number, spread, without_copies,
};
use em_domain::knowledge::query::{Term, coverage, terms};
use em_domain::knowledge::{Audience, ChunkId, Passage, SourceTag, Standing, admitted};
use em_storage::{NearestBy, Store, StoreError, StoredChunk};

use crate::embedder::{Embedder, FindModel, Vector};
use crate::error::KnowledgeError;
use crate::reranker::{JUDGED, Reranker};
use crate::source::Outside;
use meaning::{Allowed, Former, Meaning, is_nearly_all, missing_meanings};

/// Hits that each of the two searches contributes.
const HITS: usize = 100;
/// Chunks of the fused list that are looked at; more than are shown, for copies and neighbours fall together.
const CANDIDATES: usize = 40;
/// Passages of one document before others get a place.
const PER_DOCUMENT: usize = 2;

/// The team's documents, and what they mean.
#[derive(Clone)]
pub struct Library {
    pub(crate) store: Store,
    /// By the model that is configured, or why there is none.
    pub(crate) meaning: Result<Arc<Meaning>, KnowledgeError>,
    former: Arc<Former>,
    reranker: Option<Arc<Reranker>>,
    pub(crate) outside: Outside,
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
    /// What was searched by words only and why, where that was so: everything, or passages without a meaning.
    pub only_words: Option<String>,
}

impl Library {
    /// The documents in `store`. `embedder` may be the reason why there is none.
    pub fn new(store: Store, embedder: Result<Arc<dyn Embedder>, KnowledgeError>) -> Self {
        Self {
            store,
            meaning: embedder.map(|embedder| Arc::new(Meaning::new(embedder))),
            former: Arc::new(Former::new(None)),
            reranker: None,
            outside: Outside::default(),
        }
    }

    /// With a way to find the model from before a change, which answers until nearly all passages mean something to
    /// the new one.
    #[must_use]
    pub fn with_former(mut self, find: FindModel) -> Self {
        self.former = Arc::new(Former::new(Some(find)));
        self
    }

    /// With a model that reads the best passages together with the question, and orders them.
    #[must_use]
    pub fn with_reranker(mut self, reranker: Option<Arc<Reranker>>) -> Self {
        self.reranker = reranker;
        self
    }

    /// The same, and it reads what is beyond this machine with `outside`.
    #[must_use]
    pub fn with_outside(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    /// Where the documents are stored.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Puts the index in order after much has changed, and makes the one over meanings where the database can have it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.store.knowledge().tidy().await?;
        let Ok(meaning) = &self.meaning else {
            return Ok(());
        };
        let embedder = &meaning.embedder;
        let by = self
            .store
            .knowledge()
            .prepare_nearest(embedder.name(), embedder.dimensions())
            .await?;
        tracing::debug!(?by, "where meanings are compared");
        Ok(())
    }

    /// Where meanings are compared; `None` without a model.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn nearest_by(&self) -> Result<Option<NearestBy>, StoreError> {
        match &self.meaning {
            Ok(meaning) => {
                let by = self.store.knowledge().nearest_by(meaning.embedder.name()).await?;
                Ok(Some(by))
            }
            Err(_) => Ok(None),
        }
    }

    /// Why nothing is found by meaning, if that is so.
    pub fn why_only_words(&self) -> Option<String> {
        self.meaning.as_ref().err().map(ToString::to_string)
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
        let passages = sources.iter().map(|source| source.state.chunks).sum();
        let among = Allowed {
            sources: &allowed,
            is_all: allowed.len() == sources.len(),
        };
        let terms = terms(question);
        let (words, near) = tokio::join!(
            self.by_words(&terms, among, weights.words),
            self.by_meaning(question, among, weights.meaning, passages)
        );
        let (words, near) = (words?, near?);
        let lists = [
            Ranked {
                weight: weights.words,
                hits: words,
            },
            Ranked {
                weight: weights.meaning,
                hits: near.hits.iter().map(|(chunk, _)| *chunk).collect(),
            },
        ];
        let mut fused = fuse(&lists);
        fused.truncate(CANDIDATES.max(2 * k));
        let passages = self.passages(&fused, &near.hits, &terms, &allowed).await?;
        let mut passages = merge_neighbours(spread(without_copies(passages), PER_DOCUMENT));
        if weights.words > 0.0 && !near.hits.is_empty() {
            by_relevance(&mut passages);
        }
        self.rerank(question, &mut passages).await;
        passages.truncate(k);
        number(&mut passages);
        Ok(Found {
            passages,
            only_words: near.missing,
        })
    }

    /// Puts the best passages in the order of the reranker, where there is one. If it fails the order stays: an answer in
    /// a lesser order is better than none.
    async fn rerank(&self, question: &str, passages: &mut [Passage]) {
        let Some(reranker) = &self.reranker else {
            return;
        };
        let judged = passages.iter().take(JUDGED);
        let texts = judged
            .map(|passage| format!("{}\n{}", passage.heading.join(" "), passage.text))
            .collect();
        match reranker.marks(question, texts).await {
            Ok(marks) => by_marks(passages, &marks),
            Err(error) => tracing::warn!(%error, "the passages could not be put in a better order"),
        }
    }

    async fn by_words(
        &self,
        terms: &[Term],
        allowed: Allowed<'_>,
        weight: f64,
    ) -> Result<Vec<ChunkId>, StoreError> {
        if weight <= 0.0 {
            return Ok(Vec::new());
        }
        let hits = self
            .store
            .knowledge()
            .lexical(terms, allowed.named(), HITS)
            .await?;
        Ok(hits.into_iter().map(|hit| hit.chunk).collect())
    }

    /// By the configured model, or by the one from before where that knows more of all `passages`.
    async fn by_meaning(
        &self,
        question: &str,
        allowed: Allowed<'_>,
        weight: f64,
        passages: i64,
    ) -> Result<Near, StoreError> {
        if weight <= 0.0 || question.trim().is_empty() {
            return Ok(Near::default());
        }
        let meaning = match &self.meaning {
            Ok(meaning) => meaning,
            Err(error) => return Ok(Near::missing(error)),
        };
        let passages = u64::try_from(passages).unwrap_or_default();
        let covered = meaning.refresh(&self.store).await?;
        if is_nearly_all(covered, passages) {
            self.former.dismiss().await;
            let found = meaning.nearest(&self.store, question, HITS, allowed).await?;
            return Ok(Near::of(found, None));
        }
        if let Some(former) = self.former.beyond(covered, &self.store).await? {
            match former.nearest(&self.store, question, HITS, allowed).await? {
                Ok(hits) => return Ok(Near::of(Ok(hits), None)),
                Err(error) => tracing::warn!(%error, "the former model does not answer"),
            }
        }
        let remark = missing_meanings(covered, passages);
        let found = meaning.nearest(&self.store, question, HITS, allowed).await?;
        Ok(Near::of(found, Some(remark)))
    }

    /// What questions mean; none where meanings are not compared. Those that were asked before cost nothing.
    ///
    /// # Errors
    /// The model failed.
    pub async fn meanings(&self, questions: &[String]) -> Result<Vec<Vector>, KnowledgeError> {
        match &self.meaning {
            Ok(meaning) => meaning.of_questions(questions).await,
            Err(_) => Ok(Vec::new()),
        }
    }

    /// The passages that were found, of sources in `allowed` alone: a search among all sources may have seen one that was
    /// added after it was asked which there are.
    async fn passages(
        &self,
        fused: &[Fused<ChunkId>],
        near: &[(ChunkId, f32)],
        terms: &[Term],
        allowed: &[SourceTag],
    ) -> Result<Vec<Passage>, StoreError> {
        let ids: Vec<ChunkId> = fused.iter().map(|fused| fused.hit).collect();
        let mut stored = self.store.knowledge().passages(&ids).await?;
        stored.retain(|chunk| allowed.contains(&chunk.source));
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

/// What is found by meaning: chunks with their cosines, and what could not be found so.
#[derive(Debug, Default)]
struct Near {
    hits: Vec<(ChunkId, f32)>,
    missing: Option<String>,
}

impl Near {
    fn of(found: Result<Vec<(ChunkId, f32)>, KnowledgeError>, missing: Option<String>) -> Self {
        match found {
            Ok(hits) => Self { hits, missing },
            Err(error) => Self::missing(&error),
        }
    }

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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::id::SourceId;
    use em_domain::knowledge::{Chunk, Document, NewSource, SourceKind, Visibility};
    use em_storage::NewDocument;
    use em_storage::testing::TestDatabase;

    use super::*;

    em_storage::both_engines!(what_was_found_in_a_source_that_is_not_allowed_is_not_told);

    async fn what_was_found_in_a_source_that_is_not_allowed_is_not_told(db: TestDatabase) {
        let at = DateTime::UNIX_EPOCH;
        let new = NewSource {
            id: SourceId::new(ulid::Ulid::from(1_u128)),
            kind: SourceKind::Folder,
            location: "/secret".to_owned(),
            visibility: Visibility::Everyone,
            added_by: None,
            added_at: at,
        };
        let document = Document {
            source: new.id.clone(),
            external_id: "a".to_owned(),
            title: String::new(),
            url: None,
            author: None,
            owners: Vec::new(),
            changed_at: None,
            digest: String::new(),
        };
        let chunk = Chunk {
            ordinal: 0,
            heading: Vec::new(),
            text: "salaries".to_owned(),
        };
        let document = NewDocument {
            document,
            chunks: vec![chunk],
            embedded: None,
        };
        let area = db.store.knowledge();
        let tag = area.insert_source(&new).await.unwrap().source().tag;
        area.upsert_document(&new.id, &document, at).await.unwrap();
        let hits = area.lexical(&terms("salaries"), None, 5).await.unwrap();
        let [hit] = hits.as_slice() else {
            panic!("{hits:?}");
        };
        let hits = vec![hit.chunk];
        let fused = fuse(&[Ranked { weight: 1.0, hits }]);
        let no_model = KnowledgeError::NoModel {
            name: "none".to_owned(),
            looked: Vec::new(),
            files: String::new(),
        };
        let library = Library::new(db.store.clone(), Err(no_model));
        for (allowed, expected) in [(vec![tag], 1), (vec![SourceTag(tag.0 + 1)], 0)] {
            let told = library.passages(&fused, &[], &[], &allowed).await.unwrap();
            assert_eq!(told.len(), expected, "{allowed:?}");
        }
    }
}
