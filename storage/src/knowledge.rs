//! Purpose: the team's documents, cut into chunks, with what the chunks mean; and finding chunks by their words.
//!
//! Whatever changes them takes the row of `knowledge_state` first. So changes have an order, across replicas too, and
//! whoever keeps vectors in memory learns what changed since the last look by [`Knowledge::vectors`] and
//! [`Knowledge::removed`].

mod batch;
mod documents;
mod nearest;
mod passages;
mod rows;
mod search;
mod sources;
mod vectors;

pub use documents::{Digest, Embedded, NewDocument, Upserted};
pub use nearest::{Nearby, NearestBy};
pub use passages::{ModelCount, StoredChunk};
pub use search::LexicalHit;
pub use sources::Added;
pub use vectors::{Changed, Removed, StoredVector, VectorCursor};

use em_domain::id::SourceId;
use em_domain::knowledge::SourceTag;

use crate::engine::{Conn, Tx, numbers, on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// Documents that one statement removes at most.
const DOCUMENTS_PER_REMOVAL: usize = 200;

/// The documents of a store.
#[derive(Debug, Clone, Copy)]
pub struct Knowledge<'s> {
    store: &'s Store,
}

impl Store {
    /// The team's documents.
    pub fn knowledge(&self) -> Knowledge<'_> {
        Knowledge { store: self }
    }
}

impl Knowledge<'_> {
    /// Counts the changes; what was found out at one version holds as long as it stays.
    pub async fn version(&self) -> Result<i64, StoreError> {
        const VERSION: &str = "SELECT version FROM knowledge_state";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(VERSION)
            .fetch_one(c)
            .await)?)
    }

    /// Begins a change that comes after all others; answers its version.
    async fn begin(&self) -> Result<(Tx, i64), StoreError> {
        const NEXT: &str = "UPDATE knowledge_state SET version = version + 1 RETURNING version";
        let mut tx = self.store.pool().begin_write().await?;
        let version: i64 = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(NEXT).fetch_one(c).await)?;
        Ok((tx, version))
    }
}

/// Reserves so many numbers for documents and chunks; answers the first of each.
async fn reserve(conn: &mut Conn<'_>, documents: usize, chunks: usize) -> Result<(i64, i64), StoreError> {
    const RESERVE: &str = "UPDATE knowledge_state SET next_document = next_document + $1, \
        next_chunk = next_chunk + $2 RETURNING next_document, next_chunk";
    let (documents, chunks) = (count(documents), count(chunks));
    let (next_document, next_chunk): (i64, i64) = on_conn!(conn, |c| sqlx::query_as(RESERVE)
        .bind(documents)
        .bind(chunks)
        .fetch_one(c)
        .await)?;
    Ok((next_document - documents, next_chunk - chunks))
}

/// The tag of the source with this id, if it is there.
async fn tag_of(conn: &mut Conn<'_>, id: &SourceId) -> Result<Option<i64>, StoreError> {
    const TAG: &str = "SELECT tag FROM knowledge_sources WHERE id = $1";
    Ok(on_conn!(conn, |c| sqlx::query_scalar(TAG)
        .bind(id.as_str())
        .fetch_optional(c)
        .await)?)
}

/// Removes chunks with their words and vectors, and notes that they went.
async fn remove_chunks(conn: &mut Conn<'_>, ids: &[i64], version: i64) -> Result<(), StoreError> {
    const NOTE: &str = "INSERT INTO knowledge_removed (chunk, version) SELECT id, $2 FROM knowledge_chunks \
                        WHERE id IN NUMBERS($1)";
    const REMOVE: [&str; 3] = [
        "DELETE FROM knowledge_fts WHERE rowid IN NUMBERS($1)",
        "DELETE FROM knowledge_vectors WHERE chunk IN NUMBERS($1)",
        "DELETE FROM knowledge_chunks WHERE id IN NUMBERS($1)",
    ];
    if ids.is_empty() {
        return Ok(());
    }
    let ids = numbers(ids.iter().copied());
    let sql = conn.lists(NOTE);
    on_conn!(conn, |c| sqlx::query(sql)
        .bind(&ids)
        .bind(version)
        .execute(c)
        .await
        .map(drop))?;
    for remove in REMOVE {
        let sql = conn.lists(remove);
        on_conn!(conn, |c| sqlx::query(sql).bind(&ids).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Removes documents and all that is of them; answers how many documents and chunks went.
async fn remove_documents(
    conn: &mut Conn<'_>,
    documents: &[i64],
    version: i64,
) -> Result<(i64, i64), StoreError> {
    const CHUNKS: &str = "SELECT id FROM knowledge_chunks WHERE document IN NUMBERS($1)";
    const REMOVE: &str = "DELETE FROM knowledge_documents WHERE id IN NUMBERS($1)";
    let ids = numbers(documents.iter().copied());
    let sql = conn.lists(CHUNKS);
    let chunks: Vec<i64> = on_conn!(conn, |c| sqlx::query_scalar(sql).bind(&ids).fetch_all(c).await)?;
    remove_chunks(conn, &chunks, version).await?;
    let sql = conn.lists(REMOVE);
    on_conn!(conn, |c| sqlx::query(sql).bind(&ids).execute(c).await.map(drop))?;
    Ok((count(documents.len()), count(chunks.len())))
}

/// Keeps the counts of a source.
async fn recount(conn: &mut Conn<'_>, tag: i64, documents: i64, chunks: i64) -> Result<(), StoreError> {
    const RECOUNT: &str = "UPDATE knowledge_sources SET documents = documents + $2, chunks = chunks + $3 \
                           WHERE tag = $1";
    on_conn!(conn, |c| sqlx::query(RECOUNT)
        .bind(tag)
        .bind(documents)
        .bind(chunks)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// What was counted in memory, as it is stored.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn source_tag(tag: i64) -> Result<SourceTag, StoreError> {
    u32::try_from(tag)
        .map(SourceTag)
        .map_err(|_| StoreError::corrupt("the tag of a source", &tag.to_string()))
}

fn source_id(id: &str) -> Result<SourceId, StoreError> {
    SourceId::parse(id).ok_or_else(|| StoreError::corrupt("the id of a source", id))
}
