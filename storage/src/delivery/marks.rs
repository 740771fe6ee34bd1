//! Purpose: marks on charts: what somebody began on a day, so that its effect can be looked at.

use chrono::{DateTime, Utc};
use em_domain::delivery::Mark;
use em_domain::id::SlackUser;
use em_domain::job::NewJob;
use sqlx::FromRow;

use crate::engine::{on_conn, on_engine};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;

/// The marks of a store.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'s> {
    store: &'s Store,
}

#[derive(Debug, FromRow)]
struct MarkRow {
    id: String,
    at: DateTime<Utc>,
    made_by: String,
    words: String,
    team: Option<String>,
    channel: Option<String>,
}

impl From<MarkRow> for Mark {
    fn from(row: MarkRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            by: SlackUser(row.made_by),
            words: row.words,
            team: row.team,
            channel: row.channel,
        }
    }
}

impl Store {
    /// The marks on charts.
    pub fn marks(&self) -> Marks<'_> {
        Marks { store: self }
    }
}

impl Marks<'_> {
    /// Keeps a mark, and the job that tells what came of it. One of the same id is there already: nothing is changed.
    pub async fn add(&self, mark: &Mark, follow_up: &NewJob) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO marks (id, at, made_by, words, team, channel) \
                              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let added = on_conn!(&mut conn, |c| sqlx::query(INSERT)
            .bind(&mark.id)
            .bind(mark.at)
            .bind(mark.by.as_str())
            .bind(&mark.words)
            .bind(&mark.team)
            .bind(&mark.channel)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if added > 0 {
            enqueue_in(&mut conn, follow_up, mark.at).await?;
        }
        tx.commit().await
    }

    /// The mark of that id.
    pub async fn find(&self, id: &str) -> Result<Option<Mark>, StoreError> {
        const FIND: &str = "SELECT id, at, made_by, words, team, channel FROM marks WHERE id = $1";
        let row: Option<MarkRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id)
            .fetch_optional(c)
            .await)?;
        Ok(row.map(Mark::from))
    }

    /// Those within a window, the oldest first: of this team, and those that concern all.
    pub async fn within(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        team: Option<&str>,
    ) -> Result<Vec<Mark>, StoreError> {
        const WITHIN: &str = "SELECT id, at, made_by, words, team, channel FROM marks \
            WHERE at >= $1 AND at < $2 AND (team IS NULL OR $3 IS NULL OR team = $3) ORDER BY at, id";
        let rows: Vec<MarkRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(WITHIN)
            .bind(from)
            .bind(to)
            .bind(team)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Mark::from).collect())
    }
}
