//! Purpose: what the policy was asked and what it answered.

use chrono::{DateTime, Utc};
use em_domain::id::DecisionId;
use em_domain::policy::{Question, RecordedDecision};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The recorded answers of a store.
#[derive(Debug, Clone, Copy)]
pub struct Decisions<'s> {
    store: &'s Store,
}

#[derive(FromRow)]
struct DecisionRow {
    id: String,
    at: DateTime<Utc>,
    question: String,
    subject: String,
    url: Option<String>,
    input: Json<serde_json::Value>,
    verdict: String,
    reason: String,
    policy: String,
}

impl TryFrom<DecisionRow> for RecordedDecision {
    type Error = StoreError;

    fn try_from(row: DecisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: DecisionId::parse(&row.id).ok_or_else(|| StoreError::corrupt("decision id", &row.id))?,
            at: row.at,
            question: Question::parse(&row.question)
                .ok_or_else(|| StoreError::corrupt("question", &row.question))?,
            subject: row.subject,
            url: row.url,
            input: row.input.0,
            verdict: row.verdict,
            reason: row.reason,
            policy: row.policy,
        })
    }
}

impl Store {
    /// What the policy answered.
    pub fn decisions(&self) -> Decisions<'_> {
        Decisions { store: self }
    }
}

impl Decisions<'_> {
    /// Keeps an answer.
    pub async fn record(&self, decision: &RecordedDecision) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO decisions \
            (id, at, question, subject, url, input, verdict, reason, policy) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(INSERT)
                .bind(decision.id.as_str())
                .bind(decision.at)
                .bind(decision.question.as_str())
                .bind(&decision.subject)
                .bind(&decision.url)
                .bind(Json(&decision.input))
                .bind(&decision.verdict)
                .bind(&decision.reason)
                .bind(&decision.policy)
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// At most `limit` answers since `since`, the newest first; `after` is the last one of the page before.
    pub async fn list_since(
        &self,
        since: DateTime<Utc>,
        after: Option<&RecordedDecision>,
        limit: u32,
    ) -> Result<Vec<RecordedDecision>, StoreError> {
        const LIST: &str = "SELECT id, at, question, subject, url, input, verdict, reason, policy FROM decisions \
            WHERE at >= $1 AND ($2 OR (at, id) < ($3, $4)) ORDER BY at DESC, id DESC LIMIT $5";
        let (at, id) = after.map_or((since, ""), |last| (last.at, last.id.as_str()));
        let rows: Vec<DecisionRow> = on_engine!(self.store.pool(), |c| {
            sqlx::query_as(LIST)
                .bind(since)
                .bind(after.is_none())
                .bind(at)
                .bind(id)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await
        })?;
        rows.into_iter().map(RecordedDecision::try_from).collect()
    }

    /// Forgets the answers given before `before`; answers how many there were.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM decisions WHERE at < $1";
        let purged = on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(purged)
    }
}
