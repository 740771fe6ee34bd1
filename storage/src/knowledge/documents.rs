//! Purpose: documents with their chunks, written only where something changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::id::SourceId;
use em_domain::knowledge::{Chunk, Document};
use sqlx::FromRow;
use sqlx::types::Json;

use super::batch::{Batch, OldDocument};
use super::{Knowledge, recount, remove_documents, tag_of};
use crate::engine::{Conn, IDS_PER_STATEMENT, list, on_conn, on_engine};
use crate::error::StoreError;

/// One transaction writes documents until it has so many chunks.
const CHUNKS_PER_TRANSACTION: usize = 2_000;

/// What chunks mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// The embedding model.
    pub model: String,
    /// One vector for each chunk, in order.
    pub vectors: Vec<Vec<f32>>,
}

/// A document as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// The document. Its digest must also change when the same text is cut into other chunks.
    pub document: Document,
    /// Its chunks.
    pub chunks: Vec<Chunk>,
    /// What they mean, if that is known already.
    pub embedded: Option<Embedded>,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upserted {
    /// Documents that are new.
    pub new: u64,
    /// Documents of which something changed.
    pub changed: u64,
    /// Documents that were the same.
    pub unchanged: u64,
    /// Chunks that are new.
    pub new_chunks: u64,
    /// Chunks that went.
    pub removed_chunks: u64,
}

/// What is known of a document, to see whether it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The digest of its text.
    pub digest: String,
    /// When its text last changed, as the source said.
    pub changed_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct DocumentRow {
    id: i64,
    external_id: String,
    title: String,
    url: Option<String>,
    author: Option<String>,
    owners: Json<Vec<String>>,
    changed_at: Option<DateTime<Utc>>,
    digest: String,
}

impl Knowledge<'_> {
    /// Writes one document of `source`; see [`Self::upsert_documents`].
    pub async fn upsert_document(
        &self,
        source: &SourceId,
        document: &NewDocument,
        at: DateTime<Utc>,
    ) -> Result<Upserted, StoreError> {
        self.upsert_documents(source, std::slice::from_ref(document), at)
            .await
    }

    /// Writes documents of `source`, each whole or not at all. One that is the same writes nothing. A chunk whose
    /// text, headings and title are the same stays, with its vectors.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the source is gone.
    pub async fn upsert_documents(
        &self,
        source: &SourceId,
        documents: &[NewDocument],
        at: DateTime<Utc>,
    ) -> Result<Upserted, StoreError> {
        let mut total = Upserted::default();
        let mut rest = documents;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(group_of(rest));
            let done = self.upsert_group(source, group, at).await?;
            total.new += done.new;
            total.changed += done.changed;
            total.unchanged += done.unchanged;
            total.new_chunks += done.new_chunks;
            total.removed_chunks += done.removed_chunks;
            rest = after;
        }
        Ok(total)
    }

    async fn upsert_group(
        &self,
        source: &SourceId,
        documents: &[NewDocument],
        at: DateTime<Utc>,
    ) -> Result<Upserted, StoreError> {
        let (mut tx, version) = self.begin().await?;
        let gone = || StoreError::Conflict(format!("the source {source} was removed"));
        let tag = tag_of(&mut tx.conn(), source).await?.ok_or_else(gone)?;
        // Of two with one name the later one is newer.
        let by_name: BTreeMap<&str, &NewDocument> = documents
            .iter()
            .map(|new| (new.document.external_id.as_str(), new))
            .collect();
        let mut old = stored(&mut tx.conn(), source, tag, by_name.keys().copied()).await?;
        let mut batch = Batch::new(tag, version, at);
        for (name, new) in by_name {
            batch.add(&mut tx.conn(), new, old.remove(name)).await?;
        }
        let done = batch.done();
        if done.new + done.changed > 0 {
            batch.write(&mut tx.conn()).await?;
            tx.commit().await?;
        }
        Ok(done)
    }

    /// What is in the index of `source`, by the documents' names there. Nothing if the source is gone.
    pub async fn list_digests(&self, source: &SourceId) -> Result<BTreeMap<String, Digest>, StoreError> {
        const DIGESTS: &str = "SELECT d.external_id, d.digest, d.changed_at FROM knowledge_documents d \
            JOIN knowledge_sources s ON s.tag = d.source WHERE s.id = $1";
        let rows: Vec<(String, String, Option<DateTime<Utc>>)> =
            on_engine!(self.store.pool(), |c| sqlx::query_as(DIGESTS)
                .bind(source.as_str())
                .fetch_all(c)
                .await)?;
        let digest = |(name, digest, changed_at)| (name, Digest { digest, changed_at });
        Ok(rows.into_iter().map(digest).collect())
    }

    /// Removes the documents of `source` with these names; answers how many were there.
    pub async fn remove_documents<T: AsRef<str>>(
        &self,
        source: &SourceId,
        names: &[T],
    ) -> Result<u64, StoreError> {
        const FIND: &str = "SELECT d.id FROM knowledge_documents d JOIN knowledge_sources s ON s.tag = d.source \
                            WHERE s.id = $1 AND d.external_id IN LIST($2)";
        let mut removed = 0;
        for names in names.chunks(super::DOCUMENTS_PER_REMOVAL) {
            let (mut tx, version) = self.begin().await?;
            let mut conn = tx.conn();
            let Some(tag) = tag_of(&mut conn, source).await? else {
                return Ok(removed);
            };
            let sql = conn.lists(FIND);
            let ids: Vec<i64> = on_conn!(&mut conn, |c| sqlx::query_scalar(sql)
                .bind(source.as_str())
                .bind(list(names))
                .fetch_all(c)
                .await)?;
            if ids.is_empty() {
                continue;
            }
            let (documents, chunks) = remove_documents(&mut conn, &ids, version).await?;
            recount(&mut conn, tag, -documents, -chunks).await?;
            tx.commit().await?;
            removed += ids.len() as u64;
        }
        Ok(removed)
    }
}

/// How many of `documents`, at least one, one transaction writes.
fn group_of(documents: &[NewDocument]) -> usize {
    let mut chunks = 0;
    let fits = |document: &&NewDocument| {
        chunks += document.chunks.len().max(1);
        chunks <= CHUNKS_PER_TRANSACTION
    };
    documents
        .iter()
        .take(IDS_PER_STATEMENT)
        .take_while(fits)
        .count()
        .max(1)
}

/// The stored documents of these names.
async fn stored(
    conn: &mut Conn<'_>,
    source: &SourceId,
    tag: i64,
    names: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, OldDocument>, StoreError> {
    const FIND: &str = "SELECT id, external_id, title, url, author, owners, changed_at, digest \
        FROM knowledge_documents WHERE source = $1 AND external_id IN LIST($2)";
    let sql = conn.lists(FIND);
    let rows: Vec<DocumentRow> = on_conn!(conn, |c| sqlx::query_as(sql)
        .bind(tag)
        .bind(list(names))
        .fetch_all(c)
        .await)?;
    let old = |row: DocumentRow| {
        let document = Document {
            source: source.clone(),
            external_id: row.external_id.clone(),
            title: row.title,
            url: row.url,
            author: row.author,
            owners: row.owners.0,
            changed_at: row.changed_at,
            digest: row.digest,
        };
        (row.external_id, OldDocument { id: row.id, document })
    };
    Ok(rows.into_iter().map(old).collect())
}
