//! Purpose: opening the database that `DATABASE_URL` names, and bringing its schema up to date.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Mutex, OnceCell};

use crate::engine::{Pool, SQLITE_CACHE, SQLITE_CHECKPOINT_PAGES, on_engine, on_writer};
use crate::error::StoreError;
use crate::intake::Intake;
use crate::outbox::Teller;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// The file in the data folder that is used when no URL is given.
const DEFAULT_FILE: &str = "em-agent.db";
/// Readers of a SQLite file; they are quick, and each costs a thread and a page cache.
const SQLITE_READERS: u32 = 4;
/// Connections per process to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 10;
/// A connection is renewed after this long, so that a failed-over server is found.
const POSTGRES_CONNECTION_LIFETIME: Duration = Duration::from_mins(30);
/// Prepared statements kept per connection: the bulk statements come in some thirty sizes per table.
const STATEMENT_CACHE: usize = 512;
/// Rows that SQLite's thread reads ahead of us: each time that it waits costs two changes of threads.
const SQLITE_ROWS_AHEAD: usize = 1_000;
/// The log that an import leaves behind is cut back to this many bytes.
const SQLITE_LOG_BYTES: &str = "33554432";
/// How long a statement waits for a lock or a connection before it is [`StoreError::Unavailable`].
const DEFAULT_PATIENCE: Duration = Duration::from_secs(5);

/// What the store needs to know before it opens.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:PATH` or `postgres://...`; without one, a SQLite file in `data_dir`.
    pub url: Option<SecretString>,
    /// The folder of the default database file; made if absent.
    pub data_dir: PathBuf,
    /// Random bytes that become the installation's own key when the database is first made. E-mail addresses are
    /// kept only as hashes under that key.
    pub new_install_key: [u8; 32],
    /// How long to wait for a lock or a connection before giving up.
    pub patience: Duration,
    /// Whether what other programs are to be told is written to the outbox. Only for a process that publishes it.
    pub tells: bool,
}

impl StoreConfig {
    /// The configuration with the usual patience.
    pub fn new(url: Option<SecretString>, data_dir: impl Into<PathBuf>, new_install_key: [u8; 32]) -> Self {
        Self {
            url,
            data_dir: data_dir.into(),
            new_install_key,
            patience: DEFAULT_PATIENCE,
            tells: false,
        }
    }
}

/// The database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) pool: Pool,
    pub(crate) intake: Intake,
    /// Writes to the outbox.
    pub(crate) teller: Teller,
    /// Held by whatever writes facts, so that folding, importing and replaying do not interleave in one process.
    pub(crate) facts_turn: Mutex<()>,
    install_key: OnceCell<Vec<u8>>,
    new_install_key: [u8; 32],
}

impl Store {
    /// Opens the database; a SQLite file and its folder are made if absent. Must be called within a tokio runtime,
    /// on which the task that writes arriving events is started.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for an address that cannot be right, [`StoreError::Unavailable`] where there is
    /// no answer.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let pool = match &config.url {
            Some(url) if is_postgres(url) => open_postgres(url, config.patience).await?,
            Some(url) => open_sqlite(sqlite_options(url)?, config.patience).await?,
            None => {
                let file = config.data_dir.join(DEFAULT_FILE);
                open_sqlite(SqliteConnectOptions::new().filename(file), config.patience).await?
            }
        };
        let teller = Teller::new(config.tells);
        let inner = Inner {
            intake: Intake::start(&pool, &teller),
            teller,
            pool,
            facts_turn: Mutex::new(()),
            install_key: OnceCell::new(),
            new_install_key: config.new_install_key,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Applies the migrations that the database lacks. Several replicas may do so at once on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] where a newer version of the program was here before.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.pool() {
            Pool::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await?,
            Pool::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        self.install_key().await.map(drop)
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let one: i64 = on_engine!(self.pool(), |c| sqlx::query_scalar("SELECT CAST(1 AS BIGINT)")
            .fetch_one(c)
            .await)?;
        debug_assert_eq!(one, 1, "the database can count");
        Ok(())
    }

    /// The engine's name: `sqlite` or `postgresql`.
    pub fn engine(&self) -> &'static str {
        match self.pool() {
            Pool::Sqlite { .. } => "sqlite",
            Pool::Postgres(_) => "postgresql",
        }
    }

    /// Closes all connections, after what was accepted is stored.
    pub async fn close(&self) {
        self.inner.intake.drain().await;
        match self.pool() {
            Pool::Sqlite {
                read,
                write,
                checkpoint,
            } => {
                checkpoint.close().await;
                read.close().await;
                write.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    /// The installation's own key; the first caller's random bytes win.
    pub(crate) async fn install_key(&self) -> Result<&[u8], StoreError> {
        const INSERT: &str =
            "INSERT INTO installation (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING";
        const GET: &str = "SELECT value FROM installation WHERE name = 'key'";
        let load = async || {
            let mine = hex::encode(self.inner.new_install_key);
            on_writer!(self.pool(), |c| sqlx::query(INSERT)
                .bind(mine)
                .execute(c)
                .await
                .map(drop))?;
            let key: String = on_engine!(self.pool(), |c| sqlx::query_scalar(GET).fetch_one(c).await)?;
            hex::decode(key).map_err(|_| StoreError::Corrupt("the installation's key".to_owned()))
        };
        Ok(self.inner.install_key.get_or_try_init(load).await?)
    }
}

fn is_postgres(url: &SecretString) -> bool {
    let url = url.expose_secret();
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn sqlite_options(url: &SecretString) -> Result<SqliteConnectOptions, StoreError> {
    let url = url.expose_secret();
    if !url.starts_with("sqlite:") {
        let text = "the address must begin with sqlite: or postgres://";
        return Err(StoreError::Configuration(text.to_owned()));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        let text = "a database in memory would be gone with each connection; name a file";
        return Err(StoreError::Configuration(text.to_owned()));
    }
    // The parser's message would repeat the address.
    SqliteConnectOptions::from_str(url)
        .map_err(|_| StoreError::Configuration("the sqlite: address cannot be read".to_owned()))
}

async fn open_sqlite(options: SqliteConnectOptions, patience: Duration) -> Result<Pool, StoreError> {
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        // What was acknowledged survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(patience)
        .statement_cache_capacity(STATEMENT_CACHE)
        .row_buffer_size(SQLITE_ROWS_AHEAD)
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("journal_size_limit", SQLITE_LOG_BYTES)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(patience)
    };
    // What undoes one statement of a transaction is kept in memory; in files it is a sixth of all writing.
    let writer = options
        .clone()
        .create_if_missing(true)
        .pragma("temp_store", "MEMORY");
    let write = pool(1).connect_with(writer).await?;
    let checkpoint = pool(1).connect_lazy_with(options.clone());
    let readers = options.create_if_missing(false).read_only(true);
    let read = pool(SQLITE_READERS).connect_lazy_with(readers);
    Ok(Pool::Sqlite {
        read,
        write,
        checkpoint,
    })
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| StoreError::Configuration(format!("the folder {}: {error}", folder.display())))
}

async fn open_postgres(url: &SecretString, patience: Duration) -> Result<Pool, StoreError> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| StoreError::Configuration("the postgres:// address cannot be read".to_owned()))?
        .application_name("em-agent")
        .statement_cache_capacity(STATEMENT_CACHE)
        // A statement that waits for a lock gives up as it does on SQLite.
        .options([("lock_timeout", patience.as_millis().to_string())]);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(patience)
        .max_lifetime(POSTGRES_CONNECTION_LIFETIME)
        // A `begin()` dropped while it waits leaves its connection inside a transaction (sqlx 0.9.0); end it before
        // the next user gets it. BEGIN first, because a ROLLBACK outside a transaction fills the server's log.
        .after_release(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await?;
                Ok(true)
            })
        })
        .connect_with(options)
        .await?;
    Ok(Pool::Postgres(pool))
}
