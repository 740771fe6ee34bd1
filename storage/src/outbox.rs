//! Purpose: the outbox: what other programs are to be told, written in the transaction of what it tells of, and kept until
//! the broker has it.
//!
//! A row is deleted once it was acknowledged, and never passed by a place that is kept: on PostgreSQL a row with a smaller
//! id may be committed after one with a greater.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use em_domain::bus::Message;
use sqlx::FromRow;
use tokio::sync::Notify;

use crate::engine::{Conn, Table, Value, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// Rows that one statement drops: it must not keep arriving events waiting.
const DROP_AT_ONCE: i64 = 500;

const OUTBOX: Table = Table {
    name: "outbox",
    columns: &["id", "subject", "message_id", "body", "created_at"],
    key_columns: 1,
};

/// Who writes to the outbox: nobody where no bus is configured, so that nothing is written then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Teller(Option<Arc<Notify>>);

impl Teller {
    /// One that writes, or one that does not.
    pub(crate) fn new(is_on: bool) -> Self {
        Self(is_on.then(Arc::default))
    }

    /// Whether anything is written.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes messages within the transaction of what they tell of; `messages` is not asked for where nothing is written.
    /// Answers whether there are any: then call [`Self::committed`] after the commit.
    pub(crate) async fn write<M>(
        &self,
        conn: &mut Conn<'_>,
        messages: impl FnOnce() -> M,
    ) -> Result<bool, StoreError>
    where
        M: IntoIterator<Item = Message>,
    {
        if !self.is_on() {
            return Ok(false);
        }
        let rows: Vec<_> = messages().into_iter().enumerate().map(row).collect();
        let is_told = !rows.is_empty();
        conn.upsert(&OUTBOX, rows).await?;
        Ok(is_told)
    }

    /// Wakes whoever publishes, if something was written.
    pub(crate) fn committed(&self, is_told: bool) {
        if let Some(written) = self.0.as_ref().filter(|_| is_told) {
            written.notify_one();
        }
    }
}

/// The row of a message that is the `place`th of its transaction.
fn row((place, message): (usize, Message)) -> Vec<Value<'static>> {
    let id = format!("{}.{place:06}.{}", written_at(message.at), message.id);
    vec![
        Value::text(id),
        Value::text(message.subject),
        Value::text(message.id),
        Value::text(message.body),
        Value::Time(message.at),
    ]
}

/// An instant as ids begin: it sorts as text.
fn written_at(at: DateTime<Utc>) -> String {
    format!("{:015}", at.timestamp_millis().max(0))
}

/// The outbox of a store.
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'s> {
    store: &'s Store,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: String,
    /// What it says.
    pub message: Message,
}

/// What waits altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Backlog {
    /// How many messages.
    pub count: i64,
    /// When the oldest of them was written.
    pub oldest: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct OutboxRow {
    id: String,
    subject: String,
    message_id: String,
    body: String,
    created_at: DateTime<Utc>,
}

impl From<OutboxRow> for Waiting {
    fn from(row: OutboxRow) -> Self {
        Self {
            id: row.id,
            message: Message {
                subject: row.subject,
                id: row.message_id,
                at: row.created_at,
                body: row.body,
            },
        }
    }
}

impl Store {
    /// What other programs are to be told.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox { store: self }
    }
}

impl Outbox<'_> {
    /// The oldest messages, in the order in which they were written.
    pub async fn list_oldest(&self, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        const OLDEST: &str =
            "SELECT id, subject, message_id, body, created_at FROM outbox ORDER BY id LIMIT $1";
        let rows: Vec<OutboxRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(OLDEST)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Waiting::from).collect())
    }

    /// Forgets messages that the broker has.
    pub async fn delete(&self, ids: &[&str]) -> Result<(), StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        tx.conn().delete("outbox", "id", ids).await?;
        tx.commit().await
    }

    /// Drops messages from before `before`; answers how many.
    pub async fn drop_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const DROP: &str =
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id < $1 ORDER BY id LIMIT $2)";
        let before = written_at(before);
        let mut dropped = 0;
        loop {
            let gone = on_writer!(self.store.pool(), |c| sqlx::query(DROP)
                .bind(&before)
                .bind(DROP_AT_ONCE)
                .execute(c)
                .await
                .map(|r| r.rows_affected()))?;
            if gone == 0 {
                return Ok(dropped);
            }
            dropped += gone;
        }
    }

    /// How much waits.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        const BACKLOG: &str = "SELECT COUNT(*) AS count, \
            (SELECT created_at FROM outbox ORDER BY id LIMIT 1) AS oldest FROM outbox";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_as(BACKLOG)
            .fetch_one(c)
            .await)?)
    }

    /// Waits until this process has written something since it was last waited for; forever where nothing is written.
    pub async fn written(&self) {
        match &self.store.inner.teller.0 {
            Some(written) => written.notified().await,
            None => std::future::pending().await,
        }
    }
}
