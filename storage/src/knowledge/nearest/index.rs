//! Purpose: making the index over what chunks mean to one model, and filling it.

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool};

use crate::engine::Conn;
use crate::error::StoreError;
use crate::knowledge::vectors::floats;

/// The first version that goes on in the index until enough rows of allowed sources are found.
const OLDEST: [u32; 2] = [0, 8];
/// Rows copied at a time.
const PAGE: i64 = 2_000;
/// What every index is called before the model's name.
const INDEX: &str = "knowledge_hnsw_";

/// Rows of vectors that are still there; the lock lets nobody remove them before the copy is stored.
const COPY: &str = "INSERT INTO knowledge_embeddings (model, chunk, source, embedding) \
    SELECT $1, t.chunk, t.source, CAST(t.vector AS HALFVEC) \
    FROM unnest(CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[])) t(chunk, source, vector) \
    JOIN knowledge_vectors v ON v.model = $1 AND v.chunk = t.chunk FOR KEY SHARE OF v \
    ON CONFLICT (model, chunk) DO ";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS knowledge_embeddings (\
        model TEXT COLLATE \"C\" NOT NULL, chunk BIGINT NOT NULL, source BIGINT NOT NULL, embedding HALFVEC NOT NULL, \
        PRIMARY KEY (model, chunk), \
        FOREIGN KEY (model, chunk) REFERENCES knowledge_vectors (model, chunk) ON DELETE CASCADE)";

/// Makes the table if it is not there.
pub(super) async fn make_table(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::raw_sql(TABLE).execute(conn).await?;
    Ok(())
}

/// Copies vectors that were just written, if there is a table for them.
pub(in crate::knowledge) async fn copy(
    conn: &mut Conn<'_>,
    model: &str,
    rows: &[(i64, i64, &[f32])],
) -> Result<(), StoreError> {
    let Conn::Postgres(conn) = conn else {
        return Ok(());
    };
    if has_table(conn).await? {
        copy_rows(conn, model, rows, Known::Replace).await?;
    }
    Ok(())
}

async fn copy_rows(
    conn: &mut PgConnection,
    model: &str,
    rows: &[(i64, i64, &[f32])],
    known: Known,
) -> Result<(), StoreError> {
    let chunks: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let sources: Vec<i64> = rows.iter().map(|row| row.1).collect();
    let vectors: Vec<String> = rows.iter().map(|row| text(row.2)).collect();
    let known = match known {
        Known::Replace => "UPDATE SET source = excluded.source, embedding = excluded.embedding",
        Known::Keep => "NOTHING",
    };
    sqlx::query(AssertSqlSafe(format!("{COPY}{known}")))
        .bind(model)
        .bind(chunks)
        .bind(sources)
        .bind(vectors)
        .execute(conn)
        .await?;
    Ok(())
}

/// What becomes of a copy that is there already.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// This one is newer.
    Replace,
    /// It may be newer than this one.
    Keep,
}

/// Copies the vectors that are not there yet.
pub(super) async fn complete(conn: &mut PgConnection, model: &str) -> Result<(), StoreError> {
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
        copy_rows(conn, model, &rows, Known::Keep).await?;
    }
}

/// Makes the index beside whoever writes, and begins anew where that stopped in the middle.
pub(super) async fn make_index(
    conn: &mut PgConnection,
    model: &str,
    dimensions: usize,
) -> Result<(), StoreError> {
    const BROKEN: &str = "SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) \
                          AND NOT indisvalid)";
    let (name, model) = (index_name(model), literal(model));
    let is_broken: bool = sqlx::query_scalar(BROKEN)
        .bind(&name)
        .fetch_one(&mut *conn)
        .await?;
    if is_broken {
        drop_index(conn, &name).await?;
    }
    // As much memory as a hundred thousand chunks need; with more of them it becomes slower, not wrong.
    sqlx::raw_sql("SET maintenance_work_mem = '256MB'")
        .execute(&mut *conn)
        .await?;
    let sql = format!(
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON knowledge_embeddings \
         USING hnsw ((CAST(embedding AS HALFVEC({dimensions}))) halfvec_cosine_ops) WHERE model = {model}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    sqlx::raw_sql("ANALYZE knowledge_embeddings")
        .execute(&mut *conn)
        .await?;
    Ok(())
}

async fn drop_index(conn: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    let sql = format!("DROP INDEX IF EXISTS {name}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

/// Drops the indexes of other models that mean nothing to anybody any more.
pub(super) async fn drop_unused(conn: &mut PgConnection, model: &str) -> Result<(), StoreError> {
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
        drop_index(conn, &name).await?;
    }
    Ok(())
}

/// What keeps the database from having the index, if anything does.
pub(super) async fn why_not(pool: &PgPool) -> Result<Option<String>, StoreError> {
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

pub(super) async fn has_index(pool: &PgPool, model: &str) -> Result<bool, StoreError> {
    const VALID: &str =
        "SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)";
    Ok(sqlx::query_scalar(VALID)
        .bind(index_name(model))
        .fetch_one(pool)
        .await?)
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
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A vector as pgvector reads it.
pub(super) fn text(vector: &[f32]) -> String {
    let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}
