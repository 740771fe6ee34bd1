//! Knowledge: documents become text, text becomes passages, passages and questions become vectors that can be compared.
//!
//! An [`Embedder`] makes a vector of a text: texts that mean similar things get vectors with a high scalar product. The
//! model runs in this process; no text leaves the machine.
//!
//! Must not: know where documents come from, or who may read them.

pub mod embedder;
mod error;
pub mod model;

pub use embedder::backend::Backend;
pub use embedder::local::LocalEmbedder;
pub use embedder::{Embedder, Vector};
pub use error::KnowledgeError;
pub use model::{Model, ModelSettings};
