//! Purpose: one text of SQL on two engines. [`on_engine!`] repeats its body once per driver, so the compiler checks
//! every statement against both; what the engines do differently is in this module.

mod bulk;
mod checkpoint;
mod lists;

use std::borrow::Cow;

use sqlx::postgres::{PgConnection, PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Transaction};

use crate::error::StoreError;

/// The ids that one statement looks up at most.
pub(crate) const IDS_PER_STATEMENT: usize = 500;

/// The advisory lock under which facts are written on PostgreSQL ("em-facts" in bytes).
const FACTS_LOCK: i64 = 0x656d_2d66_6163_7473;

/// SQLite's page cache per connection, in KiB (negative by its convention).
pub(crate) const SQLITE_CACHE: &str = "-8000";
/// The same while events are imported.
const SQLITE_BULK_CACHE: &str = "-64000";
/// The writer of SQLite writes its log back itself from this many pages on (32 MB): what [`Checkpoints`] has not got to yet.
pub(crate) const SQLITE_CHECKPOINT_PAGES: &str = "8000";
/// The same while events are imported: about 160 MB.
const SQLITE_BULK_CHECKPOINT_PAGES: &str = "40000";
/// What PostgreSQL keeps of a replay's temporary tables in memory.
const POSTGRES_REPLAY_BUFFERS: &str = "128MB";

/// The connections to the database.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    /// Readers, and the one connection that writes: SQLite has one writer at a time, and its busy handler is
    /// neither fair nor quick, so writers queue here instead. The log has a connection to be written back by.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        checkpoint: SqlitePool,
    },
    /// Readers and writers alike.
    Postgres(PgPool),
}

/// One connection, within a transaction or by itself.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A transaction; rolled back unless committed.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection of its own, outside the pools; what it holds (temporary tables, locks) ends with it.
pub(crate) enum SideConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs a statement that reads, on either engine.
macro_rules! on_engine {
    ($pool:expr, |$c:ident| $body:expr) => {
        match $pool {
            $crate::engine::Pool::Sqlite { read: $c, .. } => $body,
            $crate::engine::Pool::Postgres($c) => $body,
        }
    };
}

/// Runs one statement that writes, on either engine.
macro_rules! on_writer {
    ($pool:expr, |$c:ident| $body:expr) => {
        match $pool {
            $crate::engine::Pool::Sqlite { write: $c, .. } => $body,
            $crate::engine::Pool::Postgres($c) => $body,
        }
    };
}

/// Runs a statement on one connection, on either engine.
macro_rules! on_conn {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::engine::Conn::Sqlite(connection) => {
                let $c = &mut **connection;
                $body
            }
            $crate::engine::Conn::Postgres(connection) => {
                let $c = &mut **connection;
                $body
            }
        }
    };
}

pub(crate) use bulk::{Table, Value, storable};
pub(crate) use checkpoint::Checkpoints;
pub(crate) use lists::{list, numbers};
use lists::{lists, queue};
pub(crate) use {on_conn, on_engine, on_writer};

impl Pool {
    /// Begins a transaction that may write. On SQLite it takes the write lock at once: a transaction that reads
    /// first and writes later fails there without waiting. On PostgreSQL its first statement must lock what it
    /// decides on.
    pub(crate) async fn begin_write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that takes rows off the front of an index. PostgreSQL cannot know how few rows are wanted
    /// where that is a parameter, and would rather read and sort the whole table.
    pub(crate) async fn begin_claim(&self) -> Result<Tx, StoreError> {
        const BEGIN: &str = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                             SET LOCAL enable_sort = off";
        Ok(match self {
            Self::Sqlite { .. } => self.begin_write().await?,
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(BEGIN).await?),
        })
    }

    /// Begins a transaction that sees one moment and does not write.
    pub(crate) async fn begin_read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    /// Opens a connection of its own.
    pub(crate) async fn side_connection(&self) -> Result<SideConnection, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => {
                let options = write
                    .connect_options()
                    .as_ref()
                    .clone()
                    .pragma("temp_store", "FILE");
                SideConnection::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            Self::Postgres(pool) => {
                let mut conn = PgConnection::connect_with(&pool.connect_options()).await?;
                let buffers = format!("SET temp_buffers = '{POSTGRES_REPLAY_BUFFERS}'");
                conn.execute(AssertSqlSafe(buffers)).await?;
                SideConnection::Postgres(conn)
            }
        })
    }

    /// The statement with its `LIST($n)` written for this engine; see [`list`].
    pub(crate) fn lists(&self, sql: &str) -> AssertSqlSafe<String> {
        lists(self.is_sqlite(), sql)
    }

    /// The statement with its `SKIP LOCKED` and `IN QUERY(..)` written for this engine; see [`queue`].
    pub(crate) fn queue(&self, sql: &'static str) -> AssertSqlSafe<String> {
        queue(self.is_sqlite(), sql)
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }
}

impl Tx {
    /// The connection it runs on.
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx) => Conn::Sqlite(&mut *tx),
            Self::Postgres(tx) => Conn::Postgres(&mut *tx),
        }
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Takes everything back now. A transaction that is only dropped is taken back some time later, with its locks.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl SideConnection {
    /// The connection itself.
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(connection) => Conn::Sqlite(connection),
            Self::Postgres(connection) => Conn::Postgres(connection),
        }
    }
}

impl Conn<'_> {
    /// Runs a statement of this crate's own making that returns nothing.
    pub(crate) async fn run(&mut self, sql: impl Into<Cow<'static, str>>) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(sql.into().into_owned());
        on_conn!(self, |c| sqlx::raw_sql(sql).execute(c).await.map(drop))?;
        Ok(())
    }

    /// Starts a transaction that takes SQLite's write lock at once.
    pub(crate) async fn begin_immediate(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => self.run("BEGIN").await,
        }
    }

    /// Makes this the only transaction that writes facts, until it ends. SQLite needs nothing: it has one writer.
    pub(crate) async fn lock_facts(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(c) = self {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(FACTS_LOCK)
                .execute(&mut **c)
                .await?;
        }
        Ok(())
    }

    /// As [`Self::lock_facts`], but answers `false` at once where somebody else holds the lock.
    pub(crate) async fn try_lock_facts(&mut self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::Postgres(c) => {
                let query = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(FACTS_LOCK);
                Ok(query.fetch_one(&mut **c).await?)
            }
        }
    }

    /// Keeps everybody else from writing facts for as long as this connection lives. On SQLite the caller holds
    /// the lock of this process, and finds out by the version of the facts if another process wrote.
    pub(crate) async fn hold_facts(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(c) = self {
            sqlx::query("SELECT pg_advisory_lock($1)")
                .bind(FACTS_LOCK)
                .execute(&mut **c)
                .await?;
        }
        Ok(())
    }

    /// Makes an empty temporary copy of `table`, which hides the real one from this connection until
    /// [`Self::unshadow`]. Its key is `id`.
    pub(crate) async fn shadow(&mut self, table: &str) -> Result<(), StoreError> {
        match self {
            Self::Postgres(_) => {
                self.run(format!(
                    "CREATE TEMPORARY TABLE {table} (LIKE {table}, PRIMARY KEY (id))"
                ))
                .await
            }
            Self::Sqlite(c) => {
                let sql = "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = $1";
                let made_by: String = sqlx::query_scalar(sql).bind(table).fetch_one(&mut **c).await?;
                self.run(made_by.replacen("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
                    .await
            }
        }
    }

    /// Renames the temporary copy of `table` to `replayed_...`, so that the name means the real one again.
    pub(crate) async fn unshadow(&mut self, table: &str) -> Result<(), StoreError> {
        let schema = match self {
            Self::Sqlite(_) => "temp",
            Self::Postgres(_) => "pg_temp",
        };
        self.run(format!("ALTER TABLE {schema}.{table} RENAME TO replayed_{table}"))
            .await
    }

    /// Lets SQLite keep the pages of a large transaction in memory and write several such transactions back at once,
    /// or no longer: the same pages of an index change in each, and are otherwise written again and again.
    pub(crate) async fn expect_bulk(&mut self, is_bulk: bool) -> Result<(), StoreError> {
        let (cache, write_back_at) = if is_bulk {
            (SQLITE_BULK_CACHE, SQLITE_BULK_CHECKPOINT_PAGES)
        } else {
            (SQLITE_CACHE, SQLITE_CHECKPOINT_PAGES)
        };
        if !self.is_sqlite() {
            return Ok(());
        }
        self.run(format!("PRAGMA cache_size = {cache}")).await?;
        self.run(format!("PRAGMA wal_autocheckpoint = {write_back_at}"))
            .await
    }

    /// Renews the planner's statistics after much has changed.
    pub(crate) async fn analyze(&mut self, table: &str) -> Result<(), StoreError> {
        match self {
            // SQLite plans these statements from the indexes alone.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => self.run(format!("ANALYZE {table}")).await,
        }
    }

    /// The statement with its `LIST($n)` written for this engine; see [`list`].
    pub(crate) fn lists(&self, sql: &str) -> AssertSqlSafe<String> {
        lists(self.is_sqlite(), sql)
    }

    fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}
