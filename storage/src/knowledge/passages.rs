//! Purpose: the texts of chunks that were found, with what is cited, and how much there is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::{Chunk, ChunkId, Document, DocumentId, SourceTag};
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Knowledge, numbers, source_id, source_tag};
use crate::engine::on_engine;
use crate::error::StoreError;

/// A chunk with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// Its number.
    pub id: ChunkId,
    /// The tag of its source.
    pub source: SourceTag,
    /// The number of its document.
    pub document_id: DocumentId,
    /// The document.
    pub document: Document,
    /// The chunk.
    pub chunk: Chunk,
}

/// How many chunks mean something to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCount {
    /// The embedding model.
    pub model: String,
    /// How many chunks.
    pub chunks: i64,
}

#[derive(FromRow)]
struct ChunkRow {
    id: i64,
    tag: i64,
    document: i64,
    ordinal: i64,
    heading: Json<Vec<String>>,
    text: String,
    source: String,
    external_id: String,
    title: String,
    url: Option<String>,
    author: Option<String>,
    owners: Json<Vec<String>>,
    changed_at: Option<DateTime<Utc>>,
    digest: String,
}

impl TryFrom<ChunkRow> for StoredChunk {
    type Error = StoreError;

    fn try_from(row: ChunkRow) -> Result<Self, StoreError> {
        let source: SourceId = source_id(&row.source)?;
        Ok(Self {
            id: ChunkId(row.id),
            source: source_tag(row.tag)?,
            document_id: DocumentId(row.document),
            document: Document {
                source,
                external_id: row.external_id,
                title: row.title,
                url: row.url,
                author: row.author,
                owners: row.owners.0,
                changed_at: row.changed_at,
                digest: row.digest,
            },
            chunk: chunk(row.ordinal, row.heading.0, row.text)?,
        })
    }
}

impl Knowledge<'_> {
    /// The chunks of these numbers in the same order; those that went since they were found are left out.
    pub async fn passages(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>, StoreError> {
        const GET: &str = "SELECT c.id, c.source AS tag, c.document, c.ordinal, c.heading, c.text, s.id AS source, \
            d.external_id, d.title, d.url, d.author, d.owners, d.changed_at, d.digest \
            FROM knowledge_chunks c JOIN knowledge_documents d ON d.id = c.document \
            JOIN knowledge_sources s ON s.tag = c.source WHERE c.id IN NUMBERS($1)";
        let pool = self.store.pool();
        let rows: Vec<ChunkRow> = on_engine!(pool, |c| sqlx::query_as(pool.lists(GET))
            .bind(numbers(ids.iter().map(|id| id.0)))
            .fetch_all(c)
            .await)?;
        let mut found = BTreeMap::new();
        for row in rows {
            found.insert(ChunkId(row.id), StoredChunk::try_from(row)?);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// How many chunks mean something to each model. It counts, which takes a moment.
    pub async fn list_models(&self) -> Result<Vec<ModelCount>, StoreError> {
        const MODELS: &str = "SELECT model, COUNT(*) FROM knowledge_vectors GROUP BY model ORDER BY model";
        let rows: Vec<(String, i64)> =
            on_engine!(self.store.pool(), |c| sqlx::query_as(MODELS).fetch_all(c).await)?;
        Ok(rows
            .into_iter()
            .map(|(model, chunks)| ModelCount { model, chunks })
            .collect())
    }
}

/// A chunk as it is stored.
pub(super) fn chunk(ordinal: i64, heading: Vec<String>, text: String) -> Result<Chunk, StoreError> {
    Ok(Chunk {
        ordinal: u32::try_from(ordinal)
            .map_err(|_| StoreError::corrupt("the place of a chunk", &ordinal.to_string()))?,
        heading,
        text,
    })
}
