//! Purpose: what chunks mean, and what changed of it since somebody looked.

use std::collections::BTreeMap;

use em_domain::knowledge::{Chunk, ChunkId, SourceTag};
use sqlx::FromRow;
use sqlx::types::Json;

use super::{Knowledge, numbers, source_tag};
use crate::engine::{Conn, Table, Value, on_conn, on_engine};
use crate::error::StoreError;

pub(super) const VECTORS: Table = Table {
    name: "knowledge_vectors",
    columns: &["model", "chunk", "source", "version", "vector"],
    key_columns: 2,
};

/// Vectors that one transaction writes at most.
const VECTORS_PER_TRANSACTION: usize = 2_000;
/// Removals are listed for so many changes; whoever looks less often reads all vectors again.
const REMOVALS_KEPT: i64 = 100_000;

/// How far somebody has read the vectors; [`VectorCursor::default`] is before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VectorCursor {
    /// The change that wrote the last one read.
    pub version: i64,
    /// The chunk of the last one read.
    pub chunk: i64,
}

/// What a chunk means.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredVector {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its source.
    pub source: SourceTag,
    /// Where to read on after it.
    pub cursor: VectorCursor,
    /// What it means.
    pub vector: Vec<f32>,
}

/// Chunks that went since a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// These. Their numbers are not given again.
    Chunks(Vec<ChunkId>),
    /// That is no longer known: read all vectors again.
    Unknown,
}

/// A chunk whose meaning is to be worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its number.
    pub id: ChunkId,
    /// The title of its document.
    pub title: String,
    /// The chunk.
    pub chunk: Chunk,
}

#[derive(FromRow)]
struct ChangedRow {
    id: i64,
    title: String,
    ordinal: i64,
    heading: Json<Vec<String>>,
    text: String,
}

impl Knowledge<'_> {
    /// Keeps what chunks mean to `model`; answers how many of them are still there.
    pub async fn record_vectors(
        &self,
        model: &str,
        vectors: &[(ChunkId, Vec<f32>)],
    ) -> Result<u64, StoreError> {
        let mut recorded = 0;
        for group in vectors.chunks(VECTORS_PER_TRANSACTION) {
            let (mut tx, version) = self.begin().await?;
            let sources = sources_of(&mut tx.conn(), group).await?;
            let row = |(chunk, vector): &'_ (ChunkId, Vec<f32>)| {
                let source = *sources.get(&chunk.0)?;
                Some(vector_row(model, chunk.0, source, version, vector))
            };
            let rows: BTreeMap<i64, Vec<Value<'_>>> = group
                .iter()
                .filter_map(|vector| Some((vector.0.0, row(vector)?)))
                .collect();
            if rows.is_empty() {
                continue;
            }
            recorded += rows.len() as u64;
            tx.conn().upsert(&VECTORS, rows.into_values().collect()).await?;
            let copied: BTreeMap<i64, (i64, i64, &[f32])> = group
                .iter()
                .filter_map(|(chunk, vector)| {
                    let source = *sources.get(&chunk.0)?;
                    Some((chunk.0, (chunk.0, source, vector.as_slice())))
                })
                .collect();
            let copied: Vec<_> = copied.into_values().collect();
            super::nearest::copy(&mut tx.conn(), model, &copied).await?;
            tx.commit().await?;
        }
        Ok(recorded)
    }

    /// Chunks that mean nothing to `model` yet, the oldest first, with a number greater than `after`.
    pub async fn chunks_without_vector(
        &self,
        model: &str,
        after: ChunkId,
        limit: i64,
    ) -> Result<Vec<Changed>, StoreError> {
        const WITHOUT: &str = "SELECT c.id, d.title, c.ordinal, c.heading, c.text FROM knowledge_chunks c \
            JOIN knowledge_documents d ON d.id = c.document \
            WHERE c.id > $2 AND NOT EXISTS (SELECT 1 FROM knowledge_vectors v WHERE v.model = $1 AND v.chunk = c.id) \
            ORDER BY c.id LIMIT $3";
        let rows: Vec<ChangedRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(WITHOUT)
            .bind(model)
            .bind(after.0)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        let changed = |row: ChangedRow| {
            Ok(Changed {
                id: ChunkId(row.id),
                title: row.title,
                chunk: super::passages::chunk(row.ordinal, row.heading.0, row.text)?,
            })
        };
        rows.into_iter().map(changed).collect()
    }

    /// The vectors of `model` that were written after `after`, in the order of writing. Read on from the last one's
    /// cursor until none come; later, the same call gives what changed.
    pub async fn vectors(
        &self,
        model: &str,
        after: VectorCursor,
        limit: i64,
    ) -> Result<Vec<StoredVector>, StoreError> {
        const READ: &str = "SELECT chunk, source, version, vector FROM knowledge_vectors \
            WHERE model = $1 AND (version, chunk) > ($2, $3) ORDER BY version, chunk LIMIT $4";
        let rows: Vec<(i64, i64, i64, Vec<u8>)> = on_engine!(self.store.pool(), |c| sqlx::query_as(READ)
            .bind(model)
            .bind(after.version)
            .bind(after.chunk)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        let vector = |(chunk, source, version, bytes): (i64, i64, i64, Vec<u8>)| {
            Ok(StoredVector {
                chunk: ChunkId(chunk),
                source: source_tag(source)?,
                cursor: VectorCursor { version, chunk },
                vector: floats(&bytes)?,
            })
        };
        rows.into_iter().map(vector).collect()
    }

    /// What these chunks mean to `model`, in any order; those without a vector are left out.
    pub async fn list_vectors(
        &self,
        model: &str,
        chunks: &[ChunkId],
    ) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        const LIST: &str =
            "SELECT chunk, vector FROM knowledge_vectors WHERE model = $1 AND chunk IN NUMBERS($2)";
        let pool = self.store.pool();
        let rows: Vec<(i64, Vec<u8>)> = on_engine!(pool, |c| sqlx::query_as(pool.lists(LIST))
            .bind(model)
            .bind(numbers(chunks.iter().map(|chunk| chunk.0)))
            .fetch_all(c)
            .await)?;
        let vector = |(chunk, bytes): (i64, Vec<u8>)| Ok((ChunkId(chunk), floats(&bytes)?));
        rows.into_iter().map(vector).collect()
    }

    /// How many chunks mean something to `model`. It counts, which takes a moment.
    pub async fn count_vectors(&self, model: &str) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM knowledge_vectors WHERE model = $1";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .bind(model)
            .fetch_one(c)
            .await)?)
    }

    /// The chunks that went after `version`.
    pub async fn removed(&self, version: i64) -> Result<Removed, StoreError> {
        const FORGOTTEN: &str = "SELECT forgotten FROM knowledge_state";
        const REMOVED: &str = "SELECT chunk FROM knowledge_removed WHERE version > $1 ORDER BY chunk";
        let pool = self.store.pool();
        let chunks: Vec<i64> = on_engine!(pool, |c| sqlx::query_scalar(REMOVED)
            .bind(version)
            .fetch_all(c)
            .await)?;
        // Asked after the list was read: what is forgotten in between is missed in neither.
        let forgotten: i64 = on_engine!(pool, |c| sqlx::query_scalar(FORGOTTEN).fetch_one(c).await)?;
        if version < forgotten {
            return Ok(Removed::Unknown);
        }
        Ok(Removed::Chunks(chunks.into_iter().map(ChunkId).collect()))
    }

    /// Forgets the vectors of all models but `model`; answers how many. Whoever has others in memory may keep them.
    pub async fn forget_other_models(&self, model: &str) -> Result<u64, StoreError> {
        // From the two ends of the index: with one model there is nothing to look through.
        const OTHERS: &str = "SELECT COALESCE((SELECT MIN(model) FROM knowledge_vectors) <> $1 \
            OR (SELECT MAX(model) FROM knowledge_vectors) <> $1, FALSE)";
        const FORGET: &str = "DELETE FROM knowledge_vectors WHERE model <> $1";
        let pool = self.store.pool();
        let there_are: bool = on_engine!(pool, |c| sqlx::query_scalar(OTHERS)
            .bind(model)
            .fetch_one(c)
            .await)?;
        if !there_are {
            return Ok(0);
        }
        let (mut tx, _) = self.begin().await?;
        let forgotten = on_conn!(&mut tx.conn(), |c| sqlx::query(FORGET)
            .bind(model)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Puts the index in order after much has changed: forgets old removals, merges what searching would have to
    /// merge, renews the statistics that searching goes by.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        const FORGET: &str = "UPDATE knowledge_state SET forgotten = $1 WHERE forgotten < $1";
        const REMOVE: &str = "DELETE FROM knowledge_removed WHERE version <= $1";
        self.remove_orphans().await?;
        let (mut tx, version) = self.begin().await?;
        for sql in [FORGET, REMOVE] {
            on_conn!(&mut tx.conn(), |c| sqlx::query(sql)
                .bind(version - REMOVALS_KEPT)
                .execute(c)
                .await
                .map(drop))?;
        }
        super::search::settle(&mut tx.conn()).await?;
        tx.commit().await
    }
}

/// The tags of the sources of those chunks that are there.
async fn sources_of(
    conn: &mut Conn<'_>,
    vectors: &[(ChunkId, Vec<f32>)],
) -> Result<BTreeMap<i64, i64>, StoreError> {
    const SOURCES: &str = "SELECT id, source FROM knowledge_chunks WHERE id IN NUMBERS($1)";
    let sql = conn.lists(SOURCES);
    let rows: Vec<(i64, i64)> = on_conn!(conn, |c| sqlx::query_as(sql)
        .bind(numbers(vectors.iter().map(|(chunk, _)| chunk.0)))
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().collect())
}

pub(super) fn vector_row<'a>(
    model: &'a str,
    chunk: i64,
    source: i64,
    version: i64,
    vector: &[f32],
) -> Vec<Value<'a>> {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    vec![
        Value::text(model),
        Value::Integer(chunk),
        Value::Integer(source),
        Value::Integer(version),
        Value::Bytes(bytes.into()),
    ]
}

pub(super) fn floats(bytes: &[u8]) -> Result<Vec<f32>, StoreError> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(StoreError::Corrupt("a vector".to_owned()));
    }
    Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}
