//! Purpose: what all chunks mean, in memory, kept up to date with the database.

use em_domain::knowledge::nearest::Nearest;
use em_domain::knowledge::{ChunkId, SourceTag};
use em_storage::{Removed, Store, StoreError, VectorCursor};
use tokio::sync::RwLock;

/// Vectors read at a time.
const PAGE: i64 = 5_000;
/// Threads that one search uses.
const THREADS: usize = 2;

/// The vectors of one model, up to a version of the documents.
#[derive(Debug)]
pub(super) struct Memory {
    nearest: Nearest,
    dimensions: usize,
    cursor: VectorCursor,
    version: Option<i64>,
}

impl Memory {
    /// Nothing read yet.
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            nearest: Nearest::new(dimensions, THREADS),
            dimensions,
            cursor: VectorCursor::default(),
            version: None,
        }
    }

    /// How many chunks there are.
    pub(super) fn len(&self) -> usize {
        self.nearest.len()
    }

    /// The nearest chunks with their cosines, the nearest first.
    pub(super) fn top(&self, vector: &[f32], k: usize, allowed: &[SourceTag]) -> Vec<(ChunkId, f32)> {
        let near = self.nearest.top(vector, k, allowed);
        near.into_iter().map(|near| (near.chunk, near.cosine)).collect()
    }

    async fn catch_up(&mut self, store: &Store, model: &str, version: i64) -> Result<(), StoreError> {
        if let Some(known) = self.version {
            match store.knowledge().removed(known).await? {
                Removed::Chunks(chunks) => {
                    for chunk in chunks {
                        self.nearest.remove(chunk);
                    }
                }
                Removed::Unknown => *self = Self::new(self.dimensions),
            }
        }
        loop {
            let page = store.knowledge().vectors(model, self.cursor, PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            self.cursor = last.cursor;
            for row in page {
                if !self.nearest.upsert(row.chunk, row.source, &row.vector) {
                    tracing::warn!(chunk = %row.chunk, model, "a stored vector does not fit the model");
                }
            }
        }
        self.version = Some(version);
        Ok(())
    }
}

/// Reads what changed since the last look. While one reads, others wait: they want to find what is there.
pub(super) async fn refresh(memory: &RwLock<Memory>, store: &Store, model: &str) -> Result<(), StoreError> {
    let version = store.knowledge().version().await?;
    if memory.read().await.version == Some(version) {
        return Ok(());
    }
    let mut memory = memory.write().await;
    if memory.version.is_none_or(|known| known < version) {
        memory.catch_up(store, model, version).await?;
    }
    Ok(())
}
