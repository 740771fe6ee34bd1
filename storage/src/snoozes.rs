//! Purpose: *Snooze*: pull requests left out of triage for a stated reason until a stated time.

use chrono::{DateTime, Utc};
use em_domain::id::SlackUser;
use em_domain::pull_request::PullRequestKey;
use em_domain::snooze::{Snooze, SnoozeReason};
use sqlx::FromRow;

use crate::engine::{Conn, on_conn, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The snoozes of a store.
#[derive(Debug, Clone, Copy)]
pub struct Snoozes<'s> {
    store: &'s Store,
}

#[derive(Debug, FromRow)]
pub(crate) struct SnoozeRow {
    pull_request: String,
    reason: String,
    until: DateTime<Utc>,
    snoozed_by: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<SnoozeRow> for Snooze {
    type Error = StoreError;

    fn try_from(row: SnoozeRow) -> Result<Self, StoreError> {
        Ok(Self {
            subject: PullRequestKey::parse(&row.pull_request)
                .ok_or_else(|| StoreError::corrupt("pull request", &row.pull_request))?,
            reason: SnoozeReason::parse(&row.reason)
                .ok_or_else(|| StoreError::corrupt("snooze reason", &row.reason))?,
            until: row.until,
            by: SlackUser(row.snoozed_by),
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// What is left out of triage for now.
    pub fn snoozes(&self) -> Snoozes<'_> {
        Snoozes { store: self }
    }
}

impl Snoozes<'_> {
    /// Snoozes a pull request; a later snooze replaces an earlier one.
    pub async fn upsert(&self, snooze: &Snooze) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO snoozes (pull_request, reason, until, snoozed_by, created_at) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pull_request) DO UPDATE SET reason = excluded.reason, \
            until = excluded.until, snoozed_by = excluded.snoozed_by, created_at = excluded.created_at";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(UPSERT)
                .bind(snooze.subject.to_string())
                .bind(snooze.reason.as_str())
                .bind(snooze.until)
                .bind(snooze.by.as_str())
                .bind(snooze.created_at)
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Ends a snooze; answers whether there was one that had not ended by itself.
    pub async fn clear(&self, subject: &PullRequestKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const CLEAR: &str = "DELETE FROM snoozes WHERE pull_request = $1 AND until > $2";
        let cleared = on_writer!(self.store.pool(), |c| {
            sqlx::query(CLEAR)
                .bind(subject.to_string())
                .bind(now)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(cleared > 0)
    }

    /// The snooze of a pull request, if it has not ended.
    pub async fn find(
        &self,
        subject: &PullRequestKey,
        now: DateTime<Utc>,
    ) -> Result<Option<Snooze>, StoreError> {
        let mut tx = self.store.pool().begin_read().await?;
        let found = find_active(&mut tx.conn(), &subject.to_string(), now).await;
        tx.commit().await?;
        found
    }
}

pub(crate) async fn find_active(
    conn: &mut Conn<'_>,
    pull_request: &str,
    now: DateTime<Utc>,
) -> Result<Option<Snooze>, StoreError> {
    const FIND: &str = "SELECT pull_request, reason, until, snoozed_by, created_at FROM snoozes \
                        WHERE pull_request = $1 AND until > $2";
    let row: Option<SnoozeRow> = on_conn!(conn, |c| sqlx::query_as(FIND)
        .bind(pull_request)
        .bind(now)
        .fetch_optional(c)
        .await)?;
    row.map(Snooze::try_from).transpose()
}
