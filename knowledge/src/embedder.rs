//! Purpose: the promise of everything that turns text into vectors, so that search can be tested with a small one.

pub mod backend;
pub mod local;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::error::KnowledgeError;

/// What a text means, as numbers; scaled to length 1, so that the scalar product of two is the cosine between them.
pub type Vector = Vec<f32>;

/// Finds a model by the name that is kept with its vectors; `None` if it is no longer to be had.
pub type FindModel = Arc<dyn Fn(String) -> BoxFuture<'static, Option<Arc<dyn Embedder>>> + Send + Sync>;

/// Turns text into vectors. The answer has one vector for each text, in the order of the texts.
///
/// Questions and passages have a method each, because some models want to be told which it is, and because somebody
/// waits for the answer to a question: a question goes ahead of passages that wait. A text that is longer than the model
/// reads is cut off; an empty one has a vector as well.
pub trait Embedder: Send + Sync {
    /// Vectors of what people ask.
    ///
    /// # Errors
    /// The model cannot be loaded, or failed.
    fn embed_queries<'a>(&'a self, texts: &'a [String])
    -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>>;

    /// Vectors of what is searched.
    ///
    /// # Errors
    /// The model cannot be loaded, or failed.
    fn embed_passages<'a>(
        &'a self,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Vector>, KnowledgeError>>;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Which model it is, to be kept with every vector. Vectors can be compared if their names are equal: the name holds
    /// a digest of the files that decide what comes out.
    fn name(&self) -> &str;
}
