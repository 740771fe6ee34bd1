//! Purpose: days on which people are not to be asked anything, by their own word.

use chrono::{DateTime, NaiveDate, Utc};
use em_domain::away::Away;
use em_domain::id::SlackUser;
use sqlx::FromRow;

use crate::engine::{list, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The days off of a store.
#[derive(Debug, Clone, Copy)]
pub struct DaysOff<'s> {
    store: &'s Store,
}

#[derive(FromRow)]
struct Row {
    slack_user: String,
    first_day: NaiveDate,
    last_day: NaiveDate,
}

impl From<Row> for Away {
    fn from(row: Row) -> Self {
        Self {
            slack_user: SlackUser(row.slack_user),
            from: row.first_day,
            until: row.last_day,
        }
    }
}

impl Store {
    /// Who is away when.
    pub fn days_off(&self) -> DaysOff<'_> {
        DaysOff { store: self }
    }
}

impl DaysOff<'_> {
    /// Takes days in; others of this person that begin on the same day give way.
    pub async fn upsert(&self, away: &Away, now: DateTime<Utc>) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO away (slack_user, first_day, last_day, created_at) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (slack_user, first_day) DO UPDATE SET \
            last_day = excluded.last_day, created_at = excluded.created_at";
        on_writer!(self.store.pool(), |c| sqlx::query(UPSERT)
            .bind(away.slack_user.as_str())
            .bind(away.from)
            .bind(away.until)
            .bind(now)
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Takes back all days of somebody that are not over by `today`; answers how many stretches that were.
    pub async fn remove(&self, user: &SlackUser, today: NaiveDate) -> Result<u64, StoreError> {
        const REMOVE: &str = "DELETE FROM away WHERE slack_user = $1 AND last_day >= $2";
        Ok(on_writer!(self.store.pool(), |c| sqlx::query(REMOVE)
            .bind(user.as_str())
            .bind(today)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// The stretches of `users` that are not over by `today`, the first to begin first.
    pub async fn list(&self, users: &[SlackUser], today: NaiveDate) -> Result<Vec<Away>, StoreError> {
        const LIST: &str = "SELECT slack_user, first_day, last_day FROM away \
            WHERE slack_user IN LIST($1) AND last_day >= $2 ORDER BY first_day, slack_user";
        let pool = self.store.pool();
        let users = list(users.iter().map(SlackUser::as_str));
        let rows: Vec<Row> = on_engine!(pool, |c| sqlx::query_as(pool.lists(LIST))
            .bind(users)
            .bind(today)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Away::from).collect())
    }

    /// Forgets what was over before `before`; answers how many stretches that were.
    pub async fn purge(&self, before: NaiveDate) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM away WHERE last_day < $1";
        Ok(on_writer!(self.store.pool(), |c| sqlx::query(PURGE)
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
