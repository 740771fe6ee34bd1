//! Purpose: what people said against a number: kept as it was said, with who took it back and when.

use chrono::{DateTime, Utc};
use em_domain::audit::AuditEntry;
use em_domain::delivery::{Correction, Subject};
use sqlx::types::Json;

use crate::audit::append_in;
use crate::engine::{Conn, on_conn, on_engine};
use crate::error::StoreError;
use crate::open::Store;

/// The corrections of a store.
#[derive(Debug, Clone, Copy)]
pub struct Corrections<'s> {
    store: &'s Store,
}

impl Store {
    /// What people corrected.
    pub fn corrections(&self) -> Corrections<'_> {
        Corrections { store: self }
    }
}

impl Corrections<'_> {
    /// Keeps what somebody said, with its line in the audit log. Saying it twice under one id changes nothing; answers
    /// whether it was new.
    pub async fn add(&self, correction: &Correction, audit: AuditEntry) -> Result<bool, StoreError> {
        const INSERT: &str = "INSERT INTO corrections (id, subject, made_at, record) VALUES ($1, $2, $3, $4) \
                              ON CONFLICT (id) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let inserted = on_conn!(&mut tx.conn(), |c| sqlx::query(INSERT)
            .bind(&correction.id)
            .bind(correction.subject.to_string())
            .bind(correction.at)
            .bind(Json(correction))
            .execute(c)
            .await
            .map(|result| result.rows_affected()))?;
        if inserted > 0 {
            append_in(&mut tx, &[audit]).await?;
        }
        tx.commit().await?;
        Ok(inserted > 0)
    }

    /// Takes a correction back; answers with it, or `None` where it does not stand.
    pub async fn undo(
        &self,
        id: &str,
        by: &str,
        now: DateTime<Utc>,
        audit: impl FnOnce(&Correction) -> AuditEntry + Send,
    ) -> Result<Option<Correction>, StoreError> {
        const UNDO: &str = "UPDATE corrections SET undone_at = $2, undone_by = $3 \
                            WHERE id = $1 AND undone_at IS NULL RETURNING record";
        let mut tx = self.store.pool().begin_write().await?;
        let undone: Option<Json<Correction>> = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(UNDO)
            .bind(id)
            .bind(now)
            .bind(by)
            .fetch_optional(c)
            .await)?;
        let Some(Json(undone)) = undone else {
            return Ok(None);
        };
        append_in(&mut tx, &[audit(&undone)]).await?;
        tx.commit().await?;
        Ok(Some(undone))
    }

    /// The newest correction about `subject` that stands.
    pub async fn standing_on(&self, subject: &Subject) -> Result<Option<Correction>, StoreError> {
        const ABOUT: &str = "SELECT record FROM corrections WHERE subject = $1 AND undone_at IS NULL \
                             ORDER BY made_at DESC, id DESC LIMIT 1";
        let found: Option<Json<Correction>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(ABOUT)
            .bind(subject.to_string())
            .fetch_optional(c)
            .await)?;
        Ok(found.map(|Json(correction)| correction))
    }
}

/// All that stand, the oldest first.
pub(super) async fn standing(conn: &mut Conn<'_>) -> Result<Vec<Correction>, StoreError> {
    const STANDING: &str = "SELECT record FROM corrections WHERE undone_at IS NULL ORDER BY made_at, id";
    let found: Vec<Json<Correction>> = on_conn!(conn, |c| sqlx::query_scalar(STANDING).fetch_all(c).await)?;
    Ok(found.into_iter().map(|Json(correction)| correction).collect())
}
