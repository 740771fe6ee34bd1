//! Purpose: FTS5: BM25 over its index.

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqlitePool;
use sqlx::types::Json;

use super::{Bounds, Lookup, Row};
use crate::engine::{Conn, list, numbers};
use crate::error::StoreError;

/// How much a word counts in the title, the headings, the text, and within an identifier.
const WEIGHTS: &str = "4.0, 2.0, 1.0, 0.5";
/// Chunks that are ranked at most, the newest: more than the terms should have, whose number is a guess.
const CANDIDATES: i64 = 30_000;
/// Chunks of a term that are looked at from either end of the index to guess how many it has.
const SAMPLE: i64 = 200;

/// How many of the first chunks of a phrase were looked at, the last of these, and the first of as many of its last ones.
type Reach = (Json<(i64, Option<i64>)>, Option<i64>);

/// In about how many chunks each of the phrases is. How far the first and the last of its chunks reach into the
/// index tells, in a time that does not grow with it. Where all chunks together are fewer than `budget`, nobody needs to
/// know.
pub(super) async fn frequencies(
    pool: &SqlitePool,
    texts: Vec<String>,
    budget: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    // Each by itself: both in one SELECT would read the whole table.
    const SPAN: &str = "SELECT COALESCE((SELECT MIN(id) FROM knowledge_chunks), 0), \
                        COALESCE((SELECT MAX(id) FROM knowledge_chunks), 0)";
    // Counted and measured in one pass; a subquery gives one value.
    const REACH: &str = "SELECT \
        (SELECT JSON_ARRAY(COUNT(*), MAX(rowid)) FROM (SELECT rowid FROM knowledge_fts \
            WHERE knowledge_fts MATCH j.value ORDER BY rowid LIMIT $2)), \
        (SELECT MIN(rowid) FROM (SELECT rowid FROM knowledge_fts WHERE knowledge_fts MATCH j.value \
            ORDER BY rowid DESC LIMIT $2)) \
        FROM json_each($1) j ORDER BY j.key";
    let (first, last): (i64, i64) = sqlx::query_as(SPAN).fetch_one(pool).await?;
    if last - first < budget {
        return Ok(texts.into_iter().map(|text| (text, 1)).collect());
    }
    let phrases = list(texts.iter().map(|text| phrase(text)));
    let reaches: Vec<Reach> = sqlx::query_as(REACH)
        .bind(phrases)
        .bind(SAMPLE)
        .fetch_all(pool)
        .await?;
    let guess = |(Json((count, up_to)), down_to): Reach| {
        let (Some(up_to), Some(down_to)) = (up_to, down_to) else {
            return 0;
        };
        if count < SAMPLE {
            return count;
        }
        let reach = (up_to - first).min(last - down_to) + 1;
        SAMPLE * (last - first + 1) / reach.max(SAMPLE)
    };
    Ok(texts.into_iter().zip(reaches.into_iter().map(guess)).collect())
}

pub(super) async fn ranked(
    pool: &SqlitePool,
    lookup: &Lookup,
    bounds: &Bounds<'_>,
) -> Result<Vec<Row>, StoreError> {
    let filter = if bounds.allowed.is_some() {
        "WHERE c.source IN (SELECT value FROM json_each($4))"
    } else {
        ""
    };
    // The best are picked before the chunks' rows are read, unless sources must be sorted out first.
    let early = if bounds.allowed.is_some() {
        ""
    } else {
        "ORDER BY score, id LIMIT $3"
    };
    let sql = format!(
        "SELECT h.id, c.source, c.document, -h.score FROM (SELECT id, score FROM (\
             SELECT rowid AS id, bm25(knowledge_fts, {WEIGHTS}) AS score FROM knowledge_fts \
             WHERE knowledge_fts MATCH $1 ORDER BY rowid DESC LIMIT $2) {early}) h \
         CROSS JOIN knowledge_chunks c ON c.id = h.id {filter} ORDER BY h.score, h.id LIMIT $3"
    );
    let allowed = bounds.allowed.map(|allowed| numbers(allowed.iter().copied()));
    Ok(sqlx::query_as(AssertSqlSafe(sql))
        .bind(expression(lookup))
        .bind(CANDIDATES)
        .bind(bounds.limit)
        .bind(allowed)
        .fetch_all(pool)
        .await?)
}

pub(super) async fn settle(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    // Merges so many pages at most: nobody else writes meanwhile.
    const MERGE: &str = "INSERT INTO knowledge_fts (knowledge_fts, rank) VALUES ('merge', 2000)";
    conn.run(MERGE).await
}

fn expression(lookup: &Lookup) -> String {
    let (texts, between) = match lookup {
        Lookup::Any(texts) => (texts, " OR "),
        Lookup::All(texts) => (texts, " AND "),
    };
    let phrases: Vec<String> = texts.iter().map(|text| phrase(text)).collect();
    phrases.join(between)
}

/// The text as a phrase. It has letters and digits only; a mark would end the phrase, so none is let through.
fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', " "))
}
