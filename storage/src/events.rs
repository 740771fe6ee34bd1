//! Purpose: the raw events: what came in, exactly as it came, kept until it is older than the retention time.

use chrono::{DateTime, Utc};
use em_domain::event::{Origin, RawEvent, Source};
use em_domain::id::EventId;
use sqlx::FromRow;

use crate::engine::{on_conn, on_engine};
use crate::error::StoreError;
use crate::facts::{EmailHash, Normalise, Outcome, normalise_one, write_recorded};
use crate::intake::{EVENTS_RAW, raw_row};
use crate::open::Store;

/// Rows that one purging transaction deletes: it must not keep arriving events waiting.
const PURGE_AT_ONCE: i64 = 500;

/// The raw events of a store.
#[derive(Debug, Clone, Copy)]
pub struct Events<'s> {
    store: &'s Store,
}

/// What became of something that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is new and durable.
    Stored,
    /// It had arrived before.
    Duplicate,
}

/// What became of a batch of recorded events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// New events.
    pub stored: usize,
    /// Events that had arrived before.
    pub duplicate: usize,
    /// New events that were not understood.
    pub unrecognised: usize,
}

/// Events that were not understood, by kind.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Unrecognised {
    /// The sending system.
    pub source: String,
    /// The vendor's name of the event.
    pub event_type: String,
    /// How many are stored.
    pub count: i64,
    /// One of the reasons given.
    pub reason: String,
}

/// When a source was last heard of.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SourceActivity {
    /// The sending system.
    pub source: String,
    /// When its newest event reached us.
    pub last_received_at: DateTime<Utc>,
}

/// A row of `events_raw`.
#[derive(Debug, FromRow)]
pub(crate) struct RawRow {
    pub(crate) id: String,
    source: String,
    delivery_key: String,
    event_type: String,
    origin: String,
    occurred_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    payload: Vec<u8>,
}

impl TryFrom<RawRow> for RawEvent {
    type Error = StoreError;

    fn try_from(row: RawRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: EventId::parse(&row.id).ok_or_else(|| StoreError::corrupt("event id", &row.id))?,
            source: Source::parse(&row.source).ok_or_else(|| StoreError::corrupt("source", &row.source))?,
            origin: Origin::parse(&row.origin).ok_or_else(|| StoreError::corrupt("origin", &row.origin))?,
            delivery_key: row.delivery_key,
            event_type: row.event_type,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            payload: row.payload,
        })
    }
}

impl Store {
    /// What came in.
    pub fn events(&self) -> Events<'_> {
        Events { store: self }
    }
}

impl Events<'_> {
    /// Stores an event that arrived; it waits to be folded into the facts. Answers once it is durable, also if it
    /// had arrived before. Many callers share one commit.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Unavailable`]: it is not stored; have the sender send it again.
    pub async fn append(&self, event: RawEvent) -> Result<Appended, StoreError> {
        self.store.inner.intake.event(event).await
    }

    /// Whether senders wait at this moment until what they sent is stored.
    pub fn is_arriving(&self) -> bool {
        self.store.inner.intake.is_waited_for()
    }

    /// Stores recorded events and folds them into the facts, in one transaction. Two calls at a time are best: one
    /// normalises while the other writes. A few thousand events per call keep memory flat. After the last call
    /// [`Facts::finish_import`](crate::Facts::finish_import) works out whose turn it is.
    pub async fn append_batch(
        &self,
        events: Vec<RawEvent>,
        normalise: impl Into<Normalise>,
    ) -> Result<Imported, StoreError> {
        let normalise = normalise.into();
        let emails = EmailHash::new(self.store.install_key().await?)?;
        let (events, mut outcomes) = normalised(events, normalise).await?;
        let turn = &self.store.inner.facts_turn;
        // PostgreSQL stores these events while the facts of others are written; SQLite has one writer, which nobody
        // may hold who waits for a turn.
        let early = if self.store.pool().is_sqlite() {
            Some(turn.lock().await)
        } else {
            None
        };
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        conn.expect_bulk(true).await?;
        let new = conn
            .insert_minted(&EVENTS_RAW, events.iter().map(raw_row).collect())
            .await?;
        let _turn = match early {
            Some(turn) => turn,
            None => turn.lock().await,
        };
        conn.lock_facts().await?;
        let new: std::collections::HashSet<String> = new.into_iter().collect();
        outcomes.retain(|outcome| new.contains(&outcome.event.id));
        let folded = write_recorded(&mut conn, outcomes, &emails).await?;
        tx.commit().await?;
        let (stored, duplicate) = (new.len(), events.len() - new.len());
        Ok(Imported {
            stored,
            duplicate,
            unrecognised: folded.unrecognised,
        })
    }

    /// How many events wait to be folded.
    pub async fn count_pending(&self) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM events_pending";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .fetch_one(c)
            .await)?)
    }

    /// What was not understood, by source and type.
    pub async fn list_unrecognised(&self) -> Result<Vec<Unrecognised>, StoreError> {
        const LIST: &str = "SELECT source, event_type, COUNT(*) AS count, MIN(reason) AS reason \
            FROM events_unrecognised GROUP BY source, event_type ORDER BY source, event_type";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .fetch_all(c)
            .await)?)
    }

    /// The sources that were ever heard of, and when they last were. Steps over the index from source to source, so
    /// its cost does not grow with the number of events.
    pub async fn list_sources(&self) -> Result<Vec<SourceActivity>, StoreError> {
        const LIST: &str = "WITH RECURSIVE known(source) AS (\
                SELECT MIN(source) FROM events_raw \
                UNION ALL SELECT (SELECT MIN(r.source) FROM events_raw r WHERE r.source > known.source) \
                FROM known WHERE known.source IS NOT NULL) \
            SELECT source, (SELECT MAX(r.received_at) FROM events_raw r WHERE r.source = known.source) \
                AS last_received_at FROM known WHERE source IS NOT NULL ORDER BY source";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .fetch_all(c)
            .await)?)
    }

    /// How many events were received before `before`, and so would be purged.
    pub async fn count_before(&self, before: DateTime<Utc>) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM events_raw WHERE received_at < $1";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(COUNT)
            .bind(before)
            .fetch_one(c)
            .await)?)
    }

    /// Deletes events received before `before` that have been folded, a batch at a time; the facts stay. Returns
    /// how many it deleted.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut purged = 0;
        for SourceActivity { source, .. } in self.list_sources().await? {
            loop {
                let deleted = self.purge_some(&source, before).await?;
                if deleted == 0 {
                    break;
                }
                purged += deleted;
            }
        }
        Ok(purged)
    }

    async fn purge_some(&self, source: &str, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // From now on a replay must not take the absence of events for the absence of facts.
        const REMEMBER: &str = "INSERT INTO installation (name, value) VALUES ('purged_before', $1) \
                                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        const OLD: &str = "SELECT id FROM events_raw r WHERE source = $1 AND received_at < $2 \
            AND NOT EXISTS (SELECT 1 FROM events_pending p WHERE p.event_id = r.id) LIMIT $3";
        let old: Vec<String> = on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(OLD)
                .bind(source)
                .bind(before)
                .bind(PURGE_AT_ONCE)
                .fetch_all(c)
                .await
        })?;
        if old.is_empty() {
            return Ok(0);
        }
        let ids: Vec<&str> = old.iter().map(String::as_str).collect();
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let until = before.to_rfc3339();
        on_conn!(&mut conn, |c| sqlx::query(REMEMBER)
            .bind(until)
            .execute(c)
            .await
            .map(drop))?;
        conn.delete("events_raw", "id", &ids).await?;
        conn.delete("events_unrecognised", "id", &ids).await?;
        tx.commit().await?;
        Ok(ids.len() as u64)
    }
}

/// The events, in the order of their keys, and what they say.
async fn normalised(
    mut events: Vec<RawEvent>,
    normalise: Normalise,
) -> Result<(Vec<RawEvent>, Vec<Outcome>), StoreError> {
    let work = move || {
        // Two that store the same deliveries must not wait for each other.
        events.sort_unstable_by(|a, b| a.delivery_key.cmp(&b.delivery_key));
        let outcomes = events.iter().map(|event| normalise_one(event, &normalise));
        let outcomes = outcomes.collect();
        (events, outcomes)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Unavailable(format!("normalising stopped: {error}")))
}
