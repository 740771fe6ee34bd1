//! Purpose: throw-away databases on both engines, for the tests and benchmarks of every crate.
//!
//! ```ignore
//! em_storage::both_engines!(an_event_is_stored_once);
//!
//! async fn an_event_is_stored_once(db: TestDatabase) { ... db.store.events() ... }
//! ```
//! makes `sqlite::an_event_is_stored_once` and `postgres::an_event_is_stored_once`. PostgreSQL is the server of
//! `TEST_DATABASE_URL`, else a private one that is started from the binaries on this machine and dies with the test
//! process. Where there is neither, the PostgreSQL tests say so and pass; with `EM_REQUIRE_POSTGRES=1` they fail.

#![expect(clippy::expect_used, reason = "it serves tests, which may panic")]

mod postgres;

use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::SecretString;
use tempfile::TempDir;

pub use postgres::{Flush, PostgresServer};

use crate::{Store, StoreConfig};

/// The installation key of test databases.
const TEST_KEY: [u8; 32] = [7; 32];

/// A migrated database of one test; gone when it is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    /// The store, open.
    pub store: Store,
    /// How it was opened.
    pub config: StoreConfig,
    _folder: Option<TempDir>,
    _database: Option<postgres::OwnDatabase>,
}

impl TestDatabase {
    /// A SQLite file in a folder of its own.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = StoreConfig::new(None, folder.path(), TEST_KEY);
        let store = Store::open(&config).await.expect("a new file opens");
        store.migrate().await.expect("a new file migrates");
        Self {
            store,
            config,
            _folder: Some(folder),
            _database: None,
        }
    }

    /// A database of the PostgreSQL server that the tests of this process share; `None` where there is no server.
    ///
    /// # Panics
    /// If there is a server but it does not work, or if `EM_REQUIRE_POSTGRES` is set and there is none.
    pub async fn postgres() -> Option<Self> {
        let server = tokio::task::spawn_blocking(PostgresServer::shared)
            .await
            .expect("no panic")?;
        Some(Self::postgres_on(server).await)
    }

    /// A database of `server`.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn postgres_on(server: &PostgresServer) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("em_test_{}_{count}", std::process::id());
        let database = server.database(name).await;
        let url = SecretString::from(database.url());
        let config = StoreConfig::new(Some(url), "", TEST_KEY);
        let store = Store::open(&config).await.expect("the database opens");
        Self {
            store,
            config,
            _folder: None,
            _database: Some(database),
        }
    }

    /// Runs a statement past the store, as somebody with access to the database could.
    ///
    /// # Errors
    /// What the database said.
    pub async fn execute(&self, sql: &'static str) -> Result<(), String> {
        let run = crate::engine::on_writer!(self.store.pool(), |c| sqlx::raw_sql(sql)
            .execute(c)
            .await
            .map(drop));
        run.map_err(|error| error.to_string())
    }

    /// Another store on the same database, as a second replica has it.
    ///
    /// # Panics
    /// If it does not open.
    pub async fn replica(&self) -> Store {
        Store::open(&self.config).await.expect("the database opens again")
    }
}

/// Runs each test function, which takes a [`TestDatabase`], once on SQLite and once on PostgreSQL.
#[macro_export]
macro_rules! both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::testing::TestDatabase::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(database) = $crate::testing::TestDatabase::postgres().await {
                        super::$name(database).await;
                    }
                }
            )*
        }
    };
}
