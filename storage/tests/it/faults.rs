//! Purpose: a database that is locked, gone or refusing costs nobody an acknowledged event.

use std::time::Duration;

use em_domain::event::RawEvent;
use em_storage::testing::TestDatabase;
use em_storage::{Appended, Store, StoreConfig, StoreError, both_engines};
use secrecy::{ExposeSecret, SecretString};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::{event, normalise, open, says};

both_engines!(
    while_the_database_is_locked_senders_are_told_and_nothing_acknowledged_is_lost,
    after_the_connections_broke_the_store_goes_on,
    a_refused_event_does_not_cost_its_neighbours_their_place,
    an_event_is_visible_to_others_once_it_is_acknowledged,
    more_than_may_wait_is_refused_at_once,
    a_fact_that_the_database_refuses_does_not_hold_up_the_others,
);

/// The database, opened by a store that gives up soon.
async fn impatient(db: &TestDatabase) -> Store {
    let config = StoreConfig {
        patience: Duration::from_millis(200),
        ..db.config.clone()
    };
    Store::open(&config).await.unwrap()
}

/// Another program's connection that keeps everybody from writing.
enum Blocker {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Blocker {
    async fn block(db: &TestDatabase) -> Self {
        let Some(url) = &db.config.url else {
            let file = db.config.data_dir.join("em-agent.db");
            let options = SqliteConnectOptions::new().filename(file);
            let mut other = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE")
                .execute(&mut other)
                .await
                .unwrap();
            return Self::Sqlite(other);
        };
        let mut other = PgConnection::connect(url.expose_secret()).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE events_raw")
            .execute(&mut other)
            .await
            .unwrap();
        Self::Postgres(other)
    }

    async fn give_way(self) {
        match self {
            Self::Sqlite(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
            Self::Postgres(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
        }
    }
}

async fn while_the_database_is_locked_senders_are_told_and_nothing_acknowledged_is_lost(db: TestDatabase) {
    let store = impatient(&db).await;
    let events = store.events();
    assert_eq!(
        events.append(event("before", &[])).await.unwrap(),
        Appended::Stored
    );
    let blocker = Blocker::block(&db).await;
    let during = events.append(event("during", &[])).await;
    assert!(matches!(during, Err(StoreError::Unavailable(_))), "{during:?}");
    blocker.give_way().await;
    assert_eq!(
        events.append(event("during", &[])).await.unwrap(),
        Appended::Stored
    );
    assert_eq!(
        events.append(event("before", &[])).await.unwrap(),
        Appended::Duplicate
    );
    assert_eq!(events.count_pending().await.unwrap(), 2);
}

async fn after_the_connections_broke_the_store_goes_on(db: TestDatabase) {
    // A SQLite file has no connections that can break.
    let Some(url) = &db.config.url else { return };
    let events = db.store.events();
    events.append(event("before", &[])).await.unwrap();
    let mut other = PgConnection::connect(url.expose_secret()).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
    let mut tries = 0;
    while let Err(error) = events.append(event("after", &[])).await {
        assert!(error.is_transient(), "{error}");
        tries += 1;
        assert!(tries < 10, "it does not recover");
    }
    assert_eq!(events.count_pending().await.unwrap(), 2);
}

async fn a_refused_event_does_not_cost_its_neighbours_their_place(db: TestDatabase) {
    // PostgreSQL cannot index a key that long; SQLite can.
    let noise: String = (0..20_000u32)
        .map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26))
        .collect();
    let bad = RawEvent {
        delivery_key: noise,
        ..event("bad", &[])
    };
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (store, bad) = (db.store.clone(), bad.clone());
        callers.spawn(async move {
            let event = if number == 25 {
                bad
            } else {
                event(&number.to_string(), &[])
            };
            (number, store.events().append(event).await)
        });
    }
    for (number, answer) in callers.join_all().await {
        match answer {
            Ok(appended) => assert_eq!(appended, Appended::Stored),
            Err(error) => assert!(number == 25 && !error.is_transient(), "{number}: {error}"),
        }
    }
    assert!(db.store.events().count_pending().await.unwrap() >= 49);
}

async fn an_event_is_visible_to_others_once_it_is_acknowledged(db: TestDatabase) {
    let other = db.replica().await;
    for number in 1..=20 {
        db.store
            .events()
            .append(event(&number.to_string(), &[]))
            .await
            .unwrap();
        assert_eq!(other.events().count_pending().await.unwrap(), number);
    }
    assert_eq!(
        other.facts().fold_pending(100, normalise).await.unwrap().events,
        20
    );
}

async fn more_than_may_wait_is_refused_at_once(db: TestDatabase) {
    let store = impatient(&db).await;
    let large = |delivery_key: &str| RawEvent {
        payload: vec![b' '; 40 << 20],
        ..event(delivery_key, &[])
    };
    let blocker = Blocker::block(&db).await;
    let events = store.events();
    let (first, second) = tokio::join!(events.append(large("a")), events.append(large("b")));
    assert!(matches!(first, Err(StoreError::Unavailable(_))), "{first:?}");
    assert_eq!(second, Err(StoreError::Full));
    blocker.give_way().await;
    assert_eq!(
        store.events().append(large("b")).await,
        Ok(Appended::Stored),
        "there is room again"
    );
}

async fn a_fact_that_the_database_refuses_does_not_hold_up_the_others(db: TestDatabase) {
    let refuse = if db.config.url.is_some() {
        "ALTER TABLE pull_requests ADD CONSTRAINT unlucky CHECK (number <> 13)"
    } else {
        "CREATE TRIGGER unlucky BEFORE INSERT ON pull_requests WHEN NEW.number = 13 \
         BEGIN SELECT RAISE(ABORT, 'unlucky'); END"
    };
    match &db.config.url {
        None => {
            let options = SqliteConnectOptions::new().filename(db.config.data_dir.join("em-agent.db"));
            let mut other = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(refuse).execute(&mut other).await.unwrap();
        }
        Some(url) => {
            let mut other = PgConnection::connect(url.expose_secret()).await.unwrap();
            sqlx::raw_sql(refuse).execute(&mut other).await.unwrap();
        }
    }
    for number in 10..=15 {
        db.store
            .events()
            .append(event(&number.to_string(), &[says(open(number, 0))]))
            .await
            .unwrap();
    }
    let folded = db.store.facts().fold_pending(100, normalise).await.unwrap();
    assert_eq!((folded.events, folded.unrecognised, folded.changed), (6, 1, 5));
    let unrecognised = db.store.events().list_unrecognised().await.unwrap();
    assert!(unrecognised[0].reason.contains("unlucky"), "{unrecognised:?}");
    assert_eq!(db.store.events().count_pending().await.unwrap(), 0);
}

#[tokio::test]
async fn an_address_that_cannot_be_right_is_refused_without_repeating_the_password() {
    for url in [
        "postgres://em:hunter2@[::1/x",
        "mysql://em:hunter2@db/x",
        "sqlite::memory:",
        "postgres://em:hunter2@127.0.0.1:1/x",
    ] {
        let config = StoreConfig {
            patience: Duration::from_millis(200),
            ..StoreConfig::new(Some(SecretString::from(url)), "", [0; 32])
        };
        let error = Store::open(&config).await.err().unwrap();
        assert!(
            !format!("{error} {error:?} {config:?}").contains("hunter2"),
            "{error}"
        );
        let is_right = match error {
            StoreError::Configuration(_) => !url.contains("127.0.0.1:1/"),
            StoreError::Unavailable(_) => url.contains("127.0.0.1:1/"),
            StoreError::Full
            | StoreError::Conflict(_)
            | StoreError::Corrupt(_)
            | StoreError::NewerSchema { .. }
            | StoreError::Refused(_) => false,
        };
        assert!(is_right, "{url}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_apart_from_one_that_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("em-agent.db"),
        "this is a text, and not a short one either ".repeat(50),
    )
    .unwrap();
    let opened = Store::open(&StoreConfig::new(None, folder.path(), [0; 32])).await;
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
}
