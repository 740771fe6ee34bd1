//! Purpose: documents and chunks as rows, and their words as the engines index them.

use em_domain::knowledge::words::{identifier_parts, normalised};
use em_domain::knowledge::{Chunk, Document};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::batch::{Batch, Pending};
use super::vectors::{VECTORS, vector_row};
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

/// The rows that a batch writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    documents: Vec<Vec<Value<'a>>>,
    chunks: Vec<Vec<Value<'a>>>,
    words: Vec<serde_json::Value>,
    vectors: Vec<Vec<Value<'a>>>,
}

impl<'a> Rows<'a> {
    /// Adds one document; what is new takes its number from `next`, for documents and for chunks.
    pub(super) fn add(
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

    /// Writes them.
    pub(super) async fn write(self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        conn.upsert(&DOCUMENTS, self.documents).await?;
        conn.upsert(&CHUNKS, self.chunks).await?;
        for words in self.words.chunks(WORDS_PER_STATEMENT) {
            insert_words(conn, words).await?;
        }
        conn.upsert(&VECTORS, self.vectors).await
    }
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

fn take(next: &mut i64) -> i64 {
    let number = *next;
    *next += 1;
    number
}
