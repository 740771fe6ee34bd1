//! Purpose: a GIN index over the chunks' words, ranked by how rare each word is and how often and where it stands.
//! PostgreSQL's own ranking knows nothing of how rare a word is.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::{BUDGET, Bounds, Lookup, Row};
use crate::engine::{Conn, list, numbers};
use crate::error::StoreError;

/// How much a word counts within an identifier, in the text, the headings and the title.
const WEIGHTS: &str = "{0.125, 0.25, 0.5, 1.0}";

/// In about how many chunks each of the phrases is, by the statistics that PostgreSQL keeps of the most frequent
/// words; what is not among them counts as rare. Phrases without a word that is in the index are left out.
pub(super) async fn frequencies(pool: &PgPool, texts: Vec<String>) -> Result<Vec<(String, i64)>, StoreError> {
    const COUNT: &str = "SELECT t.text, \
            CAST(MIN(COALESCE(f.part, 0)) * MAX(k.chunks) AS BIGINT) \
        FROM json_array_elements_text(CAST($1 AS JSON)) t(text) \
        CROSS JOIN LATERAL unnest(to_tsvector('english', t.text)) l \
        CROSS JOIN (SELECT GREATEST(reltuples, 0) AS chunks FROM pg_class WHERE oid = 'knowledge_fts'::regclass) k \
        LEFT JOIN (SELECT e.word, e.part FROM pg_stats s, \
            unnest(CAST(CAST(s.most_common_elems AS TEXT) AS TEXT[]), s.most_common_elem_freqs) e(word, part) \
            WHERE s.schemaname = current_schema() AND s.tablename = 'knowledge_fts' AND s.attname = 'words') f \
            ON f.word = l.lexeme GROUP BY t.text";
    Ok(sqlx::query_as(COUNT).bind(list(texts)).fetch_all(pool).await?)
}

pub(super) async fn ranked(
    pool: &PgPool,
    lookup: &Lookup,
    bounds: &Bounds<'_>,
) -> Result<Vec<Row>, StoreError> {
    // The planner knows nothing of how many chunks a term is in, and would rather read all.
    const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off; \
                         SET LOCAL jit = off";
    let (filter, early) = match bounds.allowed {
        Some(_) => (
            "WHERE c.source = ANY (ARRAY(SELECT CAST(json_array_elements_text(CAST($4 AS JSON)) AS BIGINT)))",
            "",
        ),
        None => ("", "ORDER BY score DESC, rowid LIMIT $3"),
    };
    let (texts, found) = match lookup {
        Lookup::Any(texts) => (texts, ""),
        Lookup::All(texts) => (texts, "HAVING COUNT(*) = (SELECT COUNT(*) FROM terms)"),
    };
    let sql = format!(
        "WITH terms AS MATERIALIZED (\
             SELECT ord, phraseto_tsquery('english', text) AS query \
             FROM json_array_elements_text(CAST($1 AS JSON)) WITH ORDINALITY t(text, ord)), \
         found AS MATERIALIZED (\
             SELECT f.rowid, t.ord, f.length, ts_rank('{WEIGHTS}', f.words, t.query) AS weight \
             FROM terms t CROSS JOIN LATERAL (\
                 SELECT rowid, length, words FROM knowledge_fts WHERE words @@ t.query LIMIT $2) f), \
         rarity AS (SELECT ord, COUNT(*) AS chunks FROM found GROUP BY ord), \
         usual AS (SELECT AVG(length) AS length FROM found), \
         total AS (SELECT next_chunk AS chunks FROM knowledge_state), \
         scored AS (\
             SELECT f.rowid, SUM(LN(1 + (GREATEST(k.chunks - r.chunks, 0) + 0.5) / (r.chunks + 0.5)) * f.weight \
                 / (0.7 + 0.3 * f.length / u.length)) AS score \
             FROM found f JOIN rarity r ON r.ord = f.ord CROSS JOIN usual u CROSS JOIN total k \
             GROUP BY f.rowid {found} {early}) \
         SELECT s.rowid, c.source, c.document, CAST(s.score AS DOUBLE PRECISION) FROM scored s \
         JOIN knowledge_chunks c ON c.id = s.rowid {filter} ORDER BY s.score DESC, s.rowid LIMIT $3"
    );
    let allowed = bounds.allowed.map(|allowed| numbers(allowed.iter().copied()));
    let mut tx = pool.begin_with(BEGIN).await?;
    let rows = sqlx::query_as(AssertSqlSafe(sql))
        .bind(list(texts))
        .bind(2 * BUDGET)
        .bind(bounds.limit)
        .bind(allowed)
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(rows)
}

pub(super) async fn settle(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    // What was written last waits beside the index, and every search goes through it.
    conn.run("SELECT gin_clean_pending_list('knowledge_fts_words')")
        .await?;
    conn.analyze("knowledge_fts").await
}
