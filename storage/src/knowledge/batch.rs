//! Purpose: what one transaction changes of documents, gathered first and then written with few statements.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use em_domain::knowledge::words::{identifier_parts, normalised};
use em_domain::knowledge::{Chunk, Document};
use serde_json::json;
use sqlx::AssertSqlSafe;
use sqlx::types::Json;

use super::documents::{Embedded, NewDocument, Upserted};
use super::vectors::{VECTORS, vector_row};
use super::{count, recount, remove_chunks, reserve};
use crate::engine::{Conn, Table, Value, on_conn, storable};
use crate::error::StoreError;

const DOCUMENTS: Table = Table {
    name: "knowledge_documents",
    columns: &[
        "id",
        "source",
        "external_id",
        "title",
        "url",
        "author",
        "owners",
        "changed_at",
        "digest",
        "indexed_at",
    ],
    key_columns: 1,
};

const CHUNKS: Table = Table {
    name: "knowledge_chunks",
    columns: &["id", "source", "document", "ordinal", "heading", "text"],
    key_columns: 1,
};

/// Chunks whose words one statement writes.
const WORDS_PER_STATEMENT: usize = 500;

/// A document as it is stored.
pub(super) struct OldDocument {
    pub(super) id: i64,
    pub(super) document: Document,
}

/// A document to be written; without a number, it is new.
struct Pending<'a> {
    id: Option<i64>,
    document: &'a Document,
    chunks: Vec<PendingChunk<'a>>,
}

/// A chunk to be written; with a number, only its place or its vector is.
struct PendingChunk<'a> {
    id: Option<i64>,
    is_moved: bool,
    chunk: &'a Chunk,
    vector: Option<(&'a str, &'a [f32])>,
}

/// What one transaction changes.
pub(super) struct Batch<'a> {
    tag: i64,
    version: i64,
    at: DateTime<Utc>,
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
        conn.upsert(&DOCUMENTS, rows.documents).await?;
        conn.upsert(&CHUNKS, rows.chunks).await?;
        for words in rows.words.chunks(WORDS_PER_STATEMENT) {
            insert_words(conn, words).await?;
        }
        conn.upsert(&VECTORS, rows.vectors).await?;
        recount(conn, self.tag, new, new_chunks - removed).await
    }
}

/// The rows that a batch writes.
#[derive(Default)]
struct Rows<'a> {
    documents: Vec<Vec<Value<'a>>>,
    chunks: Vec<Vec<Value<'a>>>,
    words: Vec<serde_json::Value>,
    vectors: Vec<Vec<Value<'a>>>,
}

impl<'a> Rows<'a> {
    /// Adds one document; what is new takes its number from `next`.
    fn add(
        &mut self,
        batch: &Batch<'_>,
        pending: &Pending<'a>,
        next: &mut (i64, i64),
    ) -> Result<(), StoreError> {
        let id = pending.id.unwrap_or_else(|| take(&mut next.0));
        self.documents.push(document_row(batch, id, pending.document)?);
        for planned in &pending.chunks {
            let chunk = planned.chunk;
            let number = planned.id.unwrap_or_else(|| take(&mut next.1));
            if planned.id.is_none() || planned.is_moved {
                self.chunks.push(vec![
                    Value::Integer(number),
                    Value::Integer(batch.tag),
                    Value::Integer(id),
                    Value::Integer(i64::from(chunk.ordinal)),
                    lines(&chunk.heading)?,
                    Value::text(chunk.text.as_str()),
                ]);
            }
            if planned.id.is_none() {
                self.words.push(words_row(number, &pending.document.title, chunk));
            }
            if let Some((model, vector)) = planned.vector {
                self.vectors
                    .push(vector_row(model, number, batch.tag, batch.version, vector));
            }
        }
        Ok(())
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

/// Writes the words of chunks, as [`words_row`] made them.
async fn insert_words(conn: &mut Conn<'_>, rows: &[serde_json::Value]) -> Result<(), StoreError> {
    const SQLITE: &str = "INSERT INTO knowledge_fts (rowid, title, heading, text, parts) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1)";
    const POSTGRES: &str = "INSERT INTO knowledge_fts (rowid, length, words) SELECT CAST(v ->> 0 AS BIGINT), \
        CAST(v ->> 5 AS BIGINT), setweight(to_tsvector('english', v ->> 1), 'A') \
        || setweight(to_tsvector('english', v ->> 2), 'B') || setweight(to_tsvector('english', v ->> 3), 'C') \
        || setweight(to_tsvector('english', v ->> 4), 'D') FROM jsonb_array_elements(CAST($1 AS JSONB)) v";
    let sql = match conn {
        Conn::Sqlite(_) => SQLITE,
        Conn::Postgres(_) => POSTGRES,
    };
    let rows = json!(rows).to_string();
    on_conn!(conn, |c| sqlx::query(AssertSqlSafe(sql))
        .bind(&rows)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The words of a chunk by where they stand, and how many they are.
fn words_row(id: i64, title: &str, chunk: &Chunk) -> serde_json::Value {
    let text = normalised(&chunk.text);
    let heading = normalised(&chunk.heading.join(" "));
    let length = 1 + text.matches(' ').count();
    let mut parts = identifier_parts(&chunk.text);
    parts.extend(identifier_parts(&chunk.heading.join(" ")));
    parts.extend(identifier_parts(title));
    json!([id, normalised(title), heading, text, parts.join(" "), length])
}

fn document_row<'a>(
    batch: &Batch<'_>,
    id: i64,
    document: &'a Document,
) -> Result<Vec<Value<'a>>, StoreError> {
    Ok(vec![
        Value::Integer(id),
        Value::Integer(batch.tag),
        Value::text(document.external_id.as_str()),
        Value::text(document.title.as_str()),
        Value::maybe_text(document.url.as_deref()),
        Value::maybe_text(document.author.as_deref()),
        lines(&document.owners)?,
        Value::MaybeTime(document.changed_at),
        Value::text(document.digest.as_str()),
        Value::Time(batch.at),
    ])
}

/// Texts as JSON that both engines keep.
fn lines(texts: &[String]) -> Result<Value<'static>, StoreError> {
    let texts: Vec<_> = texts.iter().map(|text| storable(text.into())).collect();
    Value::json(&texts)
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

fn take(next: &mut i64) -> i64 {
    let number = *next;
    *next += 1;
    number
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
