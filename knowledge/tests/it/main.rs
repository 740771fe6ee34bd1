//! Purpose: the models that come with the repository, loaded and asked.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod embedder;
mod former;
mod reranker;
