//! Purpose: questions to the documents, what was answered, and what people thought of it.

use chrono::{DateTime, Utc};
use em_domain::ask::{Answer, Feedback};
use em_domain::id::{AnswerId, SlackChannel, SlackUser};
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The answers of a store.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'s> {
    store: &'s Store,
}

/// An answer, and what its asker thought of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// What its asker thought of it, where they said.
    pub feedback: Option<Feedback>,
}

type Row = (Json<Answer>, Option<Json<Feedback>>);

impl From<Row> for Answered {
    fn from((answer, feedback): Row) -> Self {
        Self {
            answer: answer.0,
            feedback: feedback.map(|feedback| feedback.0),
        }
    }
}

impl Store {
    /// Questions to the documents, and their answers.
    pub fn answers(&self) -> Answers<'_> {
        Answers { store: self }
    }
}

impl Answers<'_> {
    /// Keeps an answer.
    pub async fn insert(&self, answer: &Answer) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO answers (id, asker, channel, thread, asked_at, record, is_gap) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        on_writer!(self.store.pool(), |c| {
            sqlx::query(INSERT)
                .bind(answer.id.as_str())
                .bind(answer.asker.as_str())
                .bind(answer.channel.as_ref().map(SlackChannel::as_str))
                .bind(answer.thread.as_deref())
                .bind(answer.asked_at)
                .bind(Json(answer))
                .bind(i64::from(!answer.is_shown()))
                .execute(c)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// The answer of that id.
    pub async fn find(&self, id: &AnswerId) -> Result<Option<Answered>, StoreError> {
        const FIND: &str = "SELECT record, feedback FROM answers WHERE id = $1";
        let row: Option<Row> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        Ok(row.map(Answered::from))
    }

    /// Keeps what `by` thought of the answer. The first word counts, and only its asker's; answers whether it was kept.
    pub async fn record_feedback(
        &self,
        id: &AnswerId,
        by: &SlackUser,
        feedback: &Feedback,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const RECORD: &str = "UPDATE answers SET feedback = $3, feedback_at = $4, \
            is_gap = CASE WHEN $5 = 1 THEN 1 ELSE is_gap END \
            WHERE id = $1 AND asker = $2 AND feedback IS NULL";
        let is_bad = i64::from(matches!(feedback, Feedback::NotHelpful { .. }));
        let kept = on_writer!(self.store.pool(), |c| {
            sqlx::query(RECORD)
                .bind(id.as_str())
                .bind(by.as_str())
                .bind(Json(feedback))
                .bind(now)
                .bind(is_bad)
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(kept > 0)
    }

    /// What `asker` was answered in a conversation since `since`, the newest first, at most `limit`.
    pub async fn recall(
        &self,
        asker: &SlackUser,
        conversation: (&SlackChannel, &str),
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Answer>, StoreError> {
        const RECALL: &str = "SELECT record, feedback FROM answers \
            WHERE channel = $1 AND thread = $2 AND asked_at >= $3 AND asker = $4 \
            ORDER BY asked_at DESC, id DESC LIMIT $5";
        let (channel, thread) = conversation;
        let rows: Vec<Row> = on_engine!(self.store.pool(), |c| sqlx::query_as(RECALL)
            .bind(channel.as_str())
            .bind(thread)
            .bind(since)
            .bind(asker.as_str())
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|(answer, _)| answer.0).collect())
    }

    /// Takes what `asker` was answered out of its conversation: it is not recalled again. Answers how many that were.
    pub async fn forget(
        &self,
        asker: &SlackUser,
        conversation: (&SlackChannel, &str),
    ) -> Result<u64, StoreError> {
        const FORGET: &str =
            "UPDATE answers SET thread = NULL WHERE channel = $1 AND thread = $2 AND asker = $3";
        let (channel, thread) = conversation;
        Ok(on_writer!(self.store.pool(), |c| {
            sqlx::query(FORGET)
                .bind(channel.as_str())
                .bind(thread)
                .bind(asker.as_str())
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?)
    }

    /// How many questions were answered since `since`.
    pub async fn count(&self, since: DateTime<Utc>) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM answers WHERE asked_at >= $1";
        let (count,): (i64,) = on_engine!(self.store.pool(), |c| sqlx::query_as(COUNT)
            .bind(since)
            .fetch_one(c)
            .await)?;
        Ok(count)
    }

    /// Forgets what was asked before `before`; answers how many questions that were.
    pub async fn purge(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM answers WHERE asked_at < $1";
        Ok(on_writer!(self.store.pool(), |c| {
            sqlx::query(PURGE)
                .bind(before)
                .execute(c)
                .await
                .map(|done| done.rows_affected())
        })?)
    }

    /// Questions that found nothing, or nothing that helped, since `since`; the newest first, at most `limit`.
    pub async fn list_gaps(&self, since: DateTime<Utc>, limit: i64) -> Result<Vec<Answered>, StoreError> {
        const GAPS: &str = "SELECT record, feedback FROM answers WHERE is_gap = 1 AND asked_at >= $1 \
            ORDER BY asked_at DESC, id DESC LIMIT $2";
        let rows: Vec<Row> = on_engine!(self.store.pool(), |c| sqlx::query_as(GAPS)
            .bind(since)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Answered::from).collect())
    }
}
