//! Purpose: a schedule's tick happens once, however many replicas run.

use chrono::{DateTime, Utc};
use em_domain::job::NewJob;

use crate::engine::{on_conn, on_writer};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;

const CLAIM: &str = "INSERT INTO ticks (schedule, due_at, claimed_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (schedule, due_at) DO NOTHING";

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

    /// As [`Self::claim_tick`], and takes `job` in with it: whoever dies after this has not lost the tick, because the
    /// job is there. `false`, and no job, if somebody has the tick already.
    pub async fn claim_tick_for(
        &self,
        schedule: &str,
        due_at: DateTime<Utc>,
        job: &NewJob,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let claimed = on_conn!(&mut conn, |c| sqlx::query(CLAIM)
            .bind(schedule)
            .bind(due_at)
            .bind(now)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if claimed == 0 {
            return Ok(false);
        }
        enqueue_in(&mut conn, job, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets ticks that were due before `before`; answers how many.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM ticks WHERE due_at < $1";
        let purged = on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(purged)
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
