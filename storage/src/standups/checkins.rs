//! Purpose: what people say in a round. What follows from an answer (blockers, a message to be drawn anew) is stored with
//! it, or nothing is.

use chrono::{DateTime, Utc};
use em_domain::id::{BlockerId, SlackUser};
use em_domain::job::NewJob;
use em_domain::standup::{Blocker, BlockerEnd, Checkin};
use sqlx::types::Json;

use super::{Standups, blockers, touch};
use crate::engine::{on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::jobs::enqueue_in;

/// An answer and what follows from it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// What was said.
    pub checkin: &'a Checkin,
    /// A mood that is counted without its name.
    pub mood: Option<u8>,
    /// What holds them up since now.
    pub opened: &'a [Blocker],
    /// What no longer does.
    pub ended: &'a [BlockerId],
    /// What is to be done because of it.
    pub jobs: &'a [NewJob],
}

impl Standups<'_> {
    /// Notes that somebody is asked; `false` if that was noted before, or if they have answered already.
    pub async fn claim_question(&self, checkin: &Checkin) -> Result<bool, StoreError> {
        const CLAIM: &str = "INSERT INTO standup_checkins (round, slack_user, state, record) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (round, slack_user) DO NOTHING";
        let claimed = on_writer!(self.store.pool(), |c| sqlx::query(CLAIM)
            .bind(&checkin.round)
            .bind(checkin.slack_user.as_str())
            .bind(checkin.state.as_str())
            .bind(Json(checkin))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(claimed > 0)
    }

    /// Stores what somebody says, in place of what they said before in this round, with all that follows from it.
    pub async fn record_answer(&self, answer: &Answer<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO standup_checkins (round, slack_user, state, record) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (round, slack_user) DO UPDATE SET \
            state = excluded.state, record = excluded.record";
        let checkin = answer.checkin;
        let mut tx = self.store.pool().begin_write().await?;
        // The round's row first: answers of one round wait for each other.
        touch(&mut tx.conn(), &checkin.round, answer.mood).await?;
        on_conn!(&mut tx.conn(), |c| sqlx::query(UPSERT)
            .bind(&checkin.round)
            .bind(checkin.slack_user.as_str())
            .bind(checkin.state.as_str())
            .bind(Json(checkin))
            .execute(c)
            .await
            .map(drop))?;
        for blocker in answer.opened {
            blockers::insert(&mut tx.conn(), blocker).await?;
        }
        for id in answer.ended {
            blockers::close(&mut tx.conn(), id, BlockerEnd::Unnamed, now).await?;
        }
        for job in answer.jobs {
            enqueue_in(&mut tx.conn(), job, now).await?;
        }
        tx.commit().await
    }

    /// What somebody said in a round.
    pub async fn find_checkin(&self, round: &str, user: &SlackUser) -> Result<Option<Checkin>, StoreError> {
        const FIND: &str = "SELECT record FROM standup_checkins WHERE round = $1 AND slack_user = $2";
        let row: Option<Json<Checkin>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(round)
            .bind(user.as_str())
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// What somebody said last in this standup before a round, if they said anything.
    pub async fn find_answer_before(
        &self,
        standup: &str,
        round: &str,
        user: &SlackUser,
    ) -> Result<Option<Checkin>, StoreError> {
        // A round is called by its standup and its day, so names are in the order of days.
        const FIND: &str = "SELECT record FROM standup_checkins WHERE slack_user = $1 AND round > $2 \
            AND round < $3 AND state = 'answered' ORDER BY round DESC LIMIT 1";
        let row: Option<Json<Checkin>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(user.as_str())
            .bind(format!("{standup}:"))
            .bind(round)
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// Everything said or asked in a round, in the order of the accounts.
    pub async fn list_checkins(&self, round: &str) -> Result<Vec<Checkin>, StoreError> {
        const LIST: &str = "SELECT record FROM standup_checkins WHERE round = $1 ORDER BY slack_user";
        let rows: Vec<Json<Checkin>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(LIST)
            .bind(round)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
