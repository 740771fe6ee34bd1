//! Purpose: passages found by what they mean to one model, and which model is asked while the model changes.
//!
//! After a change of model the passages get their new meanings one after the other, which takes hours. Meanings of two
//! models cannot be compared. So the former model answers, if it is still to be had, until nearly all passages mean
//! something to the new one.

use std::sync::Arc;

use em_domain::knowledge::{ChunkId, SourceTag};
use em_storage::{Nearby, Store, StoreError};
use moka::future::Cache;
use tokio::sync::{Mutex, RwLock};

use super::memory::{self, Memory};
use crate::embedder::{Embedder, FindModel, Vector};
use crate::error::KnowledgeError;

/// Questions whose meaning is remembered.
const QUESTIONS_REMEMBERED: u64 = 1_000;
/// Characters of a question whose meaning is worked out; the model reads fewer.
const MAX_QUESTION: usize = 2_000;
/// From this part of all passages on, in percent, a model answers as well as it ever will: a few new passages are always
/// on their way.
const NEARLY_ALL_PERCENT: u64 = 95;

/// One model, with all that is known to mean something to it.
pub(crate) struct Meaning {
    pub(crate) embedder: Arc<dyn Embedder>,
    memory: Arc<RwLock<Memory>>,
    questions: Cache<String, Arc<Vector>>,
    /// Where the database itself searches: how many passages it knew, at which version.
    counted: Mutex<Option<(i64, u64)>>,
}

impl Meaning {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self {
            memory: Arc::new(RwLock::new(Memory::new(embedder.dimensions()))),
            questions: Cache::new(QUESTIONS_REMEMBERED),
            counted: Mutex::new(None),
            embedder,
        }
    }

    /// Learns what changed; answers how many passages mean something to the model.
    pub(super) async fn refresh(&self, store: &Store) -> Result<u64, StoreError> {
        let model = self.embedder.name();
        if !store.knowledge().has_nearest(model).await? {
            memory::refresh(&self.memory, store, model).await?;
            return Ok(self.memory.read().await.len() as u64);
        }
        if self.memory.read().await.len() > 0 {
            *self.memory.write().await = Memory::new(self.embedder.dimensions());
        }
        let version = store.knowledge().version().await?;
        let mut counted = self.counted.lock().await;
        if let Some((_, passages)) = counted.filter(|(at, _)| *at == version) {
            return Ok(passages);
        }
        let passages = store.knowledge().count_vectors(model).await?;
        let passages = u64::try_from(passages).unwrap_or_default();
        *counted = Some((version, passages));
        Ok(passages)
    }

    /// The passages nearest to a question, with their cosines: by the database where it has an index for it, else by
    /// what is in memory.
    pub(super) async fn nearest(
        &self,
        store: &Store,
        question: &str,
        k: usize,
        allowed: Allowed<'_>,
    ) -> Result<Result<Vec<(ChunkId, f32)>, KnowledgeError>, StoreError> {
        let vector = match self.of_question(question).await {
            Ok(vector) => vector,
            Err(error) => return Ok(Err(error)),
        };
        if !store.knowledge().has_nearest(self.embedder.name()).await? {
            return Ok(self.in_memory(vector, k, allowed.sources).await);
        }
        let wanted = Nearby {
            model: self.embedder.name(),
            vector: &vector,
            k,
            allowed: allowed.named(),
        };
        Ok(Ok(store.knowledge().nearest(&wanted).await?))
    }

    async fn in_memory(
        &self,
        vector: Arc<Vector>,
        k: usize,
        allowed: &[SourceTag],
    ) -> Result<Vec<(ChunkId, f32)>, KnowledgeError> {
        let (memory, allowed) = (Arc::clone(&self.memory), allowed.to_vec());
        // Milliseconds of arithmetic: not on a thread that answers people.
        let near = tokio::task::spawn_blocking(move || memory.blocking_read().top(&vector, k, &allowed));
        near.await.map_err(|error| KnowledgeError::Failed {
            model: self.embedder.name().to_owned(),
            cause: error.to_string(),
        })
    }

    /// What a question means; worked out once for the same words.
    async fn of_question(&self, question: &str) -> Result<Arc<Vector>, KnowledgeError> {
        let key = key(question);
        if let Some(vector) = self.questions.get(&key).await {
            return Ok(vector);
        }
        let vectors = self.embedder.embed_queries(&[begin(question)]).await?;
        let vector = Arc::new(vectors.into_iter().next().unwrap_or_default());
        self.questions.insert(key, Arc::clone(&vector)).await;
        Ok(vector)
    }

    /// What questions mean; those that were not asked before in one go.
    pub(super) async fn of_questions(&self, questions: &[String]) -> Result<Vec<Vector>, KnowledgeError> {
        let mut known = Vec::with_capacity(questions.len());
        for question in questions {
            known.push(self.questions.get(&key(question)).await);
        }
        let is_new = known.iter().zip(questions).filter(|(vector, _)| vector.is_none());
        let new: Vec<String> = is_new.map(|(_, question)| begin(question)).collect();
        let mut made = match new.as_slice() {
            [] => Vec::new().into_iter(),
            new => self.embedder.embed_queries(new).await?.into_iter(),
        };
        let mut vectors = Vec::with_capacity(questions.len());
        for (vector, question) in known.into_iter().zip(questions) {
            if let Some(known) = vector {
                vectors.push(known.to_vec());
                continue;
            }
            let vector = made.next().unwrap_or_default();
            let remembered = Arc::new(vector.clone());
            self.questions.insert(key(question), remembered).await;
            vectors.push(vector);
        }
        Ok(vectors)
    }
}

/// As much of a question as the model is given.
fn begin(question: &str) -> String {
    question.chars().take(MAX_QUESTION).collect()
}

/// By what a question's meaning is remembered.
fn key(question: &str) -> String {
    let begin = begin(question);
    let words: Vec<&str> = begin.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// The sources that an answer may be made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed<'a> {
    pub(super) sources: &'a [SourceTag],
    /// There are no others.
    pub(super) is_all: bool,
}

impl<'a> Allowed<'a> {
    /// The sources, where there are others.
    pub(super) fn named(self) -> Option<&'a [SourceTag]> {
        (!self.is_all).then_some(self.sources)
    }
}

/// The model from before, while it is of use.
pub(super) struct Former {
    find: Option<FindModel>,
    state: Mutex<State>,
}

enum State {
    /// Nobody needed it yet.
    NotSought,
    /// There is none, or it has done its service.
    Gone,
    /// It answers.
    Here(Arc<Meaning>),
}

impl Former {
    pub(super) fn new(find: Option<FindModel>) -> Self {
        Self {
            find,
            state: Mutex::new(State::NotSought),
        }
    }

    /// The model from before, where more than `covered` passages mean something to it.
    pub(super) async fn beyond(
        &self,
        covered: u64,
        store: &Store,
    ) -> Result<Option<Arc<Meaning>>, StoreError> {
        let mut state = self.state.lock().await;
        if matches!(*state, State::NotSought) {
            *state = self.seek(covered, store).await?.map_or(State::Gone, State::Here);
        }
        let State::Here(former) = &*state else {
            return Ok(None);
        };
        let former = Arc::clone(former);
        drop(state);
        let knows_more = former.refresh(store).await? > covered;
        Ok(knows_more.then_some(former))
    }

    /// It has done its service: its memory is needed no more.
    pub(super) async fn dismiss(&self) {
        let mut state = self.state.lock().await;
        if matches!(*state, State::Here(_)) {
            *state = State::Gone;
        }
    }

    async fn seek(&self, covered: u64, store: &Store) -> Result<Option<Arc<Meaning>>, StoreError> {
        let Some(find) = &self.find else { return Ok(None) };
        let mut models = store.knowledge().list_models().await?;
        models.retain(|model| u64::try_from(model.chunks).is_ok_and(|chunks| chunks > covered));
        models.sort_by_key(|model| std::cmp::Reverse(model.chunks));
        for model in models {
            if let Some(embedder) = find(model.model.clone()).await {
                tracing::info!(
                    model = model.model,
                    "the former model answers until the new one knows enough"
                );
                return Ok(Some(Arc::new(Meaning::new(embedder))));
            }
        }
        Ok(None)
    }
}

/// Whether so many passages are nearly all.
pub(super) fn is_nearly_all(covered: u64, passages: u64) -> bool {
    covered * 100 >= passages * NEARLY_ALL_PERCENT
}

/// What is said while passages lack a meaning and no former model can stand in.
pub(super) fn missing_meanings(covered: u64, passages: u64) -> String {
    let missing = passages.saturating_sub(covered);
    format!("{missing} of {passages} passages, whose meaning is not worked out yet")
}
