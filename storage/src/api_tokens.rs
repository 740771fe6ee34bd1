//! Purpose: tokens by which programs act for a person over HTTP. A token is looked up by its hash, each time it is used:
//! one that was removed stops working at once, in every replica.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use em_domain::api_token::{ApiToken, Scope, TokenHash, TokenName};
use em_domain::audit::AuditEntry;
use em_domain::id::SlackUser;
use sqlx::FromRow;
use sqlx::types::Json;

use crate::audit::append_in;
use crate::engine::{on_conn, on_engine, on_writer};
use crate::error::StoreError;
use crate::open::Store;

macro_rules! columns {
    () => {
        "name, slack_user, scopes, created_at, expires_at, last_used_at"
    };
}

/// The tokens of a store.
#[derive(Debug, Clone, Copy)]
pub struct ApiTokens<'s> {
    store: &'s Store,
}

#[derive(FromRow)]
struct TokenRow {
    name: String,
    slack_user: String,
    scopes: Json<BTreeSet<Scope>>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<TokenRow> for ApiToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("the name of a token", &row.name);
        Ok(Self {
            name: TokenName::parse(&row.name).ok_or_else(corrupt)?,
            user: SlackUser(row.slack_user),
            scopes: row.scopes.0,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

impl Store {
    /// Tokens by which programs act for a person.
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens { store: self }
    }
}

impl ApiTokens<'_> {
    /// Keeps a new token together with its line in the log; `false` if there is one of its name.
    pub async fn insert(
        &self,
        token: &ApiToken,
        hash: &TokenHash,
        entry: &AuditEntry,
    ) -> Result<bool, StoreError> {
        const INSERT: &str = "INSERT INTO api_tokens (name, hash, slack_user, scopes, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
        let mut tx = self.store.pool().begin_write().await?;
        let inserted = on_conn!(&mut tx.conn(), |c| sqlx::query(INSERT)
            .bind(token.name.as_str())
            .bind(hash.as_str())
            .bind(token.user.as_str())
            .bind(Json(&token.scopes))
            .bind(token.created_at)
            .bind(token.expires_at)
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if inserted == 0 {
            return Ok(false);
        }
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The token with this hash, expired or not.
    pub async fn find(&self, hash: &TokenHash) -> Result<Option<ApiToken>, StoreError> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM api_tokens WHERE hash = $1");
        let row: Option<TokenRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(FIND)
            .bind(hash.as_str())
            .fetch_optional(c)
            .await)?;
        row.map(ApiToken::try_from).transpose()
    }

    /// All tokens, by name.
    pub async fn list(&self) -> Result<Vec<ApiToken>, StoreError> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM api_tokens ORDER BY name");
        let rows: Vec<TokenRow> = on_engine!(self.store.pool(), |c| sqlx::query_as(LIST).fetch_all(c).await)?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    /// Notes that a token was used, unless that was noted within the last minute.
    pub async fn record_use(&self, name: &TokenName, now: DateTime<Utc>) -> Result<(), StoreError> {
        const RECORD: &str = "UPDATE api_tokens SET last_used_at = $2 \
            WHERE name = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
        on_writer!(self.store.pool(), |c| sqlx::query(RECORD)
            .bind(name.as_str())
            .bind(now)
            .bind(ApiToken::noted_before(now))
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Removes a token together with its line in the log; `false` if there is none of this name.
    pub async fn remove(&self, name: &TokenName, entry: &AuditEntry) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM api_tokens WHERE name = $1";
        let mut tx = self.store.pool().begin_write().await?;
        let removed = on_conn!(&mut tx.conn(), |c| sqlx::query(REMOVE)
            .bind(name.as_str())
            .execute(c)
            .await
            .map(|r| r.rows_affected()))?;
        if removed == 0 {
            return Ok(false);
        }
        append_in(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
