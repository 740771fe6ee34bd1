//! Purpose: the files that open pull requests change, for rules that look at paths. What is known of an earlier commit
//! is kept until more is known; all of it is forgotten when the pull request closes (`facts/waiting.rs`).

use chrono::{DateTime, Utc};
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{ChangedFiles, WatchedPull};
use sqlx::types::Json;

use super::Signals;
use super::watch::decode;
use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;

impl Signals<'_> {
    /// What is known of the files of open pull requests, in no order.
    pub async fn list_files(&self) -> Result<Vec<ChangedFiles>, StoreError> {
        const FILES: &str =
            "SELECT STRING_AGG(CAST(files AS TEXT), ',') FROM pull_request_files WHERE files IS NOT NULL";
        let joined: Option<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FILES)
            .fetch_one(c)
            .await)?;
        decode(joined).await
    }

    /// The pull requests that are open and ready and whose newest commit has not been asked about, in no order. One
    /// that was asked about without an answer is among them again if that was before `again_before`.
    pub async fn list_without_files(
        &self,
        again_before: DateTime<Utc>,
    ) -> Result<Vec<WatchedPull>, StoreError> {
        const WITHOUT: &str = "SELECT STRING_AGG(CAST(w.watch AS TEXT), ',') FROM waiting w \
            JOIN pull_requests p ON p.id = w.pull_request \
            WHERE w.is_ready AND w.watch IS NOT NULL AND p.head_sha IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM pull_request_files f WHERE f.pull_request = w.pull_request \
                AND f.head_sha = p.head_sha AND (f.is_read OR f.asked_at >= $1))";
        let joined: Option<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(WITHOUT)
            .bind(again_before)
            .fetch_one(c)
            .await)?;
        decode(joined).await
    }

    /// Notes what came of asking for the files of `key` at `head_sha`; nothing if it has closed meanwhile.
    pub async fn record_files(
        &self,
        key: &PullRequestKey,
        head_sha: &str,
        files: Option<&ChangedFiles>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const RECORD: &str = "INSERT INTO pull_request_files (pull_request, head_sha, is_read, asked_at, files) \
            SELECT $1, $2, $3, $4, $5 FROM waiting WHERE pull_request = $1 \
            ON CONFLICT (pull_request) DO UPDATE SET head_sha = excluded.head_sha, is_read = excluded.is_read, \
                asked_at = excluded.asked_at, files = COALESCE(excluded.files, pull_request_files.files)";
        on_writer!(self.store.pool(), |c| sqlx::query(RECORD)
            .bind(key.to_string())
            .bind(head_sha)
            .bind(files.is_some())
            .bind(now)
            .bind(files.map(Json))
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }
}
