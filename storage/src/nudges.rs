//! Purpose: *Nudge*: at most one direct message a day to one person about one subject.

use chrono::{DateTime, NaiveDate, Utc};
use em_domain::id::SlackUser;

use crate::engine::on_writer;
use crate::error::StoreError;
use crate::open::Store;

/// The nudges of a store.
#[derive(Debug, Clone, Copy)]
pub struct Nudges<'s> {
    store: &'s Store,
}

impl Store {
    /// Who was nudged about what.
    pub fn nudges(&self) -> Nudges<'_> {
        Nudges { store: self }
    }
}

impl Nudges<'_> {
    /// Takes the one nudge of `day` to `person` about `subject`; `false` if it was taken before. Of any number of
    /// people who click at once, one gets `true`.
    pub async fn claim(
        &self,
        subject: &str,
        person: &SlackUser,
        day: NaiveDate,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const CLAIM: &str = "INSERT INTO nudges (subject, person, day, claimed_at) VALUES ($1, $2, $3, $4) \
                             ON CONFLICT (subject, person, day) DO NOTHING";
        let claimed = on_writer!(self.store.pool(), |c| {
            sqlx::query(CLAIM)
                .bind(subject)
                .bind(person.as_str())
                .bind(day)
                .bind(at)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(claimed > 0)
    }

    /// When the nudge of `day` to `person` about `subject` was taken.
    pub async fn find(
        &self,
        subject: &str,
        person: &SlackUser,
        day: NaiveDate,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const FIND: &str = "SELECT claimed_at FROM nudges WHERE subject = $1 AND person = $2 AND day = $3";
        Ok(crate::engine::on_engine!(self.store.pool(), |c| {
            sqlx::query_scalar(FIND)
                .bind(subject)
                .bind(person.as_str())
                .bind(day)
                .fetch_optional(c)
                .await
        })?)
    }

    /// Gives a claimed nudge back because the message could not be sent.
    pub async fn release(&self, subject: &str, person: &SlackUser, day: NaiveDate) -> Result<(), StoreError> {
        const RELEASE: &str = "DELETE FROM nudges WHERE subject = $1 AND person = $2 AND day = $3";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(RELEASE)
                .bind(subject)
                .bind(person.as_str())
                .bind(day)
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}
