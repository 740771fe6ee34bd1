//! Purpose: how good the answers were, by sets of questions with known answers.

use chrono::{DateTime, Utc};
use em_domain::evals::Scores;
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The measured runs of a store.
#[derive(Debug, Clone, Copy)]
pub struct Evals<'s> {
    store: &'s Store,
}

impl Store {
    /// How good the answers were.
    pub fn evals(&self) -> Evals<'_> {
        Evals { store: self }
    }
}

impl Evals<'_> {
    /// Keeps the figures of a run; one at the same instant is replaced.
    pub async fn record(&self, set: &str, scores: &Scores, at: DateTime<Utc>) -> Result<(), StoreError> {
        const RECORD: &str = "INSERT INTO eval_runs (question_set, at, scores) VALUES ($1, $2, $3) \
            ON CONFLICT (question_set, at) DO UPDATE SET scores = excluded.scores";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(RECORD)
                .bind(set)
                .bind(at)
                .bind(Json(scores))
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// The last run with these questions.
    pub async fn find_last(&self, set: &str) -> Result<Option<(DateTime<Utc>, Scores)>, StoreError> {
        const LAST: &str =
            "SELECT at, scores FROM eval_runs WHERE question_set = $1 ORDER BY at DESC LIMIT 1";
        let row: Option<(DateTime<Utc>, Json<Scores>)> =
            on_engine!(self.store.pool(), |c| sqlx::query_as(LAST)
                .bind(set)
                .fetch_optional(c)
                .await)?;
        Ok(row.map(|(at, scores)| (at, scores.0)))
    }
}
