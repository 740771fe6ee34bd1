//! Purpose: chunks near in meaning, found by PostgreSQL itself where the extension pgvector is there: an HNSW index over
//! half-precision copies of the vectors, one for each model. Elsewhere whoever searches keeps the vectors in memory.
//!
//! The table is made when it can be, not by a migration: the extension may come later, or never.

mod index;

use em_domain::knowledge::{ChunkId, SourceTag};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Connection as _};

use super::{Knowledge, count};
use crate::engine::{Pool, SideConnection, numbers};
use crate::error::StoreError;

pub(super) use index::copy;
use index::{complete, drop_unused, has_index, literal, make_index, make_table, text, why_not};

/// The most dimensions that an index over half-precision vectors takes (pgvector's README, "HNSW").
const MOST_DIMENSIONS: usize = 4_000;
/// The advisory lock under which the index is made ("em-hnsw" in bytes).
const LOCK: i64 = 0x65_6d2d_686e_7377;

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
    /// time it takes minutes for a hundred thousand chunks, beside whoever searches and writes meanwhile.
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
        let SideConnection::Postgres(mut conn) = self.store.pool().side_connection().await? else {
            return Ok(not_postgres());
        };
        // It ends with the connection. Whoever does not get it leaves the work to the one that has it.
        let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut conn)
            .await?;
        if is_ours {
            sqlx::raw_sql("SET lock_timeout = 0").execute(&mut conn).await?;
            make_table(&mut conn).await?;
            complete(&mut conn, model).await?;
            make_index(&mut conn, model, dimensions).await?;
            drop_unused(&mut conn, model).await?;
        }
        conn.close().await?;
        self.nearest_by(model).await
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

fn not_postgres() -> NearestBy {
    NearestBy::Memory("SQLite has no index for it".to_owned())
}
