//! Purpose: what can go wrong with the store, as decisions a caller makes.

/// Why the store did not do what was asked. The texts name tables and conditions, never addresses or passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database is locked, gone, full or overloaded. Nothing was changed; the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// More events wait to be stored than is sensible. Answer 503 with `Retry-After`.
    #[error("too many events are waiting to be stored")]
    Full,
    /// Somebody else changed the same thing meanwhile. Read again and decide again.
    #[error("{0}")]
    Conflict(String),
    /// A stored value cannot be read. An operator must look.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    /// The database was migrated by a newer version of the program. Start that version, or a newer one.
    #[error("the database has migration {version}, which this version of the program does not know")]
    NewerSchema {
        /// The unknown migration.
        version: i64,
    },
    /// The address or the rights are wrong. The operator must correct the configuration.
    #[error("the database cannot be opened: {0}")]
    Configuration(String),
    /// The database refused a statement for a reason that trying again does not cure: a bug.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Full => true,
            Self::Conflict(_)
            | Self::Corrupt(_)
            | Self::NewerSchema { .. }
            | Self::Configuration(_)
            | Self::Refused(_) => false,
        }
    }

    pub(crate) fn corrupt(what: &str, value: &str) -> Self {
        Self::Corrupt(format!("{what} {value:?}"))
    }
}

impl From<sqlx::Error> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's open list")]
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Database(refusal) => match refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                Some(_) => from_sqlite(refusal.code().as_deref(), text),
                None => from_postgres(refusal.code().as_deref(), text),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(text),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(text),
            sqlx::Error::Configuration(_) => Self::Configuration(text),
            // What is left are mistakes in a statement, and whatever sqlx adds later.
            _ => Self::Refused(text),
        }
    }
}

/// SQLite's result codes (sqlite.org/rescode.html); the low byte is the primary one.
fn from_sqlite(code: Option<&str>, text: String) -> StoreError {
    let primary = code.and_then(|code| code.parse::<i64>().ok()).unwrap_or(1) & 0xff;
    match primary {
        // BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
        5 | 6 | 7 | 9 | 10 | 13 | 14 | 15 => StoreError::Unavailable(text),
        // CORRUPT, NOTADB
        11 | 26 => StoreError::Corrupt(text),
        // PERM, READONLY, AUTH
        3 | 8 | 23 => StoreError::Configuration(text),
        _ => StoreError::Refused(text),
    }
}

/// PostgreSQL's SQLSTATE classes (postgresql.org/docs, appendix A).
fn from_postgres(code: Option<&str>, text: String) -> StoreError {
    let code = code.unwrap_or_default();
    match code.get(..2).unwrap_or_default() {
        // connection, read-only (a standby after failover), rollback, resources, object in use, operator, system
        "08" | "25" | "40" | "53" | "55" | "57" | "58" => StoreError::Unavailable(text),
        // authorisation, no such database
        "28" | "3D" => StoreError::Configuration(text),
        // data corrupted, index corrupted
        "XX" => StoreError::Corrupt(text),
        _ => StoreError::Refused(text),
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's open list")]
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Self::NewerSchema { version },
            sqlx::migrate::MigrateError::Execute(error)
            | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}
