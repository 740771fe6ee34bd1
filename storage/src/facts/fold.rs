//! Purpose: taking stored events into the facts.

use std::collections::BTreeSet;

use em_domain::event::RawEvent;
use em_domain::fact::Normalised;

use super::set::{EmailHash, FactSet, Outcome, normalise_one};
use super::{Facts, Folded, Normalise, merge, waiting};
use crate::delivery;
use crate::engine::{Conn, Table, Value, list, on_conn, on_engine};
use crate::error::StoreError;
use crate::events::RawRow;

pub(super) const UNRECOGNISED: Table = Table {
    name: "events_unrecognised",
    columns: &["id", "source", "event_type", "reason"],
    key_columns: 1,
};

impl Facts<'_> {
    /// Takes up to `limit` waiting events into the facts. Merging is idempotent and independent of order, so it
    /// does not matter which events come first, nor whether some came before.
    ///
    /// Answers with zero events when nothing waits, or when another replica is at it.
    pub async fn fold_pending(
        &self,
        limit: u16,
        normalise: impl Into<Normalise>,
    ) -> Result<Folded, StoreError> {
        const PENDING: &str = "SELECT r.id, r.source, r.delivery_key, r.event_type, r.origin, r.occurred_at, \
             r.received_at, r.payload FROM events_pending p JOIN events_raw r ON r.id = p.event_id \
             ORDER BY p.event_id LIMIT $1";
        let normalise = normalise.into();
        let _turn = self.store.inner.facts_turn.lock().await;
        self.refresh_stale().await?;
        let rows: Vec<RawRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(PENDING).bind(i64::from(limit)).fetch_all(c).await
        })?;
        if rows.is_empty() {
            return Ok(Folded::default());
        }
        let outcomes = normalise_rows(rows, normalise).await?;
        match self.settle(&outcomes).await {
            Err(error) if !error.is_transient() => {
                tracing::warn!(error = %error, events = outcomes.len(), "folding events one by one");
                self.settle_singly(outcomes).await
            }
            settled => settled,
        }
    }

    /// Works out whose turn it is on the pull requests that an import changed. Folding does so too, in case an import
    /// was cut off.
    pub async fn finish_import(&self) -> Result<(), StoreError> {
        let _turn = self.store.inner.facts_turn.lock().await;
        self.refresh_stale().await?;
        let mut tx = self.store.pool().begin_write().await?;
        tx.conn().expect_bulk(false).await?;
        tx.commit().await
    }

    async fn refresh_stale(&self) -> Result<(), StoreError> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM waiting_stale)";
        while on_engine!(self.store.pool(), |c| sqlx::query_scalar::<_, bool>(ANY)
            .fetch_one(c)
            .await)?
        {
            let mut tx = self.store.pool().begin_write().await?;
            let mut conn = tx.conn();
            if !conn.try_lock_facts().await? {
                return Ok(());
            }
            waiting::refresh_some_stale(&mut conn).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Writes what events said and takes them off the list, in one transaction.
    async fn settle(&self, outcomes: &[Outcome]) -> Result<Folded, StoreError> {
        let emails = EmailHash::new(self.store.install_key().await?)?;
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        if !conn.try_lock_facts().await? {
            return Ok(Folded::default());
        }
        match claim_and_write(&mut conn, outcomes, &emails).await {
            Ok(folded) => {
                tx.commit().await?;
                Ok(folded)
            }
            Err(error) => {
                // The next try would find the lock on facts still taken.
                tx.rollback().await?;
                Err(error)
            }
        }
    }

    /// An event that the database refuses must not hold up the others: it counts as not understood.
    async fn settle_singly(&self, outcomes: Vec<Outcome>) -> Result<Folded, StoreError> {
        let mut all = Folded::default();
        for mut outcome in outcomes {
            let settled = match self.settle(std::slice::from_ref(&outcome)).await {
                Err(error) if !error.is_transient() => {
                    outcome.said = Normalised::Unrecognised(error.to_string());
                    self.settle(std::slice::from_ref(&outcome)).await
                }
                settled => settled,
            };
            let one = settled?;
            all.events += one.events;
            all.unrecognised += one.unrecognised;
            all.changed += one.changed;
        }
        Ok(all)
    }
}

/// Normalises stored events away from the async threads: payloads can be large.
pub(super) async fn normalise_rows(
    rows: Vec<RawRow>,
    normalise: Normalise,
) -> Result<Vec<Outcome>, StoreError> {
    let work = move || {
        let one = |row: RawRow| RawEvent::try_from(row).map(|event| normalise_one(&event, &normalise));
        rows.into_iter().map(one).collect()
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Unavailable(format!("normalising stopped: {error}"))))
}

async fn claim_and_write(
    conn: &mut Conn<'_>,
    outcomes: &[Outcome],
    emails: &EmailHash,
) -> Result<Folded, StoreError> {
    let mine = claim(conn, outcomes).await?;
    let mine = outcomes
        .iter()
        .filter(|outcome| mine.contains(&outcome.event.id))
        .cloned()
        .collect();
    write_outcomes(conn, mine, emails).await
}

/// Takes the events off the list of waiting ones; those that another replica took are not among the answer.
async fn claim(
    conn: &mut Conn<'_>,
    outcomes: &[Outcome],
) -> Result<std::collections::HashSet<String>, StoreError> {
    const CLAIM: &str = "DELETE FROM events_pending WHERE event_id IN LIST($1) RETURNING event_id";
    let ids = list(outcomes.iter().map(|outcome| &outcome.event.id));
    let sql = conn.lists(CLAIM);
    let claimed: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(sql).bind(ids).fetch_all(c).await)?;
    Ok(claimed.into_iter().collect())
}

/// Writes what events said, within the transaction that settles them.
async fn write_outcomes(
    conn: &mut Conn<'_>,
    outcomes: Vec<Outcome>,
    emails: &EmailHash,
) -> Result<Folded, StoreError> {
    let (folded, pull_requests) = write_facts(conn, outcomes, emails).await?;
    waiting::refresh(conn, &pull_requests).await?;
    Ok(folded)
}

/// As [`write_outcomes`], but only notes of which pull requests it has to be worked out again whose turn it is: among
/// recorded events most are about pull requests that a later one closes.
pub(crate) async fn write_recorded(
    conn: &mut Conn<'_>,
    outcomes: Vec<Outcome>,
    emails: &EmailHash,
) -> Result<Folded, StoreError> {
    let (folded, pull_requests) = write_facts(conn, outcomes, emails).await?;
    waiting::mark_stale(conn, &pull_requests).await?;
    Ok(folded)
}

/// Answers also with the pull requests about which something changed.
async fn write_facts(
    conn: &mut Conn<'_>,
    outcomes: Vec<Outcome>,
    emails: &EmailHash,
) -> Result<(Folded, BTreeSet<String>), StoreError> {
    let mut folded = Folded {
        events: outcomes.len(),
        ..Folded::default()
    };
    let mut facts = FactSet::default();
    let unrecognised = sort_out(outcomes, &mut facts, emails);
    folded.unrecognised = unrecognised.len();
    conn.upsert(&UNRECOGNISED, unrecognised).await?;
    if facts.len() == 0 {
        return Ok((folded, BTreeSet::new()));
    }
    bump_version(conn).await?;
    let mut touched = merge::merge(conn, facts).await?;
    folded.changed = touched.changed;
    delivery::mark_days(conn, std::mem::take(&mut touched.pushed)).await?;
    touched
        .pull_requests
        .extend(waiting::with_head(conn, &touched.head_shas).await?);
    Ok((folded, touched.pull_requests))
}

/// Adds what events said to `facts`; answers with rows for the events that were not understood.
pub(super) fn sort_out(
    outcomes: Vec<Outcome>,
    facts: &mut FactSet,
    emails: &EmailHash,
) -> Vec<Vec<Value<'static>>> {
    let mut unrecognised = Vec::new();
    for Outcome { event, said } in outcomes {
        match said {
            Normalised::Changes(changes) => changes.into_iter().for_each(|c| facts.add(c, emails)),
            Normalised::Unrecognised(reason) => unrecognised.push(vec![
                Value::text(event.id),
                Value::text(event.source),
                Value::text(event.event_type),
                Value::text(reason),
            ]),
        }
    }
    unrecognised
}

async fn bump_version(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    const BUMP: &str = "UPDATE installation SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) \
                        WHERE name = 'facts_version'";
    on_conn!(conn, |c| sqlx::query(BUMP).execute(c).await.map(drop))?;
    Ok(())
}
