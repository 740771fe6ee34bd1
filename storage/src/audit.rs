//! Purpose: the log of who did what. Entries are appended one after the other, under a lock, because each carries the
//! hash of the one before; what is logged together with a change is stored in one transaction with it.

use chrono::{DateTime, Utc};
use em_domain::audit::{AuditEntry, AuditRecord, Broken};
use sqlx::FromRow;

use crate::engine::{Conn, Tx, on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// The advisory lock under which entries are appended on PostgreSQL ("em-audit" in bytes).
const AUDIT_LOCK: i64 = 0x656d_2d61_7564_6974;
/// Rows read at a time while the log is walked through.
const PAGE: i64 = 1_000;

/// The log of a store.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'s> {
    store: &'s Store,
}

/// A log that can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries it has.
    pub entries: i64,
    /// The hash of the last one; write it down elsewhere, and a log that was cut short or made anew is noticed too.
    pub head: Option<String>,
}

#[derive(FromRow)]
struct AuditRow {
    seq: i64,
    at: DateTime<Utc>,
    actor: String,
    kind: String,
    subject: String,
    data: String,
    previous: String,
    hash: String,
}

impl From<AuditRow> for AuditRecord {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            subject: row.subject,
            data: row.data,
            previous: row.previous,
            hash: row.hash,
        }
    }
}

impl Store {
    /// Who did what.
    pub fn audit(&self) -> Audit<'_> {
        Audit { store: self }
    }
}

impl Audit<'_> {
    /// Logs something by itself.
    pub async fn record(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await
    }

    /// The newest `limit` entries about `subject` (or by it, if it is an actor), the newest first.
    pub async fn list_about(&self, subject: &str, limit: i64) -> Result<Vec<AuditRecord>, StoreError> {
        const ABOUT: &str = "SELECT seq, at, actor, kind, subject, data, previous, hash FROM audit \
            WHERE subject = $1 OR actor = $1 ORDER BY seq DESC LIMIT $2";
        let rows: Vec<AuditRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(ABOUT)
            .bind(subject)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(AuditRecord::from).collect())
    }

    /// Up to a thousand entries after entry `seq`, in order: to walk through the whole log from 0.
    pub async fn list_after(&self, seq: i64) -> Result<Vec<AuditRecord>, StoreError> {
        const AFTER: &str = "SELECT seq, at, actor, kind, subject, data, previous, hash FROM audit \
            WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows: Vec<AuditRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(AFTER)
            .bind(seq)
            .bind(PAGE)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(AuditRecord::from).collect())
    }

    /// Walks through the whole log and checks every hash.
    pub async fn verify(&self) -> Result<Result<Verified, Broken>, StoreError> {
        let mut last: Option<AuditRecord> = None;
        loop {
            let page = self.list_after(last.as_ref().map_or(0, |last| last.seq)).await?;
            if page.is_empty() {
                return Ok(Ok(Verified {
                    entries: last.as_ref().map_or(0, |last| last.seq),
                    head: last.map(|last| last.hash),
                }));
            }
            for record in page {
                if let Err(broken) = record.verify(last.as_ref()) {
                    return Ok(Err(broken));
                }
                last = Some(record);
            }
        }
    }
}

/// Logs `entries` as part of a transaction. Call it last: on PostgreSQL everybody else who logs waits for its end.
pub(crate) async fn append_in(tx: &mut Tx, entries: &[AuditEntry]) -> Result<(), StoreError> {
    const LAST: &str = "SELECT seq, at, actor, kind, subject, data, previous, hash FROM audit \
                        ORDER BY seq DESC LIMIT 1";
    if entries.is_empty() {
        return Ok(());
    }
    let mut conn = tx.conn();
    if let Conn::Postgres(c) = &mut conn {
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(AUDIT_LOCK)
            .execute(&mut **c)
            .await?;
    }
    let last: Option<AuditRow> = on_conn!(&mut conn, |c| sqlx::query_as(LAST).fetch_optional(c).await)?;
    let mut last = last.map(AuditRecord::from);
    for entry in entries {
        let record = AuditRecord::after(last.as_ref(), &storable(entry));
        insert(&mut conn, &record).await?;
        last = Some(record);
    }
    Ok(())
}

/// PostgreSQL keeps no NUL in text, and the hash must be over what is kept.
fn storable(entry: &AuditEntry) -> AuditEntry {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    AuditEntry {
        actor: clean(&entry.actor),
        kind: clean(&entry.kind),
        subject: clean(&entry.subject),
        ..entry.clone()
    }
}

async fn insert(conn: &mut Conn<'_>, record: &AuditRecord) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO audit (seq, at, actor, kind, subject, data, previous, hash) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_conn!(conn, |c| sqlx::query(INSERT)
        .bind(record.seq)
        .bind(record.at)
        .bind(&record.actor)
        .bind(&record.kind)
        .bind(&record.subject)
        .bind(&record.data)
        .bind(&record.previous)
        .bind(&record.hash)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
