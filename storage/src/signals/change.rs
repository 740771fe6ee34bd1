//! Purpose: the single changes to signals, within the transaction of an evaluation or an announcement.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use em_domain::id::SignalId;
use em_domain::signal::{Finding, Signal};
use sqlx::types::Json;

use crate::engine::{Conn, IDS_PER_STATEMENT, list, on_conn};
use crate::error::StoreError;

/// Opens it, if nothing of its rule is open about its subject; answers how many were opened.
pub(super) async fn insert(conn: &mut Conn<'_>, signal: &Signal) -> Result<u64, StoreError> {
    const INSERT: &str = "INSERT INTO signals (id, rule, kind, subject, severity, finding, digest, state, opened_at, \
        updated_at, resolved_at, bulletin) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $8, NULL, NULL) \
        ON CONFLICT (rule, subject) WHERE state = 'open' DO NOTHING";
    let finding = &signal.finding;
    Ok(on_conn!(conn, |c| sqlx::query(INSERT)
        .bind(signal.id.as_str())
        .bind(&finding.rule)
        .bind(&finding.kind)
        .bind(&finding.subject)
        .bind(finding.severity.as_str())
        .bind(Json(finding))
        .bind(finding.digest())
        .bind(signal.opened_at)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?)
}

/// Notes what is found now; answers how many were open to take it.
pub(super) async fn update(
    conn: &mut Conn<'_>,
    id: &SignalId,
    finding: &Finding,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    const UPDATE: &str = "UPDATE signals SET kind = $2, severity = $3, finding = $4, digest = $5, updated_at = $6 \
                          WHERE id = $1 AND state = 'open'";
    Ok(on_conn!(conn, |c| sqlx::query(UPDATE)
        .bind(id.as_str())
        .bind(&finding.kind)
        .bind(finding.severity.as_str())
        .bind(Json(finding))
        .bind(finding.digest())
        .bind(now)
        .execute(c)
        .await
        .map(|r| r.rows_affected()))?)
}

/// Resolves those of them that are open; answers which.
pub(super) async fn resolve(
    conn: &mut Conn<'_>,
    ids: &[SignalId],
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    const RESOLVE: &str = "UPDATE signals SET state = 'resolved', updated_at = $2, resolved_at = $2 \
                           WHERE id IN LIST($1) AND state = 'open' RETURNING id";
    let ids: BTreeSet<&str> = ids.iter().map(SignalId::as_str).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut resolved = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(RESOLVE);
        let gone: Vec<String> = on_conn!(conn, |c| sqlx::query_scalar(sql)
            .bind(list(chunk))
            .bind(now)
            .fetch_all(c)
            .await)?;
        resolved.extend(gone);
    }
    Ok(resolved)
}

/// Puts those of the signals that are on no bulletin on this one; answers how many.
pub(super) async fn put(conn: &mut Conn<'_>, bulletin: &str, ids: &[SignalId]) -> Result<u64, StoreError> {
    const PUT: &str = "UPDATE signals SET bulletin = $2 WHERE id IN LIST($1) AND bulletin IS NULL";
    let ids: Vec<&str> = ids.iter().map(SignalId::as_str).collect();
    let mut put = 0;
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let sql = conn.lists(PUT);
        put += on_conn!(conn, |c| sqlx::query(sql)
            .bind(list(chunk))
            .bind(bulletin)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
    }
    Ok(put)
}
