//! Purpose: vectors by a model in this process.
//!
//! Nothing is loaded before the first text comes. The work is done on threads that may block, in lanes: the model a few times
//! side by side, each on one core, which gets more passages done than one model on all cores. Only the first lane is loaded for
//! questions alone. Passages wait in a line of their own before each lane, so that a question waits for one batch at most,
//! however many passages are to be done.

use std::borrow::Cow;
use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use fastembed::{InitOptionsUserDefined, TextEmbedding};
use futures::future::BoxFuture;
use ort::ep;
use tokio::sync::{Mutex, OnceCell};

use super::backend::{self, Backend};
use super::{Embedder, FindModel, Vector};
use crate::error::KnowledgeError;
use crate::model::{MOST_TOKENS, Model, ModelSettings, SHIPPED, depends_on_batch};

/// Texts in one go of a lane. Of one alone nothing is padded, a question waits for little, and memory stays small; more at once
/// were measured to be no quicker on either backend.
const BATCH: usize = 1;

/// Models side by side at the most: each takes about 100 MiB.
const MOST_LANES: usize = 2;

/// Characters of a text that are looked at. The model reads 256 word pieces, about 1,000 characters; the rest would be
/// cut into word pieces for nothing.
const MOST_CHARACTERS: usize = 8_000;

/// A model of a folder, loaded when it is needed.
pub struct LocalEmbedder {
    model: Model,
    library: Option<PathBuf>,
    batch: Option<usize>,
    lanes: Vec<Lane>,
}

/// The model once.
#[derive(Default)]
struct Lane {
    loaded: OnceCell<Loaded>,
    /// Held by whoever has the next batch of passages here.
    passages: Mutex<()>,
}

struct Loaded {
    session: Arc<Mutex<TextEmbedding>>,
    backend: &'static Backend,
    one_by_one: bool,
}

impl LocalEmbedder {
    /// Finds the model that the settings mean, and works out its name. It is not loaded.
    ///
    /// # Errors
    /// There is none, or a file of it is missing or cannot be read.
    pub async fn open(settings: ModelSettings) -> Result<Self, KnowledgeError> {
        let library = settings.library.clone();
        let wanted = settings.name.clone().unwrap_or_else(|| SHIPPED.to_owned());
        let model = tokio::task::spawn_blocking(move || Model::find(&settings))
            .await
            .map_err(|error| failed(&wanted, error))??;
        Ok(Self::new(model, library))
    }

    /// Finds models from before a change, where the settings look for models.
    pub fn finder(settings: ModelSettings) -> FindModel {
        Arc::new(move |name| {
            let settings = settings.clone();
            Box::pin(async move {
                let library = settings.library.clone();
                let found = tokio::task::spawn_blocking(move || Model::former(&settings, &name));
                let model = found.await.ok().flatten()?;
                Some(Arc::new(Self::new(model, library)) as Arc<dyn Embedder>)
            })
        })
    }

    /// An embedder with this model. `library`: an ONNX Runtime to be preferred.
    pub fn new(model: Model, library: Option<PathBuf>) -> Self {
        Self {
            model,
            library,
            batch: None,
            lanes: (0..lanes()).map(|_| Lane::default()).collect(),
        }
    }

    /// With so many texts in one go, instead of what suits the backend.
    #[must_use]
    pub fn with_batch(mut self, texts: usize) -> Self {
        self.batch = Some(texts.max(1));
        self
    }

    /// Loads the model now, so that the first question need not wait for it.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn load(&self) -> Result<&'static Backend, KnowledgeError> {
        Ok(self.loaded(&self.lanes[0]).await?.backend)
    }

    /// What runs the model, once it is loaded.
    pub fn backend(&self) -> Option<&'static Backend> {
        self.lanes[0].loaded.get().map(|loaded| loaded.backend)
    }

    /// The model in use.
    pub fn model(&self) -> &Model {
        &self.model
    }

    async fn loaded<'l>(&self, lane: &'l Lane) -> Result<&'l Loaded, KnowledgeError> {
        lane.loaded
            .get_or_try_init(|| async {
                let (model, library) = (self.model.clone(), self.library.clone());
                let not_loadable = |cause| KnowledgeError::NotLoadable {
                    model: self.model.name.clone(),
                    cause,
                };
                tokio::task::spawn_blocking(move || load(&model, library.as_deref()))
                    .await
                    .unwrap_or_else(|error| Err(not_loadable(error.to_string())))
            })
            .await
    }

    /// Vectors of the texts, in their order.
    async fn embed(&self, texts: &[String], kind: Kind) -> Result<Vec<Vector>, KnowledgeError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let mut order: Vec<usize> = (0..texts.len()).collect();
        // Neighbours are of one length, so that little is padded.
        order.sort_by_key(|&at| texts[at].len());
        let first = self.loaded(&self.lanes[0]).await?;
        let batches = std::sync::Mutex::new(order.chunks(self.batch(first)));
        let lanes = match kind {
            Kind::Query => &self.lanes[..1],
            Kind::Passage => &self.lanes[..self.lanes.len().min(texts.len())],
        };
        let work = lanes
            .iter()
            .map(|lane| self.work_off(lane, &batches, texts, kind));
        let mut vectors = vec![Vector::new(); texts.len()];
        for (at, vector) in futures::future::try_join_all(work).await?.into_iter().flatten() {
            vectors[at] = vector;
        }
        Ok(vectors)
    }

    /// Takes batch after batch until there is none; each vector comes with its text's place.
    async fn work_off(
        &self,
        lane: &Lane,
        batches: &std::sync::Mutex<std::slice::Chunks<'_, usize>>,
        texts: &[String],
        kind: Kind,
    ) -> Result<Vec<(usize, Vector)>, KnowledgeError> {
        let loaded = self.loaded(lane).await?;
        let next = || batches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let mut done = Vec::new();
        while let Some(batch) = next() {
            let prepared = batch.iter().map(|&at| self.prepared(&texts[at], kind)).collect();
            let turn = match kind {
                Kind::Query => None,
                Kind::Passage => Some(lane.passages.lock().await),
            };
            let found = self.run(loaded, prepared).await?;
            drop(turn);
            done.extend(batch.iter().copied().zip(found));
        }
        Ok(done)
    }

    /// How many texts go together.
    fn batch(&self, loaded: &Loaded) -> usize {
        if loaded.one_by_one {
            return 1;
        }
        self.batch.unwrap_or(BATCH)
    }

    /// What the model reads of a text.
    fn prepared(&self, text: &str, kind: Kind) -> String {
        let end = text
            .char_indices()
            .nth(MOST_CHARACTERS)
            .map_or(text.len(), |(at, _)| at);
        let prefix = match kind {
            Kind::Query => &self.model.prefixes.query,
            Kind::Passage => &self.model.prefixes.passage,
        };
        format!("{prefix}{}", &text[..end])
    }

    async fn run(&self, loaded: &Loaded, texts: Vec<String>) -> Result<Vec<Vector>, KnowledgeError> {
        let mut session = Arc::clone(&loaded.session).lock_owned().await;
        let (asked, dimensions) = (texts.len(), self.model.dimensions);
        // The lock goes along: who stops waiting for the answer does not let a second batch in.
        let done = tokio::task::spawn_blocking(move || session.embed(texts, None)).await;
        let vectors = done
            .map_err(|error| failed(&self.model.name, error))?
            .map_err(|error| failed(&self.model.name, error))?;
        let is_sound = |vector: &Vector| vector.len() == dimensions && vector.iter().all(|x| x.is_finite());
        if vectors.len() == asked && vectors.iter().all(is_sound) {
            Ok(vectors)
        } else {
            let what = format!("its answer is not {asked} vectors of {dimensions} numbers");
            Err(failed(&self.model.name, what))
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Query,
    Passage,
}

impl Embedder for LocalEmbedder {
    fn embed_queries<'a>(
        &'a self,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>> {
        Box::pin(self.embed(texts, Kind::Query))
    }

    fn embed_passages<'a>(
        &'a self,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>> {
        Box::pin(self.embed(texts, Kind::Passage))
    }

    fn dimensions(&self) -> usize {
        self.model.dimensions
    }

    fn name(&self) -> &str {
        &self.model.name
    }
}

/// How often the model is loaded for passages: no oftener than there are cores.
fn lanes() -> usize {
    cores().min(MOST_LANES)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Reads the files and makes the model ready.
fn load(model: &Model, library: Option<&Path>) -> Result<Loaded, KnowledgeError> {
    let not_loadable = |cause: Cow<'static, str>| KnowledgeError::NotLoadable {
        model: model.name.clone(),
        cause: cause.into_owned(),
    };
    let files = model.read()?;
    let one_by_one = depends_on_batch(&files.onnx_file);
    // The backends assert where they might return an error.
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let backend = backend::choose(library, &model.folder);
        TextEmbedding::try_new_from_user_defined(files, options(backend)).map(|session| (session, backend))
    }));
    let (session, backend) = made
        .map_err(|_| not_loadable("the library stopped in the middle".into()))?
        .map_err(|error| not_loadable(error.to_string().into()))?;
    tracing::info!(model = %model.name, %backend, "model loaded");
    Ok(Loaded {
        session: Arc::new(Mutex::new(session)),
        backend,
        one_by_one,
    })
}

fn options(backend: &Backend) -> InitOptionsUserDefined {
    let options = InitOptionsUserDefined::new().with_max_length(MOST_TOKENS);
    match backend {
        Backend::OnnxRuntime { .. } => options
            // Its arena keeps the most that any batch ever needed, which of one text is little.
            .with_execution_providers(vec![ep::CPU::default().with_arena_allocator(true).build()])
            // Threads that spin between batches would take the cores from the rest of the program.
            .with_session_config("session.intra_op.allow_spinning", "0")
            // The lanes share the cores.
            .with_intra_threads(cores().div_ceil(lanes())),
        Backend::Tract => options,
    }
}

fn failed(model: &str, cause: impl std::fmt::Display) -> KnowledgeError {
    KnowledgeError::Failed {
        model: model.to_owned(),
        cause: cause.to_string(),
    }
}
