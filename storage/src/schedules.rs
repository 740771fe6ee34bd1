//! Purpose: a schedule's tick happens once, however many replicas run.

use chrono::{DateTime, Utc};

use crate::engine::on_writer;
use crate::error::StoreError;
use crate::open::Store;

/// The ticks of a store.
#[derive(Debug, Clone, Copy)]
pub struct Schedules<'s> {
    store: &'s Store,
}

impl Store {
    /// Which ticks were taken.
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules { store: self }
    }
}

impl Schedules<'_> {
    /// Takes the tick of `schedule` that was due at `due_at`; `false` if somebody has it already.
    pub async fn claim_tick(
        &self,
        schedule: &str,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const CLAIM: &str = "INSERT INTO ticks (schedule, due_at, claimed_at) VALUES ($1, $2, $3) \
                             ON CONFLICT (schedule, due_at) DO NOTHING";
        let claimed = on_writer!(self.store.pool(), |c| {
            sqlx::query(CLAIM)
                .bind(schedule)
                .bind(due_at)
                .bind(now)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(claimed > 0)
    }

    /// When the newest taken tick of `schedule` was due.
    pub async fn find_last_tick(&self, schedule: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        const LAST: &str = "SELECT MAX(due_at) FROM ticks WHERE schedule = $1";
        let last = crate::engine::on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(LAST).bind(schedule).fetch_one(c).await
        })?;
        Ok(last)
    }
}
