//! Purpose: questions put to people. Every change is one conditional statement: it is stored over the version that it
//! was decided on or not at all, and together with the jobs that follow from it and its line in the audit log.

use chrono::{DateTime, Utc};
use em_domain::approval::{Approval, ApprovalState};
use em_domain::audit::AuditEntry;
use em_domain::id::{ApprovalId, SlackUser};
use em_domain::job::NewJob;
use sqlx::types::Json;

use crate::audit::append_in;
use crate::engine::{Tx, list, on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::jobs::enqueue_in;
use crate::open::Store;

mod told;

/// Later than any question: 31 December 9999.
const AFTER_ALL: DateTime<Utc> = match DateTime::from_timestamp(253_402_214_400, 0) {
    Some(at) => at,
    None => DateTime::<Utc>::MIN_UTC,
};

/// The questions of a store.
#[derive(Debug, Clone, Copy)]
pub struct Approvals<'s> {
    store: &'s Store,
}

/// What follows from a change, stored with it or not at all.
#[derive(Debug, Clone, Default)]
pub struct Consequences {
    /// What is to be done because of it.
    pub jobs: Vec<NewJob>,
    /// What is logged of it.
    pub audit: Vec<AuditEntry>,
}

/// Whether a question was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// It was.
    New,
    /// The same is asked already: here.
    Existing(Box<Approval>),
}

/// Somebody decides for somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deputy {
    /// Who is away.
    pub principal: SlackUser,
    /// Who decides for them.
    pub deputy: SlackUser,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl Store {
    /// Questions put to people.
    pub fn approvals(&self) -> Approvals<'_> {
        Approvals { store: self }
    }
}

/// What no two open questions may be about: the same done to the same thing in the same state.
fn open_key(approval: &Approval) -> Option<String> {
    let request = &approval.request;
    let key = || {
        format!(
            "{} {} {}",
            request.action.kind, request.action.target, request.digest.0
        )
    };
    approval.state.is_open().then(key)
}

impl Approvals<'_> {
    /// Puts a new question, unless the same is open already. That people are asked is told.
    pub async fn insert(&self, approval: &Approval, follows: &Consequences) -> Result<Proposed, StoreError> {
        const INSERT: &str = "INSERT INTO approvals \
            (id, version, state, kind, target, created_at, updated_at, open_key, record) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        const RIVAL: &str = "SELECT record FROM approvals WHERE open_key = $1";
        let key = open_key(approval);
        let mut tx = self.store.pool().begin_write().await?;
        let inserted = on_conn!(&mut tx.conn(), |c| sqlx::query(INSERT)
            .bind(approval.id.as_str())
            .bind(approval.version)
            .bind(approval.state.as_str())
            .bind(&approval.request.action.kind)
            .bind(&approval.request.action.target)
            .bind(approval.created_at)
            .bind(approval.updated_at)
            .bind(key.as_deref())
            .bind(Json(approval))
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if inserted > 0 {
            self.conclude(tx, None, approval, follows).await?;
            return Ok(Proposed::New);
        }
        let rival: Option<Json<Approval>> = on_conn!(&mut tx.conn(), |c| sqlx::query_scalar(RIVAL)
            .bind(key.as_deref())
            .fetch_optional(c)
            .await)?;
        let gone = || StoreError::Conflict("the same question was open a moment ago; ask again".to_owned());
        rival
            .map(|rival| Proposed::Existing(Box::new(rival.0)))
            .ok_or_else(gone)
    }

    /// Stores `next` over the version before it; `false` if the record has changed since: read and decide again. That people
    /// are asked only now is told.
    pub async fn record(&self, next: &Approval, follows: &Consequences) -> Result<bool, StoreError> {
        const RECORD: &str = "UPDATE approvals SET version = $2, state = $3, updated_at = $4, open_key = $5, \
            record = $6 WHERE id = $1 AND version = $2 - 1";
        let mut tx = self.store.pool().begin_write().await?;
        let before = self.state_before(&mut tx, next).await?;
        let key = open_key(next);
        let recorded = on_conn!(&mut tx.conn(), |c| sqlx::query(RECORD)
            .bind(next.id.as_str())
            .bind(next.version)
            .bind(next.state.as_str())
            .bind(next.updated_at)
            .bind(key.as_deref())
            .bind(Json(next))
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if recorded == 0 {
            return Ok(false);
        }
        self.conclude(tx, before, next, follows).await?;
        Ok(true)
    }

    /// The question with this id.
    pub async fn find(&self, id: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        const FIND: &str = "SELECT record FROM approvals WHERE id = $1";
        let row: Option<Json<Approval>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(FIND)
            .bind(id.as_str())
            .fetch_optional(c)
            .await)?;
        Ok(row.map(|row| row.0))
    }

    /// The questions whose id ends like this, at most two: more than one means that too little was typed.
    pub async fn list_ending(&self, tail: &str) -> Result<Vec<Approval>, StoreError> {
        const ENDING: &str = "SELECT record FROM approvals WHERE SUBSTR(id, LENGTH(id) - LENGTH($1) + 1) = $1 \
                              ORDER BY created_at DESC LIMIT 2";
        self.records(ENDING, tail).await
    }

    /// The questions about `target`, the newest first, at most twenty.
    pub async fn list_about(&self, target: &str) -> Result<Vec<Approval>, StoreError> {
        const ABOUT: &str =
            "SELECT record FROM approvals WHERE target = $1 ORDER BY created_at DESC LIMIT 20";
        self.records(ABOUT, target).await
    }

    /// The questions in one of `states`, the newest first.
    pub async fn list(&self, states: &[ApprovalState], limit: i64) -> Result<Vec<Approval>, StoreError> {
        const LIST: &str =
            "SELECT record FROM approvals WHERE state IN LIST($1) ORDER BY created_at DESC LIMIT $2";
        let pool = self.store.pool();
        let names = list(states.iter().map(|state| state.as_str()));
        let rows: Vec<Json<Approval>> = on_engine!(pool, |c| sqlx::query_scalar(pool.lists(LIST))
            .bind(names)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// A page of the questions in one of `states`, the newest first: those that come after `before` in that order.
    pub async fn list_page(
        &self,
        states: &[ApprovalState],
        before: Option<&Approval>,
        limit: i64,
    ) -> Result<Vec<Approval>, StoreError> {
        const PAGE: &str = "SELECT record FROM approvals WHERE state IN LIST($1) \
            AND (created_at < $2 OR (created_at = $2 AND id < $3)) ORDER BY created_at DESC, id DESC LIMIT $4";
        let after_all = (AFTER_ALL, "");
        let (created_at, id) = before.map_or(after_all, |before| (before.created_at, before.id.as_str()));
        let pool = self.store.pool();
        let names = list(states.iter().map(|state| state.as_str()));
        let rows: Vec<Json<Approval>> = on_engine!(pool, |c| sqlx::query_scalar(pool.lists(PAGE))
            .bind(names)
            .bind(created_at)
            .bind(id)
            .bind(limit)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    async fn records(&self, sql: &'static str, text: &str) -> Result<Vec<Approval>, StoreError> {
        let rows: Vec<Json<Approval>> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(sql)
            .bind(text)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Lets `deputy` decide for somebody who is away; a later one replaces an earlier one, and both are logged.
    pub async fn upsert_deputy(&self, deputy: &Deputy, entry: &AuditEntry) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO deputies (slack_user, deputy, until, created_at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (slack_user) DO UPDATE SET deputy = excluded.deputy, until = excluded.until, \
            created_at = excluded.created_at";
        let mut tx = self.store.pool().begin_write().await?;
        on_conn!(&mut tx.conn(), |c| sqlx::query(UPSERT)
            .bind(deputy.principal.as_str())
            .bind(deputy.deputy.as_str())
            .bind(deputy.until)
            .bind(entry.at)
            .execute(c)
            .await
            .map(drop))?;
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await
    }

    /// Everybody who is away at `now`, and who decides for them.
    pub async fn list_deputies(&self, now: DateTime<Utc>) -> Result<Vec<Deputy>, StoreError> {
        const DEPUTIES: &str =
            "SELECT slack_user, deputy, until FROM deputies WHERE until > $1 ORDER BY slack_user";
        let rows: Vec<(String, String, DateTime<Utc>)> =
            on_engine!(self.store.pool(), |c| sqlx::query_as(DEPUTIES)
                .bind(now)
                .fetch_all(c)
                .await)?;
        let deputy = |(principal, deputy, until)| Deputy {
            principal: SlackUser(principal),
            deputy: SlackUser(deputy),
            until,
        };
        Ok(rows.into_iter().map(deputy).collect())
    }

    /// Remembers that `user` looks at their Home tab.
    pub async fn record_viewer(&self, user: &SlackUser, at: DateTime<Utc>) -> Result<(), StoreError> {
        const RECORD: &str = "INSERT INTO home_viewers (slack_user, opened_at) VALUES ($1, $2) \
                              ON CONFLICT (slack_user) DO UPDATE SET opened_at = excluded.opened_at";
        on_writer!(self.store.pool(), |c| sqlx::query(RECORD)
            .bind(user.as_str())
            .bind(at)
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Who looked at their Home tab since `since`.
    pub async fn list_viewers(&self, since: DateTime<Utc>) -> Result<Vec<SlackUser>, StoreError> {
        const VIEWERS: &str = "SELECT slack_user FROM home_viewers WHERE opened_at > $1 ORDER BY slack_user";
        let rows: Vec<String> = on_engine!(self.store.pool(), |c| sqlx::query_scalar(VIEWERS)
            .bind(since)
            .fetch_all(c)
            .await)?;
        Ok(rows.into_iter().map(SlackUser).collect())
    }
}

/// Takes in what follows from a change, if the transaction is committed.
pub(crate) async fn follow(
    tx: &mut Tx,
    follows: &Consequences,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for job in &follows.jobs {
        enqueue_in(&mut tx.conn(), job, now).await?;
    }
    append_in(tx, &follows.audit).await
}
