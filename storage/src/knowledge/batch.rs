//! Purpose: what one transaction changes of documents, gathered first and then written with few statements.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::knowledge::{Chunk, Document};
use sqlx::types::Json;

use super::documents::{Embedded, NewDocument, Upserted};
use super::rows::Rows;
use super::{count, recount, remove_chunks, reserve};
use crate::engine::{Conn, on_conn};
use crate::error::StoreError;

/// A document as it is stored.
pub(super) struct OldDocument {
    pub(super) id: i64,
    pub(super) document: Document,
}

/// A document to be written; without a number, it is new.
pub(super) struct Pending<'a> {
    pub(super) id: Option<i64>,
    pub(super) document: &'a Document,
    pub(super) chunks: Vec<PendingChunk<'a>>,
}

/// A chunk to be written; with a number, only its place or its vector is.
pub(super) struct PendingChunk<'a> {
    pub(super) id: Option<i64>,
    pub(super) is_moved: bool,
    pub(super) chunk: &'a Chunk,
    pub(super) vector: Option<(&'a str, &'a [f32])>,
}

/// What one transaction changes.
pub(super) struct Batch<'a> {
    pub(super) tag: i64,
    pub(super) version: i64,
    pub(super) at: DateTime<Utc>,
    pending: Vec<Pending<'a>>,
    gone: Vec<i64>,
    done: Upserted,
}

impl<'a> Batch<'a> {
    pub(super) fn new(tag: i64, version: i64, at: DateTime<Utc>) -> Self {
        Self {
            tag,
            version,
            at,
            pending: Vec::new(),
            gone: Vec::new(),
            done: Upserted::default(),
        }
    }

    /// What will have been done.
    pub(super) fn done(&self) -> Upserted {
        self.done
    }

    /// Adds what `new` changes of `old`.
    pub(super) async fn add(
        &mut self,
        conn: &mut Conn<'_>,
        new: &'a NewDocument,
        old: Option<OldDocument>,
    ) -> Result<(), StoreError> {
        check(new)?;
        let Some(old) = old else {
            self.done.new += 1;
            self.plan(None, new, BTreeMap::new());
            return Ok(());
        };
        let document = &new.document;
        if old.document == *document {
            self.done.unchanged += 1;
            return Ok(());
        }
        self.done.changed += 1;
        if old.document.digest == document.digest && old.document.title == document.title {
            self.pending.push(Pending {
                id: Some(old.id),
                document,
                chunks: Vec::new(),
            });
            return Ok(());
        }
        let mut chunks = chunks_of(conn, old.id).await?;
        if old.document.title != document.title {
            // The title is among what the words and the vector of each chunk were made from.
            self.gone.extend(chunks.into_values().flatten().map(|(id, _)| id));
            chunks = BTreeMap::new();
        }
        self.plan(Some(old.id), new, chunks);
        Ok(())
    }

    /// Keeps the chunks that are in `old` with the same text, and has the others written or removed.
    fn plan(&mut self, id: Option<i64>, new: &'a NewDocument, mut old: OldChunks) {
        let vector = |at: usize| new.embedded.as_ref().and_then(|embedded| of(embedded, at));
        let plan = |(at, chunk): (usize, &'a Chunk)| {
            let key = (chunk.heading.clone(), chunk.text.clone());
            let kept = old.get_mut(&key).and_then(Vec::pop);
            PendingChunk {
                id: kept.map(|(id, _)| id),
                is_moved: kept.is_some_and(|(_, ordinal)| ordinal != i64::from(chunk.ordinal)),
                chunk,
                vector: vector(at),
            }
        };
        let chunks: Vec<PendingChunk<'a>> = new.chunks.iter().enumerate().map(plan).collect();
        self.gone.extend(old.into_values().flatten().map(|(id, _)| id));
        self.done.removed_chunks = self.gone.len() as u64;
        self.done.new_chunks += chunks.iter().filter(|chunk| chunk.id.is_none()).count() as u64;
        self.pending.push(Pending {
            id,
            document: &new.document,
            chunks,
        });
    }

    /// Writes it.
    pub(super) async fn write(self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let (new, new_chunks) = (signed(self.done.new), signed(self.done.new_chunks));
        let removed = count(self.gone.len());
        remove_chunks(conn, &self.gone, self.version).await?;
        let mut next = reserve(conn, self.pending.iter().filter(|p| p.id.is_none()).count(), {
            let chunks = self.pending.iter().flat_map(|pending| &pending.chunks);
            chunks.filter(|chunk| chunk.id.is_none()).count()
        })
        .await?;
        let mut rows = Rows::default();
        for pending in &self.pending {
            rows.add(&self, pending, &mut next)?;
        }
        rows.write(conn).await?;
        recount(conn, self.tag, new, new_chunks - removed).await
    }
}

/// The chunks of a document: by headings and text, the number and the place of each that has them.
type OldChunks = BTreeMap<(Vec<String>, String), Vec<(i64, i64)>>;

async fn chunks_of(conn: &mut Conn<'_>, document: i64) -> Result<OldChunks, StoreError> {
    const CHUNKS: &str = "SELECT id, ordinal, heading, text FROM knowledge_chunks WHERE document = $1 \
                          ORDER BY ordinal DESC";
    let rows: Vec<(i64, i64, Json<Vec<String>>, String)> =
        on_conn!(conn, |c| sqlx::query_as(CHUNKS).bind(document).fetch_all(c).await)?;
    let mut chunks = OldChunks::new();
    for (id, ordinal, heading, text) in rows {
        chunks.entry((heading.0, text)).or_default().push((id, ordinal));
    }
    Ok(chunks)
}

/// Refuses what would be stored wrong.
fn check(new: &NewDocument) -> Result<(), StoreError> {
    let is_complete = |embedded: &Embedded| embedded.vectors.len() == new.chunks.len();
    if new.embedded.as_ref().is_none_or(is_complete) {
        return Ok(());
    }
    Err(StoreError::Refused(
        "a document has another number of vectors than of chunks".to_owned(),
    ))
}

fn of(embedded: &Embedded, at: usize) -> Option<(&str, &[f32])> {
    let vector = embedded.vectors.get(at)?;
    Some((embedded.model.as_str(), vector.as_slice()))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
