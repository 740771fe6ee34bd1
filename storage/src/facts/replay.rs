//! Purpose: rebuilding all facts from the stored events.
//!
//! New facts are built in temporary tables of a connection of its own, under the names of the real ones, by the
//! same code that folds. Arriving events are stored meanwhile and wait; readers see the old facts. One transaction
//! then exchanges the contents. The work grows with the number of events; memory does not.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::fold::{UNRECOGNISED, normalise_rows, sort_out};
use super::set::{EmailHash, FactSet, Outcome};
use super::tables::DERIVED_TABLES;
use super::{Facts, Folded, Normalise, merge, waiting};
use crate::engine::{Conn, Pool, on_conn, on_engine};
use crate::error::StoreError;
use crate::events::RawRow;
use crate::open::Store;

/// Events read and normalised at a time.
const EVENTS_PER_BATCH: i64 = 2_000;
/// Batches that wait to be merged: one is merged while another is normalised and a third is read.
const BATCHES_AHEAD: usize = 1;
/// Facts held in memory before they are written: many events are about one thing, and close together in time.
const FACTS_PER_WRITE: usize = 12_000;

impl Facts<'_> {
    /// Rebuilds all facts from the stored events; `progress` hears the number of events read so far. The result
    /// is the same as folding them one by one, in any order. Facts whose events have all been purged stay as they
    /// are.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another process wrote facts meanwhile: stop it, or try again. Nothing is changed.
    pub async fn replay(
        &self,
        normalise: impl Into<Normalise>,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Folded, StoreError> {
        const VERSION: &str = "SELECT value FROM installation WHERE name = 'facts_version'";
        let normalise = normalise.into();
        let _turn = self.store.inner.facts_turn.lock().await;
        let emails = EmailHash::new(self.store.install_key().await?)?;
        let mut side = self.store.pool().side_connection().await?;
        let mut conn = side.conn();
        conn.hold_facts().await?;
        let version: String = on_conn!(&mut conn, |c| sqlx::query_scalar(VERSION).fetch_one(c).await)?;
        for table in DERIVED_TABLES {
            conn.shadow(table).await?;
        }
        let (mut folded, mut facts) = (Folded::default(), FactSet::default());
        let mut batches = normalised_batches(self.store.pool().clone(), String::new(), normalise);
        while let Some(batch) = batches.recv().await {
            let outcomes = finished(batch).await?;
            folded.events += outcomes.len();
            let unrecognised = sort_out(outcomes, &mut facts, &emails);
            folded.unrecognised += unrecognised.len();
            conn.upsert(&UNRECOGNISED, unrecognised).await?;
            if facts.len() >= FACTS_PER_WRITE {
                folded.changed += write(&mut conn, &mut facts).await?;
            }
            progress(folded.events as u64);
        }
        folded.changed += write(&mut conn, &mut facts).await?;
        exchange(&mut conn, &version).await?;
        Ok(folded)
    }
}

type Batch = JoinHandle<Result<Vec<Outcome>, StoreError>>;

/// Stored events, normalised, batch by batch.
pub(crate) struct Reread(mpsc::Receiver<Batch>);

/// Reads the stored events behind the id `after` again, as a replay does; what they say is for the caller.
pub(crate) fn reread(store: &Store, after: String, normalise: Normalise) -> Reread {
    Reread(normalised_batches(store.pool().clone(), after, normalise))
}

impl Reread {
    /// The next batch; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Outcome>>, StoreError> {
        match self.0.recv().await {
            Some(batch) => finished(batch).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Reads the stored events behind `after` in the order of their ids and normalises them, a few batches ahead of the reader.
fn normalised_batches(pool: Pool, mut after: String, normalise: Normalise) -> mpsc::Receiver<Batch> {
    const PAGE: &str = "SELECT id, source, delivery_key, event_type, origin, occurred_at, received_at, payload \
                        FROM events_raw WHERE id > $1 ORDER BY id LIMIT $2";
    let (batches, receiver) = mpsc::channel(BATCHES_AHEAD);
    tokio::spawn(async move {
        loop {
            let page: Result<Vec<RawRow>, _> = on_engine!(&pool, |c| {
                sqlx::query_as(PAGE)
                    .bind(&after)
                    .bind(EVENTS_PER_BATCH)
                    .fetch_all(c)
                    .await
            });
            let batch = match page {
                Ok(rows) => {
                    let Some(last) = rows.last() else { break };
                    after.clone_from(&last.id);
                    tokio::spawn(normalise_rows(rows, normalise.clone()))
                }
                Err(error) => tokio::spawn(async move { Err(error.into()) }),
            };
            // Nobody reads any more: the replay failed.
            if batches.send(batch).await.is_err() {
                break;
            }
        }
    });
    receiver
}

async fn finished(batch: Batch) -> Result<Vec<Outcome>, StoreError> {
    batch
        .await
        .unwrap_or_else(|error| Err(StoreError::Unavailable(format!("normalising stopped: {error}"))))
}

async fn write(conn: &mut Conn<'_>, facts: &mut FactSet) -> Result<usize, StoreError> {
    // Only temporary tables are written, so this takes no lock that others need.
    conn.run("BEGIN").await?;
    let touched = merge::merge(conn, std::mem::take(facts)).await?;
    conn.run("COMMIT").await?;
    Ok(touched.changed)
}

/// Puts the rebuilt facts in the place of the old ones.
async fn exchange(conn: &mut Conn<'_>, version: &str) -> Result<(), StoreError> {
    const CLAIM: &str = "UPDATE installation SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) \
                         WHERE name = 'facts_version' AND value = $1";
    const PURGED: &str = "SELECT COUNT(*) FROM installation WHERE name = 'purged_before'";
    for table in DERIVED_TABLES {
        conn.unshadow(table).await?;
    }
    conn.begin_immediate().await?;
    let claimed = on_conn!(conn, |c| sqlx::query(CLAIM)
        .bind(version)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?;
    if claimed == 0 {
        let text = "another process changed the facts during the replay";
        return Err(StoreError::Conflict(text.to_owned()));
    }
    let purged: i64 = on_conn!(conn, |c| sqlx::query_scalar(PURGED).fetch_one(c).await)?;
    for table in DERIVED_TABLES {
        let kept = if purged > 0 {
            format!(" WHERE id IN (SELECT id FROM replayed_{table})")
        } else {
            String::new()
        };
        conn.run(format!("DELETE FROM {table}{kept}")).await?;
        // In the order of the index, whose pages are then filled one after the other.
        conn.run(format!(
            "INSERT INTO {table} SELECT * FROM replayed_{table} ORDER BY id"
        ))
        .await?;
    }
    waiting::refresh_all(conn).await?;
    conn.run("COMMIT").await?;
    for table in DERIVED_TABLES {
        conn.analyze(table).await?;
    }
    Ok(())
}
