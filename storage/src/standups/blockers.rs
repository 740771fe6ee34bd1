//! Purpose: what holds people up, from when it is named until it is gone.

use chrono::{DateTime, Utc};
use em_domain::id::{BlockerId, SlackUser};
use em_domain::standup::{Blocker, BlockerEnd};
use sqlx::types::Json;

use super::Standups;
use crate::engine::{Conn, on_conn, on_engine};
use crate::error::StoreError;

/// Takes one in that was just named.
pub(super) async fn insert(conn: &mut Conn<'_>, blocker: &Blocker) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO standup_blockers (id, standup, slack_user, subject, opened_at, record) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    on_conn!(conn, |c| sqlx::query(INSERT)
        .bind(blocker.id.as_str())
        .bind(&blocker.standup)
        .bind(blocker.owner.as_str())
        .bind(blocker.subject.as_ref().map(ToString::to_string))
        .bind(blocker.opened_at)
        .bind(Json(blocker))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Ends one that is open; answers it as it is then, or `None` if it was not.
pub(super) async fn close(
    conn: &mut Conn<'_>,
    id: &BlockerId,
    end: BlockerEnd,
    now: DateTime<Utc>,
) -> Result<Option<Blocker>, StoreError> {
    change(conn, id, |blocker| {
        blocker.closed_at = Some(now);
        blocker.end = Some(end);
    })
    .await
}

/// Changes one that is open; the row is held meanwhile, so that no change is lost.
async fn change(
    conn: &mut Conn<'_>,
    id: &BlockerId,
    apply: impl FnOnce(&mut Blocker),
) -> Result<Option<Blocker>, StoreError> {
    const HOLD: &str = "UPDATE standup_blockers SET opened_at = opened_at WHERE id = $1 AND closed_at IS NULL \
        RETURNING record";
    const CHANGE: &str =
        "UPDATE standup_blockers SET closed_at = $2, told_at = $3, record = $4 WHERE id = $1";
    let row: Option<Json<Blocker>> = on_conn!(conn, |c| sqlx::query_scalar(HOLD)
        .bind(id.as_str())
        .fetch_optional(c)
        .await)?;
    let Some(mut blocker) = row.map(|row| row.0) else {
        return Ok(None);
    };
    apply(&mut blocker);
    on_conn!(conn, |c| sqlx::query(CHANGE)
        .bind(id.as_str())
        .bind(blocker.closed_at)
        .bind(blocker.escalated_at)
        .bind(Json(&blocker))
        .execute(c)
        .await
        .map(drop))?;
    Ok(Some(blocker))
}

impl Standups<'_> {
    /// Ends a blocker; answers it as it is then, or `None` if it was over or never was.
    pub async fn close_blocker(
        &self,
        id: &BlockerId,
        end: BlockerEnd,
        now: DateTime<Utc>,
    ) -> Result<Option<Blocker>, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let closed = close(&mut tx.conn(), id, end, now).await?;
        tx.commit().await?;
        Ok(closed)
    }

    /// Notes that somebody is told of it.
    pub async fn record_escalated(
        &self,
        id: &BlockerId,
        now: DateTime<Utc>,
    ) -> Result<Option<Blocker>, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let told = change(&mut tx.conn(), id, |blocker| blocker.escalated_at = Some(now)).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// The blocker with this id, over or not.
    pub async fn find_blocker(&self, id: &BlockerId) -> Result<Option<Blocker>, StoreError> {
        const FIND: &str = "SELECT record FROM standup_blockers WHERE id = $1";
        let row: Option<Json<Blocker>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// The open blockers of a standup, the oldest first.
    pub async fn list_open_blockers(&self, standup: &str) -> Result<Vec<Blocker>, StoreError> {
        const LIST: &str = "SELECT record FROM standup_blockers WHERE standup = $1 AND closed_at IS NULL \
            ORDER BY opened_at, id";
        self.blockers(LIST, standup).await
    }

    /// The open blockers of one person in a standup, the oldest first.
    pub async fn list_blockers_of(
        &self,
        standup: &str,
        user: &SlackUser,
    ) -> Result<Vec<Blocker>, StoreError> {
        let open = self.list_open_blockers(standup).await?;
        Ok(open
            .into_iter()
            .filter(|blocker| blocker.owner == *user)
            .collect())
    }

    /// The open blockers of a standup whose pull request was merged or closed.
    pub async fn list_moved_blockers(&self, standup: &str) -> Result<Vec<Blocker>, StoreError> {
        const MOVED: &str = "SELECT b.record FROM standup_blockers b JOIN pull_requests p ON p.id = b.subject \
            WHERE b.standup = $1 AND b.closed_at IS NULL AND p.state IN ('merged', 'closed') \
            ORDER BY b.opened_at, b.id";
        self.blockers(MOVED, standup).await
    }

    async fn blockers(&self, sql: &'static str, standup: &str) -> Result<Vec<Blocker>, StoreError> {
        let rows: Vec<Json<Blocker>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(sql)
            .bind(standup)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Forgets blockers that ended before `before`; answers how many.
    pub async fn purge_blockers(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM standup_blockers WHERE closed_at < $1";
        Ok(crate::engine::on_writer!(self.store.pool(), |c| sqlx::query(
            PURGE
        )
        .bind(before)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
    }
}
