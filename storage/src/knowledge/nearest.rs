//! Purpose: chunks near in meaning, found by PostgreSQL itself where the extension pgvector is there: an HNSW index over
//! half-precision copies of the vectors, one for each model. Elsewhere whoever searches keeps the vectors in memory.
//!
//! The table is made when it can be, not by a migration: the extension may come later, or never.

use em_domain::knowledge::{ChunkId, SourceTag};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool};

use super::vectors::floats;
use super::{Knowledge, count};
use crate::engine::{Conn, Pool, numbers};
use crate::error::StoreError;

/// The first version that goes on in the index until enough rows of allowed sources are found.
const OLDEST: [u32; 2] = [0, 8];
/// The most dimensions that an index over half-precision vectors takes (pgvector's README, "HNSW").
const MOST_DIMENSIONS: usize = 4_000;
/// Rows copied at a time.
const PAGE: i64 = 2_000;
/// The advisory lock under which the index is made ("em-hnsw" in bytes).
const LOCK: i64 = 0x65_6d2d_686e_7377;
/// What every index is called before the model's name.
const INDEX: &str = "knowledge_hnsw_";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS knowledge_embeddings (\
        model TEXT COLLATE \"C\" NOT NULL, chunk BIGINT NOT NULL, source BIGINT NOT NULL, embedding HALFVEC NOT NULL, \
        PRIMARY KEY (model, chunk), \
        FOREIGN KEY (model, chunk) REFERENCES knowledge_vectors (model, chunk) ON DELETE CASCADE)";
const COPY: &str = "INSERT INTO knowledge_embeddings (model, chunk, source, embedding) \
    SELECT $1, t.chunk, t.source, CAST(t.vector AS HALFVEC) \
    FROM unnest(CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[])) t(chunk, source, vector) \
    ON CONFLICT (model, chunk) DO UPDATE SET source = excluded.source, embedding = excluded.embedding";

/// Where chunks near in meaning are searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearestBy {
    /// In the database.
    Index,
    /// In the memory of whoever searches, and why.
    Memory(String),
}

impl Knowledge<'_> {
    /// Makes the index over what chunks mean to `model`, or completes it, where the database can have one. The first
    /// time it takes minutes for a million chunks.
    pub async fn prepare_nearest(&self, model: &str, dimensions: usize) -> Result<NearestBy, StoreError> {
        let Pool::Postgres(pool) = self.store.pool() else {
            return Ok(not_postgres());
        };
        if dimensions > MOST_DIMENSIONS {
            return Ok(NearestBy::Memory(format!(
                "the model has more than {MOST_DIMENSIONS} dimensions"
            )));
        }
        // Only a superuser may, except where a provider lets others; whether it worked is seen next.
        drop(
            sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS vector")
                .execute(pool)
                .await,
        );
        if let Some(why) = why_not(pool).await? {
            return Ok(NearestBy::Memory(why));
        }
        let mut tx = pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *tx)
            .await?;
        sqlx::raw_sql(TABLE).execute(&mut *tx).await?;
        complete(&mut tx, model).await?;
        make_index(&mut tx, model, dimensions).await?;
        sqlx::raw_sql("ANALYZE knowledge_embeddings")
            .execute(&mut *tx)
            .await?;
        drop_unused(&mut tx, model).await?;
        tx.commit().await?;
        Ok(NearestBy::Index)
    }

    /// Where chunks near in meaning to `model` are searched now.
    pub async fn nearest_by(&self, model: &str) -> Result<NearestBy, StoreError> {
        let Pool::Postgres(pool) = self.store.pool() else {
            return Ok(not_postgres());
        };
        if has_index(pool, model).await? {
            return Ok(NearestBy::Index);
        }
        let why = why_not(pool).await?;
        Ok(NearestBy::Memory(why.unwrap_or_else(|| {
            "the index is made at the end of the next reading".to_owned()
        })))
    }

    /// Whether [`Self::nearest`] finds anything for `model`.
    pub async fn has_nearest(&self, model: &str) -> Result<bool, StoreError> {
        match self.store.pool() {
            Pool::Sqlite { .. } => Ok(false),
            Pool::Postgres(pool) => has_index(pool, model).await,
        }
    }

    /// The chunks whose meaning is nearest, with their cosines, the
    /// nearest first. None without the index.
    pub async fn nearest(&self, wanted: &Nearby<'_>) -> Result<Vec<(ChunkId, f32)>, StoreError> {
        let Pool::Postgres(pool) = self.store.pool() else {
            return Ok(Vec::new());
        };
        let found = search(pool, wanted, Way::Index).await?;
        let is_enough = wanted.allowed.is_none() || found.len() >= wanted.k;
        if is_enough {
            return Ok(found);
        }
        // So few rows are of these sources that the index gave up before it had found enough: look at them all.
        search(pool, wanted, Way::All).await
    }
}

/// What [`Knowledge::nearest`] looks for.
#[derive(Debug, Clone, Copy)]
pub struct Nearby<'a> {
    /// The embedding model.
    pub model: &'a str,
    /// What the question means to it.
    pub vector: &'a [f32],
    /// How many chunks.
    pub k: usize,
    /// The sources to which it keeps; `None` for all.
    pub allowed: Option<&'a [SourceTag]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Index,
    All,
}

async fn search(pool: &PgPool, wanted: &Nearby<'_>, way: Way) -> Result<Vec<(ChunkId, f32)>, StoreError> {
    // Of few chunks PostgreSQL rather looks at all, which is exact: an index over few that have little in common
    // misses some.
    const BY_INDEX: &str =
        "BEGIN READ ONLY; SET LOCAL hnsw.ef_search = 200; SET LOCAL hnsw.iterative_scan = strict_order";
    const BY_ALL: &str = "BEGIN READ ONLY; SET LOCAL enable_indexscan = off";
    let begin = match way {
        Way::Index => BY_INDEX,
        Way::All => BY_ALL,
    };
    // The index is over the rows of one model, which must stand in the statement for it to be used.
    let (model, dimensions) = (literal(wanted.model), wanted.vector.len());
    let sql = format!(
        "SELECT chunk, CAST(embedding AS HALFVEC({dimensions})) <=> CAST($1 AS HALFVEC({dimensions})) AS distance \
         FROM knowledge_embeddings WHERE model = {model} AND ($2::TEXT IS NULL OR source = ANY (ARRAY(\
             SELECT CAST(json_array_elements_text(CAST($2 AS JSON)) AS BIGINT)))) \
         ORDER BY CAST(embedding AS HALFVEC({dimensions})) <=> CAST($1 AS HALFVEC({dimensions})) LIMIT $3"
    );
    let allowed = wanted
        .allowed
        .map(|allowed| numbers(allowed.iter().map(|tag| i64::from(tag.0))));
    let mut tx = pool.begin_with(begin).await?;
    let rows: Vec<(i64, f64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(text(wanted.vector))
        .bind(allowed)
        .bind(count(wanted.k))
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    #[expect(clippy::cast_possible_truncation, reason = "a cosine needs three digits")]
    let near = |(chunk, distance): (i64, f64)| (ChunkId(chunk), (1.0 - distance) as f32);
    Ok(rows.into_iter().map(near).collect())
}

/// Copies vectors that were just written, if there is a table for them.
pub(super) async fn copy(
    conn: &mut Conn<'_>,
    model: &str,
    rows: &[(i64, i64, &[f32])],
) -> Result<(), StoreError> {
    let Conn::Postgres(conn) = conn else {
        return Ok(());
    };
    if has_table(conn).await? {
        copy_rows(conn, model, rows).await?;
    }
    Ok(())
}

async fn copy_rows(
    conn: &mut PgConnection,
    model: &str,
    rows: &[(i64, i64, &[f32])],
) -> Result<(), StoreError> {
    let chunks: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let sources: Vec<i64> = rows.iter().map(|row| row.1).collect();
    let vectors: Vec<String> = rows.iter().map(|row| text(row.2)).collect();
    sqlx::query(COPY)
        .bind(model)
        .bind(chunks)
        .bind(sources)
        .bind(vectors)
        .execute(conn)
        .await?;
    Ok(())
}

/// Copies the vectors that are not there yet.
async fn complete(conn: &mut PgConnection, model: &str) -> Result<(), StoreError> {
    const MISSING: &str = "SELECT chunk, source, vector FROM knowledge_vectors v WHERE v.model = $1 AND v.chunk > $2 \
        AND NOT EXISTS (SELECT 1 FROM knowledge_embeddings e WHERE e.model = v.model AND e.chunk = v.chunk) \
        ORDER BY v.chunk LIMIT $3";
    let mut after = 0;
    loop {
        let page: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(MISSING)
            .bind(model)
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut *conn)
            .await?;
        let Some((last, _, _)) = page.last() else {
            return Ok(());
        };
        after = *last;
        let vectors: Vec<Vec<f32>> = page
            .iter()
            .map(|(_, _, bytes)| floats(bytes))
            .collect::<Result<_, _>>()?;
        let rows: Vec<(i64, i64, &[f32])> = page
            .iter()
            .zip(&vectors)
            .map(|((chunk, source, _), vector)| (*chunk, *source, vector.as_slice()))
            .collect();
        copy_rows(conn, model, &rows).await?;
    }
}

async fn make_index(conn: &mut PgConnection, model: &str, dimensions: usize) -> Result<(), StoreError> {
    let (name, model) = (index_name(model), literal(model));
    // As much memory as the build of a hundred thousand chunks needs; beyond that it becomes slower, not wrong.
    let sql = format!(
        "SET LOCAL maintenance_work_mem = '256MB'; CREATE INDEX IF NOT EXISTS {name} ON knowledge_embeddings \
         USING hnsw ((CAST(embedding AS HALFVEC({dimensions}))) halfvec_cosine_ops) WHERE model = {model}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

/// Drops the indexes of other models that mean nothing to anybody any more.
async fn drop_unused(conn: &mut PgConnection, model: &str) -> Result<(), StoreError> {
    const UNUSED: &str = "SELECT indexname::TEXT FROM pg_indexes WHERE schemaname = current_schema() \
        AND tablename = 'knowledge_embeddings' AND indexname LIKE $1 AND indexname <> $2 \
        AND NOT EXISTS (SELECT 1 FROM knowledge_embeddings WHERE model <> $3)";
    let unused: Vec<String> = sqlx::query_scalar(UNUSED)
        .bind(format!("{INDEX}%"))
        .bind(index_name(model))
        .bind(model)
        .fetch_all(&mut *conn)
        .await?;
    for name in unused {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP INDEX IF EXISTS {name}")))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// What keeps the database from having the index, if anything does.
async fn why_not(pool: &PgPool) -> Result<Option<String>, StoreError> {
    const EXTENSION: &str = "SELECT a.installed_version, e.extversion FROM \
        (SELECT default_version AS installed_version FROM pg_available_extensions WHERE name = 'vector') a \
        LEFT JOIN (SELECT extversion FROM pg_extension WHERE extname = 'vector') e ON TRUE";
    let found: Option<(Option<String>, Option<String>)> =
        sqlx::query_as(EXTENSION).fetch_optional(pool).await?;
    Ok(match found {
        None => Some("the extension pgvector is not installed on the database server".to_owned()),
        Some((_, None)) => {
            Some("an administrator has to say CREATE EXTENSION vector in this database".to_owned())
        }
        Some((_, Some(version))) if !is_new_enough(&version) => {
            let [major, minor] = OLDEST;
            Some(format!(
                "pgvector is {version} here, and {major}.{minor} is needed"
            ))
        }
        Some((_, Some(_))) => None,
    })
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    [parts.next().unwrap_or(0), parts.next().unwrap_or(0)] >= OLDEST
}

async fn has_table(conn: &mut PgConnection) -> Result<bool, StoreError> {
    const TABLE: &str = "SELECT to_regclass('knowledge_embeddings') IS NOT NULL";
    Ok(sqlx::query_scalar(TABLE).fetch_one(conn).await?)
}

async fn has_index(pool: &PgPool, model: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(index_name(model))
        .fetch_one(pool)
        .await?)
}

fn not_postgres() -> NearestBy {
    NearestBy::Memory("SQLite has no index for it".to_owned())
}

/// The end of the model's name holds its digest. PostgreSQL's names have 63 bytes at most.
fn index_name(model: &str) -> String {
    let plain = |letter: char| match letter {
        'a'..='z' | '0'..='9' => letter,
        'A'..='Z' => letter.to_ascii_lowercase(),
        _ => '_',
    };
    let mut end: Vec<char> = model.chars().rev().take(40).map(plain).collect();
    end.reverse();
    format!("{INDEX}{}", end.into_iter().collect::<String>())
}

/// A text as PostgreSQL reads it within a statement.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A vector as pgvector reads it.
fn text(vector: &[f32]) -> String {
    let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}
