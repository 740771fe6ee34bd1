//! Purpose: signals: what the rules look at, which signals are open, and what people were told.
//!
//! What is looked at is one row per open pull request (`waiting.watch`) and rows from partial indexes, so that it does
//! not grow with what is over. A signal opens by one insert that a unique index lets through once, so that of two
//! replicas that evaluate at once only one opens it.

use chrono::{DateTime, Utc};
use em_domain::bus::{self, Evaluation};
use em_domain::id::SignalId;
use em_domain::job::NewJob;
use em_domain::signal::{Diff, Finding, Signal, SignalState};
use sqlx::FromRow;
use sqlx::types::Json;

use crate::engine::{on_conn, on_engine};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;
use crate::posts::NewPost;

use change::{insert, put, resolve, update};
pub use watch::Watch;
pub(crate) use watch::decode;

macro_rules! columns {
    () => {
        "id, finding, state, opened_at, updated_at, resolved_at, bulletin"
    };
}

mod change;
mod files;
// After the macro, which is used in them.
mod history;
mod watch;

/// The signals of a store.
#[derive(Debug, Clone, Copy)]
pub struct Signals<'s> {
    store: &'s Store,
}

/// How many signals an evaluation changed; what another replica was faster with is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Opened.
    pub opened: u64,
    /// Told otherwise than before.
    pub updated: u64,
    /// Resolved.
    pub resolved: u64,
}

/// What came of putting signals on a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// They are on a new one, which the caller must post now.
    Posting,
    /// They are on one that exists, which has to be edited.
    Joined,
    /// Another replica was faster with all of them.
    Nothing,
}

#[derive(FromRow)]
struct SignalRow {
    id: String,
    finding: Json<Finding>,
    state: String,
    opened_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    bulletin: Option<String>,
}

impl TryFrom<SignalRow> for Signal {
    type Error = StoreError;
    fn try_from(row: SignalRow) -> Result<Self, StoreError> {
        let wrong = |what: &str| StoreError::Corrupt(format!("signal {}: {what}", row.id));
        Ok(Self {
            id: SignalId::parse(&row.id).ok_or_else(|| wrong("its id"))?,
            finding: row.finding.0,
            state: SignalState::parse(&row.state).ok_or_else(|| wrong("its state"))?,
            opened_at: row.opened_at,
            updated_at: row.updated_at,
            resolved_at: row.resolved_at,
            bulletin: row.bulletin,
        })
    }
}

fn signals(rows: Vec<SignalRow>) -> Result<Vec<Signal>, StoreError> {
    rows.into_iter().map(Signal::try_from).collect()
}

impl Store {
    /// What people are told about.
    pub fn signals(&self) -> Signals<'_> {
        Signals { store: self }
    }
}

impl Signals<'_> {
    /// Changes what is open, all at once: `opened` are the new signals of `changes.open`. What really changes is told.
    pub async fn apply(
        &self,
        opened: &[Signal],
        changes: &Diff,
        now: DateTime<Utc>,
    ) -> Result<Applied, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let mut done = Evaluation::default();
        // Always in the same order, so that two replicas wait for each other and do not lock each other out.
        let mut opened: Vec<&Signal> = opened.iter().collect();
        opened.sort_by_key(|signal| (&signal.finding.rule, &signal.finding.subject));
        for signal in opened {
            if insert(&mut conn, signal).await? > 0 {
                done.opened.push(signal);
            }
        }
        let mut updates: Vec<_> = changes.update.iter().collect();
        updates.sort_by_key(|(id, _)| id);
        for (id, finding) in updates {
            if update(&mut conn, id, finding, now).await? > 0 {
                done.updated.push(id);
            }
        }
        done.resolved = resolve(&mut conn, &changes.resolve, now).await?;
        let teller = &self.store.inner.teller;
        let is_told = teller.write(&mut conn, || bus::of_evaluation(&done, now)).await?;
        tx.commit().await?;
        teller.committed(is_told);
        Ok(Applied {
            opened: done.opened.len() as u64,
            updated: done.updated.len() as u64,
            resolved: done.resolved.len() as u64,
        })
    }

    /// The open signals, of one kind if it is given, in the order in which they opened.
    pub async fn list_open(&self, kind: Option<&str>) -> Result<Vec<Signal>, StoreError> {
        const OPEN: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM signals WHERE state = 'open' AND ($1 IS NULL OR kind = $1) ORDER BY id"
        );
        let rows: Vec<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(OPEN)
            .bind(kind)
            .fetch_all(c)
            .await)?;
        signals(rows)
    }

    /// The open signals of which it is not decided yet whether people are told, the oldest first.
    pub async fn list_unannounced(&self, limit: u32) -> Result<Vec<Signal>, StoreError> {
        const UNANNOUNCED: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM signals WHERE state = 'open' AND bulletin IS NULL ORDER BY id LIMIT $1"
        );
        let rows: Vec<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(UNANNOUNCED)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        signals(rows)
    }

    /// Puts signals that nobody was told of on the bulletin `post`, claiming it if it does not exist.
    pub async fn announce(
        &self,
        post: &NewPost,
        ids: &[SignalId],
        now: DateTime<Utc>,
    ) -> Result<Announced, StoreError> {
        const CLAIM: &str = "INSERT INTO posts (purpose, channel, ts, state, version, updated_at, until) \
            VALUES ($1, $2, NULL, $3, 1, $4, $5) ON CONFLICT (purpose) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        let claimed = on_conn!(&mut conn, |c| sqlx::query(CLAIM)
            .bind(&post.purpose)
            .bind(post.channel.as_str())
            .bind(Json(&post.state))
            .bind(now)
            .bind(post.until)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if put(&mut conn, &post.purpose, ids).await? == 0 {
            // Not committed: a bulletin without signals is none.
            return Ok(Announced::Nothing);
        }
        tx.commit().await?;
        Ok(if claimed > 0 {
            Announced::Posting
        } else {
            Announced::Joined
        })
    }

    /// Decides that people are not told of these signals.
    pub async fn silence(&self, ids: &[SignalId]) -> Result<u64, StoreError> {
        let mut tx = self.store.pool().begin_write().await?;
        let silenced = put(&mut tx.conn(), "", ids).await?;
        tx.commit().await?;
        Ok(silenced)
    }

    /// Gives a bulletin up that was not posted; nobody was told of its signals then.
    pub async fn give_up(&self, bulletin: &str) -> Result<(), StoreError> {
        const RELEASE: &str = "DELETE FROM posts WHERE purpose = $1 AND ts IS NULL";
        const UNDO: &str = "UPDATE signals SET bulletin = NULL WHERE bulletin = $1 \
                            AND NOT EXISTS (SELECT 1 FROM posts WHERE purpose = $1)";
        let mut tx = self.store.pool().begin_write().await?;
        let mut conn = tx.conn();
        for statement in [RELEASE, UNDO] {
            on_conn!(&mut conn, |c| sqlx::query(statement)
                .bind(bulletin)
                .execute(c)
                .await
                .map(drop))?;
        }
        tx.commit().await
    }

    /// The signals on a bulletin, in the order in which they opened.
    pub async fn list_bulletin(&self, bulletin: &str) -> Result<Vec<Signal>, StoreError> {
        const ON: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM signals WHERE bulletin = $1 ORDER BY id"
        );
        let rows: Vec<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(ON)
            .bind(bulletin)
            .fetch_all(c)
            .await)?;
        signals(rows)
    }

    /// The signal of that id.
    pub async fn find(&self, id: &SignalId) -> Result<Option<Signal>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM signals WHERE id = $1");
        let row: Option<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        row.map(Signal::try_from).transpose()
    }

    /// The signals about one subject, open or resolved, the newest first.
    pub async fn list_about(&self, subject: &str, limit: u32) -> Result<Vec<Signal>, StoreError> {
        const ABOUT: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM signals WHERE subject = $1 ORDER BY opened_at DESC, id DESC LIMIT $2"
        );
        let rows: Vec<SignalRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(ABOUT)
            .bind(subject)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
        signals(rows)
    }

    /// Takes the one proposal of `action` because of a signal, together with the job that makes it; `false` if it was
    /// taken before.
    pub async fn claim_proposal(
        &self,
        signal: &SignalId,
        action: &str,
        job: &NewJob,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const CLAIM: &str = "INSERT INTO signal_proposals (signal, action, proposed_at) VALUES ($1, $2, $3) \
                             ON CONFLICT (signal, action) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let claimed = on_conn!(&mut tx.conn(), |c| sqlx::query(CLAIM)
            .bind(signal.as_str())
            .bind(action)
            .bind(now)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if claimed == 0 {
            return Ok(false);
        }
        enqueue_in(&mut tx.conn(), job, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
