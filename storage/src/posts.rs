//! Purpose: what was posted to Slack and why, so that it is edited and not repeated.
//!
//! A post is claimed by its purpose before it is sent and gets its `ts` after; a claim without a `ts` is a post that
//! may or may not have happened before a crash. Every change carries the version it was decided on, so of two
//! replicas that decide at once one is told to look again.

use chrono::{DateTime, Utc};
use em_domain::id::SlackChannel;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

/// The posts of a store.
#[derive(Debug, Clone, Copy)]
pub struct Posts<'s> {
    store: &'s Store,
}

/// A message about to be posted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPost {
    /// What it is for; one post per purpose.
    pub purpose: String,
    /// Where it goes.
    pub channel: SlackChannel,
    /// What is needed to edit it later.
    pub state: Value,
    /// Until when it is kept up to date.
    pub until: DateTime<Utc>,
}

/// A message that was posted, or is being posted.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// What it is for.
    pub purpose: String,
    /// Where it is.
    pub channel: SlackChannel,
    /// Its id in the channel; `None` until it is known to be posted.
    pub ts: Option<String>,
    /// What is needed to edit it.
    pub state: Value,
    /// Counts the changes.
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Until when it is kept up to date.
    pub until: DateTime<Utc>,
}

/// Whether a purpose was free.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// It was: post now, then record the `ts`.
    Mine(Post),
    /// It was not: this is what is there.
    Existing(Post),
}

#[derive(FromRow)]
struct PostRow {
    purpose: String,
    channel: String,
    ts: Option<String>,
    state: Json<Value>,
    version: i64,
    updated_at: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl From<PostRow> for Post {
    fn from(row: PostRow) -> Self {
        Self {
            purpose: row.purpose,
            channel: SlackChannel(row.channel),
            ts: row.ts,
            state: row.state.0,
            version: row.version,
            updated_at: row.updated_at,
            until: row.until,
        }
    }
}

impl Store {
    /// What was posted.
    pub fn posts(&self) -> Posts<'_> {
        Posts { store: self }
    }
}

impl Posts<'_> {
    /// Takes the purpose of `post`, if nobody has it.
    pub async fn claim(&self, post: &NewPost, now: DateTime<Utc>) -> Result<Claim, StoreError> {
        const CLAIM: &str = "INSERT INTO posts (purpose, channel, ts, state, version, updated_at, until) \
            VALUES ($1, $2, NULL, $3, 1, $4, $5) ON CONFLICT (purpose) DO NOTHING \
            RETURNING purpose, channel, ts, state, version, updated_at, until";
        let mine: Option<PostRow> = on_writer!(self.store.pool(), |c| {
            sqlx::query_as(CLAIM)
                .bind(&post.purpose)
                .bind(post.channel.as_str())
                .bind(Json(&post.state))
                .bind(now)
                .bind(post.until)
                .fetch_optional(c)
                .await
        })?;
        if let Some(row) = mine {
            return Ok(Claim::Mine(row.into()));
        }
        let gone = || StoreError::Conflict("the post was given up meanwhile".to_owned());
        self.find(&post.purpose)
            .await?
            .map(Claim::Existing)
            .ok_or_else(gone)
    }

    /// Records that the post is at `ts`; answers `false` if it already had one.
    pub async fn record_ts(&self, purpose: &str, ts: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        const RECORD: &str = "UPDATE posts SET ts = $2, version = version + 1, updated_at = $3 \
                              WHERE purpose = $1 AND ts IS NULL";
        let recorded = on_writer!(self.store.pool(), |c| {
            sqlx::query(RECORD)
                .bind(purpose)
                .bind(ts)
                .bind(now)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(recorded > 0)
    }

    /// Changes the state of `post` if nobody has changed it since it was read; `None` if somebody has. With the
    /// same state it takes over a claim whose owner is gone.
    pub async fn update(
        &self,
        post: &Post,
        state: &Value,
        now: DateTime<Utc>,
    ) -> Result<Option<Post>, StoreError> {
        const UPDATE: &str = "UPDATE posts SET state = $3, version = version + 1, updated_at = $4 \
            WHERE purpose = $1 AND version = $2 \
            RETURNING purpose, channel, ts, state, version, updated_at, until";
        let row: Option<PostRow> = on_writer!(self.store.pool(), |c| {
            sqlx::query_as(UPDATE)
                .bind(&post.purpose)
                .bind(post.version)
                .bind(Json(state))
                .bind(now)
                .fetch_optional(c)
                .await
        })?;
        Ok(row.map(Post::from))
    }

    /// Gives a purpose back because nothing was posted; answers `false` if it has a `ts`.
    pub async fn release(&self, purpose: &str) -> Result<bool, StoreError> {
        const RELEASE: &str = "DELETE FROM posts WHERE purpose = $1 AND ts IS NULL";
        let released = on_writer!(self.store.pool(), |c| {
            sqlx::query(RELEASE)
                .bind(purpose)
                .execute(c)
                .await
                .map(|r| r.rows_affected())
        })?;
        Ok(released > 0)
    }

    /// The post for `purpose`.
    pub async fn find(&self, purpose: &str) -> Result<Option<Post>, StoreError> {
        const FIND: &str = "SELECT purpose, channel, ts, state, version, updated_at, until FROM posts \
                            WHERE purpose = $1";
        let row: Option<PostRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(purpose)
            .fetch_optional(c)
            .await)?;
        Ok(row.map(Post::from))
    }

    /// What the message at `ts` is for, if it is one of ours.
    pub async fn find_purpose(&self, channel: &SlackChannel, ts: &str) -> Result<Option<String>, StoreError> {
        const PURPOSE: &str = "SELECT purpose FROM posts WHERE channel = $1 AND ts = $2";
        Ok(on_engine!(self.store.pool(), |c| sqlx::query_scalar(PURPOSE)
            .bind(channel.as_str())
            .bind(ts)
            .fetch_optional(c)
            .await)?)
    }

    /// The posts that are kept up to date at `now`, by purpose; with those whose `ts` is not known.
    pub async fn list_active(&self, now: DateTime<Utc>) -> Result<Vec<Post>, StoreError> {
        const ACTIVE: &str = "SELECT purpose, channel, ts, state, version, updated_at, until FROM posts \
                              WHERE until > $1 ORDER BY purpose";
        let rows: Vec<PostRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(ACTIVE)
            .bind(now)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(Post::from).collect())
    }
}
