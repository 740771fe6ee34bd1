//! Purpose: what Slack delivered, so that a repetition is not acted on twice.

use chrono::{DateTime, Utc};

use crate::engine::on_writer;
use crate::error::StoreError;
use crate::events::Appended;
use crate::open::Store;

/// The deliveries of a store.
#[derive(Debug, Clone, Copy)]
pub struct Deliveries<'s> {
    store: &'s Store,
}

impl Store {
    /// What Slack delivered.
    pub fn deliveries(&self) -> Deliveries<'_> {
        Deliveries { store: self }
    }
}

impl Deliveries<'_> {
    /// Remembers a delivery; `true` if it is the first of its id. Durable when it answers; shares its commit with
    /// whatever else arrives.
    pub async fn record(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let appended = self.store.inner.intake.delivery(id.to_owned(), at).await?;
        Ok(appended == Appended::Stored)
    }

    /// Forgets deliveries from before `before`; a day is well beyond Slack's last repetition (one hour).
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM deliveries WHERE received_at < $1";
        Ok(on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?)
    }
}
