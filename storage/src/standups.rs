//! Purpose: the rounds of standups: one for each day, opened once, with who takes part and what they said.

mod blockers;
mod checkins;

use chrono::{DateTime, NaiveDate, Utc};
use em_domain::job::NewJob;
use em_domain::standup::Round;
use sqlx::FromRow;
use sqlx::types::Json;

pub use checkins::Answer;

use crate::engine::{Conn, on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;

/// The standups of a store.
#[derive(Debug, Clone, Copy)]
pub struct Standups<'s> {
    store: &'s Store,
}

/// Where a round is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundState {
    /// People are asked.
    Open,
    /// It was posted, or there was nothing to say.
    Posted,
    /// The bot was down, and by the time it was back nobody needed it.
    Missed,
}

impl RoundState {
    const ALL: [Self; 3] = [Self::Open, Self::Posted, Self::Missed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Posted => "posted",
            Self::Missed => "missed",
        }
    }
}

/// A round, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRound {
    /// The round.
    pub round: Round,
    /// Where it is in its life.
    pub state: RoundState,
    /// Counts what changed and is shown.
    pub version: i64,
    /// When it was posted, or given up.
    pub posted_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct RoundRow {
    state: String,
    version: i64,
    posted_at: Option<DateTime<Utc>>,
    record: Json<Round>,
}

impl TryFrom<RoundRow> for StoredRound {
    type Error = StoreError;

    fn try_from(row: RoundRow) -> Result<Self, StoreError> {
        let state = RoundState::ALL
            .into_iter()
            .find(|state| state.as_str() == row.state);
        Ok(Self {
            state: state.ok_or_else(|| StoreError::corrupt("state of a standup", &row.state))?,
            version: row.version,
            posted_at: row.posted_at,
            round: row.record.0,
        })
    }
}

impl Store {
    /// Standups: their rounds, what was said, what holds people up.
    pub fn standups(&self) -> Standups<'_> {
        Standups { store: self }
    }
}

impl Standups<'_> {
    /// Opens a round and takes in its jobs with it; `false`, and no job, if its day has one already.
    pub async fn open(&self, round: &Round, jobs: &[NewJob], now: DateTime<Utc>) -> Result<bool, StoreError> {
        const OPEN: &str = "INSERT INTO standup_rounds (id, standup, day, state, version, opened_at, record) \
            VALUES ($1, $2, $3, 'open', 1, $4, $5) ON CONFLICT DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let opened = on_conn!(&mut tx.conn(), |c| sqlx::query(OPEN)
            .bind(&round.id)
            .bind(&round.standup)
            .bind(round.day)
            .bind(now)
            .bind(Json(round))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if opened == 0 {
            return Ok(false);
        }
        for job in jobs {
            enqueue_in(&mut tx.conn(), job, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The round with this id.
    pub async fn find_round(&self, id: &str) -> Result<Option<StoredRound>, StoreError> {
        const FIND: &str = "SELECT state, version, posted_at, record FROM standup_rounds WHERE id = $1";
        let row: Option<RoundRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id)
            .fetch_optional(c)
            .await)?;
        row.map(StoredRound::try_from).transpose()
    }

    /// The rounds of a standup before `before`, the newest first.
    pub async fn list_rounds(
        &self,
        standup: &str,
        before: NaiveDate,
        limit: i64,
    ) -> Result<Vec<StoredRound>, StoreError> {
        const LIST: &str = "SELECT state, version, posted_at, record FROM standup_rounds \
            WHERE standup = $1 AND day < $2 ORDER BY day DESC LIMIT $3";
        let rows: Vec<RoundRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(LIST)
            .bind(standup)
            .bind(before)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        rows.into_iter().map(StoredRound::try_from).collect()
    }

    /// Notes how an open round ended; `false` if somebody noted it before.
    pub async fn close(&self, id: &str, state: RoundState, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const CLOSE: &str = "UPDATE standup_rounds SET state = $2, posted_at = $3, version = version + 1 \
            WHERE id = $1 AND state = 'open'";
        let closed = on_writer!(self.store.pool(), |c| sqlx::query(CLOSE)
            .bind(id)
            .bind(state.as_str())
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(closed > 0)
    }

    /// Notes that something changed which a round shows, with the job that draws it.
    pub async fn record_change(&self, id: &str, job: &NewJob, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        touch(&mut tx.conn(), id, None).await?;
        enqueue_in(&mut tx.conn(), job, now).await?;
        tx.commit().await
    }

    /// Forgets rounds of days before `before`, with what was said in them; answers how many rounds that were.
    pub async fn purge(&self, before: NaiveDate) -> Result<u64, StoreError> {
        const SAID: &str =
            "DELETE FROM standup_checkins WHERE round IN (SELECT id FROM standup_rounds WHERE day < $1)";
        const ROUNDS: &str = "DELETE FROM standup_rounds WHERE day < $1";
        let mut tx = self.store.pool().begin_write().await?;
        on_conn!(&mut tx.conn(), |c| sqlx::query(SAID)
            .bind(before)
            .execute(c)
            .await
            .map(drop))?;
        let purged = on_conn!(&mut tx.conn(), |c| sqlx::query(ROUNDS)
            .bind(before)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        tx.commit().await?;
        Ok(purged)
    }
}

/// Counts a change of a round that is shown, and adds a mood without a name to it.
async fn touch(conn: &mut Conn<'_>, id: &str, mood: Option<u8>) -> Result<(), StoreError> {
    // The row is held from here on, so no mood is lost.
    const TOUCH: &str = "UPDATE standup_rounds SET version = version + 1 WHERE id = $1 RETURNING record";
    const RECORD: &str = "UPDATE standup_rounds SET record = $2 WHERE id = $1";
    let row: Option<Json<Round>> = on_conn!(conn, |c| sqlx::query_scalar(TOUCH)
        .bind(id)
        .fetch_optional(c)
        .await)?;
    let Some(Json(mut round)) = row else {
        return Ok(());
    };
    let place = mood.and_then(|mood| usize::from(mood).checked_sub(1));
    let Some(count) = place.and_then(|place| round.moods.get_mut(place)) else {
        return Ok(());
    };
    *count += 1;
    on_conn!(conn, |c| sqlx::query(RECORD)
        .bind(id)
        .bind(Json(&round))
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
