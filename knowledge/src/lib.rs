//! Knowledge: documents become text, text becomes passages, and passages are found by their words and by their meaning.
//!
//! [`text`] reads bytes, [`chunk`] cuts them into passages, and an [`Embedder`] makes a vector of each: texts that mean
//! similar things get vectors with a high scalar product. The model runs in this process; no text leaves the machine. A
//! [`Library`] reads sources, keeps them up to date in the database, and answers questions with passages, never prose.
//!
//! Must not: decide who may read what (`domain::knowledge` does), post, or write sentences.

pub mod chunk;
pub mod embedder;
mod error;
mod indexing;
mod library;
pub mod model;
mod reranker;
mod source;
pub mod text;
mod upload;

pub use embedder::backend::Backend;
pub use embedder::local::LocalEmbedder;
pub use embedder::{Embedder, FindModel, Vector};
pub use error::KnowledgeError;
pub use indexing::{IndexError, Progress};
pub use library::{Found, Library, Weights};
pub use model::{Model, ModelSettings};
pub use reranker::Reranker;
pub use source::{Outside, Place, SourceError, addressed, is_address, located};
pub use upload::Upload;
