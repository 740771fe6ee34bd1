//! Knowledge: documents become text, text becomes passages, passages and questions become vectors that can be compared.
//!
//! [`text`] reads bytes, [`chunk`] cuts them into passages, and an [`Embedder`] makes a vector of each: texts that mean
//! similar things get vectors with a high scalar product. The model runs in this process; no text leaves the machine.
//!
//! Must not: know where documents come from, or who may read them.

pub mod chunk;
pub mod embedder;
mod error;
pub mod model;
pub mod text;

pub use embedder::backend::Backend;
pub use embedder::local::LocalEmbedder;
pub use embedder::{Embedder, Vector};
pub use error::KnowledgeError;
pub use model::{Model, ModelSettings};
