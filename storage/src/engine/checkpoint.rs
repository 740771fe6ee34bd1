//! Purpose: SQLite's log is written back to its file beside whoever writes. A writer that does so itself, as SQLite has it, keeps
//! everybody who waits for its commit waiting until the file is flushed to disk too.

use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::sync::watch;

use super::Pool;

/// How long a pass waits after the one before: a page that changed several times meanwhile is written back once.
const PAUSE: Duration = Duration::from_millis(100);

/// Knows when there is something to write back. Nobody has to tell it: at [`super::SQLITE_CHECKPOINT_PAGES`] the writer helps itself.
#[derive(Debug)]
pub(crate) struct Checkpoints(watch::Sender<()>);

impl Checkpoints {
    /// Starts the task, which ends when this is dropped. PostgreSQL does the like by itself.
    pub(crate) fn start(pool: &Pool) -> Self {
        let (written, told) = watch::channel(());
        if let Pool::Sqlite { checkpoint, .. } = pool {
            tokio::spawn(run(checkpoint.clone(), told));
        }
        Self(written)
    }

    /// Tells that a transaction was committed.
    pub(crate) fn written(&self) {
        self.0.send_replace(());
    }
}

async fn run(pool: SqlitePool, mut written: watch::Receiver<()>) {
    // Neither waits for readers or the writer nor makes them wait: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    const PASS: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    while written.changed().await.is_ok() {
        if let Err(error) = sqlx::query(PASS).execute(&pool).await {
            tracing::debug!(%error, "the log could not be written back; the writer will do it");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use em_domain::event::{Origin, RawEvent, Source};
    use em_domain::id::EventId;
    use ulid::Ulid;

    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn what_arrived_is_written_back_before_the_writer_would_do_it() {
        const PAYLOAD: usize = 200_000;
        let db = TestDatabase::sqlite().await;
        let file = db.config.data_dir.join("em-agent.db");
        let size = || std::fs::metadata(&file).unwrap().len();
        let before = size();
        let event = RawEvent {
            id: EventId::new(Ulid::nil()),
            source: Source::github(),
            delivery_key: "large".to_owned(),
            event_type: "push".to_owned(),
            origin: Origin::Webhook,
            occurred_at: None,
            received_at: DateTime::UNIX_EPOCH,
            payload: vec![b' '; PAYLOAD],
        };
        db.store.events().append(event).await.unwrap();
        let written_back = async {
            while size() < before + PAYLOAD as u64 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), written_back)
            .await
            .unwrap();
    }
}
