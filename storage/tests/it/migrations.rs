//! Purpose: the schema is the same on both engines, and can be brought forward from any state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use em_storage::testing::TestDatabase;
use em_storage::{StoreError, both_engines};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

both_engines!(
    migrating_twice_changes_nothing,
    a_database_of_a_newer_version_is_left_alone
);

fn folder(engine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(engine)
}

fn files(engine: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(engine)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

async fn sqlite(db: &TestDatabase) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(db.config.data_dir.join("em-agent.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn postgres(db: &TestDatabase) -> PgConnection {
    PgConnection::connect(db.config.url.as_ref().unwrap().expose_secret())
        .await
        .unwrap()
}

async fn migrating_twice_changes_nothing(db: TestDatabase) {
    db.store.migrate().await.unwrap();
    let replica = db.replica().await;
    let (here, there) = tokio::join!(db.store.migrate(), replica.migrate());
    here.unwrap();
    there.unwrap();
}

async fn a_database_of_a_newer_version_is_left_alone(db: TestDatabase) {
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'later', TRUE, 'x', 1)";
    match db.config.url {
        None => drop(sqlx::raw_sql(sql).execute(&mut sqlite(&db).await).await.unwrap()),
        Some(_) => drop(
            sqlx::raw_sql(sql)
                .execute(&mut postgres(&db).await)
                .await
                .unwrap(),
        ),
    }
    assert_eq!(
        db.store.migrate().await,
        Err(StoreError::NewerSchema { version: 9999 })
    );
}

#[test]
fn both_folders_have_the_same_migrations() {
    assert_eq!(files("sqlite"), files("postgres"));
}

#[test]
fn a_later_migration_gives_every_new_required_column_a_default() {
    for engine in ["sqlite", "postgres"] {
        for file in files(engine) {
            let sql = std::fs::read_to_string(folder(engine).join(&file))
                .unwrap()
                .to_uppercase();
            for statement in sql
                .split(';')
                .filter(|statement| statement.contains("ADD COLUMN"))
            {
                let is_safe = !statement.contains("NOT NULL") || statement.contains("DEFAULT");
                assert!(is_safe, "{engine}/{file}: {statement}");
            }
        }
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_indexes() {
    let Some(on_postgres) = TestDatabase::postgres().await else {
        return;
    };
    let on_sqlite = TestDatabase::sqlite().await;
    // How words are indexed is each engine's own.
    let columns = "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" THEN ' required' ELSE '' END \
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '%sqlx%' \
        AND m.name NOT LIKE 'knowledge_fts%'";
    let indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let mut connection = sqlite(&on_sqlite).await;
    let mut here = BTreeSet::new();
    for sql in [columns, indexes] {
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        here.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    let columns = "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' required' ELSE '' END \
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%sqlx%' \
        AND table_name NOT LIKE 'knowledge_fts%'";
    let indexes = "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' \
         AND indexname NOT LIKE 'knowledge_fts%'";
    let mut connection = postgres(&on_postgres).await;
    let mut there = BTreeSet::new();
    for sql in [columns, indexes] {
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        there.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    assert_eq!(here, there);
}
